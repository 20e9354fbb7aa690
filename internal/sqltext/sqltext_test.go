package sqltext_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go/internal/sqltext"
)

func TestLayOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"one line": {`select 1`, `select 1`},
		"a clause a line": {
			`select t0."name", t0."a(b" from "public"."v" as t0 where t0."x" is not distinct from $1::text and (t0."y" = 'o''(') order by t0."name", t0."id" desc limit 3 offset $2::pg_catalog.int8`,
			`select t0."name", t0."a(b"
from "public"."v" as t0
where t0."x" is not distinct from $1::text and (t0."y" = 'o''(')
order by t0."name", t0."id" desc
limit 3
offset $2::pg_catalog.int8`,
		},
		"what is long is broken": {
			`select t0."name", coalesce((select pg_catalog.json_agg(a) from (select t1."title" from "public"."v_post" as t1 where t1."author_id" = t0."id" limit 1000) as a), '[]') from "public"."v_user" as t0 where t0."a_name_that_is_rather_long" = $1::text and t0."another_rather_long_name" = E'\'(' and t0."bee" = 3`,
			`select
  t0."name",
  coalesce(
    (
      select pg_catalog.json_agg(a)
      from
        (
          select t1."title"
          from "public"."v_post" as t1
          where t1."author_id" = t0."id"
          limit 1000
        ) as a
    ),
    '[]'
  )
from "public"."v_user" as t0
where
  t0."a_name_that_is_rather_long" = $1::text
  and t0."another_rather_long_name" = E'\'('
  and t0."bee" = 3`,
		},
	} {
		if got := sqltext.LayOut(c.sql); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

var space = regexp.MustCompile(`\s+`)

// sameSQL compares two texts but for the space outside of quotes.
func sameSQL(a, b string) bool {
	strip := func(s string) string {
		parts := strings.Split(s, "'")
		for i := 0; i < len(parts); i += 2 {
			parts[i] = space.ReplaceAllString(parts[i], "")
		}
		return strings.Join(parts, "'")
	}
	return strip(a) == strip(b)
}

// TestLayOutKeepsWhatStatementsSay: of all statements that the compiler is known to make, only space is changed.
func TestLayOutKeepsWhatStatementsSay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../compile/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	n := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, sql, found := strings.Cut(line, ": select ")
			if !found {
				continue
			}
			n++
			sql = "select " + strings.TrimSpace(sql)
			if got := sqltext.LayOut(sql); !sameSQL(got, sql) {
				t.Errorf("got\n%s\nof\n%s", got, sql)
			}
		}
	}
	if n < 80 {
		t.Errorf("only %d statements were found", n)
	}
}

// TestLayOutOfAnything: it ends, and keeps all that is no space, whatever it gets.
func TestLayOutOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"select", "from", "where", "and", "(", ")", ",", "order", "by", "a", `"b c"`, "'d ( e'", "f(", "distinct"}), 0, 200).Draw(t, "words")
		depth := 0
		for i, w := range words { // parentheses that close nothing are no SQL
			if strings.HasSuffix(w, "(") && !strings.HasPrefix(w, "'") {
				depth++
			} else if w == ")" {
				if depth--; depth < 0 {
					words[i], depth = "a", 0
				}
			}
		}
		sql := strings.Join(words, " ") + strings.Repeat(")", depth)
		if got := sqltext.LayOut(sql); !sameSQL(got, sql) {
			t.Fatalf("got\n%s\nof\n%s", got, sql)
		}
	})
}

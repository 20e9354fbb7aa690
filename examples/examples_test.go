package examples_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// load makes a database with an example in it; before runs first in the same session.
func load(t *testing.T, name string, before ...string) *pgtest.DB {
	t.Helper()
	files, err := examples.SQL(name)
	if err != nil {
		t.Fatal(err)
	}
	texts := before
	for _, file := range files {
		texts = append(texts, file.SQL)
	}
	return pgtest.New(t, texts...)
}

func TestFilesComeInOrder(t *testing.T) {
	t.Parallel()
	for _, name := range examples.Names() {
		files, err := examples.SQL(name)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, file := range files {
			names = append(names, file.Name)
		}
		want := []string{"01_tables.sql", "02_data.sql", "03_views.sql"}
		if name == "blog" {
			want = append(want, "04_functions.sql", "05_policies.sql")
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s has the files %v, want %v", name, names, want)
		}
	}
	if _, err := examples.SQL("../blog"); err == nil || !strings.Contains(err.Error(), "blog, world") {
		t.Errorf("an unknown example gives %v, want an error with the names of the known ones", err)
	}
	if examples.Queries("shop") != nil {
		t.Error("an unknown example has queries")
	}
}

// What the README and other tests count on, in whatever zone and style the rows were made.
func TestBlogHoldsTheSameRowsEverywhere(t *testing.T) {
	t.Parallel()
	for _, session := range []string{`SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'`, `SET TimeZone = 'America/New_York'`} {
		conn := load(t, "blog", session).Conn(t)
		for sql, want := range map[string]string{
			`SELECT count(*) FROM v_user`:          "250",
			`SELECT count(*) FROM v_post`:          "1200",
			`SELECT count(*) FROM v_comment`:       "5000",
			`SELECT count(*) FROM v_tag`:           "24",
			`SELECT count(*) FROM v_post_tag`:      "3000",
			`SELECT count(*) FROM v_tag_post`:      "3000",
			`SELECT count(*) FROM tv_post_summary`: "960",
			`SELECT count(*) FROM v_user_card`:     "250",
			`SELECT count(*) FROM v_user u WHERE NOT EXISTS (SELECT FROM v_post p WHERE p.author_id = u.id)`:       "20",
			`SELECT count(*) FROM v_post p WHERE NOT EXISTS (SELECT FROM v_comment c WHERE c.post_id = p.id)`:      "100",
			`SELECT count(*) FROM v_comment c JOIN v_comment p ON p.id = c.parent_id WHERE p.post_id <> c.post_id`: "0",
			`SELECT name || ' ' || balance FROM v_user WHERE id = 'bb9836f5-e2ce-856d-a59b-9a4556283bc0'`:          "Bjørn Brontë 1047.29",
			`SELECT string_agg(DISTINCT status::text, ' ') FROM v_post`:                                            "archived draft published",
			`SELECT count(*) FROM pg_proc WHERE proname = 'example_uuid'`:                                          "0",
			// Whole tables.
			`SELECT md5(string_agg(concat(id, title, body, keywords, metadata, rating, extract(epoch FROM published_at)), '|' ORDER BY id)) FROM v_post`: "1cf3e3373dbbb02847a1542415634e8c",
			`SELECT md5(string_agg(concat(id, body, post_id, author_id, parent_id, extract(epoch FROM created_at)), '|' ORDER BY id)) FROM v_comment`:    "33eadc0bc214cc893d6ff87ed986643c",
			`SELECT md5(string_agg(data::text, '|' ORDER BY id)) FROM tv_post_summary`:                                                                   "931c313be5e532f345b11e9fc9cfa3d3",
		} {
			var got string
			if err := conn.QueryRow(t.Context(), "SELECT ("+sql+")::text").Scan(&got); err != nil {
				t.Errorf("%s: %v", sql, err)
			} else if got != want {
				t.Errorf("after %s: %s is %s, want %s", session, sql, got, want)
			}
		}
	}
}

// The SQL and the JSON of the world come from one script; here they are compared, country by country.
func TestWorldHoldsWhatItsJSONHolds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("world/testdata/world.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	db := load(t, "world")
	conn := db.Conn(t)
	for kind, sql := range map[string]string{
		"continents": `SELECT code, name FROM v_continent`,
		"languages":  `SELECT code, name, native, rtl FROM v_language`,
		"currencies": `SELECT code, name, symbol, decimals FROM v_currency`,
		"countries": `SELECT code, name, native, capital, phone, continent_code AS continent,
			(SELECT coalesce(json_agg(l.code ORDER BY l.position), '[]') FROM v_country_language l WHERE l.country_code = c.code) AS languages,
			(SELECT coalesce(json_agg(m.code ORDER BY m.position), '[]') FROM v_country_currency m WHERE m.country_code = c.code) AS currencies
			FROM v_country c`,
	} {
		var same bool
		err := conn.QueryRow(t.Context(), `SELECT $1::jsonb = (SELECT jsonb_agg(x ORDER BY code COLLATE "C") FROM (`+sql+`) x)`, string(want[kind])).Scan(&same)
		if err != nil || !same {
			t.Errorf("%s: the views and the JSON are not the same (error %v)", kind, err)
		}
	}
	var pairs int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM v_language_country l JOIN v_country_language c
		ON c.country_code = l.code AND c.code = l.language_code`).Scan(&pairs)
	if err != nil || pairs != 371 {
		t.Errorf("the two sides of countries and languages have %d pairs in common, want 371 (error %v)", pairs, err)
	}
}

// Each annotation is YAML, names columns that exist, and its relations lead to types and columns that exist, over an index on
// the far side.
func TestAnnotationsFitTheDatabase(t *testing.T) {
	t.Parallel()
	type annotation struct {
		Name        string
		Description string
		Document    string
		Key         []string
		Fields      map[string]any
		Queries     map[string]any
		Relations   map[string]struct {
			To   string
			By   map[string]string
			Many bool
		}
	}
	for _, name := range examples.Names() {
		conn := load(t, name).Conn(t)
		rows, err := conn.Query(t.Context(), `SELECT c.relname, obj_description(c.oid),
			(SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0)
			FROM pg_class c WHERE obj_description(c.oid) LIKE '@fraiseql:type%' ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		types, columns, views := map[string]annotation{}, map[string][]string{}, map[string]string{}
		for rows.Next() {
			var relation, comment string
			var has []string
			if err := rows.Scan(&relation, &comment, &has); err != nil {
				t.Fatal(err)
			}
			var a annotation
			text := strings.TrimPrefix(comment, "@fraiseql:type")
			if err := yaml.UnmarshalWithOptions([]byte(text), &a, yaml.Strict()); err != nil {
				t.Errorf("%s: %v", relation, err)
				continue
			}
			if a.Name == "" || a.Description == "" || len(a.Key) == 0 {
				t.Errorf("%s lacks a name, a description or a key", relation)
			}
			types[a.Name], columns[a.Name], views[a.Name] = a, has, relation
			for _, key := range a.Key {
				if !slices.Contains(has, key) {
					t.Errorf("%s has the key %s, which is no column", relation, key)
				}
			}
		}
		if rows.Err() != nil || len(types) < 8 {
			t.Fatalf("%s has %d types (error %v), want 8 or more", name, len(types), rows.Err())
		}
		for from, a := range types {
			for relation, r := range a.Relations {
				if _, ok := types[r.To]; !ok {
					t.Errorf("%s.%s leads to %s, which is no type", from, relation, r.To)
				}
				for local, remote := range r.By {
					if !slices.Contains(columns[from], local) || !slices.Contains(columns[r.To], remote) {
						t.Errorf("%s.%s goes by %s = %s, and one of them is no column", from, relation, local, remote)
						continue
					}
					if plan := explain(t, conn, views[r.To], remote); strings.Contains(plan, "Seq Scan") {
						t.Errorf("%s.%s looks for %s without an index:\n%s", from, relation, remote, plan)
					}
				}
			}
		}
	}
}

// explain plans the search that a relation makes, where reading a whole table is the last resort. The value fits uuid and text.
func explain(t *testing.T, conn *pgx.Conn, view, column string) string {
	t.Helper()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off`); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `EXPLAIN (COSTS off) SELECT * FROM `+pgx.Identifier{view}.Sanitize()+
		` WHERE `+pgx.Identifier{column}.Sanitize()+` = '00000000-0000-0000-0000-000000000000'`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// The queries to paste are documents, their variables are those that are declared, and each is worth pasting.
func TestQueriesParse(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`\$\w+`)
	for _, name := range examples.Names() {
		queries := examples.Queries(name)
		if len(queries) != 3 {
			t.Errorf("%s has %d queries, want 3", name, len(queries))
		}
		for _, q := range queries {
			document, err := parser.ParseQuery(&ast.Source{Name: q.Name, Input: q.Query})
			if err != nil {
				t.Errorf("%s, %s: %v", name, q.Name, err)
				continue
			}
			if len(document.Operations) != 1 || q.Name == "" {
				t.Errorf("%s, %q: want a name and one operation", name, q.Name)
			}
			for given := range q.Variables {
				if !slices.Contains(variable.FindAllString(q.Query, -1), "$"+given) {
					t.Errorf("%s, %s: the variable %s is given and not used", name, q.Name, given)
				}
			}
			for _, declared := range document.Operations[0].VariableDefinitions {
				if _, ok := q.Variables[declared.Variable]; !ok {
					t.Errorf("%s, %s: the variable %s has no value", name, q.Name, declared.Variable)
				}
			}
		}
	}
}

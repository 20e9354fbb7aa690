package catalog_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

// read takes the facts of a database made of sql.
func read(t *testing.T, o catalog.Options, sql ...string) *catalog.Facts {
	t.Helper()
	return readFrom(t, pgtest.New(t, sql...).Conn(t), o)
}

func readFrom(t *testing.T, conn *pgx.Conn, o catalog.Options) *catalog.Facts {
	t.Helper()
	if o.Schemas == nil {
		o.Schemas = []string{"public"}
	}
	counting := &counter{Conn: conn}
	f, err := catalog.Read(t.Context(), counting, o)
	if err != nil {
		t.Fatal(err)
	}
	if counting.queries > 6 {
		t.Errorf("Read took %d queries, want at most 6", counting.queries)
	}
	return f
}

type counter struct {
	*pgx.Conn
	queries int
}

func (c *counter) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.queries++
	return c.Conn.Query(ctx, sql, args...)
}

func discover(t *testing.T, f *catalog.Facts, expose ...string) (*schema.Schema, []catalog.Problem) {
	t.Helper()
	s, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Discover: true, Expose: expose})
	if err != nil {
		t.Fatal(err)
	}
	return s, problems
}

// loads proves that another reader of SDL understands a schema.
func loads(t *testing.T, s *schema.Schema) *ast.Schema {
	t.Helper()
	loaded, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: s.SDL()})
	if err != nil {
		t.Fatalf("the SDL does not load: %v\n%s", err, s.SDL())
	}
	return loaded
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff(string(want), got))
	}
}

// diff shows the lines that only one side has.
func diff(want, got string) string {
	var b strings.Builder
	count := map[string]int{}
	for line := range strings.Lines(want) {
		count[line]--
	}
	for line := range strings.Lines(got) {
		count[line]++
	}
	for _, side := range [...]struct {
		sign, text string
		less       bool
	}{{"-", want, true}, {"+", got, false}} {
		for line := range strings.Lines(side.text) {
			if side.less && count[line] < 0 || !side.less && count[line] > 0 {
				b.WriteString(side.sign + line)
			}
		}
	}
	return b.String()
}

func texts(problems []catalog.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		if p.Fatal {
			b.WriteString("fatal: ")
		}
		b.WriteString(p.Error() + "\n")
	}
	return b.String()
}

// connect makes a database of sql, for what readFrom does not do.
func connect(t *testing.T, sql string) *pgx.Conn {
	t.Helper()
	return pgtest.New(t, sql).Conn(t)
}

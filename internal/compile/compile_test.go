package compile_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

// library is the schema of testdata/schema.sql, read from a live database.
func library(t testing.TB) (*pgtest.DB, *schema.Schema) {
	t.Helper()
	sql, err := os.ReadFile("testdata/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t, string(sql))
	facts, err := catalog.Read(context.Background(), db.Conn(t), catalog.Options{Schemas: []string{"public"}})
	if err != nil {
		t.Fatal(err)
	}
	s, problems, err := catalog.Build(facts, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return db, s
}

func documents(t testing.TB, s *schema.Schema) *gqlop.Documents {
	t.Helper()
	d, err := gqlop.New(s, gqlop.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGolden shows the SQL of each case, and has a live server accept it.
func TestGolden(t *testing.T) {
	t.Parallel()
	db, s := library(t)
	docs := documents(t, s)
	c := compile.New(s, 100, 0)
	conn := db.Conn(t)
	var server sync.Mutex
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			query, want := archive.Files[i], &archive.Files[i+1]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+query.Name, func(t *testing.T) {
				text, variables, _ := strings.Cut(string(query.Data), "\n---\n")
				bound, err := bind(docs, c, text, variables)
				var got strings.Builder
				if err != nil {
					fmt.Fprintf(&got, "refused: %s\n", err)
				} else {
					server.Lock()
					defer server.Unlock()
					for _, root := range bound.Roots {
						if root.Statement == nil && root.Facts == nil {
							fmt.Fprintf(&got, "%s: %s\n", root.Name, root.Const)
						}
						for _, stmt := range []*compile.Statement{root.Facts, root.Statement} {
							if stmt == nil {
								continue
							}
							name := root.Name
							if stmt == root.Facts {
								name += " facts"
							}
							if _, err := conn.Prepare(context.Background(), stmt.Name, stmt.SQL); err != nil {
								t.Errorf("PostgreSQL refuses %s: %v", stmt.SQL, err)
							}
							params, err := bound.Params(stmt, nil)
							fmt.Fprintf(&got, "%s: %s\n", name, stmt.SQL)
							for i, p := range params {
								if p == nil {
									fmt.Fprintf(&got, "  $%d is null\n", i+1)
									continue
								}
								fmt.Fprintf(&got, "  $%d = %s\n", i+1, p)
							}
							if err != nil {
								fmt.Fprintf(&got, "  refused: %s\n", err)
							}
						}
					}
				}
				if *update {
					want.Data = []byte(got.String())
				} else if got.String() != string(want.Data) {
					t.Errorf("got:\n%s\nwant:\n%s", got.String(), want.Data)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func bind(docs *gqlop.Documents, c *compile.Compiler, query, variables string) (compile.Bound, error) {
	op, err := docs.Read(&gqlop.Request{Query: query})
	if err != nil {
		return compile.Bound{}, err
	}
	return c.Bind(op, json.RawMessage(variables), new(compile.Values), nil)
}

// TestPlansFollowTheShapeOfVariables shows that values never make a plan, and shapes do.
func TestPlansFollowTheShapeOfVariables(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	docs, c := documents(t, s), compile.New(s, 100, 0)
	op, err := docs.Read(&gqlop.Request{Query: `query($w: AuthorWhereInput!, $in: [ID!], $b: Boolean = false, $skip: Int, $most: Int) {
		authors(where: {AND: [$w, {id: {in: $in}}]}) { id @skip(if: $b) name ...F } } fragment F on Author { books(offset: $skip, limit: $most) { id } }`})
	if err != nil {
		t.Fatal(err)
	}
	plan := func(variables string) *compile.Plan {
		t.Helper()
		b, err := c.Bind(op, json.RawMessage(variables), new(compile.Values), nil)
		if err != nil {
			t.Fatal(err)
		}
		return b.Plan
	}
	id := `"123e4567-e89b-12d3-a456-426614174000"`
	first := plan(`{"in": [` + id + `], "w": {"name": {"eq": "a"}}}`)
	for name, c := range map[string]struct {
		variables string
		same      bool
	}{
		"another value":       {`{"in": [` + id + `], "w": {"name": {"eq": "b\n"}}}`, true},
		"another length":      {`{"in": [` + id + "," + id + `], "w": {"name": {"eq": "b"}}}`, true},
		"keys in other order": {`{"w": {"name": {"eq": "b"}}, "in": []}`, true},
		"another operator":    {`{"in": [], "w": {"name": {"neq": "b"}}}`, false},
		"a key more":          {`{"in": [], "w": {"name": {"eq": "b"}, "age": {"gt": 1}}}`, false},
		"a list not sent":     {`{"w": {"name": {"eq": "b"}}}`, false},
		"the other boolean":   {`{"in": [], "w": {"name": {"eq": "b"}}, "b": true}`, false},
		"an offset sent":      {`{"in": [], "w": {"name": {"eq": "b"}}, "skip": 1}`, false},
	} {
		if got := plan(c.variables) == first; got != c.same {
			t.Errorf("%s: same plan: %t, want %t", name, got, c.same)
		}
	}
	page := func(skip, most string) *compile.Plan {
		return plan(`{"in": [], "w": {}, "skip": ` + skip + `, "most": ` + most + `}`)
	}
	start, next := page("0", "0"), page("1", "1")
	if start == next || page("0.0", "5") != start || page("2", "0") != next {
		t.Error("the first page has a plan of its own, and all that follow have one")
	}
}

// TestIntrospectionByVariable asks for two types by one document.
func TestIntrospectionByVariable(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	docs, c := documents(t, s), compile.New(s, 100, 0)
	for _, name := range []string{"Author", "Book", "Author"} {
		b, err := bind(docs, c, `query($n: String!) { __type(name: $n) { name } }`, `{"n": "`+name+`"}`)
		if err != nil || string(b.Roots[0].Const) != `{"name":"`+name+`"}` {
			t.Errorf("%s: got %s %v", name, b.Roots[0].Const, err)
		}
	}
}

func TestCostAndPages(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	query := `query($n: Int) { authors(limit: $n) { id books(limit: 10) { id } } }` // n × (2 + 10 × 1)
	for _, c := range []struct {
		variables string
		maxPage   int
		maxCost   int
		refused   string
	}{
		{`{"n": 10}`, 100, 120, ""},
		{`{"n": 10}`, 100, 119, "QUERY_TOO_COSTLY"},
		{`{"n": 11}`, 100, 120, "QUERY_TOO_COSTLY"},
		{`{"n": 100}`, 100, 0, ""},
		{`{"n": 101}`, 100, 0, "the maximum is 100"},
		{`{"n": 1000000}`, 0, 0, ""},
		{`{"n": -1}`, 100, 0, "must not be negative"},
		{`{}`, 100, 1200, ""},
		{`{}`, 101, 1200, "QUERY_TOO_COSTLY"},
	} {
		_, err := bind(documents(t, s), compile.New(s, c.maxPage, c.maxCost), query, c.variables)
		if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s, page %d, cost %d: got %v, want %q", c.variables, c.maxPage, c.maxCost, err, c.refused)
		}
	}
}

func TestRefusalsComeBeforeSQL(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	docs, c := documents(t, s), compile.New(s, 100, 0)
	for _, tc := range []struct{ query, variables, want string }{
		{`query($n: Int) { authors(limit: $n) { id } }`, `{"n": 3000000000}`, "Int cannot represent 3000000000"},
		{`query($n: Int) { authors(limit: $n) { id } }`, `{"n": "1"}`, `Int cannot represent "1"`},
		{`query($n: Int!) { authors(limit: $n) { id } }`, `{}`, `"$n" of the required type Int! was not sent`},
		{`query($n: Int!) { authors(limit: $n) { id } }`, `{"n": null}`, `null was sent where Int! is required`},
		{`query($w: AuthorWhereInput) { authors(where: $w) { id } }`, `{"w": {"nome": {"eq": "x"}}}`, `has no field "nome"; did you mean`},
		{`query($w: AuthorWhereInput) { authors(where: $w) { id } }`, `{"w": {"name": {"eq": null}}}`, "isNull"},
		{`query($w: AuthorWhereInput) { authors(where: $w) { id } }`, `{"w": {"name": "x"}}`, "is an object, but"},
		{`query($w: AuthorWhereInput) { authors(where: $w) { id } }`, `{"w": {"name": {"in": ["a", null]}}}`, `"$w.name.in[1]": null was sent`},
		{`query($m: Mood) { authors(where: {mood: {eq: $m}}) { id } }`, `{"m": "ANGRY"}`, "not a value of the enum Mood"},
		{`query($t: String) { authors(where: {name: {eq: $t}}) { id } }`, `{"t": "a\u0000b"}`, "U+0000"},
		{`{ author(id: "7") { id } }`, ``, "send a UUID"},
		{`{ author(id: "123e4567-e89b-12d3-a456-42661417400") { id } }`, ``, "send a UUID"},
		{`{ author(id: "123e4567-e89b-12d3-a456-4266141740000") { id } }`, ``, "send a UUID"},
		{`{ author(id: "123e4567-e89b-12d3-a456-42661417400g") { id } }`, ``, "send a UUID"},
		{`{ author(id: "123e4567e-89b-12d3-a456-426614174000") { id } }`, ``, "send a UUID"},
		{`{ authors(limit: 101) { id } }`, ``, "the maximum is 100"},
		{`{ authors(offset: -1) { id } }`, ``, "must not be negative"},
	} {
		b, err := bind(docs, c, tc.query, tc.variables)
		if err == nil {
			for _, r := range b.Roots {
				_, e := b.Params(r.Statement, nil)
				err = errors.Join(err, e)
			}
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s with %s: got %v, want %q", tc.query, tc.variables, err, tc.want)
		}
	}
}

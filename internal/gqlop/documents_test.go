package gqlop_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/schema"
)

const blogSDL = `
"A blog."
schema { query: Query mutation: Mutation }
type Query {
  users(where: UserWhere, orderBy: [Direction!], limit: Int = 10): [User!]
  user(id: ID!, tags: [String!]): User
  node(pick: Pick): Node
  any: Any
  json(value: JSON): JSON
}
type Mutation { hire(name: String!): User  fire(id: ID!): User }
interface Node { id: ID! }
type User implements Node { id: ID! name: String age: Int boss: User posts(limit: Int, where: UserWhere): [Post!]! }
type Post implements Node { id: ID! title: String! age: String author: User name: Int }
union Any = User | Post
input UserWhere { name: String, age: Int, and: [UserWhere!], not: UserWhere, ratio: Float, on: Boolean, at: Direction }
input Pick @oneOf { id: ID, name: String }
enum Direction { ASC DESC }
scalar JSON
`

func blog(t testing.TB, l gqlop.Limits) *gqlop.Documents {
	t.Helper()
	v, err := gqlop.NewValidator(blogSDL)
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Documents(l)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadChoosesTheOperation(t *testing.T) {
	t.Parallel()
	const two = `query A { user(id: 1) { id } } mutation B { fire(id: 1) { id } }`
	for name, c := range map[string]struct {
		r       gqlop.Request
		kind    gqlop.Kind
		code    fault.Code
		message string
	}{
		"the only one":            {r: gqlop.Request{Query: `{ users { id } }`}, kind: gqlop.Query},
		"the only one, by name":   {r: gqlop.Request{Query: `query Q { users { id } }`, OperationName: "Q"}, kind: gqlop.Query},
		"the only one, unasked":   {r: gqlop.Request{Query: `query Q { users { id } }`}, kind: gqlop.Query},
		"one of two":              {r: gqlop.Request{Query: two, OperationName: "B"}, kind: gqlop.Mutation},
		"a query by GET":          {r: gqlop.Request{Query: two, OperationName: "A", QueriesOnly: true}, kind: gqlop.Query},
		"a mutation by GET":       {r: gqlop.Request{Query: two, OperationName: "B", QueriesOnly: true}, code: fault.MethodNotAllowed, message: "mutation"},
		"none of two":             {r: gqlop.Request{Query: two}, code: fault.OperationNotFound, message: `"A", "B"`},
		"unknown":                 {r: gqlop.Request{Query: two, OperationName: "C"}, code: fault.OperationNotFound, message: `no operation "C"; it has "A", "B"`},
		"names differ by case":    {r: gqlop.Request{Query: two, OperationName: "a"}, code: fault.OperationNotFound, message: `"a"`},
		"a name where there none": {r: gqlop.Request{Query: `{ users { id } }`, OperationName: "C"}, code: fault.OperationNotFound, message: "leave operationName out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op, err := blog(t, gqlop.Limits{}).Read(&c.r)
			if c.code != "" {
				expect(t, err, c.code, c.message)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if op.Kind != c.kind || op.Def.Name != op.Name || (c.r.OperationName != "" && op.Name != c.r.OperationName) {
				t.Errorf("got %v %q", op.Kind, op.Name)
			}
		})
	}
}

// expect checks a refusal: its code, a part of its message, and that a list is not empty.
func expect(t *testing.T, err error, code fault.Code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted; want %s", code)
	}
	var list fault.List
	var one *fault.Error
	if !errors.As(err, &list) && !errors.As(err, &one) {
		t.Fatalf("%T is neither a list nor an error of package fault", err)
	}
	for _, e := range fault.Of(err) {
		if e.Code == code && strings.Contains(e.Message, message) {
			return
		}
	}
	t.Fatalf("got %v; want %s with %q", err, code, message)
}

func TestReadRefusesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	d := blog(t, gqlop.Limits{})
	for name, c := range map[string]struct {
		text    string
		message string
		at      fault.Location
	}{
		"empty":                 {"", "no operation", fault.Location{}},
		"only a comment":        {"# { users { id } }", "no operation", fault.Location{}},
		"only fragments":        {"\n fragment F on User { id }", "no operation", fault.Location{Line: 2, Column: 2}},
		"fragment variables":    {"{ users { ...F } }\nfragment F($a: Int) on User { id }", `"F" declares variables`, fault.Location{Line: 2, Column: 12}},
		"not closed":            {"{ users { id }", "Expected Name", fault.Location{Line: 1, Column: 15}},
		"empty selection":       {"{ users { } }", "at least one", fault.Location{Line: 1, Column: 11}},
		"empty arguments":       {"{ users() { id } }", "at least one", fault.Location{Line: 1, Column: 9}},
		"a type definition":     {"type A { b: Int }", "Unexpected", fault.Location{Line: 1, Column: 1}},
		"not UTF-8":             {"{ users(where: {name: \"\xff\"}) { id } }", "UTF-8", fault.Location{}},
		"a variable in default": {"query($a: Int, $b: Int = $a) { users(limit: $b) { id } }", "Unexpected", fault.Location{Line: 1, Column: 26}},
		"a word after it":       {"{ users { id } } x", "Unexpected", fault.Location{Line: 1, Column: 18}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := d.Read(&gqlop.Request{Query: c.text})
			expect(t, err, fault.ParseFailed, c.message)
			got := fault.Location{}
			if at := fault.Of(err)[0].Locations; len(at) > 0 {
				got = at[0]
			}
			if got != c.at {
				t.Errorf("at %v, want %v", got, c.at)
			}
		})
	}
}

func TestReadKeepsOneOperationPerText(t *testing.T) {
	t.Parallel()
	d := blog(t, gqlop.Limits{})
	const text = `query A { users { id } } query B { users { name } }`
	read := func(name string) *gqlop.Operation {
		op, err := d.Read(&gqlop.Request{Query: strings.Clone(text), OperationName: name})
		if err != nil {
			t.Error(err)
		}
		return op
	}
	const readers = 16
	got := make([]*gqlop.Operation, readers)
	var all sync.WaitGroup
	for i := range readers {
		all.Go(func() { got[i] = read("A") })
	}
	all.Wait()
	for _, op := range got {
		if op != got[0] {
			t.Fatal("two requests at once got two operations")
		}
	}
	if b := read("B"); b == got[0] || b != read("B") {
		t.Error("operations of one document must differ and stay")
	}
	got[0].Plans.Store("kept")
	if read("A").Plans.Load() != "kept" {
		t.Error("what the compiler keeps is lost")
	}
	if d.Cached() != 1 {
		t.Errorf("%d documents kept, want 1", d.Cached())
	}
}

func TestReadKeepsNoFaultsAndNoLongTexts(t *testing.T) {
	t.Parallel()
	d := blog(t, gqlop.Limits{})
	for range 2 {
		_, err := d.Read(&gqlop.Request{Query: `{ nothing }`})
		expect(t, err, fault.ValidationFailed, "nothing")
	}
	long := `{ users { id } } #` + strings.Repeat("x", 64<<10)
	if _, err := d.Read(&gqlop.Request{Query: long}); err != nil {
		t.Fatal(err)
	}
	if d.Cached() != 0 {
		t.Errorf("%d documents kept, want none", d.Cached())
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits gqlop.Limits
		most   int
	}{
		"by entries":       {gqlop.Limits{CacheEntries: 8}, 8},
		"by entries alone": {gqlop.Limits{CacheEntries: 8, CacheBytes: -1}, 8},
		"by bytes":         {gqlop.Limits{CacheBytes: 100_000}, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := blog(t, c.limits)
			for i := range 200 {
				if _, err := d.Read(&gqlop.Request{Query: fmt.Sprintf(`{ a%d: users { id } }`, i)}); err != nil {
					t.Fatal(err)
				}
			}
			if n := d.Cached(); n == 0 || n > c.most {
				t.Errorf("%d documents kept, want 1 to %d", n, c.most)
			}
		})
	}
}

func TestNoCache(t *testing.T) {
	t.Parallel()
	d := blog(t, gqlop.Limits{CacheEntries: -1})
	r := &gqlop.Request{Query: `{ users { id } }`}
	a, errA := d.Read(r)
	b, errB := d.Read(r)
	if errA != nil || errB != nil || a == b {
		t.Errorf("got %p %v, %p %v", a, errA, b, errB)
	}
}

func TestReadAgainAllocatesNothing(t *testing.T) {
	d := blog(t, gqlop.Limits{})
	r := &gqlop.Request{Query: `query Q { users { id name posts { title } } }`, OperationName: "Q"}
	if _, err := d.Read(r); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = d.Read(r) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewLoadsASchema(t *testing.T) {
	t.Parallel()
	text := schema.Scalars(false)["String"]
	query := &schema.Type{Kind: schema.Object, Name: "Query", Fields: []*schema.Field{
		{Name: "hello", Type: schema.Of(text), Root: &schema.Root{Kind: schema.Resolve}},
	}}
	s, err := schema.New("t", "", query, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := gqlop.New(s, gqlop.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	op, err := d.Read(&gqlop.Request{Query: `{ hello __schema { queryType { name } } }`})
	if err != nil || op.Schema != d.Schema() {
		t.Fatalf("%v", err)
	}
	_, err = d.Read(&gqlop.Request{Query: `mutation { hello }`})
	expect(t, err, fault.ValidationFailed, "no mutations")
	_, err = d.Read(&gqlop.Request{Query: `subscription { hello }`})
	expect(t, err, fault.ValidationFailed, "no subscriptions")
	_, err = d.Read(&gqlop.Request{Query: `{ ... @defer { hello } }`})
	expect(t, err, fault.ValidationFailed, `"@defer"`)
}

func BenchmarkRead(b *testing.B) {
	const text = `query Q($id: ID!) { user(id: $id) { id name posts(limit: 3) { ...P } } } fragment P on Post { title author { name } }`
	for name, entries := range map[string]int{"kept": 0, "new": -1} {
		b.Run(name, func(b *testing.B) {
			d := blog(b, gqlop.Limits{CacheEntries: entries})
			r := &gqlop.Request{Query: text}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Read(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestLabels: an operation's label tells it from others, and holds no value.
func TestLabels(t *testing.T) {
	t.Parallel()
	d := blog(t, gqlop.Limits{})
	long := strings.Repeat("n", 100)
	for query, want := range map[string]string{
		`query Users { users { id } }`:         "query Users",
		`mutation Fire { fire(id: 1) { id } }`: "mutation Fire",
		`{ user(id: "secret") { id } }`:        "query #ab2b37c2ee4a",
		`query ` + long + ` { users { id } }`:  "query " + long[:64] + "…",
	} {
		op, err := d.Read(&gqlop.Request{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		if op.Label != want {
			t.Errorf("%s is labelled %q, want %q", query, op.Label, want)
		}
	}
}

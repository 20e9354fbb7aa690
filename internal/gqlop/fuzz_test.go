package gqlop_test

import (
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// FuzzRead: whatever comes, reading ends soon, refuses with a known code, and gives only
// operations whose nodes know their definitions.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		``, `{`, `{ users { id } }`, `{users{id users{id}}}`, `query($a: Int = 1) { users(limit: $a) { ...F } } fragment F on User { id }`,
		`{ any { ... on User { a: id } ... on Post { a: title } } }`, `mutation { hire(name: "x") { id } }`,
		`subscription { a }`, `{ users(where: {and: [{name: null}, {not: {age: 3000000000}}]}) { id @skip(if: true) @skip(if: false) } }`,
		`fragment F on User { ...F }`, `{ node(pick: {id: 1, name: "a"}) { id } __schema { types { name } } }`,
		"{ users(limit: 1.5e9) { name(a: \"\"\"\n x \\\"\"\" \"\"\") } } # \u00e9", bomb(3), introspectionQuery(),
	} {
		f.Add(text, "")
	}
	d := blog(f, gqlop.Limits{CacheEntries: -1})
	f.Fuzz(func(t *testing.T, text, name string) {
		start := time.Now()
		op, err := d.Read(&gqlop.Request{Query: text, OperationName: name})
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%v for %d bytes", took, len(text))
		}
		if err != nil {
			for _, e := range fault.Of(err) {
				if e.Code == fault.Internal || e.Message == "" {
					t.Errorf("%v", e)
				}
			}
			return
		}
		known(t, op.Def.SelectionSet)
	})
}

func known(t *testing.T, set ast.SelectionSet) {
	t.Helper()
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if s.Definition == nil || s.ObjectDefinition == nil {
				t.Errorf("field %s has no definition", s.Name)
			}
			known(t, s.SelectionSet)
		case *ast.InlineFragment:
			known(t, s.SelectionSet)
		case *ast.FragmentSpread:
			if s.Definition == nil || s.Definition.Definition == nil {
				t.Errorf("spread of %s has no definition", s.Name)
			}
		}
	}
}

package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

// TestAbstractTold: what cannot be served as a comment says is told with a cure, and the rest is served.
func TestAbstractTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		note string
		says []string
		lost bool // the interface is not served
	}{
		"no type column":       {"types: {a: A}", []string{"nothing says which column tells the type", "type_column: kind"}, true},
		"another column":       {"type_column: knd\ntypes: {a: A}", []string{"no column knd", "did you mean kind?"}, true},
		"no types":             {"type_column: kind", []string{"has no type that a row of it can be", "types: {post: Post}"}, true},
		"an unknown type":      {"type_column: kind\ntypes: {a: A, b: Bee}", []string{"there is no object type Bee", "declare it, or name its fields in the same row"}, false},
		"fields and by":        {"type_column: kind\ntypes: {a: {name: A, fields: [], by: {id: id}}}", []string{"both `fields` and `by`"}, true},
		"no name":              {"type_column: kind\ntypes: {a: {fields: [x]}}", []string{"has no `name`"}, true},
		"an unknown key":       {"type_column: kind\ntypes: {a: {name: A, field: [x]}}", []string{"unknown key \"field\"", "did you mean fields?"}, true},
		"an unknown field":     {"type_column: kind\ntypes: {a: {name: C, fields: [z]}}", []string{"has no column z"}, false},
		"nothing in common":    {"type_column: kind\ntypes: {a: A}\nexpose_fields: [x]", []string{"A has no field x, which the interface promises", "make it a union"}, true},
		"a label no type has":  {"type_column: mood\ntypes: {sad: {name: C, fields: []}}", []string{`"glad" stands for no type of Thing`}, false},
		"a label of no enum":   {"type_column: mood\ntypes: {sad: {name: C, fields: []}, glad: {name: D, fields: []}, mad: B}", []string{`"mad" is not a label of the enum`}, false},
		"not named as the key": {"type_column: kind\ntypes: {a: {name: C, fields: []}, b: E}", []string{"no columns that are named as the key of E", "by: {post_id: id}"}, false},
		"on in a row's shape":  {"type_column: kind\ntypes: {a: A}\nfields: {on kind: {a: {x: Int}}}", []string{"`on` is for objects inside a document"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := read(t, catalog.Options{}, `
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE tb_a (id int PRIMARY KEY, y int); COMMENT ON TABLE tb_a IS '@fraiseql:type
name: A';
CREATE TABLE tb_b (id int PRIMARY KEY); COMMENT ON TABLE tb_b IS '@fraiseql:type
name: B';
CREATE TABLE tb_e (code int PRIMARY KEY); COMMENT ON TABLE tb_e IS '@fraiseql:type
name: E';
CREATE TABLE thing (id int PRIMARY KEY, kind text NOT NULL, mood mood, x int);
COMMENT ON TABLE thing IS '@fraiseql:interface
`+c.note+`'`)
			s, problems := discover(t, f)
			told := texts(problems)
			for _, part := range c.says {
				if !strings.Contains(told, part) {
					t.Errorf("%q is not told: %s", part, told)
				}
			}
			if got := loads(t, s).Types["Thing"] == nil; got != c.lost {
				t.Errorf("left out is %t, want %t: %s", got, c.lost, told)
			}
		})
	}
}

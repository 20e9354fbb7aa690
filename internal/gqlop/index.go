package gqlop

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/schema"
)

// index answers a validator's questions about a schema without walking its lists.
type index struct {
	schema   *ast.Schema
	fields   map[*ast.Definition]map[string]*ast.FieldDefinition
	possible map[string]map[string]bool // the objects that a composite type can be
	typename *ast.FieldDefinition
	scale    scale
}

func newIndex(s *ast.Schema) *index {
	x := &index{
		schema:   s,
		fields:   make(map[*ast.Definition]map[string]*ast.FieldDefinition, len(s.Types)),
		possible: map[string]map[string]bool{},
		typename: &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)},
		scale:    newScale(s),
	}
	for _, def := range s.Types {
		byName := make(map[string]*ast.FieldDefinition, len(def.Fields))
		for _, f := range def.Fields {
			byName[f.Name] = f
		}
		x.fields[def] = byName
		switch def.Kind {
		case ast.Object:
			x.possible[def.Name] = map[string]bool{def.Name: true}
		case ast.Interface, ast.Union:
			objects := map[string]bool{}
			for _, p := range s.PossibleTypes[def.Name] {
				if p != nil && p.Kind == ast.Object {
					objects[p.Name] = true
				}
			}
			x.possible[def.Name] = objects
		}
	}
	return x
}

// addHidden lets input objects take the fields that clients are not told of.
func (x *index) addHidden(s *schema.Schema) {
	for _, t := range s.Types() {
		def := x.schema.Types[t.Name]
		if t.Kind != schema.Input || def == nil {
			continue
		}
		for _, f := range t.Fields {
			if shown := x.fields[def][f.Alias]; f.Hidden && shown != nil {
				x.fields[def][f.Name] = &ast.FieldDefinition{Name: f.Name, Type: shown.Type}
			}
		}
	}
}

// field finds what a selection on a composite type may name.
func (x *index) field(on *ast.Definition, name string) *ast.FieldDefinition {
	if name == "__typename" {
		return x.typename
	}
	return x.fields[on][name]
}

// named is the type at the bottom of a use; nil when the schema does not have it.
func (x *index) named(t *ast.Type) *ast.Definition {
	if t == nil {
		return nil
	}
	for t.Elem != nil {
		t = t.Elem
	}
	return x.schema.Types[t.NamedType]
}

// meet tells whether a value can be of both composite types.
func (x *index) meet(a, b *ast.Definition) bool {
	if a == b {
		return true
	}
	small, large := x.possible[a.Name], x.possible[b.Name]
	if len(small) > len(large) {
		small, large = large, small
	}
	for name := range small {
		if large[name] {
			return true
		}
	}
	return false
}

// root is the type that an operation starts at; nil when the schema has none.
func (x *index) root(op ast.Operation) *ast.Definition {
	switch op {
	case ast.Mutation:
		return x.schema.Mutation
	case ast.Subscription:
		return x.schema.Subscription
	}
	return x.schema.Query
}

// scale holds how long the lists of introspection are in a schema, so that the length of an
// answer can be guessed from its selection.
type scale struct {
	lists map[string]int // by the field's name: its average length, rounded up
	most  int            // the largest answer taken, in fields
}

func newScale(s *ast.Schema) scale {
	var types, owners, fields, args, enums, values, inputs, inputFields, largest int
	for _, def := range s.Types {
		types++
		members := 0
		for _, f := range def.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				members++
				args += len(f.Arguments)
			}
		}
		switch def.Kind {
		case ast.Object, ast.Interface:
			owners++
			fields += members
		case ast.InputObject:
			inputs++
			inputFields += members
		case ast.Enum:
			enums++
			values += len(def.EnumValues)
		}
		largest = max(largest, members, len(def.EnumValues))
	}
	average := func(n, of int) int { return (n + of) / max(of, 1) }
	mean := average(fields+inputFields+values, types)
	return scale{
		lists: map[string]int{
			"types": types, "directives": len(s.Directives),
			"fields": average(fields, owners), "inputFields": average(inputFields, inputs),
			"enumValues": average(values, enums), "args": average(args, fields),
			"interfaces": 2, "possibleTypes": 4, "locations": 4,
			// A client picks the type it asks for, so it may be the largest one.
			"__type": average(largest, mean),
		},
		most: 50_000 + 200*(types+fields+args+values+inputFields),
	}
}

package schema

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Schema is a checked, frozen API.
type Schema struct {
	Title       string
	Description string
	Query       *Type
	Mutation    *Type // nil: nothing can be changed

	types  map[string]*Type
	sorted []*Type
	sdl    string
}

// New freezes the types reachable from query and from mutation, which may be nil. It refuses names that GraphQL does not allow,
// two types of one name, an object without fields, and a field without a source; all faults
// are reported at once.
func New(title, description string, query, mutation *Type) (*Schema, error) {
	s := &Schema{Title: title, Description: description, Query: query, Mutation: mutation, types: map[string]*Type{}}
	var faults []error
	for _, t := range builtin() {
		s.types[t.Name] = t
	}
	s.collect(query, &faults)
	if mutation != nil {
		s.collect(mutation, &faults)
	}
	unlisted := map[*Type]bool{}
	for _, t := range s.types {
		s.sorted = append(s.sorted, t)
		t.index(&faults)
		for _, in := range []*Type{t.Filter, t.Order, t.Figures} {
			s.indexUnlisted(in, unlisted, &faults)
		}
	}
	for _, f := range query.Fields {
		if f.Root != nil { // of an aggregate's rows nothing else may lead to the type
			s.indexUnlisted(f.Root.Of, unlisted, &faults)
		}
	}
	slices.SortFunc(s.sorted, func(a, b *Type) int { return cmp.Compare(a.Name, b.Name) })
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(faults...)
	}
	s.sdl = s.print()
	return s, nil
}

// Type finds a type by name, or nil.
func (s *Schema) Type(name string) *Type { return s.types[name] }

// Types lists all types by name.
func (s *Schema) Types() []*Type { return s.sorted }

// SDL is the schema in GraphQL's schema definition language.
// Source: GraphQL specification, section 3.
func (s *Schema) SDL() string { return s.sdl }

// indexUnlisted indexes types that clients do not see: inputs that no query takes, in whose terms
// a resolver may describe rows, and objects of which only figures are served.
func (s *Schema) indexUnlisted(t *Type, seen map[*Type]bool, faults *[]error) {
	if t == nil || seen[t] || s.types[t.Name] == t {
		return
	}
	seen[t] = true
	t.index(faults)
	s.indexUnlisted(t.Figures, seen, faults)
	for _, f := range t.Fields {
		s.indexUnlisted(f.Type.Base(), seen, faults)
	}
}

func (s *Schema) collect(t *Type, faults *[]error) {
	if known, ok := s.types[t.Name]; ok {
		if known != t && !(known.Kind == Scalar && t.Kind == Scalar) {
			*faults = append(*faults, fmt.Errorf("two types are named %s: rename one of them", t.Name))
		}
		return
	}
	s.types[t.Name] = t
	for _, i := range t.Interfaces {
		s.collect(i, faults)
	}
	for _, p := range t.Possible {
		s.collect(p.Type, faults)
	}
	for _, f := range t.Fields {
		if f.Hidden {
			continue
		}
		s.collect(f.Type.Base(), faults)
		for _, a := range f.Args {
			s.collect(a.Type.Base(), faults)
		}
	}
}

var nameForm = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

// ValidName tells whether GraphQL allows a name and does not keep it for itself.
// Source: GraphQL specification, sections 2.1.9 and 4.1.
func ValidName(name string) bool {
	return nameForm.MatchString(name) && !strings.HasPrefix(name, "__")
}

func (t *Type) index(faults *[]error) {
	bad := func(format string, args ...any) { *faults = append(*faults, fmt.Errorf(format, args...)) }
	if !ValidName(t.Name) {
		bad("type %q: the name must be letters, digits and _, not starting with a digit or __", t.Name)
	}
	t.fields = make(map[string]*Field, len(t.Fields))
	for _, f := range t.Fields {
		if !ValidName(f.Name) {
			bad("%s.%s: the name must be letters, digits and _, not starting with a digit or __", t.Name, f.Name)
		}
		if t.fields[f.Name] != nil {
			bad("%s.%s stands twice: rename one of them", t.Name, f.Name)
		}
		t.fields[f.Name] = f
		if t.Kind == Object && f.Column == nil && f.Key == "" && f.Relation == nil && f.Batch == nil && f.Root == nil && f.Measure == nil && f.Part == 0 && f.Outcome == 0 && !f.Global {
			bad("%s.%s: nothing says where its value comes from", t.Name, f.Name)
		}
	}
	t.values = make(map[string]int, len(t.Values))
	for i, v := range t.Values {
		if !ValidName(v.Name) || v.Name == "true" || v.Name == "false" || v.Name == "null" {
			bad("enum %s: %q cannot be a value's name; declare another name for this label", t.Name, v.Name)
		}
		if _, twice := t.values[v.Name]; twice {
			bad("enum %s: %s stands twice", t.Name, v.Name)
		}
		t.values[v.Name] = i
	}
	if (t.Kind == Object || t.Kind == Input || t.Kind == Interface) && !slices.ContainsFunc(t.Fields, func(f *Field) bool { return !f.Hidden }) {
		bad("%s has no fields", t.Name)
	}
	if (t.Kind == Interface || t.Kind == Union) && len(t.Possible) == 0 {
		bad("%s has no types that a value of it can be", t.Name)
	}
	if t.Kind == Enum && len(t.Values) == 0 {
		bad("enum %s has no values", t.Name)
	}
}

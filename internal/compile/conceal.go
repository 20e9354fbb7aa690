package compile

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/schema"
)

// lookAt notes whose fields are whose, and whether anything requires a role or a scope.
func (c *Compiler) lookAt(s *schema.Schema) {
	c.owners, c.wholes = map[*schema.Field]*schema.Type{}, map[*schema.Type][]*schema.Type{}
	seen := map[*schema.Type]bool{}
	var look func(t *schema.Type)
	look = func(t *schema.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		c.guards = c.guards || len(t.Requires) > 0
		for _, f := range t.Fields {
			c.guards = c.guards || len(f.Requires) > 0
			if f.Measure == nil && t.Kind != schema.Input {
				c.owners[f] = t
			}
			for _, to := range leads(f) { // of figures nothing else may lead to the type
				look(to)
			}
			for _, a := range f.Args {
				c.guards = c.guards || len(a.Requires) > 0
				look(a.Type.Base())
			}
		}
		for _, p := range t.Possible {
			look(p.Type)
			if t.Source != nil && len(p.By) == 0 {
				c.wholes[p.Type] = append(c.wholes[p.Type], t)
			}
		}
	}
	look(s.Query)
	look(s.Mutation)
	for _, t := range s.Types() {
		look(t)
	}
}

// visible is the schema without what the sender may not read, when such things are to be concealed.
func (b *builder) visible(whole *ast.Schema) (*ast.Schema, error) {
	if !b.Conceals || !b.Asks() {
		return whole, nil
	}
	v := &view{b: b, whole: whole, hidden: map[string]map[string]bool{}, seen: map[string]bool{}}
	for _, t := range b.schema.Types() {
		if err := v.look(t); err != nil {
			return nil, err
		}
	}
	return v.schema(), nil
}

// view is what a sender sees of a schema.
type view struct {
	b      *builder
	whole  *ast.Schema
	hidden map[string]map[string]bool // fields, and values of enums that name fields, by their type
	seen   map[string]bool            // types that something visible leads to
}

func (v *view) hide(t *schema.Type, name string) {
	if t == nil {
		return
	}
	if v.hidden[t.Name] == nil {
		v.hidden[t.Name] = map[string]bool{}
	}
	v.hidden[t.Name][name] = true
}

// look asks for the fields of a type. What cannot be read cannot be filtered or ordered by either.
func (v *view) look(t *schema.Type) error {
	for _, f := range t.Fields {
		if t.Kind == schema.Input {
			if !v.b.guarded(f.Requires) {
				v.hide(t, f.Name)
			}
			continue
		}
		for _, a := range f.Args {
			if !v.b.guarded(a.Requires) {
				v.hide(t, f.Name+"("+a.Name)
			}
			// The values of the argument by are fields of what it groups.
			if of := grouped(f); of != nil && a.Type.Base().Kind == schema.Enum && a.Type.Base().Chooses {
				for _, value := range a.Type.Base().Values {
					if key := of.Field(value.Name); key != nil {
						if denied, err := v.b.asker.field(of, key); err != nil {
							return err
						} else if denied != nil {
							v.hide(a.Type.Base(), value.Name)
						}
					}
				}
			}
		}
		denied, err := v.b.asker.field(t, f)
		if err != nil {
			return err
		}
		if denied == nil {
			continue
		}
		v.hide(t, f.Name)
		if f.Measure == nil {
			v.hide(t.Filter, f.Name)
			v.hide(t.Order, f.Name)
		}
	}
	return nil
}

// grouped is the type whose rows a field puts into groups; nil when it does nothing of the kind.
func grouped(f *schema.Field) *schema.Type {
	switch {
	case f.Root != nil && f.Root.Kind == schema.Groups:
		return f.Root.Of
	case f.Relation != nil && f.Relation.As == schema.Groups:
		return f.Relation.To
	}
	return nil
}

// schema makes the schema of what is left. A type of which nothing is left is not there, and neither is what leads to it.
func (v *view) schema() *ast.Schema {
	for v.prune() {
	}
	out := *v.whole
	out.Types = map[string]*ast.Definition{}
	for _, root := range []*ast.Definition{v.whole.Query, v.whole.Mutation, v.whole.Subscription} {
		if root != nil {
			v.reach(root.Name)
		}
	}
	for _, d := range v.whole.Directives {
		for _, a := range d.Arguments {
			v.reach(a.Type.Name())
		}
	}
	for name, d := range v.whole.Types {
		if v.seen[name] || reserved(name) {
			out.Types[name] = v.part(d)
		}
	}
	out.Query = out.Types[v.whole.Query.Name]
	if v.whole.Mutation != nil {
		if out.Mutation = out.Types[v.whole.Mutation.Name]; len(out.Mutation.Fields) == 0 {
			delete(out.Types, v.whole.Mutation.Name)
			out.Mutation = nil
		}
	}
	out.PossibleTypes = map[string][]*ast.Definition{}
	for name, all := range v.whole.PossibleTypes {
		for _, d := range all {
			if part := out.Types[d.Name]; part != nil {
				out.PossibleTypes[name] = append(out.PossibleTypes[name], part)
			}
		}
	}
	return &out
}

// prune hides the fields that lead to types of which nothing is left, and tells whether there were any.
func (v *view) prune() (more bool) {
	empty := func(t *ast.Type) bool {
		d := v.whole.Types[t.Name()]
		return d != nil && !reserved(d.Name) && (len(d.Fields) > 0 || len(d.EnumValues) > 0) && v.left(d) == 0
	}
	for _, d := range v.whole.Types {
		for _, f := range d.Fields {
			if v.hidden[d.Name][f.Name] || reserved(f.Name) || !empty(f.Type) && !slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
				return a.Type.NonNull && empty(a.Type)
			}) {
				continue
			}
			if v.hidden[d.Name] == nil {
				v.hidden[d.Name] = map[string]bool{}
			}
			v.hidden[d.Name][f.Name], more = true, true
		}
	}
	return more
}

// left counts what is visible of a type.
func (v *view) left(d *ast.Definition) int {
	n := 0
	for _, f := range d.Fields {
		if !v.hidden[d.Name][f.Name] && !reserved(f.Name) {
			n++
		}
	}
	for _, value := range d.EnumValues {
		if !v.hidden[d.Name][value.Name] {
			n++
		}
	}
	return n
}

func (v *view) reach(name string) {
	d := v.whole.Types[name]
	if d == nil || v.seen[name] {
		return
	}
	v.seen[name] = true
	for _, f := range d.Fields {
		if v.hidden[name][f.Name] {
			continue
		}
		v.reach(f.Type.Name())
		for _, a := range f.Arguments {
			if !v.hidden[name][f.Name+"("+a.Name] {
				v.reach(a.Type.Name())
			}
		}
	}
	for _, i := range d.Interfaces {
		v.reach(i)
	}
	for _, p := range v.whole.PossibleTypes[name] {
		if t := v.b.schema.Type(p.Name); t == nil || v.b.guarded(t.Requires) {
			v.reach(p.Name)
		}
	}
}

// part is a type without what is hidden of it.
func (v *view) part(d *ast.Definition) *ast.Definition {
	hidden := v.hidden[d.Name]
	if len(hidden) == 0 {
		return d
	}
	out := *d
	out.Fields, out.EnumValues = nil, nil
	for _, f := range d.Fields {
		if hidden[f.Name] {
			continue
		}
		shown := *f
		shown.Arguments = nil
		for _, a := range f.Arguments {
			if !hidden[f.Name+"("+a.Name] {
				shown.Arguments = append(shown.Arguments, a)
			}
		}
		out.Fields = append(out.Fields, &shown)
	}
	for _, value := range d.EnumValues {
		if !hidden[value.Name] {
			out.EnumValues = append(out.EnumValues, value)
		}
	}
	return &out
}

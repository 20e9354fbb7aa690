package catalog

import (
	"slices"

	"github.com/fraiseql/fraiseql-go/schema"
)

// besideKind is a kind of fields beside a list of related rows.
type besideKind struct {
	kind  schema.RootKind
	word  string // behind the list's name, when it has no name of its own
	named func(*schema.QueryNames) *string
}

var besides = [...]besideKind{
	{schema.Aggregate, "Aggregate", func(n *schema.QueryNames) *string { return n.Aggregate }},
	{schema.Groups, "Groups", func(n *schema.QueryNames) *string { return n.Groups }},
	{schema.Connection, "Connection", func(n *schema.QueryNames) *string { return n.Connection }},
}

// addBeside gives the lists of related rows their arguments, and puts fields with figures over them, groups and pages beside
// them. Which figures can be filtered and ordered by is settled before the first filter or order is made.
func (b *builder) addBeside() {
	names := map[*schema.Field]schema.FieldDecl{}
	for _, p := range b.pending {
		names[p.field] = p.decl
	}
	var lists []*schema.Field
	for _, o := range b.order {
		if o.dropped {
			continue
		}
		for _, f := range o.t.Fields {
			if f.Relation != nil && f.Relation.Many {
				lists = append(lists, f)
				decl := names[f]
				b.count(f.Relation.To, &decl.Beside)
			} else if beside := names[f].Beside; beside != (schema.QueryNames{}) {
				b.report(o.fatal, fieldOrigin(o, names[f]), "leave these names out, or let it lead to a list", "there are figures over lists and pages of them, and %s is one object", f.Name)
			}
		}
	}
	for _, f := range lists {
		b.figures(f.Relation.To)
	}
	for _, abstract := range []bool{false, true} { // an interface promises what all its objects have
		for _, o := range b.order {
			if o.dropped || o.t.Abstract() != abstract {
				continue
			}
			for i := len(o.t.Fields) - 1; i >= 0; i-- {
				if list := o.t.Fields[i]; list.Relation != nil && list.Relation.Many {
					list.Args = b.listArgs(list.Relation.To)
					o.t.Fields = slices.Insert(o.t.Fields, i+1, b.beside(o, list, names[list])...)
				}
			}
		}
	}
}

// offered tells whether a type has a query of a kind.
func (b *builder) offered(o *object, kind schema.RootKind, named func(*schema.QueryNames) *string) bool {
	if kind == schema.Connection && len(o.t.Key) == 0 {
		return false
	}
	if slices.ContainsFunc(b.d.Queries, func(q schema.QueryDecl) bool { return q.Kind == kind && q.Type == o.decl.Name }) {
		return true
	}
	if o.decl.Queries == nil {
		return false
	}
	name := named(o.decl.Queries)
	return name == nil || *name != ""
}

// count notes that there are to be figures over the rows of a type, if a query or a field beside a list gives them.
func (b *builder) count(t *schema.Type, names *schema.QueryNames) {
	o := b.objects[t.Name]
	for _, beside := range besides[:2] {
		name := beside.named(names)
		if name == nil && b.offered(o, beside.kind, beside.named) || name != nil && *name != "" {
			b.counted[t] = true
		}
	}
}

// figures makes the object of what is known of a list of rows, once: the same as its type's aggregates give, or when nothing
// gives these only their number.
func (b *builder) figures(t *schema.Type) {
	if t.Figures != nil {
		return
	}
	o := b.objects[t.Name]
	if b.counted[t] {
		if m := b.measuresOf(o, o.decl.Origin, o.fatal); m.taken(b, true) == "" && m.taken(b, false) == "" {
			t.Figures = m.aggregate(b)
			b.figured[t] = m
			return
		}
	}
	t.Figures = &schema.Type{Kind: schema.Object, Name: t.Name + "Count", Fields: []*schema.Field{
		{Name: "count", Type: schema.NonNull(schema.Of(b.scalars["Int"])), Description: rowCount, Measure: &schema.Measure{Kind: schema.RowCount}},
	}}
}

const rowCount = "How many rows there are."

// wanted tells whether one of an object's relations asks for a name, which others then do without.
func (b *builder) wanted(o *object, name string) bool {
	return slices.ContainsFunc(b.pending, func(p pending) bool {
		return p.o == o && slices.ContainsFunc(besides[:], func(s besideKind) bool {
			own := s.named(&p.decl.Beside)
			return own != nil && *own == name
		})
	})
}

// noun says what a field is: a query, or a field beside a list.
func noun(f *schema.Field) string {
	if f.Root != nil {
		return "query"
	}
	return "field"
}

func told(f *schema.Field) string { return "the " + noun(f) + " " + f.Name }

// beside makes the fields beside a list. Where a type has such a name for a field of its own, that stays.
func (b *builder) beside(o *object, list *schema.Field, decl schema.FieldDecl) []*schema.Field {
	var all []*schema.Field
	if list.Hidden {
		return nil
	}
	to := b.objects[list.Relation.To.Name]
	on := fieldOrigin(o, decl)
	for _, beside := range besides {
		name, asked := list.Name+beside.word, false
		if own := beside.named(&decl.Beside); own != nil {
			name, asked = *own, true
		} else if !b.offered(to, beside.kind, beside.named) || b.wanted(o, name) {
			continue
		}
		if name == "" {
			continue
		}
		relation := *list.Relation
		relation.As = beside.kind
		f := &schema.Field{Name: name, Relation: &relation, Deprecated: list.Deprecated, Requires: list.Requires, NoFilter: true, NoOrder: true}
		if slices.ContainsFunc(append(o.t.Fields, all...), func(other *schema.Field) bool { return other.Name == name }) {
			if asked {
				b.report(o.fatal, on, "give one of them another name", "there is a field %s already, so this one is left out", name)
			}
			continue
		}
		if !schema.ValidName(name) {
			b.report(o.fatal, on, "give it another name", "%q cannot be a field's name", name)
			continue
		}
		var made bool
		switch fatal := asked && o.fatal; beside.kind {
		case schema.Connection:
			f.Description = "The same rows as " + list.Name + ", page by page."
			made = b.asConnection(to, f, on, fatal, asked)
		case schema.Groups:
			f.Description = "The rows of " + list.Name + " in groups, with figures over each."
			made = b.asMeasures(to, f, beside.kind, on, fatal, asked)
		default:
			f.Description = "Figures over the rows of " + list.Name + "."
			made = b.asMeasures(to, f, beside.kind, on, fatal, asked)
		}
		if !made {
			continue
		}
		f.Type = schema.NonNull(f.Type)
		if !slices.ContainsFunc(o.t.Possible, func(p *schema.Possible) bool { return unlike(p.Type, f) != "" }) {
			all = append(all, f)
		}
	}
	return all
}

package catalog

import (
	"slices"

	"github.com/fraiseql/fraiseql-go/internal/operator"
	"github.com/fraiseql/fraiseql-go/schema"
)

// listArgs are the arguments of a list: where, orderBy, limit, offset.
func (b *builder) listArgs(t *schema.Type) []*schema.Field {
	var args []*schema.Field
	if where := b.where(t); where != nil {
		args = append(args, &schema.Field{Name: "where", Type: schema.Of(where), Description: "Only the rows that match."})
	}
	if order := b.orderBy(t); order != nil {
		args = append(args, &schema.Field{
			Name: "orderBy", Type: schema.ListOf(schema.NonNull(schema.Of(order))),
			Description: "The order of the rows; the key decides between equals.",
		})
	}
	return append(args,
		&schema.Field{Name: "limit", Type: schema.Of(b.scalars["Int"]), Description: "At most this many rows."},
		&schema.Field{Name: "offset", Type: schema.Of(b.scalars["Int"]), Description: "Rows to skip."})
}

// where makes the filter of an object type; nil when none of its fields can be filtered.
func (b *builder) where(t *schema.Type) *schema.Type {
	if made, ok := b.wheres[t]; ok {
		return made
	}
	if !filterable(t, map[*schema.Type]bool{}) {
		b.wheres[t] = nil
		return nil
	}
	where := b.generated(&schema.Type{Kind: schema.Input, Name: t.Name + "WhereInput", Description: "Conditions on " + t.Name + "; all of them must hold."})
	b.wheres[t], t.Filter = where, where
	list := func(name, text string) {
		where.Fields = append(where.Fields, &schema.Field{Name: name, Type: schema.ListOf(schema.NonNull(schema.Of(where))), Description: text})
	}
	list("AND", "All of these hold.")
	list("OR", "At least one of these holds.")
	where.Fields = append(where.Fields, &schema.Field{Name: "NOT", Type: schema.Of(where), Description: "This does not hold."})
	for _, f := range t.Fields {
		if f.NoFilter || f.Batch != nil {
			continue
		}
		if slices.ContainsFunc(where.Fields[:3], func(junction *schema.Field) bool { return junction.Name == f.Name }) {
			b.report(false, "type "+t.Name+", field "+f.Name, "give the field another name", "it is left out of filters, where %s joins conditions", f.Name)
			f.NoFilter = true
			continue
		}
		if kind := b.condition(f); kind != nil {
			where.Fields = append(where.Fields, &schema.Field{Name: f.Name, Type: schema.Of(kind), Description: f.Description})
		}
	}
	return where
}

// filterable tells whether a filter would have a field of its own; relations do not count.
func filterable(t *schema.Type, seen map[*schema.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	for _, f := range t.Fields {
		if f.NoFilter || f.Relation != nil || f.Batch != nil {
			continue
		}
		if base := f.Type.Base(); !base.Composite() || filterable(base, seen) {
			return true
		}
	}
	return false
}

// condition is the input that filters by a field; nil when nothing can.
func (b *builder) condition(f *schema.Field) *schema.Type {
	base := f.Type.Base()
	switch {
	case base.Composite() && f.Type.Elem != nil:
		return b.quantifiers(base)
	case base.Composite():
		return b.where(base)
	}
	return b.operators(f)
}

// quantifiers makes the filter of a list of objects; nil when the objects have none.
func (b *builder) quantifiers(t *schema.Type) *schema.Type {
	name := t.Name + "ListMatchInput"
	if made := b.filters[name]; made != nil {
		return made
	}
	where := b.where(t)
	if made := b.filters[name]; made != nil || where == nil { // made on the way, when the objects have such a list themselves
		return made
	}
	if made := b.filters[name]; made != nil { // by a list of its own kind, when the filter was made just now
		return made
	}
	in := &schema.Type{Kind: schema.Input, Name: name, Description: "Conditions on a list of " + t.Name + "; a list that is null counts as empty."}
	for _, row := range [...][2]string{
		{"some", "At least one of the list matches this; {} asks for a list that is not empty."},
		{"every", "All of the list match this; so does an empty list."},
		{"none", "None of the list matches this; {} asks for an empty list."},
	} {
		in.Fields = append(in.Fields, &schema.Field{Name: row[0], Type: schema.Of(where), Description: row[1]})
	}
	if b.filters[name] = b.generated(in); t.Figures == nil { // a list in a document
		return in
	}
	in.Fields = append(in.Fields, &schema.Field{Name: "where", Type: schema.Of(where), Description: "Only these rows count for the other conditions here."})
	if m := b.figured[t]; m != nil {
		m.conditionsOn(b, in)
	} else {
		in.Fields = append(in.Fields, &schema.Field{Name: "count", Type: schema.Of(b.condition(t.Figures.Fields[0])), Description: rowCount})
	}
	return in
}

// The names of generated types that every schema may need; nothing else may have them.
const (
	orderDirection = "OrderDirection"
	reserved       = "a generated type"
)

// reserve keeps the names of the filters of scalars.
func (b *builder) reserve() {
	for _, name := range [...]string{orderDirection, operator.AddressRange, operator.FullTextName, operator.FullTextName + "Filter"} {
		b.claims[name] = reserved
	}
	for name, t := range b.scalars {
		b.claims[name] = "a scalar"
		if t.As != nil {
			b.claims[name] = "the scalar that Go declares"
		}
		b.claims[name+"Filter"], b.claims[name+"ListFilter"], b.claims[name+"TreeFilter"] = reserved, reserved, reserved
	}
}

// reserveInputs keeps the names of an object's filter and order, so that nothing discovered
// later takes them; otherwise it gives the name that is taken already.
func (b *builder) reserveInputs(o *object) string {
	taken := ""
	for _, suffix := range [...]string{"WhereInput", "OrderByInput", "ListMatchInput", "ListOrderInput"} {
		name := o.decl.Name + suffix
		if other, is := b.claims[name]; is && other != reserved {
			taken = name
			continue
		}
		b.claims[name] = reserved
	}
	return taken
}

// generated claims the name of a type that is made for another one.
func (b *builder) generated(t *schema.Type) *schema.Type {
	if other, taken := b.claims[t.Name]; taken && other != reserved {
		b.report(true, "type "+t.Name, "give "+other+" another name", "the name is needed for filters or orders, and %s has it", other)
	}
	b.claims[t.Name] = reserved
	return t
}

// describeRows makes the filter and the order of each object with rows, whether or not a query
// takes them: a Go resolver may describe rows in the same terms.
func (b *builder) describeRows() {
	for _, o := range b.order {
		if o.rel != nil && !o.dropped {
			b.where(o.t)
			b.orderBy(o.t)
		}
	}
}

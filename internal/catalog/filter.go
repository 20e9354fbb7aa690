package catalog

import (
	"slices"

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
		if base := f.Type.Base(); base.Kind != schema.Object || filterable(base, seen) {
			return true
		}
	}
	return false
}

// condition is the input that filters by a field.
func (b *builder) condition(f *schema.Field) *schema.Type {
	base := f.Type.Base()
	if base.Kind == schema.Object {
		return b.where(base)
	}
	if f.Type.Elem != nil {
		return b.operators(base.Name+"ListFilter", "Conditions on a list of "+base.Name+".", nil)
	}
	return b.operators(base.Name+"Filter", "Conditions on "+base.Name+"; all of them must hold.", base)
}

// operators makes the input with the operators for a scalar or enum once.
func (b *builder) operators(name, description string, t *schema.Type) *schema.Type {
	if made := b.filters[name]; made != nil {
		return made
	}
	in := &schema.Type{Kind: schema.Input, Name: name, Description: description}
	op := func(name, text string) {
		in.Fields = append(in.Fields, &schema.Field{Name: name, Type: schema.Of(t), Description: text})
	}
	if t != nil && t.Name != "JSON" {
		op("eq", "Equal to.")
		op("neq", "Not equal to; null does not match.")
		if t.Name != "Boolean" {
			list := schema.ListOf(schema.NonNull(schema.Of(t)))
			in.Fields = append(in.Fields,
				&schema.Field{Name: "in", Type: list, Description: "One of these; an empty list matches nothing."},
				&schema.Field{Name: "nin", Type: list, Description: "None of these; an empty list matches everything."})
		}
		switch t.Name {
		case "Int", "BigInt", "Decimal", "Float", "Date", "Time", "DateTime", "LocalDateTime", "Duration":
			op("gt", "Greater than.")
			op("gte", "Greater than or equal to.")
			op("lt", "Less than.")
			op("lte", "Less than or equal to.")
		case "String":
			op("contains", "Has this text in it; % and _ stand for themselves.")
			op("startsWith", "Begins with this text; % and _ stand for themselves.")
		}
	}
	in.Fields = append(in.Fields, &schema.Field{Name: "isNull", Type: schema.Of(b.scalars["Boolean"]), Description: "true: is null; false: is not."})
	b.filters[name] = b.generated(in)
	return in
}

// orderBy makes the order of an object type; nil when none of its fields has an order.
func (b *builder) orderBy(t *schema.Type) *schema.Type {
	if made, ok := b.orders[t]; ok {
		return made
	}
	own := false
	for _, f := range t.Fields {
		own = own || !f.NoOrder && f.Relation == nil
	}
	if !own {
		b.orders[t] = nil
		return nil
	}
	order := b.generated(&schema.Type{Kind: schema.Input, Name: t.Name + "OrderByInput", Description: "An order of " + t.Name + "."})
	b.orders[t], t.Order = order, order
	for _, f := range t.Fields {
		if f.NoOrder {
			continue
		}
		by := b.direction()
		if f.Relation != nil {
			by = b.orderBy(f.Relation.To)
		}
		if by != nil {
			order.Fields = append(order.Fields, &schema.Field{Name: f.Name, Type: schema.Of(by), Description: f.Description})
		}
	}
	return order
}

// direction makes the enum of directions once.
func (b *builder) direction() *schema.Type {
	if made := b.filters[orderDirection]; made != nil {
		return made
	}
	t := &schema.Type{Kind: schema.Enum, Name: orderDirection, Description: "A direction of sorting."}
	for _, row := range [...][2]string{
		{"ASC", "Smallest first, nulls last."},
		{"DESC", "Greatest first, and nulls before them."},
		{"ASC_NULLS_FIRST", "Nulls, then smallest first."},
		{"ASC_NULLS_LAST", "Smallest first, nulls last."},
		{"DESC_NULLS_FIRST", "Nulls, then greatest first."},
		{"DESC_NULLS_LAST", "Greatest first, nulls last."},
	} {
		t.Values = append(t.Values, schema.EnumValue{Name: row[0], Label: row[0], Description: row[1]})
	}
	b.filters[orderDirection] = b.generated(t)
	return t
}

// The names of generated types that every schema may need; nothing else may have them.
const (
	orderDirection = "OrderDirection"
	reserved       = "a generated type"
)

// reserve keeps the names of the filters of scalars.
func (b *builder) reserve() {
	b.claims[orderDirection] = reserved
	for name := range b.scalars {
		b.claims[name] = "a scalar"
		b.claims[name+"Filter"], b.claims[name+"ListFilter"] = reserved, reserved
	}
}

// reserveInputs keeps the names of an object's filter and order, so that nothing discovered
// later takes them; otherwise it gives the name that is taken already.
func (b *builder) reserveInputs(o *object) string {
	taken := ""
	for _, name := range [...]string{o.decl.Name + "WhereInput", o.decl.Name + "OrderByInput"} {
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

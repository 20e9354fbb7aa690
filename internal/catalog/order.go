package catalog

import "github.com/fraiseql/fraiseql-go/schema"

// orderBy makes the order of an object type; nil when none of its fields has an order.
func (b *builder) orderBy(t *schema.Type) *schema.Type {
	if made, ok := b.orders[t]; ok {
		return made
	}
	if !orderable(t, map[*schema.Type]bool{}) {
		b.orders[t] = nil
		return nil
	}
	order := b.generated(&schema.Type{Kind: schema.Input, Name: t.Name + "OrderByInput", Description: "An order of " + t.Name + "."})
	b.orders[t], t.Order = order, order
	for _, f := range t.Fields {
		if f.NoOrder {
			continue
		}
		var by *schema.Type
		switch base := f.Type.Base(); {
		case f.Relation != nil && f.Relation.Many:
			by = b.listOrder(base)
		case base.Composite() || base.Range != "":
			by = b.orderBy(base)
		default:
			by = b.direction()
		}
		if by != nil {
			order.Fields = append(order.Fields, &schema.Field{Name: f.Name, Type: schema.Of(by), Description: f.Description})
		}
	}
	return order
}

// orderable tells whether an order would have a field of its own; relations do not count.
func orderable(t *schema.Type, seen map[*schema.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	for _, f := range t.Fields {
		if f.NoOrder || f.Relation != nil {
			continue
		}
		if base := f.Type.Base(); !base.Composite() && base.Range == "" || orderable(base, seen) {
			return true
		}
	}
	return false
}

// listOrder makes the order by what is known of a list of objects as a whole.
func (b *builder) listOrder(t *schema.Type) *schema.Type {
	name := t.Name + "ListOrderInput"
	if made := b.filters[name]; made != nil {
		return made
	}
	in := b.generated(&schema.Type{Kind: schema.Input, Name: name, Description: "An order by a list of " + t.Name + "."})
	if b.filters[name] = in; b.figured[t] != nil {
		b.figured[t].ordersBy(b, nil, in)
	} else {
		in.Fields = []*schema.Field{{Name: "count", Type: schema.Of(b.direction()), Description: rowCount}}
	}
	return in
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

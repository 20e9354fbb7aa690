package catalog

import "github.com/fraiseql/fraiseql-go/schema"

// rangeTypes lists the ranges that are served: GraphQL name, SQL type, and the scalar of the
// bounds.
func rangeTypes() [][3]string {
	return [][3]string{
		{"IntRange", "int4range", "Int"},
		{"BigIntRange", "int8range", "BigInt"},
		{"DecimalRange", "numrange", "Decimal"},
		{"DateRange", "daterange", "Date"},
		{"LocalDateTimeRange", "tsrange", "LocalDateTime"},
		{"DateTimeRange", "tstzrange", "DateTime"},
	}
}

// rangeOf makes the object that stands for a range once, by its GraphQL or SQL name; nil for
// another name, and where something else has the names that it needs. Only schemas that use it
// lose these names.
func (b *builder) rangeOf(name string) *schema.Type {
	for _, row := range rangeTypes() {
		if name != row[0] && name != row[1] {
			continue
		}
		if made := b.filters[row[0]]; made != nil {
			return made
		}
		for _, name := range [...]string{row[0], row[0] + "Input", row[0] + "Filter", row[0] + "ListFilter"} {
			if other, taken := b.claims[name]; taken && other != reserved {
				return nil
			}
		}
		boolean, bound := schema.NonNull(schema.Of(b.scalars["Boolean"])), schema.Of(b.scalars[row[2]])
		t := &schema.Type{
			Kind: schema.Object, Name: row[0], Range: row[1], Description: "The values of " + row[2] + " from one to another.",
			Fields: []*schema.Field{
				{Name: "lower", Key: "lower", Type: bound, Description: "Where it begins; null: it has no beginning, or is empty."},
				{Name: "upper", Key: "upper", Type: bound, Description: "Where it ends; null: it has no end, or is empty."},
				{Name: "includesLower", Key: "includesLower", Type: boolean, Description: "Whether lower is in it."},
				{Name: "includesUpper", Key: "includesUpper", Type: boolean, Description: "Whether upper is in it."},
				{Name: "isEmpty", Key: "isEmpty", Type: boolean, Description: "Whether no value is in it; then the other fields tell nothing."},
			},
		}
		b.filters[t.Name] = b.generated(t)
		for _, suffix := range [...]string{"Input", "Filter", "ListFilter"} {
			b.claims[t.Name+suffix] = reserved
		}
		return t
	}
	return nil
}

// rangeInput makes the input of a range once.
func (b *builder) rangeInput(t *schema.Type) *schema.Type {
	name := t.Name + "Input"
	if made := b.filters[name]; made != nil {
		return made
	}
	boolean, bound := schema.NonNull(schema.Of(b.scalars["Boolean"])), t.Fields[0].Type
	b.filters[name] = b.generated(&schema.Type{
		Kind: schema.Input, Name: name, Description: "A range to compare with; one from a value to the same value, which is left out, is empty.",
		Fields: []*schema.Field{
			{Name: "lower", Type: bound, Description: "Where it begins; null: it has no beginning."},
			{Name: "upper", Type: bound, Description: "Where it ends; null: it has no end."},
			{Name: "includesLower", Type: boolean, Default: "true", Description: "Whether lower is in it."},
			{Name: "includesUpper", Type: boolean, Default: "false", Description: "Whether upper is in it."},
		},
	})
	return b.filters[name]
}

package catalog

import (
	"github.com/fraiseql/fraiseql-go/internal/operator"
	"github.com/fraiseql/fraiseql-go/schema"
)

// operators makes the input with the operators for a scalar, an enum, a range, or a list of
// one, once.
func (b *builder) operators(f *schema.Field) *schema.Type {
	base := f.Type.Base()
	class := classOf(f)
	name, about := base.Name, base.Name
	if class == operator.FullText {
		about = "full text"
	}
	switch class {
	case operator.List:
		name, about = name+"List", "a list of "+about
	case operator.Tree:
		name, about = name+"Tree", "the "+about+" of a row that has a place in a tree"
	}
	name += "Filter"
	if made := b.filters[name]; made != nil {
		return made
	}
	in := &schema.Type{Kind: schema.Input, Name: name, Description: "Conditions on " + about + "; all of them must hold."}
	taken := map[string]bool{}
	for _, op := range operator.For(class) {
		in.Fields = append(in.Fields, &schema.Field{Name: op.Name, Type: b.operand(op.Takes, base, class == operator.List), Description: op.Description})
		taken[op.Name] = true
	}
	if b.o.CompatibleOperators {
		for i, op := range operator.For(class) {
			for _, spelling := range op.Spellings() {
				if !taken[spelling] {
					taken[spelling] = true
					in.Fields = append(in.Fields, &schema.Field{Name: spelling, Type: in.Fields[i].Type, Hidden: true, Alias: op.Name})
				}
			}
		}
	}
	b.filters[name] = b.generated(in)
	return in
}

// classOf gives the class of the operators that a field has.
func classOf(f *schema.Field) operator.Class {
	base := f.Type.Base().Underlying()
	return operator.Subject{Type: base.Name, Enum: base.Kind == schema.Enum, List: f.Type.Elem != nil, Tree: f.Tree != nil, Extension: base.SQL != ""}.Class()
}

// operand is the type of what an operator takes for a base type.
func (b *builder) operand(takes operator.Operand, base *schema.Type, list bool) *schema.Ref {
	own := schema.Of(base)
	if base.Range != "" {
		own = schema.Of(b.rangeInput(base))
	}
	switch takes {
	case operator.Same:
		if !list {
			return own
		}
		return schema.ListOf(schema.NonNull(own))
	case operator.Items:
		return schema.ListOf(schema.NonNull(own))
	case operator.Item:
		return own
	case operator.Bound:
		return schema.Of(base.Fields[0].Type.Named)
	case operator.Strings:
		return schema.ListOf(schema.NonNull(schema.Of(b.scalars["String"])))
	case operator.Addresses:
		return schema.Of(b.addressRange())
	}
	return schema.Of(b.scalars[map[operator.Operand]string{
		operator.Switch: "Boolean", operator.Count: "Int", operator.String: "String", operator.JSON: "JSON", operator.Subnet: "CIDR", operator.Host: "IpAddress",
	}[takes]])
}

// addressRange makes the input of two addresses once.
func (b *builder) addressRange() *schema.Type {
	if made := b.filters[operator.AddressRange]; made != nil {
		return made
	}
	address := schema.NonNull(schema.Of(b.scalars["IpAddress"]))
	in := &schema.Type{Kind: schema.Input, Name: operator.AddressRange, Description: "The addresses from one to another, both included.", Fields: []*schema.Field{
		{Name: "from", Type: address, Description: "The first address."},
		{Name: "to", Type: address, Description: "The last address."},
	}}
	b.filters[in.Name] = b.generated(in)
	return in
}

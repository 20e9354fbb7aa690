package gqlop

import (
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// value checks a literal against the type of its place; t is nil when the type is not known,
// or when a custom scalar takes the literal as a whole.
func (c *checker) value(v *ast.Value, t *ast.Type, hasDefault bool) {
	if v == nil || c.full {
		return
	}
	v.ExpectedType, v.ExpectedTypeHasDefault, v.Definition = t, hasDefault, c.x.named(t)
	switch v.Kind {
	case ast.Variable:
		c.within.uses = append(c.within.uses, v)
	case ast.ListValue:
		var elem *ast.Type
		if t != nil {
			if elem = t.Elem; elem == nil {
				c.leaf(v)
			}
		}
		for _, child := range v.Children {
			c.value(child.Value, elem, false)
		}
	case ast.ObjectValue:
		c.object(v)
	case ast.NullValue:
		if t != nil && t.NonNull {
			c.add("ValuesOfCorrectType", v.Position, "type %s takes no null", quoted(t.String()))
		}
	default:
		c.leaf(v)
	}
}

// object checks an object literal. A list takes a single value as its only element, so the
// type inside counts.
func (c *checker) object(v *ast.Value) {
	def := v.Definition
	repeated(len(v.Children), func(i int) string { return v.Children[i].Name }, func(name string, all []int) {
		for _, i := range all[1:] {
			c.addAt("UniqueInputFieldNames",
				[]*ast.Position{v.Children[all[0]].Position, v.Children[i].Position},
				"input field %s is given twice; once is right", quoted(name))
		}
	})
	if def == nil || def.Kind != ast.InputObject {
		c.leaf(v)
		for _, child := range v.Children {
			c.value(child.Value, nil, false)
		}
		return
	}
	given := make(map[string]bool, len(v.Children))
	for _, child := range v.Children {
		given[child.Name] = true
	}
	for _, f := range def.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && !given[f.Name] {
			c.add("ValuesOfCorrectType", v.Position, "%s needs its field %s of type %s",
				quoted(def.Name), quoted(f.Name), quoted(f.Type.String()))
		}
	}
	if def.Directives.ForName("oneOf") != nil {
		c.oneOf(v)
	}
	for _, child := range v.Children {
		if c.full {
			return
		}
		f := c.x.fields[def][child.Name]
		if f == nil {
			c.add("ValuesOfCorrectType", child.Position, "there is no field %s on input type %s%s",
				quoted(child.Name), quoted(def.Name), c.suggestField(def, child.Name))
			c.value(child.Value, nil, false)
			continue
		}
		c.value(child.Value, f.Type, f.DefaultValue != nil)
	}
}

// oneOf asks for exactly one field with a value. A variable there must be non-null; that is
// seen when the operation's variables are looked at.
// Source: GraphQL specification, section 5.6.5, "All Variable Usages Are Allowed", and 3.10.1.
func (c *checker) oneOf(v *ast.Value) {
	if len(v.Children) != 1 {
		c.add("ValuesOfCorrectType", v.Position, "%s takes exactly one of its fields, not %d",
			quoted(v.Definition.Name), len(v.Children))
	}
	for _, child := range v.Children {
		switch {
		case child.Value == nil:
		case child.Value.Kind == ast.NullValue && len(v.Children) == 1:
			c.add("ValuesOfCorrectType", v.Position, "field %s takes no null, as %s takes exactly one value",
				quoted(v.Definition.Name+"."+child.Name), quoted(v.Definition.Name))
		case child.Value.Kind == ast.Variable:
			c.within.oneOf = append(c.within.oneOf, oneOfUse{child.Value, v.Definition})
		}
	}
}

// leaf checks a literal that is no list, object, null or variable, or one that stands where
// its place takes neither list nor object.
func (c *checker) leaf(v *ast.Value) {
	def := v.Definition
	if def == nil {
		return
	}
	t := v.ExpectedType.String()
	switch def.Kind {
	case ast.Scalar:
		if why := scalar(def.Name, v); why != "" {
			c.add("ValuesOfCorrectType", v.Position, "%s is not a value of type %s: %s", literal(v), quoted(t), why)
		}
	case ast.Enum:
		if v.Kind == ast.EnumValue {
			if def.EnumValues.ForName(v.Raw) == nil {
				c.add("ValuesOfCorrectType", v.Position, "there is no value %s in enum %s%s",
					quoted(v.Raw), quoted(def.Name), c.suggestValue(def, v.Raw))
			}
			return
		}
		c.add("ValuesOfCorrectType", v.Position, "%s is not a value of enum %s%s",
			literal(v), quoted(t), c.suggestValue(def, v.Raw))
	case ast.InputObject:
		c.add("ValuesOfCorrectType", v.Position, "%s is not a value of type %s: write an object { … }", literal(v), quoted(t))
	}
}

// scalar says why a literal is no value of a built-in scalar; empty when it is. Custom
// scalars are read when arguments are coerced.
// Source: GraphQL specification, section 3.5, "Input Coercion" of each.
func scalar(name string, v *ast.Value) string {
	switch name {
	case "Int":
		if v.Kind != ast.IntValue {
			return "write a whole number without quotes"
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return "it needs more than 32 bits"
		}
	case "Float":
		if v.Kind != ast.IntValue && v.Kind != ast.FloatValue {
			return "write a number without quotes"
		}
		if n, err := strconv.ParseFloat(v.Raw, 64); err != nil || math.IsInf(n, 0) {
			return "it is too large"
		}
	case "String":
		if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
			return "write it in quotes"
		}
	case "Boolean":
		if v.Kind != ast.BooleanValue {
			return "write true or false"
		}
	case "ID":
		if v.Kind != ast.StringValue && v.Kind != ast.BlockValue && v.Kind != ast.IntValue {
			return "write a string or a whole number"
		}
	}
	return ""
}

// literal names a literal in a message; a list or object is not written out.
func literal(v *ast.Value) string {
	switch v.Kind {
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	case ast.StringValue, ast.BlockValue:
		return strconv.Quote(short(v.Raw))
	}
	return short(v.Raw)
}

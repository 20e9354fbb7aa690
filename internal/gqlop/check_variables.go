package gqlop

import "github.com/vektah/gqlparser/v2/ast"

// oneOfUse is a variable that stands for the one field of a @oneOf input.
type oneOfUse struct {
	value *ast.Value
	input *ast.Definition
}

func (c *checker) variableDefinitions(op *ast.OperationDefinition) {
	list := op.VariableDefinitions
	repeated(len(list), func(i int) string { return list[i].Variable }, func(name string, all []int) {
		c.addAt("UniqueVariableNames", places(all, func(i int) *ast.Position { return list[i].Position }),
			"variable %s is declared %d times; once is right", quoted("$"+name), len(all))
	})
	for _, v := range list {
		if c.full {
			return
		}
		v.Definition = c.x.named(v.Type)
		switch {
		case v.Definition == nil:
			c.add("KnownTypeNames", v.Position, "there is no type %s%s", quoted(v.Type.Name()), c.suggestType(v.Type.Name()))
		case !v.Definition.IsInputType():
			c.add("VariablesAreInputTypes", v.Position,
				"variable %s cannot be of type %s, which only answers hold", quoted("$"+v.Variable), quoted(v.Type.String()))
		}
		if v.DefaultValue != nil {
			t := v.Type
			if v.Definition != nil && !v.Definition.IsInputType() {
				t = nil
			}
			c.value(v.DefaultValue, t, false)
		}
		c.directives(v.Directives, ast.LocationVariableDefinition)
	}
}

// variables checks each use of a variable that an operation reaches.
func (c *checker) variables(s *scope) {
	declared := make(map[string]*ast.VariableDefinition, len(s.op.VariableDefinitions))
	for _, v := range s.op.VariableDefinitions {
		if declared[v.Variable] == nil {
			declared[v.Variable] = v
		}
	}
	in := ""
	if s.op.Name != "" {
		in = " of operation " + quoted(s.op.Name)
	}
	c.reach(s, func(from *scope) {
		if c.full {
			return
		}
		for _, use := range from.uses {
			v := declared[use.Raw]
			if v == nil {
				c.addAt("NoUndefinedVariables", []*ast.Position{use.Position, s.op.Position},
					"variable %s is not among the variables%s: declare it", quoted("$"+use.Raw), in)
				continue
			}
			v.Used = true
			if v.Definition == nil || use.ExpectedType == nil || fits(v, use) {
				continue
			}
			c.addAt("VariablesInAllowedPosition", []*ast.Position{v.Position, use.Position},
				"variable %s is of type %s, but its place takes %s", quoted("$"+v.Variable),
				quoted(v.Type.String()), quoted(use.ExpectedType.String()))
		}
		for _, use := range from.oneOf {
			v := declared[use.value.Raw]
			if v == nil || v.Type.NonNull {
				continue
			}
			c.addAt("VariablesInAllowedPosition", []*ast.Position{v.Position, use.value.Position},
				"variable %s is of type %s, but %s takes exactly one value and no null: declare it as %s",
				quoted("$"+v.Variable), quoted(v.Type.String()), quoted(use.input.Name), quoted(v.Type.String()+"!"))
		}
	})
	for _, v := range s.op.VariableDefinitions {
		if !v.Used && declared[v.Variable] == v {
			c.add("NoUnusedVariables", v.Position,
				"variable %s%s is never used: use it or take it out", quoted("$"+v.Variable), in)
		}
	}
}

// fits tells whether a variable may stand where a value of another type is expected. Where
// null is not allowed, a default of the variable or of the place makes up for a variable that
// may be left out.
// Source: GraphQL specification, section 5.8.5, "All Variable Usages Are Allowed".
func fits(v *ast.VariableDefinition, use *ast.Value) bool {
	place := use.ExpectedType
	if place.NonNull && !v.Type.NonNull {
		filled := v.DefaultValue != nil && v.DefaultValue.Kind != ast.NullValue
		if !filled && !use.ExpectedTypeHasDefault {
			return false
		}
		return subtype(v.Type, &ast.Type{NamedType: place.NamedType, Elem: place.Elem})
	}
	return subtype(v.Type, place)
}

func subtype(t, of *ast.Type) bool {
	if of.NonNull && !t.NonNull {
		return false
	}
	if t.Elem == nil || of.Elem == nil {
		return t.Elem == nil && of.Elem == nil && t.NamedType == of.NamedType
	}
	return subtype(t.Elem, of.Elem)
}

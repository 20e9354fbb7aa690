package sdldiff

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

func (c *comparison) types() {
	lists(
		own(c.before), own(c.after), func(d *ast.Definition) string { return d.Name },
		func(d *ast.Definition) {
			c.add(Breaking, "TYPE_REMOVED", d.Name, "the %s %s was removed", kind(d), d.Name)
		},
		func(d *ast.Definition) {
			c.add(NonBreaking, "TYPE_ADDED", d.Name, "the %s %s was added", kind(d), d.Name)
		},
		c.definition,
	)
}

func kind(d *ast.Definition) string {
	return strings.ReplaceAll(strings.ToLower(string(d.Kind)), "_", " ")
}

func (c *comparison) definition(before, after *ast.Definition) {
	if before.Kind == after.Kind {
		switch after.Kind {
		case ast.Object:
			c.object("OBJECT", before, after)
		case ast.Interface:
			c.object("INTERFACE", before, after)
		case ast.Union:
			c.members(before, after)
			c.applied("UNION_MEMBER", after.Name, before.Directives, after.Directives)
		case ast.Enum:
			c.enum(before, after)
		case ast.InputObject:
			c.input(before, after)
		case ast.Scalar:
			c.applied("SCALAR", after.Name, before.Directives, after.Directives)
		}
	} else {
		c.add(Breaking, "TYPE_KIND_CHANGED", after.Name, "%s is of the kind %s now, no longer %s", after.Name, kind(after), kind(before))
	}
	c.described(after.Name, before.Description, after.Description, "TYPE_DESCRIPTION_ADDED", "TYPE_DESCRIPTION_REMOVED", "TYPE_DESCRIPTION_CHANGED")
}

func itself(name string) string { return name }

func (c *comparison) members(before, after *ast.Definition) {
	lists(
		before.Types, after.Types, itself,
		func(t string) {
			c.add(Breaking, "UNION_MEMBER_REMOVED", after.Name, "%s is no %s any more: fragments on it are refused", t, after.Name)
		},
		func(t string) {
			c.add(Dangerous, "UNION_MEMBER_ADDED", after.Name, "%s is a %s now, which clients may not know how to show", t, after.Name)
		},
		func(string, string) {},
	)
}

func (c *comparison) enum(before, after *ast.Definition) {
	lists(
		before.EnumValues, after.EnumValues, func(v *ast.EnumValueDefinition) string { return v.Name },
		func(v *ast.EnumValueDefinition) {
			c.add(Breaking, "ENUM_VALUE_REMOVED", after.Name+"."+v.Name, "the value %s was removed from %s", v.Name, after.Name)
		},
		func(v *ast.EnumValueDefinition) {
			c.add(Dangerous, "ENUM_VALUE_ADDED", after.Name+"."+v.Name, "%s has the value %s now, which clients may not know how to show", after.Name, v.Name)
		},
		func(was, is *ast.EnumValueDefinition) {
			path := after.Name + "." + is.Name
			const changed = "ENUM_VALUE_DESCRIPTION_CHANGED"
			c.described(path, was.Description, is.Description, changed, changed, changed)
			switch old, now := reason(was.Directives), reason(is.Directives); {
			case old == now:
			case old == "":
				c.add(NonBreaking, "ENUM_VALUE_DEPRECATION_REASON_ADDED", path+".@deprecated", "%s is deprecated now: %s", path, now)
			case now == "":
				c.add(NonBreaking, "ENUM_VALUE_DEPRECATION_REASON_REMOVED", path, "%s is not deprecated any more", path)
			default:
				c.add(NonBreaking, "ENUM_VALUE_DEPRECATION_REASON_CHANGED", path+".@deprecated", "%s is deprecated for another reason: %s", path, now)
			}
			c.applied("ENUM_VALUE", path, was.Directives, is.Directives)
		},
	)
	c.applied("ENUM", after.Name, before.Directives, after.Directives)
}

func (c *comparison) object(place string, before, after *ast.Definition) {
	lists(
		before.Interfaces, after.Interfaces, itself,
		func(i string) {
			c.add(Breaking, "OBJECT_TYPE_INTERFACE_REMOVED", after.Name, "%s is no %s any more: fragments on it are refused", after.Name, i)
		},
		func(i string) {
			c.add(Dangerous, "OBJECT_TYPE_INTERFACE_ADDED", after.Name, "%s is a %s now, which clients may not know how to show", after.Name, i)
		},
		func(string, string) {},
	)
	lists(
		visible(before.Fields), visible(after.Fields), fieldName,
		func(f *ast.FieldDefinition) {
			deprecated := ""
			if f.Directives.ForName("deprecated") != nil {
				deprecated = "deprecated "
			}
			c.add(Breaking, "FIELD_REMOVED", after.Name+"."+f.Name, "the %sfield %s was removed from %s", deprecated, f.Name, after.Name)
		},
		func(f *ast.FieldDefinition) {
			c.add(NonBreaking, "FIELD_ADDED", after.Name+"."+f.Name, "%s has the field %s now", after.Name, f.Name)
		},
		func(was, is *ast.FieldDefinition) { c.field(after.Name+"."+is.Name, was, is) },
	)
	c.applied(place, after.Name, before.Directives, after.Directives)
}

func fieldName(f *ast.FieldDefinition) string { return f.Name }

// visible leaves out __schema and __type, which the parser adds to the query type.
func visible(fields ast.FieldList) []*ast.FieldDefinition {
	var all []*ast.FieldDefinition
	for _, f := range fields {
		if !strings.HasPrefix(f.Name, "__") {
			all = append(all, f)
		}
	}
	return all
}

func (c *comparison) field(path string, before, after *ast.FieldDefinition) {
	c.described(path, before.Description, after.Description, "FIELD_DESCRIPTION_ADDED", "FIELD_DESCRIPTION_REMOVED", "FIELD_DESCRIPTION_CHANGED")
	was, is := before.Directives.ForName("deprecated"), after.Directives.ForName("deprecated")
	switch old, now := reason(before.Directives), reason(after.Directives); {
	case was == nil && is != nil:
		c.add(NonBreaking, "FIELD_DEPRECATION_ADDED", path+".@deprecated", "%s is deprecated now: %s", path, now)
	case was != nil && is == nil:
		c.add(NonBreaking, "FIELD_DEPRECATION_REMOVED", path+".@deprecated", "%s is not deprecated any more", path)
	case old == now:
	case old == noReason:
		c.add(NonBreaking, "FIELD_DEPRECATION_REASON_ADDED", path+".@deprecated", "it is told why %s is deprecated: %s", path, now)
	case now == noReason:
		c.add(NonBreaking, "FIELD_DEPRECATION_REASON_REMOVED", path, "it is not told any more why %s is deprecated", path)
	default:
		c.add(NonBreaking, "FIELD_DEPRECATION_REASON_CHANGED", path+".@deprecated", "%s is deprecated for another reason: %s", path, now)
	}
	if before.Type.String() != after.Type.String() {
		level := Breaking
		if fits(after.Type, before.Type) {
			level = NonBreaking
		}
		c.add(level, "FIELD_TYPE_CHANGED", path, "%s was of type %s and is of type %s", path, before.Type, after.Type)
	}
	lists(
		before.Arguments, after.Arguments, argumentName,
		func(a *ast.ArgumentDefinition) {
			c.add(Breaking, "FIELD_ARGUMENT_REMOVED", path+"."+a.Name, "%s does not take the argument %s any more", path, a.Name)
		},
		func(a *ast.ArgumentDefinition) {
			level := Dangerous
			if a.Type.NonNull && a.DefaultValue == nil {
				level = Breaking
			}
			c.add(level, "FIELD_ARGUMENT_ADDED", path+"."+a.Name, "%s takes the argument %s: %s now", path, a.Name, a.Type)
		},
		func(was, is *ast.ArgumentDefinition) {
			at := path + "." + is.Name
			const described = "FIELD_ARGUMENT_DESCRIPTION_CHANGED"
			c.described(at, was.Description, is.Description, described, described, described)
			c.value("FIELD_ARGUMENT_DEFAULT_CHANGED", "FIELD_ARGUMENT_TYPE_CHANGED", at, was.Type, is.Type, was.DefaultValue, is.DefaultValue)
			c.applied("ARGUMENT_DEFINITION", at, was.Directives, is.Directives)
		},
	)
	c.applied("FIELD_DEFINITION", path, before.Directives, after.Directives)
}

func argumentName(a *ast.ArgumentDefinition) string { return a.Name }

func (c *comparison) input(before, after *ast.Definition) {
	lists(
		before.Fields, after.Fields, fieldName,
		func(f *ast.FieldDefinition) {
			c.add(Breaking, "INPUT_FIELD_REMOVED", after.Name+"."+f.Name, "%s does not take %s any more", after.Name, f.Name)
		},
		func(f *ast.FieldDefinition) {
			level := NonBreaking
			if f.DefaultValue != nil {
				level = Dangerous
			} else if f.Type.NonNull {
				level = Breaking
			}
			c.add(level, "INPUT_FIELD_ADDED", after.Name+"."+f.Name, "%s takes %s: %s now", after.Name, f.Name, f.Type)
		},
		func(was, is *ast.FieldDefinition) {
			path := after.Name + "." + is.Name
			c.described(path, was.Description, is.Description, "INPUT_FIELD_DESCRIPTION_ADDED", "INPUT_FIELD_DESCRIPTION_REMOVED", "INPUT_FIELD_DESCRIPTION_CHANGED")
			c.value("INPUT_FIELD_DEFAULT_VALUE_CHANGED", "INPUT_FIELD_TYPE_CHANGED", path, was.Type, is.Type, was.DefaultValue, is.DefaultValue)
			c.applied("INPUT_FIELD_DEFINITION", path, was.Directives, is.Directives)
		},
	)
	c.applied("INPUT_OBJECT", after.Name, before.Directives, after.Directives)
}

// noReason is why something is deprecated when nobody has said why.
// Source: GraphQL specification, section 3.13.3, "@deprecated".
const noReason = "No longer supported"

// reason tells why something is deprecated; empty when it is not.
func reason(directives ast.DirectiveList) string {
	d := directives.ForName("deprecated")
	if d == nil {
		return ""
	}
	if a := d.Arguments.ForName("reason"); a != nil {
		return a.Value.Raw
	}
	return noReason
}

package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// introspection appends the JSON value of one __schema or __type field. Types and directives
// come by name, the types of introspection last; members come as the schema declares them.
// Source: GraphQL specification, September 2025, section 4.2.
func introspection(s *ast.Schema, field *selected, dst []byte) []byte {
	m := mirror{schema: s, out: dst}
	if field.Def.Name == "__schema" {
		m.wholeSchema(field.Sub)
		return m.out
	}
	name, _ := field.Args("name")
	text, _ := name.(string)
	m.named(s.Types[text], field.Sub)
	return m.out
}

// mirror writes what introspection tells about a schema.
type mirror struct {
	schema *ast.Schema
	out    []byte
}

// object writes one JSON object: the selected fields of a value whose type is typename.
func (m *mirror) object(typename string, sub []*selected, value func(f *selected)) {
	m.out = append(m.out, '{')
	for i, f := range sub {
		if i > 0 {
			m.out = append(m.out, ',')
		}
		m.out = jsonw.AppendString(m.out, f.Key)
		m.out = append(m.out, ':')
		if f.Def.Name == "__typename" {
			m.out = jsonw.AppendString(m.out, typename)
		} else {
			value(f)
		}
	}
	m.out = append(m.out, '}')
}

func each[T any](m *mirror, items []T, write func(T)) {
	m.out = append(m.out, '[')
	for i, item := range items {
		if i > 0 {
			m.out = append(m.out, ',')
		}
		write(item)
	}
	m.out = append(m.out, ']')
}

func (m *mirror) null() { m.out = append(m.out, "null"...) }

func (m *mirror) text(s string) { m.out = jsonw.AppendString(m.out, s) }

// textOrNull writes null for a text that is not there.
func (m *mirror) textOrNull(s string) {
	if s == "" {
		m.null()
		return
	}
	m.text(s)
}

func (m *mirror) boolean(b bool) {
	if b {
		m.out = append(m.out, "true"...)
		return
	}
	m.out = append(m.out, "false"...)
}

func (m *mirror) wholeSchema(sub []*selected) {
	m.object("__Schema", sub, func(f *selected) {
		switch f.Def.Name {
		case "description":
			m.textOrNull(m.schema.Description)
		case "types":
			each(m, sortedTypes(m.schema), func(d *ast.Definition) { m.named(d, f.Sub) })
		case "queryType":
			m.named(m.schema.Query, f.Sub)
		case "mutationType":
			m.named(m.schema.Mutation, f.Sub)
		case "subscriptionType":
			m.named(m.schema.Subscription, f.Sub)
		case "directives":
			each(m, sortedDirectives(m.schema), func(d *ast.DirectiveDefinition) { m.directive(d, f.Sub) })
		}
	})
}

func sortedTypes(s *ast.Schema) []*ast.Definition {
	all := make([]*ast.Definition, 0, len(s.Types))
	for _, d := range s.Types {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *ast.Definition) int {
		if own := reserved(a.Name); own != reserved(b.Name) {
			if own {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return all
}

func sortedDirectives(s *ast.Schema) []*ast.DirectiveDefinition {
	all := make([]*ast.DirectiveDefinition, 0, len(s.Directives))
	for _, d := range s.Directives {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *ast.DirectiveDefinition) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// reserved tells a name that GraphQL keeps for introspection.
func reserved(name string) bool { return strings.HasPrefix(name, "__") }

// named writes a type of the schema as a __Type; null when there is none.
func (m *mirror) named(d *ast.Definition, sub []*selected) {
	if d == nil {
		m.null()
		return
	}
	m.object("__Type", sub, func(f *selected) { m.typeField(d, f) })
}

func (m *mirror) typeField(d *ast.Definition, f *selected) {
	composite := d.Kind == ast.Object || d.Kind == ast.Interface
	switch name := f.Def.Name; {
	case name == "kind":
		m.text(string(d.Kind))
	case name == "name":
		m.text(d.Name)
	case name == "description":
		m.textOrNull(d.Description)
	case name == "specifiedByURL" && d.Kind == ast.Scalar:
		m.textOrNull(directiveText(d.Directives.ForName("specifiedBy"), "url"))
	case name == "fields" && composite:
		each(m, listed(f, d.Fields), func(x *ast.FieldDefinition) { m.field(x, f.Sub) })
	case name == "interfaces" && composite:
		each(m, d.Interfaces, func(i string) { m.named(m.schema.Types[i], f.Sub) })
	case name == "possibleTypes" && d.IsAbstractType():
		each(m, objectsOf(m.schema, d), func(x *ast.Definition) { m.named(x, f.Sub) })
	case name == "enumValues" && d.Kind == ast.Enum:
		each(m, current(f, d.EnumValues, func(v *ast.EnumValueDefinition) ast.DirectiveList { return v.Directives }),
			func(v *ast.EnumValueDefinition) { m.enumValue(v, f.Sub) })
	case name == "inputFields" && d.Kind == ast.InputObject:
		each(m, listed(f, d.Fields), func(x *ast.FieldDefinition) {
			m.inputValue(inputValue{x.Name, x.Description, x.Type, x.DefaultValue, x.Directives}, f.Sub)
		})
	case name == "isOneOf" && d.Kind == ast.InputObject:
		m.boolean(d.Directives.ForName("oneOf") != nil)
	default:
		m.null() // the field does not apply to a type of this kind
	}
}

// use writes the use of a type, which a list or non-null type may wrap, as a __Type.
func (m *mirror) use(t *ast.Type, sub []*selected) {
	var kind string
	inner := t.Elem
	switch {
	case t.NonNull:
		kind, inner = "NON_NULL", &ast.Type{NamedType: t.NamedType, Elem: t.Elem}
	case t.Elem != nil:
		kind = "LIST"
	default:
		m.named(m.schema.Types[t.NamedType], sub)
		return
	}
	m.object("__Type", sub, func(f *selected) {
		switch f.Def.Name {
		case "kind":
			m.text(kind)
		case "ofType":
			m.use(inner, f.Sub)
		default:
			m.null()
		}
	})
}

func (m *mirror) field(x *ast.FieldDefinition, sub []*selected) {
	m.object("__Field", sub, func(f *selected) {
		switch f.Def.Name {
		case "name":
			m.text(x.Name)
		case "description":
			m.textOrNull(x.Description)
		case "args":
			m.arguments(x.Arguments, f)
		case "type":
			m.use(x.Type, f.Sub)
		default:
			m.deprecation(x.Directives, f.Def.Name)
		}
	})
}

func (m *mirror) arguments(args ast.ArgumentDefinitionList, f *selected) {
	all := current(f, args, func(a *ast.ArgumentDefinition) ast.DirectiveList { return a.Directives })
	each(m, all, func(a *ast.ArgumentDefinition) {
		m.inputValue(inputValue{a.Name, a.Description, a.Type, a.DefaultValue, a.Directives}, f.Sub)
	})
}

// inputValue is an argument or an input field.
type inputValue struct {
	name, description string
	use               *ast.Type
	byDefault         *ast.Value
	directives        ast.DirectiveList
}

func (m *mirror) inputValue(v inputValue, sub []*selected) {
	m.object("__InputValue", sub, func(f *selected) {
		switch f.Def.Name {
		case "name":
			m.text(v.name)
		case "description":
			m.textOrNull(v.description)
		case "type":
			m.use(v.use, f.Sub)
		case "defaultValue":
			if v.byDefault == nil {
				m.null()
				return
			}
			m.out = jsonw.AppendString(m.out, string(appendLiteral(nil, v.byDefault)))
		default:
			m.deprecation(v.directives, f.Def.Name)
		}
	})
}

func (m *mirror) enumValue(v *ast.EnumValueDefinition, sub []*selected) {
	m.object("__EnumValue", sub, func(f *selected) {
		switch f.Def.Name {
		case "name":
			m.text(v.Name)
		case "description":
			m.textOrNull(v.Description)
		default:
			m.deprecation(v.Directives, f.Def.Name)
		}
	})
}

func (m *mirror) directive(d *ast.DirectiveDefinition, sub []*selected) {
	m.object("__Directive", sub, func(f *selected) {
		switch f.Def.Name {
		case "name":
			m.text(d.Name)
		case "description":
			m.textOrNull(d.Description)
		case "isRepeatable":
			m.boolean(d.IsRepeatable)
		case "locations":
			each(m, d.Locations, func(l ast.DirectiveLocation) { m.text(string(l)) })
		case "args":
			m.arguments(d.Arguments, f)
		}
	})
}

// deprecation writes isDeprecated or deprecationReason.
func (m *mirror) deprecation(list ast.DirectiveList, name string) {
	d := list.ForName("deprecated")
	switch {
	case name == "isDeprecated":
		m.boolean(d != nil)
	case d == nil:
		m.null()
	case d.Arguments.ForName("reason") != nil:
		m.text(directiveText(d, "reason"))
	default:
		m.text("No longer supported") // the default of @deprecated, section 3.13.3
	}
}

func directiveText(d *ast.Directive, arg string) string {
	if d == nil {
		return ""
	}
	if a := d.Arguments.ForName(arg); a != nil && a.Value != nil {
		return a.Value.Raw
	}
	return ""
}

// listed leaves out the fields that every query type has, which introspection does not list.
func listed(f *selected, fields ast.FieldList) []*ast.FieldDefinition {
	all := current(f, fields, func(x *ast.FieldDefinition) ast.DirectiveList { return x.Directives })
	return slices.DeleteFunc(all, func(x *ast.FieldDefinition) bool { return reserved(x.Name) })
}

// current copies the members that are not deprecated, or all with includeDeprecated.
func current[S ~[]T, T any](f *selected, members S, directives func(T) ast.DirectiveList) []T {
	include, _ := f.Args("includeDeprecated")
	all := make([]T, 0, len(members))
	for _, x := range members {
		if include == true || directives(x).ForName("deprecated") == nil {
			all = append(all, x)
		}
	}
	return all
}

// objectsOf lists the objects that an interface or union can be.
func objectsOf(s *ast.Schema, d *ast.Definition) []*ast.Definition {
	var all []*ast.Definition
	for _, x := range s.PossibleTypes[d.Name] {
		if x != nil && x.Kind == ast.Object {
			all = append(all, x)
		}
	}
	return all
}

// appendLiteral writes a value as GraphQL does. A GraphQL string has the escapes of JSON.
func appendLiteral(dst []byte, v *ast.Value) []byte {
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		return jsonw.AppendString(dst, v.Raw)
	case ast.ListValue:
		dst = append(dst, '[')
		for i, c := range v.Children {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendLiteral(dst, c.Value)
		}
		return append(dst, ']')
	case ast.ObjectValue:
		dst = append(dst, '{')
		for i, c := range v.Children {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(append(dst, c.Name...), ": "...)
			dst = appendLiteral(dst, c.Value)
		}
		return append(dst, '}')
	}
	return append(dst, v.Raw...)
}

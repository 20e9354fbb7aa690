package sdldiff

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// fits tells whether a value of one type can always stand where another type is wanted.
func fits(given, wanted *ast.Type) bool {
	switch {
	case wanted.NonNull && !given.NonNull:
		return false
	case given.Elem != nil && wanted.Elem != nil:
		return fits(given.Elem, wanted.Elem)
	}
	return given.Elem == nil && wanted.Elem == nil && given.NamedType == wanted.NamedType
}

// value compares what a client sends: its default, as a resolver gets it, and its type.
func (c *comparison) value(ofDefault, ofType, path string, was, is *ast.Type, before, after *ast.Value) {
	if old, now := coerced(c.before, was, before), coerced(c.after, is, after); old != now {
		c.add(Dangerous, ofDefault, path, "the default of %s was %s and is %s", path, written(before), written(after))
	}
	if was.String() != is.String() {
		level := Breaking
		if fits(was, is) {
			level = NonBreaking
		}
		c.add(level, ofType, path, "%s was of type %s and is of type %s", path, was, is)
	}
}

func written(v *ast.Value) string {
	if v == nil {
		return "none"
	}
	return v.String()
}

// coerced writes a default in one form, whatever the form in which a schema writes it; empty: there is none.
// Source: GraphQL specification, sections 3.5 to 3.12, "Input Coercion".
func coerced(s *ast.Schema, t *ast.Type, v *ast.Value) string {
	if v == nil {
		return ""
	}
	if v.Kind == ast.NullValue {
		return "null"
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			return "[" + coerced(s, t.Elem, v) + "]" // a single value is a list of one
		}
		return list(v, func(item *ast.Value) string { return coerced(s, t.Elem, item) })
	}
	def := s.Types[t.NamedType]
	if def != nil && def.Kind == ast.InputObject {
		fields := map[string]string{}
		for _, f := range def.Fields {
			if given := v.Children.ForName(f.Name); given != nil {
				fields[f.Name] = coerced(s, f.Type, given)
			} else if f.DefaultValue != nil {
				fields[f.Name] = coerced(s, f.Type, f.DefaultValue)
			}
		}
		return object(fields)
	}
	switch t.NamedType {
	case "Float":
		if f, err := strconv.ParseFloat(v.Raw, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	case "ID":
		return strconv.Quote(v.Raw)
	}
	return plain(v)
}

// plain writes a value of which nothing is known but how it stands there.
func plain(v *ast.Value) string {
	switch v.Kind {
	case ast.ListValue:
		return list(v, plain)
	case ast.ObjectValue:
		fields := map[string]string{}
		for _, f := range v.Children {
			fields[f.Name] = plain(f.Value)
		}
		return object(fields)
	case ast.IntValue, ast.FloatValue:
		if f, err := strconv.ParseFloat(v.Raw, 64); err == nil && strings.ContainsAny(v.Raw, ".eE") {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		return v.Raw
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return strconv.Quote(v.Raw)
	}
	return v.Raw
}

func list(v *ast.Value, write func(*ast.Value) string) string {
	all := make([]string, len(v.Children))
	for i, item := range v.Children {
		all[i] = write(item.Value)
	}
	return "[" + strings.Join(all, ",") + "]"
}

func object(fields map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, name+":"+fields[name])
	}
	return "{" + strings.Join(all, ",") + "}"
}

package compile

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// literal coerces a value of the document; the variables in it have been coerced before.
// Source: GraphQL specification, section 6.4.1, "Coercing Field Arguments".
func (b *builder) literal(ref *schema.Ref, v *ast.Value) (*val, error) {
	x, err := coerceLiteral(ref, v, b.vars)
	if err != nil {
		f := fault.New(fault.BadUserInput, "%s", err)
		errors.As(err, &f) // of a Go function that chose its own
		if null := nullFault(""); errors.As(err, &null) {
			f.Err = null
		}
		if v.Position != nil {
			f = f.At(v.Position.Line, v.Position.Column)
		}
		return nil, f
	}
	return x, nil
}

// nullFault says that a variable is null where null cannot be. A variable that may be null can stand there when it or the
// place has a default, so this is found only when the operation runs: it is an error of the one field.
// Source: GraphQL specification, sections 5.8.5 and 6.4.1.
type nullFault string

func (f nullFault) Error() string { return string(f) }

// unfilled gives the error of a field whose argument has a nullFault; nil for any other error.
func unfilled(err error) *fault.Error {
	var null nullFault
	if !errors.As(err, &null) {
		return nil
	}
	return fault.Of(err)[0]
}

func coerceLiteral(ref *schema.Ref, v *ast.Value, vars map[string]*val) (*val, error) {
	if v.Kind == ast.Variable {
		x, ok := vars[v.Raw]
		if !ok {
			return nil, fmt.Errorf("the variable \"$%s\" is not defined", v.Raw)
		}
		if x.kind == nullVal && ref.NonNull {
			return nil, nullFault(fmt.Sprintf("the variable \"$%s\" is null where %s is required", v.Raw, ref))
		}
		return x, nil
	}
	if v.Kind == ast.NullValue {
		if ref.NonNull {
			return nil, fmt.Errorf("null stands where %s is required", ref)
		}
		return &val{kind: nullVal, ref: ref}, nil
	}
	base := ref.Base()
	switch {
	case ref.Elem != nil:
		return listLiteral(ref, v, vars)
	case base.Kind == schema.Input:
		return objectLiteral(ref, v, vars)
	}
	if base.Name == "JSON" {
		plain, err := jsonLiteral(nil, v, vars)
		return &val{kind: leafVal, ref: ref, text: plain, plain: plain}, err
	}
	kind, ok := tokenOf[v.Kind]
	if !ok {
		return nil, fmt.Errorf("%s is a single value, but %s was sent", base.Name, named(v))
	}
	if base.Kind == schema.Enum && kind != enumToken {
		return nil, fmt.Errorf("%s is not a value of the enum %s", named(v), base.Name)
	}
	text, err := scalar(base, kind, []byte(v.Raw))
	if err != nil {
		return nil, err
	}
	plain := []byte(v.Raw)
	if base.As != nil {
		plain = text
	}
	return &val{kind: leafVal, ref: ref, text: text, plain: plain}, nil
}

var tokenOf = map[ast.ValueKind]tokenKind{
	ast.IntValue: intToken, ast.FloatValue: floatToken, ast.StringValue: stringToken,
	ast.BlockValue: stringToken, ast.BooleanValue: boolToken, ast.EnumValue: enumToken,
}

// named names a literal in a message. A list or an object is not written out: it may be as long as the document.
func named(v *ast.Value) string {
	switch v.Kind {
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	}
	return shown(tokenOf[v.Kind], []byte(v.Raw[:min(len(v.Raw), 64)]))
}

func listLiteral(ref *schema.Ref, v *ast.Value, vars map[string]*val) (*val, error) {
	values := []*ast.Value{v} // a single value is a list of one
	if v.Kind == ast.ListValue {
		values = values[:0]
		for _, c := range v.Children {
			values = append(values, c.Value)
		}
	}
	out := &val{kind: listVal, ref: ref}
	for _, item := range values {
		x, err := coerceLiteral(ref.Elem, item, vars)
		if err != nil {
			return nil, err
		}
		if x.kind == absentVal { // a variable that was not sent is null inside a list
			if ref.Elem.NonNull {
				return nil, fmt.Errorf("the variable \"$%s\" was not sent where %s is required", item.Raw, ref.Elem)
			}
			x = &val{kind: nullVal, ref: ref.Elem}
		}
		out.items = append(out.items, x)
	}
	return out, nil
}

func objectLiteral(ref *schema.Ref, v *ast.Value, vars map[string]*val) (*val, error) {
	t := ref.Base()
	if v.Kind != ast.ObjectValue {
		return nil, fmt.Errorf("%s is an object, but %s was sent", t.Name, named(v))
	}
	out := &val{kind: objectVal, ref: ref}
	sent := 0
	for _, f := range t.Fields {
		x := absent
		if c := v.Children.ForName(f.Name); c != nil {
			var err error
			if x, err = coerceLiteral(f.Type, c, vars); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			if t.OneOf && !x.given() {
				return nil, fmt.Errorf("the field %q of %s must not be null", f.Name, t.Name)
			}
			sent++
		}
		if x.kind == absentVal {
			if f.Default != "" {
				var err error
				if x, err = defaultValue(f); err != nil {
					return nil, err
				}
			} else if f.Type.NonNull {
				return nil, fmt.Errorf("the field %q of %s is required", f.Name, t.Name)
			} else {
				continue
			}
		}
		out.fields = append(out.fields, member{cmp.Or(f.Alias, f.Name), x})
	}
	if t.OneOf && sent != 1 {
		return nil, fmt.Errorf("%s takes exactly one field, but %d were sent", t.Name, sent)
	}
	return out, nil
}

// jsonLiteral writes a literal of any kind as JSON, for the JSON scalar.
func jsonLiteral(dst []byte, v *ast.Value, vars map[string]*val) (_ []byte, err error) {
	switch v.Kind {
	case ast.Variable:
		x, ok := vars[v.Raw]
		if ok && x.sent() {
			return nil, fmt.Errorf("the variable \"$%s\" stands inside a JSON literal: send the whole value as a variable of type JSON", v.Raw)
		}
		if !ok {
			x = absent
		}
		return x.appendJSON(dst, nil), nil
	case ast.ListValue:
		dst = append(dst, '[')
		for i, c := range v.Children {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = jsonLiteral(dst, c.Value, vars); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case ast.ObjectValue:
		dst = append(dst, '{')
		first := true
		for _, c := range v.Children {
			if x, ok := vars[c.Value.Raw]; ok && c.Value.Kind == ast.Variable && x.kind == absentVal {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(jsonw.AppendString(dst, c.Name), ':')
			if dst, err = jsonLiteral(dst, c.Value, vars); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return jsonw.AppendString(dst, v.Raw), nil
	}
	return append(dst, v.Raw...), nil // numbers, true, false, null
}

// defaultValue coerces the default of an argument or input field.
func defaultValue(f *schema.Field) (*val, error) {
	v, err := parseLiteral(f.Default)
	if err != nil {
		return nil, fmt.Errorf("the default of %s: %w", f.Name, err)
	}
	return coerceLiteral(f.Type, v, nil)
}

func parseLiteral(text string) (*ast.Value, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: "{f(a:" + text + ")}"})
	if err != nil {
		return nil, err
	}
	return doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value, nil
}

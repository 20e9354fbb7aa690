package compile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// maxInputDepth bounds how deep input objects and lists may nest in variables.
const maxInputDepth = 64

// leaf is a value that came with the request.
type leaf struct {
	text  []byte // for PostgreSQL
	plain []byte // as it was sent; see val.plain
}

// Values are the coerced variables of one request. A Values may be used again for another
// request, which keeps its memory.
type Values struct {
	leaves []leaf
	shape  []byte
	text   []byte // where texts live that are not in the request as they stand
	spans  []span
	silent bool // messages do not list names; see Compiler.Silent
}

type span struct{ from, to int }

// variable is a variable's definition, with its type looked up.
type variable struct {
	name string
	ref  *schema.Ref
	def  *ast.Value // the default; nil: none

	at     *ast.Position
	global bool // its value is a global id, or a list of them
	offset bool // it says how many rows to skip
}

// read coerces the JSON object raw by the operation's definitions. It always fills the leaves
// and the shape; it builds the values themselves only when asked to, for planning.
func (v *Values) read(c *Compiler, defs []variable, raw []byte, build bool) (map[string]*val, error) {
	v.silent = c.Silent
	v.leaves, v.shape, v.text, v.spans = v.leaves[:0], v.shape[:0], v.text[:0], v.spans[:0]
	var vals map[string]*val
	if build {
		vals = make(map[string]*val, len(defs))
	}
	if len(defs) == 0 {
		return vals, nil
	}
	base := v.reserve(len(defs))
	if cur := jsonw.At(raw); cur.Kind() == '{' {
		for cur.Enter(); cur.More(); {
			key := v.key(&cur)
			token := cur.Value()
			for i := range defs {
				if defs[i].name == string(key) {
					v.spans[base+i] = locate(raw, token)
				}
			}
		}
	}
	for i := range defs {
		d := &defs[i]
		s := v.spans[base+i]
		if s.to == 0 {
			if d.ref.NonNull && d.def == nil {
				return nil, fault.New(fault.BadUserInput, "variable \"$%s\" of the required type %s was not sent", d.name, d.ref).At(d.at.Line, d.at.Column)
			}
			v.shape = append(v.shape, 'a')
			if build && d.def == nil {
				vals[d.name] = absent
			}
			continue
		}
		at := place{variable: d.name, at: d.at}
		x, err := v.value(d.ref, raw[s.from:s.to], build, &at)
		if err == nil && d.global && !jsonw.IsNull(raw[s.from:s.to]) {
			err = v.types(c, d.ref, v.leaves[len(v.leaves)-1])
		}
		if err != nil {
			return nil, at.fault(err)
		}
		if d.offset && !jsonw.IsNull(raw[s.from:s.to]) && string(v.leaves[len(v.leaves)-1].text) == "0" {
			v.shape = append(v.shape, '0')
			if build {
				x.zero = true
			}
		}
		if build {
			vals[d.name] = x
		}
	}
	return vals, nil
}

// offsets finds the variables that say how many rows to skip. Whether it is none is part of a plan's shape: PostgreSQL can plan
// the first page once, and has to plan those behind it each time, since it knows how far to read only by the value.
func offsets(def *ast.OperationDefinition) map[string]bool {
	found := map[string]bool{}
	eachField(def.SelectionSet, func(f *ast.Field) (below bool) {
		if arg := f.Arguments.ForName("offset"); arg != nil && arg.Value.Kind == ast.Variable {
			found[arg.Value.Raw] = true
		}
		return true
	})
	return found
}

// eachField visits the fields of a selection and of its fragments, each of these once, and what is selected below a field
// where visit says so.
func eachField(set ast.SelectionSet, visit func(*ast.Field) (below bool)) {
	spread := map[string]bool{}
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if visit(sel) {
					walk(sel.SelectionSet)
				}
			case *ast.InlineFragment:
				walk(sel.SelectionSet)
			case *ast.FragmentSpread:
				if !spread[sel.Name] {
					spread[sel.Name] = true
					walk(sel.Definition.SelectionSet)
				}
			}
		}
	}
	walk(set)
}

// reserve makes room for n spans, all empty.
func (v *Values) reserve(n int) int {
	base := len(v.spans)
	for range n {
		v.spans = append(v.spans, span{})
	}
	return base
}

// locate gives the place of a token inside the text that it was cut from.
func locate(raw, token []byte) span {
	from := cap(raw) - cap(token)
	return span{from, from + len(token)}
}

// place is where in the variables coercion is.
type place struct {
	variable string
	at       *ast.Position // where it is defined; nil: nowhere
	steps    []string      // the names and numbers that lead to a fault, the innermost first
	depth    int
}

// fault makes an error that tells its place: variable "$where.age.in[1]": …
func (p *place) fault(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	slices.Reverse(p.steps)
	f := fault.New(fault.BadUserInput, "variable \"$%s%s\": %s", p.variable, strings.Join(p.steps, ""), err)
	if p.at != nil {
		f = f.At(p.at.Line, p.at.Column)
	}
	return f
}

func (p *place) name(name string) { p.steps = append(p.steps, "."+name) }
func (p *place) index(i int)      { p.steps = append(p.steps, "["+strconv.Itoa(i)+"]") }

func (v *Values) value(ref *schema.Ref, token []byte, build bool, at *place) (*val, error) {
	if jsonw.IsNull(token) {
		if ref.NonNull {
			return nil, fmt.Errorf("null was sent where %s is required", ref)
		}
		v.shape = append(v.shape, 'n')
		return made(build, val{kind: nullVal, ref: ref}), nil
	}
	if at.depth++; at.depth > maxInputDepth {
		return nil, fmt.Errorf("input values nest deeper than %d", maxInputDepth)
	}
	defer func() { at.depth-- }()
	base := ref.Base()
	switch {
	case base.Kind != schema.Input:
		return v.leaf(ref, token, build, at)
	case ref.Elem != nil:
		return v.list(ref, token, build, at)
	}
	return v.object(ref, token, build, at)
}

func (v *Values) list(ref *schema.Ref, token []byte, build bool, at *place) (*val, error) {
	out := made(build, val{kind: listVal, ref: ref})
	v.shape = append(v.shape, '[')
	item := func(token []byte) error {
		x, err := v.value(ref.Elem, token, build, at)
		if build && err == nil {
			out.items = append(out.items, x)
		}
		return err
	}
	cur := jsonw.At(token)
	if cur.Kind() != '[' { // a single value is a list of one
		if err := item(token); err != nil {
			return nil, err
		}
	} else {
		n := 0
		for cur.Enter(); cur.More(); n++ {
			if err := item(cur.Value()); err != nil {
				at.index(n)
				return nil, err
			}
		}
	}
	v.shape = append(v.shape, ']')
	return out, nil
}

func (v *Values) object(ref *schema.Ref, token []byte, build bool, at *place) (*val, error) {
	t := ref.Base()
	cur := jsonw.At(token)
	if cur.Kind() != '{' {
		return nil, fmt.Errorf("%s is an object, but %s was sent", t.Name, shown(0, token))
	}
	base := v.reserve(len(t.Fields))
	for cur.Enter(); cur.More(); {
		key := v.key(&cur)
		field := cur.Value()
		i := fieldIndex(t, key)
		if i < 0 {
			return nil, v.unknown(t, string(key))
		}
		v.spans[base+i] = locate(token, field)
	}
	out := made(build, val{kind: objectVal, ref: ref})
	v.shape = append(v.shape, '{')
	sent := 0
	for i, f := range t.Fields {
		s := v.spans[base+i]
		if s.to == 0 {
			if f.Default == "" && f.Type.NonNull {
				return nil, fmt.Errorf("the field %q of %s is required", f.Name, t.Name)
			}
			v.shape = append(v.shape, 'a')
			if build && f.Default != "" {
				d, err := defaultValue(f)
				if err != nil {
					return nil, err
				}
				out.fields = append(out.fields, member{f.Name, d})
			}
			continue
		}
		sent++
		x, err := v.value(f.Type, token[s.from:s.to], build, at)
		if err != nil {
			at.name(f.Name)
			return nil, err
		}
		if t.OneOf && jsonw.IsNull(token[s.from:s.to]) {
			at.name(f.Name)
			return nil, fmt.Errorf("null was sent where %s takes exactly one value", t.Name)
		}
		if build {
			out.fields = append(out.fields, member{cmp.Or(f.Alias, f.Name), x})
		}
	}
	if t.OneOf && sent != 1 {
		return nil, fmt.Errorf("%s takes exactly one field, but %d were sent", t.Name, sent)
	}
	v.shape = append(v.shape, '}')
	v.spans = v.spans[:base]
	return out, nil
}

// leaf coerces a scalar, an enum value, or a list of them, which is one parameter whatever its
// length.
func (v *Values) leaf(ref *schema.Ref, token []byte, build bool, at *place) (*val, error) {
	base := ref.Base()
	if ref.Elem == nil {
		text, plain, err := v.scalar(base, token)
		if err != nil {
			return nil, err
		}
		v.leaves = append(v.leaves, leaf{text, plain})
		v.shape = append(v.shape, 'v')
		if base.Name == "Boolean" || base.Kind == schema.Enum && (base.Chooses || base.Name == directionType) {
			v.shape = append(v.shape, plain...)
			v.shape = append(v.shape, ';')
		}
		return made(build, val{kind: leafVal, ref: ref, text: text, plain: plain, leaf: len(v.leaves)}), nil
	}
	var array arrayLiteral
	plain, err := v.array(ref, token, &array, nil, at)
	if err != nil {
		return nil, err
	}
	v.leaves = append(v.leaves, leaf{array.dst, plain})
	v.shape = append(v.shape, 'v')
	if base.Chooses {
		v.shape = append(v.shape, plain...)
	}
	return made(build, val{kind: leafVal, ref: ref, text: array.dst, plain: plain, leaf: len(v.leaves)}), nil
}

func (v *Values) array(ref *schema.Ref, token []byte, array *arrayLiteral, plain []byte, at *place) ([]byte, error) {
	array.open()
	plain = append(plain, '[')
	first := true
	item := func(token []byte) (err error) {
		if !first {
			array.comma()
			plain = append(plain, ',')
		}
		first = false
		switch elem := ref.Elem; {
		case jsonw.IsNull(token):
			if elem.NonNull {
				return fmt.Errorf("null was sent where %s is required", elem)
			}
			array.null()
			plain = append(plain, "null"...)
		case elem.Elem != nil:
			plain, err = v.array(elem, token, array, plain, at)
		default:
			var text, sent []byte
			if text, sent, err = v.scalar(elem.Named, token); err == nil {
				array.element(text)
				plain = appendScalar(plain, elem.Named, sent)
			}
		}
		return err
	}
	cur := jsonw.At(token)
	if cur.Kind() != '[' {
		if err := item(token); err != nil {
			return nil, err
		}
	} else {
		n := 0
		for cur.Enter(); cur.More(); n++ {
			if err := item(cur.Value()); err != nil {
				at.index(n)
				return nil, err
			}
		}
	}
	array.close()
	return append(plain, ']'), nil
}

// scalar coerces a JSON token. A text without escapes is used where it stands.
func (v *Values) scalar(t *schema.Type, token []byte) (text, plain []byte, err error) {
	if t.Name == "JSON" && t.Kind == schema.Scalar {
		return token, token, nil
	}
	kind := intToken
	plain = token
	switch token[0] {
	case '{', '[':
		return nil, nil, fmt.Errorf("%s is a single value, but %s was sent", t.Name, shown(0, token))
	case 't', 'f':
		kind = boolToken
	case '"':
		kind = stringToken
		plain = token[1 : len(token)-1]
		for i, c := range plain {
			if c == '\\' {
				from := len(v.text)
				v.text = append(v.text, plain[:i]...)
				v.text = jsonw.AppendUnquoted(v.text, append([]byte{'"'}, token[1+i:]...))
				plain = v.text[from:len(v.text):len(v.text)]
				break
			}
		}
	default:
		for _, c := range token {
			if c == '.' || c == 'e' || c == 'E' {
				kind = floatToken
			}
		}
	}
	text, err = scalar(t, kind, plain)
	if t.As != nil || kind == floatToken && (t.Name == "Int" || t.Name == "BigInt") {
		plain = text // 5.0 is 5
	}
	return text, plain, err
}

// key takes a member's key; an escaped one means what it stands for.
func (v *Values) key(cur *jsonw.Cursor) []byte {
	key := cur.Key()
	if bytes.IndexByte(key, '\\') < 0 {
		return key
	}
	from := len(v.text)
	v.text = append(v.text, '"')
	v.text = append(append(v.text, key...), '"')
	return jsonw.AppendUnquoted(nil, v.text[from:])
}

// made keeps a value for planning. A plan outlives the request, so the texts are copied.
func made(build bool, v val) *val {
	if !build {
		return nil
	}
	v.text, v.plain = bytes.Clone(v.text), bytes.Clone(v.plain)
	return &v
}

func fieldIndex(t *schema.Type, name []byte) int {
	for i, f := range t.Fields {
		if f.Name == string(name) {
			return i
		}
	}
	return -1
}

// unknown says that an input has no such field, and which ones it has.
func (v *Values) unknown(t *schema.Type, name string) error {
	if len(name) > 60 {
		name = name[:60] + "…"
	}
	if v.silent {
		return fmt.Errorf("%s has no field %q", t.Name, name)
	}
	var names []string
	for _, f := range t.Fields {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	if near := gqlop.Nearest(name, slices.Values(names)); near != "" {
		return fmt.Errorf("%s has no field %q%s", t.Name, name, near)
	}
	if len(names) > 12 {
		names = append(names[:12], "…")
	}
	return fmt.Errorf("%s has no field %q; it has %s", t.Name, name, strings.Join(names, ", "))
}

package fraiseql

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// form is how values of a Go type are written and read as JSON in the schema's names.
type form struct {
	goType   reflect.Type
	sdl      string // without the last "!": "String", "[Post!]"
	nullable bool
	elem     *form                   // of a list
	shape    *shape                  // of an object or input, for what is behind the type
	text     bool                    // its JSON is a string, so a default needs quotes
	parses   func(text string) error // of a scalar declared in Go: whether a client may send this
	enum     *enumForm

	append func(dst []byte, v reflect.Value, depth int) ([]byte, error)
	read   func(token []byte, v reflect.Value) error // never called with null
}

type enumForm struct {
	name   string
	labels map[string]string // GraphQL name → Go value
	values map[string]string // Go value → GraphQL name
}

// place says where a type is used, for messages and for naming what has no name.
type place struct {
	what string
	name string
	tag  reflect.StructTag
}

// maxNesting stops a value that contains itself. No request may select this deep.
const maxNesting = 200

var errTooNested = fmt.Errorf("the value nests deeper than %d objects and lists: does it contain itself?", maxNesting)

func (f *form) typeRef() string {
	if f.nullable {
		return f.sdl
	}
	return f.sdl + "!"
}

func (f *form) encode(dst []byte, v reflect.Value) ([]byte, error) { return f.append(dst, v, 0) }

func (f *form) decode(token []byte, v reflect.Value) error {
	if !jsonw.IsNull(token) {
		return f.read(token, v)
	}
	if !f.nullable {
		return fmt.Errorf("it is null, and the Go type %s cannot hold null: make it a pointer", f.goType)
	}
	v.SetZero()
	return nil
}

// formOf finds a type's form, or reports why it has none.
func (d *declarer) formOf(at place, t reflect.Type, input bool) *form {
	if f := d.scalarOf(t); f != nil {
		return f
	}
	if (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) && t.Elem().Implements(optionalType) {
		d.fault("%s: %s: fraiseql.Optional stands for a whole argument or field, and tells by itself what is absent or null: write it without * and []", at.what, t)
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			d.fault("%s: %s is a pointer to a pointer: one is enough for null", at.what, t)
			return nil
		}
		return pointerTo(t, d.formOf(at, t.Elem(), input))
	case reflect.Slice:
		return listOf(t, d.formOf(at, t.Elem(), input))
	case reflect.Struct:
		if t.Implements(optionalType) {
			return d.optionalOf(at, t, input)
		}
		return d.objectOf(at, t, input)
	case reflect.Array:
		d.fault("%s: %s has a fixed length, which GraphQL does not know: make it a slice", at.what, t)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		d.fault("%s: %s holds more than PostgreSQL's bigint: make it int64, or fraiseql.Decimal for larger numbers", at.what, t)
	default:
		d.fault("%s: %s has no counterpart in GraphQL: use one of the types listed at fraiseql.ID, or tag the field graphql:\"-\"", at.what, t)
	}
	return nil
}

func pointerTo(t reflect.Type, inner *form) *form {
	if inner == nil {
		return nil
	}
	f := *inner
	f.goType, f.nullable = t, true
	f.append = func(dst []byte, v reflect.Value, depth int) ([]byte, error) {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return inner.append(dst, v.Elem(), depth)
	}
	f.read = func(token []byte, v reflect.Value) error {
		p := reflect.New(t.Elem())
		if err := inner.read(token, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	return &f
}

func listOf(t reflect.Type, elem *form) *form {
	if elem == nil {
		return nil
	}
	f := &form{goType: t, sdl: "[" + elem.typeRef() + "]", elem: elem}
	f.append = func(dst []byte, v reflect.Value, depth int) ([]byte, error) {
		if depth > maxNesting {
			return nil, errTooNested
		}
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = elem.append(dst, v.Index(i), depth+1); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return append(dst, ']'), nil
	}
	f.read = func(token []byte, v reflect.Value) error {
		c := jsonw.At(token)
		if c.Kind() != '[' {
			return fmt.Errorf("%s is not a list", clip(token))
		}
		list := reflect.MakeSlice(t, 0, 4)
		for c.Enter(); c.More(); {
			e := reflect.New(t.Elem()).Elem()
			if err := elem.decode(c.Value(), e); err != nil {
				return fmt.Errorf("[%d]: %w", list.Len(), err)
			}
			list = reflect.Append(list, e)
		}
		v.Set(list)
		return nil
	}
	return f
}

// optionalOf reads an Optional: its fields are Set, Null and Value.
func (d *declarer) optionalOf(at place, t reflect.Type, input bool) *form {
	if !input {
		d.fault("%s: fraiseql.Optional is for arguments and inputs: use a pointer for what may be null", at.what)
		return nil
	}
	value, _ := t.FieldByName("Value")
	if value.Type.Implements(optionalType) {
		d.fault("%s: %s is an Optional of an Optional: one is enough", at.what, t)
		return nil
	}
	inner := d.formOf(at, value.Type, true)
	if inner == nil {
		return nil
	}
	f := *inner
	f.goType, f.nullable = t, true
	f.read = func(token []byte, v reflect.Value) error {
		v.FieldByName("Set").SetBool(true)
		return inner.read(token, v.FieldByIndex(value.Index))
	}
	return &f
}

// objectOf is a struct: an object that other declarations know, or one that is first met here.
func (d *declarer) objectOf(at place, t reflect.Type, input bool) *form {
	if !d.ordinaryStruct(at, t) {
		return nil
	}
	known := d.objects
	if input {
		known = d.inputs
	}
	s := known[t]
	if s == nil {
		name, origin := t.Name(), "Go type "+t.String()
		if name == "" { // a struct written in place is named by its path
			name, origin = at.name, "Go struct of "+at.what
		}
		if !schema.ValidName(name) {
			d.fault("%s: the Go type %s cannot be a GraphQL name: declare a named type of it (type Page Of[User])", at.what, t)
			return nil
		}
		if input {
			s = &shape{goType: t, input: true, decl: schema.TypeDecl{Name: name, Origin: origin}}
			d.inputs[t] = s
		} else {
			s = d.newObject(t, name, "")
			s.decl.Origin = origin
		}
		d.fill(s)
	}
	return &form{goType: t, sdl: s.decl.Name, shape: s, append: s.append, read: s.decode}
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	sqlValuer     = reflect.TypeFor[driver.Valuer]()
)

// ordinaryStruct refuses structs that stand for a single value in another package's way: as an
// object they would show their inner workings.
func (d *declarer) ordinaryStruct(at place, t reflect.Type) bool {
	p := reflect.PointerTo(t)
	if p.Implements(textMarshaler) || p.Implements(jsonMarshaler) || p.Implements(sqlValuer) {
		d.fault("%s: %s stands for a single value that GraphQL does not know: use a pointer (*string, *time.Time) for what may be null, fraiseql.Decimal for exact numbers, or json.RawMessage", at.what, t)
		return false
	}
	return true
}

func (s *shape) append(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxNesting {
		return nil, errTooNested
	}
	dst = append(dst, '{')
	for i, f := range s.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, f.name...) // names are letters, digits and _
		dst = append(dst, '"', ':')
		var err error
		if dst, err = f.form.append(dst, v.FieldByIndex(f.index), depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", f.goName, err)
		}
	}
	return append(dst, '}'), nil
}

// decode reads an object. Its keys are GraphQL names, or, inside documents, names as the
// database spells them.
func (s *shape) decode(token []byte, v reflect.Value) error {
	c := jsonw.At(token)
	if c.Kind() != '{' {
		return fmt.Errorf("%s is not an object", clip(token))
	}
	for c.Enter(); c.More(); {
		key, value := c.Key(), c.Value()
		f := s.byName[string(key)]
		if f == nil && !s.input {
			f = s.byFolded[folded(string(key))]
		}
		if f == nil {
			continue
		}
		target := v.FieldByIndex(f.index)
		if target.Type().Implements(optionalType) && jsonw.IsNull(value) {
			target.FieldByName("Set").SetBool(true)
			target.FieldByName("Null").SetBool(true)
			continue
		}
		if err := f.form.decode(value, target); err != nil {
			return fmt.Errorf("%s: %w", f.goName, err)
		}
	}
	return nil
}

// arguments is a struct as the arguments of a root field.
type arguments struct {
	ok    bool
	args  []schema.ArgDecl
	shape *shape
}

func (d *declarer) arguments(call, name string, t reflect.Type) arguments {
	if t.Kind() != reflect.Struct || d.scalarOf(t) != nil || t.Implements(optionalType) {
		d.fault("%s: the arguments are %s: they must be a struct, one field for each, and struct{} for none", call, t)
		return arguments{}
	}
	if t.NumField() == 0 {
		return arguments{ok: true}
	}
	before := len(d.faults)
	s := &shape{goType: t, input: true, decl: schema.TypeDecl{Name: title(name), Origin: call + ": arguments"}}
	d.fill(s)
	if s.oneOf {
		d.fault("%s: the arguments themselves cannot be fraiseql.OneOf: make them a field of their own struct", call)
	}
	return arguments{ok: len(d.faults) == before, args: s.args, shape: s}
}

func (a arguments) decode(raw json.RawMessage, v reflect.Value) error {
	if a.shape == nil || jsonw.IsNull(raw) {
		return nil
	}
	return a.shape.decode(raw, v)
}

// literal writes a default as GraphQL does, after reading it as a client's value would be.
func (f *form) literal(text string) (string, error) {
	switch {
	case f.enum != nil:
		if _, ok := f.enum.labels[text]; ok {
			return text, nil
		}
		if name, ok := f.enum.values[text]; ok {
			return name, nil
		}
		return "", fmt.Errorf("it is no value of the enum %s", f.enum.name)
	case f.elem != nil && text == "[]":
		return text, nil
	case f.elem != nil || f.shape != nil:
		return "", errors.New("only scalars and enums take a default, and lists []: make it a pointer, and choose in the function what its absence means")
	case f.sdl == "JSON":
		return "", errors.New("JSON takes no default: choose in the function what its absence means")
	}
	token := []byte(text)
	if f.text {
		token = jsonw.AppendString(nil, text)
	} else if !json.Valid(token) {
		return "", fmt.Errorf("it is no %s", f.sdl)
	}
	if f.parses != nil {
		return string(token), f.parses(text)
	}
	if err := f.decode(token, reflect.New(f.goType).Elem()); err != nil {
		return "", err
	}
	return string(token), nil
}

// clip keeps messages short.
func clip(token []byte) string {
	if len(token) > 60 {
		return strings.ToValidUTF8(string(token[:60]), "") + "…"
	}
	return string(token)
}

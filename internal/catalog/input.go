package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// inputs makes what the client sends: `input`, and beside a document the typed arguments.
func (m *mutation) inputs(typed []Argument, document, optional bool) bool {
	b := m.b
	fields := make([]*schema.Field, 0, len(typed))
	for _, a := range typed {
		ref, why := b.usualInput(a.Type)
		if ref == nil {
			m.report("take jsonb instead, or another type", "its argument %s cannot be sent: %s", a.Name, why)
			return false
		}
		if !a.Optional {
			ref = schema.NonNull(ref)
		}
		fields = append(fields, &schema.Field{Name: camel(strings.TrimPrefix(a.Name, "p_")), Type: ref, Key: a.Name})
	}
	if !document {
		return m.typedInput(fields)
	}
	ref, ok := m.documentInput()
	if !ok {
		return false
	}
	if !optional {
		ref = schema.NonNull(ref)
	}
	m.field.Args = append(m.field.Args, &schema.Field{Name: "input", Type: ref})
	m.field.Args = append(m.field.Args, fields...)
	return true
}

// typedInput makes the input object of a function that takes typed arguments only.
func (m *mutation) typedInput(fields []*schema.Field) bool {
	if len(fields) == 0 {
		return true
	}
	required := slices.ContainsFunc(fields, func(f *schema.Field) bool { return f.Type.NonNull })
	var t *schema.Type
	if m.decl.Input != "" {
		if t = m.b.inputs[m.decl.Input]; !m.matches(t, fields) {
			return false
		}
		required = slices.ContainsFunc(t.Fields, func(f *schema.Field) bool { return f.Type.NonNull && f.Default == "" })
	} else {
		name := upperFirst(m.decl.Name) + "Input"
		if !m.b.claim(name, m.on, m.fatal) {
			return false
		}
		t = &schema.Type{Kind: schema.Input, Name: name, Description: "What " + m.decl.Name + " takes.", Fields: fields}
		m.b.inputs[name] = t
	}
	ref := schema.Of(t)
	if required {
		ref = schema.NonNull(ref)
	}
	m.field.Args = []*schema.Field{{Name: "input", Type: ref}}
	return true
}

// matches compares the fields of an input declared in Go with the function's arguments.
func (m *mutation) matches(t *schema.Type, fields []*schema.Field) bool {
	if t == nil {
		return false // told where it is declared
	}
	ok := true
	for _, f := range t.Fields {
		i := slices.IndexFunc(fields, func(a *schema.Field) bool { return a.Name == f.Name })
		switch {
		case i < 0:
			m.report("take it out of the Go type, or give the function an argument "+snake(f.Name), "the input %s has %s, and %s has no such argument", t.Name, f.Name, m.fn)
			ok = false
		case fields[i].Type.Base() != f.Type.Base() && !interchangeable(fields[i].Type.Base(), f.Type.Base()) || (fields[i].Type.Elem == nil) != (f.Type.Elem == nil):
			m.report("declare it as "+fields[i].Type.String(), "the input %s declares %s as %s, and the argument of %s is %s", t.Name, f.Name, f.Type, m.fn, fields[i].Type)
			ok = false
		}
	}
	return ok
}

// interchangeable tells scalars whose values PostgreSQL reads as each other's.
func interchangeable(a, b *schema.Type) bool {
	a, b = a.Underlying(), b.Underlying()
	family := func(t *schema.Type) string {
		switch t.Name {
		case "ID", "UUID", "String":
			return "text"
		case "Int", "BigInt", "Decimal":
			return "number"
		}
		if t.Kind == schema.Enum {
			return "text"
		}
		return t.Name
	}
	return family(a) == family(b) || a.Name == "ID" && (b.Name == "Int" || b.Name == "BigInt") || b.Name == "ID" && (a.Name == "Int" || a.Name == "BigInt")
}

// documentInput is the type of the document that the function takes.
func (m *mutation) documentInput() (*schema.Ref, bool) {
	b := m.b
	switch {
	case m.decl.Input != "":
		t := b.inputs[m.decl.Input]
		return schema.Of(t), t != nil // its absence is told where it is declared
	case m.note.input == "":
		return schema.Of(b.scalars["JSON"]), true
	}
	sch, name := splitName(m.note.input)
	for _, t := range b.f.Types {
		if t.Kind != 'c' || t.Name != name || sch != "" && t.Schema != sch || sch == "" && !slices.Contains(b.f.Schemas, t.Schema) {
			continue
		}
		made, why := b.inputOf(t)
		if made == nil {
			m.report("mend the type", "%s", why)
			return nil, false
		}
		return schema.Of(made), true
	}
	var names []string
	for _, t := range b.f.Types {
		if t.Kind == 'c' {
			names = append(names, t.Schema+"."+t.Name)
		}
	}
	cure := "create it: CREATE TYPE " + m.note.input + " AS (…)"
	if near := nearest(m.note.input, names); near != "" {
		cure = "did you mean " + near + "?"
	}
	m.report(cure, "there is no composite type %s for input_type", m.note.input)
	return nil, false
}

// usualInput gives the use of a type that a value of it is sent as, or the reason why there is none.
func (b *builder) usualInput(oid uint32) (*schema.Ref, string) {
	declared, t := b.f.Types[oid], b.f.base(oid)
	if t == nil {
		return nil, "its type is not known"
	}
	var ref *schema.Ref
	why := ""
	switch {
	case t.Elem != 0:
		var elem *schema.Ref
		if elem, why = b.usualInput(t.Elem); elem != nil {
			ref = schema.ListOf(elem)
		}
	case t.Kind == 'c':
		var made *schema.Type
		if made, why = b.inputOf(t); made != nil {
			ref = schema.Of(made)
		}
	case t.Kind == 'r':
		why = "a range cannot be sent yet: send its bounds"
	default:
		ref, why = b.usual(oid)
	}
	if ref != nil && declared != t && declared.NotNull {
		ref = schema.NonNull(ref)
	}
	return ref, why
}

// inputOf makes the input type of a composite type once: app.type_create_user_input becomes CreateUserInput. Comments on its
// attributes name them, and say by `type=String!` which are required.
func (b *builder) inputOf(t *Type) (*schema.Type, string) {
	if made := b.inputByOID[t.OID]; made != nil {
		return made, ""
	}
	name := pascal(strings.TrimPrefix(t.Name, "type_"))
	if !strings.HasSuffix(name, "Input") {
		name += "Input"
	}
	if why := b.taken(name, t); why != "" {
		return nil, why
	}
	owner := fmt.Sprintf("composite type %s.%s", t.Schema, t.Name)
	made := &schema.Type{Kind: schema.Input, Name: name, Description: readComment(t.Comment).text}
	b.inputByOID[t.OID], b.inputs[name] = made, made
	for _, a := range t.Attributes {
		on := owner + ", attribute " + a.Name
		field, ok := b.attributeNote(a, owner)
		if !ok {
			continue
		}
		f := &schema.Field{
			Name: cmp.Or(field.name, camel(a.Name)), Key: a.Name, Description: field.description, Deprecated: field.deprecated, Requires: field.requires,
		}
		var why string
		f.Type, why = b.usualInput(a.Type)
		if field.typ != "" {
			w, err := parseType(field.typ)
			var declared *schema.Type
			if err == nil {
				if declared = b.lookup(w.base()); declared == nil {
					declared = b.inputs[w.base()]
				}
			}
			if declared == nil || declared.Composite() {
				b.report(false, on, undeclared, "it is left out: there is no input type %s", field.typ)
				continue
			}
			f.Type, why = w.with(declared), ""
		}
		switch {
		case f.Type == nil:
			b.report(false, on, "use another type", "it is left out: %s", why)
		case !schema.ValidName(f.Name):
			b.report(false, on, "rename the attribute", "it is left out: %q cannot be a field's name", f.Name)
		case slices.ContainsFunc(made.Fields, func(other *schema.Field) bool { return other.Name == f.Name }):
			b.report(false, on, "rename one of them", "it is left out: another attribute is named %s too", f.Name)
		default:
			made.Fields = append(made.Fields, f)
		}
	}
	if len(made.Fields) == 0 {
		delete(b.inputByOID, t.OID)
		return nil, owner + " has no attribute that can be sent"
	}
	return made, ""
}

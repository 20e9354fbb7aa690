package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// declareEnum takes an enum declared in Go. One that is named as a PostgreSQL enum gives its
// labels GraphQL names and must know all of them.
func (b *builder) declareEnum(d *schema.EnumDecl) {
	if !b.claim(d.Name, d.Origin, true) {
		return
	}
	enum := &schema.Type{Kind: schema.Enum, Name: d.Name, Description: d.Description}
	for _, v := range d.Values {
		if v.Label == "" {
			v.Label = v.Name
		}
		enum.Values = append(enum.Values, v)
		if !validLabel(v.Name) {
			b.report(true, d.Origin, "give the value a Name of letters, digits and _ other than true, false and null", "%q cannot be a value's name", v.Name)
		}
	}
	if len(enum.Values) == 0 {
		b.report(true, d.Origin, "declare at least one value", "the enum %s has no values", d.Name)
	}
	b.enums[d.Name] = enum
	for _, t := range b.catalogTypes(d.Name) {
		if t.Kind != 'e' || b.enumByOID[t.OID] != nil {
			continue
		}
		if !sameLabels(enum, t) {
			b.report(true, d.Origin, "declare exactly these: "+strings.Join(t.Labels, ", "), "its labels are not those of the PostgreSQL enum %s.%s", t.Schema, t.Name)
		}
		b.enumByOID[t.OID] = enum
		return
	}
}

// enumOf makes the GraphQL enum of a PostgreSQL enum once; otherwise it says why there is none.
func (b *builder) enumOf(t *Type) (*schema.Type, string) {
	if made := b.enumByOID[t.OID]; made != nil {
		return made, ""
	}
	name := pascal(t.Name)
	if len(t.Labels) == 0 {
		return nil, fmt.Sprintf("the enum %s.%s has no labels", t.Schema, t.Name)
	}
	if i := slices.IndexFunc(t.Labels, func(l string) bool { return !validLabel(l) }); i >= 0 && schema.ValidName(name) {
		return nil, fmt.Sprintf("the label %q of the enum %s.%s cannot be a GraphQL name: declare an enum %s in Go that gives it one", t.Labels[i], t.Schema, t.Name, name)
	}
	if why := b.taken(name, t); why != "" {
		return nil, why
	}
	enum := &schema.Type{Kind: schema.Enum, Name: name, Description: readComment(t.Comment).text}
	for _, l := range t.Labels {
		enum.Values = append(enum.Values, schema.EnumValue{Name: l, Label: l})
	}
	b.enums[name], b.enumByOID[t.OID] = enum, enum
	return enum, ""
}

// compositeOf makes the object type of a composite type once; its fields are keys of the JSON
// object that PostgreSQL makes of a value.
func (b *builder) compositeOf(t *Type) (*schema.Type, string) {
	if made := b.composites[t.OID]; made != nil {
		return made, ""
	}
	if why := b.compositeFaults[t.OID]; why != "" {
		return nil, why
	}
	name := pascal(t.Name)
	if o := b.objects[name]; o != nil && o.decl.Source == "" && b.fitsComposite(t, o.t) {
		return o.t, ""
	}
	if why := b.taken(name, t); why != "" {
		b.compositeFaults[t.OID] = why
		return nil, why
	}
	object := &schema.Type{Kind: schema.Object, Name: name, Description: readComment(t.Comment).text}
	owner := fmt.Sprintf("composite type %s.%s", t.Schema, t.Name)
	from := map[string]string{}
	for _, a := range t.Attributes {
		field := camel(a.Name)
		ref, why := b.usual(a.Type)
		switch {
		case ref == nil:
			b.report(false, owner+", attribute "+a.Name, "show the value in a view with a cast, or use another type", "it is left out: %s", why)
		case !schema.ValidName(field):
			b.report(false, owner+", attribute "+a.Name, "rename the attribute", "it is left out: %q cannot be a field's name", field)
		case from[field] != "":
			b.report(false, owner+", attribute "+a.Name, "rename one of them", "it is left out: the attributes %s and %s would both be named %s", from[field], a.Name, field)
		default:
			from[field] = a.Name
			if note, ok := b.attributeNote(a, owner); ok {
				object.Fields = append(object.Fields, &schema.Field{
					Name: field, Description: note.description, Deprecated: note.deprecated, Requires: note.requires,
					Type: ref, Key: a.Name, NoFilter: nestedList(ref), NoOrder: unordered(ref),
				})
			}
		}
	}
	if len(object.Fields) == 0 {
		why := owner + " has no attribute that can be served"
		b.compositeFaults[t.OID] = why
		return nil, why
	}
	b.composites[t.OID] = object
	return object, ""
}

// attributeNote reads the comment on an attribute of a composite type. Where it cannot be read, the attribute is left out: a
// guard might have stood there.
func (b *builder) attributeNote(a Attribute, owner string) (fieldNote, bool) {
	on := owner + ", attribute " + a.Name
	comment := readComment(a.Comment)
	var note fieldNote
	switch comment.kind {
	case "":
	case "field":
		var err error
		if note, err = readFieldNote(comment); err != nil {
			b.report(false, on, "correct the comment", "it is left out: %s", oneLine(err))
			return note, false
		}
	default:
		b.report(false, on, "write @fraiseql:field", "it is left out: @fraiseql:%s is not known on an attribute", comment.kind)
		return note, false
	}
	note.description = cmp.Or(note.description, comment.text)
	return note, true
}

// taken claims a catalog type's GraphQL name, or says who has it.
func (b *builder) taken(name string, t *Type) string {
	if !schema.ValidName(name) {
		return fmt.Sprintf("%q, from the type %s.%s, cannot be a GraphQL name: rename the type", name, t.Schema, t.Name)
	}
	if other := b.claims[name]; other != "" {
		return fmt.Sprintf("the GraphQL name %s of the type %s.%s is taken by %s: rename one of them", name, t.Schema, t.Name, other)
	}
	b.claims[name] = fmt.Sprintf("the type %s.%s", t.Schema, t.Name)
	return ""
}

func validLabel(name string) bool {
	return schema.ValidName(name) && name != "true" && name != "false" && name != "null"
}

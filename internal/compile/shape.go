package compile

import (
	"slices"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Value says how a value is written: the shape of a part of the answer.
type Value struct {
	NonNull bool
	Elem    *Value // of a list
	Object  bool   // Fields say what is written; otherwise the value is a leaf
	Page    *Page  // of an Object that is a connection below the root: how it is made of its Members
	Range   bool   // a leaf that becomes an object: Fields and Members are of the range's parts
	Numbers bool   // of a Range: its bounds are numbers; otherwise they are texts
	Fields  []Field
	// Variants are what is written of an object of an abstract type, in place of Fields.
	Variants *Variants
	Members  []string // of an object that comes as JSON: the keys to look for; an Origin's Slot counts here
	Inside   []*Field // by Slot: the one field that a member is for and that has values inside; nil: none. See Arrange

	Type string // the named type, for messages
	Form jsonw.Form
	// Serialize makes, of what Form writes, what clients get: of a scalar declared in Go with such a function; nil for others.
	Serialize func(stored string) (text string, err error)
	Labels    map[string]string // of an enum whose labels are not its names: label to name
	Enum      *schema.Type      // of an enum in a document or from Go: what may be written
}

// Field is one field of an object in the answer.
type Field struct {
	Name string           // the response name, for paths
	At   []fault.Location // where the document asks for it, for errors
	Key  []byte           // the same as JSON with its colon

	// Where the value is, exactly one of:
	Const  []byte       // here: the answer to __typename
	Fail   *fault.Error // nowhere: each object has this error and null; without a Name, null takes the place of the object
	Batch  *Batch       // in what a Go function gave
	Paged  Paged        // in the page of a connection
	Global *GlobalID    // in the key of the row
	Inline bool         // an object whose fields' values are in the same row or JSON object as its own would be
	Origin              // in the row or the JSON object

	Value *Value
}

// Origin is the place of a value in its parent.
type Origin struct {
	Slot   int    // the column of a wire row, or the member of a JSON object
	Text   bool   // a column in PostgreSQL's text format; otherwise the value is JSON
	Own    bool   // Slot counts among the members of the variant's own object
	member string // the key in a JSON object
}

// Batch is a Go field in one place of the answer.
type Batch struct {
	Index int // among the plan's batches
	Def   *schema.Batch
	Needs []Need
}

// Need is a value that a Go field reads from its parent.
type Need struct {
	Name string // the parent's field, by its GraphQL name
	Origin
}

// valueOf makes the shape of a type use. inner is what is written of an object at its base.
func valueOf(ref *schema.Ref, inner content) *Value {
	if ref.Elem != nil {
		return &Value{NonNull: ref.NonNull, Elem: valueOf(ref.Elem, inner)}
	}
	t := ref.Named
	v := &Value{NonNull: ref.NonNull, Type: t.Name, Fields: inner.fields, Variants: inner.variants, Object: t.Composite(), Range: t.Range != ""}
	if v.Range {
		bound := t.Fields[0].Type.Named.Name
		v.Numbers = bound == "Int" || bound == "BigInt" || bound == "Decimal"
	}
	v.Members = inner.numberMembers()
	v.Arrange()
	switch t.Kind {
	case schema.Scalar:
		v.Form, v.Serialize = jsonw.FormOf(t.Underlying().Name), t.Serialize
		if t.Underlying().Numbers && t.Serialize == nil {
			v.Form = v.Form.AsNumber()
		}
	case schema.Enum:
		v.Enum = t
		for _, ev := range t.Values {
			if ev.Name != ev.Label {
				if v.Labels == nil {
					v.Labels = map[string]string{}
				}
				v.Labels[ev.Label] = ev.Name
			}
		}
	}
	return v
}

// Arrange finds the members of a JSON object that can be written where they are met, in one walk over them: objects and lists,
// each for one field only. Where another order or another field's value may matter to what is written, there is none.
func (v *Value) Arrange() {
	if v.Variants != nil || v.Page != nil {
		return
	}
	inside, readers := make([]*Field, len(v.Members)), make([]int, len(v.Members))
	found := false
	for i := range v.Fields {
		f := &v.Fields[i]
		if f.Inline {
			return
		}
		f.origins(func(o *Origin) {
			if !o.Own && o.Slot < len(readers) {
				readers[o.Slot]++
			}
		})
		plain := f.Const == nil && f.Fail == nil && f.Batch == nil && f.Global == nil && f.Paged == 0
		if plain && !f.Own && f.Slot < len(inside) && f.Value != nil && (f.Value.Object || f.Value.Elem != nil) {
			inside[f.Slot], found = f, true
		}
	}
	for slot, n := range readers {
		if n > 1 {
			inside[slot] = nil
		}
	}
	if found {
		v.Inside = inside
	}
}

// members gathers the keys to look for in a JSON object.
type members []string

// slot gives an origin in the object its slot.
func (m *members) slot(o *Origin) {
	if o.member == "" || o.Own {
		return
	}
	if o.Slot = slices.Index(*m, o.member); o.Slot < 0 {
		o.Slot = len(*m)
		*m = append(*m, o.member)
	}
}

func (m *members) slots(fields []Field) {
	for i := range fields {
		fields[i].origins(m.slot)
	}
}

// origins calls do for each place of a field's parent that the field is made of.
func (f *Field) origins(do func(*Origin)) {
	do(&f.Origin)
	if f.Batch != nil {
		for i := range f.Batch.Needs {
			do(&f.Batch.Needs[i].Origin)
		}
	}
	if f.Global != nil {
		for i := range f.Global.Key {
			do(&f.Global.Key[i])
		}
	}
}

// numberMembers gives each origin in a JSON object its slot among the members to look for.
func (c content) numberMembers() []string {
	var m members
	m.slots(c.fields)
	if c.variants != nil {
		c.variants.number(&m)
	}
	return m
}

// key makes the response name ready to be copied.
func key(name string) []byte { return append(jsonw.AppendString(nil, name), ':') }

package execute

import (
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// cell gives the value of a place in the row or object whose cells begin at base.
func (w *writer) cell(base int, o compile.Origin) []byte {
	if o.Own {
		base = w.own
	}
	return w.cells[base+o.Slot]
}

// text gives a value as the text that it stands for; nil for null.
func text(token []byte, o compile.Origin) []byte {
	switch {
	case o.Text || token == nil:
		return token
	case jsonw.IsNull(token):
		return nil
	case token[0] == '"':
		return jsonw.AppendUnquoted(nil, token)
	}
	return token
}

// body writes an object whose values stand in the cells from base on. One of an abstract type is written as its label says;
// a label that stands for no type is an error, and the object null.
func (w *writer) body(v *compile.Value, base int) bool {
	if v.Variants == nil {
		return w.fields(v.Fields, base)
	}
	label := text(w.cell(base, v.Variants.Label), v.Variants.Label)
	variant := v.Variants.Of(label)
	if variant == nil {
		shown := strconv.Quote(string(label))
		if label == nil {
			shown = "null"
		}
		w.fail(fault.New(fault.Internal, "the data says that this is %s, which stands for no type of %s", shown, v.Type))
		return false
	}
	if variant.Own == nil {
		return w.fields(variant.Fields, base)
	}
	object := w.cell(base, *variant.Own)
	if object == nil || jsonw.IsNull(object) {
		if !v.Variants.Absent {
			w.fail(fault.New(fault.Internal, "the data says that this is %q, but its own source has no such row", label))
		}
		return false
	}
	outer, end := w.own, len(w.cells)
	cur := jsonw.At(object)
	w.own = w.gather(variant.Members, &cur)
	ok := w.fields(variant.Fields, base)
	w.own, w.cells = outer, w.cells[:end]
	return ok
}

// globalID writes the global id of a row.
func (w *writer) globalID(f *compile.Field, base int) bool {
	key := make([][]byte, len(f.Global.Key))
	for i, o := range f.Global.Key {
		if key[i] = text(w.cell(base, o), o); key[i] == nil {
			w.fail(fault.New(fault.Internal, "the row has no key, so there is no global id of it"))
			return w.null(f.Value)
		}
	}
	w.buf = f.Global.Append(w.buf, key)
	return true
}

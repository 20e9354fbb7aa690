package execute

import (
	"bytes"
	"slices"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// maxErrors bounds the errors that one answer lists; more are counted.
const maxErrors = 1000

// writer writes values by their shape. A value that breaks its type becomes an error and null;
// where null is not allowed, it moves to the nearest place where it is.
// Source: GraphQL specification, section 6.4.4, "Handling Execution Errors".
type writer struct {
	buf   []byte
	cells [][]byte // the values of the rows and objects that are being written, innermost last
	path  []step
	errs  fault.List
	more  int // errors beyond maxErrors
	quiet int // above 0: the value that is being written is lost already, and its errors with it

	ahead      uint64        // by slot: the cells of the object that is being written that hold what is to be written of them
	inTurn     bool          // something written ahead has failed: from now on all values wait for their turn
	own        int           // where the cells of the variant's own object begin
	plan       compile.Bound // what is being answered
	page       page          // the connection's that is being written
	batches    []batchState
	collecting bool // Go fields take their parents; what is written is thrown away
}

// step is a part of the path: a field, a root field, or an index where there is neither.
type step struct {
	field *compile.Field
	root  *compile.Root
	index int
}

func (w *writer) reset() {
	clear(w.cells[:cap(w.cells)])
	w.buf, w.cells, w.path = w.buf[:0], w.cells[:0], w.path[:0]
	w.errs, w.more, w.quiet, w.inTurn = nil, 0, 0, false
	w.batches, w.collecting, w.page, w.plan = nil, false, page{}, compile.Bound{}
}

// fail records an error at the current path.
func (w *writer) fail(e *fault.Error) {
	if w.quiet > 0 || w.collecting {
		return
	}
	if len(w.errs) >= maxErrors {
		w.more++
		return
	}
	c := *e
	c.Path = make([]any, len(w.path))
	for i, s := range w.path {
		at := c.Locations
		switch {
		case s.field != nil:
			c.Path[i], at = s.field.Name, s.field.At
		case s.root != nil:
			c.Path[i], at = s.root.Name, s.root.At
		default:
			c.Path[i] = s.index
		}
		if len(e.Locations) == 0 {
			c.Locations = at
		}
	}
	w.errs = append(w.errs, &c)
}

// null writes null, or tells that there is no place for it here.
func (w *writer) null(v *compile.Value) bool {
	if v.NonNull {
		return false
	}
	w.buf = append(w.buf, "null"...)
	return true
}

// value writes one value: a JSON token, or PostgreSQL's text. nil is null. It gives false when
// null must take the place of what the value is in; what was written is then thrown away.
func (w *writer) value(v *compile.Value, token []byte, text bool) bool {
	if token == nil || !text && jsonw.IsNull(token) {
		if v.NonNull {
			w.fail(fault.New(fault.Internal, "the field is declared non-null, but the data holds null"))
		}
		return w.null(v)
	}
	if opening(v) != 0 {
		cur := jsonw.At(token)
		return w.inside(v, &cur)
	}
	start := len(w.buf)
	if v.Range && w.rangeParts(v, token, text) || !v.Range && w.leaf(v, token, text) {
		return true
	}
	w.buf = w.buf[:start]
	return w.null(v)
}

// opening is what a value begins with that has other values inside; 0: it has none.
func opening(v *compile.Value) byte {
	switch {
	case v.Elem != nil:
		return '['
	case v.Object:
		return '{'
	}
	return 0
}

// inside writes a list or an object. It leaves the cursor behind it, if it was one, so that what
// is inside a list is walked once.
func (w *writer) inside(v *compile.Value, cur *jsonw.Cursor) bool {
	start := len(w.buf)
	if v.Elem != nil && w.list(v, cur) || v.Elem == nil && w.object(v, cur) {
		return true
	}
	w.buf = w.buf[:start]
	return w.null(v)
}

func (w *writer) leaf(v *compile.Value, token []byte, text bool) bool {
	var err error
	switch {
	case v.Serialize != nil:
		return w.serialized(v, token, text)
	case v.Enum != nil:
		err = w.enum(v, token, text)
	case text:
		w.buf, err = v.Form.AppendText(w.buf, token)
	default:
		w.buf, err = v.Form.AppendJSON(w.buf, token)
	}
	if err != nil {
		w.fail(fault.New(fault.Internal, "%s: %s", v.Type, err))
	}
	return err == nil
}

func (w *writer) enum(v *compile.Value, token []byte, text bool) error {
	label := token
	if !text {
		label = jsonw.AppendUnquoted(nil, token)
	}
	name := string(label)
	if renamed, ok := v.Labels[name]; ok {
		name = renamed
	}
	if _, ok := v.Enum.Value(name); !ok {
		return fault.New(fault.Internal, "the data holds %q, which is not a value of this enum", name)
	}
	w.buf = jsonw.AppendString(w.buf, name)
	return nil
}

func (w *writer) list(v *compile.Value, cur *jsonw.Cursor) bool {
	if cur.Kind() != '[' {
		w.fail(fault.New(fault.Internal, "a list is declared, but the data holds a single value"))
		return false
	}
	w.buf = append(w.buf, '[')
	w.path = append(w.path, step{})
	at := len(w.path) - 1
	ok := true
	n := 0
	for cur.Enter(); cur.More(); n++ {
		if n > 0 {
			w.buf = append(w.buf, ',')
		}
		w.path[at].index = n
		good := false
		if kind := cur.Kind(); kind == opening(v.Elem) {
			good = w.inside(v.Elem, cur)
		} else {
			good = w.value(v.Elem, cur.Value(), false)
		}
		if !good {
			ok = w.lose(ok)
		}
	}
	w.path = w.path[:at]
	w.found(ok)
	w.buf = append(w.buf, ']')
	return ok
}

// lose goes on without recording errors: the whole value is lost, but Go fields in what is
// left of it must still be counted.
func (w *writer) lose(ok bool) bool {
	if ok {
		w.quiet++
	}
	return false
}

func (w *writer) found(ok bool) {
	if !ok {
		w.quiet--
	}
}

func (w *writer) object(v *compile.Value, cur *jsonw.Cursor) bool {
	if cur.Kind() != '{' {
		w.fail(fault.New(fault.Internal, "%s is an object, but the data holds a single value or a list", v.Type))
		return false
	}
	outer, ahead, start := w.page, w.ahead, len(w.buf)
	base := len(w.cells)
	w.ahead = w.gatherAhead(v, cur)
	if v.Page != nil {
		w.page = w.pageBelow(v.Page, w.cells[base:])
	}
	from := len(w.buf)
	ok := w.body(v, base)
	w.page, w.ahead = outer, ahead
	w.cells = w.cells[:base]
	if from > start {
		w.buf = w.buf[:start+copy(w.buf[start:], w.buf[from:])]
	}
	return ok
}

// gatherAhead makes cells of an object's members. Those that have values inside and are for one field only are written behind the
// buffer as they are met, so that they are walked once; it tells which cells hold what was written. Where something fails, the
// cell is the member itself: then errors come in the order of the fields.
func (w *writer) gatherAhead(v *compile.Value, cur *jsonw.Cursor) (ahead uint64) {
	base := len(w.cells)
	w.cells = slices.Grow(w.cells, len(v.Members))[:base+len(v.Members)]
	clear(w.cells[base:])
	straight := v.Inside != nil && len(w.batches) == 0 && !w.collecting
	hint := 0
	for cur.Enter(); cur.More(); {
		slot := find(v.Members, hint, cur.Key())
		if slot < 0 {
			cur.Value()
			continue
		}
		hint = slot + 1
		if straight && !w.inTurn && slot < 64 && v.Inside[slot] != nil && ahead&(1<<slot) == 0 {
			if written := w.writeAhead(v.Inside[slot], cur); written != nil {
				w.cells[base+slot] = written
				ahead |= 1 << slot
				continue
			}
		}
		w.cells[base+slot] = cur.Value()
		ahead &^= 1 << slot
	}
	return ahead
}

// writeAhead writes a field's value where the cursor is, and leaves that behind it. Where it cannot do so, it gives nil, and all
// is as it was.
func (w *writer) writeAhead(f *compile.Field, cur *jsonw.Cursor) []byte {
	if cur.Kind() != opening(f.Value) {
		return nil
	}
	before, start, errs, more := *cur, len(w.buf), len(w.errs), w.more
	w.path = append(w.path, step{field: f})
	ok := w.inside(f.Value, cur)
	w.path = w.path[:len(w.path)-1]
	if ok && len(w.errs) == errs && w.more == more {
		return w.buf[start:]
	}
	// Were what is in it tried again, and what is in that, each level would double the work.
	*cur, w.buf, w.errs, w.more, w.inTurn = before, w.buf[:start], w.errs[:errs], more, true
	return nil
}

// gather makes cells of the members of a JSON object, and tells where they begin.
func (w *writer) gather(members []string, cur *jsonw.Cursor) int {
	base := len(w.cells)
	w.cells = appendMembers(w.cells, members, cur)
	return base
}

// appendMembers appends the values that the members of a JSON object have; nil where there is none.
func appendMembers(cells [][]byte, names []string, cur *jsonw.Cursor) [][]byte {
	base := len(cells)
	cells = slices.Grow(cells, len(names))[:base+len(names)]
	clear(cells[base:])
	hint := 0
	for cur.Enter(); cur.More(); {
		at := find(names, hint, cur.Key())
		if value := cur.Value(); at >= 0 {
			cells[base+at], hint = value, at+1
		}
	}
	return cells
}

// find gives the place of a key, looking from hint on first; -1: it is not there.
func find(names []string, hint int, key []byte) int {
	for i := range names {
		at := hint + i
		if at >= len(names) {
			at -= len(names)
		}
		if names[at] == string(key) {
			return at
		}
	}
	return -1
}

// row writes an element whose values are the columns of a wire row.
func (w *writer) row(v *compile.Value, columns [][]byte) bool {
	base, ahead := len(w.cells), w.ahead
	w.cells, w.ahead = append(w.cells, columns...), 0
	start := len(w.buf)
	ok := w.body(v, base)
	w.cells, w.ahead = w.cells[:base], ahead
	if ok {
		return true
	}
	w.buf = w.buf[:start]
	return w.null(v)
}

// fields writes an object whose values stand in the cells from base on.
func (w *writer) fields(fields []compile.Field, base int) bool {
	w.buf = append(w.buf, '{')
	w.path = append(w.path, step{})
	at := len(w.path) - 1
	ok := true
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, f.Key...)
		w.path[at].field = f
		good := true
		switch {
		case f.Const != nil:
			w.buf = append(w.buf, f.Const...)
		case f.Fail != nil:
			good = w.failed(f, at)
		case f.Batch != nil:
			good = w.batch(f, base)
		case f.Global != nil:
			good = w.globalID(f, base)
		case f.Paged != 0:
			good = w.paged(f, base)
		case f.Inline:
			good = w.inline(f.Value, base)
		case w.ahead != 0 && !f.Own && f.Slot < 64 && w.ahead&(1<<f.Slot) != 0:
			w.buf = append(w.buf, w.cells[base+f.Slot]...)
		default:
			good = w.value(f.Value, w.cell(base, f.Origin), f.Text)
		}
		if !good {
			ok = w.lose(ok)
		}
	}
	w.path = w.path[:at]
	w.found(ok)
	w.buf = append(w.buf, '}')
	return ok
}

// failed writes a field that the plan has an error for; at is the field's place in the path. Without a name, the error is
// of the object that the selection is on.
func (w *writer) failed(f *compile.Field, at int) bool {
	if f.Name != "" {
		w.fail(f.Fail)
		return w.null(f.Value)
	}
	w.path = w.path[:at]
	w.fail(f.Fail)
	w.path = w.path[:at+1]
	return false
}

// inline writes an object whose values stand in the cells of the object that it is in.
func (w *writer) inline(v *compile.Value, base int) bool {
	start := len(w.buf)
	if w.body(v, base) {
		return true
	}
	w.buf = w.buf[:start]
	return w.null(v)
}

// end writes what stands behind the data, and closes the answer.
func (w *writer) end(extensions func() []byte, redact func(fault.List) fault.List) {
	w.appendErrors(redact)
	if extensions != nil {
		w.buf = append(w.buf, `,"extensions":`...)
		w.buf = append(w.buf, extensions()...)
	}
	w.buf = append(w.buf, '}')
}

func (w *writer) appendErrors(redact func(fault.List) fault.List) {
	if len(w.errs) == 0 {
		return
	}
	if w.more > 0 {
		w.errs = append(w.errs, fault.New(fault.Internal, "%d more errors are left out", w.more))
	}
	w.buf = append(w.buf, `,"errors":[`...)
	for i, e := range redact(w.errs) {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = e.AppendJSON(w.buf)
	}
	w.buf = append(w.buf, ']')
}

// keep copies a token out of a buffer that will be used again.
func keep(token []byte) []byte { return bytes.Clone(token) }

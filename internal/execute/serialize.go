package execute

import (
	"errors"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// serialized writes a value of a scalar that has a Go function for it. The function gets the value as any other scalar of its
// form is written, so that it sees the same text whether a column or a document holds it.
func (w *writer) serialized(v *compile.Value, token []byte, text bool) bool {
	if w.collecting { // what is written now is thrown away
		w.buf = append(w.buf, "null"...)
		return true
	}
	start := len(w.buf)
	var err error
	if text {
		w.buf, err = v.Form.AppendText(w.buf, token)
	} else {
		w.buf, err = v.Form.AppendJSON(w.buf, token)
	}
	if err != nil {
		w.fail(fault.New(fault.Internal, "%s: %s", v.Type, err))
		return false
	}
	stored := string(jsonw.AppendUnquoted(nil, w.buf[start:]))
	w.buf = w.buf[:start]
	shown, err := v.Serialize(stored)
	if err != nil {
		var known *fault.Error
		if !errors.As(err, &known) {
			known = fault.Wrap(err, fault.Internal, "%s: the value cannot be written", v.Type)
		}
		w.fail(known)
		return false
	}
	w.buf = jsonw.AppendString(w.buf, shown)
	return true
}

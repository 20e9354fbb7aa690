package execute

import (
	"fmt"

	"github.com/fraiseql/fraiseql-go/internal/compile"
)

// Explain and Changed are tested from outside.
var (
	Explain = explain
	Changed = changed
)

// RangeParts gives the parts of a range of texts, as JSON.
func RangeParts(text []byte) ([]string, error) {
	r, err := readRange(text)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, name := range [...]string{"lower", "upper", "includesLower", "includesUpper", "isEmpty"} {
		part := r.part(name, false)
		if part == nil {
			part = []byte("null")
		}
		parts = append(parts, string(part))
	}
	return parts, nil
}

// Projection writes documents by a shape, over and over into the same buffer.
type Projection struct{ w writer }

// Project gives the bytes until the next call.
func (p *Projection) Project(v *compile.Value, document []byte) ([]byte, bool) {
	p.w.reset()
	ok := p.w.value(v, document, false)
	return p.w.buf, ok
}

// Failed are the paths of the errors of the last document.
func (p *Projection) Failed() (paths []string) {
	for _, e := range p.w.errs {
		paths = append(paths, fmt.Sprint(e.Path))
	}
	return paths
}

package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// written is the use of a type as SDL writes it, before its name was looked up.
type written struct {
	name    string
	elem    *written // of a list
	nonNull bool
}

var word = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*`)

// parseType reads a use of a type: [Post!]!
// Source: GraphQL specification, section 2.11.
func parseType(text string) (*written, error) {
	w, rest, ok := parseUse(strings.TrimSpace(text), 0)
	if !ok || rest != "" {
		return nil, fmt.Errorf("%q is not a type: write String, ID! or [Post!]! as SDL does", text)
	}
	return w, nil
}

func parseUse(text string, depth int) (*written, string, bool) {
	const deepest = 8 // lists of lists of lists: nobody means more
	w := &written{}
	if rest, ok := strings.CutPrefix(text, "["); ok {
		if depth == deepest {
			return nil, "", false
		}
		elem, rest, ok := parseUse(strings.TrimSpace(rest), depth+1)
		if !ok {
			return nil, "", false
		}
		if rest, ok = strings.CutPrefix(strings.TrimSpace(rest), "]"); !ok {
			return nil, "", false
		}
		w.elem, text = elem, rest
	} else {
		w.name = word.FindString(text)
		if w.name == "" {
			return nil, "", false
		}
		text = text[len(w.name):]
	}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(text), "!"); ok {
		w.nonNull, text = true, rest
	}
	return w, strings.TrimSpace(text), true
}

// base is the name at the bottom.
func (w *written) base() string {
	for w.elem != nil {
		w = w.elem
	}
	return w.name
}

// with puts a type at the bottom.
func (w *written) with(t *schema.Type) *schema.Ref {
	var ref *schema.Ref
	if w.elem != nil {
		ref = schema.ListOf(w.elem.with(t))
	} else {
		ref = schema.Of(t)
	}
	if w.nonNull {
		ref = schema.NonNull(ref)
	}
	return ref
}

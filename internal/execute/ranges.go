package execute

import (
	"bytes"
	"errors"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// rangeParts writes a range as an object. Wherever it comes from, it is PostgreSQL's text: a
// column on the wire, or a string in JSON.
func (w *writer) rangeParts(v *compile.Value, token []byte, text bool) bool {
	if !text {
		if token[0] != '"' {
			w.fail(fault.New(fault.Internal, "%s is declared, but the data holds no text of a range such as [1,10)", v.Type))
			return false
		}
		token = jsonw.AppendUnquoted(nil, token)
	}
	r, err := readRange(token)
	if err != nil {
		w.fail(fault.New(fault.Internal, "%s: %s", v.Type, err))
		return false
	}
	base := len(w.cells)
	for _, part := range v.Members {
		w.cells = append(w.cells, r.part(part, v.Numbers))
	}
	ok := w.fields(v.Fields, base)
	w.cells = w.cells[:base]
	return ok
}

// span is a range, taken apart; a bound that is not there is nil.
type span struct {
	lower, upper         []byte
	withLower, withUpper bool
	empty                bool
}

// part gives a part by its name in the schema, as JSON.
func (s *span) part(name string, numbers bool) []byte {
	truth := func(b bool) []byte {
		if b {
			return []byte("true")
		}
		return []byte("false")
	}
	switch name {
	case "lower":
		return bound(s.lower, numbers)
	case "upper":
		return bound(s.upper, numbers)
	case "includesLower":
		return truth(s.withLower)
	case "includesUpper":
		return truth(s.withUpper)
	}
	return truth(s.empty)
}

// bound writes a bound as PostgreSQL's to_json would: instants with a T between date and time
// and minutes behind the hours of the offset.
func bound(text []byte, number bool) []byte {
	if text == nil || number {
		return text
	}
	if i := bytes.IndexByte(text, ' '); i >= 4 && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
		text = bytes.Clone(text)
		text[i] = 'T'
		if n := len(text); n > i+9 && (text[n-3] == '+' || text[n-3] == '-') {
			text = append(text, ":00"...)
		}
	}
	return jsonw.AppendString(nil, text)
}

var errRange = errors.New("the data is not a range as PostgreSQL writes it, such as [1,10)")

// readRange takes PostgreSQL's text of a range apart.
// Source: PostgreSQL documentation, section 8.17.5.
func readRange(text []byte) (span, error) {
	if string(text) == "empty" {
		return span{empty: true}, nil
	}
	if len(text) < 3 || text[0] != '[' && text[0] != '(' {
		return span{}, errRange
	}
	s := span{withLower: text[0] == '['}
	var ok bool
	rest := text[1:]
	if s.lower, rest, ok = readBound(rest); !ok || len(rest) == 0 || rest[0] != ',' {
		return span{}, errRange
	}
	if s.upper, rest, ok = readBound(rest[1:]); !ok || len(rest) != 1 || rest[0] != ']' && rest[0] != ')' {
		return span{}, errRange
	}
	s.withUpper = rest[0] == ']'
	return s, nil
}

// readBound reads up to the sign behind a bound. Quotes in quotes are doubled, or follow a
// backslash.
func readBound(text []byte) (bound, rest []byte, ok bool) {
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"' && quoted && i+1 < len(text) && text[i+1] == '"', c == '\\' && i+1 < len(text):
			i++
			bound = append(bound, text[i])
		case c == '"':
			quoted = !quoted
			if bound == nil {
				bound = []byte{}
			}
		case !quoted && (c == ',' || c == ']' || c == ')'):
			return bound, text[i:], true
		default:
			bound = append(bound, c)
		}
	}
	return nil, nil, false
}

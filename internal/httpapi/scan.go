package httpapi

import (
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// maxDepth is how deep values may nest: far beyond any input type, far below what a stack holds.
const maxDepth = 500

// scanner checks JSON text against the grammar of RFC 8259 and finds where its values begin and end, without building any.
// At the first fault it stops: reason says what is wrong at byte at.
type scanner struct {
	b      []byte
	at     int
	reason string
}

// fault tells a reader where the scanner stopped.
func (s *scanner) fault(what string) *fault.Error {
	if s.at >= len(s.b) {
		return fault.New(fault.BadUserInput, "%s is not JSON: it ends too early", what)
	}
	r, _ := utf8.DecodeRune(s.b[s.at:])
	return fault.New(fault.BadUserInput, "%s is not JSON: %s at byte %d, at %q", what, s.reason, s.at, r)
}

func (s *scanner) fail(reason string) {
	if s.reason == "" {
		s.reason = reason
	}
}

// kind skips white space and gives the first byte of what follows; 0 at the end.
func (s *scanner) kind() byte {
	for ; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) next() { s.at++ }

// finish refuses anything but white space behind the value.
func (s *scanner) finish() {
	if s.reason == "" && s.kind() != 0 {
		s.fail("there is more behind its end,")
	}
	if s.reason == "" && s.at < len(s.b) { // a zero byte
		s.fail("there is more behind its end,")
	}
}

// member goes to the next member of an object; false behind the closing brace.
func (s *scanner) member(first bool) bool { return s.element(first, '}') }

func (s *scanner) element(first bool, closing byte) bool {
	if s.reason != "" {
		return false
	}
	switch c := s.kind(); {
	case c == closing:
		s.at++
		return false
	case first:
		return true
	case c == ',':
		s.at++
		if s.kind() == closing {
			s.fail("a comma stands before the end of a list or an object,")
			return false
		}
		return true
	}
	s.fail("a comma or the end of a list or an object is missing")
	return false
}

// key takes a key and the colon behind it, and gives the key's token.
func (s *scanner) key() []byte {
	if s.kind() != '"' {
		s.fail("a key must be a string,")
		return nil
	}
	start := s.at
	s.text()
	token := s.b[start:s.at]
	if s.reason == "" && s.kind() != ':' {
		s.fail("a colon is missing")
	}
	s.at++
	if s.reason != "" {
		s.at-- // the byte at fault
		return nil
	}
	return token
}

// value takes a value; depth counts the lists and objects around it.
func (s *scanner) value(depth int) {
	c := s.kind()
	switch {
	case depth > maxDepth:
		s.fail("values nest too deep")
	case c == '{':
		s.at++
		for first := true; s.element(first, '}'); first = false {
			s.key()
			if s.reason != "" {
				return
			}
			s.value(depth + 1)
		}
	case c == '[':
		s.at++
		for first := true; s.element(first, ']'); first = false {
			s.value(depth + 1)
		}
	case c == '"':
		s.text()
	case c == 't':
		s.word("true")
	case c == 'f':
		s.word("false")
	case c == 'n':
		s.word("null")
	case c == '-' || '0' <= c && c <= '9':
		s.number()
	default:
		s.fail("a value is missing")
	}
}

func (s *scanner) word(w string) {
	if len(s.b)-s.at < len(w) || string(s.b[s.at:s.at+len(w)]) != w {
		s.fail("a value is missing")
		return
	}
	s.at += len(w)
}

// text takes a string.
func (s *scanner) text() {
	s.at++
	for {
		s.at += jsonw.Plain(s.b[s.at:])
		if s.at == len(s.b) {
			break
		}
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return
		case c == '\\':
			s.at++
			if s.at < len(s.b) && !s.escape() {
				s.fail("an escape is wrong")
				return
			}
		case c < ' ':
			s.fail("a control character must be escaped,")
			return
		default:
			s.at++
		}
	}
	s.fail("a string has no end")
}

// escape takes what follows a backslash.
func (s *scanner) escape() bool {
	switch s.b[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return true
	case 'u':
		for range 4 {
			s.at++
			if s.at >= len(s.b) {
				return false
			}
			c := s.b[s.at] | 0x20
			if (c < '0' || c > '9' || s.b[s.at] < '0') && (c < 'a' || c > 'f') {
				return false
			}
		}
		s.at++
		return true
	}
	return false
}

// number takes a number.
func (s *scanner) number() {
	if s.b[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.b) && s.b[s.at] == '0' {
		s.at++
	} else if !s.digits() {
		return
	}
	if s.at < len(s.b) && s.b[s.at] == '.' {
		s.at++
		if !s.digits() {
			return
		}
	}
	if s.at < len(s.b) && s.b[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		s.digits()
	}
}

// digits takes one digit or more.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.b) && '0' <= s.b[s.at] && s.b[s.at] <= '9' {
		s.at++
	}
	if s.at == start {
		s.fail("a digit is missing")
	}
	return s.at > start
}

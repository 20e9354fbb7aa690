package jsonw

import (
	"encoding/binary"
	"math/bits"
)

// Cursor walks JSON from left to right.
type Cursor struct {
	b []byte
	i int
}

// At starts a cursor at the beginning of b.
func At(b []byte) Cursor { return Cursor{b: b} }

// Kind tells what comes next: one of { [ " t f n, 0 for a number, or - for nothing usable.
func (c *Cursor) Kind() byte {
	c.space()
	if c.i >= len(c.b) {
		return '-'
	}
	switch k := c.b[c.i]; k {
	case '{', '[', '"', 't', 'f', 'n':
		return k
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return '0'
	}
	return '-'
}

// Enter steps into the object or list that comes next.
func (c *Cursor) Enter() {
	c.space()
	c.i++
}

// More tells whether the object or list that the cursor is in has another member. When it has
// none, the cursor steps out behind it.
func (c *Cursor) More() bool {
	c.space()
	if c.i < len(c.b) && c.b[c.i] == ',' {
		c.i++
		c.space()
	}
	if c.i >= len(c.b) {
		return false
	}
	if k := c.b[c.i]; k == '}' || k == ']' {
		c.i++
		return false
	}
	return true
}

// Key takes a member's key, as it stands between its quotes, and the colon behind it.
func (c *Cursor) Key() []byte {
	token := c.Value()
	c.space()
	if c.i < len(c.b) && c.b[c.i] == ':' {
		c.i++
	}
	if len(token) < 2 {
		return nil
	}
	return token[1 : len(token)-1]
}

// Value takes the next value whole and gives its bytes.
func (c *Cursor) Value() []byte {
	c.space()
	start := c.i
	if start >= len(c.b) {
		return nil
	}
	switch c.b[start] {
	case '"':
		c.text()
	case '{', '[':
		c.nested()
	default:
		for c.i < len(c.b) && !isEnd(c.b[c.i]) {
			c.i++
		}
		if c.i == start {
			c.i = len(c.b) // not JSON: nothing more to find
		}
	}
	return c.b[start:c.i]
}

func (c *Cursor) space() {
	for c.i < len(c.b) && c.b[c.i] <= ' ' && isEnd(c.b[c.i]) {
		c.i++
	}
}

// text steps behind a string, eight bytes at a time: a byte of the word is zero behind the
// exclusive or where it is a quote or a backslash, and the lowest one that the trick finds is
// always one. Source: "Hacker's Delight", section 6-1, "Find First 0-Byte".
func (c *Cursor) text() {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	b, i := c.b, c.i+1
	for len(b)-i >= 8 {
		word := binary.LittleEndian.Uint64(b[i:])
		quote, escape := word^('"'*ones), word^('\\'*ones)
		found := ((quote-ones)&^quote | (escape-ones)&^escape) & tops
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if b[i] == '"' {
			c.i = i + 1
			return
		}
		i += 2
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			c.i = i + 1
			return
		}
	}
	c.i = len(b)
}

func (c *Cursor) nested() {
	depth := 0
	for c.i < len(c.b) {
		switch k := c.b[c.i]; {
		case k == '"':
			c.text()
			continue
		case k < '[': // digits, commas, colons and spaces
		case k == '{', k == '[':
			depth++
		case k == '}', k == ']':
			depth--
			if depth == 0 {
				c.i++
				return
			}
		}
		c.i++
	}
}

func isEnd(b byte) bool {
	switch b {
	case ',', '}', ']', ':', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

// IsNull tells whether a token is null or missing.
func IsNull(token []byte) bool { return len(token) == 0 || token[0] == 'n' }

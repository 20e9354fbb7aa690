package jsonw

import (
	"bytes"
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
	c.i = spaceEnd(c.b, c.i)
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
func (c *Cursor) Enter() { c.i = spaceEnd(c.b, c.i) + 1 }

// More tells whether the object or list that the cursor is in has another member. When it has
// none, the cursor steps out behind it.
func (c *Cursor) More() bool {
	b, i := c.b, spaceEnd(c.b, c.i)
	if i < len(b) && b[i] == ',' {
		i = spaceEnd(b, i+1)
	}
	c.i = i
	if i >= len(b) {
		return false
	}
	if k := b[i]; k == '}' || k == ']' {
		c.i++
		return false
	}
	return true
}

// Key takes a member's key, as it stands between its quotes, and the colon behind it. It is to be called behind More.
func (c *Cursor) Key() []byte {
	b, start := c.b, c.i
	if start >= len(b) || b[start] != '"' {
		c.i = len(b) // not JSON: nothing more to find
		return nil
	}
	end := textEnd(b, start)
	i := end
	if i < len(b) && b[i] != ':' {
		i = spaceEnd(b, i)
	}
	if i < len(b) && b[i] == ':' {
		i++
	}
	c.i = i
	return b[start+1 : max(end-1, start+1)]
}

// Value takes the next value whole and gives its bytes.
func (c *Cursor) Value() []byte {
	b, start := c.b, spaceEnd(c.b, c.i)
	if start >= len(b) {
		c.i = start
		return nil
	}
	end := start
	switch b[start] {
	case '"':
		end = textEnd(b, start)
	case '{', '[':
		end = nestedEnd(b, start)
	default:
		for end < len(b) && !ends[b[end]] {
			end++
		}
		if end == start {
			end = len(b) // not JSON: nothing more to find
		}
	}
	c.i = end
	return b[start:end]
}

// spaceEnd is the place of the first byte from i on that is no space.
func spaceEnd(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && ends[b[i]] {
		i++
	}
	return i
}

// textEnd is where a string ends that begins at i. It looks for quotes only: one ends the string when an even number of
// backslashes stands in front of it, and those are counted when it has been found.
func textEnd(b []byte, i int) int {
	for i = quote(b, i+1); i < len(b); i = quote(b, i+1) {
		if b[i-1] != '\\' {
			return i + 1
		}
		escapes := 1
		for b[i-1-escapes] == '\\' { // the string's first quote is none
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
	return len(b)
}

// quote gives the place of the first quote from i on, or the length of b. Most strings are short: the first words are looked at
// here, eight bytes at a time, and the rest by a function that takes more at once and longer to begin. A byte of the word is
// zero behind the exclusive or where it is a quote, and the lowest one that the trick finds is always one.
// Source: "Hacker's Delight", section 6-1, "Find First 0-Byte".
func quote(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for range 3 {
		if len(b)-i < 8 {
			break
		}
		word := binary.LittleEndian.Uint64(b[i:]) ^ '"'*ones
		if found := (word - ones) &^ word & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		i += 8
	}
	if i >= len(b) {
		return len(b)
	}
	if n := bytes.IndexByte(b[i:], '"'); n >= 0 {
		return i + n
	}
	return len(b)
}

// nestedEnd is where an object or a list ends that begins at i.
func nestedEnd(b []byte, i int) int {
	for depth := 0; i < len(b); {
		k := b[i]
		if k == '"' {
			i = textEnd(b, i)
			continue
		}
		i++
		if k < '[' { // digits, commas, colons and spaces
			continue
		}
		switch k {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// ends are the bytes that end a number or a word.
var ends = [256]bool{',': true, '}': true, ']': true, ':': true, ' ': true, '\n': true, '\t': true, '\r': true}

// IsNull tells whether a token is null or missing.
func IsNull(token []byte) bool { return len(token) == 0 || token[0] == 'n' }

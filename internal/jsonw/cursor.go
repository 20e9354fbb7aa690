package jsonw

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
	c.space()
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
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case ' ', '\n', '\t', '\r':
			c.i++
		default:
			return
		}
	}
}

func (c *Cursor) text() {
	for c.i++; c.i < len(c.b); c.i++ {
		switch c.b[c.i] {
		case '\\':
			c.i++
		case '"':
			c.i++
			return
		}
	}
	c.i = len(c.b)
}

func (c *Cursor) nested() {
	depth := 0
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case '"':
			c.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
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

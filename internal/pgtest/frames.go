package pgtest

import (
	"bytes"
	"encoding/binary"
)

// maxTextBytes is how much of one statement's text is kept.
const maxTextBytes = 64 << 10

// Codes that stand in the place of the protocol version in a first message.
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
)

// frames follows the message boundaries of one direction of a connection, however the bytes are cut. It reads headers,
// and keeps the beginning of those bodies that hold SQL.
type frames struct {
	first bool // the next message is a first one: it has no type byte, but a code behind its length

	header [9]byte // type (0 in a first message), length, code of a first message
	have   int     // bytes of the header that are there, the type included
	left   int     // bytes of the body still to come, once the header is there
	text   []byte  // the body's beginning when it holds SQL
}

// message is one that has been read to its end.
type message struct {
	kind byte // 0 in a first message
	code int  // of a first message
	text []byte
}

// scan walks over the next bytes of the stream. It calls begin at each message's first byte and end behind its last;
// the one that answers false stops the walk. It returns how many bytes it passed: all, or those before the stop.
func (f *frames) scan(p []byte, begin func(kind byte) bool, end func(message) bool) int {
	at := 0
	for at < len(p) {
		if f.have == 0 {
			if f.first {
				f.header[0] = 0
			} else {
				f.header[0] = p[at]
			}
			if !begin(f.header[0]) {
				return at
			}
			f.have, f.text = 1, f.text[:0]
			if !f.first {
				at++
			}
		}
		size := 5
		if f.first {
			size = 9
		}
		if f.have < size {
			n := copy(f.header[f.have:size], p[at:])
			f.have += n
			at += n
			if f.have < size {
				return at
			}
			f.left = max(int(binary.BigEndian.Uint32(f.header[1:5]))-(size-1), 0)
		}
		n := min(len(p)-at, f.left)
		if kind := f.header[0]; kind == 'P' || kind == 'Q' {
			f.text = append(f.text, p[at:at+min(n, maxTextBytes-len(f.text))]...)
		}
		at += n
		if f.left -= n; f.left > 0 {
			return at
		}
		f.have = 0
		m := message{kind: f.header[0], text: f.text}
		if f.first {
			m.code = int(binary.BigEndian.Uint32(f.header[5:9]))
		}
		if !end(m) {
			return at
		}
	}
	return at
}

// statement is the SQL of a Parse or Query message.
func (m message) statement() string {
	text := m.text
	if m.kind == 'P' { // the statement's name comes first
		_, text, _ = bytes.Cut(text, []byte{0})
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	return string(text)
}

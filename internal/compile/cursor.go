package compile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// A cursor is, in base64url without padding: a version, the fingerprint of the type and its order, the texts of the order's
// values, each behind 1 + its length (0: null), and a checksum. The values are parameters wherever they are used, so that a
// forged cursor reaches nothing that an honest one does not: there is no secret in it, and it is as good on one server as on
// another, before a restart and after it.
const (
	cursorVersion = 1
	printSize     = 4
	sumSize       = 4
)

var cursorCode = base64.RawURLEncoding.Strict()

// cursorForm is what the cursors of one order have in common.
type cursorForm struct {
	print    [printSize]byte
	nullable []bool // for each value
}

// newCursorForm makes the form of the cursors of a type's rows. Whatever a cursor's meaning depends on is in order.
func newCursorForm(typ string, order []orderKey) *cursorForm {
	f := &cursorForm{}
	text := []byte(typ)
	for _, k := range order {
		text = append(append(text, '\n'), k.path...)
		text = append(append(text, ' '), k.cast...)
		if k.collation != "" {
			text = append(append(text, " collate "...), k.collation...)
		}
		text = append(text, k.direction...)
		f.nullable = append(f.nullable, k.nullable)
	}
	sum := sha256.Sum256(text)
	copy(f.print[:], sum[:])
	return f
}

// append writes the cursor of a row as text. slots tells in which cells its values are.
// inJSON says that the cells are JSON.
func (f *cursorForm) append(dst []byte, cells [][]byte, slots []int, inJSON bool) []byte {
	raw := make([]byte, 0, 64)
	raw = append(append(raw, cursorVersion), f.print[:]...)
	for _, slot := range slots {
		value := cells[slot]
		switch {
		case !inJSON:
		case jsonw.IsNull(value):
			value = nil
		default:
			value = jsonw.AppendUnquoted([]byte{}, value)
		}
		if value == nil {
			raw = append(raw, 0)
			continue
		}
		raw = binary.AppendUvarint(raw, uint64(len(value))+1)
		raw = append(raw, value...)
	}
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return cursorCode.AppendEncode(dst, raw)
}

// read takes a cursor apart. A null is nil. The error says what to do, and nothing of what the cursor should have been.
func (f *cursorForm) read(text []byte) ([][]byte, error) {
	broken := fault.New(fault.BadUserInput, "it is not a cursor: send one as it was given, or none to start anew")
	raw, err := cursorCode.AppendDecode(nil, text)
	if err != nil || len(raw) < 1+printSize+sumSize || raw[0] != cursorVersion {
		return nil, broken
	}
	body, sum := raw[:len(raw)-sumSize], raw[len(raw)-sumSize:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return nil, broken
	}
	if !bytes.Equal(body[1:1+printSize], f.print[:]) {
		return nil, fault.New(fault.BadUserInput, "the cursor belongs to another type or order: send the orderBy that it was given under, or start anew without it")
	}
	body = body[1+printSize:]
	values := make([][]byte, len(f.nullable))
	for i := range values {
		n, size := binary.Uvarint(body)
		if size <= 0 || n > uint64(len(body)-size)+1 || n == 0 && !f.nullable[i] {
			return nil, broken
		}
		body = body[size:]
		if n == 0 {
			continue
		}
		values[i], body = body[:n-1:n-1], body[n-1:]
		if bytes.IndexByte(values[i], 0) >= 0 {
			return nil, broken
		}
	}
	if len(body) > 0 {
		return nil, broken
	}
	return values, nil
}

// cursorUse is a cursor that a request holds, as a literal or in a variable.
type cursorUse struct {
	form *cursorForm
	leaf int // 1 + index among the leaves; 0: text
	text []byte
	path []any         // of the field, at the root; below it there is a path for each parent
	at   *ast.Position // of the field
	name string        // field and argument, for messages
}

func (u *cursorUse) value(leaves []leaf) []byte {
	if u.leaf > 0 {
		return leaves[u.leaf-1].text
	}
	return u.text
}

// check refuses a cursor that cannot be used here.
func (u *cursorUse) check(leaves []leaf) error {
	_, err := u.form.read(u.value(leaves))
	if err == nil {
		return nil
	}
	f := *fault.Of(err)[0]
	f.Message, f.Path = u.name+": "+f.Message, u.path
	return f.At(u.at.Line, u.at.Column)
}

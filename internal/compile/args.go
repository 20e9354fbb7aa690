package compile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/operator"
)

// Statement is SQL whose parameters are filled for each request.
type Statement struct {
	SQL    string
	Name   string // the prepared statement's, made of the SQL
	Many   bool   // one row is one element; otherwise the only row is the value
	params []param
}

// Arity is the number of the statement's parameters.
func (s *Statement) Arity() int { return len(s.params) }

// param is where the text of a parameter comes from.
type param struct {
	leaf     int     // 1 + index among the leaves
	text     []byte  // leaf is 0: the text itself
	parts    []param // or the elements of an array
	array    bool
	like     operator.Pattern
	ends     string      // of a range whose parts are its bounds: the brackets
	cursor   *cursorForm // the text is a cursor, and the parameter the value in it that part tells
	part     int
	document *val       // the text is a JSON document in the database's names
	context  []string   // the request's own context gives the text; see ContextParam
	global   *globalIDs // the text is an array of what part tells of each global id: 0 its type, 1… the key
	cast     string     // the SQL type, to find the parameter again and to check its form
	field    string     // for messages
}

// maxNamed bounds the SQL of statements that a connection keeps, since PostgreSQL keeps about a hundred bytes for each.
const maxNamed = 16 << 10

func newStatement(sql string, params []param, many bool) *Statement {
	if len(sql) > maxNamed {
		return &Statement{SQL: sql, Many: many, params: params}
	}
	sum := sha256.Sum256([]byte(sql))
	return &Statement{SQL: sql, Name: "fq_" + hex.EncodeToString(sum[:10]), Many: many, params: params}
}

// Params appends the texts of a statement's parameters to dst. They stay valid until the
// request ends.
func (b Bound) Params(s *Statement, dst [][]byte) ([][]byte, error) {
	for i := range s.params {
		text, err := s.params[i].bind(b.values.leaves)
		if err != nil {
			return nil, err
		}
		dst = append(dst, text)
	}
	return dst, nil
}

// Context lists the parameters that the request's own context gives.
func (s *Statement) Context() []ContextParam {
	var all []ContextParam
	for i := range s.params {
		if s.params[i].context != nil {
			all = append(all, ContextParam{i, s.params[i].context})
		}
	}
	return all
}

// bindDocument writes a document; one whose type says nothing of its keys has all of them renamed.
func (p *param) bindDocument(leaves []leaf) []byte {
	text := p.document.appendDocument(nil, leaves)
	if p.document.kind == leafVal && p.document.ref.Elem == nil {
		return appendRenamed(nil, text)
	}
	return text
}

func (p *param) bind(leaves []leaf) ([]byte, error) {
	if p.array {
		var a arrayLiteral
		a.open()
		for i := range p.parts {
			if i > 0 {
				a.comma()
			}
			text, err := p.parts[i].bind(leaves)
			if err != nil {
				return nil, err
			}
			if text == nil {
				a.null()
			} else {
				a.element(text)
			}
		}
		a.close()
		return a.dst, nil
	}
	if p.ends != "" {
		return p.bindRange(leaves)
	}
	switch {
	case p.global != nil:
		return p.bindGlobal(leaves)
	case p.document != nil:
		return p.bindDocument(leaves), nil
	case p.context != nil:
		return nil, nil
	}
	text := p.text
	if p.leaf > 0 {
		text = leaves[p.leaf-1].text
	}
	if p.cursor != nil {
		values, err := p.cursor.read(text)
		if err != nil || values[p.part] == nil {
			return nil, err
		}
		text = values[p.part]
	}
	switch p.like {
	case operator.Anywhere:
		return append(escapeLike([]byte{'%'}, text), '%'), nil
	case operator.AtStart:
		return append(escapeLike(nil, text), '%'), nil
	case operator.AtEnd:
		return escapeLike([]byte{'%'}, text), nil
	}
	return text, p.fits(text)
}

// bindRange writes PostgreSQL's text form of a range. A bound that is null is left out.
// Source: PostgreSQL documentation, section 8.17.5.
func (p *param) bindRange(leaves []leaf) ([]byte, error) {
	a := arrayLiteral{dst: []byte{p.ends[0]}}
	for i := range p.parts {
		if i > 0 {
			a.comma()
		}
		if bound := &p.parts[i]; bound.leaf > 0 || bound.text != nil {
			text, err := bound.bind(leaves)
			if err != nil {
				return nil, err
			}
			a.element(text)
		}
	}
	return append(a.dst, p.ends[1]), nil
}

// escapeLike makes the wildcards of LIKE stand for themselves.
func escapeLike(dst, text []byte) []byte {
	for _, c := range text {
		if c == '%' || c == '_' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}

// fits refuses what cannot be a value of its column's type, before any SQL is sent: an ID of another kind, and a number that is
// one of the scalar but too large for the column.
func (p *param) fits(text []byte) error {
	accepted := ""
	switch p.cast {
	case "uuid":
		if !isUUID(text) {
			accepted = "a UUID such as 123e4567-e89b-12d3-a456-426614174000"
		}
	case "int2", "smallint":
		accepted = wholeOf(text, 16)
	case "int4", "integer":
		accepted = wholeOf(text, 32)
	case "int8", "bigint":
		accepted = wholeOf(text, 64)
	case "float4", "real":
		// PostgreSQL refuses what rounds to 0 too.
		if f, err := strconv.ParseFloat(string(text), 32); err != nil || f == 0 && bytes.ContainsAny(mantissa(text), "123456789") {
			accepted = "a number of single precision, which is 0 or from 1e-45 to 3.4e38"
		}
	}
	if accepted != "" {
		return fault.New(fault.BadUserInput, "%s: %s is not what this field holds: send %s", p.field, shown(stringToken, []byte(text)), accepted)
	}
	return nil
}

// wholeOf says what is accepted when the text is no whole number of so many bits.
func wholeOf(text []byte, bits int) (accepted string) {
	_, err := strconv.ParseInt(string(text), 10, bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Sprintf("a whole number from %d to %d", int64(-1)<<(bits-1), int64(1)<<(bits-1)-1)
	case err != nil || text[0] == '+':
		return "a whole number"
	}
	return ""
}

func mantissa(number []byte) []byte {
	m, _, _ := bytes.Cut(bytes.ToLower(number), []byte("e"))
	return m
}

// key finds a parameter that two places of a statement can share.
func (p *param) key() string {
	if p.array || p.ends != "" || p.global != nil || p.document != nil || p.context != nil {
		return ""
	}
	return fmt.Sprintf("%d|%s|%d|%t|%d|%s", p.leaf, p.text, p.like, p.cursor != nil, p.part, p.cast)
}

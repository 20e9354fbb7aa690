package jsonw

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Form is the wire form of a scalar.
type Form uint8

// The forms. Text serves every scalar that is written as the text PostgreSQL has for it.
const (
	Text Form = iota
	Boolean
	Int
	BigInt
	Decimal
	Float
	DateTime
	LocalDateTime
	Duration
	Bytes
	JSON
	bigNumber     // BigInt as a number
	decimalNumber // Decimal as a number
)

// AsNumber gives the form in which BigInt and Decimal are JSON numbers instead of strings; every other form is its own.
func (f Form) AsNumber() Form {
	switch f {
	case BigInt:
		return bigNumber
	case Decimal:
		return decimalNumber
	}
	return f
}

// FormOf gives the form of a scalar by its GraphQL name.
func FormOf(scalar string) Form {
	switch scalar {
	case "Boolean":
		return Boolean
	case "Int":
		return Int
	case "BigInt":
		return BigInt
	case "Decimal":
		return Decimal
	case "Float":
		return Float
	case "DateTime":
		return DateTime
	case "LocalDateTime":
		return LocalDateTime
	case "Duration":
		return Duration
	case "Bytes":
		return Bytes
	case "JSON":
		return JSON
	}
	return Text
}

// AppendText writes a value from PostgreSQL's text format. On an error nothing was written.
func (f Form) AppendText(dst, text []byte) ([]byte, error) {
	switch f {
	case Text, Duration:
		return AppendString(dst, text), nil
	case Boolean:
		return strconv.AppendBool(dst, len(text) > 0 && text[0] == 't'), nil
	case Int:
		return append(dst, text...), nil
	case Float:
		if text[len(text)-1] <= '9' && text[0] <= '9' && bytes.IndexByte(text, 'e') < 0 && string(text) != "-0" {
			return append(dst, text...), nil // as PostgreSQL writes it: the shortest that stands for this number
		}
		return f.number(dst, text)
	case Decimal, BigInt, bigNumber, decimalNumber:
		return f.number(dst, text)
	case DateTime, LocalDateTime:
		start := len(dst) + 1
		dst = append(dst, '"')
		dst = append(dst, text...)
		withT(dst, start)
		return zulu(append(dst, '"'), start), nil
	case Bytes:
		return appendBytes(dst, bytes.TrimPrefix(text, []byte(`\x`)))
	case JSON:
		return append(dst, text...), nil
	}
	panic("jsonw: unknown form " + strconv.Itoa(int(f)))
}

// AppendJSON writes a value from a JSON token that is not null. On an error nothing was
// written.
func (f Form) AppendJSON(dst, token []byte) ([]byte, error) {
	kind := token[0]
	if f == JSON {
		return append(dst, token...), nil
	}
	if kind == '{' || kind == '[' {
		return dst, errors.New("a single value is declared, but the data holds an object or a list")
	}
	inner := token
	if kind == '"' {
		inner = token[1 : len(token)-1]
	}
	switch f {
	case Text:
		if kind == '"' {
			return appendToken(dst, token), nil
		}
		return AppendString(dst, token), nil
	case Boolean:
		if kind != 't' && kind != 'f' {
			return dst, fmt.Errorf("a boolean is declared, but the data holds %s", clip(token))
		}
		return append(dst, token...), nil
	case Int, Float, Decimal, BigInt, bigNumber, decimalNumber:
		if kind == 't' || kind == 'f' {
			return dst, fmt.Errorf("a number cannot represent %s", clip(token))
		}
		return f.number(dst, inner)
	case DateTime:
		return instant(dst, inner), nil
	case LocalDateTime:
		start := len(dst) + 1
		dst = append(append(append(dst, '"'), inner...), '"')
		withT(dst, start)
		return dst, nil
	case Duration:
		dst = append(dst, '"')
		return append(appendDuration(dst, inner), '"'), nil
	case Bytes:
		if hexa, ok := bytes.CutPrefix(inner, []byte(`\\x`)); ok {
			return appendBytes(dst, hexa)
		}
		return append(dst, token...), nil
	}
	panic("jsonw: unknown form " + strconv.Itoa(int(f)))
}

// number writes a number of any spelling in the form's own.
func (f Form) number(dst, text []byte) ([]byte, error) {
	sent := text
	plain, whole := numberForm(text)
	if !plain {
		return dst, fmt.Errorf("%s is not a number that can be written", clip(text))
	}
	switch f {
	case Float:
		return appendFloat(dst, text)
	case Decimal:
		return append(appendDecimal(append(dst, '"'), text), '"'), nil
	case decimalNumber:
		return appendDecimal(dst, text), nil
	}
	if !whole { // 5.0 and 5e3 are whole too
		if text, whole = Whole(text); !whole {
			return dst, fmt.Errorf("a whole number is declared, but the data holds %s", clip(sent))
		}
	}
	bits := 64
	if f == Int {
		bits = 32
	}
	if _, err := strconv.ParseInt(string(text), 10, bits); err != nil {
		return dst, fmt.Errorf("%s is outside a whole number of %d bits", clip(text), bits)
	}
	if f == Int || f == bigNumber {
		return append(dst, text...), nil
	}
	return append(append(append(dst, '"'), text...), '"'), nil
}

// Whole gives the digits of a number that is whole in another spelling: 5.0 or 5e3.
func Whole(text []byte) ([]byte, bool) {
	if digits, zeros, ok := bytes.Cut(text, []byte{'.'}); ok && len(bytes.Trim(zeros, "0")) == 0 {
		return digits, true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return nil, false
	}
	return strconv.AppendInt(nil, int64(f), 10), true
}

// numberForm tells whether text is a JSON number, and whether it has digits only.
func numberForm(text []byte) (plain, whole bool) {
	i, n := 0, len(text)
	if i < n && text[i] == '-' {
		i++
	}
	start := i
	for i < n && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	if i == start {
		return false, false
	}
	if text[start] == '0' && i-start > 1 {
		return false, false
	}
	if i == n {
		return true, true
	}
	digits := func() bool {
		from := i
		for i < n && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > from
	}
	if text[i] == '.' {
		if i++; !digits() {
			return false, false
		}
	}
	if i < n && (text[i] == 'e' || text[i] == 'E') {
		if i++; i < n && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false, false
		}
	}
	return i == n, false
}

// zulu writes UTC as Z where PostgreSQL writes +00 or +00:00. start is where the text begins.
func zulu(dst []byte, start int) []byte {
	for _, zone := range []string{"+00:00", "+00"} {
		if i := bytes.LastIndex(dst[start:], []byte(zone)); i >= 8 {
			rest := dst[start+i+len(zone):]
			dst = append(dst[:start+i], 'Z')
			return append(dst, rest...)
		}
	}
	return dst
}

// withT puts a T between date and time, where PostgreSQL's text has a space. start is where the text begins.
func withT(dst []byte, start int) {
	if i := bytes.IndexByte(dst[start:], ' '); i >= 4 && dst[start+i+1] >= '0' && dst[start+i+1] <= '9' {
		dst[start+i] = 'T'
	}
}

// instant writes a point in time of a document, of whatever offset, in UTC.
func instant(dst, text []byte) []byte {
	dst = append(dst, '"')
	at := len(bytes.TrimSuffix(text, []byte("+00:00")))
	if at == len(text) {
		at = len(bytes.TrimSuffix(text, []byte{'Z'}))
	}
	if at < len(text) && at >= 19 && text[10] == 'T' && (text[19] != '.' || text[at-1] != '0') { // as it shall be, but for the zone
		return append(append(dst, text[:at]...), 'Z', '"')
	}
	if m, ok := ReadMoment(text); ok && m.Zone {
		return append(appendInstant(dst, m), '"')
	}
	start := len(dst)
	return zulu(append(append(dst, text...), '"'), start)
}

func appendBytes(dst, hexa []byte) ([]byte, error) {
	raw := make([]byte, hex.DecodedLen(len(hexa)))
	if _, err := hex.Decode(raw, hexa); err != nil {
		return dst, errors.New("the data is not PostgreSQL's hexadecimal form of bytes")
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, raw)
	return append(dst, '"'), nil
}

// clip keeps messages short.
func clip(text []byte) string {
	if len(text) > 40 {
		return string(text[:40]) + "…"
	}
	return string(text)
}

package fraiseql

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

type readFunc = func(token []byte, v reflect.Value) error

// scalarOf gives the form of a type that is a single value, or nil for all others.
func (d *declarer) scalarOf(t reflect.Type) *form {
	if e := d.enums[t]; e != nil {
		return &form{goType: t, sdl: e.name, enum: e, append: e.append, read: e.read}
	}
	if known := d.scalars[t]; known != nil {
		f := *known
		return &f
	}
	if f := namedScalar(t); f != nil {
		f.goType = t
		return f
	}
	return kindScalar(t)
}

// kindScalar gives the form of a type that nothing but its kind tells about, or nil.
func kindScalar(t reflect.Type) *form {
	f := &form{goType: t}
	switch t.Kind() {
	case reflect.Bool:
		f.sdl, f.append, f.read = "Boolean", appendBool, readBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32:
		f.sdl, f.append, f.read = "Int", appendInt32, readInt
	case reflect.Uint8, reflect.Uint16:
		f.sdl, f.append, f.read = "Int", appendUint, readUint
	case reflect.Int64:
		f.sdl, f.append, f.read = "BigInt", appendInt, readInt
	case reflect.Uint32:
		f.sdl, f.append, f.read = "BigInt", appendUint, readUint
	case reflect.Float32, reflect.Float64:
		f.sdl, f.append, f.read = "Float", appendFloat, readFloat
	case reflect.String:
		f.sdl, f.text, f.append, f.read = "String", true, appendText, readText(false)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil
		}
		f.sdl, f.nullable, f.append, f.read = "JSON", true, appendJSON, readJSON
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return nil
		}
		f.sdl, f.nullable, f.append, f.read = "JSON", true, appendJSON, readJSON
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return nil
		}
		f.sdl, f.text, f.append, f.read = "Bytes", true, appendBytes, readBytes
	case reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 || t.Len() != 16 {
			return nil
		}
		f.sdl, f.text, f.append, f.read = "UUID", true, appendUUID, readUUID
	default:
		return nil
	}
	return f
}

// namedScalar knows types by name rather than by kind.
func namedScalar(t reflect.Type) *form {
	words := func(sdl string, numbers bool) *form {
		return &form{sdl: sdl, text: true, append: appendText, read: readText(numbers)}
	}
	switch t {
	case reflect.TypeFor[ID]():
		return words("ID", true)
	case reflect.TypeFor[Decimal]():
		return &form{sdl: "Decimal", append: appendDecimal, read: readDecimal}
	case reflect.TypeFor[UUID]():
		return words("UUID", false)
	case reflect.TypeFor[Date]():
		return words("Date", false)
	case reflect.TypeFor[TimeOfDay]():
		return words("Time", false)
	case reflect.TypeFor[LocalDateTime]():
		return words("LocalDateTime", false)
	case reflect.TypeFor[Interval]():
		return words("Duration", false)
	case reflect.TypeFor[LTreePath]():
		return words("LTreePath", false)
	case reflect.TypeFor[time.Time]():
		return &form{sdl: "DateTime", text: true, append: appendTime, read: readTime}
	case reflect.TypeFor[time.Duration]():
		return &form{sdl: "Duration", text: true, append: appendDuration, read: readDuration}
	case reflect.TypeFor[json.RawMessage]():
		return &form{sdl: "JSON", nullable: true, append: appendRaw, read: readRaw}
	case reflect.TypeFor[net.IP]():
		return &form{sdl: "IpAddress", text: true, append: appendStringer, read: readParsed(parseIP)}
	case reflect.TypeFor[netip.Addr]():
		return &form{sdl: "IpAddress", text: true, append: appendStringer, read: readParsed(netip.ParseAddr)}
	case reflect.TypeFor[netip.Prefix]():
		return &form{sdl: "CIDR", text: true, append: appendStringer, read: readParsed(netip.ParsePrefix)}
	case reflect.TypeFor[net.HardwareAddr]():
		return &form{sdl: "MacAddress", text: true, append: appendStringer, read: readParsed(net.ParseMAC)}
	}
	return nil
}

func (e *enumForm) append(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	name, ok := e.values[v.String()]
	if !ok {
		return nil, fmt.Errorf("%q is no value of the enum %s", v.String(), e.name)
	}
	return jsonw.AppendString(dst, name), nil
}

// read takes a GraphQL name, or the value itself as the database has it.
func (e *enumForm) read(token []byte, v reflect.Value) error {
	text := string(jsonw.AppendUnquoted(nil, token))
	if label, ok := e.labels[text]; ok {
		text = label
	} else if _, ok := e.values[text]; !ok {
		return fmt.Errorf("%s is no value of the enum %s", clip(token), e.name)
	}
	v.SetString(text)
	return nil
}

func unquote(token []byte) (string, error) {
	if token[0] != '"' {
		return "", fmt.Errorf("%s is not a string", clip(token))
	}
	return string(jsonw.AppendUnquoted(nil, token)), nil
}

// digits are a number's, which may stand in quotes so that no reader rounds them.
func digits(token []byte) string { return string(bytes.Trim(token, `"`)) }

func appendBool(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendBool(dst, v.Bool()), nil
}

func readBool(token []byte, v reflect.Value) error {
	if token[0] != 't' && token[0] != 'f' {
		return fmt.Errorf("%s is not true or false", clip(token))
	}
	v.SetBool(token[0] == 't')
	return nil
}

func appendInt(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

func appendInt32(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if i := v.Int(); i < math.MinInt32 || i > math.MaxInt32 {
		return nil, fmt.Errorf("%d does not fit Int, which has 32 bits: make the field int64 (BigInt)", i)
	}
	return appendInt(dst, v, depth)
}

func appendUint(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendUint(dst, v.Uint(), 10), nil
}

func readInt(token []byte, v reflect.Value) error {
	i, err := strconv.ParseInt(digits(token), 10, v.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s is not a whole number of %d bits", clip(token), v.Type().Bits())
	}
	v.SetInt(i)
	return nil
}

func readUint(token []byte, v reflect.Value) error {
	i, err := strconv.ParseUint(digits(token), 10, v.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s is not a whole number from 0 of %d bits", clip(token), v.Type().Bits())
	}
	v.SetUint(i)
	return nil
}

func appendFloat(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v cannot be written as a GraphQL Float", f)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, v.Type().Bits()), nil
}

func readFloat(token []byte, v reflect.Value) error {
	f, err := strconv.ParseFloat(digits(token), v.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s is not a number of %d bits", clip(token), v.Type().Bits())
	}
	v.SetFloat(f)
	return nil
}

func appendText(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return jsonw.AppendString(dst, v.String()), nil
}

func readText(numbers bool) readFunc {
	return func(token []byte, v reflect.Value) error {
		if numbers && (token[0] == '-' || token[0] >= '0' && token[0] <= '9') {
			v.SetString(string(token))
			return nil
		}
		text, err := unquote(token)
		if err != nil {
			return err
		}
		v.SetString(text)
		return nil
	}
}

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text))
}

func appendDecimal(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	text := v.String()
	if !isNumber(text) {
		return nil, fmt.Errorf("%q is not a decimal number", text)
	}
	return append(dst, text...), nil
}

func readDecimal(token []byte, v reflect.Value) error {
	text := digits(token)
	if !isNumber(text) {
		return fmt.Errorf("%s is not a decimal number", clip(token))
	}
	v.SetString(text)
	return nil
}

func appendTime(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	t, _ := v.Interface().(time.Time)
	dst = append(dst, '"')
	return append(t.UTC().AppendFormat(dst, time.RFC3339Nano), '"'), nil
}

// readTime takes what clients send (RFC 3339) and the ways in which PostgreSQL writes it.
func readTime(token []byte, v reflect.Value) error {
	text, err := unquote(token)
	if err != nil {
		return err
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z07", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			v.Set(reflect.ValueOf(t.UTC()))
			return nil
		}
	}
	return fmt.Errorf("%s is not a point in time such as 2026-01-31T13:45:00Z", clip(token))
}

func appendDuration(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	dst = append(dst, '"')
	dst = append(dst, isoDuration(time.Duration(v.Int()))...)
	return append(dst, '"'), nil
}

func readDuration(token []byte, v reflect.Value) error {
	text, err := unquote(token)
	if err != nil {
		return err
	}
	span, err := parseISODuration(text)
	if err != nil {
		return err
	}
	v.SetInt(int64(span))
	return nil
}

func appendRaw(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	raw := v.Bytes()
	if len(raw) == 0 {
		return append(dst, "null"...), nil
	}
	if !json.Valid(raw) {
		return nil, errors.New("the json.RawMessage is not JSON")
	}
	return append(dst, raw...), nil
}

func readRaw(token []byte, v reflect.Value) error {
	v.SetBytes(bytes.Clone(token))
	return nil
}

func appendJSON(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v.Interface()); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// readJSON keeps numbers as json.Number, so that none is rounded.
func readJSON(token []byte, v reflect.Value) error {
	dec := json.NewDecoder(bytes.NewReader(token))
	dec.UseNumber()
	return dec.Decode(v.Addr().Interface())
}

func appendBytes(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	return append(dst, '"'), nil
}

// readBytes takes base64, as clients send it, and PostgreSQL's hexadecimal form.
func readBytes(token []byte, v reflect.Value) error {
	text, err := unquote(token)
	if err != nil {
		return err
	}
	var raw []byte
	if hexa, ok := strings.CutPrefix(text, `\x`); ok {
		raw, err = hex.DecodeString(hexa)
	} else {
		raw, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return fmt.Errorf("%s is not base64", clip(token))
	}
	v.SetBytes(raw)
	return nil
}

func appendUUID(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	var raw [16]byte
	reflect.Copy(reflect.ValueOf(&raw).Elem(), v)
	dst = append(dst, '"')
	for i, b := range raw {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, []byte{b})
	}
	return append(dst, '"'), nil
}

func readUUID(token []byte, v reflect.Value) error {
	text, err := unquote(token)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != 16 {
		return fmt.Errorf("%s is not a UUID", clip(token))
	}
	reflect.Copy(v, reflect.ValueOf(raw))
	return nil
}

func appendStringer(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	s, _ := v.Interface().(fmt.Stringer)
	text := s.String()
	if v.IsZero() {
		return nil, errors.New("the address is not set: make the field a pointer if it may be missing")
	}
	return jsonw.AppendString(dst, text), nil
}

// parseIP reads what netip reads: net.ParseIP would say nothing about the fault.
func parseIP(text string) (net.IP, error) {
	a, err := netip.ParseAddr(text)
	return a.AsSlice(), err
}

func readParsed[T any](parse func(string) (T, error)) readFunc {
	return func(token []byte, v reflect.Value) error {
		text, err := unquote(token)
		if err != nil {
			return err
		}
		parsed, err := parse(text)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(parsed))
		return nil
	}
}

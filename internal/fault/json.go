package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendJSON writes the error as a GraphQL error: message, then locations, path and extensions where there are any.
// extensions begins with the code; the other keys follow in alphabetical order. The cause is never written.
// Source: GraphQL specification, section 7.1.5, "Error Result Format".
func (e *Error) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"message":`...)
	dst = appendString(dst, e.Message)
	if len(e.Locations) > 0 {
		dst = append(dst, `,"locations":[`...)
		for i, at := range e.Locations {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"line":`...)
			dst = strconv.AppendInt(dst, int64(at.Line), 10)
			dst = append(dst, `,"column":`...)
			dst = strconv.AppendInt(dst, int64(at.Column), 10)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	if len(e.Path) > 0 {
		dst = append(dst, `,"path":[`...)
		for i, segment := range e.Path {
			if i > 0 {
				dst = append(dst, ',')
			}
			switch s := segment.(type) {
			case int:
				dst = strconv.AppendInt(dst, int64(s), 10)
			case string:
				dst = appendString(dst, s)
			default:
				dst = appendString(dst, fmt.Sprint(s))
			}
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"extensions":{"code":`...)
	dst = appendString(dst, string(e.Code))
	if len(e.Extensions) > 0 {
		for _, key := range slices.Sorted(maps.Keys(e.Extensions)) {
			if key == "code" { // the code is Code's alone
				continue
			}
			dst = append(dst, ',')
			dst = appendString(dst, key)
			dst = append(dst, ':')
			dst = appendAny(dst, e.Extensions[key])
		}
	}
	return append(dst, '}', '}')
}

// AppendJSON writes the list as a GraphQL answer's errors: [..].
func (l List) AppendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i, e := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.AppendJSON(dst)
	}
	return append(dst, ']')
}

// appendAny writes any value. One that JSON cannot hold is written as its Go text: an error about an error helps nobody.
func appendAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case bool:
		return strconv.AppendBool(dst, v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return appendString(dst, fmt.Sprint(v))
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}

// appendString writes s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

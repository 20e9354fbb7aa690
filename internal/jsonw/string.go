package jsonw

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString writes s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := len(dst)
	dst = append(dst, s...)
	if n := verbatim(dst[start:]); n < len(s) {
		dst = appendEscaped(dst[:start+n], s[n:])
	}
	return append(dst, '"')
}

// verbatim is how many bytes at the start of b stand in a JSON string as they are.
func verbatim(b []byte) int {
	for i := 0; ; {
		i += Plain(b[i:])
		if i == len(b) || b[i] < utf8.RuneSelf {
			return i
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
}

// Plain is how many bytes at the start of b are printable ASCII other than quotes and backslashes, which is what a JSON string
// mostly holds. It looks at eight at a time: a byte of the word gets its top bit if it is one of the others, and above
// the first of them also where a subtraction borrowed.
func Plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	if len(b) < 8 {
		for i, c := range b {
			if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
				return i
			}
		}
		return len(b)
	}
	for i := 0; i < len(b); i += 8 {
		at := min(i, len(b)-8) // the last word overlaps the one before it
		word := binary.LittleEndian.Uint64(b[at:])
		control, quote, backslash := word-' '*ones, (word^'"'*ones)-ones, (word^'\\'*ones)-ones
		if found := (word | control | quote | backslash) & tops; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	return len(b)
}

// appendEscaped writes what stands between the quotes, byte by byte: text from its first byte on that needs it.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			n := min(len(s)-i, utf8.UTFMax)
			r, size := utf8.DecodeRuneInString(string(s[i : i+n]))
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

// appendToken writes a JSON string as [AppendString] would. Only a column of type json can hold another spelling.
func appendToken(dst, token []byte) []byte {
	if bytes.IndexByte(token, '\\') < 0 || !bytes.Contains(token, []byte(`\u`)) && !bytes.Contains(token, []byte(`\/`)) {
		return append(dst, token...)
	}
	return AppendString(dst, AppendUnquoted(nil, token))
}

// AppendUnquoted writes the text that a JSON string token stands for, without quotes.
func AppendUnquoted(dst, token []byte) []byte {
	if len(token) < 2 || token[0] != '"' {
		return append(dst, token...)
	}
	token = token[1 : len(token)-1]
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c != '\\' || i+1 >= len(token) {
			dst = append(dst, c)
			continue
		}
		i++
		switch token[i] {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			r, n := unescape(token[i+1:])
			dst = utf8.AppendRune(dst, r)
			i += n
		default:
			dst = append(dst, token[i])
		}
	}
	return dst
}

// unescape reads the hex digits behind \u, and a second escape when they are a pair.
func unescape(s []byte) (r rune, n int) {
	hi, ok := hex4(s)
	if !ok {
		return utf8.RuneError, 0
	}
	if hi < 0xD800 || hi > 0xDFFF {
		return hi, 4
	}
	if hi < 0xDC00 && len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if lo, ok := hex4(s[6:]); ok && lo >= 0xDC00 && lo <= 0xDFFF {
			return (hi-0xD800)<<10 | (lo - 0xDC00) + 0x10000, 10
		}
	}
	return utf8.RuneError, 4
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

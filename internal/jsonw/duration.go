package jsonw

import "bytes"

// appendDuration writes a span of time as ISO 8601 does. Our sessions ask PostgreSQL for that style; a stored document has
// the one of the session that wrote it, which by default is "1 year 2 mons 3 days 04:05:06.7". What is neither stays as it is.
// Source: PostgreSQL documentation, section 8.5.5, "Interval Output".
func appendDuration(dst, text []byte) []byte {
	if len(text) == 0 || text[0] == 'P' || text[0] == '-' && len(text) > 1 && text[1] == 'P' {
		return append(dst, text...)
	}
	out := []byte{'P'}
	words := bytes.Fields(text)
	for i := 0; i < len(words); i++ {
		if clock := words[i]; bytes.IndexByte(clock, ':') >= 0 {
			var ok bool
			if out, ok = appendClock(out, clock); !ok || i+1 < len(words) {
				return append(dst, text...)
			}
			continue
		}
		if i+1 == len(words) {
			return append(dst, text...)
		}
		unit := map[string]byte{"year": 'Y', "years": 'Y', "mon": 'M', "mons": 'M', "day": 'D', "days": 'D'}[string(words[i+1])]
		number := bytes.TrimPrefix(words[i], []byte{'+'})
		if plain, whole := numberForm(number); unit == 0 || !plain || !whole {
			return append(dst, text...)
		}
		if string(number) != "0" {
			out = append(append(out, number...), unit)
		}
		i++
	}
	if len(out) == 1 {
		out = append(out, "T0S"...)
	}
	return append(dst, out...)
}

// appendClock writes hours, minutes and seconds, which share a sign; parts that are zero are left out.
func appendClock(dst, clock []byte) ([]byte, bool) {
	digits, negative := bytes.CutPrefix(clock, []byte{'-'})
	digits = bytes.TrimPrefix(digits, []byte{'+'})
	parts := bytes.Split(digits, []byte{':'})
	if len(parts) != 3 {
		return dst, false
	}
	first := true
	for i, unit := range []byte("HMS") {
		part := bytes.TrimLeft(parts[i], "0")
		if len(part) == 0 {
			continue
		}
		if part[0] == '.' {
			part = append([]byte{'0'}, part...)
		}
		if plain, _ := numberForm(part); !plain {
			return dst, false
		}
		if first {
			dst, first = append(dst, 'T'), false
		}
		if negative {
			dst = append(dst, '-')
		}
		dst = append(append(dst, part...), unit)
	}
	return dst, true
}

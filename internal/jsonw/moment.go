package jsonw

import (
	"bytes"
	"strconv"
	"time"
)

// Moment is a date, or a date and a time of day, as PostgreSQL and RFC 3339 write them. Years before 1 end in " BC", years past
// 9999 have more digits.
type Moment struct {
	Time   time.Time // in UTC; without a zone, as if it were
	Clock  bool      // there is a time of day
	Zone   bool      // and an offset from UTC
	Spaced bool      // a space stands between date and time, not a T
}

// ReadMoment takes a text apart; it is not ok when that is no moment that the calendar knows.
func ReadMoment(text []byte) (m Moment, ok bool) {
	rest, before := bytes.CutSuffix(text, []byte(" BC"))
	end := bytes.IndexByte(rest, '-')
	if end < 4 || end > 7 || end > 4 && rest[0] == '0' {
		return m, false
	}
	year, rest, ok := digits(rest, end)
	if !ok || year == 0 {
		return m, false
	}
	if before {
		year = 1 - year
	}
	var month, day, hour, minute, second, nano int
	if month, rest, ok = behind(rest, '-'); !ok {
		return m, false
	}
	if day, rest, ok = behind(rest, '-'); !ok {
		return m, false
	}
	if len(rest) > 0 && (rest[0] == 'T' || rest[0] == ' ') {
		m.Clock, m.Spaced = true, rest[0] == ' '
		if hour, rest, ok = digits(rest[1:], 2); !ok {
			return m, false
		}
		if minute, rest, ok = behind(rest, ':'); !ok {
			return m, false
		}
		if second, rest, ok = behind(rest, ':'); !ok {
			return m, false
		}
		if nano, rest, ok = fraction(rest); !ok {
			return m, false
		}
	}
	offset := 0
	if m.Clock && len(rest) > 0 {
		m.Zone = true
		if offset, rest, ok = zone(rest); !ok {
			return m, false
		}
	}
	m.Time = time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	_, inMonth, onDay := m.Time.Date()
	if len(rest) > 0 || int(inMonth) != month || onDay != day || hour > 23 || minute > 59 || second > 59 {
		return m, false
	}
	m.Time = m.Time.Add(time.Duration(-offset) * time.Second)
	return m, true
}

// digits reads n digits.
func digits(text []byte, n int) (value int, rest []byte, ok bool) {
	if len(text) < n {
		return 0, nil, false
	}
	for _, c := range text[:n] {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		value = value*10 + int(c-'0')
	}
	return value, text[n:], true
}

// behind reads two digits behind a sign.
func behind(text []byte, sign byte) (value int, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != sign {
		return 0, nil, false
	}
	return digits(text[1:], 2)
}

// fraction reads what stands behind the seconds, if anything does.
func fraction(text []byte) (nano int, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '.' {
		return 0, text, true
	}
	n := 1
	for unit := 100_000_000; n < len(text) && text[n] >= '0' && text[n] <= '9'; n++ {
		nano += int(text[n]-'0') * unit
		unit /= 10
	}
	return nano, text[n:], n > 1
}

// zone reads Z, +01, +01:00 or, of the times before zones, +05:53:28.
func zone(text []byte) (seconds int, rest []byte, ok bool) {
	if text[0] == 'Z' {
		return 0, text[1:], true
	}
	if text[0] != '+' && text[0] != '-' {
		return 0, nil, false
	}
	hours, rest, ok := digits(text[1:], 2)
	seconds = hours * 3600
	for unit := 60; ok && unit > 0 && len(rest) > 0 && rest[0] == ':'; unit /= 60 {
		var part int
		part, rest, ok = digits(rest[1:], 2)
		ok = ok && part < 60
		seconds += part * unit
	}
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, rest, ok && hours < 16
}

// appendInstant writes a moment in UTC.
func appendInstant(dst []byte, m Moment) []byte {
	year, before := m.Time.Year(), false
	if year <= 0 {
		year, before = 1-year, true
	}
	for n := year; n < 1000; n *= 10 {
		dst = append(dst, '0')
	}
	dst = strconv.AppendInt(dst, int64(year), 10)
	dst = m.Time.AppendFormat(dst, "-01-02T15:04:05.999999999Z")
	if before {
		dst = append(dst, " BC"...)
	}
	return dst
}

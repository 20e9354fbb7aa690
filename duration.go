package fraiseql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// isoDuration writes a duration as ISO 8601 does: PT26H, -PT0.5S. Days are left out, since a
// Go duration does not know of them.
func isoDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	b.WriteString("PT")
	hours, rest := rest/uint64(time.Hour), rest%uint64(time.Hour)
	minutes, rest := rest/uint64(time.Minute), rest%uint64(time.Minute)
	seconds, nanos := rest/uint64(time.Second), rest%uint64(time.Second)
	if hours > 0 {
		fmt.Fprintf(&b, "%dH", hours)
	}
	if minutes > 0 {
		fmt.Fprintf(&b, "%dM", minutes)
	}
	switch {
	case nanos > 0:
		b.WriteString(strings.TrimRight(fmt.Sprintf("%d.%09d", seconds, nanos), "0") + "S")
	case seconds > 0:
		fmt.Fprintf(&b, "%dS", seconds)
	}
	return b.String()
}

// parseISODuration reads a span of fixed length; a day has 24 hours. PostgreSQL gives each
// part a sign of its own: P-1DT2H.
func parseISODuration(text string) (time.Duration, error) {
	bad := func(why string) (time.Duration, error) {
		return 0, fmt.Errorf("%q is not a time.Duration: %s", text, why)
	}
	rest, negative := strings.CutPrefix(text, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok || rest == "" || rest == "T" {
		return bad("the form is P1DT2H30M5.5S")
	}
	var sum float64 // seconds, checked against the range; the exact sum is kept in total
	var total time.Duration
	inTime := false
	for rest != "" {
		if after, isT := strings.CutPrefix(rest, "T"); isT && !inTime {
			inTime, rest = true, after
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("+-.0123456789", r) })
		if i <= 0 {
			return bad("the form is P1DT2H30M5.5S")
		}
		var unit time.Duration
		switch u := rest[i]; {
		case inTime && u == 'H':
			unit = time.Hour
		case inTime && u == 'M':
			unit = time.Minute
		case inTime && u == 'S':
			unit = time.Second
		case !inTime && u == 'D':
			unit = 24 * time.Hour
		case !inTime && u == 'W':
			unit = 7 * 24 * time.Hour
		case !inTime && (u == 'M' || u == 'Y'):
			return bad("months and years have no fixed length: make the field a fraiseql.Interval")
		default:
			return bad("the form is P1DT2H30M5.5S")
		}
		part, seconds, err := portion(rest[:i], unit)
		if err != nil {
			return bad(err.Error())
		}
		total, sum, rest = total+part, sum+seconds, rest[i+1:]
	}
	if sum > 9.2e9 || sum < -9.2e9 {
		return bad("it is longer than 292 years: make the field a fraiseql.Interval")
	}
	if negative {
		total = -total
	}
	return total, nil
}

// portion is a number of units: its whole part exactly, and a fraction to the nanosecond.
func portion(number string, unit time.Duration) (time.Duration, float64, error) {
	approximate, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not a number", number)
	}
	whole, fraction, _ := strings.Cut(number, ".")
	sign := time.Duration(1)
	if strings.HasPrefix(whole, "-") {
		sign = -1
	}
	n, err := strconv.ParseInt(strings.TrimLeft(whole, "+-"), 10, 64)
	if err != nil && whole != "" {
		return 0, 0, fmt.Errorf("%q is not a number", number)
	}
	part := time.Duration(n) * unit
	for place := unit / 10; place > 0 && fraction != ""; place, fraction = place/10, fraction[1:] {
		part += time.Duration(fraction[0]-'0') * place
	}
	return sign * part, approximate * unit.Seconds(), nil
}

package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// duration writes a duration as people do, with about three digits.
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 ms"
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", max(d.Microseconds(), 1))
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < time.Minute:
		return digits(d.Seconds()) + " s"
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60), " 0 s")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min")
}

// digits keeps three digits of a number, and no zeros behind the point.
func digits(x float64) string {
	places := 0
	if x < 100 && x > 0 {
		places = min(max(2-int(math.Floor(math.Log10(x))), 0), 3)
	}
	text := strconv.FormatFloat(x, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// span names the last so many seconds, in whole minutes where there are any.
func span(seconds float64) string {
	n, unit := math.Round(seconds), "second"
	if seconds >= 60 {
		n, unit = math.Round(seconds/60), "minute"
	}
	if n == 1 {
		return "the last " + unit
	}
	return "the last " + counted(uint64(n), unit)
}

// percent writes a share.
func percent(share float64) string {
	switch {
	case share > 0 && share < 0.001:
		return "< 0.1 %"
	case share < 0.1:
		return digits(math.Round(share*1000)/10) + " %"
	}
	return digits(math.Round(share*100)) + " %"
}

// counted writes a number with its noun; of several, plural, or the noun with an s.
func counted(n uint64, noun string, plural ...string) string {
	switch {
	case n == 1:
	case len(plural) > 0:
		noun = plural[0]
	default:
		noun += "s"
	}
	return number(n) + " " + noun
}

// number sets thousands apart.
func number(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// clock writes a time of day, with the date when that is not today's.
func clock(at, today time.Time) string {
	at, today = at.UTC(), today.UTC()
	if at.YearDay() != today.YearDay() || at.Year() != today.Year() {
		return at.Format("2006-01-02 15:04:05") + " UTC"
	}
	return at.Format("15:04:05") + " UTC"
}

// upper begins a sentence.
func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

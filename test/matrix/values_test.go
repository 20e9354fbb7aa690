package matrix_test

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The values that references work on: string, *big.Rat, time.Time, span, netip.Prefix, label
// lists, interval, decoded JSON, and []any for lists. nil is null.

type (
	micros int64 // a Duration, as PostgreSQL compares them: months of 30 days of 24 hours
	labels []string
)

// interval is a range. A bound of nil is none.
type interval struct {
	lower, upper         any
	withLower, withUpper bool
	empty                bool
}

func readText(s string) any { return s }

func readNumber(s string) any {
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("not a number: " + s)
	}
	return n
}

func readTime(s string) any {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly, "15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	panic("not a time: " + s)
}

var spanForm = regexp.MustCompile(`(-?\d+)([YMDH])`)

func readSpan(s string) any {
	hours := map[string]int64{"Y": 12 * 30 * 24, "M": 30 * 24, "D": 24, "H": 1}
	total := int64(0)
	for _, part := range spanForm.FindAllStringSubmatch(s, -1) {
		n, _ := strconv.ParseInt(part[1], 10, 64)
		total += n * hours[part[2]]
	}
	return micros(total)
}

func readBytes(s string) any {
	if digits, ok := strings.CutPrefix(s, `\x`); ok {
		raw, err := hex.DecodeString(digits)
		if err != nil {
			panic(err)
		}
		return string(raw)
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func readMAC(s string) any {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m.String()
}

func readPrefix(s string) any {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p
	}
	a := netip.MustParseAddr(s)
	return netip.PrefixFrom(a, a.BitLen())
}

func readPath(s string) any { return labels(strings.Split(s, ".")) }

// readJSON decodes; null is nil, like that of SQL.
func readJSON(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return exact(v)
}

// exact gives each number one spelling.
func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(readNumber(v.String()).(*big.Rat).RatString())
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exact(v[k])
		}
	}
	return v
}

// rangeReader reads PostgreSQL's text of a range, which is what the fixture holds, and a
// client's object.
func rangeReader(of string, bound func(string) any) func(string) any {
	discrete := of == "int4" || of == "int8" || of == "date"
	return func(s string) any {
		r := interval{}
		if strings.HasPrefix(s, "{") {
			var in struct {
				Lower, Upper                 any
				IncludesLower, IncludesUpper *bool
			}
			if err := json.Unmarshal([]byte(s), &in); err != nil {
				panic(err)
			}
			text := func(v any) string {
				if f, ok := v.(float64); ok {
					return strconv.FormatFloat(f, 'f', -1, 64)
				}
				return v.(string)
			}
			if in.Lower != nil {
				r.lower = bound(text(in.Lower))
			}
			if in.Upper != nil {
				r.upper = bound(text(in.Upper))
			}
			r.withLower = in.IncludesLower == nil || *in.IncludesLower
			r.withUpper = in.IncludesUpper != nil && *in.IncludesUpper
		} else if s == "empty" {
			return interval{empty: true}
		} else {
			low, high, _ := strings.Cut(s[1:len(s)-1], ",")
			r.withLower, r.withUpper = s[0] == '[', s[len(s)-1] == ']'
			if low != "" {
				r.lower = bound(strings.Trim(low, `"`))
			}
			if high != "" {
				r.upper = bound(strings.Trim(high, `"`))
			}
		}
		return r.canonical(discrete)
	}
}

// canonical gives ranges of discrete values one form, and tells which are empty.
func (r interval) canonical(discrete bool) interval {
	next := func(v any) any {
		if t, ok := v.(time.Time); ok {
			return t.AddDate(0, 0, 1)
		}
		return new(big.Rat).Add(v.(*big.Rat), big.NewRat(1, 1))
	}
	if discrete {
		if r.lower != nil && !r.withLower {
			r.lower, r.withLower = next(r.lower), true
		}
		if r.upper != nil && r.withUpper {
			r.upper, r.withUpper = next(r.upper), false
		}
	}
	r.withLower = r.withLower && r.lower != nil
	r.withUpper = r.withUpper && r.upper != nil
	if r.lower != nil && r.upper != nil {
		if c := compare(r.lower, r.upper); c > 0 || c == 0 && !(r.withLower && r.withUpper) {
			return interval{empty: true}
		}
	}
	return r
}

// compare orders two values of one type.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case time.Time:
		return a.Compare(b.(time.Time))
	case micros:
		return cmp.Compare(a, b.(micros))
	}
	panic("values without an order")
}

// equal tells whether two values are the same to PostgreSQL.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *big.Rat, time.Time, micros, string:
		return compare(a, b) == 0
	case interval:
		b := b.(interval)
		same := func(x, y any) bool { return x == nil && y == nil || x != nil && y != nil && compare(x, y) == 0 }
		return a.empty == b.empty && (a.empty || same(a.lower, b.lower) && same(a.upper, b.upper) && a.withLower == b.withLower && a.withUpper == b.withUpper)
	}
	return reflect.DeepEqual(a, b)
}

func readUUID(s string) any { return strings.ToLower(s) }

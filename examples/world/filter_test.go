package world_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestFiltersBeyondASCII compares each filter with the same condition in Go over the JSON. The texts are variables once and
// part of the document once.
func TestFiltersBeyondASCII(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	name := func(c country) string { return c.Name }
	native := func(c country) string { return c.Native }
	capital := func(c country) string {
		if c.Capital == nil {
			return ""
		}
		return *c.Capital
	}
	fields := map[string]func(country) string{"name": name, "native": native, "capital": capital}
	operators := map[string]func(have, text string) bool{
		"contains":   strings.Contains,
		"startsWith": strings.HasPrefix,
		"eq":         func(have, text string) bool { return have == text },
		"in":         func(have, text string) bool { return have == text },
	}
	for _, c := range []struct {
		field, operator, text string
		some                  bool // it must match something
	}{
		{"native", "contains", "Åland", true},
		{"native", "eq", "Åland", true},
		{"native", "startsWith", "Å", true},
		{"native", "startsWith", "å", false},
		{"native", "contains", "A\u030aland", false}, // the same to the eye, made of two code points
		{"name", "eq", "Åland", false},
		{"native", "eq", "Côte d'Ivoire", true},
		{"native", "startsWith", "Côte d'", true},
		{"native", "contains", "d'I", true},
		{"native", "eq", "Côte d’Ivoire", false},
		{"name", "eq", "Türkiye", true},
		{"name", "contains", "ü", true},
		{"native", "in", "Türkiye", true},
		{"native", "startsWith", "Росс", true},
		{"native", "contains", "ия", true},
		{"native", "in", "Україна", true},
		{"native", "eq", "россия", false},
		{"native", "contains", "عربية", true},
		{"native", "startsWith", "المملكة", true},
		{"native", "contains", "\u200e", true}, // a mark that nobody sees
		{"native", "contains", "日本", true},
		{"native", "eq", "中国", true},
		{"native", "startsWith", "대한", true},
		{"native", "in", "대한민국", true},
		{"native", "contains", "भारत", true},
		{"capital", "contains", "é", true},
		{"capital", "startsWith", "São", true},
		{"native", "contains", "%", false},
		{"native", "contains", "_", false},
		{"native", "startsWith", `\`, false},
		{"native", "contains", `"`, false},
		{"native", "contains", "", true},
		{"native", "eq", "🏔", false},
	} {
		want := []code{}
		for _, in := range w.Countries {
			if c.field == "capital" && in.Capital == nil {
				continue
			}
			if operators[c.operator](fields[c.field](in), c.text) {
				want = append(want, code{in.Code})
			}
		}
		if c.some != (len(want) > 0) {
			t.Errorf("%s %s %q matches %d countries of the JSON: the case shows nothing", c.field, c.operator, c.text, len(want))
		}
		kind, given, written := "String!", any(c.text), quoted(c.text)
		if c.operator == "in" {
			kind, given, written = "[String!]!", []string{"nowhere", c.text}, `["nowhere", `+written+`]`
		}
		condition := "{" + c.field + ": {" + c.operator + ": "
		s.Expect(t, `query($text: `+kind+`) { countries(where: `+condition+`$text}}) { code } }`, map[string]any{"text": given}, data("countries", want))
		s.Expect(t, `{ countries(where: `+condition+written+`}}) { code } }`, nil, data("countries", want))
	}
}

// TestEveryNativeNameFindsItsCountries looks for each name that is not ASCII as a whole, by its beginning and by a letter
// from its middle, three lists in one round trip.
func TestEveryNativeNameFindsItsCountries(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	type found struct {
		Whole  []code `json:"whole"`
		Begins []code `json:"begins"`
		Has    []code `json:"has"`
	}
	native, tried := func(c country) string { return c.Native }, 0
	for _, c := range w.Countries {
		letters := []rune(c.Native)
		if len(letters) == len(c.Native) {
			continue
		}
		tried++
		begin, middle := string(letters[:2]), string(letters[len(letters)/2])
		want := found{Whole: []code{}, Begins: []code{}, Has: codes(w.contains(native, middle))}
		for _, other := range w.Countries {
			if other.Native == c.Native {
				want.Whole = append(want.Whole, code{other.Code})
			}
			if strings.HasPrefix(other.Native, begin) {
				want.Begins = append(want.Begins, code{other.Code})
			}
		}
		s.Expect(t, `query($whole: String, $begin: String, $middle: String) {
			whole: countries(where: {native: {eq: $whole}}) { code }
			begins: countries(where: {native: {startsWith: $begin}}) { code }
			has: countries(where: {native: {contains: $middle}}) { code } }`,
			map[string]any{"whole": c.Native, "begin": begin, "middle": middle}, want)
	}
	if tried < 80 {
		t.Errorf("%d names are not ASCII, want 80 or more", tried)
	}
}

// TestFiltersTogether combines them, through relations too.
func TestFiltersTogether(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	ascii := func(s string) bool { return utf8.RuneCountInString(s) == len(s) }
	for where, holds := range map[string]func(country) bool{
		`{OR: [{native: {startsWith: "Å"}}, {native: {contains: "日"}}]}`: func(c country) bool { return strings.HasPrefix(c.Native, "Å") || strings.Contains(c.Native, "日") },
		`{AND: [{name: {contains: "an"}}, {native: {contains: "ن"}}]}`:   func(c country) bool { return strings.Contains(c.Name, "an") && strings.Contains(c.Native, "ن") },
		`{NOT: {native: {contains: "a"}}, continentCode: {eq: "EU"}}`:    func(c country) bool { return !strings.Contains(c.Native, "a") && c.Continent == "EU" },
		`{continent: {name: {eq: "Oceania"}}, capital: {startsWith: "N"}}`: func(c country) bool {
			return c.Continent == "OC" && c.Capital != nil && strings.HasPrefix(*c.Capital, "N")
		},
		`{capital: {isNull: true}}`:                                      func(c country) bool { return c.Capital == nil },
		`{code: {in: ["AX", "CI", "TR", "xx"]}, name: {neq: "Türkiye"}}`: func(c country) bool { return c.Code == "AX" || c.Code == "CI" },
		`{native: {in: []}}`:                                             func(country) bool { return false },
		`{native: {nin: []}}`:                                            func(country) bool { return true },
	} {
		want := []code{}
		for _, c := range w.Countries {
			if holds(c) {
				want = append(want, code{c.Code})
			}
		}
		s.Expect(t, `{ countries(where: `+where+`) { code } }`, nil, data("countries", want))
	}
	// A filter and an order of a nested list.
	type continent struct {
		Code      string `json:"code"`
		Countries []code `json:"countries"`
	}
	var want []continent
	for _, in := range w.Continents {
		one := continent{in.Code, []code{}}
		for _, c := range slices.Backward(w.Countries) {
			if c.Continent == in.Code && !ascii(c.Native) && strings.Contains(c.Native, "é") {
				one.Countries = append(one.Countries, code{c.Code})
			}
		}
		want = append(want, one)
	}
	s.Expect(t, `{ continents { code countries(where: {native: {contains: "é"}}, orderBy: [{code: DESC}]) { code } } }`, nil, data("continents", want))
}

// quoted writes a text as a GraphQL string.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

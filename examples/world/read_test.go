package world_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/examples"
)

func TestCountriesOfEachContinent(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	type continent struct {
		Name      string                 `json:"name"`
		Countries []countryWithLanguages `json:"countries"`
	}
	const query = `query($code: ID!) { continent(code: $code) { name countries { code name languages { code name } } } }`
	all, countries := []continent{}, 0
	for _, c := range w.Continents {
		one := continent{c.Name, w.countriesOf(c.Code)}
		s.Expect(t, query, map[string]any{"code": c.Code}, data("continent", one))
		all, countries = append(all, one), countries+len(one.Countries)
	}
	if countries != len(w.Countries) {
		t.Errorf("the continents have %d countries, want %d", countries, len(w.Countries))
	}
	s.Expect(t, `{ continents { name countries { code name languages { code name } } } }`, nil, data("continents", all))
	s.Expect(t, query, map[string]any{"code": "XX"}, data("continent", nil))
}

// whole is a country with all that is known of it.
type whole struct {
	Code       string  `json:"code"`
	Name       string  `json:"name"`
	Native     string  `json:"native"`
	Capital    *string `json:"capital"`
	Phone      []int   `json:"phone"`
	Continent  named   `json:"continent"`
	Languages  []code  `json:"languages"`
	Currencies []code  `json:"currencies"`
}

type code struct {
	Code string `json:"code"`
}

// wholeSelection asks for it, its languages and currencies in the country's own order.
const wholeSelection = `{ code name native capital phone continent { code name }
	languages(orderBy: [{position: ASC}]) { code } currencies(orderBy: [{position: ASC}]) { code } }`

func (w *world) whole(c country) whole {
	out := whole{Code: c.Code, Name: c.Name, Native: c.Native, Capital: c.Capital, Phone: c.Phone, Languages: codes(c.Languages), Currencies: codes(c.Currencies)}
	out.Continent = w.Continents[slices.IndexFunc(w.Continents, func(n named) bool { return n.Code == c.Continent })]
	return out
}

func codes(list []string) []code {
	out := []code{}
	for _, c := range list {
		out = append(out, code{c})
	}
	return out
}

func TestEveryCountryByItsCode(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	all := []whole{}
	for _, c := range w.Countries {
		all = append(all, w.whole(c))
		s.Expect(t, `query($code: ID!) { country(code: $code) `+wholeSelection+` }`, map[string]any{"code": c.Code}, data("country", w.whole(c)))
	}
	s.Expect(t, `{ countries `+wholeSelection+` }`, nil, data("countries", all))
	for _, none := range []string{"ch", "CHE", "", "Å", "' OR true --"} {
		s.Expect(t, `query($code: ID!) { country(code: $code) { name } }`, map[string]any{"code": none}, data("country", nil))
	}
}

// TestFiftyCountriesAtOnce asks for as many root fields as one operation may have: still one round trip.
func TestFiftyCountriesAtOnce(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	for some := range slices.Chunk(w.Countries, 50) {
		query, want := []string{}, []string{}
		for _, c := range some {
			query = append(query, fmt.Sprintf(`%s: country(code: %q) { native continent { name } }`, c.Code, c.Code))
			want = append(want, fmt.Sprintf(`"%s":{"native":"%s","continent":{"name":"%s"}}`, c.Code, c.Native, w.whole(c).Continent.Name))
		}
		s.Expect(t, `{ `+strings.Join(query, " ")+` }`, nil, json.RawMessage("{"+strings.Join(want, ",")+"}"))
	}
}

func TestLanguagesWithTheCountriesThatSpeakThem(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	s.Expect(t, `{ languages { code name countries { code name } } }`, nil, data("languages", w.speakers()))
	for _, l := range w.speakers() {
		s.Expect(t, `query($code: ID!) { language(code: $code) { code name countries { code name } } }`, map[string]any{"code": l.Code}, data("language", l))
	}
	s.Expect(t, `{ languages { code name native rtl } }`, nil, data("languages", w.Languages))
	// There and back: the countries of a language with their languages.
	type there struct {
		Native    string `json:"native"`
		Countries []any  `json:"countries"`
	}
	german := there{Native: "Deutsch", Countries: []any{}}
	for _, c := range w.Countries {
		if slices.Contains(c.Languages, "de") {
			german.Countries = append(german.Countries, map[string]any{"country": map[string]any{"languages": codes(slices.Sorted(slices.Values(c.Languages)))}})
		}
	}
	s.Expect(t, `{ language(code: "de") { native countries { country { languages { code } } } } }`, nil, data("language", german))
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	s.Expect(t, `{ currencies { code name symbol decimals } }`, nil, data("currencies", w.Currencies))
	type users struct {
		Symbol    *string `json:"symbol"`
		Countries []named `json:"countries"`
	}
	for _, c := range w.Currencies {
		want := users{c.Symbol, []named{}}
		for _, in := range w.Countries {
			if slices.Contains(in.Currencies, c.Code) {
				want.Countries = append(want.Countries, named{in.Code, in.Name})
			}
		}
		s.Expect(t, `query($code: ID!) { currency(code: $code) { symbol countries { code name } } }`, map[string]any{"code": c.Code}, data("currency", want))
	}
	for where, holds := range map[string]func(currency) bool{
		`{symbol: {eq: "€"}}`:                          func(c currency) bool { return symbol(c) == "€" },
		`{symbol: {in: ["₽", "¥", "\u20ac", "none"]}}`: func(c currency) bool { return slices.Contains([]string{"₽", "¥", "€"}, symbol(c)) },
		`{symbol: {startsWith: "£"}}`:                  func(c currency) bool { return strings.HasPrefix(symbol(c), "£") },
		`{symbol: {contains: "."}}`:                    func(c currency) bool { return strings.Contains(symbol(c), ".") },
		`{symbol: {isNull: true}}`:                     func(c currency) bool { return c.Symbol == nil },
		`{decimals: {gte: 3}}`:                         func(c currency) bool { return c.Decimals != nil && *c.Decimals >= 3 },
		`{decimals: {eq: 0}, name: {contains: "ó"}}`:   func(c currency) bool { return c.Decimals != nil && *c.Decimals == 0 && strings.Contains(c.Name, "ó") },
		`{NOT: {decimals: {eq: 2}}}`:                   func(c currency) bool { return c.Decimals != nil && *c.Decimals != 2 },
	} {
		want := []code{}
		for _, c := range w.Currencies {
			if holds(c) {
				want = append(want, code{c.Code})
			}
		}
		s.Expect(t, `{ currencies(where: `+where+`) { code } }`, nil, data("currencies", want))
	}
}

func symbol(c currency) string {
	if c.Symbol == nil {
		return ""
	}
	return *c.Symbol
}

// TestOrder sorts by code point, as the databases that the dev command and the tests make do.
func TestOrder(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	byCode := func(a, b country) int { return cmp.Compare(a.Code, b.Code) }
	capital := func(a, b country) int {
		switch {
		case a.Capital == nil && b.Capital == nil:
			return 0
		case a.Capital == nil:
			return 1
		case b.Capital == nil:
			return -1
		}
		return cmp.Compare(*a.Capital, *b.Capital)
	}
	for order, compare := range map[string]func(a, b country) int{
		`{name: ASC}`:     func(a, b country) int { return cmp.Compare(a.Name, b.Name) },
		`{name: DESC}`:    func(a, b country) int { return cmp.Compare(b.Name, a.Name) },
		`{native: ASC}`:   func(a, b country) int { return cmp.Compare(a.Native, b.Native) },
		`{capital: ASC}`:  capital,
		`{capital: DESC}`: func(a, b country) int { return capital(b, a) },
		`{code: DESC}`:    func(a, b country) int { return byCode(b, a) },
		`{continentCode: DESC}, {name: ASC}`: func(a, b country) int {
			return cmp.Or(cmp.Compare(b.Continent, a.Continent), cmp.Compare(a.Name, b.Name))
		},
		`{continent: {name: DESC}}, {native: DESC}`: func(a, b country) int {
			return cmp.Or(cmp.Compare(w.whole(b).Continent.Name, w.whole(a).Continent.Name), cmp.Compare(b.Native, a.Native))
		},
	} {
		sorted := slices.SortedStableFunc(slices.Values(w.Countries), func(a, b country) int { return cmp.Or(compare(a, b), byCode(a, b)) })
		want := []code{}
		for _, c := range sorted {
			want = append(want, code{c.Code})
		}
		s.Expect(t, `{ countries(orderBy: [`+order+`]) { code } }`, nil, data("countries", want))
		offset := 0
		for page := range slices.Chunk(want, 60) {
			s.Expect(t, `query($from: Int!) { countries(orderBy: [`+order+`], limit: 60, offset: $from) { code } }`, map[string]any{"from": offset}, data("countries", page))
			offset += len(page)
		}
		s.Expect(t, `query($from: Int!) { countries(orderBy: [`+order+`], limit: 60, offset: $from) { code } }`, map[string]any{"from": offset}, data("countries", []code{}))
	}
}

// TestQueriesToPaste runs what the dev command prints.
func TestQueriesToPaste(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	queries := examples.Queries("world")
	if len(queries) != 3 {
		t.Fatalf("%d queries, want 3", len(queries))
	}
	answers := make([]string, len(queries))
	for i, q := range queries {
		answers[i] = s.Query(t, q.Query, q.Variables)
	}
	const swiss = `{"country":{"name":"Switzerland","native":"Schweiz","capital":"Bern","phone":[41],"continent":{"name":"Europe"},` +
		`"languages":[{"name":"German","native":"Deutsch"},{"name":"French","native":"Français"},{"name":"Italian","native":"Italiano"}],`
	if !strings.HasPrefix(answers[0], swiss) {
		t.Errorf("got %s\nwant %s…", answers[0], swiss)
	}
	if n := strings.Count(answers[1], `{"code":`); n != len(w.countriesOf("SA")) {
		t.Errorf("%d countries of South America, want %d", n, len(w.countriesOf("SA")))
	}
	for _, l := range w.Languages {
		if l.RTL != strings.Contains(answers[2], `{"code":"`+l.Code+`","name":"`+l.Name+`"`) {
			t.Errorf("%s, written from right to left: %t, but the answer is %s", l.Name, l.RTL, answers[2])
		}
	}
}

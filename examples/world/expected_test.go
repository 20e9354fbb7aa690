package world_test

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// world is testdata/world.json: the facts, not by way of PostgreSQL. The methods compute from it what the API must answer;
// every list is in the order of its codes, byte by byte.
type world struct {
	Continents []named    `json:"continents"`
	Countries  []country  `json:"countries"`
	Languages  []language `json:"languages"`
	Currencies []currency `json:"currencies"`
}

type named struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type country struct {
	Code       string   `json:"code"`
	Name       string   `json:"name"`
	Native     string   `json:"native"`
	Capital    *string  `json:"capital"`
	Phone      []int    `json:"phone"`
	Continent  string   `json:"continent"`  // code
	Languages  []string `json:"languages"`  // codes, the most usual first
	Currencies []string `json:"currencies"` // codes, the most usual first
}

type language struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Native string `json:"native"`
	RTL    bool   `json:"rtl"`
}

type currency struct {
	Code     string  `json:"code"`
	Name     string  `json:"name"`
	Symbol   *string `json:"symbol"`
	Decimals *int    `json:"decimals"`
}

// countryWithLanguages answers { code name languages { code name } }.
type countryWithLanguages struct {
	Code      string  `json:"code"`
	Name      string  `json:"name"`
	Languages []named `json:"languages"`
}

// languageWithCountries answers { code name countries { code name } }.
type languageWithCountries struct {
	Code      string  `json:"code"`
	Name      string  `json:"name"`
	Countries []named `json:"countries"`
}

func readWorld(t *testing.T) *world {
	t.Helper()
	text, err := os.ReadFile("testdata/world.json")
	if err != nil {
		t.Fatal(err)
	}
	w := new(world)
	if err := json.Unmarshal(text, w); err != nil {
		t.Fatal(err)
	}
	return w
}

// country gives the country with a code; false when there is none.
func (w *world) country(code string) (country, bool) {
	i := slices.IndexFunc(w.Countries, func(c country) bool { return c.Code == code })
	if i < 0 {
		return country{}, false
	}
	return w.Countries[i], true
}

// countriesOf gives all countries of a continent with their languages.
func (w *world) countriesOf(continent string) []countryWithLanguages {
	names := make(map[string]string)
	for _, l := range w.Languages {
		names[l.Code] = l.Name
	}
	out := []countryWithLanguages{}
	for _, c := range w.Countries {
		if c.Continent != continent {
			continue
		}
		one := countryWithLanguages{Code: c.Code, Name: c.Name, Languages: []named{}}
		for _, code := range slices.Sorted(slices.Values(c.Languages)) {
			one.Languages = append(one.Languages, named{Code: code, Name: names[code]})
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b countryWithLanguages) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// speakers gives every language with the countries that speak it.
func (w *world) speakers() []languageWithCountries {
	out := []languageWithCountries{}
	for _, l := range w.Languages {
		one := languageWithCountries{Code: l.Code, Name: l.Name, Countries: []named{}}
		for _, c := range w.Countries {
			if slices.Contains(c.Languages, l.Code) {
				one.Countries = append(one.Countries, named{Code: c.Code, Name: c.Name})
			}
		}
		slices.SortFunc(one.Countries, func(a, b named) int { return cmp.Compare(a.Code, b.Code) })
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b languageWithCountries) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// contains gives the codes of the countries whose field (Name or Native, picked by of) contains part, letter by letter as the
// operator contains does.
func (w *world) contains(of func(country) string, part string) []string {
	codes := []string{}
	for _, c := range w.Countries {
		if strings.Contains(of(c), part) {
			codes = append(codes, c.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// The expectations themselves, against facts that anybody can look up.
func TestExpectedAnswersAgreeWithAnAtlas(t *testing.T) {
	t.Parallel()
	w := readWorld(t)
	native := func(c country) string { return c.Native }
	name := func(c country) string { return c.Name }

	south := w.countriesOf("SA")
	i := slices.IndexFunc(south, func(c countryWithLanguages) bool { return c.Code == "BO" })
	if len(south) != 14 || i < 0 || !slices.Equal(south[i].Languages, []named{{"ay", "Aymara"}, {"es", "Spanish"}, {"qu", "Quechua"}}) {
		t.Errorf("South America has %d countries, want 14, Bolivia with Aymara, Spanish and Quechua: %+v", len(south), south)
	}
	if len(w.countriesOf("XX")) != 0 {
		t.Error("a continent that is none has countries")
	}
	if c, ok := w.country("CI"); !ok || c.Native != "Côte d'Ivoire" || *c.Capital != "Yamoussoukro" || c.Continent != "AF" || c.Phone[0] != 225 {
		t.Errorf("CI is %+v", c)
	}
	if c, ok := w.country("AQ"); !ok || c.Capital != nil || len(c.Languages) != 0 {
		t.Errorf("AQ is %+v, want no capital and no languages", c)
	}
	if _, ok := w.country("ci"); ok {
		t.Error("codes are taken without regard to case")
	}
	if got := w.contains(native, "Åland"); !slices.Equal(got, []string{"AX"}) {
		t.Errorf("Åland is in the native names of %v", got)
	}
	if got := w.contains(native, "d'I"); !slices.Equal(got, []string{"CI"}) {
		t.Errorf("d'I is in the native names of %v", got)
	}
	if got := w.contains(name, "ü"); !slices.Equal(got, []string{"TR"}) {
		t.Errorf("ü is in the names of %v", got)
	}
	if got := w.contains(native, "日本"); !slices.Equal(got, []string{"JP"}) {
		t.Errorf("日本 is in the native names of %v", got)
	}
	spoken, links := w.speakers(), 0
	for _, l := range spoken {
		links += len(l.Countries)
		if l.Code == "sv" && !slices.Equal(l.Countries, []named{{"AX", "Aland"}, {"FI", "Finland"}, {"SE", "Sweden"}}) {
			t.Errorf("Swedish is spoken in %v", l.Countries)
		}
		if l.Code == "ab" && len(l.Countries) != 0 {
			t.Errorf("Abkhazian is spoken in %v", l.Countries)
		}
	}
	for _, c := range w.Countries {
		links -= len(c.Languages)
	}
	if len(spoken) != len(w.Languages) || links != 0 {
		t.Errorf("%d languages of %d, %d links too many", len(spoken), len(w.Languages), links)
	}
}

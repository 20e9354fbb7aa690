package world_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// tally is one group of the answer.
type tally[K any] struct {
	Key   K   `json:"key"`
	Count int `json:"count"`
}

type byContinent struct {
	ContinentCode string `json:"continentCode"`
}

// TestCountriesByContinent groups the countries, keeps the large groups, and pages through them.
func TestCountriesByContinent(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	var all []tally[byContinent]
	for _, c := range w.Continents {
		if n := len(w.countriesOf(c.Code)); n > 0 {
			all = append(all, tally[byContinent]{byContinent{c.Code}, n})
		}
	}
	const by = `countriesGroups(by: [continentCode]`
	const fields = `{ key { continentCode } count }`
	s.Expect(t, `{ `+by+`) `+fields+` }`, nil, data("countriesGroups", all))

	byCount := slices.Clone(all)
	slices.SortStableFunc(byCount, func(a, b tally[byContinent]) int { return cmp.Compare(b.Count, a.Count) })
	s.Expect(t, `{ `+by+`, orderBy: [{count: DESC}]) `+fields+` }`, nil, data("countriesGroups", byCount))
	s.Expect(t, `{ `+by+`, orderBy: [{count: DESC}], limit: 2, offset: 1) `+fields+` }`, nil, data("countriesGroups", byCount[1:3]))

	const least = 30
	large := slices.DeleteFunc(slices.Clone(all), func(g tally[byContinent]) bool { return g.Count < least })
	if len(large) == 0 || len(large) == len(all) {
		t.Fatalf("the bound %d keeps %d of %d groups, so it shows nothing", least, len(large), len(all))
	}
	s.Expect(t, `query($n: Int) { `+by+`, having: {count: {gte: $n}}) `+fields+` }`, map[string]any{"n": least}, data("countriesGroups", large))
}

// TestFiguresOfTheWorld adds up what the facts hold, over all rows and over those that a relation leads to.
func TestFiguresOfTheWorld(t *testing.T) {
	t.Parallel()
	w, s := readWorld(t), serve(t)
	capitals, europe := map[string]bool{}, 0
	for _, c := range w.Countries {
		if c.Capital != nil {
			capitals[*c.Capital] = true
		}
		if c.Continent == "EU" {
			europe++
		}
	}
	known, total, most := 0, 0, 0
	for _, c := range w.Currencies {
		if c.Decimals != nil {
			known, total, most = known+1, total+*c.Decimals, max(most, *c.Decimals)
		}
	}
	rtl := 0
	for _, l := range w.Languages {
		if l.RTL {
			rtl++
		}
	}
	got := s.Query(t, `{ countriesAggregate { count countDistinct { capital continentCode } }
		europe: countriesAggregate(where: {continent: {code: {eq: "EU"}}}) { count }
		currenciesAggregate { count sum { decimals } max { decimals } }
		languagesGroups(by: [rtl]) { key { rtl } count } }`, nil)
	want := fmt.Sprintf(`{"countriesAggregate":{"count":%d,"countDistinct":{"capital":%d,"continentCode":%d}},"europe":{"count":%d},`+
		`"currenciesAggregate":{"count":%d,"sum":{"decimals":"%d"},"max":{"decimals":%d}},`+
		`"languagesGroups":[{"key":{"rtl":false},"count":%d},{"key":{"rtl":true},"count":%d}]}`,
		len(w.Countries), len(capitals), len(w.Continents), europe, len(w.Currencies), total, most, len(w.Languages)-rtl, rtl)
	if known == 0 || got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go"
)

// model computes what the API must answer. A row has for each figure the place of its value, -1 for null.
type model struct {
	figures  []figure
	document bool // the rows are read from a document
}

func (m *model) figure(name string) int {
	return slices.IndexFunc(m.figures, func(f figure) bool { return f.name == name })
}

// rank places a row's value in the order of its type.
func (m *model) rank(row []int, f int) int {
	if places := m.figures[f].inDocuments; m.document && places != nil && row[f] >= 0 {
		return places[row[f]]
	}
	return row[f]
}

// fraction reads a value as an exact number.
func (f figure) fraction(i int) *big.Rat {
	r, _ := new(big.Rat).SetString(strings.Trim(f.values[i][1], `"`))
	return r
}

// measure is one figure over rows: a fraction, or a rank with its value; neither: null.
type measure struct {
	null    bool
	number  *big.Rat
	rank    int
	text    string // the value as JSON; of a sum or an average empty
	rounded bool
	quoted  bool // the number is a string in JSON
}

func (m *model) measure(rows [][]int, kind string, f int) measure {
	var set []int // the rows' values that are not null
	for _, row := range rows {
		if f >= 0 && row[f] >= 0 {
			set = append(set, row[f])
		}
	}
	if kind == "count" {
		return measure{number: big.NewRat(int64(len(rows)), 1)}
	}
	if kind == "countDistinct" {
		slices.Sort(set)
		return measure{number: big.NewRat(int64(len(slices.Compact(set))), 1)}
	}
	if len(set) == 0 {
		return measure{null: true}
	}
	fig := m.figures[f]
	if kind == "sum" || kind == "avg" {
		total := new(big.Rat)
		for _, i := range set {
			total.Add(total, fig.fraction(i))
		}
		if kind == "sum" {
			return measure{number: total, quoted: fig.sum != "Float"}
		}
		return measure{number: total.Quo(total, big.NewRat(int64(len(set)), 1)), rounded: true, quoted: fig.avg != "Float"}
	}
	at := func(i int) int {
		if fig.inDocuments != nil && m.document {
			return fig.inDocuments[i]
		}
		return i
	}
	end := set[0]
	for _, i := range set {
		if c := cmp.Compare(at(i), at(end)); kind == "min" && c < 0 || kind == "max" && c > 0 {
			end = i
		}
	}
	out := measure{rank: at(end), text: fig.values[end][1]}
	if fig.sum != "" {
		out.number = fig.fraction(end)
	}
	return out
}

// compare orders two measures of one kind; null is the greatest, as in PostgreSQL.
func (a measure) compare(b measure) int {
	switch {
	case a.null || b.null:
		return cmp.Compare(btoi(a.null), btoi(b.null))
	case a.number != nil:
		return a.number.Cmp(b.number)
	}
	return cmp.Compare(a.rank, b.rank)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// shows tells whether a value of the answer is what the reference computed.
func (a measure) shows(got any) bool {
	if a.null {
		return got == nil
	}
	if a.text != "" && !a.rounded && a.number == nil {
		var want any
		dec := json.NewDecoder(strings.NewReader(a.text))
		dec.UseNumber()
		return dec.Decode(&want) == nil && got == want
	}
	text, quoted := got.(string)
	if !quoted {
		number, ok := got.(json.Number)
		if !ok {
			return false
		}
		text = number.String()
	}
	if a.text == "" && quoted != a.quoted || a.text != "" && quoted != (a.text[0] == '"') {
		return false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return false
	}
	if a.rounded { // PostgreSQL keeps 16 digits, and so does double precision, almost
		off := new(big.Rat).Sub(r, a.number)
		bound := new(big.Rat).Mul(new(big.Rat).Abs(a.number), big.NewRat(1, 1_000_000_000_000_000))
		return off.Abs(off).Cmp(bound) <= 0
	}
	return r.Cmp(a.number) == 0
}

// wanted are the measures that a selection asks for.
type wanted struct {
	kind string
	of   []int
}

func (m *model) selection(keys bool) (all []wanted, text string) {
	text = "count"
	kinds := []string{"countDistinct", "sum", "avg", "min", "max"}
	if keys {
		kinds = append(kinds, "key")
	}
	for _, kind := range kinds {
		w := wanted{kind: kind}
		var names []string
		for i, f := range m.figures {
			if (kind == "sum" || kind == "avg") && f.sum == "" || (kind == "min" || kind == "max") && f.noEnds {
				continue
			}
			w.of = append(w.of, i)
			names = append(names, f.name)
		}
		all = append(all, w)
		text += " " + kind + " { " + strings.Join(names, " ") + " }"
	}
	return all, text
}

// check compares one object of figures with the rows that it stands for.
func (m *model) check(got map[string]any, rows [][]int, by []int, all []wanted) error {
	if want := m.measure(rows, "count", -1); !want.shows(got["count"]) {
		return fmt.Errorf("count: got %v, want %d", got["count"], len(rows))
	}
	for _, w := range all {
		object, _ := got[w.kind].(map[string]any)
		if len(object) != len(w.of) {
			return fmt.Errorf("%s: got %v", w.kind, got[w.kind])
		}
		for _, f := range w.of {
			kind, over := w.kind, rows
			if kind == "key" {
				kind = "min"
				if !slices.Contains(by, f) {
					over = nil
				}
			}
			if want := m.measure(over, kind, f); !want.shows(object[m.figures[f].name]) {
				return fmt.Errorf("%s { %s }: got %v, want %+v (number %v)", w.kind, m.figures[f].name, object[m.figures[f].name], want, want.number)
			}
		}
	}
	return nil
}

// truth is SQL's: a condition on null is neither true nor false.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// condition is a part of having: its text, and what it says of a group's rows.
type condition struct {
	text string
	of   func(rows [][]int) truth
}

func (m *model) condition(t *rapid.T, depth int) condition {
	switch choice := rapid.IntRange(0, 5).Draw(t, "condition"); {
	case choice == 0 && depth > 0:
		c := m.condition(t, depth-1)
		return condition{"{NOT: " + c.text + "}", func(rows [][]int) truth { return yes - c.of(rows) }}
	case choice == 1 && depth > 0:
		a, b := m.condition(t, depth-1), m.condition(t, depth-1)
		return condition{"{OR: [" + a.text + ", " + b.text + "]}", func(rows [][]int) truth { return max(a.of(rows), b.of(rows)) }}
	case choice == 2 && depth > 0:
		a, b := m.condition(t, depth-1), m.condition(t, depth-1)
		return condition{"{AND: [" + a.text + ", " + b.text + "]}", func(rows [][]int) truth { return min(a.of(rows), b.of(rows)) }}
	case choice == 3:
		f := rapid.SampledFrom([]string{"word", "day", "exact"}).Draw(t, "null of")
		null := rapid.Bool().Draw(t, "null")
		return condition{fmt.Sprintf("{max: {%s: {isNull: %t}}}", f, null), func(rows [][]int) truth {
			if m.measure(rows, "max", m.figure(f)).null == null {
				return yes
			}
			return no
		}}
	}
	kind := rapid.SampledFrom([]string{"count", "countDistinct", "sum", "avg", "min", "max"}).Draw(t, "kind")
	name := rapid.SampledFrom([]string{"i4", "i8", "exact", "f8"}).Draw(t, "of")
	bound := rapid.Int64Range(-2, 9).Draw(t, "bound")
	op := rapid.SampledFrom([]string{"eq", "neq", "gt", "gte", "lt", "lte"}).Draw(t, "operator")
	text := fmt.Sprintf("{%s: {%s: {%s: %d}}}", kind, name, op, bound)
	if kind == "count" {
		text = fmt.Sprintf("{count: {%s: %d}}", op, bound)
	}
	return condition{text, func(rows [][]int) truth {
		got := m.measure(rows, kind, m.figure(name))
		if got.null {
			return unknown
		}
		c := got.number.Cmp(big.NewRat(bound, 1))
		if map[string]bool{"eq": c == 0, "neq": c != 0, "gt": c > 0, "gte": c >= 0, "lt": c < 0, "lte": c <= 0}[op] {
			return yes
		}
		return no
	}}
}

// order is one part of orderBy: its text, and how it compares two groups.
type order struct {
	text    string
	compare func(a, b [][]int) int
}

func (m *model) order(t *rapid.T, by []int) order {
	kind := rapid.SampledFrom([]string{"key", "count", "countDistinct", "sum", "avg", "min", "max"}).Draw(t, "order")
	direction := rapid.SampledFrom([]string{"ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"}).Draw(t, "direction")
	f := m.figure(rapid.SampledFrom([]string{"i4", "exact", "f8", "i2"}).Draw(t, "order of"))
	computed := kind
	if kind == "key" {
		f, computed = rapid.SampledFrom(by).Draw(t, "order key"), "min"
	}
	text := fmt.Sprintf("{%s: {%s: %s}}", kind, m.figures[f].name, direction)
	if kind == "count" {
		text = "{count: " + direction + "}"
	}
	return order{text, func(a, b [][]int) int {
		x, y := m.measure(a, computed, f), m.measure(b, computed, f)
		if x.null != y.null {
			first := direction == "DESC" || strings.HasSuffix(direction, "FIRST")
			return map[bool]int{true: -1, false: 1}[x.null == first]
		}
		if c := x.compare(y); strings.HasPrefix(direction, "DESC") {
			return -c
		} else {
			return c
		}
	}}
}

// grouped puts rows together by their values, in the order of the keys.
func (m *model) grouped(rows [][]int, by []int) [][][]int {
	groups := map[string][][]int{}
	for _, row := range rows {
		var key []int
		for _, f := range by {
			key = append(key, row[f])
		}
		groups[fmt.Sprint(key)] = append(groups[fmt.Sprint(key)], row)
	}
	all := make([][][]int, 0, len(groups))
	for _, g := range groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b [][]int) int {
		for _, f := range by {
			x, y := m.rank(a[0], f), m.rank(b[0], f)
			if x < 0 || y < 0 {
				x, y = btoi(x < 0), btoi(y < 0)
			}
			if c := cmp.Compare(x, y); c != 0 {
				return c
			}
		}
		return 0
	})
	return all
}

// TestAggregatesEqualTheModel reads random rows from a column view, a stored document and a document view, and compares all
// figures, groups, conditions, orders and pages with a reference that never saw PostgreSQL.
func TestAggregatesEqualTheModel(outer *testing.T) {
	outer.Parallel()
	s := serve(outer, fraiseql.Options{MaxCost: -1}, modelSQL())
	conn := s.DB.Conn(outer)
	all := figures()
	rapid.Check(outer, func(t *rapid.T) {
		var rows [][]int
		var tuples []string
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			row, tuple := make([]int, len(all)+1), make([]string, len(all)+1)
			row[len(all)] = rapid.IntRange(-1, 2).Draw(t, "kind")
			tuple[len(all)] = map[bool]string{true: "null", false: strconv.Itoa(row[len(all)])}[row[len(all)] < 0]
			for i, f := range all {
				row[i], tuple[i] = rapid.IntRange(-1, len(f.values)-1).Draw(t, f.name), "null"
				if row[i] >= 0 {
					tuple[i] = f.values[row[i]][0]
				}
			}
			rows, tuples = append(rows, row), append(tuples, "("+strings.Join(tuple, ", ")+")")
		}
		names := make([]string, len(all), len(all)+1)
		for i, f := range all {
			names[i] = f.name
		}
		names = append(names, "kind")
		sql := "truncate tb_thing, tv_stored;"
		if len(rows) > 0 {
			sql += "insert into tb_thing (" + strings.Join(names, ", ") + ") values " + strings.Join(tuples, ", ") + ";"
		}
		if _, err := conn.Exec(t.Context(), sql+"select fill();"); err != nil {
			t.Fatal(err)
		}

		m := &model{figures: all}
		least := rapid.IntRange(-1, 4).Draw(t, "least i4") // -1: all rows
		where := ""
		if least >= 0 {
			where = "where: {i4: {gte: " + all[m.figure("i4")].values[least][1] + "}}"
		}
		by := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 3, rapid.ID[int]).Draw(t, "by")
		keys := make([]string, len(by))
		for i, f := range by {
			keys[i] = all[f].name
		}
		having, orders := condition{text: "{}"}, []order{}
		if rapid.Bool().Draw(t, "having") {
			having = m.condition(t, 2)
		}
		texts := []string{}
		for range rapid.IntRange(0, 2).Draw(t, "orders") {
			orders = append(orders, m.order(t, by))
			texts = append(texts, orders[len(orders)-1].text)
		}
		limit, offset := rapid.IntRange(0, 8).Draw(t, "limit"), rapid.IntRange(0, 3).Draw(t, "offset")
		whole, wholeText := m.selection(false)
		each, eachText := m.selection(true)
		args := fmt.Sprintf("by: [%s] %s having: %s orderBy: [%s] limit: %d offset: %d", strings.Join(keys, " "), where, having.text, strings.Join(texts, " "), limit, offset)
		figures := ""
		for _, src := range modelSources {
			figures += src.list + "Aggregate" + map[bool]string{true: "(" + where + ")"}[where != ""] + " { " + wholeText + " } " + src.list + "Groups(" + args + ") { " + eachText + " } "
		}
		query := "{ " + figures + " kinds { id " + figures + " } "
		chosen := m.condition(t, 0)
		for strings.HasPrefix(chosen.text, "{NOT") || strings.HasPrefix(chosen.text, "{OR") || strings.HasPrefix(chosen.text, "{AND") {
			chosen = m.condition(t, 0)
		}
		ranked := m.order(t, by)
		for strings.HasPrefix(ranked.text, "{key") {
			ranked = m.order(t, by)
		}
		for _, src := range modelSources {
			narrow := strings.TrimSuffix(chosen.text, "}") + map[bool]string{true: ", " + where}[where != ""] + "}"
			query += src.list + "Kinds: kinds(where: {" + src.list + ": " + narrow + "}, orderBy: [{" + src.list + ": " + ranked.text + "}]) { id } "
		}
		query += "}"
		var answer map[string]json.RawMessage
		if err := json.Unmarshal([]byte(s.Query(outer, query, nil)), &answer); err != nil {
			t.Fatal(err)
		}
		kinds := [][][]int{}
		for kind := range 3 {
			kinds = append(kinds, slices.DeleteFunc(slices.Clone(rows), func(row []int) bool { return row[len(all)] != kind }))
		}
		check := func(at string, answer map[string]json.RawMessage, kept [][]int, src modelSource) {
			var total map[string]any
			read(t, answer[src.list+"Aggregate"], &total)
			if err := m.check(total, kept, nil, whole); err != nil {
				t.Fatalf("%s%sAggregate: %v\n%s", at, src.list, err, tuples)
			}
			want := m.grouped(kept, by)
			if having.of != nil {
				want = slices.DeleteFunc(want, func(g [][]int) bool { return having.of(g) != yes })
			}
			slices.SortStableFunc(want, func(a, b [][]int) int {
				for _, o := range orders {
					if c := o.compare(a, b); c != 0 {
						return c
					}
				}
				return 0
			})
			want = want[min(offset, len(want)):]
			want = want[:min(limit, len(want))]
			var got []map[string]any
			read(t, answer[src.list+"Groups"], &got)
			if len(got) != len(want) {
				t.Fatalf("%s%sGroups(%s): %d groups, want %d", at, src.list, args, len(got), len(want))
			}
			for i := range want {
				if err := m.check(got[i], want[i], by, each); err != nil {
					t.Fatalf("%s%sGroups(%s), group %d: %v", at, src.list, args, i, err)
				}
			}
		}
		matching := func(rows [][]int) [][]int {
			i4 := m.figure("i4")
			return slices.DeleteFunc(slices.Clone(rows), func(row []int) bool { return least >= 0 && row[i4] < least })
		}
		var below []map[string]json.RawMessage
		read(t, answer["kinds"], &below)
		for _, src := range modelSources {
			m.document = src.document
			check("", answer, matching(rows), src)
			for kind, of := range kinds {
				check(fmt.Sprintf("kind %d: ", kind), below[kind], matching(of), src)
			}
			// Kinds by what is known of their rows: chosen by those that match, ordered by all.
			want := []int{}
			for kind := range kinds {
				if chosen.of(matching(kinds[kind])) == yes {
					want = append(want, kind)
				}
			}
			slices.SortStableFunc(want, func(a, b int) int { return ranked.compare(kinds[a], kinds[b]) })
			var got []struct{ ID string }
			read(t, answer[src.list+"Kinds"], &got)
			ids := []int{}
			for _, k := range got {
				id, _ := strconv.Atoi(k.ID)
				ids = append(ids, id)
			}
			if !slices.Equal(ids, want) {
				t.Fatalf("kinds where %s: %s by %s: %v, want %v\n%s", src.list, chosen.text, ranked.text, ids, want, tuples)
			}
		}
	})
}

func read(t *rapid.T, text json.RawMessage, into any) {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

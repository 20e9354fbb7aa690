package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
)

// leaf is a page as a client gets it.
type leaf struct {
	Edges []struct {
		Cursor string
		Node   struct{ ID string }
	}
	Nodes    []struct{ ID string }
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	TotalCount int
}

func (l leaf) ids() []string {
	ids := []string{}
	for _, n := range l.Nodes {
		ids = append(ids, n.ID)
	}
	return ids
}

// pages are those of a connection.
type pages struct {
	*site
	root string // the list's name
	key  string // the field that tells the rows apart
	in   string // the root field of the row that the list belongs to; empty: the list is a root field
}

// turn asks for a page, and checks what must hold for every page.
func (s pages) turn(t testing.TB, args string) leaf {
	t.Helper()
	query := `{ page: ` + s.root + `Connection(` + args + `) {
		edges { cursor node { id: ` + s.key + ` } } nodes { id: ` + s.key + ` } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`
	if s.in != "" {
		query = `{ in: ` + s.in + query + `}`
	}
	var data struct {
		Page leaf
		In   struct{ Page leaf }
	}
	if err := json.Unmarshal([]byte(s.Query(t, query, nil)), &data); err != nil {
		t.Fatal(err)
	}
	p := data.Page
	if s.in != "" {
		p = data.In.Page
	}
	if len(p.Edges) != len(p.Nodes) {
		t.Fatalf("%s: %d edges, %d nodes", args, len(p.Edges), len(p.Nodes))
	}
	for i, e := range p.Edges {
		if e.Node.ID != p.Nodes[i].ID {
			t.Fatalf("%s: edges and nodes differ", args)
		}
	}
	if n := len(p.Edges); n == 0 {
		if p.PageInfo.StartCursor != nil || p.PageInfo.EndCursor != nil {
			t.Fatalf("%s: an empty page has cursors", args)
		}
	} else if *p.PageInfo.StartCursor != p.Edges[0].Cursor || *p.PageInfo.EndCursor != p.Edges[n-1].Cursor {
		t.Fatalf("%s: the page's cursors are not those of its ends", args)
	}
	return p
}

// walk goes through all rows in pages, forwards and backwards, and compares with the order expected. It gives each row's
// cursor.
func (s pages) walk(t testing.TB, order string, size int, want []string) []string {
	t.Helper()
	var cursors []string
	for _, way := range []struct {
		limit, from string
		back        bool
	}{{"first", "after", false}, {"last", "before", true}} {
		got := []string{}
		seen := []string{}
		from := ""
		for turns := 0; ; turns++ {
			args := fmt.Sprintf("orderBy: %s, %s: %d", order, way.limit, size)
			if from != "" {
				args += fmt.Sprintf(", %s: %q", way.from, from)
			}
			p := s.turn(t, args)
			var edge []string
			for _, e := range p.Edges {
				edge = append(edge, e.Cursor)
			}
			ahead, behind, next := p.PageInfo.HasNextPage, p.PageInfo.HasPreviousPage, p.PageInfo.EndCursor
			if way.back {
				ahead, behind, next = behind, ahead, p.PageInfo.StartCursor
				got, seen = append(p.ids(), got...), append(edge, seen...)
			} else {
				got, seen = append(got, p.ids()...), append(seen, edge...)
			}
			if p.TotalCount != len(want) {
				t.Errorf("%s %s: %d in total, want %d", s.root, args, p.TotalCount, len(want))
			}
			if behind != (from != "") {
				t.Errorf("%s %s: rows on the side that the walk comes from: %t", s.root, args, behind)
			}
			if ahead != (len(got) < len(want)) {
				t.Fatalf("%s %s: more rows: %t, after %d of %d", s.root, args, ahead, len(got), len(want))
			}
			if !ahead {
				break
			}
			if len(p.Edges) != size || turns > len(want) {
				t.Fatalf("%s %s: %d rows on a page of %d that others follow", s.root, args, len(p.Edges), size)
			}
			from = *next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, %s %d, %s:\n got %v\nwant %v", s.root, way.limit, size, order, got, want)
		}
		if cursors != nil && !slices.Equal(cursors, seen) {
			t.Errorf("%s, %s: the cursors of the ways differ", s.root, order)
		}
		cursors = seen
	}
	return cursors
}

var directions = []string{"ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"}

// inDocuments are the fields that the documents have too.
var inDocuments = []string{"n", "d", "f", "t", "b", "u", "g"}

// TestWalks goes through rows with ties and nulls, by every field in every direction and by pairs of fields, from each kind
// of source, in pages of several sizes.
func TestWalks(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, items)
	conn := s.DB.Conn(t)
	var rows []item
	for i := range 23 {
		r := item{id: 100 + i*7%23, value: map[string]int{}}
		for at, f := range itemFields {
			pool := len(worths[f])
			if f == "owner" {
				pool = len(owners)
			}
			r.value[f] = (i*(at+3)+i/5)%(pool+1) - 1
			if f == "s" {
				r.value[f] = max(r.value[f], 0)
			}
		}
		rows = append(rows, r)
	}
	fillItems(t, func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}, rows)
	sizes := []int{1, 2, 5, 22, 23, 100}
	turn := 0
	try := func(root string, order ...ordering) {
		turn++
		pages{s, root, "id", ""}.walk(t, written(order), sizes[turn%len(sizes)], sorted(rows, order))
	}
	for _, d := range directions {
		for i, f := range itemFields {
			try("items", ordering{f, d})
			try("items", ordering{f, d}, ordering{"id", "DESC"})
			try("items", ordering{f, d}, ordering{itemFields[(i+4)%len(itemFields)], directions[(i+turn)%len(directions)]}, ordering{"n", d})
		}
		for i, f := range inDocuments {
			for _, root := range []string{"stored", "made"} {
				try(root, ordering{f, d}, ordering{inDocuments[(i+3)%len(inDocuments)], directions[turn%len(directions)]})
			}
		}
		for _, root := range []string{"items", "stored", "made"} {
			try(root, ordering{"id", d})
			try(root)
		}
	}
}

// TestWalksOfAnyRows draws rows, orders, page sizes and ranges.
func TestWalksOfAnyRows(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, items)
	conn := s.DB.Conn(t)
	rapid.Check(t, func(r *rapid.T) {
		root := rapid.SampledFrom([]string{"items", "items", "stored", "made"}).Draw(r, "root")
		fields := itemFields
		if root != "items" {
			fields = inDocuments
		}
		drawn := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) item {
			i := item{value: map[string]int{}}
			for _, f := range itemFields {
				pool, least := len(worths[f]), -1
				switch f {
				case "owner":
					pool = len(owners)
				case "s":
					least = 0
				}
				i.value[f] = rapid.IntRange(least, pool-1).Draw(r, f)
			}
			return i
		}), 0, 20).Draw(r, "rows")
		for i := range drawn {
			drawn[i].id = (i*13 + 5) % 100
		}
		order := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) ordering {
			return ordering{rapid.SampledFrom(append(slices.Clip(fields), "id")).Draw(r, "field"), rapid.SampledFrom(directions).Draw(r, "direction")}
		}), 0, 3).Draw(r, "order")
		fillItems(t, func(sql string) {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				r.Fatal(err)
			}
		}, drawn)
		want := sorted(drawn, order)
		size := rapid.IntRange(1, 9).Draw(r, "size")
		all := pages{s, root, "id", ""}
		cursors := all.walk(t, written(order), size, want)
		if len(want) < 2 || t.Failed() {
			return
		}
		// A page between two cursors, and the same cursors under a filter.
		from := rapid.IntRange(0, len(want)-2).Draw(r, "from")
		to := rapid.IntRange(from+1, len(want)-1).Draw(r, "to")
		between := want[from+1 : to]
		for _, back := range []bool{false, true} {
			limit := "first"
			if back {
				limit = "last"
			}
			p := all.turn(t, fmt.Sprintf("orderBy: %s, after: %q, before: %q, %s: %d", written(order), cursors[from], cursors[to], limit, size))
			page := between[:min(size, len(between))]
			if back {
				page = between[len(between)-len(page):]
			}
			more, other := p.PageInfo.HasNextPage, p.PageInfo.HasPreviousPage
			if back {
				more, other = other, more
			}
			if !slices.Equal(p.ids(), page) || more != (len(between) > size) || !other {
				r.Errorf("%s of %v between %s and %s: %v, more %t, other %t", limit, want, want[from], want[to], p.ids(), more, other)
			}
		}
		var kept []string
		for _, id := range want[from+1:] {
			if i := slices.IndexFunc(drawn, func(i item) bool { return strconv.Itoa(i.id) == id }); drawn[i].value["n"] >= 0 {
				kept = append(kept, id)
			}
		}
		p := all.turn(t, fmt.Sprintf("orderBy: %s, after: %q, where: {n: {isNull: false}}", written(order), cursors[from]))
		if !slices.Equal(p.ids(), kept) && len(p.ids())+len(kept) > 0 {
			r.Errorf("behind %s under a filter: %v, want %v", want[from], p.ids(), kept)
		}
	})
}

// TestWalksOfTheExamples goes through every connection of the examples, by the key and by each field that can be sorted.
func TestWalksOfTheExamples(t *testing.T) {
	t.Parallel()
	for _, name := range examples.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := examples.SQL(name)
			if err != nil {
				t.Fatal(err)
			}
			var sql []string
			for _, f := range files {
				sql = append(sql, f.SQL)
			}
			s := serve(t, fraiseql.Options{}, sql...)
			loaded, err := gqlparser.LoadSchema(&ast.Source{Input: s.App.Schema()})
			if err != nil {
				t.Fatal(err)
			}
			walked := 0
			for _, root := range loaded.Query.Fields {
				name, is := strings.CutSuffix(root.Name, "Connection")
				if !is || loaded.Types[root.Type.Name()].Fields.ForName("nodes") == nil {
					continue
				}
				node := loaded.Types[loaded.Types[root.Type.Name()].Fields.ForName("nodes").Type.Name()]
				key := "id"
				if node.Fields.ForName(key) == nil {
					key = "code"
				}
				orders := []string{"[]"}
				for _, f := range loaded.Types[root.Arguments.ForName("orderBy").Type.Name()].Fields {
					if f.Type.Name() == "OrderDirection" {
						orders = append(orders, "[{"+f.Name+": DESC}]", "[{"+f.Name+": ASC}]")
					}
				}
				for i, order := range orders {
					var data struct{ All []struct{ ID string } }
					if err := json.Unmarshal([]byte(s.Query(t, `{ all: `+name+`(orderBy: `+order+`) { id: `+key+` } }`, nil)), &data); err != nil {
						t.Fatal(err)
					}
					var total struct{ Page struct{ TotalCount int } }
					if err := json.Unmarshal([]byte(s.Query(t, `{ page: `+root.Name+` { totalCount } }`, nil)), &total); err != nil {
						t.Fatal(err)
					}
					if total.Page.TotalCount > len(data.All) { // more than one list holds
						continue
					}
					want := []string{}
					for _, row := range data.All {
						want = append(want, row.ID)
					}
					pages{s, name, key, ""}.walk(t, order, max(1, len(want)/(3+i%4)), want)
					walked++
				}
			}
			if walked < 10 {
				t.Errorf("only %d walks", walked)
			}
		})
	}
}

package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// chain is a list of rows, each of which leads to the next one and back.
const chain = `
create table tb_link (id int primary key, next_id int);
insert into tb_link select n, nullif(n + 1, 41) from generate_series(1, 40) n;
create view v_link as select id, next_id from tb_link;
comment on view v_link is '@fraiseql:type
name: Link
key: [id]
relations: {next: {to: Link, by: {next_id: id}}, before: {to: Link, by: {id: next_id}, many: true}}';`

// Relations of any depth are one statement: one round trip on one lease, lists and single rows in turn.
func TestRelationsOfAnyDepthTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxDepth: -1, MaxCost: -1}, chain)
	for _, depth := range []int{1, 2, 3, 5, 10, 20, 40} {
		query, answer := "id", fmt.Sprintf(`{"id":"%d"}`, depth)
		for level := depth - 1; level > 0; level-- {
			query = "id next { " + query + " }"
			answer = fmt.Sprintf(`{"id":"%d","next":%s}`, level, answer)
		}
		apptest.Expect(t, fmt.Sprint(depth, " rows"), s.Query(t, "{ link(id: 1) { "+query+" } }", nil), `{"link":`+answer+`}`)
	}
	for _, depth := range []int{1, 5, 12} {
		query, answer := "id", fmt.Sprintf(`[{"id":"%d"}]`, 40-depth)
		for level := depth - 1; level >= 0; level-- {
			query = "id before(limit: 5, orderBy: [{id: DESC}], where: {id: {neq: 0}}) { " + query + " }"
			object := fmt.Sprintf(`{"id":"%d","before":%s}`, 40-level, answer)
			if answer = "[" + object + "]"; level == 0 {
				answer = object
			}
		}
		apptest.Expect(t, fmt.Sprint(depth, " lists"), s.Query(t, "{ link(id: 40) { "+query+" } }", nil), `{"link":`+answer+`}`)
	}
}

// A Go field gets all parents of its place at once, however deep the lists are in which they stand; two places are two calls.
func TestGoFieldGetsItsWholeBatchBelowNestedLists(t *testing.T) {
	t.Parallel()
	var calls [][]string
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[author]("author"), fraiseql.Object[book]("book"),
			fraiseql.Field("code", func(_ context.Context, books []book) ([]string, error) {
				ids, codes := []string{}, make([]string, len(books))
				for i, b := range books {
					ids, codes[i] = append(ids, string(b.ID)), "#"+string(b.ID)
				}
				calls = append(calls, ids)
				return codes, nil
			}, fraiseql.FieldOptions{Needs: []string{"id"}}),
		},
		Queries: []fraiseql.Query{fraiseql.List[author]("authors"), fraiseql.Connection[author]("page")},
	}, library)
	for name, c := range map[string]struct{ query, want, calls string }{
		"a list in a list": {
			`{ authors { books { code } } }`,
			`{"authors":[{"books":[{"code":"#3"},{"code":"#6"},{"code":"#9"}]},{"books":[{"code":"#1"},{"code":"#4"},{"code":"#7"}]},{"books":[{"code":"#2"},{"code":"#5"},{"code":"#8"}]}]}`,
			"[[3 6 9 1 4 7 2 5 8]]",
		},
		"below three lists": {
			`{ authors(limit: 2) { books(limit: 2) { author { books(limit: 1, orderBy: [{id: DESC}]) { code } } } } }`,
			`{"authors":[{"books":[{"author":{"books":[{"code":"#9"}]}},{"author":{"books":[{"code":"#9"}]}}]},{"books":[{"author":{"books":[{"code":"#7"}]}},{"author":{"books":[{"code":"#7"}]}}]}]}`,
			"[[9 9 7 7]]",
		},
		"in a page": {
			`{ page(first: 2) { nodes { books(limit: 1) { code } } } }`, `{"page":{"nodes":[{"books":[{"code":"#3"}]},{"books":[{"code":"#1"}]}]}}`, "[[3 1]]",
		},
		"two places": {
			`{ authors(limit: 1) { a: books(limit: 2) { code } b: books(limit: 1, offset: 2) { code } } }`,
			`{"authors":[{"a":[{"code":"#3"},{"code":"#6"}],"b":[{"code":"#9"}]}]}`, "[[3 6] [9]]",
		},
		"no parents": {`{ authors { books(limit: 0) { code } } }`, `{"authors":[{"books":[]},{"books":[]},{"books":[]}]}`, "[]"},
	} {
		calls = nil
		apptest.Expect(t, name, s.Query(t, c.query, nil), c.want)
		if got := fmt.Sprint(calls); got != c.calls {
			t.Errorf("%s: the parents were %s, want %s", name, got, c.calls)
		}
	}
}

// Types that lead back to themselves can be asked for without end: depth and cost say where the end is, before any SQL.
func TestRecursionIsLimitedByDepthAndCost(t *testing.T) {
	t.Parallel()
	nested := func(field string, depth int) string {
		return "{ links(limit: 1) { " + strings.Repeat(field+" { ", depth) + "id" + strings.Repeat(" }", depth) + " } }"
	}
	s := serve(t, fraiseql.Options{}, chain)
	s.Query(t, nested("next", 18), nil)
	for name, c := range map[string]struct{ query, code, message string }{
		"rows, one too deep": {nested("next", 19), "QUERY_TOO_DEEP", "20"},
		"rows, far too deep": {nested("next", 1000), "QUERY_TOO_DEEP", "1000"},
		"by fragments":       {`{ links { ...A } } fragment A on Link { next { ...B } } fragment B on Link { next { ` + strings.Repeat("next { ", 20) + "id" + strings.Repeat(" }", 20) + ` } }`, "QUERY_TOO_DEEP", "20"},
		"a fragment in itself": {
			`{ links { ...A } } fragment A on Link { next { ...A } }`, "GRAPHQL_VALIDATION_FAILED", "A",
		},
		"lists, too many rows": {nested("before", 10), "QUERY_TOO_COSTLY", "5000000"},
		"lists by a variable":  {`query($n: Int!) { links { before(limit: $n) { before(limit: $n) { before(limit: $n) { id } } } } }`, "QUERY_TOO_COSTLY", "5000000"},
	} {
		a := s.Counted(t, 0, 0, c.query, map[string]any{"n": 1000})
		if a.Code() != c.code || a.Data != nil {
			t.Errorf("%s: got %s", name, clip(a.Body))
			continue
		}
		mustContain(t, name, a.Errors[0].Message, c.message)
	}
	// Small pages make the same lists cheap.
	s.Query(t, `query($n: Int!) { links(limit: 1) { before(limit: $n) { before(limit: $n) { before(limit: $n) { id } } } } }`, map[string]any{"n": 2})
}

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// cursorsOf gives the cursors of a connection's rows.
func (s *site) cursorsOf(t testing.TB, call string) []string {
	t.Helper()
	var data struct {
		Page struct{ Edges []struct{ Cursor string } }
	}
	if err := json.Unmarshal([]byte(s.Query(t, `{ page: `+call+` { edges { cursor } } }`, nil)), &data); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range data.Page.Edges {
		all = append(all, e.Cursor)
	}
	return all
}

func TestConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	at := s.cursorsOf(t, `peopleConnection(orderBy: [{age: DESC}])`) // null, 100, 10, 9
	for _, tc := range []struct {
		name, query string
		variables   any
		want        string
	}{
		{
			"edges, nodes and what is around the page",
			`{ peopleConnection(first: 2) { edges { node { name } } nodes { name age } pageInfo { hasNextPage hasPreviousPage } totalCount } }`, nil,
			`{"peopleConnection": {"edges": [{"node": {"name": "Ann"}}, {"node": {"name": "50%_Bo"}}], "nodes": [{"name": "Ann", "age": 9}, {"name": "50%_Bo", "age": 10}],
				"pageInfo": {"hasNextPage": true, "hasPreviousPage": false}, "totalCount": 4}}`,
		},
		{
			"the last ones, in the same order",
			`{ peopleConnection(last: 2) { nodes { age } pageInfo { hasNextPage hasPreviousPage } } }`, nil,
			`{"peopleConnection": {"nodes": [{"age": 100}, {"age": null}], "pageInfo": {"hasNextPage": false, "hasPreviousPage": true}}}`,
		},
		{
			"behind a null that comes first",
			`query($after: String) { peopleConnection(orderBy: [{age: DESC}], first: 2, after: $after) { nodes { age } pageInfo { hasNextPage hasPreviousPage } } }`,
			map[string]any{"after": at[0]},
			`{"peopleConnection": {"nodes": [{"age": 100}, {"age": 10}], "pageInfo": {"hasNextPage": true, "hasPreviousPage": true}}}`,
		},
		{
			"between two",
			`query($a: String, $b: String) { peopleConnection(orderBy: [{age: DESC}], after: $a, before: $b) { nodes { age } pageInfo { hasNextPage hasPreviousPage } totalCount } }`,
			map[string]any{"a": at[0], "b": at[3]},
			`{"peopleConnection": {"nodes": [{"age": 100}, {"age": 10}], "pageInfo": {"hasNextPage": false, "hasPreviousPage": true}, "totalCount": 4}}`,
		},
		{
			"cursors in the wrong order leave nothing between them",
			`query($a: String, $b: String) { peopleConnection(orderBy: [{age: DESC}], after: $b, before: $a, last: 1) { nodes { age } pageInfo { hasNextPage hasPreviousPage startCursor } } }`,
			map[string]any{"a": at[0], "b": at[3]},
			`{"peopleConnection": {"nodes": [], "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "startCursor": null}}}`,
		},
		{
			"a page of no rows",
			`{ peopleConnection(first: 0) { edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`, nil,
			`{"peopleConnection": {"edges": [], "nodes": [], "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "startCursor": null, "endCursor": null}, "totalCount": 4}}`,
		},
		{
			"no rows at all",
			`{ nobodiesConnection { edges { cursor node { id } } nodes { id } pageInfo { hasNextPage endCursor } totalCount } }`, nil,
			`{"nobodiesConnection": {"edges": [], "nodes": [], "pageInfo": {"hasNextPage": false, "endCursor": null}, "totalCount": 0}}`,
		},
		{
			"aliases, fragments and type names",
			`query($yes: Boolean!, $no: Boolean!) {
				one: peopleConnection(first: 1) { ...C } two: peopleConnection(first: 1, orderBy: [{name: DESC}]) { ...C __typename }
			}
			fragment C on PersonConnection { list: edges { __typename ... on PersonEdge { node { ...P } } } info: pageInfo @include(if: $yes) { ...I } n: totalCount @include(if: $no) m: totalCount @skip(if: $no) }
			fragment P on Person { n: name __typename }
			fragment I on PageInfo { __typename more: hasNextPage again: hasNextPage }`,
			map[string]any{"yes": true, "no": false},
			`{"one": {"list": [{"__typename": "PersonEdge", "node": {"n": "Ann", "__typename": "Person"}}], "info": {"__typename": "PageInfo", "more": true, "again": true}, "m": 4},
			  "two": {"list": [{"__typename": "PersonEdge", "node": {"n": "Łu \"q\" \\ é", "__typename": "Person"}}], "info": {"__typename": "PageInfo", "more": true, "again": true}, "m": 4, "__typename": "PersonConnection"}}`,
		},
		{
			"relations in a node",
			`{ peopleConnection(first: 1) { nodes { team { name members(limit: 1, orderBy: [{name: ASC}]) { name } } } edges { node { team { name } } } } }`, nil,
			`{"peopleConnection": {"nodes": [{"team": {"name": "Alpha", "members": [{"name": "50%_Bo"}]}}], "edges": [{"node": {"team": {"name": "Alpha"}}}]}}`,
		},
		{
			"through a relation, under a filter",
			`{ peopleConnection(where: {age: {gte: 10}}, orderBy: [{team: {name: DESC}}], last: 5) { nodes { name } totalCount } }`, nil,
			`{"peopleConnection": {"nodes": [{"name": "Łu \"q\" \\ é"}, {"name": "50%_Bo"}], "totalCount": 2}}`,
		},
		{
			"a stored document and one that a view makes",
			`{ cardsConnection(last: 1, orderBy: [{age: ASC}]) { nodes { name age } totalCount } profilesConnection(first: 2, orderBy: [{age: DESC}], where: {age: {isNull: false}}) { edges { node { age } } totalCount } }`, nil,
			`{"cardsConnection": {"nodes": [{"name": "50x_Bo", "age": null}], "totalCount": 4}, "profilesConnection": {"edges": [{"node": {"age": 100}}, {"node": {"age": 10}}], "totalCount": 3}}`,
		},
		{
			"beside a list, a row and nothing",
			`{ people(limit: 1) { name } peopleConnection { totalCount } __typename empty: peopleConnection { __typename pageInfo { hasPreviousPage } } }`, nil,
			`{"people": [{"name": "Ann"}], "peopleConnection": {"totalCount": 4}, "__typename": "Query", "empty": {"__typename": "PersonConnection", "pageInfo": {"hasPreviousPage": false}}}`,
		},
		{
			"numbers and orders as variables",
			`query($n: Int, $l: Int, $o: [PersonOrderByInput!]) { peopleConnection(first: $n, last: $l, orderBy: $o) { nodes { age } pageInfo { hasPreviousPage } } }`,
			map[string]any{"l": 2, "n": nil, "o": []any{map[string]any{"age": "ASC_NULLS_FIRST"}}},
			`{"peopleConnection": {"nodes": [{"age": 10}, {"age": 100}], "pageInfo": {"hasPreviousPage": true}}}`,
		},
	} {
		apptest.Expect(t, tc.name, s.Query(t, tc.query, tc.variables), tc.want)
	}
}

// TestConnectionByLists: an order may lead to the number of rows in a list, and into objects of a document.
func TestConnectionByLists(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases, `insert into tb_team values ('00000000-0000-0000-0000-00000000000c', 'Gamma'), ('00000000-0000-0000-0000-00000000000d', 'Delta')`)
	ids := func(last string) (all []string) {
		for _, l := range last {
			all = append(all, "00000000-0000-0000-0000-00000000000"+string(l))
		}
		return all
	}
	for size := 1; size < 5; size++ {
		pages{s, "teams", "id", ""}.walk(t, `[{members: {count: DESC}}]`, size, ids("abcd"))
		pages{s, "teams", "id", ""}.walk(t, `[{members: {count: ASC}}, {name: ASC}]`, size, ids("dcba"))
		pages{s, "cards", "id", ""}.walk(t, `[{team: {name: DESC}}]`, size, ids("4312"))
		pages{s, "cards", "id", ""}.walk(t, `[{team: {name: ASC_NULLS_FIRST}}, {age: DESC}]`, size, ids("4213"))
	}
}

// TestConnectionCountsWhenAsked looks at the statements: rows are counted, and a row more than the page is read, only when
// somebody wants to know.
func TestConnectionCountsWhenAsked(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	after := s.cursorsOf(t, `peopleConnection(first: 1)`)[0]
	for _, tc := range []struct {
		query      string
		statements int
		holds      []string
		lacks      []string
	}{
		{`{ peopleConnection(first: 2) { edges { cursor } } }`, 1, []string{"limit 2"}, []string{"count(", "exists"}},
		{`{ peopleConnection(first: 3) { edges { cursor } pageInfo { hasNextPage } } }`, 1, []string{"limit 4"}, []string{"count(", "exists"}},
		{`{ peopleConnection(first: 5) { edges { cursor } pageInfo { hasPreviousPage } } }`, 1, []string{"limit 5"}, []string{"count(", "exists"}},
		{`{ peopleConnection(first: 6) { nodes { id } totalCount } }`, 2, []string{"limit 6", "count("}, []string{"exists"}},
		{`{ peopleConnection(first: 7, after: "` + after + `") { nodes { id } pageInfo { hasPreviousPage } } }`, 2, []string{"exists"}, []string{"count("}},
		{`{ peopleConnection(first: 8, where: {age: {lt: 11}}) { totalCount } }`, 1, []string{"count("}, []string{"limit", "order by"}},
		{`query($c: Boolean = false) { peopleConnection(first: 9) { nodes { id } totalCount @include(if: $c) } }`, 1, []string{"limit 9"}, []string{"count("}},
	} {
		s.Query(t, tc.query, nil)
		statements := slices.DeleteFunc(slices.Clone(s.Link.Statements()), func(sql string) bool { return !strings.Contains(sql, "v_person") })
		text := strings.Join(statements, "\n")
		if len(statements) != tc.statements {
			t.Errorf("%s: %d statements, want %d: %s", tc.query, len(statements), tc.statements, text)
		}
		mustContain(t, tc.query, text, tc.holds...)
		for _, part := range tc.lacks {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q is in %s", tc.query, part, text)
			}
		}
	}
}

func TestConnectionRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxPage: 3}, cases)
	byName := s.cursorsOf(t, `peopleConnection(orderBy: [{name: ASC}], first: 1)`)[0]
	plain := s.cursorsOf(t, `peopleConnection(first: 1)`)[0]
	const ask = `query($f: Int, $l: Int, $a: String, $b: String, $o: [PersonOrderByInput!]) {
		page: peopleConnection(first: $f, last: $l, after: $a, before: $b, orderBy: $o) { nodes { id } totalCount } }`
	type vars = map[string]any
	refuse := func(what, query string, variables any, path string, parts ...string) {
		t.Helper()
		a := s.Counted(t, 0, 0, query, variables)
		if a.Code() != "BAD_USER_INPUT" || a.Data != nil {
			t.Errorf("%s: %s", what, a.Body)
			return
		}
		mustContain(t, what, a.Errors[0].Message, parts...)
		if path != "" && fmt.Sprint(a.Errors[0].Path) != "["+path+"]" {
			t.Errorf("%s: path %v, want %s", what, a.Errors[0].Path, path)
		}
	}
	for what, tc := range map[string]struct {
		variables vars
		path      string
		message   string
	}{
		"first and last":           {vars{"f": 1, "l": 1}, "", "first and last are both given"},
		"first is negative":        {vars{"f": -1}, "", `"first" is -1: it must not be negative`},
		"last is negative":         {vars{"l": -1}, "", `"last" is -1: it must not be negative`},
		"first above the maximum":  {vars{"f": 4}, "", `"first" is 4: the maximum is 3`},
		"last above the maximum":   {vars{"l": 4}, "", `"last" is 4: the maximum is 3`},
		"no cursor":                {vars{"a": "%%%"}, "page", `the argument "after": it is not a cursor`},
		"an empty cursor":          {vars{"b": ""}, "page", `the argument "before": it is not a cursor`},
		"a cursor with a tail":     {vars{"a": plain + "A"}, "page", "it is not a cursor"},
		"a cursor cut":             {vars{"a": plain[:len(plain)-1]}, "page", "it is not a cursor"},
		"a cursor of another one":  {vars{"a": byName}, "page", "belongs to another type or order"},
		"another direction":        {vars{"a": byName, "o": []vars{{"name": "DESC"}}}, "page", "belongs to another type or order"},
		"an order more":            {vars{"b": byName, "o": []vars{{"name": "ASC"}, {"age": "ASC"}}}, "page", "belongs to another type or order"},
		"a number that is no Int":  {vars{"f": 3000000000}, "", "Int cannot represent 3000000000"},
		"a cursor that is no text": {vars{"a": 1}, "", "String cannot represent 1"},
	} {
		refuse(what, ask, tc.variables, tc.path, tc.message)
	}
	refuse("a cursor of another type", `query($a: String) { teamsConnection(after: $a) { totalCount } }`, vars{"a": plain}, "teamsConnection", "belongs to another type or order")
	refuse("a literal", `{ x: peopleConnection(after: "`+byName+`") { totalCount } }`, nil, "x", "belongs to another type or order")
	refuse("above the maximum in the document", `{ peopleConnection(first: 4) { totalCount } }`, nil, "", "the maximum is 3")
	// Whatever byte is changed, the cursor is refused.
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(plain) {
		other := digits[(strings.IndexByte(digits, plain[i])+1+i%62)%64]
		refuse("changed at "+plain[:i], ask, vars{"a": plain[:i] + string(other) + plain[i+1:]}, "page", "cursor")
	}
	// As many as a page may have, when nobody says how many.
	apptest.Expect(t, "neither", s.Query(t, `{ peopleConnection { nodes { age } pageInfo { hasNextPage } } }`, nil),
		`{"peopleConnection": {"nodes": [{"age": 9}, {"age": 10}, {"age": 100}], "pageInfo": {"hasNextPage": true}}}`)
}

// TestConnectionCost: a page counts with the number of its rows.
func TestConnectionCost(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxCost: 20}, cases)
	s.Query(t, `query($n: Int) { peopleConnection(first: $n) { nodes { id name } } }`, map[string]any{"n": 10})
	for query, n := range map[string]int{
		`query($n: Int) { peopleConnection(first: $n) { nodes { id name } } }`:                          11,
		`query($n: Int) { peopleConnection(last: $n) { nodes { id } edges { cursor node { name } } } }`: 7,
		`query($n: Int) { peopleConnection(first: $n) { nodes { team { members { id name } } } } }`:     1,
	} {
		if a := s.Counted(t, 0, 0, query, map[string]any{"n": n}); a.Code() != "QUERY_TOO_COSTLY" {
			t.Errorf("%s of %d: %s", query, n, a.Body)
		}
	}
}

// TestConnectionErrors: one that fails leaves its siblings, and a value that may not be null takes its row along.
func TestConnectionErrors(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases, `
		create table tb_hole (id int primary key, n int);
		insert into tb_hole values (1, 1), (2, null), (3, 3);
		create view v_hole as select id, case when id > 0 then n end as n, case when id > 0 then id end as m from tb_hole;
		comment on view v_hole is '@fraiseql:type
name: Hole
key: [id]
not_null: [n]';`)
	a := s.Counted(t, 2, 1, `{ brokensConnection { totalCount nodes { n } } peopleConnection(first: 1) { nodes { name } totalCount } }`, nil)
	apptest.Expect(t, "the rows fail", string(a.Data), `{"brokensConnection": null, "peopleConnection": {"nodes": [{"name": "Ann"}], "totalCount": 4}}`)
	if len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "[brokensConnection]" {
		t.Errorf("got %s", a.Body)
	}
	a = s.Counted(t, 2, 1, `{ brokensConnection(where: {n: {eq: 1}}) { totalCount nodes { id } } people(limit: 1) { name } }`, nil)
	apptest.Expect(t, "the count fails", string(a.Data), `{"brokensConnection": null, "people": [{"name": "Ann"}]}`)
	a = s.Counted(t, 1, 1, `{ people(limit: 1) { name } holesConnection { edges { node { n } } totalCount } }`, nil)
	apptest.Expect(t, "null where it may not be", string(a.Data), `{"people": [{"name": "Ann"}], "holesConnection": null}`)
	if len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "[holesConnection edges 1 node n]" {
		t.Errorf("got %s", a.Body)
	}
	// A column that the catalog does not prove is compared with care for nulls, though it is declared to hold none.
	at := s.cursorsOf(t, `holesConnection(orderBy: [{n: ASC}])`)
	apptest.Expect(t, "a null that ought not to be", s.Query(t, `query($a: String) { holesConnection(orderBy: [{n: ASC}], after: $a) { nodes { id } } }`, map[string]any{"a": at[1]}),
		`{"holesConnection": {"nodes": [{"id": "2"}]}}`)
}

// TestConnectionUnderRowLevelSecurity: each tenant pages through its own rows, and counts them, whatever cursor it has.
func TestConnectionUnderRowLevelSecurity(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, tenants)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"grant usage on schema public to %s", "grant select on all tables in schema public to %s"}})
	s := serveOn(t, db, role.URL, tenantOptions())
	for _, root := range []string{"notes", "noteDocs", "noteTables"} {
		cursor := map[string]string{}
		for range 3 {
			for _, tenant := range []string{"even", "odd"} {
				var data struct{ Page leaf }
				args := "first: 7, orderBy: [{tenant: ASC}, {id: DESC}]"
				if from := cursor["even"]; from != "" { // the other's cursor is only a place in the order
					args += ", after: \"" + from + "\""
				}
				query := `{ page: ` + root + `Connection(` + args + `) { edges { cursor node { id tenant } } totalCount pageInfo { hasPreviousPage } } }`
				text := s.Query(t, query, nil, "X-Tenant", tenant)
				if err := json.Unmarshal([]byte(text), &data); err != nil {
					t.Fatal(err)
				}
				if strings.Count(text, `"tenant":"`+tenant+`"`) != 7 && tenant == "odd" || strings.Count(text, `"tenant"`) != strings.Count(text, `"tenant":"`+tenant+`"`) {
					t.Errorf("%s as %s: %s", root, tenant, text)
				}
				if data.Page.TotalCount != 20 || data.Page.PageInfo.HasPreviousPage != (tenant == "even" && cursor["even"] != "") {
					t.Errorf("%s as %s: %s", root, tenant, text)
				}
				if n := len(data.Page.Edges); tenant == "even" && n > 0 {
					cursor["even"] = data.Page.Edges[n-1].Cursor
				}
			}
		}
		if got := s.Query(t, `{ `+root+`Connection { totalCount nodes { id } } }`, nil); got != `{"`+root+`Connection":{"totalCount":0,"nodes":[]}}` {
			t.Errorf("nobody sees %s", got)
		}
	}
}

// TestConnectionInGo declares a connection in Go, with a Go field in its nodes, which gets its whole page at once.
func TestConnectionInGo(t *testing.T) {
	t.Parallel()
	var batches []int
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[author]("author"), fraiseql.Object[book]("book"),
			fraiseql.Field("shout", func(_ context.Context, books []book) ([]string, error) {
				batches = append(batches, len(books))
				all := make([]string, len(books))
				for i, b := range books {
					all[i] = strings.ToUpper(b.Title) + "!"
				}
				return all, nil
			}),
		},
		Queries: []fraiseql.Query{fraiseql.Connection[book]("books", fraiseql.QueryOptions{Description: "All books."})},
		Context: func(r *http.Request) (context.Context, error) { return r.Context(), nil },
		Session: func(context.Context) (auth.Settings, error) { return auth.Settings{}, nil },
	}, library)
	apptest.Expect(t, "Go fields in nodes", s.Query(t, `{ books(last: 2) { nodes { shout author { name } } edges { node { id shout } } totalCount pageInfo { hasPreviousPage } } none: books(first: 0) { nodes { shout } } }`, nil), `{
		"books": {"nodes": [{"shout": "BOOK 8!", "author": {"name": "Cid"}}, {"shout": "BOOK 9!", "author": {"name": "Ann"}}],
			"edges": [{"node": {"id": "8", "shout": "BOOK 8!"}}, {"node": {"id": "9", "shout": "BOOK 9!"}}], "totalCount": 9, "pageInfo": {"hasPreviousPage": true}},
		"none": {"nodes": []}}`)
	for _, n := range batches {
		if n != 2 {
			t.Errorf("the function was called with %v parents", batches)
		}
	}
	mustContain(t, "SDL", s.App.Schema(), "\"\"\"All books.\"\"\"\n  books(", "): bookConnection\n", "type bookEdge {", "type PageInfo {", "totalCount: Int!", "edges: [bookEdge!]!", "nodes: [book!]!")
	apptest.Expect(t, "introspection", string(s.Counted(t, 0, 0, `{ __type(name: "bookEdge") { kind fields { name type { kind ofType { name kind } } } } }`, nil).Data), `{"__type": {"kind": "OBJECT", "fields": [
		{"name": "cursor", "type": {"kind": "NON_NULL", "ofType": {"name": "String", "kind": "SCALAR"}}}, {"name": "node", "type": {"kind": "NON_NULL", "ofType": {"name": "book", "kind": "OBJECT"}}}]}}`)
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const gamma = `insert into tb_team values ('00000000-0000-0000-0000-00000000000c', 'Gamma')`

// TestBesideLists: figures, groups and pages of the rows that belong to a row, at any depth, in one trip.
func TestBesideLists(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases, gamma)
	byAge := s.cursorsOf(t, `peopleConnection(orderBy: [{age: DESC}])`) // null, 100, 10, 9
	for _, tc := range []struct {
		name, query string
		variables   any
		want        string
	}{
		{
			"figures beside the list", `{ teams { name members { age } membersAggregate { count countDistinct { mood } sum { age big } avg { age } min { name } max { age born } __typename } } }`, nil,
			`{"teams": [
				{"name": "Alpha", "members": [{"age": 9}, {"age": 10}], "membersAggregate": {"count": 2, "countDistinct": {"mood": 2}, "sum": {"age": "19", "big": "9223372036854775806"}, "avg": {"age": "9.5000000000000000"},
					"min": {"name": "50%_Bo"}, "max": {"age": 10, "born": "2026-01-31T12:45:00.5Z"}, "__typename": "PersonAggregate"}},
				{"name": "Beta", "members": [{"age": 100}], "membersAggregate": {"count": 1, "countDistinct": {"mood": 0}, "sum": {"age": "100", "big": null}, "avg": {"age": "100.0000000000000000"},
					"min": {"name": "Łu \"q\" \\ é"}, "max": {"age": 100, "born": "0044-03-15T00:00:00Z BC"}, "__typename": "PersonAggregate"}},
				{"name": "Gamma", "members": [], "membersAggregate": {"count": 0, "countDistinct": {"mood": 0}, "sum": {"age": null, "big": null}, "avg": {"age": null},
					"min": {"name": null}, "max": {"age": null, "born": null}, "__typename": "PersonAggregate"}}]}`,
		},
		{
			"every form of a value", `{ teams(limit: 1) { membersAggregate { max { born seen address exact ratio mood name } min { exact ratio } } } }`, nil,
			`{"teams": [{"membersAggregate": {"max": {"born": "2026-01-31T12:45:00.5Z", "seen": "P1DT2H", "address": "::1", "exact": "1234567890123456789012345678.0123456789", "ratio": 1e+20, "mood": "sad", "name": "Ann"},
				"min": {"exact": "0.0000000000", "ratio": 0.1}}}]}`,
		},
		{
			"under a filter, by variables, aliases and fragments",
			`query($w: PersonWhereInput, $no: Boolean!) { teams { old: membersAggregate(where: $w) { n: count ...F } membersAggregate(where: {age: {lt: 10}}) { count sum { age @include(if: $no) big @skip(if: $no) } } } } fragment F on PersonAggregate { m: max { age } ... on PersonAggregate { count } }`,
			map[string]any{"w": map[string]any{"age": map[string]any{"gte": 10}}, "no": false},
			`{"teams": [{"old": {"n": 1, "m": {"age": 10}, "count": 1}, "membersAggregate": {"count": 1, "sum": {"big": "9223372036854775807"}}},
				{"old": {"n": 1, "m": {"age": 100}, "count": 1}, "membersAggregate": {"count": 0, "sum": {"big": null}}},
				{"old": {"n": 0, "m": {"age": null}, "count": 0}, "membersAggregate": {"count": 0, "sum": {"big": null}}}]}`,
		},
		{
			"only type names", `{ teams(limit: 1) { membersAggregate { __typename sum { __typename } } membersGroups(by: [mood]) { __typename } membersConnection { __typename pageInfo { __typename } } } }`, nil,
			`{"teams": [{"membersAggregate": {"__typename": "PersonAggregate", "sum": {"__typename": "PersonSum"}}, "membersGroups": [{"__typename": "PersonGroup"}, {"__typename": "PersonGroup"}],
				"membersConnection": {"__typename": "PersonConnection", "pageInfo": {"__typename": "PageInfo"}}}]}`,
		},
		{
			"groups", `query($by: [PersonGroupField!]!) { teams { membersGroups(by: $by, having: {count: {gt: 0}}, orderBy: [{max: {age: DESC}}], limit: 1) { key { mood name } count max { age } } } }`,
			map[string]any{"by": []string{"mood"}},
			`{"teams": [{"membersGroups": [{"key": {"mood": "sad", "name": null}, "count": 1, "max": {"age": 10}}]}, {"membersGroups": [{"key": {"mood": null, "name": null}, "count": 1, "max": {"age": 100}}]}, {"membersGroups": []}]}`,
		},
		{
			"keys of every form", `{ teams(limit: 1) { membersGroups(by: [born, big, exact, ratio, secret, seen, address, id], limit: 1, orderBy: [{key: {id: ASC}}]) { key { id born big exact ratio secret seen address } } } }`, nil,
			`{"teams": [{"membersGroups": [{"key": {"id": "00000000-0000-0000-0000-000000000001", "born": "2026-01-31T12:45:00.5Z", "big": "9223372036854775807", "exact": "1234567890123456789012345678.0123456789", "ratio": 1e+20, "secret": "AP8=", "seen": "P1DT2H", "address": "::1"}}]}]}`,
		},
		{
			"pages", `{ teams { membersConnection(first: 1, orderBy: [{age: DESC}]) { edges { cursor node { name } } nodes { age } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`, nil,
			`{"teams": [
				{"membersConnection": {"edges": [{"cursor": "` + byAge[2] + `", "node": {"name": "50%_Bo"}}], "nodes": [{"age": 10}], "totalCount": 2, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "startCursor": "` + byAge[2] + `", "endCursor": "` + byAge[2] + `"}}},
				{"membersConnection": {"edges": [{"cursor": "` + byAge[1] + `", "node": {"name": "Łu \"q\" \\ é"}}], "nodes": [{"age": 100}], "totalCount": 1, "pageInfo": {"hasNextPage": false, "hasPreviousPage": false, "startCursor": "` + byAge[1] + `", "endCursor": "` + byAge[1] + `"}}},
				{"membersConnection": {"edges": [], "nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null}}}]}`,
		},
		{
			"a page behind a cursor, whose number and filter are variables",
			`query($n: Int, $after: String, $w: PersonWhereInput) { teams { membersConnection(first: $n, after: $after, orderBy: [{age: DESC}], where: $w) { nodes { age } totalCount pageInfo { hasNextPage hasPreviousPage } } } }`,
			map[string]any{"n": 1, "after": byAge[1], "w": map[string]any{"age": map[string]any{"isNull": false}}},
			`{"teams": [{"membersConnection": {"nodes": [{"age": 10}], "totalCount": 2, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false}}},
				{"membersConnection": {"nodes": [], "totalCount": 1, "pageInfo": {"hasNextPage": false, "hasPreviousPage": true}}},
				{"membersConnection": {"nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": false, "hasPreviousPage": false}}}]}`,
		},
		{
			"the last ones", `{ teams(limit: 1) { membersConnection(last: 1) { nodes { name } pageInfo { hasPreviousPage hasNextPage } } } }`, nil,
			`{"teams": [{"membersConnection": {"nodes": [{"name": "50%_Bo"}], "pageInfo": {"hasPreviousPage": true, "hasNextPage": false}}}]}`,
		},
		{
			"inside each other", `{ teamsConnection(first: 2) { totalCount edges { cursor node { name membersConnection(first: 1) { edges { node { name team { membersAggregate { count } membersConnection(last: 1) { nodes { name } pageInfo { hasPreviousPage } } } } } pageInfo { hasNextPage } } } } pageInfo { hasNextPage } } }`, nil,
			`{"teamsConnection": {"totalCount": 3, "edges": [
				{"cursor": "A0", "node": {"name": "Alpha", "membersConnection": {"edges": [{"node": {"name": "Ann", "team": {"membersAggregate": {"count": 2}, "membersConnection": {"nodes": [{"name": "50%_Bo"}], "pageInfo": {"hasPreviousPage": true}}}}}], "pageInfo": {"hasNextPage": true}}}},
				{"cursor": "B0", "node": {"name": "Beta", "membersConnection": {"edges": [{"node": {"name": "Łu \"q\" \\ é", "team": {"membersAggregate": {"count": 1}, "membersConnection": {"nodes": [{"name": "Łu \"q\" \\ é"}], "pageInfo": {"hasPreviousPage": false}}}}}], "pageInfo": {"hasNextPage": false}}}}],
				"pageInfo": {"hasNextPage": true}}}`,
		},
		{
			"below a row that is not there", `{ people(where: {team: {name: {isNull: false}}, age: {gt: 10}}) { team { membersAggregate { count } } } person(id: "00000000-0000-0000-0000-000000000004") { team { membersAggregate { count } } } }`, nil,
			`{"people": [{"team": {"membersAggregate": {"count": 1}}}], "person": {"team": null}}`,
		},
	} {
		teams := s.cursorsOf(t, `teamsConnection`)
		want := strings.NewReplacer(`"A0"`, `"`+teams[0]+`"`, `"B0"`, `"`+teams[1]+`"`).Replace(tc.want)
		apptest.Expect(t, tc.name, s.Query(t, tc.query, tc.variables), want)
	}
}

// TestOrderAndFilterByFigures: lists are filtered and ordered by what is known of the rows that belong to them.
func TestOrderAndFilterByFigures(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases, gamma)
	for order, want := range map[string]string{
		`[{members: {count: DESC}}]`:                                          "Alpha Beta Gamma",
		`[{members: {max: {age: ASC}}}]`:                                      "Alpha Beta Gamma",
		`[{members: {max: {age: DESC}}}]`:                                     "Gamma Beta Alpha",
		`[{members: {max: {age: DESC_NULLS_LAST}}}]`:                          "Beta Alpha Gamma",
		`[{members: {sum: {big: ASC_NULLS_FIRST}}}]`:                          "Beta Gamma Alpha",
		`[{members: {countDistinct: {mood: DESC}}}]`:                          "Alpha Beta Gamma",
		`[{members: {avg: {age: DESC_NULLS_LAST}}}, {members: {count: ASC}}]`: "Beta Alpha Gamma",
	} {
		var data struct {
			Teams []struct{ Name string }
			Pages struct{ Nodes []struct{ Name string } }
		}
		query := `{ teams(orderBy: ` + order + `) { name } pages: teamsConnection(orderBy: ` + order + `) { nodes { name } } }`
		if err := json.Unmarshal([]byte(s.Query(t, query, nil)), &data); err != nil {
			t.Fatal(err)
		}
		names := func(rows []struct{ Name string }) string {
			all := []string{}
			for _, r := range rows {
				all = append(all, r.Name)
			}
			return strings.Join(all, " ")
		}
		if got := names(data.Teams); got != want || names(data.Pages.Nodes) != want {
			t.Errorf("%s: %s, in pages %s, want %s", order, got, names(data.Pages.Nodes), want)
		}
	}
	for where, want := range map[string]string{
		`{members: {count: {gt: 1}}}`:                                                         "Alpha",
		`{members: {count: {eq: 0}}}`:                                                         "Gamma",
		`{members: {max: {age: {gte: 10}}}}`:                                                  "Alpha Beta",
		`{NOT: {members: {max: {age: {gte: 100}}}}}`:                                          "Alpha",
		`{members: {max: {age: {isNull: true}}}}`:                                             "Gamma",
		`{members: {where: {age: {gte: 10}}, count: {eq: 1}, max: {age: {lt: 50}}}}`:          "Alpha",
		`{members: {where: {mood: {eq: sad}}, some: {}, every: {age: {eq: 10}}}}`:             "Alpha",
		`{members: {where: {age: {lt: 0}}, every: {age: {eq: 1}}, none: {}, count: {eq: 0}}}`: "Alpha Beta Gamma",
		`{members: {where: {age: {gt: 9}}}}`:                                                  "Alpha Beta Gamma",
		`{members: {some: {team: {members: {count: {gt: 1}}}}}}`:                              "Alpha",
		`{OR: [{members: {count: {eq: 0}}}, {members: {sum: {age: {eq: "100"}}}}]}`:           "Beta Gamma",
		`{members: {countDistinct: {mood: {in: [1, 2]}}, min: {name: {startsWith: "50"}}}}`:   "Alpha",
		`{members: {count: {}}}`:                                                              "Alpha Beta Gamma",
	} {
		got := s.Query(t, `{ teams(where: `+where+`) { name } }`, nil)
		wanted := `{"teams":[`
		for i, name := range strings.Fields(want) {
			wanted += strings.Repeat(",", min(i, 1)) + `{"name":"` + name + `"}`
		}
		if got != wanted+"]}" {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
	}
	apptest.Expect(t, "by variables", s.Query(t, `query($w: TeamWhereInput, $o: [TeamOrderByInput!]) { teams(where: $w, orderBy: $o) { name } }`, map[string]any{
		"w": map[string]any{"members": map[string]any{"where": map[string]any{"age": map[string]any{"lt": 50}}, "count": map[string]any{"lt": 2}}},
		"o": []any{map[string]any{"members": map[string]any{"max": map[string]any{"age": "DESC_NULLS_LAST"}}}},
	}), `{"teams": [{"name": "Beta"}, {"name": "Gamma"}]}`)
}

// TestBesideListsCostNothingUnasked looks at the statements and at PostgreSQL's plan: nothing is computed that nobody selects.
func TestBesideListsCostNothingUnasked(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases, gamma)
	conn := s.DB.Conn(t)
	statement := func(query string) string {
		s.Query(t, query, nil)
		statements := slices.DeleteFunc(slices.Clone(s.Link.Statements()), func(sql string) bool { return !strings.Contains(sql, "v_team") })
		if len(statements) != 1 {
			t.Fatalf("%s: %d statements: %s", query, len(statements), statements)
		}
		return statements[0]
	}
	plan := func(sql string) string {
		rows, err := conn.Query(t.Context(), "explain (verbose) "+sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		defer rows.Close()
		text := ""
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			text += line + "\n"
		}
		return text
	}
	for _, tc := range []struct {
		query       string
		holds, lack []string
	}{
		{`{ teams { name } }`, nil, []string{"tb_person", "Aggregate", "SubPlan"}},
		{`query($no: Boolean = false) { teams { id membersAggregate @include(if: $no) { count } membersGroups(by: [mood]) @include(if: $no) { count } membersConnection @include(if: $no) { totalCount } } }`, nil, []string{"tb_person", "Aggregate", "SubPlan"}},
		{`{ teams { name id membersAggregate { count } } }`, []string{"tb_person", "count(*)"}, []string{"sum(", "max(", "json_agg"}},
		{`{ teams { name id membersAggregate { sum { age } } } }`, []string{"sum("}, []string{"count(", "max("}},
		{`{ teams { membersConnection(first: 2) { nodes { name } } } }`, []string{"json_agg"}, []string{"count(", "exists", "limit 3"}},
		{`{ teams { membersConnection { totalCount } } }`, []string{"count(*)"}, []string{"json_agg", "Sort"}},
	} {
		sql := statement(tc.query)
		text := sql + "\n" + plan(sql)
		mustContain(t, tc.query, text, tc.holds...)
		for _, part := range tc.lack {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q is in %s", tc.query, part, text)
			}
		}
	}
}

func TestBesideListsRefuse(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxPage: 3, MaxCost: 400}, cases)
	plain := s.cursorsOf(t, `peopleConnection(first: 1)`)[0]
	for query, tc := range map[string]struct{ code, message string }{
		`{ teams { membersConnection(first: 4) { totalCount } } }`:                                                       {"BAD_USER_INPUT", `membersConnection: the argument "first" is 4: the maximum is 3`},
		`{ teams { membersConnection(first: 1, last: 1) { totalCount } } }`:                                              {"BAD_USER_INPUT", "membersConnection: first and last are both given"},
		`{ teams { membersConnection(after: "x") { totalCount } } }`:                                                     {"BAD_USER_INPUT", `membersConnection: the argument "after": it is not a cursor`},
		`{ teams { membersConnection(before: "` + plain + `", orderBy: [{age: ASC}]) { totalCount } } }`:                 {"BAD_USER_INPUT", "belongs to another type or order"},
		`{ teams { membersGroups(by: []) { count } } }`:                                                                  {"BAD_USER_INPUT", `membersGroups: the argument "by" is empty`},
		`{ teams { membersGroups(by: [mood], orderBy: [{key: {name: ASC}}]) { count } } }`:                               {"BAD_USER_INPUT", `the groups have no key "name"`},
		`{ teams { membersGroups(by: [mood], limit: -1) { count } } }`:                                                   {"BAD_USER_INPUT", "must not be negative"},
		`{ teams { membersGroups(by: [mood], limit: 4) { count } } }`:                                                    {"BAD_USER_INPUT", "the maximum is 3"},
		`{ teams { membersGroups { count } } }`:                                                                          {"GRAPHQL_VALIDATION_FAILED", `"by"`},
		`{ teams(where: {members: {count: null}}) { id } }`:                                                              {"BAD_USER_INPUT", `members: the condition "count" is null`},
		`{ teams(where: {members: {max: {age: {gt: null}}}}) { id } }`:                                                   {"BAD_USER_INPUT", "isNull"},
		`{ teams(where: {members: {sum: {name: {eq: 1}}}}) { id } }`:                                                     {"GRAPHQL_VALIDATION_FAILED", `"name"`},
		`{ teams { members { team { members { team { membersConnection { nodes { id name age } totalCount } } } } } } }`: {"QUERY_TOO_COSTLY", "ask for fewer rows"},
	} {
		a := s.Counted(t, 0, 0, query, nil)
		if a.Code() != tc.code || len(a.Data) > 0 {
			t.Errorf("%s: %s", query, a.Body)
			continue
		}
		mustContain(t, query, a.Errors[0].Message, tc.message)
		if len(a.Errors[0].Path) > 0 {
			t.Errorf("%s: path %v, and there is one for each parent", query, a.Errors[0].Path)
		}
	}
	// A figure that is no number is an error where it stands, and takes nothing else along.
	a := s.Counted(t, 1, 1, `{ teams(limit: 1) { membersAggregate { count max { ratio } } } }`, nil)
	apptest.Expect(t, "figures", string(a.Data), `{"teams": [{"membersAggregate": {"count": 2, "max": {"ratio": 1e+20}}}]}`)
	if _, err := s.DB.Conn(t).Exec(t.Context(), `update tb_person set ratio = 'NaN' where name = 'Ann'`); err != nil {
		t.Fatal(err)
	}
	a = s.Counted(t, 1, 1, `{ teams(limit: 1) { membersAggregate { count max { ratio age } } } }`, nil)
	apptest.Expect(t, "a figure that is no number", string(a.Data), `{"teams": [{"membersAggregate": {"count": 2, "max": {"ratio": null, "age": 10}}}]}`)
	if len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "[teams 0 membersAggregate max ratio]" {
		t.Errorf("got %s", a.Body)
	}
}

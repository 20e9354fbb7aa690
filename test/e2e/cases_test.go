package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// The cases of this file are those that any build must get right, each by its name. The others of them stand beside what they
// are about: ages, wildcards and addresses in filter_cases_test.go, tenants in session_test.go, walks in walk_test.go, and the
// exact values of every scalar in wire_form_test.go.

// One row stays a list of one, no row is an empty list, and an unknown key is null, whatever is read.
func TestOneRowIsAListNoneIsEmptyUnknownIsNull(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	const nobody = "00000000-0000-0000-0000-0000000000ff"
	for _, source := range [][2]string{{"people", "person"}, {"cards", "card"}, {"profiles", "profile"}} {
		apptest.Expect(t, source[0], s.Query(t, fmt.Sprintf(`{ one: %s(limit: 1) { name } none: %s(where: {age: {gt: 1000}}) { name } unknown: %s(id: "%s") { name } }`,
			source[0], source[0], source[1], nobody), nil), `{"one":[{"name":"Ann"}],"none":[],"unknown":null}`)
	}
	apptest.Expect(t, "nested", s.Query(t, `{ teams { members(where: {age: {lt: 10}}) { name } } }`, nil), `{"teams":[{"members":[{"name":"Ann"}]},{"members":[]}]}`)
	apptest.Expect(t, "pages", s.Query(t, `{ one: peopleConnection(first: 1) { nodes { name } } none: peopleConnection(where: {age: {gt: 1000}}) { nodes { name } totalCount } }`, nil),
		`{"one":{"nodes":[{"name":"Ann"}]},"none":{"nodes":[],"totalCount":0}}`)
	apptest.Expect(t, "groups", s.Query(t, `{ one: peopleGroups(by: [age], limit: 1) { count } none: peopleGroups(by: [age], where: {age: {gt: 1000}}) { count } }`, nil), `{"one":[{"count":1}],"none":[]}`)
	apptest.Expect(t, "a view without rows", s.Query(t, `{ nobodies { name } nobody(id: "`+nobody+`") { name } }`, nil), `{"nobodies":[],"nobody":null}`)
}

func TestAliasesOfRootFieldsAndTypename(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	apptest.Expect(t, "aliases", s.Query(t, `{a: people(limit:1){id} b: people(limit:1, offset:1){name} __typename}`, nil),
		`{"a":[{"id":"00000000-0000-0000-0000-000000000001"}],"b":[{"name":"50%_Bo"}],"__typename":"Query"}`)
}

func TestTwoAliasesOfOneField(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	for _, source := range []string{"people", "cards", "profiles"} {
		apptest.Expect(t, source, s.Query(t, `{r: `+source+`(limit: 1){x:name y:name}}`, nil), `{"r":[{"x":"Ann","y":"Ann"}]}`)
	}
	apptest.Expect(t, "nested", s.Query(t, `{teams(limit: 1){x:members(limit: 1){a:name b:name} y:members(limit: 1, offset: 1){age}}}`, nil), `{"teams":[{"x":[{"a":"Ann","b":"Ann"}],"y":[{"age":10}]}]}`)
}

// One root field fails, and its siblings keep their data.
func TestSiblingsOfAFailedRootKeepTheirData(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	// The batch breaks at the root that fails; what stands behind it is sent again: two trips.
	a := s.Counted(t, 2, 1, `{ a: people(limit: 1) { name } brokens { n } b: people(limit: 1) { age } __typename }`, nil)
	apptest.Expect(t, "data", string(a.Data), `{"a":[{"name":"Ann"}],"brokens":null,"b":[{"age":9}],"__typename":"Query"}`)
	if a.Status != 200 || len(a.Errors) != 1 || a.Code() != "DATABASE_ERROR" || fmt.Sprint(a.Errors[0].Path) != "[brokens]" {
		t.Errorf("status %d, errors %+v", a.Status, a.Errors)
	}
	// Several that fail, the last one too.
	a = s.Send(t, `{ x: brokens { n } y: people(limit: 1) { age } z: brokens { n } }`, nil)
	apptest.Expect(t, "data", string(a.Data), `{"x":null,"y":[{"age":9}],"z":null}`)
	if len(a.Errors) != 2 {
		t.Errorf("errors %+v", a.Errors)
	}
	s.Query(t, `{ people(limit: 1) { age } }`, nil) // the connection is whole
}

// The same filter gives the same rows through a key column and through a document.
func TestKeyColumnAndDocumentAgree(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	const ann, bo = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	for where, want := range map[string]string{
		`{id: {eq: "` + bo + `"}}`:                          `[{"name":"50%_Bo"}]`,
		`{id: {in: ["` + bo + `", "` + ann + `"]}}`:         `[{"name":"Ann"},{"name":"50%_Bo"}]`,
		`{id: {nin: ["` + bo + `"]}, age: {isNull: false}}`: `[{"name":"Ann"},{"name":"Łu \"q\" \\ é"}]`,
		`{id: {neq: "` + ann + `"}, age: {lt: 100}}`:        `[{"name":"50%_Bo"}]`,
		`{id: {isNull: true}}`:                              `[]`,
	} {
		apptest.Expect(t, where, s.Query(t, strings.ReplaceAll(`{ a: people(where: %) { name } b: cards(where: %) { name } c: profiles(where: %) { name } }`, "%", where), nil),
			`{"a":`+want+`,"b":`+want+`,"c":`+want+`}`)
	}
}

// numeric(38,10), 2⁶³−1 and an instant with a zone keep every digit, as answers and as what filters compare.
func TestExactNumbersAndInstants(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	const row = `{"exact":"1234567890123456789012345678.0123456789","big":"9223372036854775807","born":"2026-01-31T12:45:00.5Z"}`
	for _, source := range []string{"people", "cards"} {
		query := `query($e: Decimal, $b: BigInt, $t: DateTime) { rows: ` + source + `(where: {exact: {eq: $e}, big: {eq: $b}, born: {eq: $t}}) { exact big born } }`
		for instant, found := range map[string]bool{"2026-01-31T13:45:00.5+01:00": true, "2026-01-31T12:45:00.5Z": true, "2026-01-31T12:45:00.500001Z": false} {
			want := `{"rows":[]}`
			if found {
				want = `{"rows":[` + row + `]}`
			}
			apptest.Expect(t, source, s.Query(t, query, map[string]any{"e": "1234567890123456789012345678.0123456789", "b": "9223372036854775807", "t": instant}), want)
		}
		for _, near := range []map[string]any{
			{"e": "1234567890123456789012345678.0123456788", "b": "9223372036854775807"},
			{"e": "1234567890123456789012345678.0123456789", "b": "9223372036854775806"},
		} {
			near["t"] = "2026-01-31T12:45:00.5Z"
			apptest.Expect(t, source, s.Query(t, query, near), `{"rows":[]}`)
		}
	}
}

// A selection of 51 fields and more is past what a function of SQL takes as arguments, and an alias of 70 bytes past its names.
func TestSelectionOf51FieldsAndAliasOf70Bytes(t *testing.T) {
	t.Parallel()
	var columns, pairs, fields, types []string
	for i := range 120 {
		columns = append(columns, fmt.Sprintf("%d as c_%d", i, i))
		pairs = append(pairs, fmt.Sprintf(`"c%d": %d`, i, i))
		types = append(types, fmt.Sprintf("c%d: Int", i))
		fields = append(fields, fmt.Sprintf("c%d", i))
	}
	s := serve(t, fraiseql.Options{}, `create view v_wide as select 1 as id, 1 as group_id, `+strings.Join(columns, ", ")+`;
comment on view v_wide is '@fraiseql:type
name: Wide
relations: {same: {to: Wide, by: {id: group_id}, many: true}}';
create table tv_wide (id int primary key, data jsonb not null);
insert into tv_wide values (1, '{`+strings.Join(pairs, ", ")+`}');
comment on table tv_wide is '@fraiseql:type
name: WideDoc
document: data
fields: {`+strings.Join(types, ", ")+`}';`)
	long := strings.Repeat("a", 70)
	for _, n := range []int{51, 120} {
		some, last := strings.Join(fields[:n], " "), fmt.Sprintf(`"c%d":%d`, n-1, n-1)
		got := s.Query(t, `{ wides { `+some+` same { `+long+`: c1 `+long+`b: c2 `+some+` } } wideDocs { `+long+`: c1 `+long+`b: c2 `+some+` } }`, nil)
		if strings.Count(got, last) != 3 || strings.Count(got, `"`+long+`":1`) != 2 || strings.Count(got, `"`+long+`b":2`) != 2 {
			t.Errorf("%d fields: got %s", n, got)
		}
	}
	mustContain(t, "an alias of a root", s.Query(t, `{ `+long+`: wides { id } `+long+`b: wides { c1 } }`, nil), `"`+long+`":[{"id":"1"}]`, `"`+long+`b":[{"c1":1}]`)
}

// A variable of a wrong type is an error, and the database hears nothing of it.
func TestWrongVariableTypeSendsNoSQL(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	type vars = map[string]any
	for name, c := range map[string]struct {
		query     string
		variables vars
		message   string
	}{
		"Int too large":    {`query($n: Int) { people(limit: $n) { name } }`, vars{"n": 3000000000}, "3000000000"},
		"Int as text":      {`query($n: Int) { people(limit: $n) { name } }`, vars{"n": "1"}, `"1"`},
		"Int with a point": {`query($n: Int) { people(where: {age: {gt: $n}}) { name } }`, vars{"n": 1.5}, "1.5"},
		"text as a number": {`query($n: String) { people(where: {name: {eq: $n}}) { name } }`, vars{"n": 5}, "send a string"},
		"null for NonNull": {`query($n: ID!) { person(id: $n) { name } }`, vars{"n": nil}, "ID!"},
		"not sent":         {`query($n: ID!) { person(id: $n) { name } }`, nil, "$n"},
		"not a UUID":       {`query($n: ID!) { person(id: $n) { name } }`, vars{"n": "7"}, "UUID"},
		"no enum value":    {`query($m: Mood) { people(where: {mood: {eq: $m}}) { name } }`, vars{"m": "angry"}, "angry"},
		"an item":          {`query($n: [Int!]) { people(where: {age: {in: $n}}) { name } }`, vars{"n": []any{1, "2"}}, `"$n[1]"`},
		"a field":          {`query($w: PersonWhereInput) { people(where: $w) { name } }`, vars{"w": vars{"age": vars{"gt": "x"}}}, `"$w.age.gt": `},
		"of two, one":      {`query($n: Int) { people(limit: 1) { name } teams { members(limit: $n) { name } } }`, vars{"n": "x"}, "$n"},
	} {
		a := s.Counted(t, 0, 0, c.query, c.variables)
		if a.Status != 400 || a.Data != nil || a.Code() != "BAD_USER_INPUT" || len(s.Link.Statements()) > 0 {
			t.Errorf("%s: status %d: %s, and SQL %q", name, a.Status, a.Body, s.Link.Statements())
			continue
		}
		mustContain(t, name, a.Errors[0].Message, c.message)
	}
}

// The types of a view come from the catalog, never from rows: those of an empty database equal those of a full one.
func TestTypesOfAnEmptyViewEqualThoseOfAFullOne(t *testing.T) {
	t.Parallel()
	full := serve(t, fraiseql.Options{Expose: []string{"v_*", "tv_*"}}, cases)
	empty := serve(t, fraiseql.Options{Expose: []string{"v_*", "tv_*"}}, cases, "truncate tb_person, tb_team, tv_card")
	if full.App.Schema() == "" || full.App.Schema() != empty.App.Schema() {
		t.Errorf("got\n%s\nwant\n%s", empty.App.Schema(), full.App.Schema())
	}
	apptest.Expect(t, "no rows", empty.Query(t, `{ people { id } cards { id } profiles { id } }`, nil), `{"people":[],"cards":[],"profiles":[]}`)
	// The schema is read before there is a row, and serves the rows that come.
	db := pgtest.New(t, `create table tv_late (id int primary key, data jsonb not null);
comment on table tv_late is '@fraiseql:type
name: Late
fields: {name: String, items: [{n: Int!}]}';`)
	late := serveOn(t, db, "", fraiseql.Options{})
	db.Exec(t, `insert into tv_late values (1, '{"name": "x", "items": [{"n": 1}], "other": true}')`)
	apptest.Expect(t, "later", late.Query(t, `{ lates { id name items { n } } }`, nil), `{"lates":[{"id":"1","name":"x","items":[{"n":1}]}]}`)
}

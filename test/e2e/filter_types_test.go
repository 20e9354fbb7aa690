package e2e_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const rangesSQL = `
create table tb_stay (id int primary key, days daterange, wholes int4range, bigs int8range, exacts numrange, moments tsrange, instants tstzrange, many daterange[], parent_id int);
insert into tb_stay values
	(1, '[2026-01-01,2026-01-31]', '(1,5]', '[9223372036854775806,9223372036854775807)', '[1.50,2.5]', '[2026-01-01 10:00,2026-01-01 12:30:00.5)', '["2026-01-01 10:00+02",)', '{"[2026-01-01,2026-01-02)",empty,NULL}', null),
	(2, 'empty', 'empty', '(,)', 'empty', '(,2026-01-01 00:00]', '(,)', '{}', 1),
	(3, null, null, null, null, null, null, null, 1);
create view v_stay as select * from tb_stay;
comment on view v_stay is '@fraiseql:type
name: Stay
relations:
  parent: {to: Stay, by: {parent_id: id}}';
create table tv_stay (id int primary key, data jsonb not null);
insert into tv_stay select id, to_jsonb(s) from tb_stay s;
update tv_stay set data = data || '{"instants": "[\"2026-01-01 10:00:00+02\",)"}' where id = 1;
insert into tv_stay values (4, '{"days": {"lower": "2026-01-01"}, "wholes": "[1,2", "in": {"days": "[2026-01-01,2026-01-02]"}}');
comment on table tv_stay is '@fraiseql:type
name: Kept
queries: {one: keptOne, list: kept}
fields: {days: DateRange, wholes: IntRange, bigs: BigIntRange, exacts: DecimalRange, moments: LocalDateTimeRange, instants: DateTimeRange, many: "[DateRange]", in: {days: DateRange!}}';`

// A range is an object, wherever it comes from.
func TestRangesAsOutput(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, rangesSQL)
	const fields = `days { lower upper includesLower includesUpper isEmpty __typename } wholes { upper low: lower } bigs { lower upper } exacts { lower upper includesUpper } moments { lower upper } instants { lower upper } many { lower isEmpty }`
	const first = `"days":{"lower":"2026-01-01","upper":"2026-02-01","includesLower":true,"includesUpper":false,"isEmpty":false,"__typename":"DateRange"},
		"wholes":{"upper":6,"low":2},"bigs":{"lower":"9223372036854775806","upper":"9223372036854775807"},"exacts":{"lower":"1.50","upper":"2.5","includesUpper":true},
		"moments":{"lower":"2026-01-01T10:00:00","upper":"2026-01-01T12:30:00.5"},"instants":{"lower":"2026-01-01T08:00:00Z","upper":null},
		"many":[{"lower":"2026-01-01","isEmpty":false},{"lower":null,"isEmpty":true},null]`
	const second = `"days":{"lower":null,"upper":null,"includesLower":false,"includesUpper":false,"isEmpty":true,"__typename":"DateRange"},
		"wholes":{"upper":null,"low":null},"bigs":{"lower":null,"upper":null},"exacts":{"lower":null,"upper":null,"includesUpper":false},
		"moments":{"lower":null,"upper":"2026-01-01T00:00:00"},"instants":{"lower":null,"upper":null},"many":[]`
	const third = `"days":null,"wholes":null,"bigs":null,"exacts":null,"moments":null,"instants":null,"many":null`
	apptest.Expect(t, "columns", s.Query(t, `{ stays { `+fields+` } }`, nil), `{"stays":[{`+first+`},{`+second+`},{`+third+`}]}`)
	apptest.Expect(t, "below a relation", s.Query(t, `{ stay(id: 2) { parent { `+fields+` } } }`, nil), `{"stay":{"parent":{`+first+`}}}`)
	apptest.Expect(t, "documents", s.Query(t, `{ kept(limit: 3) { `+fields+` } }`, nil), `{"kept":[{`+first+`},{`+second+`},{`+third+`}]}`)

	a := s.Counted(t, 1, 1, `{ kept(where: {id: {eq: 4}}) { in { days { upper includesUpper } } days { lower } wholes { lower } } }`, nil)
	if string(a.Data) != `{"kept":[{"in":{"days":{"upper":"2026-01-02","includesUpper":true}},"days":null,"wholes":null}]}` || len(a.Errors) != 2 {
		t.Errorf("got %s", a.Body)
	}
	mustContain(t, "a document with something else", string(a.Body), "the data holds no text of a range", "the data is not a range as PostgreSQL writes it")
	for where, want := range map[string]string{
		`{days: {contains: "2026-01-31"}}`: "1", `{days: {eq: {lower: "2026-01-01", upper: "2026-01-31", includesUpper: true}}}`: "1",
		`{days: {eq: {lower: "2026-05-05", upper: "2026-05-05"}}}`: "2", `{instants: {contains: "2027-01-01T00:00:00+05:00"}}`: "1,2", `{days: {isNull: true}}`: "3",
		`{many: {contains: [{lower: "2026-01-01", upper: "2026-01-01", includesUpper: true}]}}`: "1",
	} {
		if got := s.ids(t, "stays", "(where: "+where+")", nil); got != want {
			t.Errorf("%s: got %s, want %s", where, got, want)
		}
	}
}

const treeSQL = `
create schema ext;
create extension ltree schema ext;
create extension citext schema ext;
create table tb_place (id uuid primary key, name ext.citext, path ext.ltree not null);
insert into tb_place values ('00000000-0000-0000-0000-000000000001', 'Site', 'site'), ('00000000-0000-0000-0000-000000000002', 'House', 'site.house'),
	('00000000-0000-0000-0000-000000000003', 'Floor', 'site.house.floor'), ('00000000-0000-0000-0000-000000000004', 'Yard', 'site.yard');
create view v_place as select id, name, path from tb_place;
comment on view v_place is '@fraiseql:type
name: Place
expose_fields: [id, name]';
create table tb_desk (id int primary key, place_id uuid references tb_place);
insert into tb_desk values (1, '00000000-0000-0000-0000-000000000003'), (2, '00000000-0000-0000-0000-000000000004'), (3, null);
comment on table tb_desk is '@fraiseql:type
name: Desk
relations: {place: {to: Place, by: {place_id: id}}}';
create table tv_desk (id int primary key, data jsonb);
insert into tv_desk values (1, '{"path": "site.house.floor"}'), (2, '{"path": "site"}');
comment on table tv_desk is '@fraiseql:type
name: Card
fields: {path: LTreePath}';`

// The identifier of a row that has a path finds what lies below it or above it, also through
// a column that refers to it. The extensions are in a schema that no search path names.
func TestPlacesInATree(t *testing.T) {
	t.Parallel()
	needs(t, "select count(*) = 2 from pg_available_extensions where name in ('ltree', 'citext')")
	s := serve(t, fraiseql.Options{}, treeSQL)
	const id = "00000000-0000-0000-0000-00000000000"
	for query, want := range map[string]string{
		`places(where: {id: {descendantOfId: "` + id + `2"}}) { name }`:                                                         `[{"name":"House"},{"name":"Floor"}]`,
		`places(where: {id: {ancestorOfId: "` + id + `3"}}) { name }`:                                                           `[{"name":"Site"},{"name":"House"},{"name":"Floor"}]`,
		`places(where: {id: {descendantOfId: "` + id + `9"}}) { name }`:                                                         `[]`,
		`desks(where: {placeId: {descendantOfId: "` + id + `2"}}) { id }`:                                                       `[{"id":"1"}]`,
		`desks(where: {placeId: {descendantOfId: "` + id + `1"}}) { id }`:                                                       `[{"id":"1"},{"id":"2"}]`,
		`desks(where: {NOT: {placeId: {descendantOfId: "` + id + `2"}}}) { id }`:                                                `[{"id":"2"}]`,
		`desks(where: {placeId: {ancestorOfId: "` + id + `4"}}) { id }`:                                                         `[{"id":"2"}]`,
		`desks(where: {place: {id: {descendantOfId: "` + id + `2"}}}) { id }`:                                                   `[{"id":"1"}]`,
		`cards(where: {path: {descendantOf: "site.house", nlevelGte: 3}}) { id }`:                                               `[{"id":"1"}]`,
		`cards(where: {path: {eq: "site", neq: "x", in: ["site"], matchesAnyLquery: ["*"]}}) { id }`:                            `[{"id":"2"}]`,
		`places(where: {name: {eq: "HOUSE", neq: "yard", in: ["house"], like: "h%", contains: "OUS", matches: "^h"}}) { name }`: `[{"name":"House"}]`,
		`places(where: {name: {nin: ["SITE", "house"], notMatches: "^y"}}) { name }`:                                            `[{"name":"Floor"}]`,
	} {
		apptest.Expect(t, query, s.Query(t, "{ x: "+query+" }", nil), `{"x":`+want+`}`)
	}
	a := s.Counted(t, 0, 0, `{ desks(where: {id: {descendantOfId: "1"}}) { id } }`, nil)
	if a.Code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a key without a path: got %s", a.Body)
	}
}

// Without the extension there are no operators on paths, and the operator of the server is told so.
func TestPathsWithoutTheExtension(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := serve(t, fraiseql.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, `
create table tv_desk (id int primary key, data jsonb);
insert into tv_desk values (1, '{"path": "site.house"}');
comment on table tv_desk is '@fraiseql:type
name: Desk
fields: {path: LTreePath}';`)
	mustContain(t, "the log", log.String(), "the extension ltree is not installed", "CREATE EXTENSION ltree")
	apptest.Expect(t, "equality stays", s.Query(t, `{ desks(where: {path: {eq: "site.house"}}) { path } }`, nil), `{"desks":[{"path":"site.house"}]}`)
	if a := s.Counted(t, 0, 0, `{ desks(where: {path: {descendantOf: "site"}}) { id } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" || strings.Contains(s.App.Schema(), "matchesLquery") {
		t.Errorf("got %s", a.Body)
	}
}

func TestFullTextIsOnlyAFilter(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
create table tb_page (id int primary key, title text, words tsvector generated always as (to_tsvector('english', title)) stored);
insert into tb_page values (1, 'The cat sat'), (2, 'Dogs and cats'), (3, null);
comment on table tb_page is '@fraiseql:type
name: Page
filters: [words]';`)
	s := serveOn(t, db, db.URL+"&default_text_search_config=english", fraiseql.Options{})
	for where, want := range map[string]string{`plainQuery: "cats"`: "1,2", `websearchQuery: "cat -dog"`: "1", `phraseQuery: "cat sat"`: "1", `matches: "dog:* | sat"`: "1,2", `isNull: true`: "3"} {
		if got := s.ids(t, "pages", "(where: {words: {"+where+"}})", nil); got != want {
			t.Errorf("%s: got %s, want %s", where, got, want)
		}
	}
	if a := s.Counted(t, 0, 0, `{ pages { words } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("got %s", a.Body)
	}
	if a := s.Counted(t, 0, 0, `{ pages(orderBy: {words: ASC}) { id } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("got %s", a.Body)
	}
	if sdl := s.App.Schema(); strings.Contains(sdl, "scalar FullText") || !strings.Contains(sdl, "words: FullTextFilter") || strings.Contains(sdl, "title: StringFilter") {
		t.Error(sdl)
	}
}

// The spellings of the Python version are taken only when asked for, and never shown.
func TestCompatibleOperators(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, peopleSQL)
	plain, both := serveOn(t, db, "", fraiseql.Options{}), serveOn(t, db, "", fraiseql.Options{CompatibleOperators: true})
	if plain.App.Schema() != both.App.Schema() {
		t.Error("the schema shows the other spellings")
	}
	const introspect = `{ __type(name: "StringFilter") { inputFields { name } } }`
	if a, b := plain.query0(t, introspect), both.query0(t, introspect); a != b {
		t.Errorf("introspection: got %s, want %s", b, a)
	}
	for where, want := range map[string]string{
		`{name: {startswith: "50"}}`: "2,4", `{name: {isnull: true}}`: "5", `{name: {notin: ["Ann"]}}`: "2,3,4", `{name: {not_in: ["Ann"]}}`: "2,3,4", `{name: {not_matches: "^5"}}`: "1,3", `{name: {ne: "Ann"}}`: "2,3,4",
		`{name: {istartswith: "ANN", icontains: "n"}}`: "1", `{name: {endswith: "_", isNull: false}}`: "2", `{tags: {len_eq: 1}}`: "4,5", `{tags: {array_contains: ["a"]}}`: "1,5", `{tags: {any_eq: "b"}}`: "1,4",
		`{ip: {isloopback: true}}`: "1,5", `{ip: {in_subnet: "10.0.0.0/8"}}`: "2", `{ip: {isipv4: true}}`: "2,5", `{age: {isnull: true}}`: "4",
	} {
		if got := both.ids(t, "natives", "(where: "+where+")", nil); got != want {
			t.Errorf("%s: got %s, want %s", where, got, want)
		}
		if a := plain.Counted(t, 0, 0, `{ natives(where: `+where+`) { id } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s without the option: got %s", where, a.Body)
		}
	}
	variables := map[string]any{"f": map[string]any{"startswith": "50", "isnull": false}}
	if got := both.ids(t, "natives", `($f: StringFilter) |(where: {name: $f})`, variables); got != "2,4" {
		t.Errorf("by a variable: got %s", got)
	}
	if a := plain.Counted(t, 0, 0, `query($f: StringFilter) { natives(where: {name: $f}) { id } }`, variables); a.Code() != "BAD_USER_INPUT" {
		t.Errorf("by a variable without the option: got %s", a.Body)
	}
	if a := both.Counted(t, 0, 0, `{ natives(where: {name: {startswit: "50"}}) { id } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" || strings.Contains(string(a.Body), `"startswith"`) {
		t.Errorf("got %s", a.Body)
	}
}

// query0 asks what needs no connection.
func (s *site) query0(t testing.TB, query string) string {
	t.Helper()
	return string(s.Counted(t, 0, 0, query, nil).Data)
}

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

// peopleSQL has the same people in columns, in stored documents and in documents that a view makes.
const peopleSQL = `
create table tb_human (id int primary key, name text, age int, ip inet, tags text[]);
insert into tb_human values
	(1, 'Ann', 9, '::1', '{a,b}'), (2, '50%_', 10, '10.0.0.1', '{}'), (3, 'x50%_y', 100, null, null), (4, '50 and more', null, '0:0:0:0:0:0:0:2', '{b}'), (5, null, 7, '127.0.0.1', '{a}');
create view v_native as select * from tb_human;
comment on view v_native is '@fraiseql:type
name: Native';
create table tv_stored as select id, jsonb_build_object('name', name, 'age', age, 'ip', case id when 1 then '0:0:0:0:0:0:0:1' else ip::text end, 'tags', tags) as data from tb_human;
alter table tv_stored add primary key (id);
comment on table tv_stored is '@fraiseql:type
name: Stored
fields: {name: String, age: Int, ip: IpAddress, tags: "[String!]"}';
create view v_made as select id, jsonb_build_object('name', name, 'age', age, 'ip', ip, 'tags', tags) as data from tb_human;
comment on view v_made is '@fraiseql:type
name: Made
fields: {name: String, age: Int, ip: IpAddress, tags: "[String!]"}';`

// sources are the queries for the same people.
func sources() []string { return []string{"natives", "storeds", "mades"} }

// ids gives the keys of the people that a list query with these arguments finds.
func (s *site) ids(t testing.TB, list, args string, variables any) string {
	t.Helper()
	head := ""
	if variables != nil {
		head, args, _ = strings.Cut(args, "|")
	}
	got := s.Query(t, "query"+head+" { x: "+list+args+" { id } }", variables)
	got = strings.NewReplacer(`{"x":[`, "", `]}`, "", `{"id":"`, "", `"}`, "").Replace(got)
	return got
}

func TestAgesThatAreOnlyInDocuments(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, peopleSQL)
	for _, source := range sources() {
		for args, want := range map[string]string{
			`(where: {age: {gte: 10}})`: "2,3", `(where: {age: {gt: 9}})`: "2,3", `(where: {age: {lt: 10}})`: "1,5", `(where: {age: {in: [9, 100]}})`: "1,3",
			`(where: {age: {isNull: false}}, orderBy: {age: DESC})`: "3,2,1,5", `(orderBy: {age: ASC})`: "5,1,2,3,4", `(orderBy: {age: DESC})`: "4,3,2,1,5",
			`(orderBy: {age: DESC_NULLS_LAST})`: "3,2,1,5,4", `(orderBy: {age: ASC_NULLS_FIRST})`: "4,5,1,2,3", `(orderBy: {age: ASC_NULLS_LAST})`: "5,1,2,3,4", `(orderBy: {age: DESC_NULLS_FIRST})`: "4,3,2,1,5",
		} {
			if got := s.ids(t, source, args, nil); got != want {
				t.Errorf("%s%s: got %s, want %s", source, args, got, want)
			}
		}
	}
}

func TestWildcardsStandForThemselves(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, peopleSQL)
	for _, source := range sources() {
		for where, want := range map[string]string{
			`contains: "50%_"`: "2,3", `icontains: "0%_Y"`: "3", `startsWith: "50%_"`: "2", `istartsWith: "X50%"`: "3", `endsWith: "%_"`: "2", `iendsWith: "%_Y"`: "3",
			`contains: "%"`: "2,3", `like: "50%"`: "2,4", `like: "50\\%\\_"`: "2", `contains: ""`: "1,2,3,4",
		} {
			if got := s.ids(t, source, "(where: {name: {"+where+"}})", nil); got != want {
				t.Errorf("%s %s: got %s, want %s", source, where, got, want)
			}
		}
		if got := s.ids(t, source, `($t: String) |(where: {name: {contains: $t}})`, map[string]any{"t": "50%_"}); got != "2,3" {
			t.Errorf("%s, by a variable: got %s", source, got)
		}
	}
}

func TestOneAddressInTwoSpellings(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, peopleSQL)
	for _, source := range sources() {
		for where, want := range map[string]string{
			`eq: "::1"`: "1", `eq: "0:0:0:0:0:0:0:1"`: "1", `in: ["0:0:0:0:0:0:0:2", "10.0.0.1"]`: "2,4", `isLoopback: true`: "1,5", `isLoopback: false`: "2,4", `neq: "::1"`: "2,4,5", `inSubnet: "::/64"`: "1,4",
		} {
			if got := s.ids(t, source, "(where: {ip: {"+where+"}})", nil); got != want {
				t.Errorf("%s %s: got %s, want %s", source, where, got, want)
			}
		}
	}
}

func TestNothingAndNull(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, peopleSQL)
	const all = "1,2,3,4,5"
	for _, source := range sources() {
		for where, want := range map[string]string{
			`{}`: all, `{AND: []}`: all, `{OR: []}`: "", `{NOT: {}}`: "", `{OR: [{}]}`: all, `{name: {}}`: all, `{AND: [{}, {name: {}}]}`: all,
			`{name: {in: []}}`: "", `{name: {nin: []}}`: all, `{NOT: {name: {in: []}}}`: all,
			`{name: {neq: "Ann"}}`: "2,3,4", `{name: {nin: ["Ann"]}}`: "2,3,4", `{NOT: {name: {eq: "Ann"}}}`: "2,3,4", `{NOT: {name: {contains: "5"}}}`: "1", `{name: {notMatches: "^5"}}`: "1,3",
			`{name: {isNull: true}}`: "5", `{name: {isNull: false}}`: "1,2,3,4", `{tags: {isNull: true}}`: "3", `{tags: {lenEq: 0}}`: "2", `{NOT: {tags: {contains: ["a"]}}}`: "2,4", `{tags: {contains: []}}`: "1,2,4,5",
		} {
			if got := s.ids(t, source, "(where: "+where+")", nil); got != want {
				t.Errorf("%s %s: got %s, want %s", source, where, got, want)
			}
		}
		// A variable that was not sent is no condition; one that is null is refused.
		if got := s.ids(t, source, `($n: String) |(where: {name: {eq: $n}})`, map[string]any{}); got != all {
			t.Errorf("%s: got %s, want all", source, got)
		}
	}
}

func TestRefusedFilters(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, peopleSQL)
	for name, c := range map[string]struct {
		query     string
		variables any
		code      string
		parts     []string
	}{
		"equal to null":            {`{natives(where: {name: {eq: null}}) {id}}`, nil, "BAD_USER_INPUT", []string{"isNull: true"}},
		"equal to null, variable":  {`query($w: NativeWhereInput) {natives(where: $w) {id}}`, map[string]any{"w": map[string]any{"name": map[string]any{"eq": nil}}}, "BAD_USER_INPUT", []string{"isNull: true"}},
		"unknown operator":         {`{natives(where: {name: {equals: "a"}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{`no field "equals" on input type "StringFilter"`}},
		"unknown, by variable":     {`query($f: StringFilter) {natives(where: {name: $f}) {id}}`, map[string]any{"f": map[string]any{"equals": "a"}}, "BAD_USER_INPUT", []string{`StringFilter has no field "equals"`}},
		"operator of another type": {`{natives(where: {age: {contains: "1"}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{`no field "contains" on input type "IntFilter"`}},
		"the other spelling":       {`{natives(where: {name: {startswith: "a"}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{`"startswith"`, `"startsWith"`}},
		"a value of another type":  {`{natives(where: {age: {eq: "9"}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"without quotes"}},
		"an address":               {`{natives(where: {ip: {eq: "10.0.0.256"}}) {id}}`, nil, "BAD_USER_INPUT", []string{"send an IP address"}},
		"a network":                {`{natives(where: {ip: {inSubnet: "10.0.0.1/8"}}) {id}}`, nil, "BAD_USER_INPUT", []string{"no bits set behind the prefix"}},
		"a range without its end":  {`{natives(where: {ip: {inRange: {from: "10.0.0.1"}}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{`needs its field "to"`}},
	} {
		a := s.Counted(t, 0, 0, c.query, c.variables)
		if a.Code() != c.code {
			t.Errorf("%s: got %s", name, a.Body)
			continue
		}
		mustContain(t, name, a.Errors[0].Message, c.parts...)
	}
}

const patternsSQL = `
create extension if not exists ltree;
create table tb_odd (id int primary key, name text, place ltree, doc jsonb, words tsvector, during daterange, size int4range);
insert into tb_odd values (1, 'ab', 'top', '{}', to_tsvector('simple', 'a'), '[2026-01-01,2026-02-01)', '[1,2)');
comment on table tb_odd is '@fraiseql:type
name: Odd';`

// What a client writes in a language of its own is refused as its fault, at the field, and the
// other fields are answered.
func TestPatternsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	needs(t, "select count(*) = 1 from pg_available_extensions where name = 'ltree'")
	s := serve(t, fraiseql.Options{}, patternsSQL)
	for where, part := range map[string]string{
		`{name: {matches: "("}}`:                                           "a regular expression",
		`{name: {imatches: "[b-a]"}}`:                                      "a regular expression",
		`{name: {notMatches: "a{5,1}"}}`:                                   "a regular expression",
		`{name: {like: "a\\"}}`:                                            "a LIKE pattern ends",
		`{place: {matchesLquery: "a..b"}}`:                                 "an lquery",
		`{place: {matchesAnyLquery: ["a", "{"]}}`:                          "an lquery",
		`{place: {matchesLtxtquery: "a & & b"}}`:                           "an ltxtquery",
		`{place: {eq: "` + strings.Repeat("a", 70000) + `"}}`:              "a path",
		`{doc: {pathExists: "$."}}`:                                        "an SQL/JSON path",
		`{doc: {pathMatch: "nothing"}}`:                                    "an SQL/JSON path",
		`{doc: {pathExists: "$ ? (@ like_regex \"(\")"}}`:                  "a regular expression",
		`{words: {matches: "a &"}}`:                                        "a full-text query",
		`{during: {overlaps: {lower: "2026-02-01", upper: "2026-01-01"}}}`: "lower bound must not be greater",
		`{size: {in: [{lower: 5, upper: 1}]}}`:                             "lower bound must not be greater",
		`{during: {eq: {lower: "2026-02-01", upper: "5874898-01-01"}}}`:    "send a date",
	} {
		trips := 2
		if part == "send a date" {
			trips = 0
		}
		a := s.Counted(t, trips, min(trips, 1), "{bad: odds(where: "+where+") {id} good: odds {id}}", nil)
		short := where
		if len(short) > 60 {
			short = short[:60]
		}
		if a.Code() != "BAD_USER_INPUT" || !strings.Contains(a.Errors[0].Message, part) {
			t.Errorf("%s: got %.300s", short, a.Body)
			continue
		}
		if trips > 0 && (fmt.Sprint(a.Errors[0].Path) != "[bad]" || string(a.Data) != `{"bad":null,"good":[{"id":"1"}]}`) {
			t.Errorf("%s: got %.300s", short, a.Body)
		}
	}
}

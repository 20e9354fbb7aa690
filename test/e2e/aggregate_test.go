package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestAggregates(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	for name, c := range map[string]struct {
		query     string
		variables map[string]any
		want      string
	}{
		"count":              {`{ peopleAggregate { count } }`, nil, `{"peopleAggregate":{"count":4}}`},
		"where":              {`{ peopleAggregate(where: {age: {gte: 10}}) { count sum { age } } }`, nil, `{"peopleAggregate":{"count":2,"sum":{"age":"110"}}}`},
		"where, by variable": {`query($w: PersonWhereInput) { peopleAggregate(where: $w) { count } }`, map[string]any{"w": map[string]any{"team": map[string]any{"name": map[string]any{"eq": "Alpha"}}}}, `{"peopleAggregate":{"count":2}}`},
		"every figure": {
			`{ peopleAggregate { countDistinct { mood name teamId secret } sum { age big exact ratio } avg { age exact } min { age name born mood seen address } max { big mood born } } }`, nil,
			`{"peopleAggregate":{"countDistinct":{"mood":2,"name":4,"teamId":2,"secret":1},
				"sum":{"age":"119","big":"9223372036854775806","exact":"1234567890123456789012345678.0123456789","ratio":1e+20},
				"avg":{"age":"39.6666666666666667","exact":"617283945061728394506172839.0061728395"},
				"min":{"age":9,"name":"50%_Bo","born":"0044-03-15T00:00:00Z BC","mood":"happy","seen":"P1DT2H","address":"192.0.2.1"},
				"max":{"big":"9223372036854775807","mood":"sad","born":"infinity"}}}`,
		},
		"of nothing": {
			`{ nobodiesAggregate { count countDistinct { age } sum { age exact ratio } avg { age } min { name } max { born } __typename } }`, nil,
			`{"nobodiesAggregate":{"count":0,"countDistinct":{"age":0},"sum":{"age":null,"exact":null,"ratio":null},"avg":{"age":null},"min":{"name":null},"max":{"born":null},"__typename":"NobodyAggregate"}}`,
		},
		"groups of nothing": {`{ nobodiesGroups(by: [age]) { count } }`, nil, `{"nobodiesGroups":[]}`},
		"only typename": {
			`{ a: peopleAggregate { __typename } b: nobodiesAggregate(where: {name: {eq: "x"}}) { __typename sum { __typename } } peopleGroups(by: [mood]) { __typename key { __typename } } }`, nil,
			`{"a":{"__typename":"PersonAggregate"},"b":{"__typename":"NobodyAggregate","sum":{"__typename":"NobodySum"}},"peopleGroups":[
				{"__typename":"PersonGroup","key":{"__typename":"PersonGroupKey"}},{"__typename":"PersonGroup","key":{"__typename":"PersonGroupKey"}},{"__typename":"PersonGroup","key":{"__typename":"PersonGroupKey"}}]}`,
		},
		"aliases, fragments, order of the selection": {
			`{ x: peopleAggregate { s: sum { b: big a: age a2: age } n: count ...F } y: peopleAggregate(where: {age: {lt: 10}}) { count } } fragment F on PersonAggregate { sum { ... on PersonSum { big } } count m: max { age } }`, nil,
			`{"x":{"s":{"b":"9223372036854775806","a":"119","a2":"119"},"n":4,"sum":{"big":"9223372036854775806"},"count":4,"m":{"age":100}},"y":{"count":1}}`,
		},
		"skip and include": {
			`query($y: Boolean!) { peopleAggregate { count @skip(if: $y) sum { age @include(if: $y) big @skip(if: $y) } } }`,
			map[string]any{"y": true},
			`{"peopleAggregate":{"sum":{"age":"119"}}}`,
		},
		"everything skipped": {`{ peopleAggregate { sum { age @skip(if: true) } } }`, nil, `{"peopleAggregate":{"sum":{}}}`},
		"groups; null is a key": {
			`{ peopleGroups(by: [mood]) { key { mood } count sum { age } } }`, nil,
			`{"peopleGroups":[{"key":{"mood":"happy"},"count":1,"sum":{"age":"9"}},{"key":{"mood":"sad"},"count":2,"sum":{"age":"10"}},{"key":{"mood":null},"count":1,"sum":{"age":"100"}}]}`,
		},
		"a key that is none is null": {`{ peopleGroups(by: [mood], limit: 1) { key { name mood teamId } } }`, nil, `{"peopleGroups":[{"key":{"name":null,"mood":"happy","teamId":null}}]}`},
		"keys of every form": {
			`{ peopleGroups(by: [born, big, exact, ratio, secret, seen, address, id], limit: 1, orderBy: [{key: {id: ASC}}]) { key { id born big exact ratio secret seen address } } }`, nil,
			`{"peopleGroups":[{"key":{"id":"00000000-0000-0000-0000-000000000001","born":"2026-01-31T12:45:00.5Z","big":"9223372036854775807","exact":"1234567890123456789012345678.0123456789","ratio":1e+20,"secret":"AP8=","seen":"P1DT2H","address":"::1"}}]}`,
		},
		"distinct values": {`{ peopleGroups(by: [mood, teamId], where: {mood: {isNull: false}}) { key { mood teamId } } }`, nil, `{"peopleGroups":[
			{"key":{"mood":"happy","teamId":"00000000-0000-0000-0000-00000000000a"}},{"key":{"mood":"sad","teamId":"00000000-0000-0000-0000-00000000000a"}},{"key":{"mood":"sad","teamId":null}}]}`},
		"having": {`{ peopleGroups(by: [mood], having: {count: {gt: 1}, sum: {age: {lte: "10"}}}) { key { mood } } }`, nil, `{"peopleGroups":[{"key":{"mood":"sad"}}]}`},
		"having, joined": {
			`{ peopleGroups(by: [mood], having: {OR: [{max: {age: {eq: 100}}}, {AND: [{countDistinct: {name: {eq: 2}}}, {NOT: {count: {eq: 1}}}]}]}) { key { mood } } }`, nil,
			`{"peopleGroups":[{"key":{"mood":"sad"}},{"key":{"mood":null}}]}`,
		},
		"having, by variable": {
			`query($h: PersonHavingInput) { peopleGroups(by: [mood], having: $h) { key { mood } } }`,
			map[string]any{"h": map[string]any{"max": map[string]any{"age": map[string]any{"in": []int{9, 100}}}}},
			`{"peopleGroups":[{"key":{"mood":"happy"}},{"key":{"mood":null}}]}`,
		},
		"order by figures": {`{ peopleGroups(by: [mood], orderBy: [{count: DESC}, {max: {age: DESC}}]) { key { mood } } }`, nil, `{"peopleGroups":[{"key":{"mood":"sad"}},{"key":{"mood":null}},{"key":{"mood":"happy"}}]}`},
		"order by a key":   {`{ peopleGroups(by: [mood], orderBy: [{key: {mood: DESC}}]) { key { mood } } }`, nil, `{"peopleGroups":[{"key":{"mood":null}},{"key":{"mood":"sad"}},{"key":{"mood":"happy"}}]}`},
		"nulls where told": {`{ peopleGroups(by: [mood], orderBy: [{sum: {big: ASC_NULLS_FIRST}}]) { key { mood } } }`, nil, `{"peopleGroups":[{"key":{"mood":null}},{"key":{"mood":"sad"}},{"key":{"mood":"happy"}}]}`},
		"pages":            {`{ a: peopleGroups(by: [name], limit: 1, offset: 1) { key { name } } b: peopleGroups(by: [name], limit: 0) { count } c: peopleGroups(by: [name], offset: 9) { count } }`, nil, `{"a":[{"key":{"name":"50x_Bo"}}],"b":[],"c":[]}`},
		"by and order by variable": {
			`query($by: [PersonGroupField!]!, $o: [PersonGroupOrderByInput!], $n: Int) { peopleGroups(by: $by, orderBy: $o, limit: $n) { key { mood age } count } }`,
			map[string]any{"by": []string{"age", "mood"}, "o": []any{map[string]any{"key": map[string]any{"age": "DESC_NULLS_LAST"}}}, "n": 2},
			`{"peopleGroups":[{"key":{"mood":null,"age":100},"count":1},{"key":{"mood":"sad","age":10},"count":1}]}`,
		},
		"another choice of the same variable": {
			`query($by: [PersonGroupField!]!, $o: [PersonGroupOrderByInput!], $n: Int) { peopleGroups(by: $by, orderBy: $o, limit: $n) { key { mood age } count } }`,
			map[string]any{"by": "mood", "o": []any{map[string]any{"count": "DESC"}}, "n": 1},
			`{"peopleGroups":[{"key":{"mood":"sad","age":null},"count":2}]}`,
		},
		"stored document and document view": {
			`{ cardsAggregate(where: {team: {name: {eq: "Alpha"}}}) { count sum { age exact big } max { born name } }
			   cardsGroups(by: [address]) { key { address } count } profilesAggregate { avg { age } count min { name address } } profilesGroups(by: [age], having: {count: {gte: 1}, min: {age: {gt: 9}}}) { key { age } } }`, nil,
			`{"cardsAggregate":{"count":2,"sum":{"age":"19","exact":"1234567890123456789012345678.0123456789","big":"9223372036854775806"},"max":{"born":"2026-01-31T12:45:00.5Z","name":"Ann"}},
			  "cardsGroups":[{"key":{"address":"192.0.2.1"},"count":1},{"key":{"address":"::1"},"count":1},{"key":{"address":null},"count":2}],
			  "profilesAggregate":{"avg":{"age":"39.6666666666666667"},"count":4,"min":{"name":"50%_Bo","address":"192.0.2.1"}},"profilesGroups":[{"key":{"age":10}},{"key":{"age":100}}]}`,
		},
		"beside other roots": {`{ teams(limit: 1) { name } peopleAggregate { count } __typename }`, nil, `{"teams":[{"name":"Alpha"}],"peopleAggregate":{"count":4},"__typename":"Query"}`},
	} {
		t.Run(name, func(t *testing.T) { apptest.Expect(t, name, s.Query(t, c.query, c.variables), c.want) })
	}
}

// TestAggregatesRefused sends what cannot be answered. Nothing of it borrows a connection.
func TestAggregatesRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxCost: 20_000}, cases)
	for name, c := range map[string]struct {
		query, code, message string
		variables            map[string]any
	}{
		"by nothing":                  {`{ peopleGroups(by: []) { count } }`, "BAD_USER_INPUT", `"by" is empty`, nil},
		"by nothing, by variable":     {`query($by: [PersonGroupField!]!) { peopleGroups(by: $by) { count } }`, "BAD_USER_INPUT", `"by" is empty`, map[string]any{"by": []string{}}},
		"by null":                     {`{ peopleGroups(by: null) { count } }`, "GRAPHQL_VALIDATION_FAILED", "", nil},
		"by is left out":              {`{ peopleGroups { count } }`, "GRAPHQL_VALIDATION_FAILED", "by", nil},
		"by what is no field":         {`{ peopleGroups(by: [nome]) { count } }`, "GRAPHQL_VALIDATION_FAILED", "nome", nil},
		"by what cannot be sorted":    {`{ peopleGroups(by: [meta]) { count } }`, "GRAPHQL_VALIDATION_FAILED", "meta", nil},
		"by SQL":                      {`query($by: [PersonGroupField!]!) { peopleGroups(by: $by) { count } }`, "BAD_USER_INPUT", "PersonGroupField", map[string]any{"by": []string{`name" from tb_person --`}}},
		"sum of text":                 {`{ peopleAggregate { sum { name } } }`, "GRAPHQL_VALIDATION_FAILED", "name", nil},
		"min of an id":                {`{ peopleAggregate { min { id } } }`, "GRAPHQL_VALIDATION_FAILED", "id", nil},
		"a field that is not exposed": {`{ peopleAggregate { max { pkPerson } } }`, "GRAPHQL_VALIDATION_FAILED", "pkPerson", nil},
		"key of all rows":             {`{ peopleAggregate { key { mood } } }`, "GRAPHQL_VALIDATION_FAILED", "key", nil},
		"unknown operator":            {`{ peopleGroups(by: [mood], having: {count: {like: 1}}) { count } }`, "GRAPHQL_VALIDATION_FAILED", "like", nil},
		"having null":                 {`{ peopleGroups(by: [mood], having: {sum: null}) { count } }`, "BAD_USER_INPUT", "sum", nil},
		"having an operator null":     {`{ peopleGroups(by: [mood], having: {sum: {age: {gt: null}}}) { count } }`, "BAD_USER_INPUT", "isNull", nil},
		"a sum as another type":       {`query($h: PersonHavingInput) { peopleGroups(by: [mood], having: $h) { count } }`, "BAD_USER_INPUT", "BigInt", map[string]any{"h": map[string]any{"sum": map[string]any{"age": map[string]any{"gt": "many"}}}}},
		"order by a key that is none": {`{ peopleGroups(by: [mood], orderBy: [{key: {age: ASC}}]) { count } }`, "BAD_USER_INPUT", `no key "age"`, nil},
		"order by what is no field":   {`{ peopleGroups(by: [mood], orderBy: [{mood: ASC}]) { count } }`, "GRAPHQL_VALIDATION_FAILED", "mood", nil},
		"limit too large":             {`{ peopleGroups(by: [mood], limit: 1001) { count } }`, "BAD_USER_INPUT", "1000", nil},
		"negative limit":              {`query($n: Int) { peopleGroups(by: [mood], limit: $n) { count } }`, "BAD_USER_INPUT", "negative", map[string]any{"n": -1}},
		"negative offset":             {`{ peopleGroups(by: [mood], offset: -1) { count } }`, "BAD_USER_INPUT", "negative", nil},
		"limit of all rows":           {`{ peopleAggregate(limit: 1) { count } }`, "GRAPHQL_VALIDATION_FAILED", "limit", nil},
		"no selection":                {`{ peopleAggregate { sum } }`, "GRAPHQL_VALIDATION_FAILED", "sum", nil},
		"too costly, a thousand rows for each figure": {`{ ` + aliases("peopleAggregate { count sum { age big } }", 7) + `}`, "QUERY_TOO_COSTLY", "21", nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Counted(t, 0, 0, c.query, c.variables)
			if a.Data != nil || a.Code() != c.code || a.Status != 400 {
				t.Fatalf("status %d, want 400 and %s: %s", a.Status, c.code, clip(a.Body))
			}
			mustContain(t, "the message", a.Errors[0].Message, c.message)
		})
	}
	s.Query(t, `{ `+aliases("peopleAggregate { count sum { age big } }", 6)+`}`, nil)
}

// TestFiguresThatCannotBeWritten are errors at their fields: what stands beside them is kept.
func TestFiguresThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create table v_odd (id int primary key, n numeric, f float8, i int8);
insert into v_odd values (1, 'NaN', 'infinity', 9223372036854775807), (2, 1, 1, 9223372036854775807);
comment on table v_odd is '@fraiseql:type
name: Odd
queries: {list: odds}';
create table v_full (id int primary key, f float8);
insert into v_full values (1, 1.7e308), (2, 1.7e308);
comment on table v_full is '@fraiseql:type
name: Full';`)
	a := s.Counted(t, 1, 1, `{ oddsAggregate { sum { n f i } avg { i } min { n f } max { i } count } oddsGroups(by: [n]) { key { n } count } }`, nil)
	apptest.Expect(t, "data", string(a.Data), `{"oddsAggregate":{"sum":{"n":null,"f":null,"i":"18446744073709551614"},"avg":{"i":"9223372036854775807"},"min":{"n":"1","f":1},"max":{"i":"9223372036854775807"},"count":2},
		"oddsGroups":[{"key":{"n":"1"},"count":1},{"key":{"n":null},"count":1}]}`)
	var paths []string
	for _, e := range a.Errors {
		paths = append(paths, fmt.Sprint(e.Path))
	}
	if got := strings.Join(paths, " "); got != "[oddsAggregate sum n] [oddsAggregate sum f] [oddsGroups 1 key n]" {
		t.Errorf("errors at %s", got)
	}
	// What PostgreSQL cannot compute is an error of its root.
	a = s.Send(t, `{ fullsAggregate { sum { f } } oddsAggregate { count } }`, nil)
	apptest.Expect(t, "data", string(a.Data), `{"fullsAggregate":null,"oddsAggregate":{"count":2}}`)
	if len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "[fullsAggregate]" {
		t.Errorf("errors %+v", a.Errors)
	}
}

// TestAggregatesOfOddTypes are those for which PostgreSQL's own functions need help.
func TestAggregatesOfOddTypes(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create extension citext;
create type size as enum ('small', 'big');
create domain sized as size;
create domain positive as int check (value > 0);
create table v_odd (id int primary key, name citext, size sized, n positive, net cidr, f4 float4, short int2, word varchar(9), pad char(3));
insert into v_odd values (1, 'Ann', 'small', 1, '10.0.0.0/8', 0.1, 1, 'a', 'x'), (2, 'ann', 'big', 2, '192.0.2.0/24', 0.2, 32767, 'b', 'y'), (3, 'Bo', null, null, null, null, null, null, null);
comment on table v_odd is '@fraiseql:type
name: Odd';
create table tb_word (id int primary key, word text);
insert into tb_word values (1, 'a'), (2, 'B'), (3, 'c');
create view v_byte as select id, word from tb_word;
comment on view v_byte is '@fraiseql:type
name: Byte
collation: C';
create view v_letter as select id, word from tb_word;
comment on view v_letter is '@fraiseql:type
name: Letter
collation: und-x-icu';`)
	apptest.Expect(t, "collations", s.Query(t, `{ bytesAggregate { min { word } max { word } } lettersAggregate { min { word } max { word } } bytesGroups(by: [word]) { key { word } } lettersGroups(by: [word], orderBy: [{key: {word: DESC}}]) { key { word } } }`, nil),
		`{"bytesAggregate":{"min":{"word":"B"},"max":{"word":"c"}},"lettersAggregate":{"min":{"word":"a"},"max":{"word":"c"}},
		  "bytesGroups":[{"key":{"word":"B"}},{"key":{"word":"a"}},{"key":{"word":"c"}}],"lettersGroups":[{"key":{"word":"c"}},{"key":{"word":"B"}},{"key":{"word":"a"}}]}`)
	apptest.Expect(t, "odd types", s.Query(t, `{ oddsAggregate { countDistinct { name size n } sum { n short f4 } avg { short } min { size net word pad f4 } max { name size net n } } oddsGroups(by: [name], orderBy: [{max: {size: DESC}}], having: {max: {size: {eq: big}, name: {eq: "ANN"}}}) { key { name } count } }`, nil),
		`{"oddsAggregate":{"countDistinct":{"name":2,"size":2,"n":2},"sum":{"n":"3","short":"32768","f4":0.30000000447034836},"avg":{"short":"16384.000000000000"},"min":{"size":"small","net":"10.0.0.0/8","word":"a","pad":"x  ","f4":0.1},"max":{"name":"Bo","size":"big","net":"192.0.2.0/24","n":2}},
		  "oddsGroups":[{"key":{"name":"Ann"},"count":2}]}`)
}

// TestNamesOfAggregates are chosen by the annotation: a name, the default, or none.
func TestNamesOfAggregates(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create table v_a (id int primary key, n int, m int, t text);
comment on table v_a is '@fraiseql:type
name: A
queries: {connection: false, aggregate: sumUp, groups: byWhat}
filters: [n]';
create table v_b (id int primary key);
comment on table v_b is '@fraiseql:type
name: B
queries: {one: false, list: manyBs, connection: false, aggregate: true, groups: false}';
create table v_c (id int primary key);
comment on table v_c is '@fraiseql:type
name: C
queries: false';
create table v_d (id int primary key, j json, "true" int);
comment on table v_d is '@fraiseql:type
name: D
queries: {list: false, connection: false}
expose_fields: [j, "true"]';`)
	apptest.Expect(t, "names", s.Query(t, `{ sumUp { count } byWhat(by: [n]) { count } manyBsAggregate { count } dsAggregate { count }
		__schema { queryType { fields { name } } }
		having: __type(name: "AHavingInput") { inputFields { name } } sums: __type(name: "ASumHavingInput") { inputFields { name } }
		order: __type(name: "AGroupSumOrderByInput") { inputFields { name } } b: __type(name: "BGroup") { name } d: __type(name: "DAggregate") { fields { name } } }`, nil), `{
		"sumUp":{"count":0},"byWhat":[],"manyBsAggregate":{"count":0},"dsAggregate":{"count":0},
		"__schema":{"queryType":{"fields":[{"name":"a"},{"name":"as"},{"name":"manyBs"},{"name":"sumUp"},{"name":"byWhat"},{"name":"manyBsAggregate"},{"name":"dsAggregate"}]}},
		"having":{"inputFields":[{"name":"AND"},{"name":"OR"},{"name":"NOT"},{"name":"count"},{"name":"countDistinct"},{"name":"sum"},{"name":"avg"},{"name":"min"},{"name":"max"}]},
		"sums":{"inputFields":[{"name":"n"}]},"order":{"inputFields":[{"name":"n"},{"name":"m"}]},"b":null,"d":{"fields":[{"name":"count"}]}}`)
}

type sale struct {
	ID     fraiseql.ID `graphql:",key"`
	Shop   string
	Amount fraiseql.Decimal
	Secret string `graphql:"-"`
}

func TestAggregatesDeclaredInGo(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{fraiseql.Object[sale]("v_sale", fraiseql.ObjectOptions{Name: "Sale"})},
		Queries: []fraiseql.Query{
			fraiseql.Aggregate[sale]("takings", fraiseql.QueryOptions{Description: "What came in."}), fraiseql.Aggregate[sale]("again"),
			fraiseql.Groups[sale]("takingsBy"), fraiseql.Groups[sale]("groupsAgain"),
		},
	}, `create table v_sale (id int primary key, shop text not null, amount numeric not null, secret text);
insert into v_sale values (1, 'a', 0.1, 'x'), (2, 'a', 0.2, 'y'), (3, 'b', 5, 'z');`)
	apptest.Expect(t, "declared", s.Query(t, `{ takings { sum { amount } } again(where: {shop: {eq: "b"}}) { count } takingsBy(by: [shop], orderBy: [{sum: {amount: DESC}}]) { key { shop } sum { amount } } groupsAgain(by: [shop], limit: 1) { count }
		q: __type(name: "Query") { fields { name description } } k: __type(name: "SaleGroupField") { enumValues { name } } }`, nil),
		`{"takings":{"sum":{"amount":"5.3"}},"again":{"count":1},"takingsBy":[{"key":{"shop":"b"},"sum":{"amount":"5"}},{"key":{"shop":"a"},"sum":{"amount":"0.3"}}],"groupsAgain":[{"count":2}],
		"q":{"fields":[{"name":"takings","description":"What came in."},{"name":"again","description":"Figures over the rows of Sale."},{"name":"takingsBy","description":"The rows of Sale in groups, with figures over each."},{"name":"groupsAgain","description":"The rows of Sale in groups, with figures over each."}]},
		"k":{"enumValues":[{"name":"id"},{"name":"shop"},{"name":"amount"}]}}`)
}

// TestAggregatesOfTwoTenants count what row-level security shows, on two connections in turn.
func TestAggregatesOfTwoTenants(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, tenants)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"grant usage on schema public to %s", "grant select on all tables in schema public to %s"}})
	o := tenantOptions()
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 2, -1
	s := serveOn(t, db, role.URL, o)
	const query = `{ notesAggregate { count countDistinct { tenant } min { tenant } max { tenant } } notesGroups(by: [tenant]) { key { tenant } count }
		noteDocsAggregate { count max { tenant } } noteTablesGroups(by: [tenant]) { key { tenant } count } }`
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 25 {
				mine := []string{"even", "odd"}[(worker+i)%2]
				a := s.Send(t, query, nil, "X-Tenant", mine)
				if want := strings.ReplaceAll(`{"notesAggregate":{"count":20,"countDistinct":{"tenant":1},"min":{"tenant":"%"},"max":{"tenant":"%"}},"notesGroups":[{"key":{"tenant":"%"},"count":20}],`+
					`"noteDocsAggregate":{"count":20,"max":{"tenant":"%"}},"noteTablesGroups":[{"key":{"tenant":"%"},"count":20}]}`, "%", mine); string(a.Data) != want || len(a.Errors) > 0 {
					t.Errorf("%s: got %s", mine, a.Body)
					return
				}
			}
		})
	}
	wg.Wait()
	one := s.Counted(t, 1, 1, query, nil) // no tenant: nothing is seen
	apptest.Expect(t, "nobody", string(one.Data), `{"notesAggregate":{"count":0,"countDistinct":{"tenant":0},"min":{"tenant":null},"max":{"tenant":null}},"notesGroups":[],"noteDocsAggregate":{"count":0,"max":{"tenant":null}},"noteTablesGroups":[]}`)
}

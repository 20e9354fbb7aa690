package e2e_test

import (
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

// cases is a small database with something of everything.
const cases = `
create type mood as enum ('happy', 'sad');
create type address as (street text, city text);
create table tb_team (id uuid primary key, name text not null);
create table tb_person (
	pk_person int generated always as identity primary key,
	id uuid not null unique, name text not null, email text, age int, mood mood, home address,
	born timestamptz, big bigint, exact numeric(38,10), ratio float8, tags text[], secret bytea,
	meta jsonb, seen interval, address inet, team_id uuid references tb_team(id));
insert into tb_team values ('00000000-0000-0000-0000-00000000000a', 'Alpha'), ('00000000-0000-0000-0000-00000000000b', 'Beta');
insert into tb_person (id, name, email, age, mood, home, born, big, exact, ratio, tags, secret, meta, seen, address, team_id) values
 ('00000000-0000-0000-0000-000000000001', 'Ann', 'ann@x', 9, 'happy', row('Main', 'Paris'), '2026-01-31 13:45:00.5+01', 9223372036854775807, 1234567890123456789012345678.0123456789, 1e20, '{a,NULL,"b \"c\""}', '\x00ff', '{"b": 1, "a": [null]}', '1 day 2 hours', '::1', '00000000-0000-0000-0000-00000000000a'),
 ('00000000-0000-0000-0000-000000000002', '50%_Bo', null, 10, 'sad', null, null, -1, 0, 0.1, '{}', null, null, null, '192.0.2.1', '00000000-0000-0000-0000-00000000000a'),
 ('00000000-0000-0000-0000-000000000003', 'Łu "q" \ é', 'c@x', 100, null, null, '0044-03-15 00:00:00+00 BC', null, null, null, null, null, null, null, null, '00000000-0000-0000-0000-00000000000b'),
 ('00000000-0000-0000-0000-000000000004', '50x_Bo', 'd@x', null, 'sad', null, 'infinity', null, null, null, null, null, null, null, null, null);
create view v_team as select id, name from tb_team;
comment on view v_team is '@fraiseql:type
name: Team
relations:
  members: {to: Person, by: {id: team_id}, many: true}';
create view v_person as select id, name, email, age, mood, home, born, big, exact, ratio, tags, secret, meta, seen, address, team_id from tb_person;
comment on view v_person is '@fraiseql:type
name: Person
queries: {one: person, list: people}
relations:
  team: {to: Team, by: {team_id: id}}';
create table tv_card (id uuid primary key, data jsonb not null);
insert into tv_card select id, jsonb_build_object('id', id, 'name', name, 'age', age, 'address', address, 'exact', exact, 'big', big, 'born', born,
	'team', (select jsonb_build_object('name', t.name) from tb_team t where t.id = team_id), 'items', jsonb_build_array(jsonb_build_object('n', age), jsonb_build_object('n', 1))) from tb_person;
comment on table tv_card is '@fraiseql:type
name: Card
document: data
fields: {id: ID!, name: String!, age: Int, address: IpAddress, exact: Decimal, big: BigInt, born: DateTime, team: {name: String!}, items: [{n: Int}]}';
create view v_profile as select id, jsonb_build_object('id', id, 'name', name, 'age', age, 'address', address) as data from tb_person;
comment on view v_profile is '@fraiseql:type
name: Profile
document: data
fields: {id: ID!, name: String!, age: Int, address: IpAddress}';
create view v_empty as select * from v_person where false;
comment on view v_empty is '@fraiseql:type
name: Nobody
queries: {one: nobody, list: nobodies}';
create function boom(int) returns int language plpgsql as $$ begin raise exception 'boom of %', $1; end $$;
create view v_broken as select id, case when name = 'Ann' then boom(1) else 1 end as n from tb_person;
comment on view v_broken is '@fraiseql:type
name: Broken
key: [id]
queries: {list: brokens}';
`

func TestRead(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	const (
		ann = "00000000-0000-0000-0000-000000000001"
		bo  = "00000000-0000-0000-0000-000000000002"
	)
	for name, c := range map[string]struct {
		query     string
		variables map[string]any
		want      string
	}{
		"limit 0":                            {`{ people(limit: 0) { name } }`, nil, `{"people":[]}`},
		"by key":                             {`query($id: ID!) { person(id: $id) { name team { name } } }`, map[string]any{"id": ann}, `{"person":{"name":"Ann","team":{"name":"Alpha"}}}`},
		"order of the selection, not of SQL": {`{ people(limit: 1) { age id name __typename } }`, nil, `{"people":[{"age":9,"id":"` + ann + `","name":"Ann","__typename":"Person"}]}`},
		"fragments":                          {`{ people(limit: 1) { ...A ... on Person { age } ... { email } } } fragment A on Person { name ...B } fragment B on Person { id }`, nil, `{"people":[{"name":"Ann","id":"` + ann + `","age":9,"email":"ann@x"}]}`},
		"fields merge": {
			`{ people(limit: 1) { team { id } team { name } } people(limit: 1) { name } }`, nil,
			`{"people":[{"team":{"id":"00000000-0000-0000-0000-00000000000a","name":"Alpha"},"name":"Ann"}]}`,
		},
		"skip and include":       {`query($y: Boolean!, $n: Boolean = false) { people(limit: 1) { name @include(if: $y) age @include(if: $n) id @skip(if: $y) } }`, map[string]any{"y": true}, `{"people":[{"name":"Ann"}]}`},
		"everything skipped":     {`{ people(limit: 2) { name @skip(if: true) } }`, nil, `{"people":[{},{}]}`},
		"default of a variable":  {`query($n: Int = 1) { people(limit: $n) { name } }`, nil, `{"people":[{"name":"Ann"}]}`},
		"null is no limit":       {`query($n: Int) { people(limit: $n, where: {age: {lt: 10}}) { name } }`, map[string]any{"n": nil}, `{"people":[{"name":"Ann"}]}`},
		"wildcards are literal":  {`{ people(where: {name: {startsWith: "50%_"}}) { name } }`, nil, `{"people":[{"name":"50%_Bo"}]}`},
		"contains is literal":    {`{ people(where: {name: {contains: "%"}}) { name } }`, nil, `{"people":[{"name":"50%_Bo"}]}`},
		"backslash and quotes":   {`query($n: String) { people(where: {name: {eq: $n}}) { name } }`, map[string]any{"n": `Łu "q" \ é`}, `{"people":[{"name":"Łu \"q\" \\ é"}]}`},
		"non-ASCII":              {`{ people(where: {name: {contains: "Łu"}}) { age } }`, nil, `{"people":[{"age":100}]}`},
		"in nothing":             {`{ people(where: {age: {in: []}}) { name } }`, nil, `{"people":[]}`},
		"nin nothing":            {`{ people(where: {age: {nin: []}}) { age } }`, nil, `{"people":[{"age":9},{"age":10},{"age":100},{"age":null}]}`},
		"neq leaves nulls out":   {`{ people(where: {age: {neq: 9}}) { age } }`, nil, `{"people":[{"age":10},{"age":100}]}`},
		"isNull":                 {`{ people(where: {age: {isNull: true}}) { name } }`, nil, `{"people":[{"name":"50x_Bo"}]}`},
		"NOT is SQL's":           {`{ people(where: {NOT: {age: {gt: 9}}}) { age } }`, nil, `{"people":[{"age":9}]}`},
		"AND, OR":                {`{ people(where: {OR: [{age: {eq: 9}}, {AND: [{age: {gte: 10}}, {age: {lt: 100}}]}]}) { age } }`, nil, `{"people":[{"age":9},{"age":10}]}`},
		"through a relation":     {`{ people(where: {team: {name: {eq: "Beta"}}}) { age } }`, nil, `{"people":[{"age":100}]}`},
		"order: nulls last":      {`{ people(orderBy: [{age: ASC}]) { age } }`, nil, `{"people":[{"age":9},{"age":10},{"age":100},{"age":null}]}`},
		"order: nulls first":     {`{ people(orderBy: [{age: DESC}]) { age } }`, nil, `{"people":[{"age":null},{"age":100},{"age":10},{"age":9}]}`},
		"order by variable":      {`query($o: [PersonOrderByInput!]) { people(orderBy: $o) { age } }`, map[string]any{"o": []any{map[string]any{"age": "DESC_NULLS_LAST"}}}, `{"people":[{"age":100},{"age":10},{"age":9},{"age":null}]}`},
		"order through relation": {`{ people(orderBy: [{team: {name: DESC_NULLS_LAST}}, {age: DESC}]) { age } }`, nil, `{"people":[{"age":100},{"age":10},{"age":9},{"age":null}]}`},
		"nested lists with arguments": {
			`{ teams { name members(orderBy: [{age: DESC}], limit: 1, where: {age: {lt: 100}}) { age team { name } } } }`, nil,
			`{"teams":[{"name":"Alpha","members":[{"age":10,"team":{"name":"Alpha"}}]},{"name":"Beta","members":[]}]}`,
		},
		"variables in nested arguments": {`query($n: Int, $a: Int) { teams(limit: 1) { members(limit: $n, where: {age: {gt: $a}}) { age } } }`, map[string]any{"n": 5, "a": 9}, `{"teams":[{"members":[{"age":10}]}]}`},
		"every type": {
			`{ people(limit: 1) { mood home { city street } born big exact ratio tags secret meta seen address } }`, nil,
			`{"people":[{"mood":"happy","home":{"city":"Paris","street":"Main"},"born":"2026-01-31T12:45:00.5Z","big":"9223372036854775807","exact":"1234567890123456789012345678.0123456789","ratio":1e+20,"tags":["a",null,"b \"c\""],"secret":"AP8=","meta":{"a": [null], "b": 1},"seen":"P1DT2H","address":"::1"}]}`,
		},
		"every type, nested": {
			`{ teams(limit: 1) { members(limit: 1) { mood home { city street } born big exact ratio tags secret meta seen address } } }`, nil,
			`{"teams":[{"members":[{"mood":"happy","home":{"city":"Paris","street":"Main"},"born":"2026-01-31T12:45:00.5Z","big":"9223372036854775807","exact":"1234567890123456789012345678.0123456789","ratio":1e+20,"tags":["a",null,"b \"c\""],"secret":"AP8=","meta":{"a": [null], "b": 1},"seen":"P1DT2H","address":"::1"}]}]}`,
		},
		"BC and infinity":          {`{ people(where: {born: {isNull: false}}, offset: 1) { born } }`, nil, `{"people":[{"born":"0044-03-15T00:00:00Z BC"},{"born":"infinity"}]}`},
		"stored document":          {`{ cards(limit: 1) { id name age exact big born team { name __typename } items { n } } }`, nil, `{"cards":[{"id":"` + ann + `","name":"Ann","age":9,"exact":"1234567890123456789012345678.0123456789","big":"9223372036854775807","born":"2026-01-31T12:45:00.5Z","team":{"name":"Alpha","__typename":"CardTeam"},"items":[{"n":9},{"n":1}]}]}`},
		"numbers in a document":    {`{ cards(where: {age: {gte: 10}}) { age } }`, nil, `{"cards":[{"age":10},{"age":100}]}`},
		"order in a document":      {`{ cards(where: {age: {isNull: false}}, orderBy: [{age: DESC}]) { age } }`, nil, `{"cards":[{"age":100},{"age":10},{"age":9}]}`},
		"filter inside a document": {`{ cards(where: {team: {name: {eq: "Beta"}}}) { age } }`, nil, `{"cards":[{"age":100}]}`},
		"document view":            {`{ profiles(where: {age: {gte: 10}}) { id age } profile(id: "` + bo + `") { name } }`, nil, `{"profiles":[{"id":"` + bo + `","age":10},{"id":"00000000-0000-0000-0000-000000000003","age":100}],"profile":{"name":"50%_Bo"}}`},
		"addresses are compared as such": {
			`{ people(where: {address: {eq: "0:0:0:0:0:0:0:1"}}) { name } cards(where: {address: {eq: "0:0:0:0:0:0:0:1"}}) { name } profiles(where: {address: {eq: "0:0:0:0:0:0:0:1"}}) { name } }`, nil,
			`{"people":[{"name":"Ann"}],"cards":[{"name":"Ann"}],"profiles":[{"name":"Ann"}]}`,
		},
		"an empty view":               {`{ nobodies { id name age } }`, nil, `{"nobodies":[]}`},
		"enum in and out":             {`query($m: [Mood!]) { people(where: {mood: {in: $m}}) { mood } }`, map[string]any{"m": []string{"sad"}}, `{"people":[{"mood":"sad"},{"mood":"sad"}]}`},
		"a list of one in a variable": {`query($m: [Int!]) { people(where: {age: {in: $m}}) { age } }`, map[string]any{"m": 9}, `{"people":[{"age":9}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Query(t, c.query, c.variables)
			if got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestNonNullPropagates(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create table t (id int primary key, grp int, n int, s text);
insert into t values (1, 1, 1, 'x'), (2, 1, null, 'y'), (3, 2, 5, 'z');
create view v_item as select id, grp, n + 0 as n, coalesce(s, null) as s from t;
comment on view v_item is '@fraiseql:type
name: Item
key: [id]
not_null: [s]';
comment on column v_item.n is '@fraiseql:field type=Int!';
create view v_group as select distinct grp as id from t;
comment on view v_group is '@fraiseql:type
name: Group
key: [id]
relations: {items: {to: Item, by: {id: grp}, many: true}, first: {to: Item, by: {id: id}}}';
create table tv_doc (id int primary key, data jsonb not null);
insert into tv_doc values (1, '{"inner": {"n": null, "m": 1}, "list": [1, null], "num": 3000000000}');
comment on table tv_doc is '@fraiseql:type
name: Doc
document: data
fields: {inner: {n: Int!, m: Int}, list: "[Int!]", num: Int}';`)
	for _, c := range []struct{ query, data, path string }{
		{`{ items { id n } }`, `{"items":null}`, "[items 1 n]"},
		{`{ groups { id items { id n } } }`, `{"groups":null}`, "[groups 0 items 1 n]"},
		{`{ groups { id first { n } } }`, `{"groups":[{"id":"1","first":{"n":1}},{"id":"2","first":null}]}`, "[groups 1 first n]"},
		{`{ item(id: 2) { n } other: items(limit: 1) { n } }`, `{"item":null,"other":[{"n":1}]}`, "[item n]"},
		{`{ docs { inner { m n } list num id } }`, `{"docs":[{"inner":null,"list":null,"num":null,"id":"1"}]}`, "[docs 0 inner n]"},
	} {
		a := s.Send(t, c.query, nil)
		if string(a.Data) != c.data || len(a.Errors) == 0 || fmt.Sprint(a.Errors[0].Path) != c.path || a.Status != 200 {
			t.Errorf("%s:\n got %s\nwant %s at %s", c.query, a.Body, c.data, c.path)
		}
	}
}

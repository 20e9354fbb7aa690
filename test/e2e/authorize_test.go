package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// staff has guards on a column, a type, a relation, a mutation and an input's attribute.
const staff = `
create table team (id int primary key, tenant text not null, name text not null);
create table person (id int primary key, tenant text not null, team int not null references team, name text not null, salary int not null, note text);
create table review (id int primary key, tenant text not null, person int not null references person, grade int not null);
insert into team values (1, 'a', 'Red'), (2, 'b', 'Blue');
insert into person select n, case when n % 2 = 1 then 'a' else 'b' end, 2 - n % 2, 'P' || n, 1000 * n, 'note ' || n from generate_series(1, 6) n;
insert into review select n, case when n % 2 = 1 then 'a' else 'b' end, 1 + (n - 1) % 6, n from generate_series(1, 12) n;
create view v_team as select id, tenant, name from team;
create view v_person as select id, tenant, team, name, salary, note from person;
create view v_member as select id, tenant, name from person;
create view v_review as select id, tenant, person, grade from review;
create view v_person_doc as select id, tenant, jsonb_build_object('id', id, 'name', name, 'team', jsonb_build_object('name', 'T')) as data from person;
comment on view v_team is '@fraiseql:type
name: Team
expose_fields: [id, name]
relations: {people: {to: Person, by: {id: team}, many: true}}';
comment on view v_person is '@fraiseql:type
name: Person
queries: {list: people}
expose_fields: [id, name, salary, note]
relations:
  team: {to: Team, by: {team: id}}
  reviews: {to: Review, by: {id: person}, many: true}
  judged: {to: Review, by: {id: person}, many: true, requires: [judge, admin]}';
comment on column v_person.salary is '@fraiseql:field requires=admin';
comment on column v_person.note is '@fraiseql:field
requires: [admin, editor]';
comment on view v_review is '@fraiseql:type
name: Review
requires: [judge, admin]
expose_fields: [id, grade]';
comment on view v_person_doc is '@fraiseql:type
name: PersonDoc
document: data
key: [id]
fields: {id: ID!, name: String!, team: {name: String!}}';
create type raise_input as (id int, amount int, silent boolean);
comment on column raise_input.silent is '@fraiseql:field requires=admin';
create function raise(input jsonb) returns v_person language sql as $$
	update person set salary = salary + (input->>'amount')::int where id = (input->>'id')::int returning id, tenant, team, name, salary, note $$;
comment on function raise is '@fraiseql:mutation
input_type: raise_input
success_type: Person';
create function forget(input jsonb) returns void language sql as $$ delete from review where id = (input->>'id')::int $$;
comment on function forget is '@fraiseql:mutation
requires: admin';`

// badges reads who asks from the header X-Badge: a name, then roles and scopes.
type badges struct{}

func (badges) Authenticate(r *http.Request) (*auth.Principal, error) {
	words := strings.Fields(r.Header.Get("X-Badge"))
	if len(words) == 0 {
		return nil, auth.ErrNoCredentials
	}
	p := &auth.Principal{Subject: words[0], Claims: map[string]any{"tenant": words[0]}}
	for _, w := range words[1:] {
		if scope, is := strings.CutPrefix(w, "scope:"); is {
			p.Scopes = append(p.Scopes, scope)
		} else {
			p.Roles = append(p.Roles, w)
		}
	}
	return p, nil
}

func serveStaff(t *testing.T, o fraiseql.Options) *site {
	t.Helper()
	o.Auth, o.AllowAnonymous = badges{}, true
	return serve(t, o, staff)
}

func TestRequiredRoles(t *testing.T) {
	t.Parallel()
	s := serveStaff(t, fraiseql.Options{})
	for _, c := range []struct{ badge, query, data, errors string }{
		{"", `{ people(limit: 1) { name salary } }`, `{"people":null}`, `people.0.salary FORBIDDEN`},
		{"x", `{ people(limit: 2) { name note } }`, `{"people":[{"name":"P1","note":null},{"name":"P2","note":null}]}`, `people.0.note FORBIDDEN, people.1.note FORBIDDEN`},
		{"x editor", `{ people(limit: 1) { note } }`, `{"people":[{"note":"note 1"}]}`, ``},
		{"x scope:editor", `{ people(limit: 1) { note } }`, `{"people":[{"note":"note 1"}]}`, ``},
		{
			"x admin", `{ people(limit: 1) { name salary reviews { grade } judged { grade } } reviews(limit: 1) { grade } }`,
			`{"people":[{"name":"P1","salary":1000,"reviews":[{"grade":1},{"grade":7}],"judged":[{"grade":1},{"grade":7}]}],"reviews":[{"grade":1}]}`, ``,
		},
		{
			"x editor", `{ reviews { grade } people(limit: 1) { name } reviewsAggregate { count } reviewsConnection { totalCount } review(id: 1) { id } }`,
			`{"reviews":null,"people":[{"name":"P1"}],"reviewsAggregate":null,"reviewsConnection":null,"review":null}`,
			`reviews FORBIDDEN, reviewsAggregate FORBIDDEN, reviewsConnection FORBIDDEN, review FORBIDDEN`,
		},
		{"x", `{ teams(limit: 1) { name people(limit: 1) { name reviewsAggregate { count } } } }`, `{"teams":null}`, `teams.0.people.0.reviewsAggregate FORBIDDEN`},
		{
			"x", `{ peopleAggregate { count max { note } sum { salary } } }`, `{"peopleAggregate":{"count":6,"max":{"note":null},"sum":{"salary":null}}}`,
			`peopleAggregate.max.note FORBIDDEN, peopleAggregate.sum.salary FORBIDDEN`,
		},
		{"x judge", `{ peopleAggregate { max { name } } reviewsGroups(by: [grade], limit: 1) { key { grade } count } }`, `{"peopleAggregate":{"max":{"name":"P6"}},"reviewsGroups":[{"key":{"grade":1},"count":1}]}`, ``},
		{"x", `mutation { forget(input: {id: 1}) }`, `{"forget":null}`, `forget FORBIDDEN`},
		{"x", `mutation { raise(input: {id: 1, amount: 0}) { name note } }`, `{"raise":{"name":"P1","note":null}}`, `raise.note FORBIDDEN`},
		{"x admin", `mutation { raise(input: {id: 1, amount: 0, silent: true}) { salary } }`, `{"raise":{"salary":1000}}`, ``},
	} {
		for range 2 { // made, then kept
			a := s.Send(t, c.query, nil, "X-Badge", c.badge)
			if got := faults(a); string(a.Data) != c.data || got != c.errors {
				t.Errorf("%q %s:\n got %s\n     %s\nwant %s\n     %s", c.badge, c.query, a.Data, got, c.data, c.errors)
			}
		}
	}
	count := s.DB.Conn(t)
	n := 0
	if err := count.QueryRow(t.Context(), "select count(*) from review").Scan(&n); err != nil || n != 12 {
		t.Errorf("%d reviews are left (%v): a mutation that was forbidden ran", n, err)
	}
}

// faults tells the paths and codes of an answer's errors.
func faults(a apptest.Answer) string {
	var all []string
	for _, e := range a.Errors {
		path := strings.ReplaceAll(strings.Trim(fmt.Sprint(e.Path), "[]"), " ", ".")
		all = append(all, strings.TrimSpace(fmt.Sprint(path, " ", e.Extensions["code"])))
	}
	return strings.Join(all, ", ")
}

// TestForbiddenFieldsAreNoOracle: what may not be read may not be filtered, ordered, grouped or computed by either, and no SQL
// is sent.
func TestForbiddenFieldsAreNoOracle(t *testing.T) {
	t.Parallel()
	s := serveStaff(t, fraiseql.Options{})
	for _, query := range []string{
		`query ($w: PersonWhereInput = {salary: {gt: 3000}}) { people(where: $w) { name } }`,
		`{ people(where: {OR: [{name: {eq: "P1"}}, {NOT: {salary: {gt: 3000}}}]}) { name } }`,
		`{ people(orderBy: [{salary: DESC}]) { name } }`,
		`{ peopleConnection(orderBy: [{salary: DESC}]) { edges { cursor } } }`,
		`{ peopleConnection(where: {salary: {gt: 3000}}) { totalCount } }`,
		`{ peopleAggregate(where: {salary: {gt: 3000}}) { count } }`,
		`{ peopleGroups(by: [salary]) { count } }`,
		`{ peopleGroups(by: [name], having: {max: {salary: {gt: 3}}}) { count } }`,
		`{ peopleGroups(by: [name], orderBy: [{max: {salary: DESC}}]) { count } }`,
		`{ teams(where: {people: {some: {salary: {gt: 3}}}}) { name } }`,
		`{ teams(where: {people: {max: {salary: {gt: 3}}}}) { name } }`,
		`{ teams(orderBy: [{people: {max: {salary: DESC}}}]) { name } }`,
		`{ teams { people(where: {salary: {gt: 3}}) { name } } }`,
		`{ people(where: {reviews: {some: {grade: {gt: 3}}}}) { name } }`,
		`{ people(where: {reviews: {count: {gt: 3}}}) { name } }`,
		`{ people(orderBy: [{reviews: {count: DESC}}]) { name } }`,
		`mutation { raise(input: {id: 1, amount: 5, silent: false}) { name } }`,
		`mutation ($i: RaiseInput!) { raise(input: $i) { name } }`,
	} {
		variables := map[string]any{}
		if strings.Contains(query, "$i") {
			variables["i"] = map[string]any{"id": 1, "amount": 5, "silent": true}
		}
		a := s.Counted(t, 0, 0, query, variables, "X-Badge", "x editor")
		if a.Status != http.StatusForbidden || a.Code() != "FORBIDDEN" || a.Data != nil {
			t.Errorf("%s: status %d: %s", query, a.Status, a.Body)
		}
		if a := s.Send(t, query, variables, "X-Badge", "x admin"); a.Status != http.StatusOK || len(a.Errors) > 0 {
			t.Errorf("%s as admin: %s", query, a.Body)
		}
	}
}

// TestHideForbidden: for whoever may not read a field, it is not there.
func TestHideForbidden(t *testing.T) {
	t.Parallel()
	s := serveStaff(t, fraiseql.Options{HideForbidden: true})
	const introspect = `{
		person: __type(name: "Person") { fields { name } } where: __type(name: "PersonWhereInput") { inputFields { name } }
		order: __type(name: "PersonOrderByInput") { inputFields { name } } review: __type(name: "Review") { name }
		by: __type(name: "PersonGroupField") { enumValues { name } } raise: __type(name: "RaiseInput") { inputFields { name } }
		__schema { types { name } mutationType { fields { name } } queryType { fields { name } } } }`
	low, high := s.Send(t, introspect, nil, "X-Badge", "x"), s.Send(t, introspect, nil, "X-Badge", "x admin")
	for _, name := range []string{"salary", "note", "judged", "Review", "ReviewWhereInput", "forget", "silent", "reviews", "reviewsAggregate"} {
		if quoted := `"` + name + `"`; strings.Contains(string(low.Body), quoted) || !strings.Contains(string(high.Body), quoted) {
			t.Errorf("%s is seen by everybody, or by nobody:\n%s\n%s", name, low.Body, high.Body)
		}
	}
	for _, query := range []string{`{ people { salary } }`, `{ people { name } reviews { id } }`, `{ people(where: {salary: {gt: 1}}) { name } }`, `mutation { forget(input: {id: 1}) }`} {
		a := s.Counted(t, 0, 0, query, nil, "X-Badge", "x")
		if a.Code() != "GRAPHQL_VALIDATION_FAILED" || a.Data != nil || !strings.Contains(string(a.Body), "there is no field") {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	if a := s.Send(t, `{ people { salari } }`, nil, "X-Badge", "x"); strings.Contains(string(a.Body), "salary") {
		t.Errorf("a message gives the name away: %s", a.Body)
	}
	resp, err := http.Get(s.URL + "/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("/schema.graphql shows everybody the whole: status %d", resp.StatusCode)
	}
	if open := serveStaff(t, fraiseql.Options{}).Send(t, introspect, nil, "X-Badge", "x"); !strings.Contains(string(open.Body), `"salary"`) {
		t.Error("without the option the field is not seen either")
	}
}

// tenantOnly lets each principal read the rows of its own tenant.
func tenantOnly(ctx context.Context, a auth.Access) (auth.Decision, error) {
	if a.Type == "" || a.Field != "" {
		return auth.Allow(), nil
	}
	tenant, _ := auth.FromContext(ctx).Claim("tenant")
	return auth.Columns(map[string]any{"tenant": tenant}), nil
}

// TestMandatoryFilter: no kind of query sees other rows than those that the authorizer's filter allows; the column is not even
// served. Requests of two tenants share their plans, in turn and at once.
func TestMandatoryFilter(t *testing.T) {
	t.Parallel()
	o := fraiseql.Options{
		Authorizer: auth.AuthorizerFunc(tenantOnly), ConnectionPoolSize: 2, ConnectionPoolMaxOverflow: -1, GlobalNode: "nodeId",
		Types: []fraiseql.Type{fraiseql.Object[member]("v_member", fraiseql.ObjectOptions{Name: "Member"})},
		Queries: []fraiseql.Query{fraiseql.Resolve("described", func(context.Context, struct{}) (*fraiseql.Rows[member], error) {
			return fraiseql.From[member]("v_member"), nil
		})},
	}
	s := serveStaff(t, o)
	kinds := []string{
		`{ people { name } }`,
		`{ a: person(id: 1) { name } b: person(id: 2) { name } }`,
		`{ peopleAggregate { count countDistinct { name } min { name } } teamsAggregate { count } }`,
		`{ peopleGroups(by: [name]) { key { name } } }`,
		`{ peopleConnection(first: 2) { nodes { name } totalCount pageInfo { hasNextPage } } }`,
		`{ peopleConnection(last: 1) { edges { node { name team { name people { name } } } } totalCount } }`,
		`{ teams { name people { name } peopleAggregate { count } peopleConnection { totalCount nodes { name } } } }`,
		`{ people(where: {team: {name: {neq: "x"}}}, orderBy: [{team: {name: DESC}}]) { name } }`,
		`{ teams(where: {people: {some: {name: {neq: "x"}}}}, orderBy: [{people: {count: DESC}}]) { name } }`,
		`{ personDocs(where: {name: {neq: "x"}}) { name } personDoc(id: 3) { name } }`,
		`{ described { name } }`,
		`mutation { raise(input: {id: 1, amount: 0}) { name } }`,
	}
	others := map[string][]string{"a": {"P2", "P4", "P6", "Blue", `"count":6`, `"totalCount":6`}, "b": {"P1", "P3", "P5", "Red", `"count":6`, `"totalCount":6`}}
	alone := map[string]string{}
	for _, query := range kinds {
		for tenant := range others {
			a := s.Send(t, query, nil, "X-Badge", tenant)
			if alone[tenant+query] = string(a.Data); a.Status != 200 || len(a.Errors) > 0 {
				t.Fatalf("%s as %s: %s", query, tenant, a.Body)
			}
		}
	}
	if want := `{"teams":[{"name":"Red","people":[{"name":"P1"},{"name":"P3"},{"name":"P5"}],"peopleAggregate":{"count":3},"peopleConnection":{"totalCount":3,"nodes":[{"name":"P1"},{"name":"P3"},{"name":"P5"}]}}]}`; alone["a"+kinds[6]] != want {
		t.Errorf("got %s", alone["a"+kinds[6]])
	}
	if alone["a"+kinds[11]] != `{"raise":{"name":"P1"}}` || alone["b"+kinds[11]] != `{"raise":null}` {
		t.Errorf("after a mutation: %s, %s", alone["a"+kinds[11]], alone["b"+kinds[11]])
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 120 {
				tenant := []string{"a", "b"}[(worker+i)%2]
				query := kinds[(worker*120+i/2)%len(kinds)]
				a := s.Send(t, query, nil, "X-Badge", tenant)
				if string(a.Data) != alone[tenant+query] {
					t.Errorf("%s as %s: %s", query, tenant, a.Body)
					return
				}
				for _, foreign := range others[tenant] {
					if strings.Contains(string(a.Data), foreign) {
						t.Errorf("%s as %s sees %s: %s", query, tenant, foreign, a.Body)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for _, query := range kinds[:11] { // a claim that is missing equals nothing
		a := s.Send(t, query, nil)
		for _, name := range []string{`"P`, "Red", "Blue"} {
			if strings.Contains(string(a.Data), name) {
				t.Errorf("%s as nobody sees %s: %s", query, name, a.Data)
			}
		}
	}
	// A global id of another tenant's row leads nowhere.
	var id struct{ Person struct{ NodeID string } }
	if err := json.Unmarshal(s.Send(t, `{ person(id: 2) { nodeId } }`, nil, "X-Badge", "b").Data, &id); err != nil {
		t.Fatal(err)
	}
	if a := s.Send(t, `query ($id: ID!) { node(id: $id) { ... on Person { name } } }`, map[string]any{"id": id.Person.NodeID}, "X-Badge", "a"); string(a.Data) != `{"node":null}` {
		t.Errorf("by its global id: %s", a.Body)
	}
}

type member struct {
	ID   fraiseql.ID
	Name string
}

func TestAuthorizer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := serveStaff(t, fraiseql.Options{Authorizer: auth.AuthorizerFunc(func(ctx context.Context, a auth.Access) (auth.Decision, error) {
		asked.Add(1)
		who := auth.FromContext(ctx)
		switch {
		case a.Operation == "Secret":
			return auth.Deny("this operation is for others"), nil
		case a.Mutation && a.Type == "" && !who.Has("writer"):
			return auth.Decision{}, nil
		case a.Operation == "Broken":
			return auth.Decision{}, errors.New("the policy server is away")
		case a.Operation == "Told":
			return auth.Decision{}, &fraiseql.Error{Code: "QUOTA", Message: "come back tomorrow"}
		case a.Operation == "Column":
			return auth.Columns(map[string]any{"colour": "red"}), nil
		case a.Type == "Person" && a.Field == "name":
			return auth.Deny(""), nil
		case a.Type == "Team" && a.Field == "":
			return auth.Where(map[string]any{"OR": []any{map[string]any{"name": map[string]any{"eq": who.Subject}}, map[string]any{"people": map[string]any{"some": map[string]any{"salary": map[string]any{"gt": 5500}}}}}}), nil
		case a.Type == "PersonDoc" && a.Field == "":
			return auth.Deny(""), nil
		}
		return auth.Allow(), nil
	})})
	for _, c := range []struct {
		badge, query, data, errors string
		status                     int
	}{
		{"x", `query Secret { people { id } }`, ``, `FORBIDDEN`, 403},
		{"x admin", `mutation { forget(input: {id: 99}) }`, ``, `FORBIDDEN`, 403},
		{"x admin writer", `mutation { forget(input: {id: 99}) }`, `{"forget":true}`, ``, 200},
		{"x", `query Broken { people { id } }`, ``, `INTERNAL`, 500},
		{"x", `query Told { people { id } }`, ``, `QUOTA`, 0},
		{"x", `query Column { people { id } }`, ``, `INTERNAL`, 500},
		{"x", `{ people(limit: 1) { id name } teams { name } }`, `{"people":null,"teams":[{"name":"Blue"}]}`, `people.0.name FORBIDDEN`, 200},
		{"Red", `{ teams { name people(limit: 1) { id } } }`, `{"teams":[{"name":"Red","people":[{"id":"1"}]},{"name":"Blue","people":[{"id":"2"}]}]}`, ``, 200},
		{"x", `{ people(where: {name: {eq: "P1"}}) { id } }`, ``, `FORBIDDEN`, 403},
		{"x", `{ personDocs { name } personDocsAggregate { count } }`, `{"personDocs":[],"personDocsAggregate":{"count":0}}`, ``, 200},
	} {
		for range 2 {
			a := s.Send(t, c.query, nil, "X-Badge", c.badge)
			if got := faults(a); string(a.Data) != c.data || got != c.errors || c.status != 0 && a.Status != c.status {
				t.Errorf("%q %s: status %d\n got %s\n     %s\nwant %s\n     %s", c.badge, c.query, a.Status, a.Body, got, c.data, c.errors)
			}
		}
	}
	before := asked.Load()
	s.Send(t, `{ a: people(limit: 1) { id } b: people(limit: 1, offset: 1) { id } }`, nil, "X-Badge", "x")
	if n := asked.Load() - before; n != 4 { // the operation, Query.people, Person.id, the rows of Person
		t.Errorf("asked %d times for one request", n)
	}
	if got := s.Query(t, `{ teams { name } }`, nil, "X-Badge", "Red"); got != `{"teams":[{"name":"Red"},{"name":"Blue"}]}` {
		t.Errorf("in one round trip: %s", got)
	}
}

// TestFilterOfRowsThatAreSeveralTypes: rows of an interface are filtered by what is said of the interface and of their own type,
// from whichever of the two they are read.
func TestFilterOfRowsThatAreSeveralTypes(t *testing.T) {
	t.Parallel()
	o := fraiseql.Options{Auth: badges{}, AllowAnonymous: true, Authorizer: auth.AuthorizerFunc(func(_ context.Context, a auth.Access) (auth.Decision, error) {
		switch {
		case a.Type == "Item" && a.Field == "":
			return auth.Where(map[string]any{"title": map[string]any{"neq": "item"}}), nil
		case a.Type == "Post" && a.Field == "":
			return auth.Columns(map[string]any{"title": "post"}), nil
		}
		return auth.Allow(), nil
	})}
	s := serveOn(t, pgtest.New(t, `
create table item (id int primary key, kind text not null, title text not null, url text);
insert into item values (1, 'post', 'post', null), (2, 'post', 'other', null), (3, 'post', 'item', null), (4, 'link', 'link', 'u'), (5, 'link', 'item', 'u');
create view v_item as select * from item;
comment on view v_item is '@fraiseql:interface
name: Item
type_column: kind
types:
  post: {name: Post, fields: [], queries: {list: posts}}
  link: {name: Link, fields: [url], queries: {list: links}}';`), "", o)
	got := s.Query(t, `{ items { title } posts { title } links { title } itemsAggregate { count } }`, nil, "X-Badge", "x")
	if got != `{"items":[{"title":"post"},{"title":"link"}],"posts":[{"title":"post"}],"links":[{"title":"link"}],"itemsAggregate":{"count":2}}` {
		t.Errorf("got %s", got)
	}
}

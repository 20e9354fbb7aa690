package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// staffSQL is a database with functions of every form.
const staffSQL = `
CREATE TYPE mutation_response AS (status text, message text, entity_id uuid, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
CREATE TYPE mutation_result AS (succeeded boolean, state_changed boolean, error_class text, status_detail text, http_status smallint, message text,
	entity_id uuid, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, error_detail jsonb, metadata jsonb);
CREATE TYPE type_address_input AS (street text, line_2 text, extra jsonb);
CREATE TYPE type_hire_input AS (name text, email text, team_id uuid, salary numeric, tags text[], address type_address_input);
COMMENT ON COLUMN type_hire_input.name IS '@fraiseql:field type=String! description=Full name.';
CREATE TYPE mood AS ENUM ('calm', 'busy');

CREATE TABLE tb_team (pk_team int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE tb_person (
	pk_person int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	name text NOT NULL,
	email text CONSTRAINT person_email UNIQUE,
	team_id uuid CONSTRAINT person_team REFERENCES tb_team (id),
	salary numeric(10,2) CONSTRAINT person_salary CHECK (salary >= 0),
	document jsonb
);
COMMENT ON CONSTRAINT person_email ON tb_person IS 'That address is in use already.';
INSERT INTO tb_team (id, name) VALUES ('11111111-1111-1111-1111-111111111111', 'Blue');

CREATE VIEW v_team AS SELECT id, name FROM tb_team;
COMMENT ON VIEW v_team IS '@fraiseql:type
key: [id]
relations:
  people: {to: Person, by: {id: team_id}, many: true}';
CREATE VIEW v_person AS SELECT id, name, email, team_id, salary, document FROM tb_person;
COMMENT ON VIEW v_person IS '@fraiseql:type
name: Person
key: [id]
relations:
  team: {to: Team, by: {team_id: id}}';

CREATE FUNCTION fn_hire(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE made uuid; r mutation_response;
BEGIN
	INSERT INTO tb_person (name, email, team_id, salary, document)
	VALUES (input->>'name', input->>'email', (input->>'team_id')::uuid, (input->>'salary')::numeric, input) RETURNING id INTO made;
	r.status := 'success'; r.message := 'hired'; r.entity_id := made; r.entity_type := 'Person'; r.updated_fields := ARRAY['name', 'email'];
	r.cascade := jsonb_build_object(
		'updated', jsonb_build_array(jsonb_build_object('__typename', 'Team', 'id', input->>'team_id', 'operation', 'UPDATED', 'entity', jsonb_build_object('some_key', 1))),
		'invalidations', jsonb_build_array(jsonb_build_object('query_name', 'people', 'strategy', 'INVALIDATE', 'scope', 'PREFIX')),
		'metadata', jsonb_build_object('affected_count', 2, 'timestamp', 'now'));
	RETURN r;
END $$;
COMMENT ON FUNCTION fn_hire IS '@fraiseql:mutation
name: hire
description: Takes somebody on.
input_type: type_hire_input
success_type: Person
error_type: StaffError';

CREATE FUNCTION fn_tell(status text, message text DEFAULT NULL, metadata jsonb DEFAULT NULL) RETURNS mutation_response LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tb_team (name) VALUES ('told ' || status);
	RETURN ROW(status, message, NULL, NULL, NULL, NULL, NULL, metadata)::mutation_response;
END $$;
COMMENT ON FUNCTION fn_tell IS '@fraiseql:mutation
name: tell
error_type: StaffError';
CREATE FUNCTION fn_tell_and_keep(status text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT fn_tell(status) $$;
COMMENT ON FUNCTION fn_tell_and_keep IS '@fraiseql:mutation
name: tellAndKeep
error_type: StaffError
commit_on_error: true';

CREATE FUNCTION fn_wide(input jsonb) RETURNS mutation_result LANGUAGE plpgsql AS $$
DECLARE r mutation_result;
BEGIN
	INSERT INTO tb_team (name) VALUES ('wide');
	r.succeeded := (input->>'succeeded')::boolean; r.error_class := input->>'error_class'; r.status_detail := input->>'status_detail';
	r.http_status := (input->>'http_status')::smallint; r.message := input->>'message'; r.error_detail := input->'error_detail';
	r.entity := jsonb_build_object('id', '11111111-1111-1111-1111-111111111111');
	RETURN r;
END $$;
COMMENT ON FUNCTION fn_wide IS '@fraiseql:mutation
name: wide
success_type: Team';

CREATE FUNCTION fn_boom(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tb_team (name) VALUES ('boom');
	RAISE EXCEPTION 'it went wrong' USING HINT = 'secret hint';
END $$;
COMMENT ON FUNCTION fn_boom IS '@fraiseql:mutation
name: boom';

CREATE FUNCTION fn_row(p_name text) RETURNS v_team LANGUAGE plpgsql AS $$
DECLARE r v_team;
BEGIN INSERT INTO tb_team (name) VALUES (p_name) RETURNING id, name INTO r; RETURN r; END $$;
COMMENT ON FUNCTION fn_row IS '@fraiseql:mutation
name: row';
CREATE FUNCTION fn_rows(names text[]) RETURNS SETOF tb_team LANGUAGE sql AS $$ INSERT INTO tb_team (name) SELECT unnest(names) RETURNING * $$;
COMMENT ON FUNCTION fn_rows IS '@fraiseql:mutation
name: rows
success_type: Team';
CREATE FUNCTION fn_json(name text) RETURNS jsonb LANGUAGE sql AS $$ INSERT INTO tb_team (name) VALUES (name) RETURNING jsonb_build_object('id', id) $$;
COMMENT ON FUNCTION fn_json IS '@fraiseql:mutation
name: json
success_type: Team';
CREATE FUNCTION fn_count(a int, b bigint DEFAULT 2, m mood DEFAULT 'calm') RETURNS bigint LANGUAGE sql AS $$ SELECT a + b + CASE m WHEN 'busy' THEN 100 ELSE 0 END $$;
COMMENT ON FUNCTION fn_count IS '@fraiseql:mutation
name: count';
CREATE FUNCTION fn_void() RETURNS void LANGUAGE sql AS $$ INSERT INTO tb_team (name) VALUES ('void') $$;
COMMENT ON FUNCTION fn_void IS '@fraiseql:mutation
name: void';
CREATE FUNCTION fn_composite(a jsonb) RETURNS type_address_input LANGUAGE sql AS $$ SELECT ROW(a::text, 'two', '{"x_y": 1}')::type_address_input $$;
COMMENT ON FUNCTION fn_composite IS '@fraiseql:mutation
name: composite';
CREATE FUNCTION fn_mine(auth_tenant_id text, auth_user_id uuid, input jsonb) RETURNS text LANGUAGE sql AS $$ SELECT auth_tenant_id || '/' || auth_user_id || '/' || (input->>'some_key') $$;
COMMENT ON FUNCTION fn_mine IS '@fraiseql:mutation
name: mine
context_params: [auth_tenant_id, auth_user_id]';
CREATE FUNCTION fn_whom(auth_suffix text, input jsonb) RETURNS text LANGUAGE sql AS $$ SELECT (input->>'name') || auth_suffix $$;
CREATE FUNCTION fn_guarded() RETURNS void LANGUAGE sql AS $$ SELECT 1 $$;
COMMENT ON FUNCTION fn_guarded IS '@fraiseql:mutation
requires: admin';
`

// mutate sends a mutation and fails the test unless it took two round trips for each of its roots, on one lease.
func mutate(t testing.TB, s *site, roots int, query string, variables any, header ...string) apptest.Answer {
	t.Helper()
	return s.Counted(t, 2*roots, 1, query, variables, header...)
}

// same compares JSON, whatever its white space.
func same(t testing.TB, what, got, want string) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(got)); err != nil {
		t.Fatalf("%s: %q: %v", what, got, err)
	}
	apptest.Expect(t, what, compact.String(), want)
}

// count asks the database itself.
func count(t testing.TB, s *site, from string) (n int) {
	t.Helper()
	if err := s.DB.Conn(t).QueryRow(t.Context(), "select count(*) from "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMutationHire: the input's keys go by the database's names, and the entity is read again as a query would read it.
func TestMutationHire(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, staffSQL)
	const hire = `mutation($in: HireInput!) { hire(input: $in) {
		__typename
		... on HireSuccess {
			status message updatedFields id
			person { id name salary email document team { name people { name } } }
			cascade { updated { type id operation entity } deleted { id } invalidations { queryName scope } metadata { affectedCount } }
		}
		... on StaffError { status code errors { identifier } }
	} }`
	a := mutate(t, s, 1, hire, map[string]any{"in": map[string]any{
		"name": "Ada", "teamId": "11111111-1111-1111-1111-111111111111", "salary": "12.50", "tags": []any{"a", nil}, "email": nil,
		"address": map[string]any{"line2": "x", "extra": map[string]any{"someKey": map[string]any{"innerKey": 1}}},
	}})
	var id string
	if err := s.DB.Conn(t).QueryRow(t.Context(), "select id from tb_person").Scan(&id); err != nil {
		t.Fatalf("%s: %v", a.Body, err)
	}
	same(t, "hire", string(a.Data), `{"hire": {
		"__typename": "HireSuccess", "status": "success", "message": "hired", "updatedFields": ["name", "email"], "id": "`+id+`",
		"person": {"id": "`+id+`", "name": "Ada", "salary": "12.50", "email": null,
			"document": {"name": "Ada", "tags": ["a", null], "email": null, "salary": 12.50, "address": {"extra": {"someKey": {"innerKey": 1}}, "line_2": "x"}, "team_id": "11111111-1111-1111-1111-111111111111"},
			"team": {"name": "Blue", "people": [{"name": "Ada"}]}},
		"cascade": {"updated": [{"type": "Team", "id": "11111111-1111-1111-1111-111111111111", "operation": "UPDATED", "entity": {"some_key": 1}}], "deleted": [],
			"invalidations": [{"queryName": "people", "scope": "PREFIX"}], "metadata": {"affectedCount": 2}}
	}}`)
	// Without what is about the entity the second statement is not sent; and of the function's row the cascade is read only when it is
	// selected.
	a = mutate(t, s, 1, `mutation { hire(input: {name: "Bob", email: "b@example.org"}) { ... on HireSuccess { status } } }`, nil)
	same(t, "literal", string(a.Data), `{"hire": {"status": "success"}}`)
	if strings.Contains(strings.Join(s.Link.Statements(), "\n"), "with ordinality") {
		t.Error("the entity was read although nobody asked for it")
	}
	if sent := strings.Join(s.Link.Statements(), "\n"); !strings.Contains(sent, "fn_hire") || strings.Contains(sent, "cascade") || strings.Contains(sent, `"entity"`) {
		t.Errorf("the cascade or the entity was read although nobody asked for it: %s", sent)
	}
	// A missing required field and a wrong type send nothing.
	for _, in := range []string{`{}`, `{name: 1}`, `{name: "x", nope: 1}`, `{name: "x", teamId: "y"}`} {
		if a := s.Counted(t, 0, 0, `mutation { hire(input: `+in+`) { __typename } }`, nil); len(a.Errors) == 0 {
			t.Errorf("%s was accepted: %s", in, a.Body)
		}
	}
}

// TestMutationStatuses is the whole status table, in both spellings: what an error wrote is gone.
func TestMutationStatuses(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, staffSQL)
	before := count(t, s, "tb_team")
	for _, c := range []struct {
		status     string
		code       int // 0: a success
		identifier string
	}{
		{"success", 0, ""},
		{"new", 0, ""},
		{"created", 0, ""},
		{"updated", 0, ""},
		{"deleted", 0, ""},
		{"SUCCESS", 0, ""},
		{"noop:unchanged", 422, "unchanged"},
		{"noop", 422, "noop"},
		{"validation:too_short", 422, "too_short"},
		{"failed:validation", 422, "validation"},
		{"not_found:user", 404, "user"},
		{"failed:not_found", 404, "not_found"},
		{"unauthorized:x", 401, "x"},
		{"failed:unauthorized", 401, "unauthorized"},
		{"forbidden:x", 403, "x"},
		{"failed:forbidden", 403, "forbidden"},
		{"conflict:x", 409, "x"},
		{"failed:conflict", 409, "conflict"},
		{"timeout:x", 408, "x"},
		{"failed:timeout", 408, "timeout"},
		{"failed", 500, "general_error"},
		{"failed:x", 500, "x"},
		{"error:x", 500, "x"},
		{"blocked:x", 500, "x"},
		{"anything", 500, "general_error"},
		{"other:x", 500, "x"},
		{"", 500, "general_error"},
	} {
		a := mutate(t, s, 1, `mutation($s: String!) { tell(input: {status: $s, message: "m"}) { __typename ... on TellSuccess { status } ... on StaffError { status message code errors { code identifier message details } } } }`,
			map[string]any{"s": c.status})
		want := fmt.Sprintf(`{"tell": {"__typename": "TellSuccess", "status": %q}}`, c.status)
		if c.code != 0 {
			status := c.status
			if status == "" {
				status = "failed"
			}
			want = fmt.Sprintf(`{"tell": {"__typename": "StaffError", "status": %q, "message": "m", "code": %d, "errors": [{"code": %d, "identifier": %q, "message": "m", "details": null}]}}`, status, c.code, c.code, c.identifier)
		} else {
			before++
		}
		same(t, c.status, string(a.Data), want)
		if got := count(t, s, "tb_team"); got != before {
			t.Errorf("%q: the table has %d rows, want %d", c.status, got, before)
			before = got
		}
	}
	a := mutate(t, s, 1, `mutation { tellAndKeep(input: {status: "conflict:x"}) { ... on StaffError { code } } }`, nil)
	same(t, "commit_on_error", string(a.Data), `{"tellAndKeep": {"code": 409}}`)
	if got := count(t, s, "tb_team"); got != before+1 {
		t.Errorf("commit_on_error: the table has %d rows, want %d", got, before+1)
	}
	a = mutate(t, s, 1, `mutation($m: JSON) { tell(input: {status: "failed:validation", metadata: $m}) { ... on StaffError { code errors { code identifier message details } } } }`,
		map[string]any{"m": map[string]any{"errors": []any{map[string]any{"code": 1, "identifier": "a", "message": "b", "details": map[string]any{"field": "c"}}, map[string]any{"message": "d"}}}})
	same(t, "errors verbatim", string(a.Data), `{"tell": {"code": 422, "errors": [{"code": 1, "identifier": "a", "message": "b", "details": {"field": "c"}}, {"code": null, "identifier": null, "message": "d", "details": null}]}}`)
	a = mutate(t, s, 1, `mutation($m: JSON) { tell(input: {status: "failed:validation", metadata: $m}) { ... on StaffError { code errors { code message details } } } }`,
		map[string]any{"m": map[string]any{"errors": []any{"too \"short\"", map[string]any{"message": "d"}, []any{1}, nil, 7}}})
	same(t, "errors of other kinds", string(a.Data), `{"tell": {"code": 422, "errors": [{"code": null, "message": "too \"short\"", "details": null}, {"code": null, "message": "d", "details": null},
		{"code": null, "message": null, "details": [1]}, {"code": null, "message": null, "details": null}, {"code": null, "message": null, "details": 7}]}}`)
}

func TestMutationForms(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, staffSQL)
	for _, c := range []struct{ query, want string }{
		{`wide(input: {succeeded: true}) { ... on WideSuccess { status message team { name } } }`, `{"status": "success", "message": null, "team": {"name": "Blue"}}`},
		{
			`wide(input: {succeeded: false, errorClass: "not_found", message: "gone", errorDetail: {anyKey: 1}}) { ... on WideError { status code message errors { code identifier details } } }`,
			`{"status": "failed:not_found", "code": 404, "message": "gone", "errors": [{"code": 404, "identifier": "not_found", "details": {"any_key": 1}}]}`,
		},
		{`wide(input: {succeeded: false, httpStatus: 418, statusDetail: "teapot"}) { ... on WideError { status code } }`, `{"status": "teapot", "code": 418}`},
		{`wide(input: {succeeded: false}) { ... on WideError { status code } }`, `{"status": "failed", "code": 500}`},
		{`wide(input: {succeeded: null, errorClass: "conflict"}) { ... on WideError { status code } }`, `{"status": "failed:conflict", "code": 409}`},
		{`wide(input: {}) { ... on WideError { status code } }`, `{"status": "failed", "code": 500}`},
		{`row(input: {name: "Row"}) { name people { name } }`, `{"name": "Row", "people": []}`},
		{`rows(input: {names: ["A", "B"]}) { name }`, `[{"name": "A"}, {"name": "B"}]`},
		{`rows(input: {names: []}) { name }`, `[]`},
		{`json(input: {name: "Json"}) { __typename name }`, `{"__typename": "Team", "name": "Json"}`},
		{`count(input: {a: 1})`, `"3"`},
		{`count(input: {a: 1, b: 5, m: busy})`, `"106"`},
		{`void`, `true`},
		{`composite(input: {line2: [{aB: 1}]}) { line2 extra street }`, `{"line2": "two", "extra": {"x_y": 1}, "street": "{\"line_2\": [{\"a_b\": 1}]}"}`},
	} {
		a := mutate(t, s, 1, "mutation { it: "+c.query+" }", nil)
		same(t, c.query, string(a.Data), `{"it": `+c.want+`}`)
	}
	a := mutate(t, s, 1, `mutation($n: [String!]!) { rows(input: {names: $n}) { name } }`, map[string]any{"n": []string{"C", `D"`}})
	same(t, "a list as a variable", string(a.Data), `{"rows": [{"name": "C"}, {"name": "D\""}]}`)
	if got := count(t, s, "tb_team where name = 'wide'"); got != 1 {
		t.Errorf("%d rows of the wide form are left, want that of its success", got)
	}
	a = s.Counted(t, 0, 0, `mutation { guarded }`, nil)
	if a.Code() != "FORBIDDEN" || string(a.Data) != `{"guarded":null}` {
		t.Errorf("a guarded function is served: %s", a.Body)
	}
}

// TestMutationContext: what the request's own context gives, no client can choose.
func TestMutationContext(t *testing.T) {
	t.Parallel()
	o := fraiseql.Options{
		Auth: auth.InsecureDevAuth{Username: "22222222-2222-2222-2222-222222222222", Password: "p"}, AllowAnonymous: true,
		Session: func(ctx context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"app.tenant_id": "t1"}}, nil
		},
	}
	s := serve(t, o, staffSQL)
	const mine = `mutation { mine(input: {someKey: 7}) }`
	if a := s.Counted(t, 0, 0, mine, nil); a.Code() != "UNAUTHENTICATED" {
		t.Errorf("anonymous: %s", a.Body)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	req.SetBasicAuth("22222222-2222-2222-2222-222222222222", "p")
	a := mutate(t, s, 1, mine, nil, "Authorization", req.Header.Get("Authorization"))
	same(t, "mine", string(a.Data), `{"mine": "t1/22222222-2222-2222-2222-222222222222/7"}`)
}

// TestMutationsInOrder: each has its own transaction, and one that fails undoes itself only.
func TestMutationsInOrder(t *testing.T) {
	t.Parallel()
	const three = `mutation { __typename a: row(input: {name: "a"}) { name } boom(input: {}) { __typename } tell(input: {status: "failed"}) { __typename } b: rows(input: {names: ["b"]}) { name } }`
	s := serve(t, fraiseql.Options{}, staffSQL)
	a := mutate(t, s, 4, three, nil)
	same(t, "in order", string(a.Data), `{"__typename": "Mutation", "a": {"name": "a"}, "boom": null, "tell": {"__typename": "StaffError"}, "b": [{"name": "b"}]}`)
	if len(a.Errors) != 1 || a.Code() != "BAD_USER_INPUT" || a.Errors[0].Message != "it went wrong" || fmt.Sprint(a.Errors[0].Path) != "[boom]" || strings.Contains(string(a.Body), "hint") {
		t.Errorf("got %s", a.Body)
	}
	if got := count(t, s, "tb_team"); got != 3 {
		t.Errorf("%d teams, want 3", got)
	}

	all := serve(t, fraiseql.Options{MutationsAllOrNothing: true}, staffSQL)
	a = all.Counted(t, 3, 1, three, nil)
	same(t, "all or nothing", string(a.Data), `{"__typename": "Mutation", "a": null, "boom": null, "tell": null, "b": null}`)
	if len(a.Errors) != 4 || !strings.Contains(a.Errors[0].Message, "boom failed") || a.Errors[1].Message != "it went wrong" {
		t.Errorf("got %s", a.Body)
	}
	if got := count(t, all, "tb_team"); got != 1 {
		t.Errorf("%d teams, want 1", got)
	}
	a = all.Counted(t, 3, 1, `mutation { a: row(input: {name: "a"}) { name } b: row(input: {name: "b"}) { name } }`, nil)
	same(t, "both", string(a.Data), `{"a": {"name": "a"}, "b": {"name": "b"}}`)
	a = all.Counted(t, 3, 1, `mutation { a: row(input: {name: "a"}) { name } tell(input: {status: "conflict:x"}) { ... on StaffError { code } } }`, nil)
	same(t, "an error's own answer stays", string(a.Data), `{"a": null, "tell": {"code": 409}}`)
	if got := count(t, all, "tb_team"); got != 3 {
		t.Errorf("%d teams, want 3", got)
	}
}

// TestMutationByGet is refused, and nothing is sent.
func TestMutationByGet(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, staffSQL)
	resp, err := http.Get(s.URL + "/graphql?query=mutation%7Bvoid%7D") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || count(t, s, "tb_team") != 1 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// TestMutationIntrospection: the mutation type is told.
func TestMutationIntrospection(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, staffSQL)
	data := s.Send(t, `{ __schema { mutationType { name } } __type(name: "HireResult") { kind possibleTypes { name } } in: __type(name: "HireInput") { inputFields { name type { kind } } } }`, nil).Data
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{`"mutationType":{"name":"Mutation"}`, `"possibleTypes":[{"name":"HireSuccess"},{"name":"StaffError"}]`, `{"name":"name","type":{"kind":"NON_NULL"}}`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

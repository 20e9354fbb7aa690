package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const seenSQL = `
CREATE TYPE mutation_response AS (status text, message text, entity_id text, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
CREATE TYPE mutation_result AS (succeeded boolean, state_changed boolean, error_class text, status_detail text, http_status smallint, message text,
	entity_id text, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, error_detail jsonb, metadata jsonb);
CREATE TYPE type_inner_input AS (zip_2 text, extra jsonb);
CREATE TYPE type_given_input AS (line_2 text, extra jsonb, other text, inner_one type_inner_input, many type_inner_input[]);
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TYPE pair AS (left_one text, doc jsonb);
CREATE TABLE tb_seen (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc jsonb);
CREATE VIEW v_seen AS SELECT id, doc, id % 2 = 0 AS even FROM tb_seen;
COMMENT ON VIEW v_seen IS '@fraiseql:type
name: Seen
key: [id]
relations: {again: {to: Seen, by: {id: id}}}';
`

// taken are the forms of a function's arguments, what a client sends into each, and what the function then has.
var taken = []struct{ name, args, doc, note, sent, seen string }{
	{"Nothing", "", "'null'::jsonb", "", "", `null`},
	{
		"Bare", "input jsonb", "input", "", `(input: {dns1Id: 1, aB: {cD2e: null, x_y: [{zZ: "aB"}]}, already_1: true})`,
		`{"a_b": {"x_y": [{"z_z": "aB"}], "c_d_2e": null}, "dns_1_id": 1, "already_1": true}`,
	},
	{
		"Described", "input jsonb", "input", "input_type: type_given_input", `(input: {line2: null, extra: {keepMe: {x1Y: 1}}, innerOne: {zip2: "z", extra: [{aB: 1}]}, many: [{zip2: null}, null]})`,
		`{"many": [{"zip_2": null}, null], "extra": {"keepMe": {"x1Y": 1}}, "line_2": null, "inner_one": {"extra": [{"aB": 1}], "zip_2": "z"}}`,
	},
	{
		"Typed", "line_2 text DEFAULT 'd', p_n int DEFAULT 7, extra jsonb DEFAULT NULL, inner_one type_inner_input DEFAULT NULL", "jsonb_build_object('line_2', line_2, 'n', p_n, 'extra', extra, 'zip', (inner_one).zip_2, 'inner', (inner_one).extra)",
		"", `(input: {line2: null, extra: {keepMe: 1}, innerOne: {zip2: "z", extra: {bC: 1}}})`, `{"n": 7, "zip": "z", "extra": {"keepMe": 1}, "inner": {"bC": 1}, "line_2": null}`,
	},
	{"ContextAndBare", "auth_tenant_id text, input jsonb", "input || jsonb_build_object('tenant', auth_tenant_id)", "context_params: [auth_tenant_id]", `(input: {aB: 1})`, `{"a_b": 1, "tenant": "t1"}`},
	{"ContextAndTyped", "auth_tenant_id text, line_2 text", "jsonb_build_object('line_2', line_2, 'tenant', auth_tenant_id)", "context_params: {auth_tenant_id: app.tenant_id}", `(input: {line2: "x"})`, `{"line_2": "x", "tenant": "t1"}`},
	{"TypedAndDocument", "line_2 text, input jsonb", "input || jsonb_build_object('beside', line_2)", "input_type: type_given_input", `(line2: "x", input: {other: "o"})`, `{"other": "o", "beside": "x"}`},
	{
		"All", "auth_tenant_id text, line_2 text, input jsonb, p_n int DEFAULT 7", "input || jsonb_build_object('beside', line_2, 'n', p_n, 'tenant', auth_tenant_id)", "input_type: type_given_input\ncontext_params: [auth_tenant_id]",
		`(input: {}, line2: "x")`, `{"n": 7, "beside": "x", "tenant": "t1"}`,
	},
}

// given are the forms of what a function returns, and the answer: %[1]s is what the function has seen, %[2]s the name of the
// field's type, %[3]s that of the entity.
var given = []struct{ name, returns, body, note, selection, want string }{
	{
		"Response", "mutation_response", "RETURN ROW('updated', 'm', made.id, 'Seen', jsonb_build_object('id', made.id), ARRAY['doc'], NULL, '{}')::mutation_response;", "success_type: Seen",
		`{ __typename ... on %[2]sSuccess { status message updatedFields seen { doc again { doc } } } ... on %[2]sError { code } }`,
		`{"__typename": "%[2]sSuccess", "status": "updated", "message": "m", "updatedFields": ["doc"], "seen": {"doc": %[1]s, "again": {"doc": %[1]s}}}`,
	},
	{
		"Untyped", "mutation_response", "RETURN ROW('success', NULL, made.id, NULL, jsonb_build_object('some_key', made.doc), NULL, NULL, NULL)::mutation_response;", "",
		`{ ... on %[2]sSuccess { message entity updatedFields cascade { updated { id } } } }`, `{"message": null, "entity": {"some_key": %[1]s}, "updatedFields": null, "cascade": null}`,
	},
	{
		"Wide", "mutation_result", "RETURN ROW(true, true, NULL, 'made', 201, 'm', NULL, 'Seen', jsonb_build_object('id', made.id), NULL, NULL, NULL, NULL)::mutation_result;", "success_type: Seen",
		`{ ... on %[2]sSuccess { status message seen { doc } } }`, `{"status": "made", "message": "m", "seen": {"doc": %[1]s}}`,
	},
	{
		"Document", "jsonb", "RETURN jsonb_build_object('status', 'new', 'message', 'm', 'entity_id', made.id);", "success_type: Seen\nerror_type: DocumentError",
		`{ ... on %[2]sSuccess { status seen { doc } } ... on DocumentError { code } }`, `{"status": "new", "seen": {"doc": %[1]s}}`,
	},
	{"Entity", "v_seen", "RETURN (SELECT v FROM v_seen AS v WHERE v.id = made.id);", "", `{ doc again { doc } }`, `{"doc": %[1]s, "again": {"doc": %[1]s}}`},
	{"Row", "tb_seen", "RETURN made;", "success_type: Seen", `{ __typename doc even }`, `{"__typename": "Seen", "doc": %[1]s, "even": %[3]s}`},
	{"NoRow", "v_seen", "RETURN NULL;", "", `{ doc }`, `null`},
	{"Key", "jsonb", "RETURN jsonb_build_object('id', made.id);", "success_type: Seen", `{ doc }`, `{"doc": %[1]s}`},
	{"Rows", "SETOF v_seen", "RETURN NEXT (SELECT v FROM v_seen AS v WHERE v.id = made.id); RETURN NEXT (SELECT v FROM v_seen AS v WHERE v.id = made.id);", "", `{ doc }`, `[{"doc": %[1]s}, {"doc": %[1]s}]`},
	{"NoRows", "SETOF v_seen", "RETURN;", "", `{ doc }`, `[]`},
	{"Table", "TABLE (id int, doc jsonb)", "RETURN QUERY SELECT made.id, made.doc;", "success_type: Seen", `{ doc }`, `[{"doc": %[1]s}]`},
	{"Json", "jsonb", "RETURN made.doc;", "", ``, `%[1]s`},
	{"Scalar", "bigint", "RETURN 9007199254740993;", "", ``, `"9007199254740993"`},
	{"NoScalar", "text", "RETURN NULL;", "", ``, `null`},
	{"Scalars", "SETOF int", "RETURN NEXT 1; RETURN NEXT 2;", "", ``, `[1, 2]`},
	{"Enum", "mood", "RETURN 'busy';", "", ``, `"busy"`},
	{"Array", "text[]", `RETURN ARRAY['a', 'b"'];`, "", ``, `["a", "b\""]`},
	{"Composite", "pair", "RETURN ROW('l', made.doc)::pair;", "", `{ leftOne doc }`, `{"leftOne": "l", "doc": %[1]s}`},
	{"Composites", "SETOF pair", "RETURN NEXT ROW('l', made.doc)::pair;", "", `{ leftOne doc }`, `[{"leftOne": "l", "doc": %[1]s}]`},
	{"Void", "void", "RETURN;", "", ``, `true`},
}

// TestMutationMatrix: every form of arguments with every form of results, each in two round trips on one lease.
func TestMutationMatrix(t *testing.T) {
	t.Parallel()
	var sql strings.Builder
	sql.WriteString(seenSQL)
	for _, in := range taken {
		for _, out := range given {
			fmt.Fprintf(&sql, "CREATE FUNCTION fn_%s_%s(%s) RETURNS %s LANGUAGE plpgsql AS $$\n#variable_conflict use_column\nDECLARE made tb_seen;\nBEGIN INSERT INTO tb_seen (doc) VALUES (%s) RETURNING * INTO made; %s END $$;\n",
				in.name, out.name, in.args, out.returns, in.doc, out.body)
			fmt.Fprintf(&sql, "COMMENT ON FUNCTION fn_%s_%s IS '@fraiseql:mutation\nname: do%s%s\n%s\n%s';\n", in.name, out.name, in.name, out.name, in.note, out.note)
		}
	}
	s := serve(t, fraiseql.Options{Session: tenantOne}, sql.String())
	conn := s.DB.Conn(t)
	for _, in := range taken {
		for _, out := range given {
			field, title := "do"+in.name+out.name, "Do"+in.name+out.name
			selection := out.selection
			if strings.Contains(selection, "%") {
				selection = fmt.Sprintf(strings.ReplaceAll(selection, "%[2]s", "%[1]s"), title)
			}
			a := mutate(t, s, 1, "mutation { it: "+field+in.sent+" "+selection+" }", nil)
			var id int
			var seen string
			if err := conn.QueryRow(t.Context(), "select id, doc from tb_seen order by id desc limit 1").Scan(&id, &seen); err != nil {
				t.Fatalf("%s: %v: %s", field, err, a.Body)
			}
			apptest.Expect(t, field+" has", compacted(t, seen), in.seen)
			want := out.want
			for mark, with := range map[string]string{"%[1]s": in.seen, "%[2]s": title, "%[3]s": fmt.Sprint(id%2 == 0)} {
				want = strings.ReplaceAll(want, mark, with)
			}
			apptest.Expect(t, field, compacted(t, string(a.Data)), `{"it": `+want+`}`)
		}
	}
}

func tenantOne(context.Context) (auth.Settings, error) {
	return auth.Settings{Values: map[string]string{"app.tenant_id": "t1"}}, nil
}

// compacted is JSON without white space.
func compacted(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text)); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out.String()
}

// TestMutationInputKeys: the keys of an input that is all JSON become the database's at every level, those inside a field of the
// type JSON never, whether they come as literals or in variables; what was not sent is not there, and null is null.
func TestMutationInputKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, seenSQL, `
CREATE FUNCTION fn_bare(input jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT input $$;
COMMENT ON FUNCTION fn_bare IS '@fraiseql:mutation';
CREATE FUNCTION fn_described(input jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT input $$;
COMMENT ON FUNCTION fn_described IS '@fraiseql:mutation
input_type: type_given_input';
CREATE FUNCTION fn_default(input jsonb DEFAULT '{"by": "default"}') RETURNS jsonb LANGUAGE sql AS $$ SELECT coalesce(input, '"null"') $$;
COMMENT ON FUNCTION fn_default IS '@fraiseql:mutation';
CREATE FUNCTION fn_absent(a text DEFAULT 'default', b jsonb DEFAULT '"default"') RETURNS text LANGUAGE sql AS $$ SELECT concat_ws('/', coalesce(a, 'null'), coalesce(b::text, 'null')) $$;
COMMENT ON FUNCTION fn_absent IS '@fraiseql:mutation';`)
	for _, c := range []struct{ bare, want string }{
		{`{"dns1Id": 1}`, `{"dns_1_id": 1}`},
		{`{"dns_1_id": 1}`, `{"dns_1_id": 1}`},
		{`{"aBC": 1, "URL": 2, "Name": 3}`, `{"name": 3, "a_b_c": 1, "u_r_l": 2}`},
		{`{"ipv4": 1, "ipv46x": 2, "x2Y3": 3, "_private": 4, "1st": 5, "a-b c": 6, "": 7}`, `{"": 7, "1st": 5, "a-b c": 6, "ipv_4": 1, "ipv_46x": 2, "x_2_y_3": 3, "_private": 4}`},
		{`{"aB": [{"cD": [[{"eF": null}]]}], "value": "someText", "n": 1.50}`, `{"n": 1.50, "a_b": [{"c_d": [[{"e_f": null}]]}], "value": "someText"}`},
		{`{"caf\u00e9Noir": 1, "q\"Uote": 2}`, `{"q\"_uote": 2, "café_noir": 1}`},
		{`[]`, `[]`},
		{`{}`, `{}`},
		{`"aB"`, `"aB"`},
		{`3`, `3`},
	} {
		a := mutate(t, s, 1, `mutation($in: JSON!) { bare(input: $in) }`, map[string]any{"in": json.RawMessage(c.bare)})
		apptest.Expect(t, c.bare, compacted(t, string(a.Data)), `{"bare": `+c.want+`}`)
	}
	for _, c := range []struct{ query, variables, want string }{
		{`($in: GivenInput!) { it: described(input: $in) }`, `{"in": {"extra": {"aB": {"c1D": null}}, "innerOne": {"zip2": null, "extra": "aB"}, "many": []}}`, `{"many": [], "extra": {"aB": {"c1D": null}}, "inner_one": {"extra": "aB", "zip_2": null}}`},
		{`($l: String, $e: JSON) { it: described(input: {line2: $l, extra: $e, other: null}) }`, `{"e": {"aB": 1}}`, `{"extra": {"aB": 1}, "other": null}`},
		{`($l: String, $e: JSON) { it: described(input: {line2: $l, extra: $e}) }`, `{"l": null, "e": null}`, `{"extra": null, "line_2": null}`},
		{`{ it: described(input: {}) }`, `{}`, `{}`},
		{`{ it: default }`, `{}`, `{"by": "default"}`},
		{`{ it: default(input: null) }`, `{}`, `"null"`},
		{`($in: JSON) { it: default(input: $in) }`, `{}`, `{"by": "default"}`},
		{`($in: JSON) { it: default(input: $in) }`, `{"in": null}`, `"null"`},
		{`{ it: absent }`, `{}`, `"default/\"default\""`},
		{`{ it: absent(input: {}) }`, `{}`, `"default/\"default\""`},
		{`{ it: absent(input: {a: null, b: null}) }`, `{}`, `"null/null"`},
		{`($a: String, $b: JSON) { it: absent(input: {a: $a, b: $b}) }`, `{"a": "x"}`, `"x/\"default\""`},
		{`($a: String, $b: JSON) { it: absent(input: {a: $a, b: $b}) }`, `{"a": null, "b": {"kK": 1}}`, `"null/{\"kK\": 1}"`},
	} {
		a := mutate(t, s, 1, "mutation"+c.query, json.RawMessage(c.variables))
		apptest.Expect(t, c.query+" "+c.variables, compacted(t, string(a.Data)), `{"it": `+c.want+`}`)
	}
}

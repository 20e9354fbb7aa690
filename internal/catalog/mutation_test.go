package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

// TestMutationProblems: an annotated function that cannot be served is left out, by name and with what to do.
func TestMutationProblems(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{Schemas: []string{"public"}}, `
CREATE TYPE response AS (status text, message text, metadata jsonb, entity_id int);
CREATE TABLE tb_a (id int PRIMARY KEY, name text);
CREATE VIEW v_a AS SELECT id, name FROM tb_a;
COMMENT ON VIEW v_a IS '@fraiseql:type';
CREATE VIEW v_keyless AS SELECT name FROM tb_a;
COMMENT ON VIEW v_keyless IS '@fraiseql:type
queries: {list: keylesses}';
CREATE FUNCTION fn_yaml() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_yaml IS '@fraiseql:mutation
nmae: x';
CREATE FUNCTION fn_query() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_query IS '@fraiseql:query';
CREATE FUNCTION fn_input(input jsonb) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_input IS '@fraiseql:mutation
input_type: type_absent';
CREATE FUNCTION fn_success(input jsonb) RETURNS response LANGUAGE sql AS 'SELECT NULL::response';
COMMENT ON FUNCTION fn_success IS '@fraiseql:mutation
success_type: B';
CREATE FUNCTION fn_context(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_context IS '@fraiseql:mutation
context_params: [b]';
CREATE FUNCTION fn_unnamed(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_unnamed IS '@fraiseql:mutation';
CREATE FUNCTION fn_variadic(VARIADIC a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_variadic IS '@fraiseql:mutation';
CREATE PROCEDURE fn_procedure() LANGUAGE sql AS 'SELECT 1';
COMMENT ON PROCEDURE fn_procedure IS '@fraiseql:mutation';
CREATE FUNCTION fn_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
COMMENT ON FUNCTION fn_trigger IS '@fraiseql:mutation';
CREATE FUNCTION fn_keyless() RETURNS v_keyless LANGUAGE sql AS 'SELECT NULL::v_keyless';
COMMENT ON FUNCTION fn_keyless IS '@fraiseql:mutation';
CREATE FUNCTION fn_no_id() RETURNS TABLE (name text, more text) LANGUAGE sql AS 'SELECT NULL, NULL';
COMMENT ON FUNCTION fn_no_id IS '@fraiseql:mutation
success_type: A';
CREATE FUNCTION fn_columns() RETURNS TABLE (name text, more text) LANGUAGE sql AS 'SELECT NULL, NULL';
COMMENT ON FUNCTION fn_columns IS '@fraiseql:mutation';
CREATE FUNCTION fn_many() RETURNS SETOF response LANGUAGE sql AS 'SELECT NULL::response';
COMMENT ON FUNCTION fn_many IS '@fraiseql:mutation';
CREATE FUNCTION fn_twice() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_twice IS '@fraiseql:mutation
name: served';
CREATE FUNCTION fn_served(a int, b text DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_served IS 'Said in front.
@fraiseql:mutation';
CREATE FUNCTION fn_guarded() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_guarded IS '@fraiseql:mutation
requires: [admin, root]';
`)
	s, problems := discover(t, f)
	got := texts(problems)
	for _, want := range []string{
		`function public.fn_yaml: it is left out: line 2: unknown key "nmae": did you mean name?`,
		`function public.fn_query: @fraiseql:query is not known on a function; write @fraiseql:mutation`,
		`function public.fn_input: it is left out: there is no composite type type_absent for input_type; create it`,
		`function public.fn_success: it is left out: there is no type B for its success; `,
		`function public.fn_context: it is left out: context_params names b, which is no argument of function public.fn_context`,
		`function public.fn_unnamed: it is left out: its argument 1 has no name, and clients need one; give each argument a name`,
		`function public.fn_variadic: it is left out: its argument a is VARIADIC; give it an array instead`,
		`function public.fn_procedure: it is left out: function public.fn_procedure is a procedure`,
		`function public.fn_trigger: it is left out: function public.fn_trigger returns trigger`,
		`function public.fn_keyless: it is left out: its type Keyless has no key`,
		`function public.fn_no_id: it is left out: function public.fn_no_id gives no id, by which the row of A is found again`,
		`function public.fn_columns: it is left out: function public.fn_columns returns columns without a type's name`,
		`function public.fn_many: it is left out: it returns a set of them`,
		`function public.fn_twice: it is left out: there is a mutation served already`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if s.Mutation == nil || len(s.Mutation.Fields) != 2 || !strings.Contains(s.SDL(), "  \"\"\"Said in front.\"\"\"\n  served(input: ServedInput!): Int\n") {
		t.Errorf("got\n%s", s.SDL())
	} else if guarded := s.Mutation.Field("guarded"); guarded == nil || !slices.Equal(guarded.Requires, []string{"admin", "root"}) {
		t.Errorf("the guard of a mutation is lost: %+v", guarded)
	}
}

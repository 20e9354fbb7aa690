package fraiseql_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// notes are a table behind a view that shows what the session's tenant has, and a function that writes.
const notes = people + `
CREATE TABLE tb_note (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, tenant text NOT NULL, text text NOT NULL);
INSERT INTO tb_note (tenant, text) SELECT CASE WHEN n <= 3 THEN 'small' ELSE 'big' END, 'note ' || n FROM generate_series(1, 40) n;
CREATE VIEW v_note AS SELECT id, text FROM tb_note WHERE tenant = current_setting('app.tenant', true);
COMMENT ON VIEW v_note IS '@fraiseql:type';
CREATE TYPE mutation_response AS (status text, message text, entity_id text, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
CREATE FUNCTION fn_add_note(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE made int;
BEGIN
	INSERT INTO tb_note (tenant, text) VALUES (current_setting('app.tenant'), input->>'text') RETURNING id INTO made;
	RETURN ROW('created', 'Kept.', made::text, 'Note', NULL, NULL, NULL, NULL)::mutation_response;
END $$;`

type note struct {
	ID   int `graphql:",key"`
	Text string
}

type (
	AddNoteInput   struct{ Text string }
	AddNoteSuccess struct {
		Message string
		Note    *note
	}
	AddNoteError struct{ Message string }
)

// explained is the extension as an answer has it.
type explained struct {
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
	Extensions struct {
		Cost    *struct{ Estimate float64 }
		Explain *struct {
			PoolWaitMs, HeldMs, PlansMs float64
			Statements                  []struct {
				Field, Part, SQL, Plan, Note string
				Parameters                   []*string
			}
		}
	}
}

// TestExplain: an answer tells the statements behind it, their plans under the request's own settings, and the wait for the
// connection; it needs no second connection for that. Production refuses.
func TestExplain(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, notes).URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1
	o.Types = append(o.Types, fraiseql.Object[note]("v_note", fraiseql.ObjectOptions{Name: "Note"}))
	o.Queries = append(o.Queries, fraiseql.List[note]("notes"), fraiseql.Resolve("one", func(context.Context, struct{}) (int, error) { return 1, nil }))
	o.Mutations = []fraiseql.Mutation{fraiseql.Function[AddNoteInput, AddNoteSuccess, AddNoteError]("addNote", "fn_add_note")}
	o.Session = func(context.Context) (auth.Settings, error) {
		return auth.Settings{Values: map[string]string{"app.tenant": "small"}}, nil
	}
	a := started(t, o)
	o.Production = true
	production := started(t, o)
	ask := func(a *fraiseql.App, query, extensions string) explained {
		t.Helper()
		body, err := json.Marshal(map[string]any{"query": query, "extensions": json.RawMessage(extensions)})
		if err != nil {
			t.Fatal(err)
		}
		var got explained
		if w := give(a, string(body)); json.Unmarshal(w.Body.Bytes(), &got) != nil {
			t.Fatalf("%s: %s", query, w.Body)
		}
		return got
	}

	got := ask(a, `{ notes(where: {id: {lte: 7}}) { text } one __typename }`, `{"explain": true, "cost": true}`)
	e := got.Extensions.Explain
	if e == nil || got.Extensions.Cost == nil || len(got.Errors) > 0 || len(e.Statements) != 3 {
		t.Fatalf("got %+v", got)
	}
	if e.HeldMs <= 0 || e.HeldMs > 60_000 || e.PoolWaitMs < 0 || e.PoolWaitMs > 60_000 || e.PlansMs <= 0 {
		t.Errorf("waited %v ms, held %v ms", e.PoolWaitMs, e.HeldMs)
	}
	s := e.Statements[0]
	if s.Field != "notes" || s.Part != "rows" || !strings.HasPrefix(s.SQL, "select") || !strings.Contains(s.SQL, "\nfrom") || !strings.Contains(s.Plan, "Scan on tb_note") ||
		strings.Contains(s.Plan, "actual") || len(s.Parameters) == 0 || *s.Parameters[0] != "7" || s.Note != "" {
		t.Errorf("the list: %+v", s)
	}
	if s := e.Statements[1]; s.Field != "one" || s.SQL != "" || !strings.Contains(s.Note, "resolver in Go") {
		t.Errorf("the resolver: %+v", s)
	}
	if s := e.Statements[2]; s.SQL != "" || !strings.Contains(s.Note, "nothing is sent") {
		t.Errorf("__typename: %+v", s)
	}

	got = ask(a, `{ notes { text } }`, `{"explain": "analyze"}`)
	if e = got.Extensions.Explain; e == nil || !strings.Contains(e.Statements[0].Plan, "rows=3 loops=1") || !strings.Contains(e.Statements[0].Plan, "Rows Removed by Filter: 37") {
		t.Errorf("measured under the tenant's settings: %+v", got)
	}

	got = ask(a, `mutation { addNote(input: {text: "x"}) { ... on AddNoteSuccess { note { text } } } }`, `{"explain": "analyze"}`)
	if e = got.Extensions.Explain; e == nil || len(got.Errors) > 0 || len(e.Statements) != 2 {
		t.Fatalf("a mutation: %+v", got)
	}
	if s := e.Statements[0]; s.Part != "call" || s.Plan != "" || !strings.Contains(s.Note, "not planned") || !strings.Contains(s.SQL, "fn_add_note") {
		t.Errorf("the call: %+v", s)
	}
	if s := e.Statements[1]; s.Part != "entity" || !strings.Contains(s.Plan, "Scan") || strings.Contains(s.Plan, "actual") {
		t.Errorf("the entity: %+v", s)
	}
	if w := give(a, `{"query": "{ notes { id } }"}`); strings.Count(w.Body.String(), `"id"`) != 4 {
		t.Errorf("the mutation did not run once: %s", w.Body)
	}

	for name, c := range map[string]struct {
		app        *fraiseql.App
		extensions string
		code       string
	}{
		"false":      {a, `{"explain": false}`, ""},
		"null":       {a, `{"explain": null}`, ""},
		"a word":     {a, `{"explain": "verbose"}`, "BAD_USER_INPUT"},
		"a number":   {a, `{"explain": 1}`, "BAD_USER_INPUT"},
		"production": {production, `{"explain": true}`, "FORBIDDEN"},
		"analyze in": {production, `{"explain": "analyze"}`, "FORBIDDEN"},
	} {
		got := ask(c.app, `{ notes { text } }`, c.extensions)
		if got.Extensions.Explain != nil || c.code == "" && len(got.Errors) > 0 || c.code != "" && (len(got.Errors) != 1 || got.Errors[0].Extensions.Code != c.code) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

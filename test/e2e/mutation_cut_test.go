package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const cutSQL = `
CREATE TYPE mutation_response AS (status text, message text, entity_id uuid, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
CREATE TABLE tb_note (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), text text NOT NULL);
CREATE VIEW v_note AS SELECT id, text FROM tb_note;
COMMENT ON VIEW v_note IS '@fraiseql:type
name: Note';
CREATE FUNCTION fn_note(text text) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE made uuid;
BEGIN INSERT INTO tb_note (text) VALUES (text) RETURNING tb_note.id INTO made; RETURN ROW('success', NULL, made, 'Note', NULL, NULL, NULL, NULL)::mutation_response; END $$;
COMMENT ON FUNCTION fn_note IS '@fraiseql:mutation
success_type: Note';`

// writeNote is a mutation in Go.
var writeNote = fraiseql.Resolve("goNote", func(ctx context.Context, a struct{ Text string }) (string, error) {
	_, err := fraiseql.DB(ctx).Exec(ctx, "insert into tb_note (text) values ($1)", a.Text)
	return a.Text, err
})

// swallowNote is one that hides its errors.
var swallowNote = fraiseql.Resolve("swallowNote", func(ctx context.Context, a struct{ Text string }) (string, error) {
	_, _ = fraiseql.DB(ctx).Exec(ctx, "insert into tb_note (text) values ($1)", a.Text)
	return a.Text, nil
})

// TestMutationCut cuts the connection before and behind every message of a mutation, in both directions, and within messages.
// What was told as a success is there, what was told as a failure is not, nothing was done twice, and what nobody can know is
// told as such.
func TestMutationCut(t *testing.T) {
	t.Parallel()
	one := func(field string) string { return `mutation($a: String!) { a: ` + field + ` }` }
	const call = `note(input: {text: $a}) { ... on NoteSuccess { note { text } } }`
	for _, c := range []struct {
		name, mutation string
		roots          []string
		together       bool // all or nothing
	}{
		{"a function", one(call), []string{"a"}, false},
		{"in Go", one(`goNote(text: $a)`), []string{"a"}, false},
		{"in Go, errors hidden", one(`swallowNote(text: $a)`), []string{"a"}, false},
		{"two, one after the other", `mutation($a: String!, $b: String!) { a: ` + call + ` b: goNote(text: $b) }`, []string{"a", "b"}, false},
		{"two, all or nothing", `mutation($a: String!, $b: String!) { a: ` + call + ` b: goNote(text: $b) }`, []string{"a", "b"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, fraiseql.Options{
				MutationsAllOrNothing: c.together, Mutations: []fraiseql.Mutation{writeNote, swallowNote},
			}, cutSQL)
			x := &cutting{site: s, conn: s.DB.Conn(t), mutation: c.mutation, roots: c.roots, together: c.together, outcomes: map[string]int{}}
			sent, answered := 1, 1 // behind the last one nothing is left to be cut
			for !x.cut(t, fmt.Sprintf("before the %d. message of the client", sent), func() { s.Link.CutBeforeSent(sent) }) {
				sent++
			}
			for !x.cut(t, fmt.Sprintf("behind the %d. message of the server", answered), func() { s.Link.CutAfterMessages(answered) }) {
				answered++
			}
			for bytes := 3; c.name == "a function" && !x.cut(t, fmt.Sprintf("behind %d bytes of the server", bytes), func() { s.Link.CutAfterBytes(int64(bytes)) }); {
				bytes += 11
			}
			if sent < 10 || answered < 10 {
				t.Errorf("%d messages of the client and %d of the server are too few", sent, answered)
			}
			t.Logf("figure: cuts of %s, before each of %d messages of the client and behind each of %d of the server: %v", c.name, sent, answered, x.outcomes)
			for _, kind := range []string{"success, saved", "OUTCOME_UNKNOWN, saved", "OUTCOME_UNKNOWN, not saved", "DATABASE_ERROR, not saved"} {
				if x.outcomes[kind] == 0 {
					t.Errorf("no cut gave %q: not every boundary was cut: %v", kind, x.outcomes)
				}
			}
		})
	}
}

// cutting is a mutation that is cut.
type cutting struct {
	*site
	conn     *pgx.Conn // beside the proxy
	mutation string
	roots    []string
	together bool
	outcomes map[string]int // of its roots: what was told, and what is there
}

func (x *cutting) send(t *testing.T, text string) apptest.Answer {
	variables := map[string]any{}
	for _, root := range x.roots {
		variables[root] = text + ", " + root
	}
	return x.Send(t, x.mutation, variables)
}

// renew gives the app a connection that has run nothing yet.
func (x *cutting) renew(t *testing.T) {
	t.Helper()
	x.Link.CutBeforeSent(1 << 30) // takes the place of one that has not acted
	x.Link.Drop()
	apptest.Until(t, "the app has a connection", func() bool { return x.Send(t, `{ notes(limit: 1) { id } }`, nil).Code() == "" })
	apptest.Settle(t, x.App)
}

// cut sends the mutation over a connection that is to be cut, and tells whether it was answered in spite of that.
func (x *cutting) cut(t *testing.T, what string, arm func()) (whole bool) {
	t.Helper()
	x.renew(t)
	before := x.backends(t)
	arm()
	a := x.send(t, what)
	var data map[string]json.RawMessage
	_ = json.Unmarshal(a.Data, &data)
	if len(a.Errors) > 0 { // the server may still be reading what it has got: it ends when it finds that nobody is there
		apptest.Until(t, "the backend has ended", func() bool {
			return !slices.ContainsFunc(x.backends(t), func(pid int) bool { return slices.Contains(before, pid) })
		})
	}
	saved := map[string]bool{}
	for _, root := range x.roots {
		var rows int
		if err := x.conn.QueryRow(context.Background(), "SELECT count(*) FROM tb_note WHERE text = $1", what+", "+root).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		saved[root] = rows > 0
		told := "success"
		if value := string(data[root]); value == "" || value == "null" {
			told = x.code(a, root)
		}
		switch {
		case rows > 1:
			t.Errorf("%s: %s was done %d times: %s", what, root, rows, a.Body)
		case told == "success" && rows != 1:
			t.Errorf("%s: a success of %s was told, and there is no row: %s", what, root, a.Body)
		case told == "":
			t.Errorf("%s: neither a success nor an error of %s: %s", what, root, a.Body)
		case told != "success" && told != "OUTCOME_UNKNOWN" && rows != 0:
			t.Errorf("%s: %s was done, and told as %s: %s", what, root, told, a.Body)
		}
		x.outcomes[told+map[bool]string{true: ", saved", false: ", not saved"}[rows > 0]]++
	}
	if x.together && saved["a"] != saved["b"] {
		t.Errorf("%s: one was saved without the other: %s", what, a.Body)
	}
	return len(a.Errors) == 0 || t.Failed()
}

// code is that of a root's error.
func (x *cutting) code(a apptest.Answer, root string) string {
	for _, e := range a.Errors {
		if len(e.Path) == 0 || e.Path[0] == root {
			code, _ := e.Extensions["code"].(string)
			return code
		}
	}
	return ""
}

// backends are the processes of the server that serve the app.
func (x *cutting) backends(t *testing.T) []int {
	t.Helper()
	rows, err := x.conn.Query(context.Background(), "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

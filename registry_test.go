package fraiseql_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestSchemaRegistry follows a schema through starts and a reload: what was served is kept once, what has changed is told, and
// what breaks is refused when that is asked for.
func TestSchemaRegistry(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, books)
	start := func(change func(*fraiseql.Options)) (*fraiseql.App, string, error) {
		var log lockedBuffer
		o := bookOptions(db.URL, &log)
		o.SchemaRegistry = true
		if change != nil {
			change(&o)
		}
		a := newApp(t, o)
		err := a.Start(t.Context())
		return a, log.String(), err
	}
	kept := func() (n int) {
		t.Helper()
		if err := db.Conn(t).QueryRow(t.Context(), "SELECT count(*) FROM fraiseql.schema_history WHERE sdl LIKE '%type Book%' AND length(hash) = 64").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, log, err := start(nil); err != nil || !strings.Contains(log, "the first schema is in the registry") || kept() != 1 {
		t.Fatalf("%v: %d kept, %s", err, kept(), log)
	}
	if _, log, err := start(nil); err != nil || strings.Contains(log, "schema") || kept() != 1 {
		t.Errorf("the same again: %v: %d kept, %s", err, kept(), log)
	}
	db.Exec(t, "CREATE OR REPLACE VIEW v_book AS SELECT id, title, genre, 7 AS shelf FROM tb_book")
	a, log, err := start(func(o *fraiseql.Options) { o.RefuseBreakingChanges = true })
	if err != nil || !strings.Contains(log, "the schema has changed since it was served last") || !strings.Contains(log, "breaking=0") || kept() != 2 {
		t.Errorf("a field more: %v: %d kept, %s", err, kept(), log)
	}
	db.Exec(t, "DROP VIEW v_book;"+books[strings.Index(books, "CREATE VIEW"):])
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "(TYPE_REMOVED)") || !strings.Contains(err.Error(), "goes on as it was") {
		t.Errorf("a reload that breaks: %v", err)
	}
	if _, _, err := start(func(o *fraiseql.Options) { o.RefuseBreakingChanges = true }); err == nil || !strings.Contains(err.Error(), "(TYPE_REMOVED)") || kept() != 2 {
		t.Errorf("a start that breaks: %v, %d kept", err, kept())
	}
	if _, log, err := start(nil); err != nil || !strings.Contains(log, "FIELD_REMOVED") || kept() != 3 {
		t.Errorf("a start that may break: %v: %d kept, %s", err, kept(), log)
	}
	var off lockedBuffer
	o := bookOptions(db.URL, &off)
	o.Title = "Another"
	started(t, o)
	if kept() != 3 {
		t.Errorf("without SchemaRegistry %d are kept", kept())
	}
	o.RefuseBreakingChanges = true
	if _, err := fraiseql.New(o); err == nil || !strings.Contains(err.Error(), "without SchemaRegistry") {
		t.Errorf("a rule that nobody can check: %v", err)
	}
}

// TestSchemaRegistryWithoutRights: a role that may not keep it serves all the same, and is told how it could.
func TestSchemaRegistryWithoutRights(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, books)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON v_book TO %s"}})
	var log lockedBuffer
	o := bookOptions(role.URL, &log)
	o.SchemaRegistry = true
	a := started(t, o)
	answers(t, a, `{ books { title } }`, "Emma")
	if !strings.Contains(log.String(), "GRANT CREATE ON DATABASE") {
		t.Errorf("no cure in %s", &log)
	}
	o.RefuseBreakingChanges = true
	if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "GRANT CREATE ON DATABASE") {
		t.Errorf("breaking changes cannot be refused, and nobody says so: %v", err)
	}
}

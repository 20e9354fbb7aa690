package pgtest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	const schema = `CREATE TABLE users (id int); INSERT INTO users VALUES (1), (2)`
	db := pgtest.New(t, schema, `CREATE VIEW v_users AS SELECT * FROM users`)
	db.Exec(t, `INSERT INTO users VALUES ($1)`, 3)
	if got := query(t, db.URL, `SELECT string_agg(id::text, ',' ORDER BY id) FROM v_users`); got != "1,2,3" {
		t.Errorf("read %q", got)
	}
	// The same template: what the first test wrote is not in it.
	other := pgtest.New(t, schema, `CREATE VIEW v_users AS SELECT * FROM users`)
	if got := ask(t, other.Conn(t), `SELECT count(*)::text FROM v_users`); got != "2" {
		t.Errorf("a copy has %s rows", got)
	}
	if other.Name == db.Name || !strings.Contains(other.URL, other.Name) {
		t.Errorf("%s and %s", db.Name, other.URL)
	}
	empty := pgtest.New(t)
	if got := query(t, empty.URL, `SELECT count(*)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace`); got != "0" {
		t.Errorf("without SQL there are %s relations", got)
	}
}

// TestNewParallel: many tests ask for the same template at once, each with connections open.
func TestNewParallel(t *testing.T) {
	t.Parallel()
	for i := range 12 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, `CREATE TABLE parallel (n int)`)
			conn := db.Conn(t)
			if _, err := conn.Exec(t.Context(), `INSERT INTO parallel VALUES ($1)`, i); err != nil {
				t.Fatal(err)
			}
			if got := ask(t, conn, `SELECT string_agg(n::text, ',') FROM parallel`); got != fmt.Sprint(i) {
				t.Errorf("read %q", got)
			}
		})
	}
}

// TestNewDropped: the end of a test takes its database, its roles and its open connections along.
func TestNewDropped(t *testing.T) {
	t.Parallel()
	watch := pgtest.New(t).Conn(t)
	var name, role string
	var left *pgx.Conn
	t.Run("inner", func(t *testing.T) {
		db := pgtest.New(t, `CREATE TABLE secret (id int)`)
		reader := db.Role(t, pgtest.RoleOptions{Grants: []string{`GRANT SELECT ON secret TO %s`}})
		name, role = db.Name, reader.Name
		conn, err := pgx.Connect(t.Context(), reader.URL)
		if err != nil {
			t.Fatal(err)
		}
		left = conn
	})
	sql := fmt.Sprintf(`SELECT (SELECT count(*) FROM pg_database WHERE datname = '%s') || ',' || (SELECT count(*) FROM pg_roles WHERE rolname = '%s')`, name, role)
	if got := ask(t, watch, sql); got != "0,0" {
		t.Errorf("databases, roles left: %s", got)
	}
	if _, err := left.Exec(t.Context(), `SELECT 1`); err == nil {
		t.Error("a connection outlived its database")
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
		CREATE TABLE note (tenant int, text text);
		INSERT INTO note VALUES (1, 'one'), (2, 'two');
		ALTER TABLE note ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON note USING (tenant = 1)`)
	group := db.Role(t, pgtest.RoleOptions{NoLogin: true, Grants: []string{`GRANT SELECT ON note TO %s`}})
	if group.URL != "" {
		t.Errorf("a role without login has the address %s", group.URL)
	}
	reader := db.Role(t, pgtest.RoleOptions{MemberOf: []string{group.Name}})
	bypass := db.Role(t, pgtest.RoleOptions{MemberOf: []string{group.Name}, BypassRLS: true})
	strict := db.Role(t, pgtest.RoleOptions{MemberOf: []string{group.Name}, NoInherit: true})

	const all = `SELECT current_user::text || string_agg(text, ',' ORDER BY text) FROM note`
	if got := query(t, reader.URL, all); got != reader.Name+"one" {
		t.Errorf("under row-level security: %q", got)
	}
	if got := query(t, bypass.URL, all); got != bypass.Name+"one,two" {
		t.Errorf("with BYPASSRLS: %q", got)
	}
	conn := dial(t, strict.URL)
	var pgErr *pgconn.PgError
	if _, err := conn.Exec(t.Context(), all); !errors.As(err, &pgErr) || pgErr.Code != "42501" {
		t.Errorf("without inherited rights: %v", err)
	}
	if _, err := conn.Exec(t.Context(), `SET ROLE `+group.Name); err != nil {
		t.Error(err)
	}
	if got := query(t, reader.URL, `SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user`); got != "false" {
		t.Error("the role is a superuser")
	}
}

// TestBadSQL runs in a process of its own, as it ends tests. Both must fail, the second from what the first left in
// the cache, and with the line of the fault.
func TestBadSQL(t *testing.T) {
	t.Parallel()
	if os.Getenv("PGTEST_BAD_SQL") != "" {
		return // this is the inner run
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pgtest.New(t) // skips where there is no PostgreSQL
	cmd := exec.Command(exe, "-test.run=^TestInnerBadSQL$", "-test.v")
	cmd.Env = append(os.Environ(), "PGTEST_BAD_SQL=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("bad SQL passes:\n%s", out)
	}
	const says = `line 2: CREATE TABLE bad (id nonsense)`
	if n := strings.Count(string(out), says); n != 2 {
		t.Errorf("%q is there %d times, not 2:\n%s", says, n, out)
	}
	if strings.Contains(string(out), "drop database") {
		t.Errorf("the clean-up failed:\n%s", out)
	}
}

func TestInnerBadSQL(t *testing.T) {
	if os.Getenv("PGTEST_BAD_SQL") == "" {
		return // TestBadSQL runs this
	}
	for range 2 {
		t.Run("bad", func(t *testing.T) { pgtest.New(t, "SELECT 1;\nCREATE TABLE bad (id nonsense)") })
	}
}

func BenchmarkNew(b *testing.B) {
	pgtest.New(b, `CREATE TABLE bench (id int)`)
	for b.Loop() {
		pgtest.New(b, `CREATE TABLE bench (id int)`)
	}
}

func FuzzNew(f *testing.F) {
	db := pgtest.New(f, `CREATE TABLE fuzz (text text)`)
	f.Add("x")
	var mu sync.Mutex
	conn := db.Conn(f)
	f.Fuzz(func(t *testing.T, text string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text {
			return // no text of PostgreSQL's
		}
		var back string
		if err := conn.QueryRow(t.Context(), `SELECT $1::text`, text).Scan(&back); err != nil || back != text {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
	})
}

package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DB is a database that belongs to one test. Its methods may be called from any goroutine that may call t's.
type DB struct {
	URL  string // for the superuser, over TCP
	Name string

	up *startup

	mu    sync.Mutex // guards roles
	roles []string   // in the order they were made
}

// New makes a database for the test and runs the SQL in it; each text may hold many statements. It is dropped when
// the test ends, even with connections open. Databases with the same SQL are copied from a template that is filled
// once, so a schema that many tests share costs little; role names in the SQL are the server's, so use Role instead.
func New(t testing.TB, sql ...string) *DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	up, err := process.get(ctx)
	if err != nil {
		missing(t, err)
	}
	db := &DB{Name: "test_" + strings.ToLower(rand.Text()), up: up}
	db.URL = up.server.URL(db.Name)
	// Registered first: a creation that times out may still have made the database.
	t.Cleanup(func() {
		db.mu.Lock()
		roles := db.roles
		db.mu.Unlock()
		if err := up.drop(context.Background(), db.Name, roles); err != nil {
			t.Errorf("pgtest: drop database %s: %v", db.Name, err)
		}
	})
	if err := up.create(ctx, db.Name, sql); err != nil {
		t.Fatalf("pgtest: create database: %v", err)
	}
	return db
}

// Conn opens a connection for the superuser, closed when the test ends.
func (db *DB) Conn(t testing.TB) *pgx.Conn {
	t.Helper()
	return connect(t, db.URL)
}

// Exec runs a statement for the superuser. Without arguments the text may hold many statements.
func (db *DB) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if len(args) == 0 {
		if err := runSQL(ctx, db.URL, []string{sql}); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
		return
	}
	conn, err := pgx.Connect(ctx, db.URL)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	_, err = conn.Exec(ctx, sql, args...)
	if err = errors.Join(locate(err, sql), conn.Close(ctx)); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// RoleOptions says what a role of Role may do.
type RoleOptions struct {
	NoInherit bool     // it gets the rights of MemberOf only by SET ROLE
	BypassRLS bool     // row-level security does not apply to it
	NoLogin   bool     // a group: Role.URL is empty
	MemberOf  []string // roles it is a member of
	Grants    []string // run after its creation, with %s for its quoted name: "GRANT SELECT ON users TO %s"
}

// Role is a role that is no superuser.
type Role struct {
	Name string
	URL  string // of the test's database, for this role
}

// Role makes a role with a name of its own, since roles belong to the whole server. It is dropped after the database,
// so what it owns or was granted there needs no clearing up.
func (db *DB) Role(t testing.TB, o RoleOptions) Role {
	t.Helper()
	role, password := Role{Name: "role_" + strings.ToLower(rand.Text())}, rand.Text()
	attributes := []string{"LOGIN", "INHERIT", "NOBYPASSRLS"}
	if o.NoLogin {
		attributes[0] = "NOLOGIN"
	} else {
		role.URL = withUser(t, db.URL, url.UserPassword(role.Name, password))
	}
	if o.NoInherit {
		attributes[1] = "NOINHERIT"
	}
	if o.BypassRLS {
		attributes[2] = "BYPASSRLS"
	}
	name := quote(role.Name)
	statements := []string{fmt.Sprintf("CREATE ROLE %s %s PASSWORD '%s'", name, strings.Join(attributes, " "), password)}
	for _, group := range o.MemberOf {
		statements = append(statements, "GRANT "+quote(group)+" TO "+name)
	}
	for _, grant := range o.Grants {
		statements = append(statements, strings.ReplaceAll(grant, "%s", name))
	}
	db.mu.Lock()
	db.roles = append(db.roles, role.Name)
	db.mu.Unlock()
	db.Exec(t, strings.Join(statements, ";\n"))
	return role
}

func connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		_ = conn.Close(ctx) // the test may have closed or broken it on purpose
	})
	return conn
}

func withUser(t testing.TB, address string, user *url.Userinfo) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	u.User = user
	return u.String()
}

// locate adds to a server's error the line of the SQL that it is about.
func locate(err error, sql string) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Position < 1 {
		return err
	}
	runes := []rune(sql)
	at := min(int(pgErr.Position)-1, len(runes))
	before, after := string(runes[:at]), string(runes[at:])
	line := strings.Count(before, "\n") + 1
	rest, _, _ := strings.Cut(after, "\n")
	return fmt.Errorf("%w, line %d: %s%s", err, line, before[strings.LastIndex(before, "\n")+1:], rest)
}

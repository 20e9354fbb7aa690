package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

const (
	startTimeout = 2 * time.Minute // generous: test machines are loaded
	stepTimeout  = 2 * time.Minute // one step, the wait for other tests' steps included
)

// process is the server of this test process. Tests of one package find it without handing it to each other, so it is
// the one thing here that must be package-level.
var process = &shared{}

// shared is a server that all tests of a process use, started when first needed.
type shared struct {
	mu      sync.Mutex // guards started only
	started *startup
}

// startup is one start of the server; those who come while it runs wait for done.
type startup struct {
	done   chan struct{}
	err    error
	server *devpg.Server

	// admin holds the administrator's connection. Taking it out serialises CREATE and DROP DATABASE: PostgreSQL
	// refuses to copy a template while somebody is connected to it.
	admin chan *pgx.Conn

	templates map[string]template // by hash of their SQL; belongs to whoever holds admin's connection
}

// template is a database that others are copied from, or the reason why there is none.
type template struct {
	name string
	err  error
}

// get is the running server, started when it is not.
func (s *shared) get(ctx context.Context) (*startup, error) {
	s.mu.Lock()
	up := s.started
	first := up == nil
	if first {
		up = &startup{done: make(chan struct{}), admin: make(chan *pgx.Conn, 1), templates: make(map[string]template)}
		s.started = up
	}
	s.mu.Unlock()
	if first {
		up.err = up.start(ctx)
		close(up.done)
	}
	select {
	case <-up.done:
		return up, up.err
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the start of the test server: %w", context.Cause(ctx))
	}
}

func (u *startup) start(ctx context.Context) error {
	programs, err := devpg.Find(os.Environ())
	if err != nil {
		return err
	}
	if u.server, err = devpg.Start(ctx, devpg.Options{Programs: programs, Ephemeral: true, Logger: quiet()}); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, u.server.URL("postgres"))
	if err != nil {
		return errors.Join(err, u.server.Stop(ctx))
	}
	u.admin <- conn
	return nil
}

// stop ends the server, if there is one. A later New starts another.
func (s *shared) stop() error {
	s.mu.Lock()
	up := s.started
	s.started = nil
	s.mu.Unlock()
	if up == nil {
		return nil
	}
	<-up.done
	if up.err != nil {
		return nil // it never ran, and every test that asked has said so
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	var closeErr error
	select {
	case conn := <-up.admin:
		closeErr = conn.Close(ctx)
	case <-ctx.Done():
		closeErr = errors.New("a database is still being made or dropped")
	}
	return errors.Join(closeErr, up.server.Stop(ctx))
}

// asAdmin lends the administrator's connection.
func (u *startup) asAdmin(ctx context.Context, use func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var conn *pgx.Conn
	select {
	case conn = <-u.admin:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the other tests' CREATE DATABASE: %w", context.Cause(ctx))
	}
	defer func() { u.admin <- conn }()
	if conn.IsClosed() { // a statement ran into its timeout
		fresh, err := pgx.Connect(ctx, u.server.URL("postgres"))
		if err != nil {
			return fmt.Errorf("administrator's connection: %w", err)
		}
		conn = fresh
	}
	return use(ctx, conn)
}

// create makes a database from the template for this SQL, and the template when it is the first to ask.
func (u *startup) create(ctx context.Context, name string, sql []string) error {
	return u.asAdmin(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		source := "template0"
		if len(sql) > 0 {
			hash := sha256.Sum256([]byte(strings.Join(sql, "\x00")))
			key := hex.EncodeToString(hash[:8])
			made, ok := u.templates[key]
			if !ok {
				made.name = "template_" + key
				made.err = u.createTemplate(ctx, conn, made.name, sql)
				if ctx.Err() == nil { // a timeout says nothing about the SQL
					u.templates[key] = made
				}
			}
			if made.err != nil {
				return made.err
			}
			source = made.name
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(source))
		return err
	})
}

func (u *startup) createTemplate(ctx context.Context, conn *pgx.Conn, name string, sql []string) error {
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE template0"); err != nil {
		return err
	}
	err := runSQL(ctx, u.server.URL(name), sql)
	if err == nil {
		// From here on nobody connects, autovacuum aside, which PostgreSQL itself ends for a copy.
		_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS false")
	}
	if err != nil {
		_, dropErr := conn.Exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)")
		return errors.Join(err, dropErr)
	}
	return nil
}

// drop removes the database and then the roles that only it knew.
func (u *startup) drop(ctx context.Context, name string, roles []string) error {
	return u.asAdmin(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
		for i := len(roles) - 1; i >= 0 && err == nil; i-- {
			_, err = conn.Exec(ctx, "DROP ROLE IF EXISTS "+quote(roles[i]))
		}
		return err
	})
}

// runSQL runs each text, which may hold many statements, on a connection of its own.
func runSQL(ctx context.Context, url string, sql []string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, text := range sql {
		if _, err := conn.PgConn().Exec(ctx, text).ReadAll(); err != nil {
			return locate(err, text)
		}
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// missing ends a test that cannot have a server: skipped on a machine without PostgreSQL, failed where one is required
// and where one is there but does not work.
func missing(t testing.TB, err error) {
	t.Helper()
	absent := errors.Is(err, devpg.ErrNotFound) || errors.Is(err, devpg.ErrUnsupported)
	if absent && os.Getenv("FRAISEQL_REQUIRE_PG") != "1" {
		t.Skipf("pgtest: %v (set FRAISEQL_POSTGRES_BIN to the folder of its programs; FRAISEQL_REQUIRE_PG=1 makes this a failure)", err)
	}
	t.Fatalf("pgtest: %v", err)
}

package pgtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestCluster walks one server through everything that may happen to it.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := pgtest.Server(t, pgtest.ServerOptions{
		Settings: map[string]string{"max_connections": "17"},
		SQL:      []string{`CREATE TABLE log (what text)`},
	})
	if got := query(t, c.URL, `SHOW max_connections`); got != "17" {
		t.Errorf("max_connections is %s", got)
	}
	if got := query(t, c.URL, `SHOW synchronous_commit`); got != "on" {
		t.Errorf("synchronous_commit is %s: a kill would lose commits", got)
	}
	write := func(what string) {
		t.Helper()
		if _, err := c.Conn(t).Exec(t.Context(), `INSERT INTO log VALUES ($1)`, what); err != nil {
			t.Fatal(err)
		}
	}

	write("fast")
	conn := dial(t, c.URL)
	c.Stop(pgtest.Fast)
	var pgErr *pgconn.PgError
	if _, err := conn.Exec(t.Context(), `SELECT 1`); !errors.As(err, &pgErr) || pgErr.Code != "57P01" {
		t.Errorf("a connection after a fast stop: %v", err)
	}
	if conn, err := pgx.Connect(t.Context(), c.URL); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a stopped server answers")
	}
	c.Restart()

	write("immediate")
	c.Stop(pgtest.Immediate)
	c.Restart()

	write("kill")
	conn = dial(t, c.URL)
	c.Kill()
	if _, err := conn.Exec(t.Context(), `SELECT 1`); err == nil || errors.As(err, &pgErr) && pgErr.Code == "57P01" {
		t.Errorf("a connection after a kill: %v", err)
	}
	c.Restart()

	// Paused, with a connection that was open before and one that comes: nothing answers until it is resumed.
	conn = dial(t, c.URL)
	c.Pause()
	answer := make(chan error, 2)
	go func() {
		_, err := conn.Exec(t.Context(), `INSERT INTO log VALUES ('paused')`)
		answer <- err
	}()
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		late, err := pgx.Connect(ctx, c.URL)
		if err == nil {
			err = late.Close(ctx)
		}
		answer <- err
	}()
	select {
	case err := <-answer:
		t.Errorf("a paused server answered: %v", err)
	case <-time.After(100 * time.Millisecond): // only the absence of an answer can be seen
	}
	c.Resume()
	c.Resume()
	for range 2 {
		if err := <-answer; err != nil {
			t.Errorf("after Resume: %v", err)
		}
	}

	c.Pause()
	c.Kill()
	c.Restart()
	c.Restart() // of a running one
	if got := query(t, c.URL, `SELECT string_agg(what, ',') FROM log`); got != "fast,immediate,kill,paused" {
		t.Errorf("confirmed commits: %s", got)
	}
	c.Pause() // the end of the test must cope with it
}

// recorder is a test that fails without failing this one.
type recorder struct {
	testing.TB
	faults []string
}

func (r *recorder) Errorf(format string, _ ...any) { r.faults = append(r.faults, format) }

// TestClusterMisuse: calls that make no sense are faults of the test.
func TestClusterMisuse(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	c := pgtest.Server(r, pgtest.ServerOptions{})
	c.Stop(pgtest.Immediate)
	for i, call := range []func(){func() { c.Stop(pgtest.Fast) }, c.Kill, c.Pause} {
		call()
		if len(r.faults) != i+1 || !strings.HasPrefix(r.faults[i], "pgtest: ") {
			t.Errorf("call %d: %q", i, r.faults)
		}
	}
	c.Restart()
	c.Pause()
	c.Pause()
	if len(r.faults) != 4 {
		t.Errorf("two pauses: %q", r.faults)
	}
}

package pool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// sessionState is everything that one holder could leave to the next, as one string.
const sessionState = `select format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s',
	current_user, session_user, current_setting('search_path'), current_setting('statement_timeout'), current_setting('TimeZone'),
	(select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
	(select count(*) from pg_listening_channels()),
	(select count(*) from pg_cursors where name not like ''),
	to_regclass('pg_temp.scratch') is not null,
	now() = statement_timestamp())`

// TestForgottenStatements: a borrower may throw away all prepared statements, as others' pools do between two leases. The next
// holder's are prepared anew.
func TestForgottenStatements(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	const query = "select $1::int"
	next := map[string]func(context.Context, pool.Conn) error{
		"Exec":     func(ctx context.Context, c pool.Conn) error { _, err := c.Exec(ctx, query, 1); return err },
		"QueryRow": func(ctx context.Context, c pool.Conn) error { return c.QueryRow(ctx, query, 1).Scan(new(int)) },
		"RawClean": func(ctx context.Context, c pool.Conn) error {
			return c.RawClean(func(conn *pgx.Conn) error { _, err := conn.Exec(ctx, query, 1); return err })
		},
		"a transaction": func(ctx context.Context, c pool.Conn) error {
			tx, err := c.Begin(ctx)
			if err == nil {
				_, err = tx.Exec(ctx, query, 1)
			}
			return err
		},
	}
	for _, sql := range []string{"deallocate all", "discard all", "do $$ begin execute 'deallocate all'; set search_path = nowhere; end $$"} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
			lend := func(what string, use func(context.Context, pool.Conn) error) {
				t.Helper()
				if err := p.With(t.Context(), use); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			var clean string
			state := func(to *string) func(context.Context, pool.Conn) error {
				return func(ctx context.Context, c pool.Conn) error {
					return c.RawClean(func(conn *pgx.Conn) error { return conn.QueryRow(ctx, sessionState).Scan(to) })
				}
			}
			lend("the state", state(&clean))
			for name, use := range next {
				lend("before", next["Exec"])
				lend(sql, func(ctx context.Context, c pool.Conn) error { _, err := c.Exec(ctx, sql); return err })
				lend(name, use)
				var now string
				lend("the state", state(&now))
				if now != clean {
					t.Errorf("the next holder finds %s\nwant %s", now, clean)
				}
			}
			if s := p.Stat(); s.Opened != 1 || s.Closed.Total() != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestDirtySession gives connections back in every state that is known to reach the next holder.
func TestDirtySession(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int primary key); create role pool_other nologin; create sequence numbers")
	exec := func(sql ...string) func(context.Context, *testing.T, pool.Conn) {
		return func(ctx context.Context, t *testing.T, c pool.Conn) {
			for _, s := range sql {
				if _, err := c.Exec(ctx, s); err != nil {
					t.Fatal(s, err)
				}
			}
		}
	}
	for _, tt := range []struct {
		name   string
		dirty  func(context.Context, *testing.T, pool.Conn)
		closed bool // the connection cannot be kept
	}{
		{name: "settings", dirty: exec("set search_path = nowhere", "set statement_timeout = '1ms'", "set TimeZone = 'Asia/Tokyo'")},
		{name: "role", dirty: exec("set role pool_other")},
		{name: "session authorization", dirty: exec("set session authorization pool_other")},
		{name: "temporary table", dirty: exec("create temp table scratch (n int)")},
		{name: "listen", dirty: exec("listen noise")},
		{name: "advisory lock", dirty: exec("select pg_advisory_lock(42)")},
		{name: "cursor", dirty: exec("begin", "declare leftover cursor with hold for select 1", "commit")},
		{name: "open transaction", dirty: exec("begin", "insert into things values (1)", "set local search_path = nowhere")},
		{name: "failed transaction", dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			exec("begin")(ctx, t, c)
			if _, err := c.Exec(ctx, "select 1/0"); err == nil {
				t.Fatal("no error")
			}
		}},
		{name: "Begin without end", dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			tx, err := c.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "insert into things values (2)"); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "raw", dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			if err := c.Raw(func(conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, "set search_path = nowhere")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "batch", dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			b := &pgx.Batch{}
			b.Queue("set search_path = nowhere")
			b.Queue("listen noise")
			if err := c.SendBatch(ctx, b).Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "open rows", closed: true, dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			rows, err := c.Query(ctx, "select generate_series(1, 1000000)")
			if err != nil || !rows.Next() {
				t.Fatal(err)
			}
		}},
		{name: "row without scan", closed: true, dirty: func(ctx context.Context, _ *testing.T, c pool.Conn) {
			_ = c.QueryRow(ctx, "select pg_sleep(0)")
		}},
		{name: "open batch", closed: true, dirty: func(ctx context.Context, _ *testing.T, c pool.Conn) {
			b := &pgx.Batch{}
			b.Queue("select 1")
			b.Queue("set search_path = nowhere")
			_ = c.SendBatch(ctx, b)
		}},
		{name: "COPY", closed: true, dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			_ = c.Raw(func(conn *pgx.Conn) error {
				_ = conn.PgConn().Exec(ctx, "copy things from stdin") // the server waits for data
				return nil
			})
		}},
		{name: "open transaction under RawClean", dirty: func(ctx context.Context, t *testing.T, c pool.Conn) {
			if err := c.RawClean(func(conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, "begin; insert into things values (3)")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1, CloseGrace: 5 * time.Second})
			look := func() (state string, pid uint32) {
				c, err := p.Acquire(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Release()
				if err := c.RawClean(func(conn *pgx.Conn) error {
					pid = conn.PgConn().PID()
					return conn.QueryRow(ctx, sessionState).Scan(&state)
				}); err != nil {
					t.Fatal(err)
				}
				return state, pid
			}
			clean, before := look()
			c, err := p.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			tt.dirty(ctx, t, c)
			c.Release()
			state, after := look()
			if state != clean {
				t.Errorf("the next holder finds %s\nwant %s", state, clean)
			}
			if kept := before == after; kept == tt.closed {
				t.Errorf("connection kept: %v", kept)
			}
			s := p.Stat()
			if tt.closed && s.Closed.Unclean != 1 || !tt.closed && s.Resets != 1 {
				t.Errorf("%+v", s)
			}
			c, err = p.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Release()
			var n int
			if err := c.QueryRow(ctx, "select count(*) from things").Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows of rolled back work, %v", n, err)
			}
		})
	}
}

func TestNotificationsStayBehind(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	ctx := t.Context()
	err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		_, err := c.Exec(ctx, "listen noise; notify noise, 'for the first holder'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = p.With(ctx, func(_ context.Context, c pool.Conn) error {
		ended, stop := context.WithCancel(ctx)
		stop()
		return c.Raw(func(conn *pgx.Conn) error {
			if n, _ := conn.WaitForNotification(ended); n != nil {
				return fmt.Errorf("the next holder gets %+v", n)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCleanReleaseCostsNoRoundTrip counts on the wire: what is promised clean is not reset, and everything is when told.
func TestCleanReleaseCostsNoRoundTrip(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, always := range []bool{false, true} {
		link := pgtest.Proxy(t, db.URL)
		p := openPool(t, link.URL, pool.Options{Size: 1, MaxOverflow: -1, ResetAlways: always})
		if err := selectOne(t.Context(), p); err != nil { // prepares the statement
			t.Fatal(err)
		}
		warmUp(t, p, 1)
		link.Reset()
		before := p.Stat().Resets
		for range 10 {
			if err := selectOne(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		warmUp(t, p, 1)
		resets := p.Stat().Resets - before
		if n := link.RoundTrips(); always && (resets < 10 || n < 20) || !always && (resets != 0 || n != 10) {
			t.Errorf("ResetAlways %v: %d resets, %d round trips", always, resets, n)
		}
	}
}

func TestPinnedSettings(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	sep := "?"
	if strings.Contains(db.URL, "?") {
		sep = "&"
	}
	for _, tt := range []struct{ query, name string }{
		{"timezone=Asia/Tokyo&jit=on", "pinned"},
		{"application_name=mine", "mine"},
	} {
		p := openPool(t, db.URL+sep+tt.query, pool.Options{Name: "pinned", Size: 1})
		for range 2 { // a new session, and one after its reset
			err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
				var got string
				err := c.QueryRow(ctx, `select concat_ws(' ', current_setting('DateStyle'), current_setting('IntervalStyle'),
					current_setting('TimeZone'), current_setting('bytea_output'), current_setting('extra_float_digits'),
					current_setting('client_encoding'), current_setting('jit'), current_setting('application_name'))`).Scan(&got)
				if want := "ISO, MDY iso_8601 UTC hex 1 UTF8 off " + tt.name; got != want {
					return fmt.Errorf("got %s\nwant %s", got, want)
				}
				if err != nil {
					return err
				}
				_, err = c.Exec(ctx, "set TimeZone = 'Asia/Tokyo'; set application_name = 'other'; set jit = on")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCancelledQueries: a query that is cancelled keeps its connection, its caller learns that its context ended, and
// the next query on the connection is not hit by the request that was meant for the last.

package pool_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1"

// TestIdleBackendsTerminated: nobody who borrows afterwards sees an error.
func TestIdleBackendsTerminated(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Name: "victims", Size: 20, MaxOverflow: -1})
	warmUp(t, p, 20)
	admin := db.Conn(t)
	for range 5 {
		db.Exec(t, terminate, "victims")
		eventually(t, func() bool { return backends(t, admin, "victims") == 0 }, func() any { return p.Stat() })
		time.Sleep(200 * time.Millisecond) // a busy kernel may deliver the ends of the connections after the answer above
		if err := together(40, func(int) error { return selectOne(t.Context(), p) }); err != nil {
			t.Error(err)
		}
		warmUp(t, p, 20)
	}
	if s := p.Stat(); s.PeekMisses == 0 || s.Closed.Broken != 100 {
		t.Errorf("%+v", s)
	}
}

// TestBackendKilledDuringQuery: exactly that query fails, typed, and the next ones are served.
func TestBackendKilledDuringQuery(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Name: "killed", Size: 3, MaxOverflow: -1})
	warmUp(t, p, 3)
	var killer sync.WaitGroup
	err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
		pid, err := pidOf(c)
		if err != nil {
			return err
		}
		killer.Go(func() {
			time.Sleep(50 * time.Millisecond) // for the query to run
			db.Exec(t, "select pg_terminate_backend($1)", pid)
		})
		_, err = c.Exec(ctx, "select pg_sleep(20)")
		return err
	})
	killer.Wait()
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != "57P01" {
		t.Errorf("got %v", err)
	}
	if err := together(20, func(int) error { return selectOne(t.Context(), p) }); err != nil {
		t.Error(err)
	}
	eventually(t, func() bool { s := p.Stat(); return s.Validations >= 2 && s.Closed.Broken == 1 }, func() any { return p.Stat() })
}

// TestRestart restarts the server under load: what fails is at most what was running, and it serves again at once.
func TestRestart(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgtest.StopMode{pgtest.Fast, pgtest.Immediate} {
		t.Run(map[pgtest.StopMode]string{pgtest.Fast: "fast", pgtest.Immediate: "immediate"}[mode], func(t *testing.T) {
			t.Parallel()
			server := pgtest.Server(t, pgtest.ServerOptions{})
			p := openPool(t, server.URL, pool.Options{Size: 10, MaxOverflow: -1, Logger: quietLog()})
			warmUp(t, p, 10)
			var failed, served atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					for ctx.Err() == nil {
						switch err := selectOne(t.Context(), p); {
						case err == nil:
							served.Add(1)
						case errors.Is(err, pool.ErrUnavailable):
							time.Sleep(time.Millisecond) // said at once, and known to be temporary
						default:
							failed.Add(1)
						}
					}
				})
			}
			eventually(t, func() bool { return served.Load() > 100 }, func() any { return p.Stat() })
			server.Stop(mode)
			server.Restart()
			accepts := time.Now()
			before := served.Load()
			eventually(t, func() bool { return served.Load() > before }, func() any { return p.Stat() })
			took := time.Since(accepts)
			stop()
			wg.Wait()
			if n := failed.Load(); n > 10 {
				t.Errorf("%d queries failed, and 10 can have been running", n)
			}
			if took > 3*time.Second { // 1.2 s on a machine of its own
				t.Errorf("serving again after %v", took)
			}
		})
	}
}

// TestFrozenNetwork: after a network that swallowed everything is back, the pool serves within ConnectTimeout.
func TestFrozenNetwork(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	const connectTimeout = 500 * time.Millisecond
	p := openPool(t, link.URL, pool.Options{
		Size: 4, MaxOverflow: -1, ConnectTimeout: connectTimeout, ValidateAfter: time.Millisecond, CloseGrace: 100 * time.Millisecond,
		Timeout: 200 * time.Millisecond, Logger: quietLog(),
	})
	warmUp(t, p, 4)
	query := func() error {
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		return selectOne(ctx, p)
	}
	link.Freeze()
	_ = together(8, func(int) error {
		if err := query(); err == nil {
			t.Error("served over a dead network")
		}
		return nil
	})
	eventually(t, func() bool { return p.Stat().State == pool.StateDown }, func() any { return p.Stat() })
	link.Thaw()
	thawed := time.Now()
	eventually(t, func() bool { return query() == nil }, func() any { return p.Stat() })
	took := time.Since(thawed)
	if took > connectTimeout+3*time.Second { // + 0.5 s on a machine of its own
		t.Errorf("usable after %v", took)
	}
	t.Logf("usable after %v", took)
}

// TestResets: connections that the network resets while they are idle do not reach a borrower.
func TestResets(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	p := openPool(t, link.URL, pool.Options{Size: 4, MaxOverflow: -1})
	for _, cut := range []func(){link.RST, link.Drop} {
		warmUp(t, p, 4)
		cut()
		time.Sleep(50 * time.Millisecond) // a busy kernel may deliver it after the call
		if err := together(10, func(int) error { return selectOne(t.Context(), p) }); err != nil {
			t.Error(err)
		}
	}
}

// TestNoticesDoNotCostTheConnection: something that arrives on an idle connection is read, by a ping.
func TestNoticesDoNotCostTheConnection(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Name: "notices", Size: 1, MaxOverflow: -1})
	warmUp(t, p, 1)
	if err := selectOne(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RawClean(func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "listen bell") // against the promise, so that the server has something to say
		return err
	}); err != nil {
		t.Fatal(err)
	}
	before, _ := pidOf(c)
	c.Release()
	eventually(t, func() bool {
		db.Exec(t, "notify bell")
		time.Sleep(5 * time.Millisecond) // for it to arrive while the connection is idle
		if err := selectOne(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		return p.Stat().PeekMisses > 0
	}, func() any { return p.Stat() })
	c, err = p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if after, _ := pidOf(c); after != before || p.Stat().Closed.Total() != 0 {
		t.Errorf("closed for a notification: %+v", p.Stat().Closed)
	}
}

// TestReadOnly: 25006 on a read-only transaction is the caller's own doing; by default of the session it is the server's.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	write := func(sql string) {
		t.Helper()
		err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
			return c.RawClean(func(conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, sql)
				return err
			})
		})
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != "25006" {
			t.Errorf("%s: %v", sql, err)
		}
		warmUp(t, p, 1)
	}
	write("begin read only; insert into things values (1)")
	write("set local transaction_read_only = on; insert into things values (1)")
	if s := p.Stat(); s.Closed.Total() != 0 {
		t.Errorf("closed for the caller's own choice: %+v", s.Closed)
	}
	db.Exec(t, "alter database "+pgx.Identifier{db.Name}.Sanitize()+" set default_transaction_read_only = on")
	p = openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1}) // as behind a name that points to a standby now
	write("insert into things values (1)")
	eventually(t, func() bool { return p.Stat().Closed.ReadOnly == 1 }, func() any { return p.Stat() })
}

// TestWrongPasswordIsNotTold: neither the error nor the log of a failed authentication holds the password.
func TestWrongPasswordIsNotTold(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	role := db.Role(t, pgtest.RoleOptions{})
	u, err := url.Parse(role.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "open-sesame")
	var log strings.Builder
	var mu sync.Mutex
	p := openPool(t, u.String(), pool.Options{Logger: slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))})
	_, err = p.Acquire(t.Context())
	if err == nil {
		t.Fatal("a wrong password is accepted")
	}
	var connectErr *pgconn.ConnectError
	if !errors.Is(err, pool.ErrUnavailable) || errors.As(err, &connectErr) || strings.Contains(err.Error(), "open-sesame") {
		t.Errorf("got %v", err)
	}
	logged := func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	eventually(t, func() bool { return strings.Contains(logged(), "unavailable") }, func() any { return logged() })
	if text := logged(); strings.Contains(text, "open-sesame") {
		t.Errorf("log: %s", text)
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *strings.Builder
}

func (l lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// TestCeilingAboveServer: a pool that could need more than the server has says so where readiness is asked for, and
// does not start under FailFast.
func TestCeilingAboveServer(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{Settings: map[string]string{"max_connections": "12"}})
	o := pool.Options{Size: 10, MaxOverflow: 10, Logger: quietLog()}
	p := openPool(t, server.URL, o)
	err := p.Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), "20 connections") || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("ready: %v", err)
	}
	if err := selectOne(t.Context(), p); err != nil {
		t.Errorf("it serves all the same: %v", err)
	}
	if err := p.Resize(5, 2); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Errorf("after a resize: %v", err)
	}
	o.FailFast = true
	if _, err := pool.Open(t.Context(), server.URL, o); err == nil || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("fail fast: %v", err)
	}
}

// TestClose: waiting callers learn it at once, leases may finish, and what does not finish is cut when the context ends.
func TestClose(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, tt := range []struct {
		name string
		hold time.Duration
		cut  bool
	}{{"leases that finish", 300 * time.Millisecond, false}, {"leases that do not", time.Minute, true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := "closing " + tt.name
			p := openPool(t, db.URL, pool.Options{Name: name, Size: 20, MaxOverflow: 5, Timeout: patience, MaxConnecting: 4})
			warmUp(t, p, 20)
			var leases, waiters sync.WaitGroup
			leaseErrs, waitErrs := make(chan error, 25), make(chan error, 500)
			running := make(chan struct{}, 25)
			for range 20 {
				leases.Go(func() {
					leaseErrs <- p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
						running <- struct{}{}
						_, err := c.Exec(ctx, "select pg_sleep($1)", tt.hold.Seconds())
						return err
					})
				})
			}
			for range 20 {
				<-running
			}
			if err := p.Resize(20, 0); err != nil { // nobody else gets one
				t.Fatal(err)
			}
			for range 500 {
				waiters.Go(func() {
					_, err := p.Acquire(t.Context())
					waitErrs <- err
				})
			}
			eventually(t, func() bool { return p.Stat().Waiting == 500 }, func() any { return p.Stat() })
			if err := p.Resize(25, 5); err != nil { // so that connects are under way
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			if tt.cut {
				ctx, stop = context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer stop()
			}
			closed := make(chan error, 2)
			start := time.Now()
			for range 2 { // twice at once
				go func() { closed <- p.Close(ctx) }()
			}
			waiters.Wait()
			close(waitErrs)
			served := 0
			for err := range waitErrs {
				if err == nil {
					served++ // a connect was quicker than Close
				} else if !errors.Is(err, pool.ErrClosed) {
					t.Error(err)
				}
			}
			if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrClosed) {
				t.Errorf("after close: %v", err)
			}
			for range 2 {
				err := <-closed
				if tt.cut != errors.Is(err, context.DeadlineExceeded) && served == 0 {
					t.Errorf("close: %v", err)
				}
			}
			if took := time.Since(start); tt.cut && took > 2*time.Second {
				t.Errorf("closed after %v", took)
			}
			leases.Wait()
			close(leaseErrs)
			for err := range leaseErrs {
				if tt.cut == (err == nil) {
					t.Errorf("lease: %v", err)
				}
			}
			admin := db.Conn(t)
			eventually(t, func() bool { return backends(t, admin, name) == 0 }, func() any { return p.Stat() })
		})
	}
}

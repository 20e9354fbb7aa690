package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lostTyped tells whether err is what a caller can recognize as a connection that was lost under a query: the server's own
// goodbye (class 57P) or the end of the byte stream.
func lostTyped(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return strings.HasPrefix(pgErr.Code, "57P")
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// queryWays are the ways to run a statement on a lease.
var queryWays = map[string]func(context.Context, pool.Conn, string) error{
	"Exec": func(ctx context.Context, c pool.Conn, sql string) error {
		_, err := c.Exec(ctx, sql)
		return err
	},
	"Query": func(ctx context.Context, c pool.Conn, sql string) error {
		rows, err := c.Query(ctx, sql)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Err()
	},
	"QueryRow": func(ctx context.Context, c pool.Conn, sql string) error {
		var row any
		return c.QueryRow(ctx, sql).Scan(&row)
	},
	"SendBatch": func(ctx context.Context, c pool.Conn, sql string) error {
		b := &pgx.Batch{}
		b.Queue("select 1")
		b.Queue(sql)
		return c.SendBatch(ctx, b).Close()
	},
	"Tx": func(ctx context.Context, c pool.Conn, sql string) error {
		tx, err := c.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
		return tx.Commit(ctx)
	},
	"Raw": func(ctx context.Context, c pool.Conn, sql string) error {
		return c.Raw(func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, sql)
			return err
		})
	},
}

// TestBackendKilledUnderEveryKindOfQuery: in each way to run a statement, the one whose backend is terminated fails, typed,
// while its neighbours on the same pool run to their end.
func TestBackendKilledUnderEveryKindOfQuery(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, run := range queryWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin := db.Conn(t)
			p := openPool(t, db.URL, pool.Options{Name: "killed " + name, Size: 3, MaxOverflow: -1})
			warmUp(t, p, 3)
			victim, neighbours := make(chan error, 1), make(chan error, 2)
			pid := make(chan uint32, 1)
			release := make(chan struct{})
			for range 2 {
				go func() {
					neighbours <- p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
						tx, err := c.Begin(ctx)
						if err != nil {
							return err
						}
						<-release
						_, err = tx.Exec(ctx, "select 1")
						return err
					})
				}()
			}
			eventually(t, func() bool { return p.Stat().Leased == 2 }, func() any { return p.Stat() })
			go func() {
				victim <- p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
					id, err := pidOf(c)
					if err != nil {
						return err
					}
					pid <- id
					return run(ctx, c, "select pg_sleep(60)")
				})
			}()
			id := <-pid
			eventually(t, func() bool {
				var killed bool
				err := admin.QueryRow(t.Context(), `select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity
					where pid = $1 and state = 'active' and query like '%pg_sleep(60)%'`, id).Scan(&killed)
				return err == nil && killed
			}, func() any { return p.Stat() })
			var pgErr *pgconn.PgError
			if err := <-victim; !errors.As(err, &pgErr) || pgErr.Code != "57P01" {
				t.Errorf("the query that was hit: %v", err)
			}
			close(release)
			for range 2 {
				if err := <-neighbours; err != nil {
					t.Errorf("a neighbour: %v", err)
				}
			}
			if err := together(10, func(int) error { return selectOne(t.Context(), p) }); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			eventually(t, func() bool { return p.Stat().Closed.Broken == 1 }, func() any { return p.Stat().Closed })
		})
	}
}

// TestConnectionCutAtEveryMessage: wherever in the answer the stream ends, the query fails typed, and the next is served on
// another connection.
func TestConnectionCutAtEveryMessage(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, tt := range []struct {
		name string
		kind byte
		k    int
	}{{"before the first row", 'D', 1}, {"between rows", 'D', 500}, {"before the end of the rows", 'C', 1}, {"before the end of the answer", 'Z', 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			link := pgtest.Proxy(t, db.URL)
			p := openPool(t, link.URL, pool.Options{Size: 2, MaxOverflow: -1})
			warmUp(t, p, 2)
			if err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
				link.CutBefore(tt.kind, tt.k)
				_, err := c.Exec(ctx, "select repeat('x', 100) from generate_series(1, 1000)")
				return err
			}); !lostTyped(err) || pgconn.SafeToRetry(err) {
				t.Errorf("got %v, safe to retry %t", err, pgconn.SafeToRetry(err))
			}
			if err := together(10, func(int) error { return selectOne(t.Context(), p) }); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if s := p.Stat(); s.Closed.Total() != 1 {
				t.Errorf("closed: %+v", s.Closed)
			}
		})
	}
}

// TestResetDuringQuery: RST and FIN under running queries fail these, typed, and nobody else.
func TestResetDuringQuery(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, cut := range map[string]func(*pgtest.Link){"RST": (*pgtest.Link).RST, "FIN": (*pgtest.Link).Drop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin := db.Conn(t)
			link := pgtest.Proxy(t, db.URL)
			p := openPool(t, link.URL, pool.Options{Name: "cut by " + name, Size: 4, MaxOverflow: -1})
			warmUp(t, p, 4)
			errs := make(chan error, 2)
			for range 2 {
				go func() { errs <- sleepFor(t.Context(), p, time.Minute) }()
			}
			eventually(t, func() bool {
				var n int
				err := admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'", "cut by "+name).Scan(&n)
				return err == nil && n == 2
			}, func() any { return p.Stat() })
			cut(link)
			for range 2 {
				if err := <-errs; !lostTyped(err) {
					t.Errorf("a query that was under way: %v", err)
				}
			}
			time.Sleep(50 * time.Millisecond) // a busy kernel may deliver it to the idle ones later
			if err := together(20, func(int) error { return selectOne(t.Context(), p) }); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			// The server does not look at a socket while it sleeps: these would hold their places for a minute.
			db.Exec(t, "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'", "cut by "+name)
		})
	}
}

// TestBackendCrashes: a backend that dies of SIGKILL takes all sessions with it, since the server restarts itself. What ran
// fails typed, and the pool serves again by itself.
func TestBackendCrashes(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{})
	p := openPool(t, server.URL, pool.Options{Size: 4, MaxOverflow: -1, Logger: quietLog()})
	warmUp(t, p, 4)
	errs := make(chan error, 3)
	running := make(chan uint32, 3)
	admin := server.Conn(t)
	for range 3 {
		go func() {
			errs <- p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
				id, err := pidOf(c)
				if err != nil {
					return err
				}
				running <- id
				_, err = c.Exec(ctx, "select pg_sleep(60)")
				return err
			})
		}()
	}
	var victim uint32
	for range 3 {
		victim = <-running
	}
	eventually(t, func() bool {
		var n int
		err := admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where wait_event = 'PgSleep'").Scan(&n)
		return err == nil && n == 3
	}, func() any { return p.Stat() })
	process, err := os.FindProcess(int(victim))
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-errs; !lostTyped(err) {
			t.Errorf("a query that was under way: %v", err)
		}
	}
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
}

// TestHalfOpen: the other end is gone without a word. A query ends with its own context, not with TCP's patience.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	p := openPool(t, link.URL, pool.Options{Name: "half open", Size: 2, MaxOverflow: -1, Logger: quietLog(), ConnectTimeout: time.Second, CloseGrace: 100 * time.Millisecond})
	warmUp(t, p, 2)
	link.Freeze()
	start := time.Now()
	err := together(2, func(int) error {
		ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer stop()
		err := selectOne(ctx, p)
		if !errors.Is(err, context.DeadlineExceeded) && !pgconn.Timeout(err) {
			return fmt.Errorf("over a dead network: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second { // 200 ms, and a second for the cancel request
		t.Errorf("after %v", took)
	}
	link.Thaw()
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
	admin := db.Conn(t)
	eventually(t, func() bool { return backends(t, admin, "half open") <= 2 }, func() any { return p.Stat() })
}

// TestServerClosesItsHalf: the server has ended its direction of an idle connection and would still read. Nobody borrows it.
func TestServerClosesItsHalf(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var accepted []*net.TCPConn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			accepted = append(accepted, conn.(*net.TCPConn))
			mu.Unlock()
			serving.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() { // runs after the pool's own
		_ = listener.Close()
		serving.Wait()
	})
	p := openPool(t, "postgres://nobody@"+listener.Addr().String()+"/none?sslmode=disable", pool.Options{Size: 1, MaxOverflow: -1})
	for range 5 {
		warmUp(t, p, 1)
		mu.Lock()
		last := accepted[len(accepted)-1]
		mu.Unlock()
		if err := last.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		missed := p.Stat().PeekMisses
		eventually(t, func() bool { // the kernel may take a moment to deliver it
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Release()
			return p.Stat().PeekMisses > missed
		}, func() any { return p.Stat() })
	}
	if s := p.Stat(); s.Closed.Broken != 5 {
		t.Errorf("%+v", s.Closed)
	}
}

// TestOneByteASecond: a network that crawls does not hold anybody longer than the limits say, and is no harm afterwards.
func TestOneByteASecond(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	o := pool.Options{Size: 2, MaxOverflow: -1, ConnectTimeout: 500 * time.Millisecond, CloseGrace: 100 * time.Millisecond, Logger: quietLog()}
	p := openPool(t, link.URL, o)
	warmUp(t, p, 2)
	link.Drip(time.Second)
	bounded := func(what string, err error, start time.Time, ok bool) {
		t.Helper()
		if took := time.Since(start); !ok || took > 10*time.Second {
			t.Errorf("%s: %v after %v", what, err, took)
		}
	}
	start := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	err := sleepFor(ctx, p, time.Millisecond)
	bounded("a query", err, start, errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err))

	start = time.Now()
	cold, err := pool.Open(t.Context(), link.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cold.Acquire(t.Context())
	bounded("a connect", err, start, errors.Is(err, pool.ErrUnavailable) && strings.Contains(err.Error(), "ConnectTimeout of 500ms"))
	start = time.Now()
	if err := cold.Close(t.Context()); err != nil {
		t.Error(err)
	}
	bounded("close", nil, start, true)

	link.Drip(-1)
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
}

// TestDripIsOnlySlow: where limits allow it, one byte at a time is served like any other answer.
func TestDripIsOnlySlow(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	link.Drip(10 * time.Microsecond)
	p := openPool(t, link.URL, pool.Options{Size: 2, MaxOverflow: -1, ConnectTimeout: patience})
	if err := together(4, func(int) error { return selectOne(t.Context(), p) }); err != nil {
		t.Error(err)
	}
	if s := p.Stat(); s.ConnectFailures+s.Closed.Total() > 0 {
		t.Errorf("%+v", s)
	}
}

// TestFrozenServer: every process of the server stands still (SIGSTOP): sockets stay open and the kernel accepts more. Callers
// get their own deadlines, then the pool's word that the database is away; when the server goes on, so does the pool.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{})
	p := openPool(t, server.URL, pool.Options{
		Name: "frozen", Size: 3, MaxOverflow: -1, ConnectTimeout: 500 * time.Millisecond, CloseGrace: 100 * time.Millisecond, Logger: quietLog(),
	})
	admin := server.Conn(t)
	warmUp(t, p, 3)
	server.Pause()
	start := time.Now()
	if err := together(3, func(int) error {
		ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer stop()
		if err := selectOne(ctx, p); !errors.Is(err, context.DeadlineExceeded) && !pgconn.Timeout(err) {
			return fmt.Errorf("a query on a frozen server: %w", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("after %v", took)
	}
	eventually(t, func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_ = selectOne(ctx, p)
		return p.Stat().State == pool.StateDown
	}, func() any { return p.Stat() })
	start = time.Now()
	if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), "ConnectTimeout") {
		t.Errorf("while down: %v", err)
	}
	if took := time.Since(start); took > time.Second { // at once
		t.Errorf("while down: after %v", took)
	}
	server.Resume()
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
	eventually(t, func() bool { return backends(t, admin, "frozen") <= 3 }, func() any { return p.Stat() })
}

// TestCommitWithoutAnswer: the connection goes while the answer to a COMMIT is on its way. It has taken place, so nothing may
// tell the caller that it can be sent again without harm.
func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	link := pgtest.Proxy(t, db.URL)
	p := openPool(t, link.URL, pool.Options{Size: 1, MaxOverflow: -1})
	err := p.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "insert into things values (1)")
		link.CutBefore('C', 1)
		return err
	})
	if !lostTyped(err) || pgconn.SafeToRetry(err) {
		t.Errorf("got %v, safe to retry %t", err, pgconn.SafeToRetry(err))
	}
	var n int
	if err := db.Conn(t).QueryRow(t.Context(), "select count(*) from things").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := selectOne(t.Context(), p); err != nil {
		t.Error(err)
	}
}

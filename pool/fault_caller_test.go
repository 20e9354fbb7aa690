package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestContextEnds: the caller leaves at each stage of a lease. It learns so at once, by its own error, and nothing is lost
// for the others.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	t.Run("while queued", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1}))
			held, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			gone, stays := make(chan error, 1), make(chan error, 1)
			go func() {
				_, err := p.Acquire(ctx)
				gone <- err
			}()
			synctest.Wait()
			go func() {
				c, err := p.Acquire(t.Context())
				c.Release()
				stays <- err
			}()
			synctest.Wait()
			leave()
			synctest.Wait()
			var ae *pool.AcquireError
			if err := <-gone; !errors.Is(err, context.Canceled) || !errors.As(err, &ae) || ae.Reason != pool.ReasonCanceled || ae.Position != 1 {
				t.Errorf("the one who left: %v", err)
			}
			if s := p.Stat(); s.Waiting != 1 {
				t.Errorf("%d wait", s.Waiting)
			}
			held.Release()
			if err := <-stays; err != nil {
				t.Errorf("the one behind: %v", err)
			}
		})
	})
	t.Run("while connecting", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			f.connectTime = time.Second
			p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1}))
			ctx, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer leave()
			start := time.Now()
			if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			c, err := p.Acquire(t.Context())
			if err != nil || time.Since(start) != time.Second || f.dials.Load() != 1 {
				t.Errorf("the next has the same connect: %v after %v, %d dials", err, time.Since(start), f.dials.Load())
			}
			c.Release()
		})
	})
	t.Run("while validating", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		link := pgtest.Proxy(t, db.URL)
		p := openPool(t, link.URL, pool.Options{Size: 1, MaxOverflow: -1, ValidateAfter: time.Nanosecond, ConnectTimeout: patience})
		warmUp(t, p, 1)
		before := p.Stat()
		link.Freeze()
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := p.Acquire(ctx)
			gone <- err
		}()
		eventually(t, func() bool { s := p.Stat(); return s.Tending == 1 && s.Waiting == 1 }, func() any { return p.Stat() })
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the one who left: %v", err)
		}
		link.Thaw()
		eventually(t, func() bool { return p.Stat().Idle == 1 }, func() any { return p.Stat() })
		if s := p.Stat(); s.Opened != before.Opened || s.Closed != before.Closed || s.Validations != before.Validations+1 {
			t.Errorf("the ping of a caller who left cost more than itself: %+v", s)
		}
	})
	t.Run("while querying", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		admin := db.Conn(t)
		for name, run := range queryWays {
			p := openPool(t, db.URL, pool.Options{Name: "left " + name, Size: 1, MaxOverflow: -1})
			warmUp(t, p, 1)
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan error, 1)
			go func() {
				gone <- p.With(t.Context(), func(_ context.Context, c pool.Conn) error { return run(ctx, c, "select pg_sleep(60)") })
			}()
			eventually(t, func() bool {
				var n int
				err := admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'", "left "+name).Scan(&n)
				return err == nil && n == 1
			}, func() any { return p.Stat() })
			leave()
			err := <-gone
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			if err := selectOne(t.Context(), p); err != nil {
				t.Errorf("%s: the next: %v", name, err)
			}
			if s := p.Stat(); s.Opened != 1 || s.Closed.Total() != 0 || s.Cancels == 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
	t.Run("while releasing", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, "create table things (n int)")
		p := openPool(t, db.URL, pool.Options{Size: 2, MaxOverflow: -1})
		warmUp(t, p, 2)
		// The context ends before, during and after the return: of a lease in order, of one with an open transaction, of one
		// whose query is just ending.
		err := together(4, func(i int) error {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for n := range 200 {
				ctx, leave := context.WithCancel(t.Context())
				timer := time.AfterFunc(time.Duration(r.IntN(1500))*time.Microsecond, leave)
				err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
					switch n % 3 {
					case 0:
						_, err := c.Exec(ctx, "select 1")
						return err
					case 1:
						_, err := c.Exec(ctx, "begin; insert into things values (1)")
						return err
					default:
						tx, err := c.Begin(ctx)
						if err != nil {
							return err
						}
						_, err = tx.Exec(ctx, "insert into things values (2)")
						return err // it stays open
					}
				})
				timer.Stop()
				leave()
				if err != nil && !errors.Is(err, context.Canceled) {
					return fmt.Errorf("round %d: %w", n, err)
				}
				if err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
					var rows int
					return c.QueryRow(ctx, "select count(*) from things").Scan(&rows)
				}); err != nil {
					return fmt.Errorf("round %d: the next holder: %w", n, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		var rows int
		if err := db.Conn(t).QueryRow(t.Context(), "select count(*) from things").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d rows of transactions that were never committed, %v", rows, err)
		}
		if s := p.Stat(); s.Opened != 2 || s.Leased != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestDoubleRelease has everybody release every lease many times at once, while others borrow: no connection has two holders,
// and each lease counts once.
func TestDoubleRelease(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 4, MaxOverflow: -1, MaxWaiting: -1}))
	warmUp(t, p, 4)
	before := p.Stat()
	holders := map[uint32]*atomic.Int32{}
	for _, pid := range f.pids() {
		holders[pid] = &atomic.Int32{}
	}
	const callers, rounds = 16, 500
	err := together(callers, func(int) error {
		for range rounds {
			c, err := p.Acquire(t.Context())
			if err != nil {
				return err
			}
			pid, err := pidOf(c)
			if err != nil {
				return err
			}
			if n := holders[pid].Add(1); n != 1 {
				return fmt.Errorf("%d holders of one connection", n)
			}
			holders[pid].Add(-1)
			var releasing sync.WaitGroup
			for range 3 {
				releasing.Go(c.Release)
			}
			c.Release()
			if err := c.Raw(func(*pgx.Conn) error { return nil }); !errors.Is(err, pool.ErrReleased) {
				return fmt.Errorf("after its release: %w", err)
			}
			releasing.Wait()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	s := p.Stat()
	acquired := s.Acquires.Immediate + s.Acquires.Waited - before.Acquires.Immediate - before.Acquires.Waited
	if released := s.UseTime.Count() - before.UseTime.Count(); acquired != callers*rounds || released != acquired || s.Leased != 0 {
		t.Errorf("%d acquired, %d released, %d leased", acquired, released, s.Leased)
	}
}

// TestPanicWhileHolding: whatever the borrower was in the middle of when it panicked, the panic reaches its caller, what it
// did is undone, and the next holder finds the connection, or another one, in order.
func TestPanicWhileHolding(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	for name, use := range map[string]func(context.Context, pool.Conn){
		"between statements": func(ctx context.Context, c pool.Conn) { _, _ = c.Exec(ctx, "select 1") },
		"in a transaction": func(ctx context.Context, c pool.Conn) {
			tx, _ := c.Begin(ctx)
			_, _ = tx.Exec(ctx, "insert into things values (1)")
		},
		"in a nested one": func(ctx context.Context, c pool.Conn) {
			tx, _ := c.Begin(ctx)
			inner, _ := tx.Begin(ctx)
			_, _ = inner.Exec(ctx, "insert into things values (1)")
		},
		"reading rows": func(ctx context.Context, c pool.Conn) {
			rows, _ := c.Query(ctx, "select generate_series(1, 100000)")
			rows.Next()
		},
		"reading a batch": func(ctx context.Context, c pool.Conn) {
			b := &pgx.Batch{}
			for range 10 {
				b.Queue("select generate_series(1, 1000)")
			}
			_, _ = c.SendBatch(ctx, b).Exec()
		},
		"in a row's source of a COPY": func(ctx context.Context, c pool.Conn) {
			_, _ = c.CopyFrom(ctx, pgx.Identifier{"things"}, []string{"n"}, pgx.CopyFromFunc(func() ([]any, error) { panic("mine") }))
		},
		"inside Raw": func(_ context.Context, c pool.Conn) { _ = c.Raw(func(*pgx.Conn) error { panic("mine") }) },
		"with a session in disorder": func(ctx context.Context, c pool.Conn) {
			_, _ = c.Exec(ctx, "set statement_timeout = 1; create temp table t (n int); listen bell")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1, Timeout: patience, CloseGrace: 200 * time.Millisecond})
			for range 3 {
				func() {
					defer func() {
						if got := recover(); got != "mine" {
							t.Errorf("the caller got %v", got)
						}
					}()
					_ = p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
						use(ctx, c)
						panic("mine")
					})
				}()
				if err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
					var rows, dirt int
					if err := c.QueryRow(ctx, "select count(*) from things").Scan(&rows); err != nil {
						return err
					}
					if err := c.QueryRow(ctx, `select (to_regclass('pg_temp.t') is not null)::int + (select count(*) from pg_listening_channels())
						+ (current_setting('statement_timeout') = '1ms')::int`).Scan(&dirt); err != nil {
						return err
					}
					if rows+dirt != 0 {
						return fmt.Errorf("%d rows, %d things left behind", rows, dirt)
					}
					return nil
				}); err != nil {
					t.Errorf("the next holder: %v", err)
				}
			}
			eventually(t, func() bool { return p.Stat().Leased == 0 }, func() any { return p.Stat() })
		})
	}
}

// lateConn is the connection of a cancel request that the network holds back: it takes the request, gives no answer, and
// delivers it when it is told to.
type lateConn struct {
	net.Conn // to the server
	request  chan []byte
	deadline chan struct{}
	once     sync.Once
}

func (c *lateConn) Write(b []byte) (int, error) {
	c.request <- bytes.Clone(b)
	return len(b), nil
}

func (c *lateConn) Read([]byte) (int, error) {
	<-c.deadline
	return 0, os.ErrDeadlineExceeded
}

func (c *lateConn) SetDeadline(at time.Time) error {
	if !at.IsZero() {
		c.once.Do(func() { close(c.deadline) })
	}
	return nil
}

func (c *lateConn) Close() error { return nil } // the test does it

// TestCancelRequestThatComesLate: a request that got no answer may still reach the server. It must not hit a later query,
// neither of the same borrower nor of the next.
func TestCancelRequestThatComesLate(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var main atomic.Bool
	late := make(chan *lateConn, 100)
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1, BeforeConnect: func(_ context.Context, config *pgx.ConnConfig) error {
		main.Store(true)
		dial := config.DialFunc
		config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			if err != nil || main.Swap(false) {
				return conn, err
			}
			c := &lateConn{Conn: conn, request: make(chan []byte, 1), deadline: make(chan struct{})}
			late <- c
			return c, nil
		}
		return nil
	}})
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := pidOf(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := c.Exec(ctx, "select pg_sleep(0.2)"); err != nil && !errors.Is(err, context.DeadlineExceeded) { // it ends by itself
		t.Errorf("the query that was to be cancelled: %v", err)
	}
	var pgErr *pgconn.PgError
	for what, use := range map[string]func() error{
		"Exec": func() error { _, err := c.Exec(t.Context(), "select pg_sleep(0.5)"); return err },
		"Raw":  func() error { return c.RawClean(func(conn *pgx.Conn) error { return conn.Ping(t.Context()) }) },
	} {
		if err := use(); !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &pgErr) {
			t.Errorf("%s on the same lease: %v", what, err)
		}
	}
	c.Release()
	if c, err = p.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if second, err := pidOf(c); err != nil || second == first {
		t.Errorf("the next lease has the same connection, %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := c.Exec(t.Context(), "select pg_sleep(0.5)")
		done <- err
	}()
	close(late)
	for l := range late {
		if _, err := l.Conn.Write(<-l.request); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, l.Conn)
		_ = l.Conn.Close()
	}
	if err := <-done; err != nil {
		t.Errorf("the next holder: %v", err)
	}
}

// TestCloseWaitsForCancelRequests is not parallel: it looks at all goroutines. A borrower who leaves rows open and goes away
// leaves a cancel request under way, and nobody but the pool can wait for it.
func TestCloseWaitsForCancelRequests(t *testing.T) {
	db := pgtest.New(t)
	for range 30 {
		p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		rows, err := c.Query(ctx, "select repeat('x', 9000), pg_sleep(0.001) from generate_series(1, 1000000)")
		if err != nil {
			t.Fatal(err)
		}
		rows.Next()
		leave()
		eventually(t, func() bool { return p.Stat().Cancels > 0 }, func() any { return p.Stat() })
		c.Release()
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		stacks := make([]byte, 1<<20)
		if text := string(stacks[:runtime.Stack(stacks, true)]); strings.Contains(text, "canceller") {
			t.Fatalf("a cancel request outlives Close:\n%s", text)
		}
	}
}

// TestWhoEndedTheQuery: of two queries on one lease, one ends with its context and the other by the server's own limit, which
// the context of the first is not to blame for.
func TestWhoEndedTheQuery(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	for name, raw := range map[string]func(func(*pgx.Conn) error) error{"Raw": c.Raw, "RawClean": c.RawClean} {
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := raw(func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "select pg_sleep(60)")
			return err
		})
		stop()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: by its context: %v", name, err)
		}
		err = raw(func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), "set local statement_timeout = 20; select pg_sleep(60)")
			return err
		})
		var refused *pgconn.PgError
		if errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused) || refused.Code != "57014" {
			t.Errorf("%s: by the server: %v", name, err)
		}
	}
}

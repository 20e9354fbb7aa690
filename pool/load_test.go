package pool_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// backends counts the server's processes for an application name, over a connection of its own.
func backends(tb testing.TB, conn *pgx.Conn, name string) (n int) {
	tb.Helper()
	err := conn.QueryRow(context.Background(), "select count(*) from pg_stat_activity where application_name = $1", name).Scan(&n)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// watchBackends looks at the server all the time until stop is called, which gives the most backends seen.
func watchBackends(tb testing.TB, db *pgtest.DB, name string) (stop func() int) {
	conn := db.Conn(tb)
	done := make(chan struct{})
	most := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			var n int
			err := conn.QueryRow(context.Background(), "select count(*) from pg_stat_activity where application_name = $1", name).Scan(&n)
			if err != nil {
				tb.Error(err)
				return
			}
			most = max(most, n)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return func() int {
		close(done)
		wg.Wait()
		return most
	}
}

func sleepFor(ctx context.Context, p *pool.Pool, d time.Duration) error {
	return p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.RawClean(func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "select pg_sleep($1)", d.Seconds())
			return err
		})
	})
}

func TestConcurrentOnSmallPool(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Name: "small", Size: 5, MaxOverflow: -1})
	stop := watchBackends(t, db, "small")
	err := together(20, func(int) error { return sleepFor(t.Context(), p, 50*time.Millisecond) })
	if most := stop(); most > 5 || err != nil {
		t.Errorf("%d backends, %v", most, err)
	}
	// All five on a machine of its own; on a busy one the queue may be gone before the last connect is worth its while.
	if s := p.Stat(); s.Opened > 5 || s.Opened < 3 {
		t.Errorf("%d opened for a queue that lasts", s.Opened)
	}
}

func TestBurst(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	const linger = 500 * time.Millisecond
	p := openPool(t, db.URL, pool.Options{Name: "burst", Size: 20, MaxOverflow: 10, OverflowLinger: linger})
	stop := watchBackends(t, db, "burst")
	err := together(1000, func(int) error { return sleepFor(t.Context(), p, 20*time.Millisecond) })
	s := p.Stat()
	// Where connecting is slow, the queue may be gone before the last connects are worth their while.
	prompt := s.CreateTime.Sum < time.Duration(s.Opened)*100*time.Millisecond
	if most := stop(); most > 30 || prompt && most <= 20 || err != nil {
		t.Errorf("%d backends, %v", most, err)
	}
	eventually(t, func() bool {
		s = p.Stat()
		return s.Connecting == 0 && s.Idle == min(20, int(s.Opened)) && s.Closing == 0
	}, func() any { return s })
	admin := db.Conn(t) // a server that takes longer than CloseGrace to end a session does so unnoticed
	eventually(t, func() bool { return backends(t, admin, "burst") == s.Idle }, func() any { return p.Stat() })
	if s.Acquires.Immediate+s.Acquires.Waited != 1000 || s.WaitTime.Count() != 1000 || s.UseTime.Count() != 1000 {
		t.Errorf("%+v", s)
	}
	if s.UseTime.Sum < 20*time.Second || s.CreateTime.Count() != s.Opened {
		t.Errorf("%+v", s)
	}
}

// TestColdBurst: a thousand short queries on a cold pool are served by a few connections, not by the thirty it may open.
func TestColdBurst(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Size: 2, MaxOverflow: 28})
	if err := together(1000, func(int) error { return selectOne(t.Context(), p) }); err != nil {
		t.Fatal(err)
	}
	// The figure is 6 on a machine of its own; beside other tests a connect takes long and a query does as well.
	if n := p.Stat().Opened; n > 20 {
		t.Errorf("%d opened", n)
	} else {
		t.Logf("%d opened", n)
	}
}

// TestWaiterMemory is not parallel: it measures the heap.
func TestWaiterMemory(t *testing.T) {
	f := newFakeServer()
	const n = 10_000
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, MaxWaiting: n}))
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// block has n goroutines wait and gives the bytes that one takes on the heap, which stacks are not part of.
	block := func(wait func(), blocked func() bool) (bytes int64, end func()) {
		measure := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := measure()
		var wg sync.WaitGroup
		for range n {
			wg.Go(wait)
		}
		eventually(t, blocked, func() any { return p.Stat() })
		return (measure() - before) / n, wg.Wait
	}
	var bare int64
	for range 2 { // the second time the goroutines themselves are there already, as they are for the waiters
		var started atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		bytes, end := block(func() {
			started.Add(1)
			<-ctx.Done()
		}, func() bool { return started.Load() == n })
		cancel()
		end()
		bare = bytes
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting, end := block(func() {
		if c, err := p.Acquire(ctx); err == nil {
			c.Release()
		}
	}, func() bool { return p.Stat().Waiting == n })
	if more := waiting - bare; more > 512 {
		t.Errorf("%d bytes a waiter beyond the %d of its goroutine", more, bare)
	} else {
		t.Logf("%d bytes a waiter beyond the %d of its goroutine", more, bare)
	}
	cancel()
	end()
	c.Release()
}

// TestAllocations is not parallel: AllocsPerRun counts what everybody allocates.
func TestAllocations(t *testing.T) {
	db := pgtest.New(t)
	for _, production := range []bool{false, true} {
		p := openPool(t, db.URL, pool.Options{Size: 2, Production: production})
		warmUp(t, p, 1)
		ctx := t.Context()
		if n := testing.AllocsPerRun(1000, func() {
			c, err := p.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			c.Release()
		}); n != 0 {
			t.Errorf("production %v: %v allocations in an acquire and a release", production, n)
		}
	}
}

func TestTwoPoolsShareNothing(t *testing.T) {
	t.Parallel()
	one, two := pgtest.New(t, "create table which (n int)"), pgtest.New(t, "create table which (n int)")
	one.Exec(t, "insert into which values (1)")
	two.Exec(t, "insert into which values (2)")
	pools := []*pool.Pool{
		openPool(t, one.URL, pool.Options{Name: "one", Size: 1, MaxOverflow: -1}),
		openPool(t, two.URL, pool.Options{Name: "two", Size: 1, MaxOverflow: -1}),
	}
	held, err := pools[0].Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	ctx := pools[0].Scope(t.Context())
	err = together(100, func(int) error {
		c, err := pools[1].Acquire(ctx) // the scope of the other pool is none of its business
		if err != nil {
			return err
		}
		defer c.Release()
		var n int
		var name string
		if err := c.QueryRow(ctx, "select n, current_setting('application_name') from which").Scan(&n, &name); err != nil {
			return err
		}
		if n != 2 || name != "two" {
			return fmt.Errorf("got %d, %s", n, name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if s := pools[1].Stat(); s.Nested != 0 || s.Name != "two" {
		t.Errorf("%+v", s)
	}
	if err := pools[1].Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := pools[1].Acquire(t.Context()); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := pools[0].Ready(t.Context()); err != nil {
		t.Errorf("the other: %v", err)
	}
}

func TestResize(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Name: "resize", Size: 8, MaxOverflow: 4})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make(chan error, 40)
	for range 40 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := sleepFor(t.Context(), p, 2*time.Millisecond); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for i := range 30 {
		size, overflow := 1+i%7, i%3
		if err := p.Resize(size, overflow); err != nil {
			t.Error(err)
		}
		ceiling := size + overflow
		eventually(t, func() bool {
			s := p.Stat()
			return s.Idle+s.Leased+s.Tending+s.Connecting <= ceiling
		}, func() any { return p.Stat() })
	}
	stop()
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if err := p.Resize(0, 3); err == nil {
		t.Error("size 0 is accepted")
	}
	if err := p.Resize(4000, 1); err == nil {
		t.Error("a ceiling of 4001 is accepted")
	}
	if err := p.Resize(3, -1); err != nil {
		t.Error(err)
	}
	if s := p.Stat(); s.MinSize != 1 || s.Size != 3 || s.MaxSize != 3 {
		t.Errorf("%+v", s)
	}
}

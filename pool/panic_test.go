package pool_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// TestPanicInHooks: a hook that panics fails like one that gives an error, and ends neither the program nor the pool.
func TestPanicInHooks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"BeforeConnect", "AfterConnect", "OnRelease"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			var broken atomic.Value
			broken.Store(name)
			boom := func(hook string) {
				if broken.Load() == hook {
					panic("boom")
				}
			}
			o := f.options(pool.Options{Size: 1, MaxOverflow: -1, Logger: quietLog()})
			o.BeforeConnect = func(_ context.Context, config *pgx.ConnConfig) error {
				config.DialFunc = f.dial
				boom("BeforeConnect")
				return nil
			}
			o.AfterConnect = func(context.Context, *pgx.Conn) error {
				boom("AfterConnect")
				return nil
			}
			o.OnRelease = func(context.Context, *pgx.Conn) error {
				boom("OnRelease")
				return nil
			}
			p := openPool(t, fakeURL, o)
			c, err := p.Acquire(t.Context())
			if name == "OnRelease" {
				c.Release()
				time.Sleep(10 * time.Millisecond)
				if s := p.Stat(); s.Closed.Reset != 1 {
					t.Errorf("%s: %+v", name, s.Closed)
				}
			} else if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "boom") {
				t.Errorf("%s: %v", name, err)
			}
			broken.Store("")
			time.Sleep(2 * time.Second)
			if c, err = p.Acquire(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c.Release()
		})
	}
}

// TestPanicInAcquired: a trace function that panics in the borrower's goroutine does not keep the connection.
func TestPanicInAcquired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		var broken atomic.Bool
		broken.Store(true)
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: time.Second, Trace: &pool.Trace{
			Acquired: func(pool.AcquiredInfo) {
				if broken.Load() {
					panic("boom")
				}
			},
		}}))
		for range 3 { // the first one waits for the connect, the others do not wait
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic did not reach the caller")
					}
				}()
				_, _ = p.Acquire(t.Context())
			}()
		}
		broken.Store(false)
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
	})
}

// TestPanicInTrace: a trace function that panics ends neither the program nor what the pool was about to do, and the
// others are still told.
func TestPanicInTrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var mu sync.Mutex
		told := map[string]int{}
		boom := func(name string) {
			mu.Lock()
			told[name]++
			mu.Unlock()
			panic("boom in " + name)
		}
		f := newFakeServer()
		o := f.options(pool.Options{
			Size: 2, MaxOverflow: -1, Timeout: time.Second, LeakAfter: time.Minute, NestedIsError: true,
			Logger: slog.New(slog.NewTextHandler(&log, nil)), // it has a lock of its own
			Trace: &pool.Trace{
				AcquireFailed: func(*pool.AcquireError) { boom("AcquireFailed") },
				Released:      func(pool.ReleasedInfo) { boom("Released") },
				Connected:     func(pool.ConnectedInfo) { boom("Connected") },
				Closed:        func(pool.ClosedInfo) { boom("Closed") },
				StateChanged:  func(pool.StateInfo) { boom("StateChanged") },
				Leaked:        func(pool.LeakInfo) { boom("Leaked") },
			},
		})
		p, err := pool.Open(t.Context(), fakeURL, o)
		if err != nil {
			t.Fatal(err)
		}
		warmUp(t, p, 2)
		request := p.Scope(t.Context())
		first, err := p.Acquire(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Acquire(request); !errors.Is(err, pool.ErrNested) {
			t.Errorf("a nested one: %v", err)
		}
		second, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		third := p.Scope(t.Context())
		if _, err := p.Acquire(third); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("a third one: %v", err)
		}
		time.Sleep(2 * time.Minute) // both are leaks now
		first.Release()
		second.Release()
		for _, mark := range []context.Context{request, third} { // what failed is not held
			c, err := p.Acquire(mark)
			if err != nil {
				t.Fatal(err)
			}
			c.Release()
		}
		f.down.Store(true)
		for _, pid := range f.pids() {
			f.kill(pid)
		}
		time.Sleep(2 * time.Minute)
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrUnavailable) {
			t.Errorf("while down: %v", err)
		}
		f.down.Store(false)
		time.Sleep(2 * time.Second)
		if err := p.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for name, least := range map[string]int{"AcquireFailed": 3, "Released": 6, "Connected": 3, "Closed": 3, "StateChanged": 5, "Leaked": 2} {
			if told[name] < least {
				t.Errorf("%s was called %d times, want %d", name, told[name], least)
			}
			if n := strings.Count(log.String(), "boom in "+name+"\""); n != told[name] {
				t.Errorf("%d of %d panics in %s were logged", n, told[name], name)
			}
		}
		if s := p.Stat(); s.State != pool.StateClosed || s.Opened != s.Closed.Total() {
			t.Errorf("%+v", s)
		}
	})
}

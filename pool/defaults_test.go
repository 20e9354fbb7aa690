package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// TestDefaults: what each option that is not set comes to, by what the pool does. Sizes are in TestResolve, CloseGrace in
// TestCloseGrace, NestedIsError in TestNested.
func TestDefaults(t *testing.T) {
	t.Parallel()
	one := pool.Options{Size: 1, MaxOverflow: -1, Logger: quietLog()}
	// holding opens a pool and takes all that it may have at once.
	holding := func(t *testing.T, o pool.Options) (*pool.Pool, []pool.Conn) {
		p := openPool(t, fakeURL, newFakeServer().options(o))
		all := make([]pool.Conn, p.Stat().MaxSize)
		if err := together(len(all), func(i int) (err error) {
			all[i], err = p.Acquire(t.Context())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return p, all
	}
	for name, check := range map[string]func(*testing.T){
		"Timeout is 30 s": func(t *testing.T) {
			p, all := holding(t, one)
			start := time.Now()
			if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrTimeout) || time.Since(start) != 30*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			all[0].Release()
		},
		"Recycle is 1 h, less up to a tenth, and replaced before": func(t *testing.T) {
			p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Logger: quietLog()}))
			time.Sleep(47 * time.Minute)
			if s := p.Stat(); s.Closed.Recycled != 0 || s.Idle != 5 {
				t.Errorf("after 47 minutes: %+v", s)
			}
			time.Sleep(13 * time.Minute)
			if s := p.Stat(); s.Closed.Recycled != 5 || s.Idle != 5 {
				t.Errorf("after an hour: %+v", s)
			}
		},
		"ConnectTimeout is 5 s": func(t *testing.T) {
			f := newFakeServer()
			f.hang.Store(true)
			p := openPool(t, fakeURL, f.options(pool.Options{Logger: quietLog()}))
			start := time.Now()
			err := p.Ready(t.Context())
			if took := time.Since(start); !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), "5s") || took < 5*time.Second || took > 6*time.Second {
				t.Errorf("after %v: %v", took, err)
			}
		},
		"ValidateAfter is 30 s": func(t *testing.T) {
			p := openPool(t, fakeURL, newFakeServer().options(one))
			time.Sleep(time.Second)
			for i, idle := range []time.Duration{29 * time.Second, 31 * time.Second} {
				time.Sleep(idle)
				c, err := p.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				c.Release()
				if n := p.Stat().Validations; n != uint64(i) {
					t.Errorf("%d pings after %v", n, idle)
				}
			}
		},
		"OverflowLinger is 5 s": func(t *testing.T) {
			p, all := holding(t, pool.Options{Size: 2, MaxOverflow: 3, Logger: quietLog()})
			for _, c := range all {
				c.Release()
			}
			for _, at := range []struct {
				wait time.Duration
				idle int
			}{{4900 * time.Millisecond, 5}, {200 * time.Millisecond, 2}} {
				time.Sleep(at.wait)
				synctest.Wait()
				if s := p.Stat(); s.Idle != at.idle {
					t.Errorf("%v later %d are idle, want %d", at.wait, s.Idle, at.idle)
				}
			}
		},
		"LeakAfter is 60 s": func(t *testing.T) {
			p, all := holding(t, one)
			time.Sleep(59 * time.Second)
			if n := p.Stat().Leaks; n != 0 {
				t.Errorf("%d leaks after 59 s", n)
			}
			time.Sleep(31 * time.Second) // it looks every half of LeakAfter
			if n := p.Stat().Leaks; n != 1 {
				t.Errorf("%d leaks after 90 s", n)
			}
			all[0].Release()
		},
		"LeakAfter is off when Production": func(t *testing.T) {
			o := one
			o.Production = true
			p, all := holding(t, o)
			time.Sleep(24 * time.Hour)
			if n := p.Stat().Leaks; n != 0 {
				t.Errorf("%d leaks", n)
			}
			all[0].Release()
		},
		"MaxConnecting is 2": func(t *testing.T) {
			f := newFakeServer()
			f.connectTime = time.Second
			p := openPool(t, fakeURL, f.options(pool.Options{Size: 20, Logger: quietLog()}))
			time.Sleep(500 * time.Millisecond)
			if s := p.Stat(); s.Connecting != 2 || f.dials.Load() != 2 {
				t.Errorf("%d at once, %d dials", s.Connecting, f.dials.Load())
			}
		},
		"MaxWaiting is 1000": func(t *testing.T) { testMaxWaiting(t, one, 1000) },
		"MaxWaiting is 100 times the ceiling": func(t *testing.T) {
			testMaxWaiting(t, pool.Options{Size: 10, MaxOverflow: 2, Logger: quietLog()}, 1200)
		},
		"ShedTarget is off": func(t *testing.T) {
			p, all := holding(t, one)
			errs := make(chan error, 500)
			for range cap(errs) {
				go func() {
					_, err := p.Acquire(t.Context())
					errs <- err
				}()
			}
			for range cap(errs) {
				if err := <-errs; !errors.Is(err, pool.ErrTimeout) {
					t.Fatal(err)
				}
			}
			all[0].Release()
		},
		"Name is fraiseql": func(t *testing.T) {
			p, err := pool.Open(t.Context(), fakeURL, newFakeServer().options(pool.Options{Logger: quietLog()}))
			if err != nil {
				t.Fatal(err)
			}
			if name := p.Stat().Name; name != "fraiseql" {
				t.Errorf("it is %s", name)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, check)
		})
	}
}

// testMaxWaiting fills the queue: one more is refused.
func testMaxWaiting(t *testing.T, o pool.Options, want int) {
	p := openPool(t, fakeURL, newFakeServer().options(o))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range p.Stat().MaxSize {
		c, err := p.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
	}
	for range want {
		go func() { _, _ = p.Acquire(ctx) }()
	}
	synctest.Wait()
	if n := p.Stat().Waiting; n != want {
		t.Errorf("%d wait, want %d", n, want)
	}
	if _, err := p.Acquire(ctx); !errors.Is(err, pool.ErrQueueFull) {
		t.Errorf("one more: %v", err)
	}
	leave()
	synctest.Wait()
}

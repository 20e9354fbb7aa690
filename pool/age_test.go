package pool_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

func TestOverflowLinger(t *testing.T) {
	t.Parallel()
	for _, linger := range []time.Duration{-1, 300 * time.Millisecond} {
		t.Run(linger.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFakeServer()
				p := openPool(t, fakeURL, f.options(pool.Options{Size: 4, MaxOverflow: 6, OverflowLinger: linger}))
				if err := together(10, func(int) error {
					c, err := p.Acquire(t.Context())
					if err != nil {
						return err
					}
					time.Sleep(time.Second)
					c.Release()
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if linger > 0 {
					if s := p.Stat(); s.Idle != 10 {
						t.Errorf("right after the burst: %+v", s)
					}
					time.Sleep(linger)
				}
				synctest.Wait()
				if s := p.Stat(); s.Idle != 4 || s.Closed.Overflow != 6 {
					t.Errorf("after the linger: %+v", s)
				}
				time.Sleep(10 * time.Minute)
				if s := p.Stat(); s.Idle != 4 {
					t.Errorf("the retained ones did not stay: %+v", s)
				}
			})
		})
	}
}

func TestChurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.connectTime = 5 * time.Millisecond
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 20, MaxOverflow: 10}))
		r := rand.New(rand.NewPCG(1, 2))
		var failed atomic.Int64
		run := func(requests int) {
			for range requests {
				// Poisson arrivals: 1600/s of 10 ms are 16 busy connections.
				time.Sleep(time.Duration(r.ExpFloat64() * float64(time.Second) / 1600))
				hold := time.Duration(r.ExpFloat64() * float64(10*time.Millisecond))
				go func() {
					c, err := p.Acquire(t.Context())
					if err != nil {
						failed.Add(1)
						return
					}
					time.Sleep(hold)
					c.Release()
				}()
			}
		}
		run(2000)
		before := p.Stat().Opened
		run(10_000)
		time.Sleep(time.Second)
		if n := p.Stat().Opened - before; n > 20 || failed.Load() > 0 {
			t.Errorf("%d opened in 10,000 requests, %d failed", n, failed.Load())
		}
	})
}

func TestRecycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const recycle = 10 * time.Second
		f := newFakeServer()
		f.connectTime = 5 * time.Millisecond
		var oldest atomic.Int64
		p := openPool(t, fakeURL, f.options(pool.Options{
			Size: 30, MaxOverflow: 10, Recycle: recycle, MaxConnecting: 4,
			Trace: &pool.Trace{Closed: func(i pool.ClosedInfo) {
				if i.Reason == pool.CloseRecycled {
					oldest.Store(max(oldest.Load(), int64(i.Age))) // they come one by one
				}
			}},
		}))
		warmUp(t, p, 30)
		time.Sleep(100 * time.Millisecond)
		before := p.Stat()
		stop := time.Now().Add(3 * recycle)
		err := together(20, func(i int) error {
			for time.Now().Before(stop) {
				start := time.Now()
				c, err := p.Acquire(t.Context())
				if err != nil {
					return err
				}
				if waited := time.Since(start); waited > 0 {
					return fmt.Errorf("waited %v", waited)
				}
				time.Sleep(10 * time.Millisecond)
				c.Release()
				if s := p.Stat(); s.Connecting > 1 {
					return fmt.Errorf("%d replacements at once", s.Connecting)
				}
				time.Sleep(5 * time.Millisecond)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Stat()
		if n := s.Closed.Recycled; n < 60 || n > 150 {
			t.Errorf("%d recycled in three lifetimes of 30", n)
		}
		if s.Opened-before.Opened != s.Closed.Recycled || s.Idle+s.Leased+s.Tending != 30 {
			t.Errorf("replaced otherwise than one by one: %+v", s)
		}
		if got := time.Duration(oldest.Load()); got > recycle+20*time.Millisecond || got < recycle*8/10 {
			t.Errorf("the oldest was closed at %v", got)
		}
	})
}

func TestRecycleAtCeiling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Recycle: time.Second}))
		first := uint32(0)
		for range 3 {
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pid, _ := pidOf(c)
			if pid == first {
				t.Error("the same connection after its time")
			}
			first = pid
			time.Sleep(1100 * time.Millisecond)
			c.Release()
		}
		if f.peak.Load() != 1 {
			t.Errorf("%d sessions at once", f.peak.Load())
		}
	})
}

func TestNeverRecycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, Recycle: -1}))
		warmUp(t, p, 1)
		time.Sleep(1000 * time.Hour)
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
		if s := p.Stat(); s.Opened != 1 || s.Closed.Total() != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestValidateAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, ValidateAfter: 10 * time.Second}))
		warmUp(t, p, 1)
		lend := func() {
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.Release()
		}
		time.Sleep(9 * time.Second)
		lend()
		if n := p.Stat().Validations; n != 0 {
			t.Errorf("%d pings of a young one", n)
		}
		time.Sleep(11 * time.Second)
		lend()
		if n := p.Stat().Validations; n != 1 {
			t.Errorf("%d pings of one that was idle", n)
		}
		time.Sleep(11 * time.Second)
		f.kill(f.pids()[0])
		lend() // it must not be the dead one
		if s := p.Stat(); s.Closed.Broken != 1 || s.Opened != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestLeak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		leaks := make(chan pool.LeakInfo, 2)
		var log strings.Builder
		p := openPool(t, fakeURL, f.options(pool.Options{
			LeakAfter: 10 * time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Trace: &pool.Trace{Leaked: func(i pool.LeakInfo) { leaks <- i }},
		}))
		err := p.With(t.Context(), func(context.Context, pool.Conn) error {
			time.Sleep(5 * time.Second)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c := forget(t, p)
		time.Sleep(time.Minute)
		i := <-leaks
		if i.Held < 10*time.Second || i.Held > 16*time.Second || !strings.Contains(i.Where, "pool_test.forget") {
			t.Errorf("%+v", i)
		}
		if s := p.Stat(); s.Leaks != 1 || len(leaks) != 0 {
			t.Errorf("%d leaks reported", s.Leaks)
		}
		if !strings.Contains(log.String(), "pool_test.forget") {
			t.Errorf("the log does not say where: %s", log.String())
		}
		c.Release()
	})
}

func forget(t *testing.T, p *pool.Pool) pool.Conn {
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCloseGrace: a connection that is being closed keeps its place until the server has ended it, or for the grace.
func TestCloseGrace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ grace, server, want time.Duration }{
		{0, 300 * time.Millisecond, 300 * time.Millisecond},
		{0, time.Minute, time.Second},
		{3 * time.Second, time.Minute, 3 * time.Second},
		{-1, time.Minute, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			f.closeTime = tt.server
			p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, MaxOverflow: -1, CloseGrace: tt.grace}))
			warmUp(t, p, 2)
			start := time.Now()
			if err := p.Resize(1, 0); err != nil {
				t.Fatal(err)
			}
			for synctest.Wait(); p.Stat().Closing > 0; synctest.Wait() {
				time.Sleep(50 * time.Millisecond)
			}
			if took := time.Since(start).Truncate(50 * time.Millisecond); took != tt.want {
				t.Errorf("grace %v, server %v: the place was free after %v", tt.grace, tt.server, took)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Minute) // until the server has ended what the pool gave up
		})
	}
}

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestTimeoutIsExact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: 50 * time.Millisecond, MaxWaiting: 10_000}))
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		err = together(10_000, func(int) error {
			start := time.Now()
			_, err := p.Acquire(t.Context())
			var ae *pool.AcquireError
			switch took := time.Since(start); {
			case !errors.Is(err, pool.ErrTimeout) || !errors.As(err, &ae):
				return fmt.Errorf("got %w", err)
			case took < 50*time.Millisecond || took > 70*time.Millisecond:
				return fmt.Errorf("after %v", took)
			case ae.Reason != pool.ReasonTimeout || ae.Position < 1 || ae.Waited < 50*time.Millisecond || ae.RetryAfter() < time.Second:
				return fmt.Errorf("%+v, retry after %v", ae, ae.RetryAfter())
			case !strings.Contains(err.Error(), "1 of 1 connections leased"):
				return fmt.Errorf("the error does not say why: %w", err)
			case errors.Is(err, context.DeadlineExceeded):
				return fmt.Errorf("the pool's limit looks like the caller's: %w", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Stat().Failures.Timeout; got != 10_000 {
			t.Errorf("%d timeouts counted", got)
		}
	})
}

func TestQueueLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: time.Minute, MaxWaiting: 3}))
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			go func() {
				if c, err := p.Acquire(t.Context()); err == nil {
					c.Release()
				}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if s := p.Stat(); s.Waiting != 3 || s.OldestWait != time.Second {
			t.Errorf("waiting %d, the oldest for %v", s.Waiting, s.OldestWait)
		}
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrQueueFull) {
			t.Errorf("the fourth: %v", err)
		}
		c.Release()
	})
}

func TestNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.connectTime = time.Millisecond
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, MaxOverflow: -1, Timeout: -1, ValidateAfter: time.Second}))
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrSaturated) {
			t.Fatalf("while the first connection is being made: %v", err)
		}
		time.Sleep(time.Minute) // so that an idle connection must be pinged
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatalf("an idle connection that must be pinged: %v", err)
		}
		defer c.Release()
		time.Sleep(time.Minute)
		second, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatalf("the first miss should have made the pool grow to its size: %v", err)
		}
		defer second.Release()
		start := time.Now()
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrSaturated) || time.Since(start) != 0 {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
	})
}

func TestCallerDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1}))
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		cause := errors.New("the client has gone")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		_, err = p.Acquire(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) || errors.Is(err, pool.ErrTimeout) {
			t.Errorf("deadline: %v", err)
		}
		if _, err = p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended before: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err = p.Acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if got := p.Stat().Failures.Canceled; got != 3 {
			t.Errorf("%d counted", got)
		}
	})
}

// TestDown takes the server away for ten seconds: the pool must not storm it, answer at once, and be back soon.
// TestRefused: a wrong password or a missing database is tried again every 30 s, not more often.
// TestTooManyConnections: when the server is full the pool goes on with what it has, and asks for more later.
// TestConnectSurvivesItsCaller: a connect that a caller caused is kept when the caller leaves.
func TestConnectSurvivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.connectTime = time.Second
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1}))
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if s := p.Stat(); s.Idle != 1 || f.dials.Load() != 1 {
			t.Errorf("%d attempts, %+v", f.dials.Load(), s)
		}
	})
}

// TestImpatientCallersMakeThePoolGrow: although each of them leaves before a connect would seem worth its while.
func TestImpatientCallersMakeThePoolGrow(t *testing.T) {
	t.Parallel()
	for _, byContext := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			f.connectTime = 200 * time.Millisecond
			o := pool.Options{Size: 2, MaxOverflow: -1, Timeout: 20 * time.Millisecond}
			if byContext {
				o.Timeout = time.Minute
			}
			p := openPool(t, fakeURL, f.options(o))
			if err := p.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Release()
			for tries := 1; ; tries++ {
				ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
				second, err := p.Acquire(ctx)
				stop()
				if err == nil {
					second.Release()
					break
				}
				if tries == 20 {
					t.Fatalf("after %d tries: %v", tries, err)
				}
			}
			if n := f.dials.Load(); n != 2 {
				t.Errorf("%d connects", n)
			}
		})
	}
}

// TestMaxConnecting: never more connects at once than told.
func TestMaxConnecting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.connectTime = time.Second
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 10, MaxConnecting: 3}))
		go func() {
			_ = together(20, func(int) error {
				c, err := p.Acquire(t.Context())
				if err != nil {
					return err
				}
				time.Sleep(10 * time.Second)
				c.Release()
				return nil
			})
		}()
		for range 8 {
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			if s := p.Stat(); s.Connecting > 3 {
				t.Fatalf("%d connects at once", s.Connecting)
			}
		}
		time.Sleep(time.Minute)
		if n := f.peak.Load(); n != 20 {
			t.Errorf("20 callers that hold for long opened %d", n)
		}
	})
}

// TestOverflowLinger: what a burst opened above the size is closed after the linger, and nothing else.
// TestChurn: at 80 % load on 20 + 10 connections the linger keeps them from being closed and opened again.
// TestRecycle: connections that were made together are replaced one at a time, each before it is too old, and nobody
// who borrows notices.
// TestRecycleAtCeiling: without room for a replacement, an old connection is never handed out all the same.
// TestValidateAfter: a connection that was idle for long is pinged before it is lent, others are not.

// TestWarm: the connections that are kept are opened at start, also when nobody asks for one, and no more.
func TestWarm(t *testing.T) {
	t.Parallel()
	for _, o := range []pool.Options{
		{Size: 10},
		{Size: 20, Production: true},
		{Size: 11, Recycle: -1, MaxConnecting: 1},
		{Size: 7, OverflowLinger: -1, Timeout: -1, MaxConnecting: 100},
		{Size: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			f.connectTime = 10 * time.Millisecond
			p := openPool(t, fakeURL, f.options(o))
			time.Sleep(500 * time.Millisecond)
			if s := p.Stat(); s.Idle != s.MinSize || s.Opened != uint64(s.MinSize) {
				t.Errorf("size %d: %d idle and %d opened, want %d", s.Size, s.Idle, s.Opened, s.MinSize)
			}
		})
	}
}

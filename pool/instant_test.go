package pool_test

import (
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go/pool"
)

// TestTheLongestTimes: an end that no clock can show is no end, and must not wrap around into the past.
func TestTheLongestTimes(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{
		Size: 1, MaxOverflow: 1, Timeout: math.MaxInt64, Recycle: math.MaxInt64, ConnectTimeout: math.MaxInt64, ValidateAfter: math.MaxInt64,
		OverflowLinger: math.MaxInt64, LeakAfter: math.MaxInt64,
	}))
	ctx := t.Context()
	for range 3 {
		one, err := p.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		two, err := p.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			c, err := p.Acquire(ctx)
			if err != nil {
				t.Error(err)
			}
			c.Release()
		})
		eventually(t, func() bool { return p.Stat().Waiting == 1 }, func() any { return p.Stat() })
		one.Release()
		waiting.Wait()
		two.Release()
	}
	if s := p.Stat(); s.Opened != 2 || s.Closed.Total() != 0 || s.Leaks != 0 || s.Validations != 0 {
		t.Errorf("%+v", s)
	}
}

// TestFailingTogether: callers that fail in one moment tell of the same numbers, which are of that moment.
func TestFailingTogether(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1}))
	held, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	const n = 20
	stats := make([]*pool.Stat, n)
	var waiting sync.WaitGroup
	for i := range n {
		waiting.Go(func() {
			_, err := p.Acquire(t.Context())
			var failed *pool.AcquireError
			if !errors.As(err, &failed) || failed.Reason != pool.ReasonClosed {
				t.Errorf("got %v", err)
				return
			}
			stats[i] = failed.Stat
		})
	}
	eventually(t, func() bool { return p.Stat().Waiting == n }, func() any { return p.Stat() })
	var closing sync.WaitGroup
	closing.Go(func() { _ = p.Close(t.Context()) })
	waiting.Wait()
	for _, s := range stats {
		if s == nil || s != stats[0] || s.State != pool.StateClosing || s.Leased != 1 || s.Waiting != 0 {
			t.Errorf("got %+v", s)
		}
	}
	held.Release()
	closing.Wait()
}

func TestErrorMadeByHand(t *testing.T) {
	t.Parallel()
	for _, reason := range []pool.Reason{pool.ReasonTimeout, pool.ReasonSaturated, pool.ReasonShed, pool.ReasonClosed} {
		err := &pool.AcquireError{Reason: reason} // as somebody's test may have it
		if err.Error() == "" || err.RetryAfter() <= 0 {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

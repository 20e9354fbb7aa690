package pool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// burst has n callers come at once, each holding its connection for hold, and gives how many were shed.
func burst(ctx context.Context, p *pool.Pool, n int, hold time.Duration) (shed int, err error) {
	refused := make([]bool, n)
	err = together(n, func(i int) error {
		c, err := p.Acquire(ctx)
		switch {
		case err == nil:
			time.Sleep(hold)
			c.Release()
		case errors.Is(err, pool.ErrShed):
			refused[i] = true
		default:
			return err
		}
		return nil
	})
	for _, r := range refused {
		if r {
			shed++
		}
	}
	return shed, err
}

// TestBursts: what drains within the target and an interval waits, a longer burst does not, and without a target none is
// too long.
func TestBursts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o pool.Options
		n int

		least, most int // who is shed
	}{
		"a thousand by default":    {pool.Options{}, 1000, 0, 0},
		"drains within the target": {pool.Options{ShedTarget: shedTarget}, 60, 0, 0},
		"within twice the target":  {pool.Options{ShedTarget: shedTarget}, 100, 0, 0},
		"does not":                 {pool.Options{ShedTarget: shedTarget}, 1000, 890, 900}, // ten each 20 ms, for 200 ms
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c.o.Size, c.o.MaxOverflow = 10, -1
				p := openPool(t, fakeURL, newFakeServer().options(c.o))
				warmUp(t, p, 10)
				for range 3 {
					shed, err := burst(t.Context(), p, c.n, meanUse)
					if err != nil || shed < c.least || shed > c.most {
						t.Errorf("%d of %d were shed, want %d to %d; %v", shed, c.n, c.least, c.most, err)
					}
				}
			})
		})
	}
}

// TestNoSheddingWhileGrowing: who waits for connections that are being opened is not shed, however long that takes.
func TestNoSheddingWhileGrowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.connectTime = time.Second
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 10, MaxOverflow: 10, ShedTarget: shedTarget}))
		// The first two connections come after a second, the last two after ten; each serves one call at once.
		shed, err := burst(t.Context(), p, 20, 9500*time.Millisecond)
		if err != nil || shed > 0 {
			t.Errorf("%d of 20 were shed while the pool grew; %v", shed, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, MaxOverflow: -1, ShedTarget: shedTarget}))
		warmUp(t, p, 2)
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends := make(chan error)
		for range 2 {
			go func() {
				third, err := p.Acquire(t.Context())
				ends <- err
				if err == nil {
					time.Sleep(time.Second)
					third.Release()
				}
			}()
		}
		// The pool is saturated for a part of the interval, then a connection is lost, and its replacement takes long.
		start := time.Now()
		time.Sleep(shedTarget * 3 / 2)
		f.connectTime = time.Second
		pid, err := pidOf(second)
		if err != nil {
			t.Fatal(err)
		}
		f.kill(pid)
		_, _ = second.Exec(t.Context(), "-- dead")
		second.Release()
		if err := <-ends; err != nil || time.Since(start) < time.Second {
			t.Fatalf("a caller that waits for a connection being opened, after %v: %v", time.Since(start), err)
		}
		// Only now the interval begins for the other one.
		start = time.Now()
		if err := <-ends; !errors.Is(err, pool.ErrShed) || time.Since(start) != shedTarget {
			t.Errorf("%v after the pool had grown: %v", time.Since(start), err)
		}
		c.Release()
	})
}

// TestShedAfterStall: when nothing comes back, callers are shed after twice the target at the latest, then at once, and
// when the pool moves again it serves as before.
func TestShedAfterStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 4, MaxOverflow: -1, ShedTarget: shedTarget}))
		warmUp(t, p, 4)
		if _, err := burst(t.Context(), p, 40, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		var held []pool.Conn
		for range 4 {
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, c)
		}
		refused := func(after time.Duration, words ...string) {
			t.Helper()
			start := time.Now()
			_, err := p.Acquire(t.Context())
			var ae *pool.AcquireError
			if !errors.Is(err, pool.ErrShed) || !errors.As(err, &ae) || ae.Reason != pool.ReasonShed || time.Since(start) != after {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
			if ae.RetryAfter() < time.Second {
				t.Errorf("try again after %v", ae.RetryAfter())
			}
			for _, word := range append(words, "pool test: the pool is overloaded", "4 of 4 connections leased", "raise the size of the pool") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is missing in: %v", word, err)
				}
			}
		}
		refused(2*shedTarget, "waited 200ms, and the ShedTarget is 100ms")
		refused(0, "a wait of 19", "is foreseen, and the ShedTarget is 100ms")
		time.Sleep(10 * time.Second)
		refused(0, "a wait of 10.19", "is foreseen")
		for _, c := range held {
			c.Release()
		}
		// The long leases do not make the pool think that all of them are: a burst that drains soon just waits.
		if shed, err := burst(t.Context(), p, 300, time.Millisecond); err != nil || shed > 0 {
			t.Errorf("after the stall %d of 300 were shed; %v", shed, err)
		}
		if got := p.Stat().Failures; got != (pool.FailureCounts{Shed: 3}) {
			t.Errorf("%+v", got)
		}
	})
}

// TestShedByDeadline: a caller that would be served only after its deadline fails at once, also when the pool is not
// overloaded, and only with a target.
func TestShedByDeadline(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]time.Duration{"with a target": time.Hour, "without one": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := openPool(t, fakeURL, newFakeServer().options(pool.Options{
					Size: 2, MaxOverflow: -1, Timeout: 100_200 * time.Millisecond, ShedTarget: target,
					ValidateAfter: -1, // while connections are pinged, nothing is foreseen
				}))
				warmUp(t, p, 2)
				for range 3 { // so that the pool knows how long a use takes
					if _, err := burst(t.Context(), p, 200, time.Second); err != nil {
						t.Fatal(err)
					}
				}
				go func() { _, _ = burst(t.Context(), p, 42, time.Second) }()
				synctest.Wait()
				time.Sleep(10 * time.Millisecond)
				if s := p.Stat(); s.Leased != 2 || s.Waiting != 40 {
					t.Fatalf("%+v", s)
				}
				// Forty callers wait for two connections that come back each second: the next one is served after about
				// twenty.
				ask := func(deadline time.Duration) (time.Duration, error) {
					ctx, stop := context.WithTimeout(t.Context(), deadline)
					defer stop()
					start := time.Now()
					c, err := p.Acquire(ctx)
					took := time.Since(start)
					if err == nil {
						time.Sleep(time.Second)
						c.Release()
					}
					return took, err
				}
				took, err := ask(15 * time.Second)
				if target == 0 {
					if !errors.Is(err, context.DeadlineExceeded) || took != 15*time.Second {
						t.Errorf("15 s, without a target, after %v: %v", took, err)
					}
					return
				}
				if !errors.Is(err, pool.ErrShed) || errors.Is(err, context.DeadlineExceeded) || took != 0 || !strings.Contains(err.Error(), "the caller's deadline is in 15s") {
					t.Errorf("15 s, after %v: %v", took, err)
				}
				if took, err := ask(25 * time.Second); err != nil || took > 21*time.Second {
					t.Errorf("25 s, after %v: %v", took, err)
				}
				// The pool's own limit counts as well: two are served at once, 200 within 100 s, and no more queue.
				time.Sleep(time.Minute)
				shed, err := burst(t.Context(), p, 300, time.Second)
				if err != nil || shed != 98 {
					t.Errorf("%d of 300 were shed, %v", shed, err)
				}
				if s := p.Stat(); s.Failures.Timeout > 0 {
					t.Errorf("somebody waited in vain: %+v", s.Failures)
				}
			})
		})
	}
}

// TestSheddingKeepsOrder: those who are served are served in the order in which they came.
func TestSheddingKeepsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 1, MaxOverflow: -1, ShedTarget: shedTarget}))
		warmUp(t, p, 1)
		const callers = 1000
		var order []int
		done := make(chan struct{}, callers)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range callers {
			hold := time.Duration(r.ExpFloat64() * float64(5*time.Millisecond))
			go func() {
				defer func() { done <- struct{}{} }()
				c, err := p.Acquire(t.Context())
				if err != nil {
					return
				}
				order = append(order, i) // one lease exists: only its holder writes
				time.Sleep(hold)
				c.Release()
			}()
			synctest.Wait() // so that i is its place
			time.Sleep(2 * time.Millisecond)
		}
		for range callers {
			<-done
		}
		s := p.Stat()
		if !slices.IsSorted(order) || uint64(len(order))+s.Failures.Shed != callers || s.Failures.Shed < callers/2 {
			t.Errorf("%d served, %d shed, in this order: %v", len(order), s.Failures.Shed, order)
		}
	})
}

// TestSheddingEnds: when the load has become less, a burst may wait again, although no connection was ever idle.
func TestSheddingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 1, MaxOverflow: -1, ShedTarget: shedTarget}))
		warmUp(t, p, 1)
		use := func() error {
			c, err := p.Acquire(t.Context())
			if err == nil {
				time.Sleep(5 * time.Millisecond)
				c.Release()
			}
			return err
		}
		end := time.Now().Add(5 * time.Second)
		pair := make(chan error)
		for range 2 { // one of them always waits
			go func() {
				var err error
				for err == nil || errors.Is(err, pool.ErrShed) {
					if err = use(); time.Now().After(end) {
						break
					}
				}
				pair <- err
			}()
		}
		shed, err := burst(t.Context(), p, 100, 5*time.Millisecond)
		if err != nil || shed < 40 {
			t.Fatalf("%d of 100 were shed; %v", shed, err)
		}
		time.Sleep(time.Second)
		if shed, err = burst(t.Context(), p, 30, 5*time.Millisecond); err != nil || shed > 0 {
			t.Errorf("%d of 30 were shed after the overload; %v", shed, err)
		}
		for range 2 {
			if err := <-pair; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestForesightKnowsWhatHasPassed: a lease that has lasted for nine tenths of the usual time will be back soon, and one
// that lasts for twice that time may as well last for as long again.
func TestForesightKnowsWhatHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 1, MaxOverflow: -1, ShedTarget: time.Hour}))
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := burst(t.Context(), p, 20, time.Second); err != nil {
			t.Fatal(err)
		}
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ask := func() error {
			ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer stop()
			_, err := p.Acquire(ctx)
			return err
		}
		for _, tt := range []struct {
			after time.Duration
			want  error
		}{
			{500 * time.Millisecond, pool.ErrShed},
			{400 * time.Millisecond, context.DeadlineExceeded}, // 200 ms more
			{900 * time.Millisecond, pool.ErrShed},
		} {
			time.Sleep(tt.after)
			if err := ask(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		}
		c.Release()
	})
}

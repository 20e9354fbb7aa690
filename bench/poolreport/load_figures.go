package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

func smallPool(s *stage) {
	db := pgtest.New(s)
	p := s.ours(db.URL, setup{name: "small", size: 5})
	stop := s.backends(db, "small").watch()
	errs := together(20, func(int) error { return do(s.ctx, p, sleep, 0.05) })
	most := stop()
	s.must(len(errs) == 0, "%d errors%s", len(errs), some(errs))
	s.must(most <= 5, "at most %d backends", most)
}

func burst(s *stage) {
	linger := size(s, 5*time.Second, 500*time.Millisecond)
	set := setup{name: "burst", size: 20, overflow: 10, linger: linger}
	s.settings("each request 20 ms in the database, linger %v", linger)
	db := pgtest.New(s)
	run := func(r rival, look backends) (errs []error, most int) {
		stop := look.watch()
		errs = together(1000, func(int) error { return do(s.ctx, r, sleep, 0.02) })
		return errs, stop()
	}
	look := s.backends(db, set.name)
	p := s.ours(db.URL, set)
	errs, most := run(p, look)
	s.must(len(errs) == 0, "%d errors%s", len(errs), some(errs))
	s.must(most <= 30, "at most %d backends", most)
	start := time.Now()
	s.eventually("the way back to 20 backends", func() bool { return look.now() == 20 })
	took := time.Since(start)
	s.clock(took <= linger+time.Second, "back to 20 after %v", short(took))
	p.close()

	set.name = "their burst"
	look = s.backends(db, set.name)
	errs, most = run(s.theirs(db.URL, set), look)
	s.pause(linger + time.Second)
	s.peer("%d errors%s; at most %d backends; %d after %v", len(errs), some(errs), most, look.now(), linger+time.Second)
}

func coldBurst(s *stage) {
	s.settings("size 2 + 28, so that 1 connection is there at the start; `select 1`; the median of the rounds")
	db := pgtest.New(s)
	failed := map[bool]int{} // by whether it is ours
	run := func(r rival, ours bool) (opened int, took time.Duration) {
		s.warm(r, 1)
		start := time.Now()
		errs := together(1000, func(int) error { return do(s.ctx, r, "select 1") })
		took = time.Since(start)
		failed[ours] += len(errs)
		opened = r.opened()
		r.close()
		return opened, took
	}
	set := setup{name: "cold", size: 2, overflow: 28}
	var opened, took, theirOpened, theirTook []float64
	for range size(s, 9, 3) {
		n, d := run(s.theirs(db.URL, set), false)
		theirOpened, theirTook = append(theirOpened, float64(n)), append(theirTook, d.Seconds()*1000)
		n, d = run(s.ours(db.URL, set), true)
		opened, took = append(opened, float64(n)), append(took, d.Seconds()*1000)
	}
	s.must(failed[true] == 0, "%d errors", failed[true])
	s.clock(median(opened) <= 6, "%.0f opened (of the rounds: %v), done in %.0f ms", median(opened), opened, median(took))
	s.peer("%d errors; %.0f opened (of the rounds: %v), done in %.0f ms", failed[false], median(theirOpened), theirOpened, median(theirTook))
}

func churn(s *stage) {
	const perSecond, hold = 1600, 10 * time.Millisecond // 16 busy connections
	requests := size(s, 16_000, 1600)
	set := setup{name: "churn", size: 20, overflow: 10}
	s.settings("%d Poisson arrivals at %d a second, each exponentially long, %v on average, in the database; after %d to settle",
		requests, perSecond, hold, perSecond)
	db := pgtest.New(s)
	run := func(r rival) (opened float64, errs int64) {
		s.warm(r, 20)
		var failed atomic.Int64
		var wg sync.WaitGroup
		random := rand.New(rand.NewPCG(1, 2)) // the same for both
		due := time.Now()
		send := func(n int) {
			for range n {
				due = due.Add(time.Duration(random.ExpFloat64() * float64(time.Second) / perSecond))
				seconds := random.ExpFloat64() * hold.Seconds()
				if wait := time.Until(due); wait > 0 {
					s.rest(wait)
				}
				wg.Go(func() {
					if do(s.ctx, r, sleep, seconds) != nil {
						failed.Add(1)
					}
				})
			}
		}
		send(perSecond)
		before := r.opened()
		send(requests)
		wg.Wait()
		opened = float64(r.opened()-before) * 1000 / float64(requests)
		r.close()
		return opened, failed.Load()
	}
	theirs, theirErrs := run(s.theirs(db.URL, set))
	opened, errs := run(s.ours(db.URL, set))
	s.must(errs == 0, "%d errors", errs)
	s.clock(opened <= 2, "%.2f opened per 1000 requests", opened)
	s.peer("%d errors; %.2f opened per 1000 requests", theirErrs, theirs)
}

func manyWaiters(s *stage) {
	const limit = 50 * time.Millisecond
	n := size(s, 10_000, 2000)
	db := pgtest.New(s)
	open := func(timeout time.Duration) *pool.Pool {
		p, err := pool.Open(s.ctx, db.URL, pool.Options{
			Name: "waiters", Size: 1, MaxOverflow: -1, MaxWaiting: n, Timeout: timeout, Production: true,
		})
		s.check(err)
		s.check(p.Ready(s.ctx))
		return p
	}
	p := open(limit)
	held, err := p.Acquire(s.ctx)
	s.check(err)
	waits := make([]time.Duration, n)
	round := func(i int) error {
		start := time.Now()
		c, err := p.Acquire(s.ctx)
		waits[i] = time.Since(start)
		if err == nil {
			c.Release()
			return errors.New("served while the only connection is lent")
		}
		if !errors.Is(err, pool.ErrTimeout) {
			return err
		}
		return nil
	}
	s.settings("the second of two rounds: in the first the process gets the memory for so many goroutines")
	errs := together(n, round)
	errs = append(errs, together(n, round)...)
	held.Release()
	s.check(p.Close(s.ctx))
	first, last := slices.Min(waits), slices.Max(waits)
	s.must(len(errs) == 0, "%d of %d failed by the timeout%s", 2*n-len(errs), 2*n, some(errs))
	s.clock(first >= limit && last <= limit+20*time.Millisecond, "after %v to %v", short(first), short(last))
	s.theirWaiters(db.URL, n, limit)

	p = open(time.Hour)
	held, err = p.Acquire(s.ctx)
	s.check(err)
	bytes := waiterBytes(s, p, n)
	s.must(bytes <= 512, "%d B a waiter beyond its goroutine", bytes)
	held.Release()
	s.check(p.Close(s.ctx))
}

// theirWaiters does the same on pgxpool, whose callers bring a deadline each, since it has no limit of its own.
func (s *stage) theirWaiters(url string, n int, limit time.Duration) {
	p := s.theirs(url, setup{name: "their waiters", size: 1})
	held, err := p.Acquire(s.ctx)
	s.check(err)
	waits := make([]time.Duration, n)
	round := func(i int) error {
		start := time.Now()
		ctx, stop := context.WithTimeout(s.ctx, limit)
		defer stop()
		_, err := p.Acquire(ctx)
		waits[i] = time.Since(start)
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("served while the only connection is lent: %w", err)
		}
		return nil
	}
	errs := together(n, round)
	errs = append(errs, together(n, round)...)
	held.Release()
	p.close()
	s.peer("with a deadline in each caller's context: %d other errors%s; after %v to %v", len(errs), some(errs), short(slices.Min(waits)), short(slices.Max(waits)))
}

// waiterBytes is what a caller in the queue takes on the heap, which stacks are not part of, beyond one that waits for
// its context alone.
func waiterBytes(s *stage, p *pool.Pool, n int) int64 {
	block := func(wait func(ctx context.Context), blocked func() bool) int64 {
		measure := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		ctx, cancel := context.WithCancel(s.ctx)
		before := measure()
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { wait(ctx) })
		}
		s.eventually(fmt.Sprintf("the wait of %d callers", n), blocked)
		bytes := (measure() - before) / int64(n)
		cancel()
		wg.Wait()
		return bytes
	}
	var bare int64
	for range 2 { // the second time the goroutines themselves are there already, as they are for the waiters
		var started atomic.Int64
		bare = block(func(ctx context.Context) {
			started.Add(1)
			<-ctx.Done()
		}, func() bool { return started.Load() == int64(n) })
	}
	waiting := block(func(ctx context.Context) {
		if c, err := p.Acquire(ctx); err == nil {
			c.Release()
		}
	}, func() bool { return p.Stat().Waiting == n })
	return max(waiting-bare, 0)
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// jitter is what the scheduler adds to the p99 of a wait, more in one second than in another, with the processors busy.
const jitter = 20 * time.Microsecond

func recycling(s *stage) {
	recycle := size(s, 10*time.Second, 2*time.Second)
	s.settings("size 30 + 10, Recycle %v: opened together, the connections are due in the same tenth of that; 24 workers, 5 ms in the database; "+
		"the p99 of the waits, each timed by its caller, while they are due over the one before; %v more is the scheduler's", recycle, jitter)
	db := pgtest.New(s)
	start := time.Now()
	p := s.ours(db.URL, setup{name: "recycle", size: 30, overflow: 10, recycle: recycle})
	s.warm(p, 30)
	var before, during durations
	var phase atomic.Pointer[durations]
	phase.Store(&before)
	var failed atomic.Int64
	crew := s.crew(24, func(int) {
		into := phase.Load()
		asked := time.Now()
		l, err := p.acquire(s.ctx)
		if err != nil {
			failed.Add(1)
			return
		}
		into.add(time.Since(asked))
		if l.exec(s.ctx, sleep, 0.005) != nil {
			failed.Add(1)
		}
		l.release()
	})
	most := 0
	until := func(at time.Time, done func() bool) {
		for time.Now().Before(at) && !done() {
			most = max(most, p.Stat().Connecting)
			s.rest(500 * time.Microsecond)
		}
	}
	until(start.Add(recycle*3/4), func() bool { return false })
	early := p.Stat().Closed.Recycled
	phase.Store(&during)
	until(start.Add(recycle+time.Minute), func() bool { return p.Stat().Closed.Recycled >= 30 }) // one at a time: as long as connecting takes
	crew.stop()
	replaced := p.Stat().Closed.Recycled
	p99Before, p99 := quantile(before.sorted(), 0.99), quantile(during.sorted(), 0.99)
	ratio := float64(p99) / float64(max(p99Before, 1))
	s.must(failed.Load() == 0, "%d errors", failed.Load())
	s.must(replaced >= 30, "%d replaced, %d of them before", replaced, early)
	s.must(most <= 1, "at most %d in flight", most)
	s.clock(ratio <= 1.2 || p99-p99Before <= jitter, "p99 wait %.2f × (%v before, %v meanwhile, of %d and %d waits)",
		ratio, short(p99Before), short(p99), len(before.sorted()), len(during.sorted()))
}

func shedding(s *stage) {
	const target, hold, connections = 100 * time.Millisecond, 20 * time.Millisecond, 20
	length := size(s, 10*time.Second, time.Second)
	s.settings("size %d, %v in the database, for %v each; capacity is what 40 closed workers get; pgxpool, which cannot shed, gets a deadline of %v for each acquire",
		connections, hold, length, 2*target)
	db := pgtest.New(s)
	// offer sends requests at a rate, whether or not they are served.
	offer := func(r rival, perSecond float64, limit time.Duration) (served int, refused int64, p99 time.Duration) {
		var waits durations
		var refusals atomic.Int64
		var wg sync.WaitGroup
		start := time.Now()
		for sent := 0; time.Since(start) < length; {
			for ; float64(sent) < time.Since(start).Seconds()*perSecond; sent++ {
				wg.Go(func() {
					ctx, stop := s.ctx, context.CancelFunc(func() {})
					if limit > 0 {
						ctx, stop = context.WithTimeout(ctx, limit)
					}
					asked := time.Now()
					l, err := r.acquire(ctx)
					stop()
					if err != nil {
						refusals.Add(1)
						return
					}
					waits.add(time.Since(asked))
					_ = l.exec(s.ctx, sleep, hold.Seconds())
					l.release()
				})
			}
			s.rest(time.Millisecond)
		}
		served = len(waits.sorted()) // what is lent within the time; the rest waits still
		wg.Wait()
		return served, refusals.Load(), quantile(waits.sorted(), 0.99)
	}
	run := func(r rival, limit time.Duration) (capacity, share float64, p99 time.Duration, calmRefused int64) {
		s.warm(r, connections)
		var done atomic.Int64
		crew := s.crew(2*connections, func(int) {
			if do(s.ctx, r, sleep, hold.Seconds()) == nil {
				done.Add(1)
			}
		})
		s.pause(length / 10)
		from, start := done.Load(), time.Now()
		s.pause(length * 3 / 10)
		capacity = float64(done.Load()-from) / time.Since(start).Seconds()
		crew.stop()
		served, _, p99 := offer(r, 3*capacity, limit)
		share = float64(served) / (capacity * length.Seconds())
		s.eventually("the end of the queue", func() bool { return do(s.ctx, r, "select 1") == nil })
		_, calmRefused, _ = offer(r, 0.7*capacity, limit)
		r.close()
		return capacity, share, p99, calmRefused
	}
	set := setup{name: "shed", size: connections, shedTarget: target}
	capacity, share, p99, calm := run(s.ours(db.URL, set), 0)
	s.clock(share >= 0.9, "%.0f %% of a capacity of %.0f requests a second served", 100*share, capacity)
	s.clock(p99 <= 2*target, "p99 wait of the served %v", short(p99))
	s.clock(calm == 0, "%d shed at 70 %% load", calm)
	capacity, share, p99, calm = run(s.theirs(db.URL, set), 2*target)
	s.peer("%.0f %% of a capacity of %.0f served; p99 wait %v; %d refused at 70 %% load", 100*share, capacity, short(p99), calm)
}

func closing(s *stage) {
	const leases, waiters, limit = 20, 500, 500 * time.Millisecond
	s.settings("leases that would last a minute, two connects that hang, Close with a deadline of %v", limit)
	db := pgtest.New(s)
	look := s.backends(db, "closing")
	look.now() // whatever the connection starts for itself is there
	baseline := runtime.NumGoroutine()
	var hang atomic.Bool
	p, err := pool.Open(s.ctx, db.URL, pool.Options{
		Name: "closing", Size: leases, MaxOverflow: 2, LeakAfter: -1, Logger: slog.New(slog.DiscardHandler), ConnectTimeout: patience,
		BeforeConnect: func(ctx context.Context, _ *pgx.ConnConfig) error {
			if hang.Load() {
				<-ctx.Done()
			}
			return ctx.Err()
		},
	})
	s.check(err)
	s.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		_ = p.Close(ctx) // when the figure fails before
	})
	var held []pool.Conn
	for range leases {
		c, err := p.Acquire(s.ctx)
		s.check(err)
		held = append(held, c)
	}
	hang.Store(true)
	var wg sync.WaitGroup
	var cut atomic.Int64
	for _, c := range held {
		wg.Go(func() {
			defer c.Release()
			if _, err := c.Exec(s.ctx, sleep, 60); err != nil {
				cut.Add(1)
			}
		})
	}
	var answers durations
	var closedAt atomic.Pointer[time.Time]
	var wrong atomic.Int64
	for range waiters {
		wg.Go(func() {
			_, err := p.Acquire(s.ctx)
			if !errors.Is(err, pool.ErrClosed) {
				wrong.Add(1)
			}
			if at := closedAt.Load(); at != nil {
				answers.add(time.Since(*at))
			}
		})
	}
	s.eventually("500 waiters beside 2 connects", func() bool {
		stat := p.Stat()
		return stat.Waiting == waiters && stat.Connecting == 2
	})
	s.pause(100 * time.Millisecond) // for the queries to run
	ctx, stop := context.WithTimeout(s.ctx, limit)
	defer stop()
	start := time.Now()
	closedAt.Store(&start)
	err = p.Close(ctx)
	took := time.Since(start)
	wg.Wait()
	sorted := answers.sorted()
	s.must(wrong.Load() == 0 && len(sorted) == waiters, "%d waiters told that the pool is closed", int64(len(sorted))-wrong.Load())
	s.clock(quantile(sorted, 1) < 5*time.Millisecond, "the last one %v after the call", short(quantile(sorted, 1)))
	s.must(errors.Is(err, context.DeadlineExceeded) && cut.Load() == leases, "%d leases cut at the deadline", cut.Load())
	s.clock(took <= limit+100*time.Millisecond, "returned after %v", short(took))
	goroutines, left := 0, 0
	for end := time.Now().Add(time.Second); ; {
		goroutines, left = runtime.NumGoroutine()-baseline, look.now()
		if goroutines <= 0 && left == 0 || time.Now().After(end) {
			break
		}
		s.pause(5 * time.Millisecond)
	}
	s.must(goroutines <= 0, "%d goroutines left", max(goroutines, 0))
	s.must(left == 0, "%d backends left", left)
}

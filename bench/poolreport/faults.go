package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1"

func idleTerminated(s *stage) {
	rounds := size(s, 10, 3)
	s.settings("%d times, each followed by 60 queries at once", rounds)
	db := pgtest.New(s)
	run := func(r rival, name string) (failed int) {
		look, admin := s.backends(db, name), db.Conn(s)
		for range rounds {
			s.warm(r, 20)
			_, err := admin.Exec(s.ctx, terminate, name)
			s.check(err)
			s.eventually("the end of the backends", func() bool { return look.now() == 0 })
			s.pause(50 * time.Millisecond) // a busy kernel may deliver the ends of the connections after the answer above
			failed += len(together(60, func(int) error { return do(s.ctx, r, "select 1") }))
		}
		r.close()
		return failed
	}
	ours := run(s.ours(db.URL, setup{name: "victims", size: 20}), "victims")
	theirs := run(s.theirs(db.URL, setup{name: "their victims", size: 20}), "their victims")
	s.must(ours == 0, "%d errors in %d queries", ours, 60*rounds)
	s.peer("%d errors in %d queries", theirs, 60*rounds)
}

func restarts(s *stage) {
	const workers = 200
	s.settings("size 20, `select 1` without a pause, 1 ms after a refusal; refused: no connection, failed: the query on it")
	server := pgtest.Server(s, pgtest.ServerOptions{})
	set := setup{name: "restart", size: 20}
	run := func(r rival, mode pgtest.StopMode) (refused, failed int64, back time.Duration) {
		s.warm(r, 20)
		var served, refusals, failures atomic.Int64
		crew := s.crew(workers, func(int) {
			switch err := do(s.ctx, r, "select 1"); {
			case err == nil:
				served.Add(1)
			case errors.Is(err, errAcquire):
				refusals.Add(1)
				s.rest(time.Millisecond)
			default:
				failures.Add(1)
			}
		})
		s.eventually("the load", func() bool { return served.Load() > 1000 })
		server.Stop(mode)
		server.Restart()
		accepts, before := time.Now(), served.Load()
		s.eventually("the first answer", func() bool { return served.Load() > before })
		back = time.Since(accepts)
		s.pause(size(s, time.Second, 200*time.Millisecond)) // what fails late counts as well
		crew.stop()
		r.close()
		return refusals.Load(), failures.Load(), back
	}
	for _, mode := range []struct {
		name string
		mode pgtest.StopMode
	}{{"fast", pgtest.Fast}, {"immediate", pgtest.Immediate}} {
		refused, failed, back := run(s.ours(server.URL, set), mode.mode)
		s.must(failed <= 20, "%s: %d failed of 20 in flight", mode.name, failed)
		s.clock(back <= time.Second, "%s: serving again %v after it accepts; %d refused meanwhile", mode.name, short(back), refused)
		refused, failed, back = run(s.theirs(server.URL, set), mode.mode)
		s.peer("%s: %d failed; serving again after %v; %d refused meanwhile", mode.name, failed, short(back), refused)
	}
}

func serverDown(s *stage) {
	const workers = 50
	down := size(s, 10*time.Second, 2*time.Second)
	s.settings("down for %v, %d callers that try again after 10 ms, size 20", down, workers)
	server := pgtest.Server(s, pgtest.ServerOptions{})
	set := setup{name: "down", size: 20}
	run := func(r rival) (attempts int, sorted []time.Duration, back time.Duration) {
		s.warm(r, 20)
		server.Stop(pgtest.Fast)
		before := r.attempts()
		var failures durations
		var served atomic.Int64
		crew := s.crew(workers, func(int) {
			start := time.Now()
			if do(s.ctx, r, "select 1") == nil {
				served.Add(1)
			} else {
				failures.add(time.Since(start))
			}
			s.rest(10 * time.Millisecond)
		})
		s.pause(down)
		attempts = r.attempts() - before
		sorted = failures.sorted()
		server.Restart()
		up := time.Now()
		s.eventually("the first answer", func() bool { return served.Load() > 0 })
		back = time.Since(up)
		crew.stop()
		r.close()
		return attempts, sorted, back
	}
	attempts, sorted, back := run(s.ours(server.URL, set))
	worst, p999 := quantile(sorted, 1), quantile(sorted, 0.999)
	s.must(attempts <= 18, "%d connect attempts", attempts)
	s.must(len(sorted) > 0, "%d callers failed", len(sorted))
	s.clock(p999 < 10*time.Millisecond, "they failed within %v (99.9 %%), at most %v", short(p999), short(worst))
	s.clock(back <= 1200*time.Millisecond, "back %v after it is up", short(back))
	attempts, sorted, back = run(s.theirs(server.URL, set))
	s.peer("%d connect attempts; %d callers failed, within %v (99.9 %%), at most %v; back after %v",
		attempts, len(sorted), short(quantile(sorted, 0.999)), short(quantile(sorted, 1)), short(back))
}

func frozenNetwork(s *stage) {
	frozen := size(s, 20*time.Second, 3*time.Second)
	set := setup{name: "frozen", size: 10, connectTimeout: size(s, 5*time.Second, time.Second)}
	s.settings("frozen for %v, ConnectTimeout %v, size 10, 20 callers with a deadline of 1 s each", frozen, set.connectTimeout)
	db := pgtest.New(s)
	link := pgtest.Proxy(s, db.URL)
	run := func(r rival) time.Duration {
		s.warm(r, 10)
		var thawed atomic.Pointer[time.Time]
		usable := make(chan time.Duration, 1)
		crew := s.crew(20, func(int) {
			healed := thawed.Load() // only a query from here on shows that the pool is usable
			ctx, stop := context.WithTimeout(s.ctx, time.Second)
			defer stop()
			if do(ctx, r, "select 1") != nil {
				s.rest(20 * time.Millisecond)
			} else if healed != nil {
				select {
				case usable <- time.Since(*healed):
				default:
				}
			}
		})
		s.pause(100 * time.Millisecond)
		link.Freeze()
		s.pause(frozen)
		link.Thaw()
		now := time.Now()
		thawed.Store(&now)
		defer r.close()
		defer crew.stop()
		select {
		case took := <-usable:
			return took
		case <-time.After(3 * time.Minute):
			return -1
		}
	}
	said := func(took time.Duration) string {
		if took < 0 {
			return "not usable within 3 minutes"
		}
		return "usable " + short(took).String() + " after healing"
	}
	took := run(s.ours(link.URL, set))
	s.clock(took >= 0 && took <= set.connectTimeout+500*time.Millisecond, "%s", said(took))
	s.peer("%s", said(run(s.theirs(link.URL, set))))
}

func cancelledQueries(s *stage) {
	const workers, length = 4, 3
	each := size(s, 250, 25)
	s.settings("%d workers on size %d, each %d times: a query of %d s that is cancelled after 0 to 2 ms, then `select 1`", workers, workers, each, length)
	db := pgtest.New(s)
	run := func(r rival) (reconnects int, stray, other int64, examples []error) {
		s.warm(r, workers)
		before := r.opened()
		var strays, others atomic.Int64
		examples = together(workers, func(int) error {
			var first error
			for n := range each {
				ctx, stop := context.WithTimeout(s.ctx, time.Duration(n%5)*time.Millisecond/2)
				err := do(ctx, r, sleep, length)
				stop()
				if err == nil {
					others.Add(1)
					first = errors.Join(first, errors.New("a cancelled query ended well"))
				}
				err = do(s.ctx, r, "select 1")
				var pgErr *pgconn.PgError
				switch {
				case errors.As(err, &pgErr) && pgErr.Code == "57014":
					strays.Add(1)
				case err != nil:
					others.Add(1)
					first = errors.Join(first, err)
				}
			}
			return first
		})
		reconnects = r.opened() - before
		r.close()
		return reconnects, strays.Load(), others.Load(), examples
	}
	set := setup{name: "cancelled", size: workers}
	reconnects, stray, other, examples := run(s.ours(db.URL, set))
	s.must(reconnects == 0, "%d reconnects in %d cancelled queries", reconnects, workers*each)
	s.must(stray == 0, "%d stray 57014", stray)
	s.must(other == 0, "%d other errors%s", other, firstLine(some(examples)))
	reconnects, stray, other, _ = run(s.theirs(db.URL, set))
	s.peer("%d reconnects in %d cancelled queries; %d stray 57014; %d other errors", reconnects, workers*each, stray, other)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

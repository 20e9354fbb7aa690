package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// sleep is a query that keeps a connection busy without the processor.
const sleep = "select pg_sleep($1)"

// together runs n functions at once and gives the errors that there were.
func together(n int, f func(i int) error) (errs []error) {
	all := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i] = f(i) })
	}
	wg.Wait()
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
}

// some shows the first of several errors.
func some(errs []error) string {
	if len(errs) == 0 {
		return ""
	}
	return ", such as: " + errs[0].Error()
}

// backends counts the server's processes for an application_name, over a connection of its own.
type backends struct {
	s     *stage
	count func(ctx context.Context) (int, error)
}

func (s *stage) backends(db *pgtest.DB, name string) backends {
	conn := db.Conn(s)
	return backends{s, func(ctx context.Context) (n int, err error) {
		err = conn.QueryRow(ctx, "select count(*) from pg_stat_activity where application_name = $1", name).Scan(&n)
		return n, err
	}}
}

func (b backends) now() int {
	n, err := b.count(b.s.ctx)
	b.s.check(err)
	return n
}

// watch counts all the time until stop is called, which gives the most that was seen.
func (b backends) watch() (stop func() int) {
	done := make(chan struct{})
	most := 0
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			var n int
			if n, failed = b.count(b.s.ctx); failed != nil {
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
		b.s.check(failed)
		return most
	}
}

// crew is a number of workers that do the same again and again until they are stopped.
type crew struct {
	wg   sync.WaitGroup
	quit atomic.Bool
}

func (s *stage) crew(n int, work func(worker int)) *crew {
	c := &crew{}
	for i := range n {
		c.wg.Go(func() {
			for !c.quit.Load() && s.ctx.Err() == nil {
				work(i)
			}
		})
	}
	s.Cleanup(c.stop) // also when the figure fails before its end
	return c
}

func (c *crew) stop() {
	c.quit.Store(true)
	c.wg.Wait()
}

// rest is a worker's pause, ended by an interruption.
func (s *stage) rest(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

// durations collects from many goroutines.
type durations struct {
	mu  sync.Mutex
	all []time.Duration // guarded by mu
}

func (d *durations) add(v time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, v)
}

// sorted ends the collection.
func (d *durations) sorted() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.Sort(d.all)
	return d.all
}

// quantile of sorted durations; 0 when there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// short rounds a duration to what is worth reading.
func short(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}

// middleHalf is the range that holds the middle half of the values.
func middleHalf(values []float64) (low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/4], sorted[len(sorted)*3/4]
}

package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// speed compares the cost of a lease on which nothing is done. Both pools take short turns, so that whatever else the
// machine does falls on both, and the median of the ratios counts.
func speed(s *stage) {
	s.settings("in turns; the median of the ratios, and the range of their middle half")
	db := pgtest.New(s)
	set := setup{name: "speed", size: 20}
	ours, theirs := s.ours(db.URL, set), s.theirs(db.URL, set)
	s.warm(ours, 20)
	s.warm(theirs, 20)
	one := func(ctx context.Context) error {
		c, err := ours.Acquire(ctx)
		if err == nil {
			c.Release()
		}
		return err
	}
	other := func(ctx context.Context) error {
		c, err := theirs.Acquire(ctx)
		if err == nil {
			c.Release()
		}
		return err
	}
	for _, load := range []struct {
		name    string
		workers int
		turn    time.Duration // 1000 goroutines need some time until they stand in each other's way
		rounds  int
	}{
		{"uncontended", 1, 30 * time.Millisecond, size(s, 101, 21)},
		{"1000 goroutines on 20", 1000, 200 * time.Millisecond, size(s, 41, 5)},
	} {
		var ratios, oursNs, theirsNs, allocs, theirAllocs []float64
		for range load.rounds {
			t, ta := s.turn(load.workers, load.turn, other)
			o, oa := s.turn(load.workers, load.turn, one)
			ratios, oursNs, theirsNs = append(ratios, o/t), append(oursNs, o), append(theirsNs, t)
			allocs, theirAllocs = append(allocs, oa), append(theirAllocs, ta)
		}
		ratio := median(ratios)
		low, high := middleHalf(ratios)
		s.clock(ratio <= 0.5, "%s: %.2f × pgxpool (%.2f to %.2f), %.0f ns", load.name, ratio, low, high, median(oursNs))
		s.must(median(allocs) == 0, "%s: %.0f allocations", load.name, median(allocs))
		s.peer("%s: %.0f ns, %.0f allocations", load.name, median(theirsNs), median(theirAllocs))
	}
}

// turn has workers acquire and release for a while and gives the nanoseconds and the whole allocations that one takes.
func (s *stage) turn(workers int, length time.Duration, one func(context.Context) error) (ns, allocs float64) {
	ctx := context.Background() // a context's end, which all would watch, would be what they contend for
	begin := make(chan struct{})
	var quit atomic.Bool
	var ready, done sync.WaitGroup
	counts := make([]int, workers)
	errs := make([]error, workers)
	ready.Add(workers)
	for i := range workers {
		done.Go(func() {
			ready.Done()
			<-begin
			n := 0
			for !quit.Load() {
				if err := one(ctx); err != nil {
					errs[i] = err
					break
				}
				n++
			}
			counts[i] = n
		})
	}
	ready.Wait()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	close(begin)
	s.rest(length)
	quit.Store(true)
	done.Wait()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	total := 0
	for i, n := range counts {
		s.check(errs[i])
		total += n
	}
	if total == 0 {
		s.Fatalf("not one acquire in %v", took)
	}
	return float64(took) / float64(total), float64((after.Mallocs - before.Mallocs) / uint64(total))
}

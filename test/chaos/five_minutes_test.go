package chaos_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	size, overflow = 6, 4
	workers        = 24
)

// TestFiveMinutes puts a pool under load while everything beneath it breaks at random. At the end the books must balance, the
// heap must be where it was, and nothing may be left.
func TestFiveMinutes(t *testing.T) {
	warm, lasts := 1500*time.Millisecond, 6*time.Second
	if slow() {
		warm, lasts = 20*time.Second, 5*time.Minute
	}
	n := seed(t)
	t.Logf("FRAISEQL_SEED=%d", n)
	server := pgtest.Server(t, pgtest.ServerOptions{SQL: []string{ledger}})
	link := pgtest.Proxy(t, server.URL)
	var told struct{ acquired, refused, released, connected, failed, closed atomic.Int64 }
	p, err := pool.Open(t.Context(), link.URL, pool.Options{
		Name: "chaos", Size: size, MaxOverflow: overflow, Timeout: 2 * time.Second, ConnectTimeout: time.Second, CloseGrace: 500 * time.Millisecond,
		Recycle: 2 * time.Second, OverflowLinger: 300 * time.Millisecond, ValidateAfter: 500 * time.Millisecond, MaxConnecting: 3, LeakAfter: -1,
		Logger: slog.New(slog.DiscardHandler),
		Trace: &pool.Trace{
			Acquired:      func(pool.AcquiredInfo) { told.acquired.Add(1) },
			AcquireFailed: func(*pool.AcquireError) { told.refused.Add(1) },
			Released:      func(pool.ReleasedInfo) { told.released.Add(1) },
			Closed:        func(pool.ClosedInfo) { told.closed.Add(1) },
			Connected: func(i pool.ConnectedInfo) {
				if i.Err == nil {
					told.connected.Add(1)
				} else {
					told.failed.Add(1)
				}
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = p.Close(context.Background())
		}
	}()
	b := &breaker{t: t, p: p, server: server, link: link, r: rand.New(rand.NewPCG(n, 99)), count: map[string]int{}}
	b.watch = newWatch(t, server.URL, size+overflow, p.Stat)
	c := newCrowd(p, n)
	b.served = c.served.Load

	phase := func(d time.Duration, faults []string) {
		ctx, stop := context.WithCancel(t.Context())
		wait := c.work(ctx, workers)
		b.run(d, faults)
		stop()
		wait()
		b.rest()
	}
	phase(warm, []string{"terminate one", "RST", "latency", "resize"})
	before := heap()
	phase(lasts, nil)
	after := heap()
	most := b.watch.end()

	s := p.Stat()
	var kinds []string
	for kind, n := range b.count {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(kinds)
	t.Logf("faults: %s", strings.Join(kinds, ", "))
	t.Logf("%d tries: %d leases (%d served, %d lost their connection, %d left, %d panics, %d cancelled queries), %d refused %+v", c.tries.Load(), c.leased.Load(),
		c.served.Load(), c.lost.Load(), c.left.Load(), c.panics.Load(), c.cancelled.Load(), c.refused.Load(), s.Failures)
	t.Logf("%d opened, %d failed connects, closed %+v; %d cancels, %d resets, %d validations, %d peek misses", s.Opened, s.ConnectFailures, s.Closed, s.Cancels, s.Resets, s.Validations, s.PeekMisses)
	t.Logf("at most %d backends of %d; heap %d KB before, %d KB after", most, size+overflow, before>>10, after>>10)

	c.mu.Lock()
	for text, n := range c.faults {
		t.Errorf("%d times: %s", n, text)
	}
	c.mu.Unlock()
	if grown := int64(after) - int64(before); grown > 1<<20 {
		t.Errorf("the heap has grown by %d KB", grown>>10)
	}
	equal := func(what string, a, b int64) {
		t.Helper()
		if a != b {
			t.Errorf("%s: %d and %d", what, a, b)
		}
	}
	leases := int64(s.Acquires.Immediate + s.Acquires.Waited)
	f := s.Failures
	refused := int64(f.Timeout + f.Saturated + f.QueueFull + f.Unavailable + f.Closed + f.Nested + f.Canceled)
	equal("leases counted by the pool and by the borrowers", leases, c.leased.Load())
	equal("acquires and releases", leases, int64(s.UseTime.Count()))
	equal("acquires and waits in the histogram", leases, int64(s.WaitTime.Count()))
	equal("acquires and what the trace tells of them", leases, told.acquired.Load())
	equal("releases and what the trace tells of them", leases, told.released.Load())
	equal("refusals counted by the pool and by the borrowers", refused, c.refused.Load())
	equal("refusals and what the trace tells of them", refused, told.refused.Load())
	equal("leases + refusals, and tries", leases+refused, c.tries.Load())
	eventually(t, "what is opened, closed and open adds up", func() bool { // connections come and go by their age at any time
		connected, failed := told.connected.Load(), told.failed.Load()
		s := p.Stat()
		return int64(s.Opened) == connected && int64(s.ConnectFailures) == failed && s.CreateTime.Count() == s.Opened &&
			s.Opened == s.Closed.Total()+uint64(s.Idle+s.Leased+s.Tending)
	}, func() any { return []any{told.connected.Load(), told.failed.Load(), p.Stat()} })
	if c.served.Load() < 100 || c.lost.Load() == 0 || c.cancelled.Load() == 0 || c.panics.Load() == 0 || f.Unavailable == 0 || f.Canceled == 0 {
		t.Error("this was no chaos: see the figures")
	}
	b.books(c)

	closing, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if err := p.Close(closing); err != nil {
		t.Errorf("close: %v", err)
	}
	closed = true
	s = p.Stat()
	equal("opened and closed, at the end", int64(s.Opened), int64(s.Closed.Total()))
	equal("closed, and what the trace tells of it", int64(s.Closed.Total()), told.closed.Load())
	eventually(t, "no goroutine of the pool is left", func() bool { return len(ofPool(t)) == 0 }, func() any { return ofPool(t) })
	b.watch.none(t)
}

// ofPool gives the stacks of the goroutines that the pool has made.
func ofPool(t *testing.T) (left []string) {
	t.Helper()
	var stacks strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "fraiseql-go/pool.") {
			left = append(left, stack)
		}
	}
	return left
}

// heap is what is in use after everything that can be freed was.
func heap() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// books compares the rows in the table with the commits: each that was confirmed is there, and nothing else but what lost its
// answer on the way.
func (b *breaker) books(c *crowd) {
	b.t.Helper()
	conn := b.server.Conn(b.t)
	rows, err := conn.Query(b.t.Context(), "select worker, count(*) from ledger group by worker")
	if err != nil {
		b.t.Error(err)
		return
	}
	there := map[int]int64{}
	var worker int
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&worker, &n}, func() error {
		there[worker] = n
		return nil
	}); err != nil {
		b.t.Error(err)
	}
	if there[-1] != 0 {
		b.t.Errorf("%d rows of transactions that ended in a panic", there[-1])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range workers {
		if there[i] < c.acked[i] || there[i] > c.acked[i]+c.unknown[i] {
			b.t.Errorf("worker %d: %d rows, %d commits were confirmed and %d lost their answer", i, there[i], c.acked[i], c.unknown[i])
		}
	}
}

package pool_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// op is one step of a random life of a pool.
type op struct {
	Kind string
	N    int // which one, or how much
}

// call is one Acquire of the model.
type call struct {
	id     int
	cancel context.CancelFunc
	done   chan struct{}
	conn   pool.Conn
	err    error
	pid    uint32
}

// model drives a pool by ops, each followed by quiescence, and keeps what must hold.
type model struct {
	p       *pool.Pool
	f       *fakeServer
	ceiling int
	lowered bool // the ceiling was once higher: the server may have seen more
	sheds   bool // there is a target
	calls   int
	waiting []*call // in the order of their Acquire
	held    []*call
	failed  int
}

// TestModel compares the pool with what must hold after every step of random sequences: the ceiling, exclusive leases,
// strict order, and that every counter adds up.
//
// Under FRAISEQL_SLOW=1 at least 100,000 sequences run.
func TestModel(t *testing.T) {
	t.Parallel()
	const checks = "rapid.checks"
	if n, err := strconv.Atoi(flag.Lookup(checks).Value.String()); slow(2) > 1 && (err != nil || n < 100_000) {
		if err := flag.Set(checks, "100000"); err != nil {
			t.Fatal(err)
		}
	}
	kinds := []string{
		"acquire", "acquire", "acquire", "acquire", "release", "release", "release", "cancel", "kill", "use", "wait", "pause",
		"resize", "down", "up", "dirty", "hang",
	}
	rapid.Check(t, func(rt *rapid.T) {
		o := pool.Options{
			Name:           "model",
			Logger:         slog.New(slog.DiscardHandler),
			Size:           rapid.IntRange(1, 4).Draw(rt, "size"),
			MaxOverflow:    rapid.IntRange(-1, 3).Draw(rt, "overflow"),
			Timeout:        rapid.SampledFrom([]time.Duration{-1, 30 * time.Millisecond, time.Second, 0}).Draw(rt, "timeout"),
			MaxWaiting:     rapid.SampledFrom([]int{0, 3, -1}).Draw(rt, "max waiting"),
			Recycle:        rapid.SampledFrom([]time.Duration{-1, time.Second, time.Minute}).Draw(rt, "recycle"),
			OverflowLinger: rapid.SampledFrom([]time.Duration{-1, 100 * time.Millisecond}).Draw(rt, "linger"),
			ValidateAfter:  rapid.SampledFrom([]time.Duration{-1, 50 * time.Millisecond}).Draw(rt, "validate after"),
			MaxConnecting:  rapid.IntRange(1, 3).Draw(rt, "connecting"),
			ShedTarget:     rapid.SampledFrom([]time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond}).Draw(rt, "shed target"),
		}
		connectTime := rapid.SampledFrom([]time.Duration{0, 5 * time.Millisecond}).Draw(rt, "connect time")
		closeTime := rapid.SampledFrom([]time.Duration{0, 20 * time.Millisecond}).Draw(rt, "close time")
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			return op{rapid.SampledFrom(kinds).Draw(rt, "kind"), rapid.IntRange(0, 7).Draw(rt, "n")}
		}), 1, 40).Draw(rt, "ops")
		var err error
		synctest.Test(t, func(t *testing.T) { err = runModel(t.Context(), o, connectTime, closeTime, ops) })
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func runModel(ctx context.Context, o pool.Options, connectTime, closeTime time.Duration, ops []op) error {
	f := newFakeServer()
	f.connectTime, f.closeTime = connectTime, closeTime
	p, err := pool.Open(ctx, fakeURL, f.options(o))
	if err != nil {
		return err
	}
	m := &model{p: p, f: f, ceiling: p.Stat().MaxSize, sheds: o.ShedTarget > 0}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { // also after a fault nothing may outlive the bubble
		cancel()
		_ = p.Close(ctx)
		_ = p.Close(context.Background())
		time.Sleep(time.Minute) // for what pgx does by itself, at most 15 s
	}()
	for i, op := range ops {
		m.do(ctx, op)
		synctest.Wait()
		if err := m.check(); err != nil {
			return fmt.Errorf("after %v (step %d): %w\n%+v", op, i, err, p.Stat())
		}
	}
	return m.finish(ctx)
}

func (m *model) do(ctx context.Context, op op) {
	pick := func(list []*call) *call { return list[op.N%len(list)] }
	switch op.Kind {
	case "acquire":
		callCtx, cancel := context.WithCancel(ctx)
		c := &call{id: m.calls, cancel: cancel, done: make(chan struct{})}
		m.calls++
		m.waiting = append(m.waiting, c)
		go func() {
			defer close(c.done)
			c.conn, c.err = m.p.Acquire(callCtx)
		}()
	case "release":
		if len(m.held) > 0 {
			c := pick(m.held)
			m.held = slices.DeleteFunc(m.held, func(h *call) bool { return h == c })
			c.conn.Release()
			c.conn.Release() // a second one must do nothing, also when the connection is lent again
			if err := c.conn.RawClean(func(*pgx.Conn) error { return nil }); !errors.Is(err, pool.ErrReleased) {
				panic(fmt.Sprintf("use after release: %v", err))
			}
		}
	case "cancel":
		if len(m.waiting) > 0 {
			pick(m.waiting).cancel()
		}
	case "kill":
		if pids := m.f.pids(); len(pids) > 0 {
			slices.Sort(pids)
			m.f.kill(pids[op.N%len(pids)])
		}
	case "use", "dirty":
		if len(m.held) > 0 {
			c := pick(m.held)
			use := c.conn.RawClean
			if op.Kind == "dirty" {
				use = c.conn.Raw
			}
			_ = use(func(conn *pgx.Conn) error { return conn.Ping(ctx) }) // it may have been killed
		}
	case "wait":
		time.Sleep(time.Duration(op.N) * 3 * time.Millisecond)
	case "pause":
		time.Sleep(time.Duration(op.N) * 300 * time.Millisecond)
	case "resize":
		if err := m.p.Resize(1+op.N%4, op.N%3); err != nil {
			panic(err)
		}
		m.lowered = true
		m.ceiling = 1 + op.N%4 + op.N%3
	case "down":
		m.f.down.Store(true)
	case "hang":
		m.f.hang.Store(true)
	case "up":
		m.f.down.Store(false)
		m.f.hang.Store(false)
	}
}

func (m *model) check() error {
	// Strict order: whoever still waits came after everybody who was served in this step.
	oldest := -1
	var still []*call
	var served []*call
	for _, c := range m.waiting {
		select {
		case <-c.done:
			if c.err != nil {
				m.failed++
				continue
			}
			c.pid, _ = pidOf(c.conn)
			served = append(served, c)
		default:
			if oldest < 0 {
				oldest = c.id
			}
			still = append(still, c)
		}
	}
	for _, c := range served {
		if oldest >= 0 && c.id > oldest {
			return fmt.Errorf("call %d was served before call %d", c.id, oldest)
		}
	}
	m.waiting = still
	m.held = append(m.held, served...)
	holder := map[uint32]int{}
	for _, c := range m.held {
		if other, taken := holder[c.pid]; taken {
			return fmt.Errorf("calls %d and %d hold the same connection", other, c.id)
		}
		holder[c.pid] = c.id
	}
	s := m.p.Stat()
	total := s.Idle + s.Leased + s.Tending + s.Connecting + s.Closing
	switch {
	case !m.lowered && (total > m.ceiling || m.f.peak.Load() > int64(m.ceiling)):
		return fmt.Errorf("%d places taken, the server saw %d, the ceiling is %d", total, m.f.peak.Load(), m.ceiling)
	case s.Idle > 0 && total-s.Closing > max(m.ceiling, len(m.held)+1):
		return fmt.Errorf("%d places are kept above a ceiling of %d", total, m.ceiling)
	case s.Leased != len(m.held):
		return fmt.Errorf("%d leased, the model has %d", s.Leased, len(m.held))
	case s.Waiting != len(m.waiting):
		return fmt.Errorf("%d waiting, the model has %d", s.Waiting, len(m.waiting))
	case s.Waiting > 0 && s.Idle > 0 && s.Tending == 0:
		return errors.New("callers wait beside idle connections")
	case s.Opened-s.Closed.Total() != uint64(s.Idle+s.Leased+s.Tending):
		return fmt.Errorf("opened %d, closed %d, but %d are open", s.Opened, s.Closed.Total(), s.Idle+s.Leased+s.Tending)
	}
	fs := s.Failures
	failures := fs.Timeout + fs.Saturated + fs.QueueFull + fs.Shed + fs.Unavailable + fs.Closed + fs.Nested + fs.Canceled
	if fs.Shed > 0 && !m.sheds {
		return fmt.Errorf("%d were shed without a target", fs.Shed)
	}
	if failures != uint64(m.failed) {
		return fmt.Errorf("%d failures counted, the model has %d", failures, m.failed)
	}
	if got := s.Acquires.Immediate + s.Acquires.Waited + failures + uint64(s.Waiting); got != uint64(m.calls) {
		return fmt.Errorf("%d calls accounted for of %d", got, m.calls)
	}
	return nil
}

// finish lets the server be well, serves everybody who waits, and ends the pool: nothing may be left.
func (m *model) finish(ctx context.Context) error {
	m.do(ctx, op{Kind: "up"})
	for range 1000 {
		if len(m.waiting) == 0 {
			break
		}
		for len(m.held) > 0 {
			m.do(ctx, op{Kind: "release"})
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if err := m.check(); err != nil {
			return fmt.Errorf("at the end: %w", err)
		}
	}
	if len(m.waiting) > 0 {
		return fmt.Errorf("%d callers are stranded: %+v", len(m.waiting), m.p.Stat())
	}
	for len(m.held) > 1 {
		m.do(ctx, op{Kind: "release"})
	}
	closeCtx, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	err := m.p.Close(closeCtx)
	if len(m.held) == 1 && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("close with a lease that does not end: %v", err)
	}
	if err := m.p.Close(ctx); err != nil {
		return fmt.Errorf("second close: %w", err)
	}
	synctest.Wait()
	if s := m.p.Stat(); s.State != pool.StateClosed || s.Idle+s.Leased+s.Tending+s.Connecting+s.Closing+s.Waiting != 0 {
		return fmt.Errorf("left behind: %+v", s)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if n := m.f.open.Load(); n != 0 {
		return fmt.Errorf("%d sessions are left on the server", n)
	}
	return nil
}

// TestOrder has 1000 callers wait, cancels some at random, and serves the others one by one.
func TestOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers = 1000
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: time.Hour}))
		first, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var order []int
		served := make(chan pool.Conn)
		cancels := make([]context.CancelFunc, callers)
		for i := range callers {
			ctx, cancel := context.WithCancel(t.Context())
			cancels[i] = cancel
			go func() {
				c, err := p.Acquire(ctx)
				if err != nil {
					return
				}
				order = append(order, i) // one lease exists: only its holder writes
				served <- c
			}()
			synctest.Wait() // so that i is its place
		}
		cancelled := map[int]bool{}
		for range callers / 3 {
			i := rand.IntN(callers)
			cancelled[i] = true
			cancels[i]()
		}
		synctest.Wait()
		if got, want := p.Stat().Waiting, callers-len(cancelled); got != want {
			t.Fatalf("%d wait after the cancellations, want %d", got, want)
		}
		first.Release()
		for range callers - len(cancelled) {
			(<-served).Release()
		}
		if !slices.IsSorted(order) || len(order) != callers-len(cancelled) {
			t.Errorf("%d of %d served, in this order: %v", len(order), callers-len(cancelled), order)
		}
		for _, cancel := range cancels {
			cancel()
		}
	})
}

// slow is by how much a test grows under FRAISEQL_SLOW=1, and 1 otherwise.
func slow(factor int) int {
	if os.Getenv("FRAISEQL_SLOW") == "1" {
		return factor
	}
	return 1
}

// TestCancellationsStrandNobody cancels waiting callers at random moments while leases come and go: at the end the
// connections are all back and everybody has an answer. Under FRAISEQL_SLOW=1 it goes on to a million cancellations.
func TestCancellationsStrandNobody(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 3, MaxOverflow: -1, MaxWaiting: -1}))
	warmUp(t, p, 3)
	var served, cancelled, before atomic.Int64
	want := int64(10_000 * slow(100))
	err := together(64, func(i int) error {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for cancelled.Load() < want {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(200))*time.Microsecond)
			c, err := p.Acquire(ctx)
			var refused *pool.AcquireError
			switch {
			case err == nil:
				served.Add(1)
				c.Release()
			case !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused):
				cancel()
				return err
			case refused.Position == 0:
				before.Add(1) // it never waited
			default:
				cancelled.Add(1)
			}
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stat()
	if s.Idle != 3 || s.Waiting != 0 || s.Leased != 0 || s.Opened != 3 {
		t.Errorf("%+v", s)
	}
	if s.Acquires.Immediate+s.Acquires.Waited != 3+uint64(served.Load()) || s.Failures.Canceled != uint64(cancelled.Load()+before.Load()) {
		t.Errorf("%d served, %d cancelled while waiting, %d before: %+v", served.Load(), cancelled.Load(), before.Load(), s)
	}
	if s.Acquires.Waited == 0 {
		t.Errorf("nobody was served after a wait: %+v", s)
	}
	t.Logf("%d callers cancelled while they waited, %d served, none stranded", cancelled.Load(), served.Load())
}

package pool

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// State is what a pool as a whole can do.
type State uint8

// The states of a pool.
const (
	StateConnecting State = iota // no connection was made yet
	StateUp                      // serving
	StateDown                    // the database is unreachable or refuses; callers fail at once
	StateClosing                 // Close was called; leases may finish
	StateClosed                  // nothing is left
)

var stateNames = [...]string{"connecting", "up", "down", "closing", "closed"}

func (s State) String() string { return stateNames[s] }

// MarshalText gives the state in lower case.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("pool: unknown state %q: want one of %v", text, stateNames)
}

// CloseReason says why a connection was closed.
type CloseReason uint8

// The reasons to close a connection.
const (
	CloseOverflow CloseReason = iota // above Size and idle for OverflowLinger
	CloseRecycled                    // old; replaced or too old to be handed out
	CloseBroken                      // the server ended it, or it did not answer a ping
	CloseUnclean                     // it came back in use: rows, a batch or a COPY were left open
	CloseReset                       // its reset or a hook failed
	CloseReadOnly                    // it refused to write by its own default: the server is a standby
	CloseResized                     // above a lowered ceiling
	CloseShutdown                    // the pool closed
	CloseCut                         // leased when the context of Close ended

	closeReasons = iota
)

func (r CloseReason) String() string {
	return [...]string{"overflow", "recycled", "broken", "unclean", "reset", "readOnly", "resized", "shutdown", "cut"}[r]
}

// Stat is a copy of a pool's numbers at one moment. Durations are nanoseconds in JSON. Gauges are of one moment among
// themselves: Idle + Leased + Tending + Connecting + Closing never exceeds MaxSize, except right after a Resize.
type Stat struct {
	Name    string `json:"name"`    // of the pool
	State   State  `json:"state"`   // connecting, up, down, closing or closed
	Pooler  bool   `json:"pooler"`  // one was noticed in front of the server
	MinSize int    `json:"minSize"` // connections opened at start and kept
	Size    int    `json:"size"`    // connections kept between bursts
	MaxSize int    `json:"maxSize"` // the ceiling

	Idle       int           `json:"idle"`       // connections ready to be lent
	Leased     int           `json:"leased"`     // connections lent to a caller
	Tending    int           `json:"tending"`    // being pinged or reset between two leases
	Connecting int           `json:"connecting"` // being opened
	Closing    int           `json:"closing"`    // being closed: the server has not let go of them yet
	Waiting    int           `json:"waiting"`    // callers in the queue
	OldestWait time.Duration `json:"oldestWait"` // how long the first of them has waited

	Acquires AcquireCounts `json:"acquires"`
	Failures FailureCounts `json:"failures"`
	Closed   CloseCounts   `json:"closed"`

	Opened          uint64 `json:"opened"`          // connections opened
	ConnectFailures uint64 `json:"connectFailures"` // attempts to connect that failed
	PeekMisses      uint64 `json:"peekMisses"`      // idle connections that were not quiet when they were to be lent
	Validations     uint64 `json:"validations"`     // pings before a connection was lent
	Resets          uint64 `json:"resets"`          // sessions reset after a lease
	Cancels         uint64 `json:"cancels"`         // cancel requests sent because a caller's context ended
	Nested          uint64 `json:"nested"`          // acquires by a request that held a lease already
	Leaks           uint64 `json:"leaks"`           // leases held longer than LeakAfter

	WaitTime   Histogram `json:"waitTime"`   // how long callers waited that got a connection; those that found one idle are in the first bucket
	UseTime    Histogram `json:"useTime"`    // how long connections were lent
	CreateTime Histogram `json:"createTime"` // how long connecting took
}

// AcquireCounts count leases by how they were obtained. Their total is Immediate + Waited.
type AcquireCounts struct {
	Immediate uint64 `json:"immediate"` // a connection was idle
	Waited    uint64 `json:"waited"`    // the caller had to wait
	OpenedNew uint64 `json:"openedNew"` // of these, those that got a connection's first lease
}

// FailureCounts count failed acquires by reason.
type FailureCounts struct {
	Timeout     uint64 `json:"timeout"`     // ErrTimeout: Options.Timeout passed
	Saturated   uint64 `json:"saturated"`   // ErrSaturated: none was idle, and the pool is told not to wait
	QueueFull   uint64 `json:"queueFull"`   // ErrQueueFull: MaxWaiting callers waited already
	Shed        uint64 `json:"shed"`        // ErrShed: turned away because of ShedTarget
	Unavailable uint64 `json:"unavailable"` // ErrUnavailable: the pool was down
	Closed      uint64 `json:"closed"`      // ErrClosed: the pool was closing or closed
	Nested      uint64 `json:"nested"`      // ErrNested: a lease was held already, and that is refused
	Canceled    uint64 `json:"canceled"`    // the caller's context ended first
}

// CloseCounts count closed connections by reason.
type CloseCounts struct {
	Overflow uint64 `json:"overflow"` // above Size and idle for OverflowLinger
	Recycled uint64 `json:"recycled"` // as old as Recycle allows
	Broken   uint64 `json:"broken"`   // ended by the server, or deaf to a ping
	Unclean  uint64 `json:"unclean"`  // given back with rows, a batch or a COPY left open
	Reset    uint64 `json:"reset"`    // the reset after a lease failed, or a hook did
	ReadOnly uint64 `json:"readOnly"` // the server refused to write by its own default: it is a standby
	Resized  uint64 `json:"resized"`  // above a ceiling that Resize lowered
	Shutdown uint64 `json:"shutdown"` // the pool closed
	Cut      uint64 `json:"cut"`      // still lent when the context of Close ended
}

// Total is the sum of all reasons.
func (c CloseCounts) Total() uint64 {
	return c.Overflow + c.Recycled + c.Broken + c.Unclean + c.Reset + c.ReadOnly + c.Resized + c.Shutdown + c.Cut
}

// Buckets is the number of buckets of a Histogram.
const Buckets = 18

// Histogram counts durations. Counts[i] are those up to BucketBounds()[i] and above the bound before; the last bucket
// has no bound.
type Histogram struct {
	Counts [Buckets]uint64 `json:"counts"`
	Sum    time.Duration   `json:"sum"`
}

// Count is the number of durations in the histogram.
func (h Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// BucketBounds gives the upper bounds of the buckets of every Histogram but the last.
func BucketBounds() [Buckets - 1]time.Duration {
	return bucketBounds
}

var bucketBounds = func() [Buckets - 1]time.Duration {
	const us, ms = time.Microsecond, time.Millisecond
	return [...]time.Duration{
		100 * us, 250 * us, 500 * us, 1 * ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		1000 * ms, 2500 * ms, 5000 * ms, 10_000 * ms, 30_000 * ms,
	}
}()

// cacheLine is how many bytes travel between two cores at once, on most processors.
const cacheLine = 64

type histogram struct {
	counts [Buckets]atomic.Uint64
	sum    atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(bucketBounds) && d > bucketBounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) addTo(out *Histogram) {
	for i := range out.Counts {
		out.Counts[i] += h.counts[i].Load()
	}
	out.Sum += time.Duration(h.sum.Load())
}

// tally counts what happens at every lease, of one slot at a time. The pool's numbers are the sum over all tallies: numbers
// that all slots shared would travel from core to core with every lease. The tally of a slot that is gone goes to the next
// new one, so none is ever lost.
type tally struct {
	immediate, waited, openedNew atomic.Uint64
	wait, use                    histogram
	_                            [cacheLine]byte // so that no two share one
}

// takeTally gives a new slot its tally. p.mu is held.
func (p *Pool) takeTally() *tally {
	if last := len(p.spareTallies) - 1; last >= 0 {
		t := p.spareTallies[last]
		p.spareTallies = p.spareTallies[:last]
		return t
	}
	t := &tally{}
	var all []*tally
	if old := p.meters.tallies.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = append(all, t)
	p.meters.tallies.Store(&all)
	return t
}

// gauges are what a lease changes of the pool as a whole.
type gauges struct {
	slots   atomic.Uint64 // five of 12 bits each: idle, leased, tending, connecting, closing
	waiting atomic.Int64
	oldest  atomic.Int64 // when the oldest waiter came, an instant; 0: nobody waits
}

// meters are the numbers behind Stat. They are written while the pool's lock is held or by one goroutine about its own
// event, and read without any lock.
type meters struct {
	levels atomic.Uint64 // three of 16 bits: min, size, max; the state in 8, and whether there is a pooler

	tallies atomic.Pointer[[]*tally]

	failTimeout, failSaturated, failQueueFull         atomic.Uint64
	failShed                                          atomic.Uint64
	failUnavailable, failClosed, failNested, canceled atomic.Uint64
	closed                                            [closeReasons]atomic.Uint64
	opened, connectFailures, peekMisses, validations  atomic.Uint64
	resets, cancels, nested, leaks                    atomic.Uint64
	create                                            histogram
}

func (m *meters) failure(r Reason) *atomic.Uint64 {
	switch r {
	case ReasonTimeout:
		return &m.failTimeout
	case ReasonSaturated:
		return &m.failSaturated
	case ReasonQueueFull:
		return &m.failQueueFull
	case ReasonShed:
		return &m.failShed
	case ReasonUnavailable:
		return &m.failUnavailable
	case ReasonClosed:
		return &m.failClosed
	case ReasonNested:
		return &m.failNested
	default:
		return &m.canceled
	}
}

// publish copies the gauges to where Stat reads them. p.mu is held.
func (p *Pool) publish() {
	g := uint64(p.n[slotIdle]) | uint64(p.n[slotLeased])<<12 | uint64(p.n[slotTending])<<24 |
		uint64(p.n[slotConnecting])<<36 | uint64(p.n[slotClosing])<<48
	if p.gauges.slots.Load() != g {
		p.gauges.slots.Store(g)
	}
	if n := int64(p.queue.n); p.gauges.waiting.Load() != n {
		p.gauges.waiting.Store(n)
	}
	oldest := int64(0)
	if p.queue.head != nil {
		oldest = int64(p.queue.head.since)
	}
	if p.gauges.oldest.Load() != oldest {
		p.gauges.oldest.Store(oldest)
	}
}

// publishLevels copies the levels and the state to where Stat reads them. p.mu is held.
func (p *Pool) publishLevels() {
	levels := uint64(p.warm) | uint64(p.size)<<16 | uint64(p.ceiling)<<32 | uint64(p.state)<<48
	if p.pooled {
		levels |= 1 << 56
	}
	p.meters.levels.Store(levels)
}

// Stat copies the pool's numbers. It takes no lock.
func (p *Pool) Stat() Stat { return *p.stat() }

func (p *Pool) stat() *Stat {
	s := &Stat{}
	m := &p.meters
	levels, g := m.levels.Load(), p.gauges.slots.Load()
	const mask16, mask12 = 1<<16 - 1, 1<<12 - 1
	s.Name, s.State, s.Pooler = p.o.Name, State(levels>>48&0xff), levels>>56 != 0
	s.MinSize, s.Size, s.MaxSize = int(levels&mask16), int(levels>>16&mask16), int(levels>>32&mask16)
	s.Idle, s.Leased, s.Tending = int(g&mask12), int(g>>12&mask12), int(g>>24&mask12)
	s.Connecting, s.Closing = int(g>>36&mask12), int(g>>48&mask12)
	s.Waiting = int(p.gauges.waiting.Load())
	s.Failures = FailureCounts{
		Timeout: m.failTimeout.Load(), Saturated: m.failSaturated.Load(), QueueFull: m.failQueueFull.Load(), Shed: m.failShed.Load(),
		Unavailable: m.failUnavailable.Load(), Closed: m.failClosed.Load(), Nested: m.failNested.Load(), Canceled: m.canceled.Load(),
	}
	s.Closed = CloseCounts{
		Overflow: m.closed[CloseOverflow].Load(), Recycled: m.closed[CloseRecycled].Load(), Broken: m.closed[CloseBroken].Load(),
		Unclean: m.closed[CloseUnclean].Load(), Reset: m.closed[CloseReset].Load(), ReadOnly: m.closed[CloseReadOnly].Load(),
		Resized: m.closed[CloseResized].Load(), Shutdown: m.closed[CloseShutdown].Load(), Cut: m.closed[CloseCut].Load(),
	}
	s.Opened, s.ConnectFailures, s.PeekMisses = m.opened.Load(), m.connectFailures.Load(), m.peekMisses.Load()
	s.Validations, s.Resets, s.Cancels = m.validations.Load(), m.resets.Load(), m.cancels.Load()
	s.Nested, s.Leaks = m.nested.Load(), m.leaks.Load()
	if all := m.tallies.Load(); all != nil {
		for _, t := range *all {
			s.Acquires.Immediate += t.immediate.Load()
			s.Acquires.Waited += t.waited.Load()
			s.Acquires.OpenedNew += t.openedNew.Load()
			t.wait.addTo(&s.WaitTime)
			t.use.addTo(&s.UseTime)
		}
	}
	m.create.addTo(&s.CreateTime)
	// A lease that did not wait is not entered into the histogram on its fast path: it belongs into the first bucket.
	s.WaitTime.Counts[0] += s.Acquires.Immediate
	if since := p.gauges.oldest.Load(); since > 0 {
		s.OldestWait = max(p.now().since(instant(since)), 0)
	}
	return s
}

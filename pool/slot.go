package pool

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// slotState says who may touch the connection of a slot.
type slotState uint8

const (
	slotConnecting slotState = iota // the goroutine of connect
	slotIdle                        // nobody; it is in Pool.idle
	slotLeased                      // the holder of the lease
	slotTending                     // the goroutine of runTend
	slotClosing                     // the goroutine of hangUp
	slotGone                        // nobody, and it does not count any more

	slotStates = iota
)

// What happened on a connection, set by whoever uses it and read when it comes back.
const (
	flagTouched   uint32 = 1 << iota // SQL of the caller ran
	flagCancelled                    // a cancel request was sent
	flagReadOnly                     // 25006 was seen
	flagSevered                      // the server ended it
	flagHaunted                      // a cancel request may still be on its way to it
)

// slot is one place under the ceiling, for the life of one connection.
type slot struct {
	pool *Pool

	// lease is odd while the connection is lent, and grows by one at every hand-out and every return: a Conn is valid
	// while it carries the same number. Whoever moves it from odd to even by compare-and-swap owns the connection.
	lease atomic.Uint64
	flags atomic.Uint32

	ended atomic.Pointer[context.Context] // of the query that a cancel request was last sent for

	tally *tally // constant

	// Written by connect before the slot is first idle, constant afterwards.
	conn    *pgx.Conn
	pg      *pgconn.PgConn
	wire    *wire
	created instant
	limit   instant // never handed out from here on
	due     instant // to be replaced from here on

	travelling []Setting // that transactions must bring along because the session does not have them
	named      bool      // statements may be kept by name
	marked     bool      // it has its landmark: see slot.reset

	tx pgx.Tx // begun by the holder, who owns it: rolled back by the reset

	// Written by whoever owns the connection.
	lookedAt instant // when a look last found it quiet
	where    callers
	watch    watch
	tag      tag

	// Guarded by Pool.mu.
	state      slotState
	index      int    // in Pool.slots
	epoch      uint64 // equal to Pool.epoch: known to be good since the last connection was lost
	uses       uint64
	idleSince  instant
	leasedAt   instant
	scope      *scope
	replaces   bool  // while connecting: it will take the place of an old one
	retiring   bool  // closed instead of kept when it is returned
	reported   bool  // as a leak
	prev, next *slot // in Pool.idle
}

func (s *slot) flag(f uint32) { s.flags.Or(f) }

// idleList holds idle connections, the one used last at the head: lending from the head keeps few connections busy and
// lets the others grow old enough to be closed. Guarded by Pool.mu.
type idleList struct {
	head, tail *slot
}

func (l *idleList) push(s *slot) {
	s.prev, s.next = nil, l.head
	if l.head == nil {
		l.tail = s
	} else {
		l.head.prev = s
	}
	l.head = s
}

func (l *idleList) remove(s *slot) {
	if s.prev == nil {
		l.head = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.tail = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
}

// setState moves s and its count. p.mu is held.
func (p *Pool) setState(s *slot, to slotState) {
	p.n[s.state]--
	p.n[to]++
	s.state = to
}

// addSlot takes a place under the ceiling. p.mu is held.
func (p *Pool) addSlot() *slot {
	s := &slot{pool: p, state: slotConnecting, index: len(p.slots), epoch: p.epoch}
	s.tally = p.takeTally()
	p.slots = append(p.slots, s)
	p.n[slotConnecting]++
	return s
}

// dropSlot gives a place under the ceiling back. p.mu is held.
func (p *Pool) dropSlot(s *slot) {
	last := len(p.slots) - 1
	p.slots[s.index] = p.slots[last]
	p.slots[s.index].index = s.index
	p.slots[last] = nil
	p.slots = p.slots[:last]
	p.spareTallies = append(p.spareTallies, s.tally)
	p.n[s.state]--
	s.state = slotGone
	if p.closing && len(p.slots) == 0 {
		close(p.emptied)
	}
}

// open counts the connections that are usable now or will be again without a connect. p.mu is held.
func (p *Pool) open() int { return p.n[slotIdle] + p.n[slotLeased] + p.n[slotTending] }

// kept is open without those that will be closed when they come back. p.mu is held.
func (p *Pool) kept() int { return p.open() - p.retiring }

func (p *Pool) tooOld(s *slot, now instant) bool { return now >= s.limit }

func (p *Pool) stale(s *slot, now instant) bool {
	return s.epoch != p.epoch || p.o.ValidateAfter > 0 && now.since(s.idleSince) > p.o.ValidateAfter
}

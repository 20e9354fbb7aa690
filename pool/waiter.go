package pool

import "time"

// waiter is one queueing caller.
type waiter struct {
	prev, next *waiter // in the queue; next also in Pool.signals
	queued     bool
	seq        uint64 // ticket: the order of first arrival
	position   int    // in the queue, then
	since      instant
	scope      *scope

	// For shedding: when the caller's patience ends, and what was foreseen for one that is refused.
	deadline          instant
	foreseen, allowed time.Duration

	// Written under the pool's lock before ready is signalled, and by nobody after that.
	slot        *slot
	gen         uint64
	lentAt      instant
	failed      Reason
	retryAfter  time.Duration // when it failed, as is the next
	lastConnect error
	stat        *Stat // written after the lock was given back, before ready is signalled

	ready chan struct{} // capacity 1: the signal never blocks the one who gives it
}

// queue is the strict order of the callers that wait. Guarded by Pool.mu.
type queue struct {
	head, tail *waiter
	n          int
	nextSeq    uint64
}

// push queues a newcomer at the end, and one that was served a connection that turned out dead where its ticket says:
// in front of all that came later.
func (q *queue) push(w *waiter) {
	if w.seq == 0 {
		q.nextSeq++
		w.seq, w.position = q.nextSeq, q.n+1
		q.insertAfter(q.tail, w)
		return
	}
	at := (*waiter)(nil)
	for next := q.head; next != nil && next.seq < w.seq; next = next.next {
		at = next
	}
	q.insertAfter(at, w)
}

func (q *queue) insertAfter(at, w *waiter) {
	w.queued = true
	q.n++
	w.prev = at
	if at == nil {
		w.next, q.head = q.head, w
	} else {
		w.next, at.next = at.next, w
	}
	if w.next == nil {
		q.tail = w
	} else {
		w.next.prev = w
	}
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
	q.n--
}

// signal has w told that its wait is over, right after p.mu is given back: to wake a goroutine takes longer than all
// that is done under the lock for it. p.mu is held.
func (p *Pool) signal(w *waiter) {
	if p.signals == nil {
		p.signals = w
	} else {
		p.lastSignal.next = w
	}
	p.lastSignal = w
}

// sendSignals tells those who were taken from Pool.signals, in their order. They may reuse their waiter at once. Those who
// failed share one copy of the numbers: it is large, and thousands may fail together.
func (p *Pool) sendSignals(w *waiter) {
	var stat *Stat
	for w != nil {
		next := w.next
		w.next = nil
		if w.failed != "" {
			if stat == nil {
				stat = p.stat()
			}
			w.stat = stat
		}
		w.ready <- struct{}{}
		w = next
	}
}

func (p *Pool) newWaiter() *waiter {
	if w, ok := p.spareWaiters.Get().(*waiter); ok {
		return w
	}
	return &waiter{ready: make(chan struct{}, 1)}
}

// freeWaiter keeps w for the next caller. Its channel is empty.
func (p *Pool) freeWaiter(w *waiter) {
	*w = waiter{ready: w.ready}
	p.spareWaiters.Put(w)
}

// waitLimit is how long a caller may wait. It is the same for all, so the queue ends in the order in which it began, and
// the keeper's clock is enough for everybody: no caller has a timer of its own.
func (p *Pool) waitLimit() (time.Duration, Reason) {
	if p.o.Timeout < 0 {
		return noWaitPing, ReasonSaturated
	}
	return p.o.Timeout, ReasonTimeout
}

// expire fails the callers whose time has passed and has the keeper look again when the next one's has. p.mu is held.
func (p *Pool) expire(now instant) {
	limit, reason := p.waitLimit()
	for p.queue.head != nil {
		if end := p.queue.head.since.after(limit); now < end {
			p.wakeAt(end)
			return
		}
		p.fail(p.queue.head, reason)
		p.missed(now)
	}
}

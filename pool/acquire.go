package pool

import (
	"context"
	"time"
)

// noWaitPing is how long a caller that does not wait gives an idle connection to answer its ping.
const noWaitPing = time.Second

// lookInterval is how long a look at a socket holds, and so does the end of an answer, which is all that had arrived: what
// happens meanwhile could as well happen right after a look.
const lookInterval = 100 * time.Microsecond

// Acquire lends a connection, which must be released, best by defer. It waits, first come first served, until one is
// usable, ctx ends or Options.Timeout has passed. Errors are *[AcquireError]; when ctx ended they match its error.
func (p *Pool) Acquire(ctx context.Context) (Conn, error) {
	start := p.now()
	if ctx.Err() != nil {
		return Conn{}, p.refuse(ReasonCanceled, start, contextError(ctx))
	}
	sc := p.scopeOf(ctx)
	if sc != nil && sc.held.Add(1) > 1 {
		p.meters.nested.Add(1)
		if p.o.NestedIsError {
			sc.held.Add(-1)
			return Conn{}, p.refuse(ReasonNested, start, nil)
		}
	}
	var c Conn
	ok := p.gauges.waiting.Load() == 0 // else whoever comes now queues anyway
	if ok {
		c, ok = p.tryAcquire(start, sc)
	}
	if !ok {
		var err error
		if c, err = p.wait(ctx, start, sc); err != nil {
			if sc != nil {
				sc.held.Add(-1)
			}
			return c, err
		}
	}
	if p.o.LeakAfter > 0 {
		c.s.where.record()
	}
	return c, nil
}

// tryAcquire is the path that costs nothing: an idle connection, nobody waiting, nothing to validate.
func (p *Pool) tryAcquire(now instant, sc *scope) (Conn, bool) {
	p.lock()
	s := p.idle.head
	if s == nil || p.queue.n > 0 || p.closing || p.stale(s, now) || p.tooOld(s, now) {
		p.mu.Unlock()
		return Conn{}, false
	}
	gen := p.lend(s, now, sc)
	first := s.uses == 1
	p.unlock()
	if !p.quiet(s, now) {
		return Conn{}, false
	}
	s.tally.immediate.Add(1)
	if first {
		s.tally.openedNew.Add(1)
	}
	c := Conn{s: s, gen: gen}
	if p.trace.Acquired != nil {
		p.traceAcquired(c, AcquiredInfo{New: first})
	}
	return c, true
}

// lend moves an idle connection to a borrower. p.mu is held.
func (p *Pool) lend(s *slot, now instant, sc *scope) uint64 {
	p.idle.remove(s)
	p.setState(s, slotLeased)
	p.lastLend = now
	s.leasedAt, s.scope, s.reported = now, sc, false
	s.uses++
	if s.flags.Load() != 0 {
		s.flags.Store(0)
		s.ended.Store(nil)
	}
	return s.lease.Add(1)
}

// quiet looks at a connection that was just lent, without a round trip: nothing may have arrived on it. If something
// has, the loan is taken back and the connection is pinged, or closed if the server has ended it.
func (p *Pool) quiet(s *slot, now instant) bool {
	look := peekQuiet
	switch {
	case s.pg.Frontend().ReadBufferLen() > 0:
		look = peekData
	case now.since(max(s.lookedAt, instant(s.wire.heardAt.Load()))) >= lookInterval:
		if look = s.wire.peek(); look == peekQuiet {
			s.lookedAt = now
		}
	}
	if look == peekQuiet {
		return true
	}
	p.meters.peekMisses.Add(1)
	p.lock()
	defer p.unlock()
	gen := s.lease.Load()
	if gen&1 == 0 || !s.lease.CompareAndSwap(gen, gen+1) {
		return false // Close cut it meanwhile
	}
	s.scope = nil
	s.uses--
	if look == peekEnded {
		p.lost(s, now)
		p.discard(s, CloseBroken, now)
	} else {
		p.tend(s, taskValidate)
	}
	return false
}

// wait queues until a connection is lent.
func (p *Pool) wait(ctx context.Context, start instant, sc *scope) (Conn, error) {
	w := p.newWaiter()
	w.since, w.scope = start, sc
	if p.o.ShedTarget > 0 {
		w.deadline = start.after(p.o.Timeout)
		if end, ok := ctx.Deadline(); ok {
			w.deadline = min(w.deadline, start.after(time.Until(end)))
		}
	}
	now := start
	for {
		p.lock()
		reason := p.enqueue(w, now)
		p.unlock()
		if reason != "" {
			if w.failed != "" {
				<-w.ready
			}
			return p.giveUp(w, reason, start, nil)
		}
		if done := ctx.Done(); done == nil {
			<-w.ready // several times cheaper than a select
		} else {
			select {
			case <-w.ready:
			case <-done:
				return p.cancelWait(w, start, contextError(ctx))
			}
		}
		if w.failed != "" {
			return p.giveUp(w, w.failed, start, nil)
		}
		s, gen, lent := w.slot, w.gen, w.lentAt
		w.slot = nil
		if p.quiet(s, lent) {
			p.freeWaiter(w)
			return p.waited(s, gen, lent.since(start)), nil
		}
		now = p.now()
	}
}

// enqueue puts w into the queue and serves the queue; the reason tells why w may not wait. p.mu is held.
func (p *Pool) enqueue(w *waiter, now instant) Reason {
	newcomer := w.seq == 0
	switch limit := p.o.maxWaiting(p.ceiling); {
	case p.closing:
		return ReasonClosed
	case newcomer && p.idle.head == nil && limit >= 0 && p.queue.n >= limit && p.state != StateDown:
		return ReasonQueueFull
	case newcomer && p.refuses(w, now):
		return ReasonShed
	}
	p.queue.push(w)
	p.dispatch(now)
	if w.failed != "" {
		return w.failed
	}
	// Not waiting still includes the ping of a connection that is idle: it is there for this caller.
	if w.queued && p.o.Timeout < 0 && p.n[slotTending] < p.queue.n {
		p.queue.remove(w)
		p.wanted = 1
		p.grow(now)
		return ReasonSaturated
	}
	if w.queued && w == p.queue.head {
		p.expire(now)
	}
	return w.failed
}

// cancelWait ends a wait from the caller's side: w leaves the queue, and a connection that was handed to it in the same
// moment goes to the next.
func (p *Pool) cancelWait(w *waiter, start instant, ctxErr error) (Conn, error) {
	now := p.now()
	p.lock()
	if w.queued {
		p.queue.remove(w)
		p.missed(now)
		p.dispatch(now)
	} else {
		p.mu.Unlock()
		<-w.ready // it is on its way: see Pool.signal
		p.lock()
		if s := w.slot; s != nil && s.lease.CompareAndSwap(w.gen, w.gen+1) {
			s.uses--
			s.scope = nil
			p.makeAvailable(s, now)
		}
	}
	p.unlock()
	return p.giveUp(w, ReasonCanceled, start, ctxErr)
}

func (p *Pool) giveUp(w *waiter, reason Reason, start instant, ctxErr error) (Conn, error) {
	err := p.describe(reason, start, w.position, ctxErr, w.stat)
	if w.failed != "" {
		err.retryAfter, err.LastConnect = w.retryAfter, w.lastConnect
	} else {
		err.retryAfter, err.LastConnect = p.outlook(reason)
	}
	if reason == ReasonShed {
		err.shedTarget = p.o.ShedTarget
		if w.position == 0 { // it was refused at once
			err.foreseen, err.allowed = w.foreseen, w.allowed
		}
	}
	p.freeWaiter(w)
	return Conn{}, p.failed(err)
}

func (p *Pool) waited(s *slot, gen uint64, waited time.Duration) Conn {
	s.tally.waited.Add(1)
	s.tally.wait.add(waited)
	first := s.uses == 1 // stable while the lease is ours
	if first {
		s.tally.openedNew.Add(1)
	}
	c := Conn{s: s, gen: gen}
	if p.trace.Acquired != nil {
		p.traceAcquired(c, AcquiredInfo{Waited: waited, New: first})
	}
	return c
}

// traceAcquired tells of a lease, which ends if that panics: nobody else has it yet.
func (p *Pool) traceAcquired(c Conn, info AcquiredInfo) {
	told := false
	defer func() {
		if !told {
			c.Release()
		}
	}()
	p.trace.Acquired(info)
	told = true
}

// refuse is the end of an acquire that never queued.
func (p *Pool) refuse(reason Reason, start instant, ctxErr error) error {
	return p.failed(p.acquireError(reason, start, 0, ctxErr))
}

// failed counts and tells of a failed acquire.
func (p *Pool) failed(err *AcquireError) error {
	p.meters.failure(err.Reason).Add(1)
	if f := p.trace.AcquireFailed; f != nil {
		p.tell("AcquireFailed", func() { f(err) })
	}
	return err
}

func (p *Pool) acquireError(reason Reason, start instant, position int, ctxErr error) *AcquireError {
	e := p.describe(reason, start, position, ctxErr, nil)
	e.retryAfter, e.LastConnect = p.outlook(reason)
	return e
}

// describe is acquireError without the outlook, which takes the lock, and with numbers that were taken already, if any.
func (p *Pool) describe(reason Reason, start instant, position int, ctxErr error, stat *Stat) *AcquireError {
	if stat == nil {
		stat = p.stat()
	}
	return &AcquireError{Reason: reason, Waited: p.now().since(start), Position: position, Stat: stat, ctxErr: ctxErr}
}

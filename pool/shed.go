package pool

import "time"

// Load shedding: with Options.ShedTarget set, a pool that gets more work than it can do answers the surplus at once,
// instead of storing it until everybody waits for the whole timeout.
//
// A long queue alone is no overload. A burst makes one, and it drains. What does not drain is a standing queue: the
// oldest caller has waited longer than the target, and that stays so for an interval. This is the measure of CoDel
// ("controlled delay", by K. Nichols and V. Jacobson; RFC 8289), which looks at the time spent in the queue instead of
// its length, and needs no knowledge of how fast the queue is served. It was made for packets; callers differ, so here
//
//   - the interval is the target itself. CoDel's is a round trip, in which senders can slow down; callers do not, and
//     nothing has to be waited for. Hence nobody waits for more than target + interval, twice the target.
//   - all who have waited for the target are shed when the queue stands, and from then on each one when it has. CoDel
//     drops single packets, faster and faster, since each makes its sender halve its rate; a caller that is turned away
//     makes no other come later.
//   - the clock sheds, not the hand-out: a caller waits for its answer, a packet does not, and a pool whose connections
//     are all stuck hands out nothing.
//   - newcomers whose wait is foreseen to exceed the target are refused while the queue stands: the answer that they
//     would get anyway, without the wait for it. This does most of the work.
//   - it ends when waits are below half of the target, that of the caller being served as well as the one foreseen for
//     the last in the queue, or when a connection finds nobody waiting. An end at the target, where shedding keeps the
//     wait, would come at once; and what is served right after many were shed has not waited for long in any case.
//
// Beside this, a caller whose foreseen wait exceeds its own deadline (its context's or Options.Timeout) is refused at
// any time.
//
// None of it happens unless the pool is saturated: a connection that is idle or being opened changes what can be
// foreseen, so the queue is left alone, and an interval that had begun starts again. Order is not touched: callers
// are shed from the head and refused at the tail.

// shedding is what the pool knows about its overload. Guarded by Pool.mu.
type shedding struct {
	on    bool          // the queue stands
	above instant       // since when the oldest caller waits beyond the target in a saturated pool; zero: it does not
	use   time.Duration // moving average of the use time of a lease, for predict
	uses  int           // leases in it, at most useWindow
}

const (
	useWindow  = 64 // leases that the average is over
	useOutlier = 10 // a use longer than so many averages counts as so many: a stall is no new speed
)

// shed looks at the head of the queue, sheds whoever must not wait any longer, and has the keeper look again when the
// next one must not. It is called after every change of the queue or of the connections. p.mu is held.
func (p *Pool) shed(now instant) {
	target, s := p.o.ShedTarget, &p.shedding
	if target == 0 {
		return
	}
	if p.queue.head == nil || !p.saturated(now) {
		s.above = 0
		return
	}
	if end := p.queue.head.since.after(target); now < end {
		s.above = 0
		p.wakeAt(end)
		return
	}
	if s.above == 0 {
		s.above = now
	}
	if end := s.above.after(target); !s.on && now < end {
		p.wakeAt(end)
		return
	}
	s.on, s.above = true, 0
	for p.queue.head != nil {
		if end := p.queue.head.since.after(target); now < end {
			p.wakeAt(end)
			return
		}
		p.fail(p.queue.head, ReasonShed)
	}
}

// refuses tells whether a newcomer must not queue, because of the wait that is foreseen for it. p.mu is held.
func (p *Pool) refuses(w *waiter, now instant) bool {
	if p.o.ShedTarget == 0 || p.o.Timeout < 0 || !p.saturated(now) {
		return false
	}
	w.foreseen, w.allowed = p.predict(p.queue.n+1, now), w.deadline.since(now)
	if p.shedding.on {
		w.allowed = min(w.allowed, p.o.ShedTarget)
	}
	return w.foreseen > max(w.allowed, 0)
}

// served notes that a connection was lent to a caller that has waited, which ends the shedding when both its wait
// and the one foreseen for the end of the queue are short. p.mu is held.
func (p *Pool) served(waited time.Duration, now instant) {
	if short := p.o.ShedTarget / 2; p.shedding.on && waited < short && p.predict(p.queue.n, now) < short {
		p.shedding.on = false
	}
}

// saturated tells whether only a return can serve the queue: every connection that the pool may have is leased, or being
// made ready between two leases, which leaves no place for one that is idle, being opened or being closed. p.mu is held.
func (p *Pool) saturated(now instant) bool {
	return p.state == StateUp && p.n[slotLeased] > 0 && p.n[slotLeased]+p.n[slotTending] >= p.roof(now)
}

// predict foresees the wait at a place of the queue of a saturated pool: as many returns, spaced by the average use
// time over the connections in use. It would rather be too short than too long, since who waits in vain can still be
// shed, and who was refused is gone:
//
//   - the time since the last hand-out counts towards the next return.
//   - when nothing has come back for longer than a whole use takes, the pool is stalled and the average says nothing
//     about that: a stall is taken to last as long again as it has lasted, once, not once for every caller.
//   - before the first return nothing is foreseen.
//
// p.mu is held.
func (p *Pool) predict(position int, now instant) time.Duration {
	use := p.shedding.use
	if use == 0 {
		return 0
	}
	still := now.since(max(p.lastReturn, p.lastLend))
	spacing := use / time.Duration(p.n[slotLeased]+p.n[slotTending])
	return time.Duration(position)*spacing - min(still, spacing) + max(still-use, 0)
}

// observe takes the use time of a lease into the average. p.mu is held.
func (s *shedding) observe(used time.Duration) {
	if s.uses < useWindow {
		s.uses++
	}
	if s.use > 0 {
		used = min(used, useOutlier*s.use)
	}
	s.use += (used - s.use) / time.Duration(s.uses)
}

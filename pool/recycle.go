package pool

import "time"

const (
	leastReplaceGap = time.Millisecond
	mostReplaceGap  = time.Second
)

// replaceGap is the pause between two replacements: short enough that all connections are replaced before they reach
// their limit, and long otherwise. p.mu is held.
func (p *Pool) replaceGap() time.Duration {
	gap := p.o.Recycle / 10 / time.Duration(2*max(p.open(), 1))
	return min(max(gap, leastReplaceGap), mostReplaceGap)
}

// recycle replaces the oldest connection that is due: first a new one is opened, then the old one is let go, one at a
// time and spaced, so that many that were opened together do not leave together. It gives the time of the next look, or
// zero. p.mu is held.
func (p *Pool) recycle(now instant) instant {
	old, next := p.oldestDue()
	switch {
	case old == nil:
		return 0
	case now < next:
		return next
	case p.replacing:
		return 0 // its end wakes the keeper
	case now < p.nextReplace:
		return p.nextReplace
	}
	gap := now.after(p.replaceGap())
	switch {
	case p.kept() > p.size:
		p.retire(old, now) // more than is kept: nothing takes its place
	case len(p.slots) < p.roof(now) && p.n[slotConnecting] < p.o.MaxConnecting && p.mayConnect(now):
		p.replacing = true
		p.startConnect(true)
	case len(p.slots) >= p.roof(now) && old.state == slotIdle:
		p.retire(old, now) // no room for both, and nobody needs it at the moment
	}
	p.nextReplace = gap
	return gap
}

// oldestDue finds the connection that is due first, those on their way out not counted, and when. p.mu is held.
func (p *Pool) oldestDue() (old *slot, due instant) {
	for _, s := range p.slots {
		if s.state == slotConnecting || s.state == slotClosing || s.retiring || s.due == 0 {
			continue
		}
		if old == nil || s.due < due {
			old, due = s, s.due
		}
	}
	return old, due
}

// retireDue lets the oldest connection that is due go, after its replacement has come. p.mu is held.
func (p *Pool) retireDue(now instant) {
	if old, due := p.oldestDue(); old != nil && now >= due {
		p.retire(old, now)
	}
}

// retire closes a connection now if it is idle, and when it comes back otherwise. p.mu is held.
func (p *Pool) retire(s *slot, now instant) {
	if s.state == slotIdle {
		p.discard(s, CloseRecycled, now)
	} else {
		s.retiring = true
		p.retiring++
	}
}

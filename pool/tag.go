package pool

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// LeaseInfo describes a lease that is held now. Durations are nanoseconds in JSON.
type LeaseInfo struct {
	Tag  string        `json:"tag"`  // what Conn.Tag said that it is for; empty: nothing
	Held time.Duration `json:"held"` // for how long, until now
}

// tag is what a lease is for. It counts only for the lease that it names, so that nobody has to take it away.
type tag struct {
	of   atomic.Uint64 // the number of the lease
	text atomic.Pointer[string]
}

// Tag says what the lease is for, as [Pool.Leases] tells it until the release: best a name from a small set, and never a value.
// The string is kept and not copied, so that a tag costs no allocation: it must not be changed afterwards. The server is not
// told.
func (c Conn) Tag(text *string) {
	if c.live() {
		c.s.tag.text.Store(text)
		c.s.tag.of.Store(c.gen)
	}
}

// Leases describes the leases that are held now, the longest first.
func (p *Pool) Leases() []LeaseInfo {
	p.lock()
	now := p.now()
	held := make([]LeaseInfo, 0, p.n[slotLeased])
	for _, s := range p.slots {
		if s.state != slotLeased {
			continue
		}
		l := LeaseInfo{Held: max(now.since(s.leasedAt), 0)}
		if text := s.tag.text.Load(); text != nil && s.tag.of.Load() == s.lease.Load() {
			l.Tag = *text
		}
		held = append(held, l)
	}
	p.mu.Unlock()
	slices.SortFunc(held, func(a, b LeaseInfo) int { return cmp.Compare(b.Held, a.Held) })
	return held
}

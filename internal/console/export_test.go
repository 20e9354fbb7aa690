package console

import (
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// What tests of the parts reach.
var (
	Advise   = advise
	Since    = since
	Duration = duration
	Percent  = percent
	Span     = span
	Number   = number
	Clock    = clock
)

// Look is what Run does each second.
func (c *Console) Look(now time.Time) { c.look(now) }

// AnsweredAt is Answered at any time.
func (c *Console) AnsweredAt(now time.Time, tag string, d time.Duration, failed bool) {
	c.operations.ended(now, tag, d, failed)
}

// ReportAt is Report at any time.
func (c *Console) ReportAt(now time.Time) Report {
	s, held := c.o.Stat(), c.held()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report(now, s, held)
}

// Kept is how many samples and marks there are.
func (c *Console) Kept() (samples, marks int) { return len(c.samples.kept), len(c.marks.kept) }

// Watchers is how many streams are open.
func (c *Console) Watchers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watchers
}

// Minutes are the rows of the table by the minute: the minute, the mean and the most leased, the most waiting.
func (r *Report) Minutes() (rows [][4]int) {
	for _, m := range r.minutes {
		rows = append(rows, [4]int{m.at.Minute(), m.leased / m.looks, m.leasedMost, m.waitingMost})
	}
	return rows
}

// Ring adds each number to a ring for so many, and gives what is left.
func Ring(most int, add ...int) (all []int, oldest, newest int) {
	r := newRing[int](most)
	for _, n := range add {
		r.add(n)
	}
	oldest, _ = r.oldest()
	newest, _ = r.newest()
	return r.all(), oldest, newest
}

// Held is a list of leases for tests.
func Held(tag string, n int, held time.Duration) (all []pool.LeaseInfo) {
	for range n {
		all = append(all, pool.LeaseInfo{Tag: tag, Held: held})
	}
	return all
}

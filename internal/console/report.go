package console

import (
	"slices"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// Report is what /pool answers: the pool's numbers, and behind them what the console makes of them. Durations are nanoseconds
// in JSON, times are in UTC.
type Report struct {
	pool.Stat

	At       time.Time        `json:"at"`       // when the report was made
	Overflow int              `json:"overflow"` // open connections above the size
	Lately   Lately           `json:"lately"`   // the last minutes in figures
	Budget   *pool.Budget     `json:"budget"`   // pool.Budget: the connections that the server has for the app; null until it told
	Changes  []Change         `json:"changes"`  // of the state, the newest first; at most 32
	Leases   []pool.LeaseInfo `json:"leases"`   // held now, the longest first; at most 10
	Slowest  []Operation      `json:"slowest"`  // operations that ended in the last minutes, the slowest first; at most 10
	Holders  []Holder         `json:"holders"`  // what held connections in the last minutes, the most first; at most 10
	Advice   []Advice         `json:"advice"`   // what to do, the most urgent first; never empty

	minutes []minute // the newest first
}

// Lately is what happened in the last minutes. Its counts are those of Stat, from then on.
type Lately struct {
	Seconds         float64 `json:"seconds"`         // that it covers: 300 to 310, less while the app is younger
	LeasesPerSecond float64 `json:"leasesPerSecond"` // leases begun a second
	Busy            float64 `json:"busy"`            // connections leased or tended, on average
	BusyP95         int     `json:"busyP95"`         // 95 of 100 looks found no more connections leased or tended
	WaitingMost     int     `json:"waitingMost"`     // callers that a look found in the queue
	Failed          uint64  `json:"failed"`          // acquires that failed, but those whose callers left by themselves

	Acquires   pool.AcquireCounts `json:"acquires"`   // leases by how they were obtained
	Failures   pool.FailureCounts `json:"failures"`   // acquires that failed, by reason
	Closed     pool.CloseCounts   `json:"closed"`     // connections closed, by reason
	Opened     uint64             `json:"opened"`     // connections opened
	Nested     uint64             `json:"nested"`     // acquires by a request that held a lease already
	Leaks      uint64             `json:"leaks"`      // leases held longer than LeakAfter
	WaitTime   pool.Histogram     `json:"waitTime"`   // how long callers waited
	UseTime    pool.Histogram     `json:"useTime"`    // how long connections were lent
	CreateTime pool.Histogram     `json:"createTime"` // how long connecting took
}

// Change is a change of the pool's state.
type Change struct {
	At     time.Time  `json:"at"`     // when
	From   pool.State `json:"from"`   // the state before
	To     pool.State `json:"to"`     // the state since
	Reason string     `json:"reason"` // why, when it is down
}

// minute sums the samples of one minute up.
type minute struct {
	at                 time.Time
	looks              int
	leased, leasedMost int
	waitingMost        int
	leases, failed     uint64
}

// Report makes a report of now.
func (c *Console) Report() Report {
	s, held := c.o.Stat(), c.held()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report(time.Now(), s, held)
}

// report is Report for numbers that were read already. c.mu is held.
func (c *Console) report(now time.Time, s pool.Stat, held []pool.LeaseInfo) Report {
	samples := c.samples.all()
	r := Report{
		Stat: s, At: now.UTC(), Overflow: overflow(&s), Lately: c.lately(now, s, samples),
		Changes: c.changes.all(), Leases: held[:min(len(held), mostListed)], Holders: c.holders.top(now), Slowest: c.operations.slowest(now), minutes: minutes(samples),
	}
	slices.Reverse(r.Changes)
	if r.Leases == nil {
		r.Leases = []pool.LeaseInfo{}
	}
	if c.o.Budget != nil {
		if b, known := c.o.Budget(); known {
			r.Budget = &b
		}
	}
	r.Advice = advise(&r)
	return r
}

// overflow is the number behind the metric fraiseql.pool.overflow.
func overflow(s *pool.Stat) int { return max(s.Idle+s.Leased+s.Tending-s.Size, 0) }

// lately makes the figures of the last minutes. c.mu is held.
func (c *Console) lately(now time.Time, s pool.Stat, samples []sample) Lately {
	from, ok := c.marks.oldest()
	if !ok {
		return Lately{}
	}
	d := since(s, from.stat)
	l := Lately{
		Seconds: now.Sub(from.at).Seconds(), Failed: failures(d.Failures),
		Acquires: d.Acquires, Failures: d.Failures, Closed: d.Closed, Opened: d.Opened, Nested: d.Nested, Leaks: d.Leaks,
		WaitTime: d.WaitTime, UseTime: d.UseTime, CreateTime: d.CreateTime,
	}
	if l.Seconds > 0 {
		l.LeasesPerSecond = float64(d.Acquires.Immediate+d.Acquires.Waited) / l.Seconds
	}
	var busy []int
	sum := 0
	for _, x := range samples {
		if x.at < from.at.UnixMilli() {
			continue
		}
		n := int(x.leased + x.tending)
		busy = append(busy, n)
		sum += n
		l.WaitingMost = max(l.WaitingMost, int(x.waiting))
	}
	if len(busy) > 0 {
		slices.Sort(busy)
		l.Busy, l.BusyP95 = float64(sum)/float64(len(busy)), busy[(len(busy)*95+99)/100-1]
	}
	return l
}

// minutes sums samples up by the minutes of the clock, the newest first.
func minutes(samples []sample) (all []minute) {
	for _, x := range slices.Backward(samples) {
		at := time.UnixMilli(x.at).UTC().Truncate(time.Minute)
		if len(all) == 0 || !all[len(all)-1].at.Equal(at) {
			all = append(all, minute{at: at})
		}
		m := &all[len(all)-1]
		m.looks++
		m.leased += int(x.leased)
		m.leasedMost, m.waitingMost = max(m.leasedMost, int(x.leased)), max(m.waitingMost, int(x.waiting))
		m.leases += uint64(x.leases)
		m.failed += uint64(x.failed)
	}
	return all
}

// quantile gives the bucket in which the duration lies that a share of those in h do not exceed; -1: there are none.
func quantile(h *pool.Histogram, share float64) int {
	n := h.Count()
	if n == 0 {
		return -1
	}
	var seen uint64
	for i, count := range h.Counts {
		if seen += count; float64(seen) >= share*float64(n) {
			return i
		}
	}
	return len(h.Counts) - 1
}

// mean is the mean of the durations in h.
func mean(h *pool.Histogram) time.Duration {
	n := h.Count()
	if n == 0 {
		return 0
	}
	return h.Sum / time.Duration(n)
}

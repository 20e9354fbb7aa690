package console

import (
	"fmt"

	"github.com/fraiseql/fraiseql-go/pool"
)

// view is a report as the page shows it: texts, each with its place in the page. The page and the events that keep it up to
// date are made of the same one.
type view struct {
	State  string                `json:"state"` // as the pool says it
	Texts  map[string]string     `json:"texts"`
	Advice []Advice              `json:"advice"`
	Bars   map[string][]bar      `json:"bars"`
	Tables map[string][][]string `json:"tables"`
	Sample *sample               `json:"sample"` // the newest one; null: there is none
}

// bar is a row of a histogram.
type bar struct {
	UpTo   string  `json:"-"` // the bucket; it never changes
	Lately string  `json:"lately"`
	Total  string  `json:"total"`
	Width  float64 `json:"width"` // of the bar for the last minutes; the longest has 100
}

// measures are the histograms, in the order of the page.
var measures = [...]struct {
	Name, Title, Help string
	total, lately     func(*Report) *pool.Histogram
}{
	{
		"wait", "Wait", "until a connection was lent",
		func(r *Report) *pool.Histogram { return &r.WaitTime },
		func(r *Report) *pool.Histogram { return &r.Lately.WaitTime },
	},
	{
		"use", "Use", "from the lease to its release",
		func(r *Report) *pool.Histogram { return &r.UseTime },
		func(r *Report) *pool.Histogram { return &r.Lately.UseTime },
	},
	{
		"create", "Create", "to open a connection",
		func(r *Report) *pool.Histogram { return &r.CreateTime },
		func(r *Report) *pool.Histogram { return &r.Lately.CreateTime },
	},
}

func newView(r *Report, newest *sample) *view {
	v := &view{State: r.State.String(), Texts: texts(r), Advice: r.Advice, Bars: map[string][]bar{}, Tables: tables(r), Sample: newest}
	for _, m := range measures {
		total, lately := m.total(r), m.lately(r)
		v.Bars[m.Name] = bars(lately, total)
		v.Texts[m.Name+"Lately"], v.Texts[m.Name+"Count"] = summary(lately), number(total.Count())
	}
	return v
}

// texts are the single figures of the page.
func texts(r *Report) map[string]string {
	l := &r.Lately
	since := ""
	if len(r.Changes) > 0 {
		since = "since " + clock(r.Changes[0].At, r.At)
	}
	pooler := "none noticed"
	if r.Pooler {
		pooler = "one stands in front of the server"
	}
	return map[string]string{
		"at": clock(r.At, r.At), "state": r.State.String(), "since": since, "pooler": pooler, "span": span(l.Seconds),
		"leased": count(r.Leased), "levels": fmt.Sprintf("of %d, at most %d", r.Size, r.MaxSize),
		"idle": count(r.Idle), "tending": fmt.Sprintf("and %d tended", r.Tending),
		"overflow": count(r.Overflow), "overflowMost": fmt.Sprintf("of %d", max(r.MaxSize-r.Size, 0)),
		"waiting": count(r.Waiting), "oldest": "oldest " + duration(r.OldestWait),
		"connecting": count(r.Connecting), "opened": "opened " + number(l.Opened) + " lately",
		"rate": rate(l.LeasesPerSecond), "hold": duration(mean(&l.UseTime)) + " each",
		"wait": within(&l.WaitTime, 0.95), "waitMean": "mean " + duration(mean(&l.WaitTime)),
		"failed": number(l.Failed), "failedTotal": number(failures(r.Failures)) + " since start",
		"busy": busyText(r), "budget": budgetText(r.Budget),
	}
}

func busyText(r *Report) string {
	if r.Size == 0 {
		return ""
	}
	return fmt.Sprintf("p95 %d (%d %%)", r.Lately.BusyP95, 100*r.Lately.BusyP95/r.Size)
}

func budgetText(b *pool.Budget) string {
	if b == nil {
		return "The server has not told its limits yet."
	}
	return upper(b.Text) + "."
}

// tables are the lists of the page, a row a list of cells.
func tables(r *Report) map[string][][]string {
	t := map[string][][]string{"changes": {}, "leases": {}, "holders": {}, "slowest": {}, "minutes": {}, "budget": {}, "counters": counters(r)}
	for _, c := range r.Changes {
		t["changes"] = append(t["changes"], []string{clock(c.At, r.At), c.From.String() + " → " + c.To.String(), c.Reason})
	}
	for _, l := range r.Leases {
		t["leases"] = append(t["leases"], []string{tagText(l.Tag), duration(l.Held)})
	}
	for _, h := range r.Holders {
		t["holders"] = append(t["holders"], []string{tagText(h.Tag), percent(h.Share), duration(h.Longest)})
	}
	for _, o := range r.Slowest {
		t["slowest"] = append(t["slowest"], []string{tagText(o.Tag), duration(o.Longest), duration(o.Mean), number(uint64(o.Count)), number(uint64(o.Failed))})
	}
	for _, m := range r.minutes {
		t["minutes"] = append(t["minutes"], []string{
			m.at.Format("15:04"), digits(float64(m.leased) / float64(m.looks)), count(m.leasedMost), count(m.waitingMost), number(m.leases), number(m.failed),
		})
	}
	if b := r.Budget; b != nil {
		for _, row := range [...]struct {
			name string
			n    int
		}{
			{"max_connections", b.MaxConnections},
			{"reserved, not for this role", b.Reserved},
			{"used by others", b.Others},
			{"free for this app", b.Free},
			{fmt.Sprintf("needed at most: %d × %d", b.Replicas, b.MaxSize), b.Needed},
			{"needed while deploying", b.NeededWhileDeploying},
		} {
			t["budget"] = append(t["budget"], []string{row.name, count(row.n)})
		}
		t["budget"] = append(t["budget"], []string{"as the server told at", clock(b.Read, r.At)})
	}
	return t
}

// counters are the counts since the start that no other place of the page has.
func counters(r *Report) (rows [][]string) {
	for _, row := range [...]struct {
		name string
		n    uint64
	}{
		{"leases without a wait", r.Acquires.Immediate},
		{"leases after a wait", r.Acquires.Waited},
		{"failed: timeout", r.Failures.Timeout},
		{"failed: none idle, and no wait allowed", r.Failures.Saturated},
		{"failed: queue full", r.Failures.QueueFull},
		{"failed: shed", r.Failures.Shed},
		{"failed: database unavailable", r.Failures.Unavailable},
		{"failed: closing", r.Failures.Closed},
		{"failed: nested", r.Failures.Nested},
		{"left by the caller", r.Failures.Canceled},
		{"connections opened", r.Opened},
		{"attempts to connect that failed", r.ConnectFailures},
		{"closed: overflow", r.Closed.Overflow},
		{"closed: recycled", r.Closed.Recycled},
		{"closed: broken", r.Closed.Broken},
		{"closed: unclean", r.Closed.Unclean},
		{"closed: other reasons", r.Closed.Total() - r.Closed.Overflow - r.Closed.Recycled - r.Closed.Broken - r.Closed.Unclean},
		{"sessions reset", r.Resets},
		{"pings before a lease", r.Validations},
		{"queries cancelled", r.Cancels},
		{"nested acquires", r.Nested},
		{"leaks", r.Leaks},
	} {
		rows = append(rows, []string{row.name, number(row.n)})
	}
	return rows
}

func bars(lately, total *pool.Histogram) []bar {
	all := make([]bar, 0, pool.Buckets)
	longest := uint64(1)
	for _, n := range lately.Counts {
		longest = max(longest, n)
	}
	for i := range pool.Buckets {
		all = append(all, bar{
			UpTo: bucket(i), Lately: number(lately.Counts[i]), Total: number(total.Counts[i]),
			Width: float64(lately.Counts[i]*1000/longest) / 10,
		})
	}
	return all
}

// bucket names a bucket of pool.Histogram.
func bucket(i int) string {
	bounds := pool.BucketBounds()
	if i == len(bounds) {
		return "> " + duration(bounds[i-1])
	}
	return "≤ " + duration(bounds[i])
}

// within tells the bucket that a share of the durations end in at the latest.
func within(h *pool.Histogram, share float64) string {
	i := quantile(h, share)
	if i < 0 {
		return "–"
	}
	return bucket(i)
}

func summary(h *pool.Histogram) string {
	n := h.Count()
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("%s · mean %s · p50 %s · p95 %s · p99 %s", number(n), duration(mean(h)), within(h, 0.5), within(h, 0.95), within(h, 0.99))
}

func tagText(tag string) string {
	if tag == "" {
		return "no operation (yet)"
	}
	return tag
}

func count(n int) string { return number(uint64(max(n, 0))) }

func rate(x float64) string {
	if x >= 1000 {
		return number(uint64(x))
	}
	return digits(x)
}

package console

import (
	"fmt"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// Level says how urgent an advice is.
type Level string

// The levels, the most urgent first.
const (
	Bad  Level = "bad"  // clients notice
	Warn Level = "warn" // they are about to
	Note Level = "note" // worth a look by day
	OK   Level = "ok"   // nothing to do
)

// Advice is what the numbers mean, in sentences, with the cure.
type Advice struct {
	Level Level  `json:"level"` // bad: clients notice; warn: they are about to; note: worth a look by day; ok: nothing to do
	Text  string `json:"text"`  // a sentence or some
}

const (
	enoughLeases     = 20                    // below, a load has no shape
	busyShare        = 0.9                   // of the size, from which it has no reserve
	fullShare        = 0.95                  // of the ceiling, from which callers queue because of it
	waitShare        = 0.01                  // of the callers, that may wait
	holderShare      = 0.5                   // of the connection time, from which one operation is the cause
	enoughConnects   = 5                     // below, one slow one has no meaning
	slowConnect      = 50 * time.Millisecond // from which connecting is slow
	longWait         = time.Second           // of the first in the queue
	longHeld         = 30 * time.Second      // of a lease; no statement may take longer unless StatementTimeout says so
	churnPerHour     = 600                   // connections of the overflow closed, from which it carries the daily load
	noticeableBucket = 3                     // of pool.BucketBounds: waits up to 1 ms are none
)

// adviser collects advice on a report.
type adviser struct {
	*Report
	all []Advice
}

// advise says what to do. It knows only the report.
func advise(r *Report) []Advice {
	a := &adviser{Report: r}
	a.onState()
	a.onFailures()
	if r.State == pool.StateUp {
		a.onLoad()
		a.onHolder()
	}
	a.onHabits()
	a.onBudget()
	if len(a.all) == 0 {
		a.onRest()
	}
	var sorted []Advice
	for _, level := range [...]Level{Bad, Warn, Note, OK} {
		for _, x := range a.all {
			if x.Level == level {
				sorted = append(sorted, x)
			}
		}
	}
	return sorted
}

func (a *adviser) say(level Level, format string, args ...any) {
	a.all = append(a.all, Advice{level, fmt.Sprintf(format, args...)})
}

// span names the time that the figures of the last minutes cover.
func (a *adviser) span() string { return span(a.Lately.Seconds) }

func (a *adviser) onState() {
	switch {
	case a.Size == 0:
		a.say(Note, "The app is not started, or did not get so far as to open its pool: /ready tells why.")
	case a.State == pool.StateConnecting && a.ConnectFailures > 0:
		a.say(Bad, "No connection could be made yet, after %s: /ready names the reason. The pool goes on trying.", counted(a.ConnectFailures, "attempt"))
	case a.State == pool.StateConnecting:
		a.say(Note, "The first connection is being made.")
	case a.State == pool.StateDown:
		when, why := "", ""
		for _, c := range a.Changes {
			if c.To == pool.StateDown {
				when, why = " since "+clock(c.At, a.At), ": "+c.Reason
				break
			}
		}
		a.say(Bad, "The database cannot be used%s%s. Callers are answered POOL_UNAVAILABLE; the pool goes on trying and needs no restart.", when, why)
	case a.State == pool.StateClosing, a.State == pool.StateClosed:
		a.say(Note, "The pool is closing: leases may finish, and nobody else is served.")
	}
}

func (a *adviser) onFailures() {
	f := a.Lately.Failures
	if f.Timeout > 0 {
		a.say(Bad, "%s got no connection within ConnectionPoolTimeout in %s: clients saw POOL_TIMEOUT.", counted(f.Timeout, "caller"), a.span())
	}
	if n := f.Saturated + f.QueueFull; n > 0 {
		a.say(Bad, "%s found no idle connection and were not let into the queue in %s: clients saw POOL_SATURATED.", counted(n, "caller"), a.span())
	}
	if f.Shed > 0 {
		a.say(Warn, "%s were turned away in %s because the queue did not drain (ConnectionPoolShedTarget): add capacity, or leave it, for this is the protection at work.", counted(f.Shed, "caller"), a.span())
	}
	if f.Unavailable > 0 && a.State != pool.StateDown {
		a.say(Warn, "%s were refused in %s while the database could not be used: the changes of the state tell when and why.", counted(f.Unavailable, "caller"), a.span())
	}
	if n := a.Lately.Acquires.Immediate + a.Lately.Acquires.Waited; f.Canceled > 0 && float64(f.Canceled) > waitShare*float64(n) {
		a.say(Warn, "%s left the queue in %s, because their clients went away or their deadline passed: they wait for too long.", counted(f.Canceled, "caller"), a.span())
	}
	if a.OldestWait >= longWait {
		a.say(Warn, "The first of %s in the queue has waited for %s.", counted(uint64(a.Waiting), "caller"), duration(a.OldestWait))
	}
}

// load is the load of the last minutes as package pool calculates with it; false while it has no shape.
func (a *adviser) load() (pool.Load, bool) {
	hold := mean(&a.Lately.UseTime)
	if a.Lately.UseTime.Count() < enoughLeases || hold <= 0 || a.Lately.Busy <= 0 {
		return pool.Load{}, false
	}
	l := pool.Load{RequestsPerSecond: a.Lately.Busy / hold.Seconds(), HoldTime: min(hold, time.Hour), WaitProbability: waitShare}
	return l, true
}

// onLoad holds the size against the load.
func (a *adviser) onLoad() {
	l, ok := a.load()
	p95, wait := a.Lately.BusyP95, mean(&a.Lately.WaitTime)
	switch {
	case !ok:
	case float64(p95) >= fullShare*float64(a.MaxSize) && a.Lately.WaitingMost > 0:
		a.say(Bad, "All %s were busy at p95 in %s, and up to %s waited: the mean wait is %s, a lease takes %s. Make the slowest operations faster first, for half the time needs half the connections.%s",
			counted(uint64(a.MaxSize), "connection"), a.span(), counted(uint64(a.Lately.WaitingMost), "caller"), duration(wait), duration(l.HoldTime), a.enough(l, "at least "))
	case p95 > a.Size:
		a.say(Warn, "%d connections were busy at p95 in %s, and the size is %d: the overflow carries the usual load, and connections are opened and closed again and again.%s", p95, a.span(), a.Size, a.enough(l, ""))
	case float64(p95) >= busyShare*float64(a.Size):
		a.say(Warn, "Size %d was %d %% busy at p95 in %s, and the mean wait is %s.%s%s", a.Size, 100*p95/a.Size, a.span(), duration(wait), a.half(l), a.enough(l, ""))
	case a.shareBeyond() > waitShare:
		a.say(Note, "%s of the callers waited longer than 1 ms in %s, though %d of %d connections were busy at p95: they come in bursts. A larger size has more connections open when one comes.", percent(a.shareBeyond()), a.span(), p95, a.Size)
	}
}

// half names the size at which callers would wait for half as long, by the arithmetic of pool.Load; "" where that cannot be told.
func (a *adviser) half(l pool.Load) string {
	now, err := l.Expect(a.Size)
	if err != nil || now.MeanWait < time.Microsecond {
		return ""
	}
	for size := a.Size + 1; size <= 2*a.Size+8; size++ {
		if e, err := l.Expect(size); err == nil && e.MeanWait <= now.MeanWait/2 {
			return fmt.Sprintf(" A size of %d would halve the wait.", size)
		}
	}
	return ""
}

// enough names the size at which hardly anybody waits, and whether the server has room for it; "" where that is no more than
// there is.
func (a *adviser) enough(l pool.Load, least string) string {
	advised, err := pool.Advise(l)
	if err != nil || advised.Size <= a.Size {
		return ""
	}
	text := fmt.Sprintf(" With %s%d, fewer than 1 in 100 callers would wait at all.", least, advised.Size)
	if b := a.Budget; b != nil && !b.Pooler {
		if needed := b.Replicas * (advised.Size + a.MaxSize - a.Size); needed > b.Free {
			text += fmt.Sprintf(" The server has no room for that: %d connections are left for this app, and %d would be needed.", b.Free, needed)
		}
	}
	return text
}

// shareBeyond is the share of the callers that waited for longer than can be overlooked.
func (a *adviser) shareBeyond() float64 {
	h := &a.Lately.WaitTime
	var n uint64
	for _, count := range h.Counts[noticeableBucket+1:] {
		n += count
	}
	return float64(n) / float64(max(h.Count(), enoughLeases))
}

// onHolder names what holds a connection for long, and what holds most of them.
func (a *adviser) onHolder() {
	if len(a.Leases) > 0 && a.Leases[0].Held >= longHeld {
		l := a.Leases[0]
		a.say(Warn, "%s has held a connection for %s: what the server does for it, or waits for, is in pg_stat_activity (wait_event, state, query).", upper(tagText(l.Tag)), duration(l.Held))
	}
	if len(a.Holders) == 0 || 2*a.Lately.BusyP95 < a.Size {
		return
	}
	if h := a.Holders[0]; h.Share >= holderShare && h.Tag != "" && h.Tag != others && h.Seen >= enoughLeases {
		a.say(Note, "%s holds %s of the connection time: what makes it faster helps everybody. `fraiseql sql` shows its plan.", h.Tag, percent(h.Share))
	}
}

// onHabits tells of what should not happen, whatever the load.
func (a *adviser) onHabits() {
	l := &a.Lately
	if l.Nested > 0 {
		a.say(Warn, "%s took a second connection while they held one in %s: under load that is a deadlock. Use the lease that is there; in development such a request fails, which finds the place.", counted(l.Nested, "request"), a.span())
	}
	if l.Leaks > 0 {
		a.say(Warn, "%s held for longer than LeakAfter in %s: the log has the place that acquired each.", counted(l.Leaks, "lease was", "leases were"), a.span())
	}
	if l.Closed.Unclean > 0 {
		a.say(Warn, "%s back with rows, a batch or a COPY left open in %s, and had to be closed: close rows (defer rows.Close()).", counted(l.Closed.Unclean, "connection came", "connections came"), a.span())
	}
	if l.Closed.ReadOnly > 0 {
		a.say(Warn, "The server refused to write on %s in %s: it is a standby. Connect to the primary (target_session_attrs=read-write).", counted(l.Closed.ReadOnly, "connection"), a.span())
	}
	if l.Closed.Broken > 0 && a.State == pool.StateUp {
		a.say(Note, "%s ended by the server or by something on the way in %s: keep ConnectionPoolRecycle below what ends them.", counted(l.Closed.Broken, "connection was", "connections were"), a.span())
	}
	if l.Seconds >= 60 && float64(l.Closed.Overflow)*3600/l.Seconds >= churnPerHour {
		a.say(Note, "%s closed in %s because they were overflow, and others opened: raise the size by the overflow that is in use.", counted(l.Closed.Overflow, "connection was", "connections were"), a.span())
	}
	if took := mean(&l.CreateTime); took > slowConnect && l.CreateTime.Count() >= enoughConnects {
		a.say(Note, "Connecting takes %s on average: TLS, name resolution or a busy server. A larger size keeps more connections open.", duration(took))
	}
}

func (a *adviser) onBudget() {
	b := a.Budget
	if b == nil {
		return
	}
	if !b.Fits {
		a.say(Warn, "The connection budget does not fit: %s.", b.Text)
	} else if !b.FitsWhileDeploying {
		a.say(Note, "The connection budget does not fit while deploying: %s.", b.Text)
	}
}

// onRest says that all is well, and by what.
func (a *adviser) onRest() {
	l := &a.Lately
	switch {
	case l.Seconds < 1:
		a.say(OK, "Nothing is measured yet.")
		return
	case l.Acquires.Immediate+l.Acquires.Waited == 0:
		a.say(OK, "Nothing to do: nobody has asked for a connection in %s.", a.span())
		return
	}
	a.say(OK, "Nothing to do: in %s %d of %d connections were busy at p95, and %s of the callers waited longer than 1 ms.", a.span(), l.BusyP95, a.Size, percent(a.shareBeyond()))
}

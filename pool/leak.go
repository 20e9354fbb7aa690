package pool

import (
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

const packagePath = "github.com/fraiseql/fraiseql-go/pool."

// callers is where a lease was acquired. The borrower writes it, and the keeper may read it at any time.
type callers [6]atomic.Uintptr

// record notes the callers of the caller's caller.
func (c *callers) record() {
	var pcs [len(c)]uintptr
	runtime.Callers(3, pcs[:])
	for i, pc := range pcs {
		c[i].Store(pc)
	}
}

// String names the functions outside this package, innermost first.
func (c *callers) String() string {
	var pcs []uintptr
	for i := range c {
		if pc := c[i].Load(); pc != 0 {
			pcs = append(pcs, pc)
		}
	}
	if len(pcs) == 0 {
		return ""
	}
	var names []string
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, packagePath) {
			names = append(names, f.Function)
		}
		if !more {
			return strings.Join(names, " < ")
		}
	}
}

// findLeaks reports every lease that has become too old, once, and gives the time of the next look. p.mu is held.
func (p *Pool) findLeaks(now instant) instant {
	for _, s := range p.slots {
		held := now.since(s.leasedAt)
		if s.state != slotLeased || s.reported || held < p.o.LeakAfter {
			continue
		}
		s.reported = true
		p.meters.leaks.Add(1)
		p.note(func() {
			info := LeakInfo{Held: held, Where: s.where.String()}
			p.log.Warn("connection held for long: release it, or raise LeakAfter", "held", held.Round(time.Millisecond), "acquired by", info.Where)
			if f := p.trace.Leaked; f != nil {
				p.tell("Leaked", func() { f(info) })
			}
		})
	}
	return now.after(p.o.LeakAfter / 2)
}

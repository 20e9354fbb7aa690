package pool

import (
	"math"
	"time"
)

// instant is a moment on the pool's own clock, in nanoseconds since just before it was opened; 0 is none. The clock never
// jumps, and an instant costs less to take and to compare than a time.Time: an acquire is so short that it shows.
type instant int64

const endOfTime instant = math.MaxInt64

func (p *Pool) now() instant { return instant(time.Since(p.started)) }

// after is the moment d later, the end of time when there is none.
func (i instant) after(d time.Duration) instant {
	if d > 0 && i > endOfTime-instant(d) {
		return endOfTime
	}
	return i + instant(d)
}

func (i instant) since(earlier instant) time.Duration { return time.Duration(i - earlier) }

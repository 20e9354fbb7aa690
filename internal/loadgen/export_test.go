package loadgen

import "time"

// Age lets the kept connections have gone unused for d longer.
func (t *Transport) Age(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.idle {
		c.unused = c.unused.Add(-d)
	}
}

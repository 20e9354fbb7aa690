package pool

import (
	"testing"
	"unsafe"
)

// What every lease writes keeps to its own cache lines: the lock with what each caller writes, what a return writes, and
// nothing of either beside what is only read. Figures: docs/explain/pool.md.
func TestHotFieldsHaveTheirCacheLines(t *testing.T) {
	t.Parallel()
	var p Pool
	for _, f := range []struct {
		name     string
		at, want uintptr
	}{
		{"mu", unsafe.Offsetof(p.mu), 0},
		{"n, the first that only a return writes", unsafe.Offsetof(p.n), cacheLine},
		{"o, the first that is only read", unsafe.Offsetof(p.o), 3 * cacheLine},
	} {
		if f.at != f.want {
			t.Errorf("%s is at %d, want %d", f.name, f.at, f.want)
		}
	}
	if size := unsafe.Sizeof(tally{}) - unsafe.Offsetof(tally{}.use) - unsafe.Sizeof(histogram{}); size < cacheLine {
		t.Errorf("two tallies may be %d bytes apart, want %d", size, cacheLine)
	}
}

func TestTalliesAreUsedAgain(t *testing.T) {
	t.Parallel()
	var p Pool
	a, b := p.addSlot(), p.addSlot()
	p.dropSlot(a)
	if c := p.addSlot(); c.tally != a.tally || c.tally == b.tally {
		t.Error("a new slot does not take the tally of the one that is gone")
	}
	if n := len(*p.meters.tallies.Load()); n != 2 {
		t.Errorf("there are %d tallies, want 2", n)
	}
}

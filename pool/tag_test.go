package pool_test

import (
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	p := openPool(t, pgtest.New(t).URL, pool.Options{Size: 2, MaxOverflow: -1})
	warmUp(t, p, 2)
	if held := p.Leases(); len(held) != 0 {
		t.Errorf("nothing is lent, and %+v are held", held)
	}
	acquire := func() pool.Conn {
		t.Helper()
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	report, users := "query Report", "query Users"
	first := acquire()
	first.Tag(&report)
	time.Sleep(time.Millisecond) // so that one is held longer
	second := acquire()
	held := p.Leases()
	if len(held) != 2 || held[0].Tag != report || held[1].Tag != "" || held[0].Held < held[1].Held+time.Millisecond {
		t.Errorf("%+v", held)
	}
	second.Tag(&users)
	first.Release()
	if held := p.Leases(); len(held) != 1 || held[0].Tag != users {
		t.Errorf("%+v", held)
	}
	first.Tag(&users) // it names nobody's lease any more
	third := acquire()
	if held := p.Leases(); len(held) != 2 || held[0].Tag != users || held[1].Tag != "" {
		t.Errorf("a tag outlives its lease: %+v", held)
	}
	first.Tag(&report)
	if held := p.Leases(); len(held) != 2 || held[1].Tag != "" {
		t.Errorf("a released lease has tagged another one: %+v", held)
	}
	third.Release()
	second.Release()
}

// TestTagAllocatesNothing is not parallel: AllocsPerRun counts what everybody allocates.
func TestTagAllocatesNothing(t *testing.T) {
	p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 1, MaxOverflow: -1, LeakAfter: -1}))
	warmUp(t, p, 1)
	name := "query Users"
	if n := testing.AllocsPerRun(1000, func() {
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Tag(&name)
		c.Release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

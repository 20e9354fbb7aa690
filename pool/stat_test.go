package pool_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/fraiseql/fraiseql-go/pool"
)

func TestStatJSON(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Name: "orders", Size: 4}))
	warmUp(t, p, 2)
	text, err := json.Marshal(p.Stat())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"name": "orders", "state": "up", "minSize": 2.0, "size": 4.0, "maxSize": 14.0, "idle": 2.0, "leased": 0.0, "connecting": 0.0,
		"closing": 0.0, "waiting": 0.0, "oldestWait": 0.0, "opened": 2.0,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	var back pool.Stat
	if err := json.Unmarshal(text, &back); err != nil || back != p.Stat() {
		t.Errorf("it does not read back: %v\n%+v\n%+v", err, back, p.Stat())
	}
}

// Leases are counted where their connection is; the sum must outlive connections, and places be used again.
func TestCountsOutliveConnections(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 3, MaxOverflow: -1}))
	ctx := t.Context()
	leases := 0
	for round := range 5 {
		var held []pool.Conn
		for range 3 {
			c, err := p.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, c)
			leases++
		}
		for _, c := range held {
			c.Release()
		}
		for _, size := range []int{1, 3} { // closes two, which the next round opens anew
			if err := p.Resize(size, 0); err != nil {
				t.Fatal(err)
			}
		}
		s := p.Stat()
		if got := int(s.Acquires.Immediate + s.Acquires.Waited); got != leases {
			t.Errorf("round %d: %d acquires are counted, want %d", round, got, leases)
		}
		if got := int(s.UseTime.Count()); got != leases {
			t.Errorf("round %d: %d uses are counted, want %d", round, got, leases)
		}
		if got := int(s.WaitTime.Count()); got != leases {
			t.Errorf("round %d: %d waits are counted, want %d", round, got, leases)
		}
		if s.Acquires.OpenedNew > s.Opened || int(s.Acquires.OpenedNew) != 3+2*round {
			t.Errorf("round %d: %d leases of a new connection, of %d opened, want %d", round, s.Acquires.OpenedNew, s.Opened, 3+2*round)
		}
	}
}

func TestBucketBounds(t *testing.T) {
	t.Parallel()
	bounds := pool.BucketBounds()
	if !slices.IsSorted(bounds[:]) || bounds[0] <= 0 {
		t.Errorf("%v", bounds)
	}
}

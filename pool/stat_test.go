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

func TestBucketBounds(t *testing.T) {
	t.Parallel()
	bounds := pool.BucketBounds()
	if !slices.IsSorted(bounds[:]) || bounds[0] <= 0 {
		t.Errorf("%v", bounds)
	}
}

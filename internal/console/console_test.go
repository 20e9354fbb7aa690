package console_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/pool"
)

func TestRing(t *testing.T) {
	t.Parallel()
	for most, c := range map[int]struct {
		add, want      []int
		oldest, newest int
	}{
		1: {[]int{1, 2, 3}, []int{3}, 3, 3},
		2: {[]int{1, 2, 3}, []int{2, 3}, 2, 3},
		3: {[]int{1, 2, 3}, []int{1, 2, 3}, 1, 3},
		4: {[]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, []int{6, 7, 8, 9}, 6, 9},
		5: {[]int{1, 2, 3}, []int{1, 2, 3}, 1, 3},
		6: {nil, []int{}, 0, 0},
	} {
		if all, oldest, newest := console.Ring(most, c.add...); !slices.Equal(all, c.want) || oldest != c.oldest || newest != c.newest {
			t.Errorf("%v in a ring for %d: %v, from %d to %d; want %v", c.add, most, all, oldest, newest, c.want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 ms", -1: "0 ms", 1: "1 µs", 350 * time.Microsecond: "350 µs", ms: "1 ms", 1250 * time.Microsecond: "1.25 ms",
		12_345 * time.Microsecond: "12.3 ms", 123 * ms: "123 ms", time.Second: "1 s", 2500 * ms: "2.5 s", time.Minute: "1 min",
		125 * time.Second: "2 min 5 s", time.Hour: "1 h", 90 * time.Minute: "1 h 30 min",
	} {
		if got := console.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0 %", 0.0001: "< 0.1 %", 0.0123: "1.2 %", 0.5: "50 %", 0.625: "63 %", 1: "100 %"} {
		if got := console.Percent(share); got != want {
			t.Errorf("%v: %q, want %q", share, got, want)
		}
	}
	for seconds, want := range map[float64]string{1: "the last second", 59: "the last 59 seconds", 60: "the last minute", 300: "the last 5 minutes", 309: "the last 5 minutes"} {
		if got := console.Span(seconds); got != want {
			t.Errorf("%v: %q, want %q", seconds, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567"} {
		if got := console.Number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if got := console.Clock(noon, noon.Add(time.Hour)); got != "12:00:00 UTC" {
		t.Error(got)
	}
	if got := console.Clock(noon, noon.Add(24*time.Hour)); got != "2026-03-01 12:00:00 UTC" {
		t.Error(got)
	}
}

// TestSince sets each count and takes it away again, so that a count that is added to the pool cannot be forgotten.
func TestSince(t *testing.T) {
	t.Parallel()
	then, now := pool.Stat{Idle: 1}, pool.Stat{Idle: 4, Leased: 5, State: pool.StateUp, Name: "main", OldestWait: 7}
	next := uint64(0)
	var fill func(then, now reflect.Value)
	fill = func(then, now reflect.Value) {
		switch now.Kind() {
		case reflect.Uint64:
			next++
			then.SetUint(next)
			now.SetUint(3 * next)
		case reflect.Struct:
			for i := range now.NumField() {
				fill(then.Field(i), now.Field(i))
			}
		case reflect.Array:
			for i := range now.Len() {
				fill(then.Index(i), now.Index(i))
			}
		}
	}
	fill(reflect.ValueOf(&then).Elem(), reflect.ValueOf(&now).Elem())
	then.UseTime.Sum, now.UseTime.Sum = 5, 8
	got := console.Since(now, then)
	if got.Idle != 4 || got.Leased != 5 || got.Name != "main" || got.State != pool.StateUp || got.OldestWait != 7 {
		t.Errorf("what is of a moment is changed: %+v", got)
	}
	if got.Opened != 2*then.Opened || got.Failures.Nested != 2*then.Failures.Nested || got.Closed.Cut != 2*then.Closed.Cut || got.CreateTime.Counts[17] != 2*then.CreateTime.Counts[17] || got.UseTime.Sum != 3 {
		t.Errorf("%+v\nis not\n%+v\nless\n%+v", got, now, then)
	}
}

// world is a pool that does what a test says.
type world struct {
	stat   pool.Stat
	leases []pool.LeaseInfo
	now    time.Time
	*console.Console
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 3, 1, 14, 0, 30, 0, time.UTC)}
	w.stat = pool.Stat{Name: "main", State: pool.StateUp, MinSize: 10, Size: 20, MaxSize: 30, Idle: 10}
	w.Console = console.New(console.Options{Title: "Blog <API>", Stat: func() pool.Stat { return w.stat }, Leases: func() []pool.LeaseInfo { return w.leases }})
	return w
}

// second goes by, with so many connections leased, so many callers waiting, and 100 leases of 20 ms.
func (w *world) second(leased, waiting int) {
	w.stat.Leased, w.stat.Idle, w.stat.Waiting = leased, max(20-leased, 0), waiting
	w.stat.Acquires.Immediate += 100
	w.stat.WaitTime.Counts[0] += 100
	w.stat.UseTime.Counts[7] += 100
	w.stat.UseTime.Sum += 2 * time.Second
	w.Look(w.now)
	w.now = w.now.Add(time.Second)
}

func TestReport(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stat.Acquires.Immediate = 1_000_000 // from before
	w.leases = append(console.Held("query Report", 3, 2*time.Second), console.Held("", 1, time.Second)...)
	w.leases = append(w.leases, console.Held("", 1, time.Microsecond)...) // on its way to an operation
	for i := range 90 {
		w.second(4+16*(i/80), i/80)
	}
	w.stat.Failures.Timeout += 2
	r := w.ReportAt(w.now)
	if r.Lately.Seconds != 90 || r.Lately.Busy < 5.7 || r.Lately.Busy > 5.8 || r.Lately.BusyP95 != 20 || r.Lately.WaitingMost != 1 || r.Lately.Failed != 2 {
		t.Errorf("%+v", r.Lately)
	}
	if got := r.Lately.LeasesPerSecond; got < 98 || got > 100 { // those of the first second were before the first look
		t.Errorf("%v leases a second", got)
	}
	want := []console.Holder{{Tag: "query Report", Share: 0.75, Seen: 270, Longest: 2 * time.Second}, {Tag: "", Share: 0.25, Seen: 90, Longest: time.Second}}
	if !slices.Equal(r.Holders, want) {
		t.Errorf("%+v, want %+v", r.Holders, want)
	}
	if got, want := r.Minutes(), [][4]int{{1, 6, 20, 1}, {0, 4, 4, 0}}; !slices.Equal(got, want) {
		t.Errorf("by the minute: %v, want %v", got, want)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back console.Report
	if err := json.Unmarshal(text, &back); err != nil || back.Stat != w.stat || back.Lately != r.Lately {
		t.Errorf("it does not read back (%v): %s", err, text)
	}
	if !strings.HasPrefix(string(text), `{"name":"main","state":"up","pooler":false,"minSize":10,"size":20,"maxSize":30,`) || !strings.Contains(string(text), `"budget":null,"changes":[],"leases":[{"tag":"query Report","held":2000000000}`) {
		t.Errorf("JSON: %s", text)
	}
}

// TestMemoryIsBounded goes on for an hour, with a new operation each second.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 3600 {
		w.leases = console.Held(fmt.Sprintf("query Q%d", i), 3, time.Second)
		w.second(3, 0)
		w.StateChanged(pool.StateInfo{From: pool.StateUp, To: pool.StateDown, Err: errors.New("gone")})
	}
	if samples, marks := w.Kept(); samples != 600 || marks != 31 {
		t.Errorf("%d samples and %d marks are kept", samples, marks)
	}
	r := w.ReportAt(w.now)
	if r.Lately.Seconds < 300 || r.Lately.Seconds > 310 || r.Lately.LeasesPerSecond < 99 || r.Lately.LeasesPerSecond > 101 {
		t.Errorf("%+v", r.Lately)
	}
	if len(r.Holders) != 10 || len(r.Changes) != 32 || len(r.Minutes()) > 11 || r.Changes[0].Reason != "gone" {
		t.Errorf("%d operations, %d changes, %d minutes", len(r.Holders), len(r.Changes), len(r.Minutes()))
	}
	w.leases = nil
	for range 301 {
		w.second(0, 0)
	}
	if r := w.ReportAt(w.now); len(r.Holders) != 0 {
		t.Errorf("what held connections long ago is still told: %+v", r.Holders)
	}
}

// TestManyOperations keeps those beyond some in one place, so that a client that invents names takes no memory.
func TestManyOperations(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 500 {
		w.leases = append(w.leases, console.Held(fmt.Sprintf("query Q%d", i), 1, time.Second)...)
	}
	w.second(30, 0)
	if r := w.ReportAt(w.now); len(r.Holders) != 10 || r.Holders[0].Tag != "others" || r.Holders[0].Seen != 500-64 || len(r.Leases) != 10 {
		t.Errorf("%+v", r.Holders)
	}
}

// TestSlowestOperations: what ended in the last minutes, by what it took, whether anybody looked then or not.
func TestSlowestOperations(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.AnsweredAt(w.now, "query Feed", 2*time.Second, false)
	w.AnsweredAt(w.now, "mutation Publish", 3*time.Second, false)
	w.now = w.now.Add(4 * time.Minute)
	w.AnsweredAt(w.now, "query Feed", 6*time.Second, true)
	want := []console.Operation{
		{Tag: "query Feed", Count: 2, Failed: 1, Mean: 4 * time.Second, Longest: 6 * time.Second},
		{Tag: "mutation Publish", Count: 1, Mean: 3 * time.Second, Longest: 3 * time.Second},
	}
	if r := w.ReportAt(w.now); !slices.Equal(r.Slowest, want) {
		t.Errorf("%+v, want %+v", r.Slowest, want)
	}
	w.now = w.now.Add(3 * time.Minute)
	want = []console.Operation{{Tag: "query Feed", Count: 1, Failed: 1, Mean: 6 * time.Second, Longest: 6 * time.Second}}
	if r := w.ReportAt(w.now); !slices.Equal(r.Slowest, want) {
		t.Errorf("minutes later: %+v, want %+v", r.Slowest, want)
	}
	for i := range 500 {
		w.AnsweredAt(w.now, fmt.Sprintf("query Q%d", i), time.Second, false)
	}
	if r := w.ReportAt(w.now); len(r.Slowest) != 10 || r.Slowest[0].Tag != "query Feed" {
		t.Errorf("many: %+v", r.Slowest)
	}
}

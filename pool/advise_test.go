package pool_test

import (
	"container/heap"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"pgregory.net/rapid"
)

func advise(tb testing.TB, l pool.Load) pool.Advice {
	tb.Helper()
	a, err := pool.Advise(l)
	if err != nil {
		tb.Fatalf("%+v: %v", l, err)
	}
	return a
}

// busyLoad keeps so many connections busy, each for 10 ms.
func busyLoad(busy float64) pool.Load {
	return pool.Load{RequestsPerSecond: busy * 100, HoldTime: 10 * time.Millisecond, MaxConnections: 100_000}
}

// TestAdviseSizes holds the table of the tuning guide: connections busy on average, and the size at which at most one
// request in a hundred waits.
func TestAdviseSizes(t *testing.T) {
	t.Parallel()
	for busy, want := range map[float64][2]int{ // size, overflow
		0.005: {1, 5}, 1: {5, 5}, 2: {7, 5}, 5: {12, 6}, 10: {19, 10}, 20: {32, 16}, 30: {45, 23}, 50: {68, 34},
	} {
		a := advise(t, busyLoad(busy))
		if a.Size != want[0] || a.MaxOverflow != want[1] || a.PerReplica != want[0]+want[1] || a.Total != a.PerReplica {
			t.Errorf("%v busy: %+v, want %v", busy, a, want)
		}
		if math.Abs(a.Busy-busy) > 1e-9 || math.Abs(a.Utilization-busy/float64(a.Size)) > 1e-9 || a.WaitProbability > 0.01 || a.P99Wait != 0 {
			t.Errorf("%v busy: %+v", busy, a)
		}
	}
}

// TestAdviseLarge: no power or factorial overflows, and the pool's own limit is told.
func TestAdviseLarge(t *testing.T) {
	t.Parallel()
	a := advise(t, busyLoad(3700))
	// As an independent measure: sizes of large pools approach busy + 2.2 √busy at 1 %, by the normal approximation.
	if a.Size < 3700+100 || a.Size > 3700+160 || a.WaitProbability <= 0.008 || a.WaitProbability > 0.01 {
		t.Errorf("%+v", a)
	}
	if a.PerReplica != 4000 {
		t.Errorf("size %d + overflow %d: the ceiling of a pool is 4000", a.Size, a.MaxOverflow)
	}
	for _, busy := range []float64{3990, 4000, 1e6, 1e300} {
		_, err := pool.Advise(busyLoad(busy))
		if err == nil || !strings.Contains(err.Error(), "limit of 4000 connections: hold connections for less time, or raise Replicas") {
			t.Errorf("%v busy: %v", busy, err)
		}
	}
	l := busyLoad(20_000)
	l.Replicas = 10
	if a := advise(t, l); a.BusyPerReplica != 2000 || a.Size < 2000 || a.Total != 10*(a.Size+a.MaxOverflow) {
		t.Errorf("%+v", a)
	}
}

// TestExpectations are the waits of the tuning guide, in units of the hold time.
func TestExpectations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ utilization, want, within float64 }{{0.8, 0.8, 0.05}, {0.9, 2.0, 0.05}, {0.98, 11, 0.5}} {
		e, err := busyLoad(20 * c.utilization).Expect(20)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(e.P99Wait) / float64(10*time.Millisecond); math.Abs(got-c.want) > c.within || e.Size != 20 || math.Abs(e.Utilization-c.utilization) > 1e-9 {
			t.Errorf("at %v: p99 wait of %v hold times, want %v: %+v", c.utilization, got, c.want, e)
		}
	}
	for size, want := range map[int]string{
		5:    "the size is 5, and the load keeps 5 connections of each replica busy, so that the queue only grows",
		0:    "the size is 0, and the limits are 1 and 4000",
		4001: "the size is 4001",
	} {
		if _, err := busyLoad(5).Expect(size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("size %d: %v", size, err)
		}
	}
	if _, err := (pool.Load{}).Expect(5); err == nil || !strings.Contains(err.Error(), "RequestsPerSecond") {
		t.Errorf("no load: %v", err)
	}
}

// TestExpectationsAgainstSimulation compares the formulas with queues that are played through.
func TestExpectationsAgainstSimulation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size int
		busy float64
	}{{1, 0.5}, {2, 1.5}, {5, 4}, {12, 10}, {20, 16}, {40, 33}} {
		e, err := pool.Load{RequestsPerSecond: c.busy, HoldTime: time.Second}.Expect(c.size)
		if err != nil {
			t.Fatal(err)
		}
		waits := simulate(c.size, c.busy, 600_000)
		n, sum := 0, 0.0
		for _, w := range waits {
			sum += w
			if w > 0 {
				n++
			}
		}
		slices.Sort(waits)
		at := func(q float64) float64 { return waits[int(q*float64(len(waits)))] }
		for _, f := range []struct {
			name      string
			got, want float64
		}{
			{"probability", e.WaitProbability, float64(n) / float64(len(waits))},
			{"mean", e.MeanWait.Seconds(), sum / float64(len(waits))},
			{"p95", e.P95Wait.Seconds(), at(0.95)},
			{"p99", e.P99Wait.Seconds(), at(0.99)},
		} {
			if math.Abs(f.got-f.want) > 0.08*f.want+0.002 {
				t.Errorf("size %d, %v busy: %s is %.4f, and the simulation has %.4f", c.size, c.busy, f.name, f.got, f.want)
			}
		}
	}
}

// simulate gives the waits of customers that come at random, busy per hold time, to a queue in order before size servers.
func simulate(size int, busy float64, customers int) []float64 {
	random := rand.New(rand.NewPCG(1, uint64(size)))
	free := make(times, size) // when each server is free
	waits := make([]float64, 0, customers)
	now := 0.0
	for i := range customers + 10_000 {
		now += random.ExpFloat64() / busy
		start := max(now, free[0])
		free[0] = start + random.ExpFloat64()
		heap.Fix(&free, 0)
		if i >= 10_000 { // before that the queue is younger than its average
			waits = append(waits, start-now)
		}
	}
	return waits
}

type times []float64

func (h times) Len() int           { return len(h) }
func (h times) Less(i, j int) bool { return h[i] < h[j] }
func (h times) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *times) Push(any)          { panic("unused") }
func (h *times) Pop() any          { panic("unused") }

func TestAdviseProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := pool.Load{
			RequestsPerSecond: rapid.Float64Range(0.01, 20_000).Draw(t, "rps"),
			HoldTime:          time.Duration(rapid.Int64Range(int64(time.Microsecond), int64(50*time.Millisecond)).Draw(t, "hold")),
			Replicas:          rapid.IntRange(0, 20).Draw(t, "replicas"),
			Cores:             rapid.IntRange(0, 64).Draw(t, "cores"),
			MaxConnections:    rapid.IntRange(10, 3000).Draw(t, "max_connections"),
			WaitProbability:   rapid.Float64Range(0.0001, 0.5).Draw(t, "share"),
		}
		a, err := pool.Advise(l)
		if err != nil {
			t.Fatalf("%+v: %v", l, err)
		}
		if a.Size < 1 || a.MaxOverflow < 0 || a.PerReplica != a.Size+a.MaxOverflow || a.Total != a.PerReplica*max(l.Replicas, 1) ||
			a.TotalWhileDeploying != 2*a.Total || a.Fits != (a.Total <= a.Usable) || a.FitsWhileDeploying != (a.TotalWhileDeploying <= a.Usable) {
			t.Fatalf("the numbers do not add up: %+v", a)
		}
		if a.WaitProbability > l.WaitProbability || a.P95Wait > a.P99Wait || a.Utilization >= 1 {
			t.Fatalf("it waits too long: %+v", a)
		}
		if !a.Fits && len(a.Warnings) == 0 || len(a.Reasons) < 3 {
			t.Fatalf("it does not say so: %+v", a)
		}
		if a.Size > 1 {
			if e, err := l.Expect(a.Size - 1); err == nil && e.WaitProbability <= l.WaitProbability {
				t.Fatalf("%d would do: %+v", a.Size-1, e)
			}
		}
		last := pool.Expectation{WaitProbability: 1, MeanWait: math.MaxInt64, P99Wait: math.MaxInt64}
		for _, e := range a.Sizes {
			if e.Size <= last.Size || e.WaitProbability > last.WaitProbability || e.MeanWait > last.MeanWait || e.P99Wait > last.P99Wait {
				t.Fatalf("a larger pool waits longer: %+v", a.Sizes)
			}
			last = e
		}
		if !slices.Contains(a.Sizes, a.Expectation) {
			t.Fatalf("the advised size is not compared: %+v", a)
		}
		_, err = pool.Options{Size: a.Size, MaxOverflow: a.MaxOverflow}.Resolve()
		if err != nil {
			t.Fatalf("the pool refuses it: %v", err)
		}
		// More of any load never needs fewer connections.
		more := l
		factor := rapid.Float64Range(1, 2).Draw(t, "factor")
		if rapid.Bool().Draw(t, "longer") {
			more.HoldTime = time.Duration(math.Ceil(float64(l.HoldTime) * factor))
		} else {
			more.RequestsPerSecond *= factor
		}
		if b, err := pool.Advise(more); err == nil && b.Size < a.Size {
			t.Fatalf("%+v needs %d, and %+v needs %d", l, a.Size, more, b.Size)
		}
	})
}

// TestAdviseBudget: the overflow gives way to the server's limit, twice while deploying where that is possible; then the
// advice says that it does not fit.
func TestAdviseBudget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		l                      pool.Load
		size, overflow, total  int
		fits, deploys          bool
		reason, warning, never string
	}{
		"room for all": {
			pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond},
			12, 6, 18, true, true,
			"18 connections fit into the 97 that the server has for them (max_connections 100 − 3 reserved), and so do 36 while a deploy", "", "fit",
		},
		"overflow cut for the deploy": {
			pool.Load{RequestsPerSecond: 1500, HoldTime: 10 * time.Millisecond, Replicas: 3},
			12, 4, 48, true, true,
			"The overflow for bursts is 4, for max_connections leaves no room for 6.", "", "fit",
		},
		"no room for a deploy": {
			pool.Load{RequestsPerSecond: 3000, HoldTime: 10 * time.Millisecond, Replicas: 6},
			12, 4, 96, true, false,
			"6 replicas", "6 replicas × 16 = 96 connections fit into the 97 that the server has for them (max_connections 100 − 3 reserved), but 192 do not while a deploy", "",
		},
		"no room": {
			pool.Load{RequestsPerSecond: 10_000, HoldTime: 10 * time.Millisecond, Replicas: 20},
			12, 6, 360, false, false,
			"Together they keep 240 connections where one pool for all would need", "20 replicas × 18 = 360 connections do not fit into the 97 that the server has for them (max_connections 100 − 3 reserved): run fewer replicas, put PgBouncer", "",
		},
		"reserved": {
			pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond, MaxConnections: 50, Reserved: 20},
			12, 3, 15, true, true,
			"the 30 that the server has", "", "fit",
		},
		"more than the cores do": {
			pool.Load{RequestsPerSecond: 900, HoldTime: 10 * time.Millisecond, Cores: 4},
			18, 9, 27, true, true,
			"", "9 connections busy at once on 4 cores: if they work there", "",
		},
		"what the cores do": {
			pool.Load{RequestsPerSecond: 800, HoldTime: 10 * time.Millisecond, Cores: 4}, 16, 8, 24, true, true, "", "", "core",
		},
		"more in a burst than the cores do": {
			pool.Load{RequestsPerSecond: 150, HoldTime: 10 * time.Millisecond, Cores: 1},
			6, 5, 11, true, true,
			"", "A burst can put 11 connections to work on 1 core:", "",
		},
		"held long": {
			pool.Load{RequestsPerSecond: 2, HoldTime: 500 * time.Millisecond},
			5, 5, 10, true, true,
			"1 connection busy", "A request holds its connection for 500ms:", "",
		},
		"patient": {
			pool.Load{RequestsPerSecond: 2, HoldTime: 450 * time.Millisecond, WaitProbability: 0.9},
			1, 5, 6, true, true,
			"at most 90 % of the requests wait", "One request in a hundred waits longer than 20.249s for a connection: ask for a smaller share", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := advise(t, c.l)
			if a.Size != c.size || a.MaxOverflow != c.overflow || a.Total != c.total || a.Fits != c.fits || a.FitsWhileDeploying != c.deploys {
				t.Errorf("%+v", a)
			}
			reasons, warnings := strings.Join(a.Reasons, "\n"), strings.Join(a.Warnings, "\n")
			if !strings.Contains(reasons, c.reason) || !strings.Contains(warnings, c.warning) || c.never != "" && strings.Contains(warnings, c.never) {
				t.Errorf("reasons:\n%s\nwarnings:\n%s", reasons, warnings)
			}
		})
	}
}

func TestAdviseRefusesNonsense(t *testing.T) {
	t.Parallel()
	good := pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond}
	for name, c := range map[string]struct {
		change func(*pool.Load)
		want   string
	}{
		"no requests":       {func(l *pool.Load) { l.RequestsPerSecond = 0 }, "pool: RequestsPerSecond is 0, and a load is a number above 0: set"},
		"negative requests": {func(l *pool.Load) { l.RequestsPerSecond = -1 }, "RequestsPerSecond is -1"},
		"no number":         {func(l *pool.Load) { l.RequestsPerSecond = math.NaN() }, "RequestsPerSecond is NaN"},
		"infinite":          {func(l *pool.Load) { l.RequestsPerSecond = math.Inf(1) }, "RequestsPerSecond is +Inf"},
		"no hold":           {func(l *pool.Load) { l.HoldTime = 0 }, "HoldTime is 0s, and a request holds its connection for more than 0s and at most 1h0m0s: set"},
		"negative hold":     {func(l *pool.Load) { l.HoldTime = -time.Second }, "HoldTime is -1s"},
		"endless hold":      {func(l *pool.Load) { l.HoldTime = 2 * time.Hour }, "HoldTime is 2h0m0s"},
		"cores":             {func(l *pool.Load) { l.Cores = -1 }, "Cores is -1"},
		"replicas":          {func(l *pool.Load) { l.Replicas = -2 }, "Replicas is -2"},
		"many replicas":     {func(l *pool.Load) { l.Replicas = 10_001 }, "Replicas is 10001, and the limits are 1 and 10000"},
		"connections":       {func(l *pool.Load) { l.MaxConnections = -2 }, "MaxConnections is -2"},
		"many connections":  {func(l *pool.Load) { l.MaxConnections = 300_000 }, "PostgreSQL's limits are 1 and 262143"},
		"reserved":          {func(l *pool.Load) { l.Reserved = -2 }, "Reserved is -2"},
		"all reserved":      {func(l *pool.Load) { l.MaxConnections = 3 }, "MaxConnections is 3, and 3 of them are reserved, so that none is left: raise it above 3"},
		"share":             {func(l *pool.Load) { l.WaitProbability = -0.1 }, "WaitProbability is -0.1, and a share"},
		"everybody waits":   {func(l *pool.Load) { l.WaitProbability = 1 }, "WaitProbability is 1"},
		"share, no number":  {func(l *pool.Load) { l.WaitProbability = math.NaN() }, "WaitProbability is NaN"},
	} {
		l := good
		c.change(&l)
		if _, err := pool.Advise(l); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	_, err := pool.Advise(pool.Load{Cores: -1, Replicas: -1, MaxConnections: -1, Reserved: -1, WaitProbability: -1})
	for _, field := range []string{"RequestsPerSecond", "HoldTime", "Cores", "Replicas", "MaxConnections", "Reserved", "WaitProbability"} {
		if err == nil || !strings.Contains(err.Error(), "pool: "+field+" is ") {
			t.Errorf("%s is missing in %v", field, err)
		}
	}
}

// TestAdviceAsJSON: names as everywhere, no null, and durations as numbers of nanoseconds.
func TestAdviceAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(advise(t, pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"size":12,"utilization":0.41666666666666`, `"p99Wait":0,"overflow":6,`, `"load":{"requestsPerSecond":500,"holdTime":10000000,"cores":0,"replicas":1,"maxConnections":100,"reserved":3,"waitProbability":0.01}`,
		`"busy":5,`, `"total":18,"totalWhileDeploying":36,"usable":97,"fits":true,"fitsWhileDeploying":true`, `"warnings":[]`, `"sizes":[{"size":6,`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// FuzzAdvise: whatever the numbers are, an answer is whole.
func FuzzAdvise(f *testing.F) {
	f.Add(500.0, int64(time.Millisecond), 4, 3, 100, 3, 0.01)
	f.Add(1e308, int64(time.Hour), 1<<62, 10_000, 262_143, 1, 1e-320)
	f.Add(5e-324, int64(1), 0, 0, 0, 0, 0.999999)
	f.Fuzz(func(t *testing.T, rps float64, hold int64, cores, replicas, connections, reserved int, share float64) {
		a, err := pool.Advise(pool.Load{
			RequestsPerSecond: rps, HoldTime: time.Duration(hold), Cores: cores, Replicas: replicas, MaxConnections: connections, Reserved: reserved, WaitProbability: share,
		})
		if err != nil {
			return
		}
		if a.Size < 1 || a.Total < 1 || a.P99Wait < 0 || a.MeanWait < 0 || math.IsNaN(a.WaitProbability) || a.WaitProbability < 0 || a.WaitProbability > 1 {
			t.Errorf("%+v", a)
		}
		if _, err := json.Marshal(a); err != nil {
			t.Error(err)
		}
	})
}

package main

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

func TestAppendStringIsJSON(t *testing.T) {
	t.Parallel()
	all := make([]byte, 0, 256)
	for c := range byte(utf8.RuneSelf) {
		all = append(all, c)
	}
	for _, s := range []string{"", "plain", `a "b" \ c`, "tab\tline\nreturn\r", string(all), "Łódź 👍 日本", "\x00\x1f\x7f"} {
		var got string
		if err := json.Unmarshal(appendString(nil, []byte(s)), &got); err != nil || got != s {
			t.Errorf("%q comes back as %q (error %v)", s, got, err)
		}
	}
}

func TestMedianAndRounding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	for in, want := range map[float64]float64{0.2: 1, 7: 7, 1234: 1200, 99_999: 99_000, 55.5: 55} {
		if got := roundDown(in); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v becomes %v, want %v", in, got, want)
		}
	}
}

func TestFiguresJoinRoundsAndRatiosComparePairs(t *testing.T) {
	t.Parallel()
	in := cell{Work: "one", Concurrency: 1}
	make1 := func(contender string, round int, good int64, latency, cpu time.Duration) sample {
		h := new(loadgen.Histogram)
		for range good {
			h.Record(latency)
		}
		return sample{
			contender: contender, cell: in, round: round, serverCPU: cpu, postgresCPU: cpu / 2, peakBytes: int64(round+1) * 100,
			report: loadgen.Report{Good: good, Failed: 0, Elapsed: time.Second, Throughput: float64(good), Latencies: h},
		}
	}
	all := figures([]sample{
		make1("b1", 0, 100, time.Millisecond, 100*time.Millisecond), make1("c", 0, 200, 2*time.Millisecond, 100*time.Millisecond),
		make1("b1", 1, 100, time.Millisecond, 300*time.Millisecond), make1("c", 1, 50, 2*time.Millisecond, 100*time.Millisecond),
		make1("b1", 2, 100, time.Millisecond, 200*time.Millisecond), make1("c", 2, 50, 2*time.Millisecond, 100*time.Millisecond),
	})
	if len(all) != 2 || all[0].Throughput != 100 || all[0].ServerCPU != 2 || all[0].PostgresCPU != 1 || all[0].PeakBytes != 300 {
		t.Fatalf("figures %+v", all)
	}
	r := ratios(all)
	if len(r) != 1 || r[0].Of != "c" || r[0].To != "b1" || r[0].Throughput != 0.5 || math.Abs(r[0].ServerCPU-2.0/3) > 1e-9 || math.Abs(r[0].P50-2) > 0.02 {
		t.Errorf("ratios %+v, want one of c to b1: median throughput 0.5 and CPU 2 in 3, p50 2", r)
	}
}

func TestTargetsAreJudged(t *testing.T) {
	t.Parallel()
	in, open := cell{Work: "one", Concurrency: 32}, cell{Work: "one", Rate: 100}
	r := result{
		Figures: []figure{
			{Contender: "c", cell: in},
			{Contender: "c", cell: cell{Work: "one", Concurrency: 7}},
			{Contender: "c", cell: open, Latency: loadgen.Summary{P50: 10, P999: 60}},
			{Contender: "b1", cell: in},
		},
		Ratios: []ratio{{Of: "c", To: "b1", cell: in, Throughput: 1, PostgresCPU: 0.91}, {Of: "c", To: "a", cell: in, Throughput: 0.44}},
	}
	got := map[string]bool{}
	for _, v := range r.judge() {
		got[v.Figure+" "+v.To+" "+v.load()+" "+v.Target] = v.Met
	}
	want := map[string]bool{
		"throughput b1 ×32 ≥ 1":                                true,
		"throughput a ×32 ≥ 0.45":                              false,
		"PostgreSQL CPU a request b1 ×32 ≤ 0.9":                false,
		"p99.9 / p50 at 70 % of the sustained load  100/s ≤ 5": false,
	}
	if !maps.Equal(got, want) {
		t.Errorf("judged %v, want %v", got, want)
	}
	r.Ratios[0].PostgresCPU, r.Ratios[1].Throughput, r.Figures[2].Latency.P999 = 0.9, 0.45, 50
	for _, v := range r.judge() {
		if !v.Met {
			t.Errorf("at its bound %+v is not met", v)
		}
	}
}

func TestProofsAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		read           func(string) (string, bool, error)
		out, text, why string
		met            bool
	}{
		{mostAllocations, "own 11.6 allocations in 1721 bytes\nown 9.0 allocations in 3072 bytes\n", "11.6, 3.0 KiB", "", true},
		{mostAllocations, "ok\n", "", "tells no allocations", false},
		{bestThroughput, "BenchmarkProject-2 \t 1 \t 9 ns/op\t 980.25 MB/s\t 0 B/op\t 0 allocs/op\n", "0.98 GB/s, 0 allocations", "", false},
		{bestThroughput, "B-2 1 9 ns/op 1980.25 MB/s 0 B/op 0 allocs/op\nB-2 1 9 ns/op 3.5 MB/s 0 B/op 0 allocs/op\n", "1.98 GB/s, 0 allocations", "", true},
		{bestThroughput, "B-2 1 9 ns/op 1980.25 MB/s 8 B/op 1 allocs/op\n", "1.98 GB/s, 1 allocations", "", false},
		{bestThroughput, "FAIL\n", "", "no MB/s", false},
		{leastTime, "B/read_and_plan-2 \t 9 \t 900000 ns/op\nB/read_and_plan-2 9 1200000 ns/op\nB/read-2 9 10 ns/op\n", "0.90 ms", "", true},
		{leastTime, "B/read_and_plan-2 9 1000001 ns/op\n", "1.00 ms", "", false},
		{leastTime, "B/read-2 9 10 ns/op\n", "", "no ns/op", false},
		{everyQuery, "--- PASS: TestA (0.1s)\n    --- PASS: TestA/b (0.1s)\n", "held by the proxy in 2 tests", "", true},
		{everyQuery, "--- FAIL: TestA\n", "held by the proxy in 0 tests", "", false},
	} {
		text, met, err := c.read(c.out)
		if text != c.text || met != c.met || (err == nil) != (c.why == "") || (err != nil && !strings.Contains(err.Error(), c.why)) {
			t.Errorf("%q: %q, met %v, error %v; want %q, %v, %q", c.out, text, met, err, c.text, c.met, c.why)
		}
	}
}

func TestRowsAreCountedAndJudged(t *testing.T) {
	t.Parallel()
	row := `{"id":"1","name":"a","email":"b"}`
	for _, c := range []struct {
		text, fault string
		rows        int
	}{
		{`{"data":{"readings":[` + row + `,` + row + `]}}`, "", 2},
		{`{"data":{"readings":[]}}`, "", 0},
		{`{"data":{"readings":[` + row + `,` + row, "EOF", 2},
		{`{"data":{"readings":[` + row + `]`, "EOF", 1},
		{`{"data":{"readings":[{"id":"1"}]}}`, "lacks a field", 0},
		{`{"errors":[]}`, "errors where data should stand", 0},
	} {
		rows, err := countRows(strings.NewReader(c.text), "readings")
		if rows != c.rows || (err == nil) != (c.fault == "") || (err != nil && !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %d rows, error %v; want %d and %q", c.text, rows, err, c.rows, c.fault)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-quick", "-rounds", "2", "-contenders", "b1, b1,a", "-concurrency", "4"})
	if err != nil || o.rounds != 2 || o.slot != 700*time.Millisecond || !slices.Equal(o.contenders, []string{"b1", "a"}) || !slices.Equal(o.concurrency, []int{4}) {
		t.Errorf("%+v, error %v", o, err)
	}
	for _, c := range [][2]string{{"-contenders=x", `"x"`}, {"-concurrency=0", `"0"`}, {"-rounds=0", "-rounds"}, {"-concurrency=", "-rate"}, {"serve", `"serve"`}} {
		if _, err := parse(c[:1]); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: error %v, want one that names %s", c[0], err, c[1])
		}
	}
}

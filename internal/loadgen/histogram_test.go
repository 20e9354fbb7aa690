package loadgen_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

func TestPercentilesStayWithinOnePerCentOfTheTruth(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func() time.Duration{
		"even":        func() time.Duration { return time.Duration(random.Int64N(int64(time.Second))) },
		"exponential": func() time.Duration { return time.Duration(random.ExpFloat64() * float64(3*time.Millisecond)) },
		"tiny":        func() time.Duration { return time.Duration(random.Int64N(200)) },
		"hours":       func() time.Duration { return time.Duration(random.Int64N(int64(time.Hour))) },
	}
	for name, draw := range shapes {
		var h loadgen.Histogram
		values := make([]time.Duration, 20_000)
		for i := range values {
			values[i] = draw()
			h.Record(values[i])
		}
		slices.Sort(values)
		for _, p := range []float64{0.01, 1, 50, 90, 95, 99, 99.9, 99.99, 100} {
			rank := int(p / 100 * float64(len(values)))
			if float64(rank) < p/100*float64(len(values)) {
				rank++
			}
			want := values[rank-1]
			got := h.Percentile(p)
			if got < want || float64(got) > float64(want)*1.008+1 {
				t.Errorf("%s: percentile %v is %d, want %d or up to 0.8 %% more", name, p, got, want)
			}
		}
		if h.Min() != values[0] || h.Max() != values[len(values)-1] || h.Count() != int64(len(values)) {
			t.Errorf("%s: min %d max %d count %d, want %d %d %d", name, h.Min(), h.Max(), h.Count(), values[0], values[len(values)-1], len(values))
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	t.Parallel()
	var h loadgen.Histogram
	if s := h.Summary(); s != (loadgen.Summary{}) {
		t.Errorf("an empty histogram gives %+v, want zeros", s)
	}
	if b := h.Buckets(10); b != nil {
		t.Errorf("an empty histogram gives buckets %v", b)
	}
	h.Record(-5)
	h.Record(300 * time.Hour) // beyond the last bucket
	if h.Min() != 0 || h.Max() != 300*time.Hour || h.Percentile(100) != 300*time.Hour || h.Percentile(50) != 0 {
		t.Errorf("min %v max %v p100 %v p50 %v", h.Min(), h.Max(), h.Percentile(100), h.Percentile(50))
	}
	if h.Percentile(-3) != 0 || h.Percentile(400) != 300*time.Hour {
		t.Error("a percentile outside 0 to 100 is not held within")
	}
}

func TestMergedHistogramsEqualOne(t *testing.T) {
	t.Parallel()
	var one, a, b, empty loadgen.Histogram
	for i := range 1000 {
		d := time.Duration(i*i) * time.Microsecond
		one.Record(d)
		if i%3 == 0 {
			a.Record(d)
		} else {
			b.Record(d)
		}
	}
	a.Merge(&b)
	a.Merge(&empty)
	if a.Summary() != one.Summary() {
		t.Errorf("merged %+v\nwant   %+v", a.Summary(), one.Summary())
	}
	empty.Merge(&one)
	if empty.Summary() != one.Summary() {
		t.Errorf("merged into an empty one %+v\nwant %+v", empty.Summary(), one.Summary())
	}
}

func TestBucketsCoverEveryValueOnce(t *testing.T) {
	t.Parallel()
	var h loadgen.Histogram
	for i := range 5000 {
		h.Record(time.Duration(1+i*i) * time.Microsecond)
	}
	for _, bars := range []int{1, 2, 7, 20, 10_000} {
		buckets := h.Buckets(bars)
		if len(buckets) > bars {
			t.Errorf("%d bars asked for, %d given", bars, len(buckets))
		}
		var sum int64
		for i, b := range buckets {
			sum += b.Count
			if b.From >= b.To || (i > 0 && b.From != buckets[i-1].To) {
				t.Errorf("%d bars: bar %d is [%v, %v) after one that ends at another place", bars, i, b.From, b.To)
			}
		}
		if sum != h.Count() {
			t.Errorf("%d bars hold %d values, want %d", bars, sum, h.Count())
		}
	}
}

func TestRecordAtOnce(t *testing.T) {
	t.Parallel()
	var h loadgen.Histogram
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := range 1000 {
				h.Record(time.Duration(w*1000 + i))
			}
		})
	}
	group.Wait()
	if h.Count() != 8000 || h.Max() != 7999 || h.Min() != 0 || h.Mean() != 3999 {
		t.Errorf("count %d max %d min %d mean %d, want 8000 7999 0 3999", h.Count(), h.Max(), h.Min(), h.Mean())
	}
}

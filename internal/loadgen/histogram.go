package loadgen

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A bucket's width is a fixed share of its value: 2^subBits of them for each power of two keep the error of any
// percentile below 1/2^subBits, 0.8 %.
const (
	subBits   = 7
	subCount  = 1 << subBits
	topBit    = 42 // values of 2^42 ns (73 minutes) and more share the last bucket
	bucketNum = (topBit - subBits + 1) * subCount
)

// Histogram counts durations in log-linear buckets: about 37 KB, however many values. The zero value is empty and ready;
// all methods may be called at once from many goroutines. It must not be copied.
type Histogram struct {
	counts [bucketNum]atomic.Uint64
	count  atomic.Uint64
	sum    atomic.Int64
	max    atomic.Int64
	minPos atomic.Int64 // the smallest value plus 1; 0 while empty
}

// Record counts one value. A negative one counts as zero.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)].Add(1)
	h.sum.Add(int64(d))
	h.raise(int64(d))
	h.lower(int64(d) + 1)
	h.count.Add(1)
}

// Merge adds everything that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.count.Load() == 0 {
		return
	}
	for i := range other.counts {
		if n := other.counts[i].Load(); n > 0 {
			h.counts[i].Add(n)
		}
	}
	h.sum.Add(other.sum.Load())
	h.raise(other.max.Load())
	h.lower(other.minPos.Load())
	h.count.Add(other.count.Load())
}

func (h *Histogram) raise(v int64) {
	for {
		old := h.max.Load()
		if v <= old || h.max.CompareAndSwap(old, v) {
			return
		}
	}
}

func (h *Histogram) lower(v int64) {
	for {
		old := h.minPos.Load()
		if (old != 0 && v >= old) || h.minPos.CompareAndSwap(old, v) {
			return
		}
	}
}

// Count is the number of values.
func (h *Histogram) Count() int64 { return int64(h.count.Load()) }

// Max is the greatest value, exact; zero while empty.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max.Load()) }

// Min is the smallest value, exact; zero while empty.
func (h *Histogram) Min() time.Duration { return time.Duration(max(h.minPos.Load()-1, 0)) }

// Mean is the arithmetic mean, exact; zero while empty.
func (h *Histogram) Mean() time.Duration {
	n := h.count.Load()
	if n == 0 {
		return 0
	}
	return time.Duration(h.sum.Load() / int64(n))
}

// Percentile gives the value that p per cent of all values do not exceed: at most 0.8 % too high, never too low, never
// above Max. Zero while empty. p is held within 0 and 100.
func (h *Histogram) Percentile(p float64) time.Duration {
	n := h.count.Load()
	if n == 0 {
		return 0
	}
	p = min(max(p, 0), 100)
	rank := uint64(p / 100 * float64(n))
	if float64(rank) < p/100*float64(n) {
		rank++
	}
	rank = max(rank, 1)
	var seen uint64
	for i := range h.counts {
		seen += h.counts[i].Load()
		if seen >= rank {
			return min(upperOf(i), h.Max())
		}
	}
	return h.Max()
}

// Bucket is one bar of a histogram: Count values in [From, To).
type Bucket struct {
	From  time.Duration `json:"fromNs"`
	To    time.Duration `json:"toNs"`
	Count int64         `json:"count"`
}

// Buckets gives at most bars bars from the smallest value to the greatest, each as wide as the one before times a constant,
// as a picture on a logarithmic axis needs them. None while empty or when bars is below 1.
func (h *Histogram) Buckets(bars int) []Bucket {
	if h.count.Load() == 0 || bars < 1 {
		return nil
	}
	first, last := bucketOf(h.Min()), bucketOf(h.Max())
	per := (last - first + bars) / bars
	out := make([]Bucket, 0, bars)
	for i := first; i <= last; i += per {
		end := min(i+per-1, last)
		b := Bucket{From: lowerOf(i), To: upperOf(end) + 1}
		for j := i; j <= end; j++ {
			b.Count += int64(h.counts[j].Load())
		}
		out = append(out, b)
	}
	return out
}

func bucketOf(d time.Duration) int {
	v := uint64(d)
	if v < subCount {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return min((shift+1)*subCount+int(v>>shift)-subCount, bucketNum-1)
}

func lowerOf(i int) time.Duration {
	if i < subCount {
		return time.Duration(i)
	}
	shift := i/subCount - 1
	return time.Duration(uint64(i%subCount+subCount) << shift)
}

func upperOf(i int) time.Duration {
	if i == bucketNum-1 {
		return 1<<63 - 2
	}
	return lowerOf(i+1) - 1
}

// Summary is what most readers want to know of a histogram. All durations are nanoseconds in JSON.
type Summary struct {
	Count int64         `json:"count"`
	Min   time.Duration `json:"minNs"`
	Mean  time.Duration `json:"meanNs"`
	P50   time.Duration `json:"p50Ns"`
	P95   time.Duration `json:"p95Ns"`
	P99   time.Duration `json:"p99Ns"`
	P999  time.Duration `json:"p999Ns"`
	Max   time.Duration `json:"maxNs"`
}

// Summary reads the usual percentiles.
func (h *Histogram) Summary() Summary {
	return Summary{
		Count: h.Count(),
		Min:   h.Min(),
		Mean:  h.Mean(),
		P50:   h.Percentile(50),
		P95:   h.Percentile(95),
		P99:   h.Percentile(99),
		P999:  h.Percentile(99.9),
		Max:   h.Max(),
	}
}

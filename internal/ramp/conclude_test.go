package ramp

import (
	"strings"
	"testing"
	"time"
)

// TestConclusion: the size comes from the greatest rate that was served well, and the sentence says what kept it from more.
func TestConclusion(t *testing.T) {
	t.Parallel()
	step := func(offered float64, p95 time.Duration, change ...func(*Step)) Step {
		s := Step{
			Offered: offered, Achieved: offered, Good: int64(offered), Elapsed: time.Second, P95: p95,
			Pool: &PoolUse{Size: 10, MaxSize: 20, Leases: uint64(offered), MeanUse: 2 * time.Millisecond, MeanWait: 10 * time.Microsecond},
		}
		for _, f := range change {
			f(&s)
		}
		return s
	}
	queued := func(s *Step) { s.Pool.MeanWait = 30 * time.Millisecond }
	for name, c := range map[string]struct {
		steps []Step
		want  []string
		size  bool
	}{
		"nothing":          {nil, []string{"Nothing was measured"}, false},
		"all are served":   {[]Step{step(100, time.Millisecond), step(200, time.Millisecond)}, []string{"at 200 requests/s, the most that was served", "nothing was saturated"}, true},
		"slow, not lost":   {[]Step{step(100, time.Millisecond), step(200, time.Millisecond), step(400, 60*time.Millisecond, queued)}, []string{"at 200 requests/s, the most", "at 400 requests/s leases queued for 30ms: the pool of 20 was the limit"}, true},
		"slow by itself":   {[]Step{step(100, time.Millisecond), step(200, 60*time.Millisecond)}, []string{"at 100 requests/s, the most", "95 of 100 answers took up to 60ms, and not for want of connections"}, true},
		"slow database":    {[]Step{step(100, time.Millisecond), step(200, 60*time.Millisecond, func(s *Step) { s.Pool.MeanUse *= 4 })}, []string{"the database, or the machine that it is on, was the limit"}, true},
		"late generator":   {[]Step{step(100, time.Millisecond), step(200, time.Millisecond, func(s *Step) { s.Lateness = time.Second })}, []string{"at 100 requests/s, the most", "the load generator fell behind"}, true},
		"only some":        {[]Step{step(100, time.Millisecond), step(200, time.Millisecond, func(s *Step) { s.Achieved = 120 })}, []string{"at 200 requests/s only 120 were answered"}, true},
		"errors":           {[]Step{step(100, time.Millisecond, func(s *Step) { s.Good, s.Failed = 50, 50 })}, []string{"No pool size can be told", "50 % of the requests failed"}, false},
		"numbers not told": {[]Step{step(100, time.Millisecond, func(s *Step) { s.Pool = nil })}, []string{"the pool's numbers are not known"}, false},
	} {
		r := Report{Steps: c.steps}
		r.conclude()
		for _, want := range c.want {
			if !strings.Contains(strings.ReplaceAll(r.Conclusion, ".0 %", " %"), want) {
				t.Errorf("%s: no %q in %s", name, want, r.Conclusion)
			}
		}
		if (r.Advice != nil) != c.size {
			t.Errorf("%s: advice %v", name, r.Advice)
		}
	}
}

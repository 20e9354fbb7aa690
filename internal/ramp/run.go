package ramp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Config is a ramp. URL, Body, From, Steps, Step and Duration are required.
type Config struct {
	URL    string      // of the GraphQL endpoint
	Header http.Header // sent with every request, Content-Type included
	Body   []byte      // of every request

	From     float64       // requests per second of the first step
	To       float64       // of the last step; 0: each step doubles the rate, until the target is saturated
	Steps    int           // at most
	Step     time.Duration // how long requests fall due in a step
	Duration time.Duration // bounds all steps together; the step that it cuts is reported as far as it came

	// Stat looks at the numbers of the target's pool. Nil, or an error: they are not known.
	Stat func(context.Context) (pool.Stat, error)

	// OnStep is called at the end of each step, and OnProgress about four times a second, with the time since Run began. Both
	// may be nil.
	OnStep     func(Step)
	OnProgress func(time.Duration)
}

// End says why a ramp ended.
type End string

// The ends of a ramp.
const (
	AllSteps    End = "steps"       // all of them ran
	Saturated   End = "saturated"   // the target, or the generator, did not keep up
	Failing     End = "failing"     // every request of a step failed
	TimeUp      End = "duration"    // Config.Duration passed
	Interrupted End = "interrupted" // the caller's context ended
)

// Report is what a ramp has measured. Durations are nanoseconds in JSON.
type Report struct {
	Target     string       `json:"target"`
	Steps      []Step       `json:"steps"` // never nil
	Ended      End          `json:"ended"`
	Advice     *pool.Advice `json:"advice"`     // null: nothing could be measured to compute it from
	Conclusion string       `json:"conclusion"` // one sentence: which size, and why
}

// Step is what one rate brought.
type Step struct {
	Offered  float64       `json:"offered"`  // requests due per second
	Achieved float64       `json:"achieved"` // good answers per second, the wait for the last one included
	Elapsed  time.Duration `json:"elapsedNs"`
	Cut      bool          `json:"cut"`    // ended before its time
	Served   bool          `json:"served"` // answered nearly without errors, and about as fast as lower rates: see Run
	Good     int64         `json:"good"`
	Failed   int64         `json:"failed"`

	// Of good answers, from when the request was due.
	P50 time.Duration `json:"p50Ns"`
	P95 time.Duration `json:"p95Ns"`
	P99 time.Duration `json:"p99Ns"`

	Lateness    time.Duration        `json:"lateP95Ns"`   // 95 of 100 requests were sent no later than this after they were due
	Outstanding int64                `json:"outstanding"` // the most requests under way at once
	Errors      []loadgen.ErrorCount `json:"errors,omitempty"`
	Pool        *PoolUse             `json:"pool"` // null: not known
}

// PoolUse is what the pool did in a step, for all its callers.
type PoolUse struct {
	Size     int           `json:"size"`
	MaxSize  int           `json:"maxSize"`
	Leases   uint64        `json:"leases"`
	Waited   float64       `json:"waited"` // the share of leases that waited
	MeanWait time.Duration `json:"meanWaitNs"`
	MeanUse  time.Duration `json:"meanUseNs"`
	Failed   uint64        `json:"failed"` // leases that were refused
}

const (
	mostOutstanding = 500              // of requests: further ones wait, and their wait counts
	timeout         = 10 * time.Second // of one request
	keptUp          = 0.9              // the share of the offered rate that is achieved where the target is not saturated
	mostFailed      = 0.01             // the share of failed requests with which a rate is served
	slower          = 10               // times the lowest p95 of the ramp: above it, and above leastSlow, a rate is not served
	leastSlow       = 20 * time.Millisecond
	warmUp          = 500 * time.Millisecond
	late            = 20 * time.Millisecond // a request is sent so late only if the machine has no time for the generator
)

// Failure is the share of requests that failed.
func (s Step) Failure() float64 { return float64(s.Failed) / float64(max(s.Good+s.Failed, 1)) }

// Saturated tells whether the rate is more than was answered.
func (s Step) Saturated() bool { return s.Achieved < keptUp*s.Offered || s.Failure() > 1-keptUp }

// served tells whether the rate was answered nearly without errors, by a generator that kept up, and by a p95 within the limit.
func (s Step) served(limit time.Duration) bool {
	return s.Good > 0 && !s.Saturated() && s.Failure() <= mostFailed && !s.generatorLate() && s.P95 <= limit
}

// slowest is the p95 up to which a rate is served.
func slowest(steps []Step) time.Duration {
	var lowest time.Duration
	for _, s := range steps {
		if s.Good > 0 && (lowest == 0 || s.P95 < lowest) {
			lowest = s.P95
		}
	}
	return max(slower*lowest, leastSlow)
}

// generatorLate tells whether requests were sent late although the generator had room for them.
func (s Step) generatorLate() bool { return s.Lateness > late && s.Outstanding < mostOutstanding }

// Run runs the steps until they are through, or a reason to end comes before. It has no error: what failed is in the report.
// A step is served when 90 % of its rate is achieved, at most 1 % of the requests fail, the generator keeps up, and p95 is at
// most ten times the lowest of the ramp, or 20 ms.
func Run(ctx context.Context, c Config) Report {
	began := time.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, c.Duration, errTimeUp)
	defer cancel()
	transport := new(loadgen.Transport) // one for all steps: a step pays for no connection that the one before has opened
	defer transport.CloseIdleConnections()
	load := loadgen.Load{
		URL: c.URL, Header: c.Header, Body: func(int64) []byte { return c.Body },
		Workers: mostOutstanding, Timeout: timeout, Transport: transport,
	}
	if c.OnProgress != nil {
		load.OnProgress = func(loadgen.Progress) { c.OnProgress(time.Since(began)) }
	}
	out := Report{Target: c.URL, Steps: []Step{}}
	// The first requests open connections and prepare statements: they are not what a rate costs.
	load.Rate, load.Duration = c.rate(0), min(c.Step/4, warmUp)
	_, err := loadgen.Run(bounded, load)
	for i := 0; err == nil && i < c.Steps && out.Ended == ""; i++ {
		load.Rate, load.Duration = c.rate(i), c.Step
		var step Step
		if step, err = c.step(ctx, bounded, load); step.Good+step.Failed == 0 {
			break
		}
		out.Steps = append(out.Steps, step)
		if c.OnStep != nil {
			c.OnStep(step)
		}
		switch {
		case step.Good == 0 && !step.Cut:
			out.Ended = Failing
		case c.To == 0 && step.Saturated():
			out.Ended = Saturated
		}
	}
	switch {
	case ctx.Err() != nil:
		out.Ended = Interrupted
	case errors.Is(err, errTimeUp):
		out.Ended = TimeUp
	default:
		out.Ended = cmp.Or(out.Ended, AllSteps)
	}
	out.conclude()
	return out
}

var errTimeUp = errors.New("the ramp's time is up")

// rate is that of step i.
func (c *Config) rate(i int) float64 {
	switch {
	case c.To == 0:
		return c.From * float64(uint64(1)<<min(i, 62))
	case c.Steps == 1:
		return c.To
	}
	return c.From + (c.To-c.From)*float64(i)/float64(c.Steps-1)
}

func (c *Config) step(ctx, bounded context.Context, load loadgen.Load) (Step, error) {
	before, known := c.look(ctx)
	report, err := loadgen.Run(bounded, load)
	s := Step{
		Offered: load.Rate, Elapsed: report.Elapsed, Cut: err != nil, Good: report.Good, Failed: report.Failed,
		P50: report.Latency.P50, P95: report.Latency.P95, P99: report.Latency.P99,
		Lateness: report.Lateness.P95, Outstanding: report.Outstanding, Errors: report.Errors,
	}
	if !s.Cut {
		s.Elapsed = max(s.Elapsed, load.Duration) // the last request fell due before the end
	}
	if s.Elapsed > 0 {
		s.Achieved = min(float64(s.Good)/s.Elapsed.Seconds(), s.Offered)
	}
	if known {
		if after, ok := c.look(context.WithoutCancel(ctx)); ok {
			s.Pool = between(before, after)
		}
	}
	return s, err
}

func (c *Config) look(ctx context.Context) (pool.Stat, bool) {
	if c.Stat == nil {
		return pool.Stat{}, false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer about the pool within %s", timeout))
	defer cancel()
	s, err := c.Stat(ctx)
	return s, err == nil
}

// between is what happened from one look at a pool to the next; nil if it is not the same pool any more, or nobody leased.
func between(before, after pool.Stat) *PoolUse {
	leases := func(s pool.Stat) uint64 { return s.Acquires.Immediate + s.Acquires.Waited }
	failed := func(s pool.Stat) uint64 {
		f := s.Failures
		return f.Timeout + f.Saturated + f.QueueFull + f.Shed + f.Unavailable + f.Closed + f.Nested
	}
	if leases(after) <= leases(before) || after.UseTime.Count() <= before.UseTime.Count() || failed(after) < failed(before) {
		return nil
	}
	n := leases(after) - leases(before)
	return &PoolUse{
		Size: after.Size, MaxSize: after.MaxSize, Leases: n, Failed: failed(after) - failed(before),
		Waited:   float64(after.Acquires.Waited-before.Acquires.Waited) / float64(n),
		MeanWait: (after.WaitTime.Sum - before.WaitTime.Sum) / time.Duration(n),
		MeanUse:  (after.UseTime.Sum - before.UseTime.Sum) / time.Duration(after.UseTime.Count()-before.UseTime.Count()),
	}
}

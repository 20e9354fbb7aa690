package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Run sends the load and waits until the last answer is in. A server that fails is not an error of Run: see Report.Errors.
// It returns an error when the load makes no sense (all faults joined), and ctx's cause, with the report up to then, when ctx
// ends it early.
func Run(ctx context.Context, load Load) (Report, error) {
	load = load.withDefaults()
	if err := load.validate(); err != nil {
		return Report{}, fmt.Errorf("load: %w", err)
	}
	r := &runner{Load: load, latencies: new(Histogram), failed: new(Histogram), lateness: new(Histogram)}
	var own Transport
	defer own.CloseIdleConnections()
	if r.Transport == nil {
		r.Transport = &own
	}

	r.start = time.Now()
	done := make(chan struct{})
	var progress, workers sync.WaitGroup
	if r.OnProgress != nil {
		progress.Go(func() { r.report(done) })
	}
	for range r.Workers {
		workers.Go(func() { r.work(ctx) })
	}
	workers.Wait()
	elapsed := time.Since(r.start)
	close(done)
	progress.Wait()

	report := Report{
		Open: r.Rate > 0, Rate: r.Rate, Workers: r.Workers, Elapsed: elapsed,
		Good: r.latencies.Count(), Failed: r.failed.Count(),
		Bytes: r.bytes.Load(), Connections: own.Connections(), Outstanding: r.outstanding.Load(),
		Latency: r.latencies.Summary(), FailedLatency: r.failed.Summary(), Lateness: r.lateness.Summary(),
		Errors: r.errors.sorted(), Latencies: r.latencies,
	}
	if elapsed > 0 {
		report.Throughput = float64(report.Good) / elapsed.Seconds()
	}
	if ctx.Err() != nil {
		return report, context.Cause(ctx)
	}
	return report, nil
}

type runner struct {
	Load
	start       time.Time
	next        atomic.Int64 // the request that the next free worker takes
	bytes       atomic.Int64
	underWay    atomic.Int64
	outstanding atomic.Int64 // the most that underWay has been
	errors      tally

	latencies, failed, lateness *Histogram
}

// work is one worker. In an open load nobody deals out the requests: each worker takes the next number, and the number says
// when that request is due. If all workers are busy when it falls due, it waits, and its clock is running already.
func (r *runner) work(ctx context.Context) {
	var buffer bytes.Buffer
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		n := r.next.Add(1) - 1
		if r.Count > 0 && n >= r.Count {
			return
		}
		due := time.Now()
		if r.Rate > 0 {
			due = r.start.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
		}
		if r.Duration > 0 && due.Sub(r.start) >= r.Duration {
			return
		}
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		}
		if r.Duration > 0 && time.Since(r.start) > r.Duration+r.Timeout {
			r.errors.add(&failure{"unsent", "overload", "due, but not sent within Timeout after the end: the server is too slow for the rate"})
			r.failed.Record(time.Since(due))
			continue
		}
		if r.Rate > 0 {
			r.lateness.Record(time.Since(due))
		}
		f := r.send(ctx, n, &buffer)
		switch {
		case f == nil:
			r.latencies.Record(time.Since(due))
		case ctx.Err() == nil: // what the caller's own end cut off is not the server's fault
			r.failed.Record(time.Since(due))
			r.errors.add(f)
		}
	}
}

func (r *runner) send(ctx context.Context, n int64, buffer *bytes.Buffer) *failure {
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, errTimeout)
	defer cancel()
	defer r.underWay.Add(-1)
	now := r.underWay.Add(1)
	for most := r.outstanding.Load(); now > most && !r.outstanding.CompareAndSwap(most, now); most = r.outstanding.Load() {
	}
	var body []byte
	if r.Body != nil {
		body = r.Body(n)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(body))
	if err != nil {
		return transportFailure(err)
	}
	request.Header = r.Header // never written to by a transport
	answer, err := r.Transport.RoundTrip(request)
	if err != nil {
		return transportFailure(err)
	}
	buffer.Reset()
	_, err = buffer.ReadFrom(answer.Body)
	r.bytes.Add(int64(buffer.Len()))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return transportFailure(err)
	}
	if f := judge(answer.StatusCode, buffer.Bytes()); f != nil {
		return f
	}
	if r.Check != nil {
		if err := r.Check(n, buffer.Bytes()); err != nil {
			return &failure{"check", "wrong answer", err.Error()}
		}
	}
	return nil
}

var errTimeout = errors.New("no whole answer within the load's Timeout")

func (r *runner) report(done <-chan struct{}) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			failed := r.failed.Count()
			r.OnProgress(Progress{Elapsed: time.Since(r.start), Done: r.latencies.Count() + failed, Failed: failed})
		}
	}
}

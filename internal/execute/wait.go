package execute

import (
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/pool"
)

// toldWait is the wait for a connection above which a request's span is told of it, where the wait has no span of its own.
const toldWait = time.Millisecond

// waitName names the wait, as a span and as an event of the caller's span.
const waitName = "db.client.connection.wait"

// acquire borrows the connection, says what for, and tells of the wait: the answer's transport, if it wants to know, whoever
// watches the operation, and the trace.
func (x *run) acquire() (pool.Conn, error) {
	start := time.Now()
	lease, err := x.r.o.Pool.Acquire(x.ctx)
	waited := time.Since(start)
	if t, ok := x.out.(interface{ PoolWaited(time.Duration) }); ok {
		t.PoolWaited(waited)
	}
	x.seen.Waited += waited
	switch {
	case x.traced():
		x.spanOfWait(start, waited, err)
	case x.r.o.Tracer == nil && waited > toldWait:
		x.traceWait(waited, err)
	}
	if err == nil {
		lease.Tag(&x.plan.Label)
		x.leasedAt = start.Add(waited)
	}
	return lease, err
}

// spanOfWait makes the wait a span below the operation's, however short it was.
func (x *run) spanOfWait(start time.Time, waited time.Duration, err error) {
	_, span := x.r.o.Tracer.Start(x.ctx, waitName, trace.WithTimestamp(start), trace.WithAttributes(x.waitAttributes(waited, err)...))
	if err != nil {
		span.SetStatus(codes.Error, string(explain(x.ctx, err).Code))
	}
	span.End(trace.WithTimestamp(start.Add(waited)))
}

// traceWait adds an event to the span of the request's context, if it has one that is recorded.
func (x *run) traceWait(waited time.Duration, err error) {
	span := trace.SpanFromContext(x.ctx)
	if span.IsRecording() {
		span.AddEvent(waitName, trace.WithAttributes(x.waitAttributes(waited, err)...))
	}
}

// waitAttributes are those of the pool's metric of waits.
func (x *run) waitAttributes(waited time.Duration, err error) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String("db.client.connection.pool.name", x.r.o.Pool.Stat().Name),
		attribute.Float64("db.client.connection.wait_time", waited.Seconds()),
	}
	var refused *pool.AcquireError
	if errors.As(err, &refused) {
		attributes = append(attributes, attribute.String("error.type", string(refused.Reason)))
	}
	return attributes
}

package execute

import (
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/pool"
)

// toldWait is the wait for a connection above which a request's span is told of it.
const toldWait = time.Millisecond

// acquire borrows the connection, says what for, and tells of the wait: the answer's transport, if it wants to know, and
// the caller's span.
func (x *run) acquire() (pool.Conn, error) {
	start := time.Now()
	lease, err := x.r.o.Pool.Acquire(x.ctx)
	waited := time.Since(start)
	if t, ok := x.out.(interface{ PoolWaited(time.Duration) }); ok {
		t.PoolWaited(waited)
	}
	if waited > toldWait {
		x.traceWait(waited, err)
	}
	if err == nil {
		lease.Tag(&x.plan.Label)
	}
	return lease, err
}

// traceWait adds an event to the span of the request's context, if it has one that is recorded. The event's name and
// attributes are those of the pool's metric of waits.
func (x *run) traceWait(waited time.Duration, err error) {
	span := trace.SpanFromContext(x.ctx)
	if !span.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{
		attribute.String("db.client.connection.pool.name", x.r.o.Pool.Stat().Name),
		attribute.Float64("db.client.connection.wait_time", waited.Seconds()),
	}
	var refused *pool.AcquireError
	if errors.As(err, &refused) {
		attributes = append(attributes, attribute.String("error.type", string(refused.Reason)))
	}
	span.AddEvent("db.client.connection.wait", trace.WithAttributes(attributes...))
}

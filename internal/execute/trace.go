package execute

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// Seen is what a run tells whoever watches it.
type Seen struct {
	Waited     time.Duration // for the connection
	Held       time.Duration // the connection
	Writing    time.Duration // handing the answer on, which a client that reads slowly makes long
	Statements int           // sent for the operation's fields
	Bytes      int64         // of the answer, before it is compressed
	Code       fault.Code    // of the first error beside the data; empty: none
}

// traced tells whether spans are to be made: there is a tracer, and the operation's own span is recorded.
func (x *run) traced() bool {
	return x.r.o.Tracer != nil && trace.SpanFromContext(x.ctx).IsRecording()
}

// startStatements begins the span of what is sent in one exchange. Texts and values stay out of it. The names are those of
// OpenTelemetry's semantic conventions for database clients.
func (x *run) startStatements(operation string, statements int, more ...attribute.KeyValue) {
	if statements > 1 {
		operation = "BATCH " + operation
		more = append(more, attribute.Int("db.operation.batch.size", statements))
	}
	more = append(more, attribute.String("db.operation.name", operation))
	_, x.span = x.r.o.Tracer.Start(x.ctx, operation, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(x.r.o.Database...), trace.WithAttributes(more...))
}

// endStatements ends that span, if there is one.
func (x *run) endStatements(err error) {
	if x.span == nil {
		return
	}
	x.spanFailed(err)
	x.span.End()
	x.span = nil
}

// spanFailed marks the span. PostgreSQL's message may hold values, so that only the code is told.
func (x *run) spanFailed(err error) {
	if x.span == nil || err == nil || errors.Is(err, errNoData) {
		return
	}
	code := string(explain(x.ctx, err).Code)
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		code = pg.Code
		x.span.SetAttributes(attribute.String("db.response.status_code", code))
	}
	x.span.SetAttributes(attribute.String("error.type", code))
	x.span.SetStatus(codes.Error, code)
}

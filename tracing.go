package fraiseql

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/ops"
)

const (
	tracerName = "github.com/fraiseql/fraiseql-go"

	// schemaURL is the version of the semantic conventions that the names of spans and attributes are from.
	schemaURL = "https://opentelemetry.io/schemas/1.43.0"
)

// traceHTTP gives each request a span, within the trace that its traceparent names. Without a TracerProvider it gives h itself.
func (a *App) traceHTTP(h http.Handler) http.Handler {
	if a.o.TracerProvider == nil {
		return h
	}
	// No metrics: theirs are by the Host that a client sends, and /metrics has the durations.
	traced := otelhttp.NewHandler(tellsAborted(h), "/graphql",
		otelhttp.WithTracerProvider(a.o.TracerProvider), otelhttp.WithMeterProvider(noop.NewMeterProvider()), otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(route string, r *http.Request) string { return method(r) + " " + route }),
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if span := trace.SpanContextFromContext(r.Context()); span.IsValid() && !span.IsRemote() {
			h.ServeHTTP(w, r) // the one who mounted the app traces HTTP already
			return
		}
		traced.ServeHTTP(w, r)
	})
}

// tellsAborted marks the span of an answer that is cut, which h does by a panic.
func tellsAborted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole := false
		defer func() {
			if span := trace.SpanFromContext(r.Context()); !whole {
				span.SetAttributes(attribute.String("error.type", "ANSWER_CUT"))
				span.SetStatus(codes.Error, "ANSWER_CUT")
			}
		}()
		h.ServeHTTP(w, r)
		whole = true
	})
}

// method keeps words of the client's own out of names.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodOptions, http.MethodHead:
		return r.Method
	}
	return "HTTP"
}

// tracer makes the spans below that of HTTP; nil: there are none.
func (a *App) tracer() trace.Tracer {
	if a.o.TracerProvider == nil {
		return nil
	}
	return a.o.TracerProvider.Tracer(tracerName, trace.WithInstrumentationVersion(Version()), trace.WithSchemaURL(schemaURL))
}

// observe counts an operation that has ended.
func (a *App) observe(ctx context.Context, o engine.Answered) {
	a.console.Answered(o.Label, o.Took, o.Error != "")
	a.metrics.Operation(ctx, ops.Operation{Type: o.Type, Name: o.Name, Error: string(o.Error)}, o.Took)
}

// database is what spans say of the database: never its user or password.
func (a *App) database() []attribute.KeyValue {
	if a.o.TracerProvider == nil {
		return nil
	}
	c, err := pgconn.ParseConfig(a.o.DatabaseURL)
	if err != nil { // the pool has been opened with it, and asks for more
		return []attribute.KeyValue{attribute.String("db.system.name", "postgresql")}
	}
	return []attribute.KeyValue{
		attribute.String("db.system.name", "postgresql"), attribute.String("db.namespace", c.Database),
		attribute.String("server.address", c.Host), attribute.Int("server.port", int(c.Port)),
	}
}

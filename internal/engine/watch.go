package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// watched is an operation that somebody wants to know about. Its methods do nothing without one.
type watched struct {
	span     trace.Span // nil: there is no tracer
	label    string
	plan     *compile.Plan
	settings auth.Settings
	run      execute.Seen
}

// unnamed names an operation as long as its document is not read.
const unnamed = "GraphQL Operation"

// watch executes a request within a span, and tells of it if it was slow.
func (e *Engine) watch(ctx context.Context, r *gqlop.Request, out io.Writer) error {
	w := watched{label: unnamed}
	start := time.Now()
	if e.tracer != nil {
		ctx, w.span = e.tracer.Start(ctx, unnamed, trace.WithTimestamp(start))
		defer w.span.End()
	}
	err := e.execute(ctx, r, out, &w)
	code := w.code(err)
	if code != "" && w.span != nil { // a message may hold values, so that only the code is told
		w.span.SetAttributes(attribute.String("error.type", string(code)))
		w.span.SetStatus(codes.Error, string(code))
	}
	if took := time.Since(start); e.slow != nil && took > e.slow.above {
		e.tellSlow(ctx, &w, took, code)
	}
	return err
}

// found names the span. The operation's name is told of known documents only, so that clients cannot make any number of names.
// Source: OpenTelemetry's semantic conventions for GraphQL servers.
func (w *watched) found(op *gqlop.Operation, r *gqlop.Request) {
	if w == nil {
		return
	}
	w.label = op.Label
	if w.span == nil || !w.span.IsRecording() {
		return
	}
	name := op.Kind.String()
	w.span.SetAttributes(attribute.String("graphql.operation.type", name))
	if r.Known() && op.Name != "" {
		name = op.Label
		w.span.SetAttributes(attribute.String("graphql.operation.name", op.Name))
	}
	w.span.SetName(name)
}

// runs notes what is going to be run, and gives where the run notes what it sees.
func (w *watched) runs(plan *compile.Plan, settings auth.Settings) *execute.Seen {
	if w == nil {
		return nil
	}
	w.plan, w.settings = plan, settings
	return &w.run
}

// cut is the code of an answer that was cut after a part of it had been sent.
const cut fault.Code = "ANSWER_CUT"

// code is that of the operation's first error; empty: it has none.
func (w *watched) code(err error) fault.Code {
	switch {
	case errors.Is(err, fault.ErrAborted):
		return cut
	case err != nil:
		return fault.Of(err)[0].Code
	}
	return w.run.Code
}

// tellSlow tells of an operation that took long. What may still be read after the request's end is copied.
func (e *Engine) tellSlow(ctx context.Context, w *watched, took time.Duration, code fault.Code) {
	line := []slog.Attr{
		slog.String("request_id", fault.RequestID(ctx)), slog.String("operation", w.label), slog.Duration("took", took),
		slog.Duration("pool_wait", w.run.Waited), slog.Duration("writing", w.run.Writing),
		slog.Int("statements", w.run.Statements), slog.Int64("bytes", w.run.Bytes),
	}
	if code != "" {
		line = append(line, slog.String("error", string(code)))
	}
	settings := auth.Settings{Role: w.settings.Role, Values: maps.Clone(w.settings.Values)}
	e.slow.add(ctx, slow{line: line, runner: e.runner, settings: settings, statements: statementsOf(w.plan)})
}

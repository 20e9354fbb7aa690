package engine

import (
	"context"
	"errors"
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

// Answered is an operation that has ended.
type Answered struct {
	Label string // names it to operators, whether its document is known or not
	Type  string // query or mutation; empty: its document was not read
	Name  string // of a known document's; empty: it has none, or its document is not known
	Error fault.Code
	Took  time.Duration
}

// watched is an operation on its way, for those who want to know about it.
type watched struct {
	span     trace.Span // nil: there is no tracer
	label    string     // names it to operators
	kind     string
	name     string
	plan     *compile.Plan
	settings auth.Settings
	run      execute.Seen
}

// unnamed names an operation as long as its document is not read.
const unnamed = "GraphQL Operation"

// found notes which operation it is, and names the span. The operation's name is told of known documents only, so that clients
// cannot make any number of names. Source: OpenTelemetry's semantic conventions for GraphQL servers.
func (w *watched) found(op *gqlop.Operation, r *gqlop.Request) {
	w.label, w.kind = op.Label, op.Kind.String()
	if r.Known() {
		w.name = op.Name
	}
	if w.span == nil || !w.span.IsRecording() {
		return
	}
	title := w.kind
	w.span.SetAttributes(attribute.String("graphql.operation.type", w.kind))
	if w.name != "" {
		title = op.Label
		w.span.SetAttributes(attribute.String("graphql.operation.name", w.name))
	}
	w.span.SetName(title)
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

// tell reports an operation that has ended.
func (e *Engine) tell(ctx context.Context, w *watched, code fault.Code, took time.Duration) {
	if code != "" && w.span != nil { // a message may hold values, so that only the code is told
		w.span.SetAttributes(attribute.String("error.type", string(code)))
		w.span.SetStatus(codes.Error, string(code))
	}
	if e.onAnswer != nil {
		e.onAnswer(ctx, Answered{w.label, w.kind, w.name, code, took})
	}
	if e.slow != nil && took > e.slow.above {
		e.tellSlow(ctx, w, took, code)
	}
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

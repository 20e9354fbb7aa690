package engine

import (
	"context"
	"errors"
	"io"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// watched is an operation that somebody wants to know about. Its methods do nothing without one.
type watched struct {
	span trace.Span
	run  execute.Seen
}

// unnamed is the span's name as long as the document is not read.
const unnamed = "GraphQL Operation"

// watch executes a request within a span.
func (e *Engine) watch(ctx context.Context, r *gqlop.Request, out io.Writer) error {
	var w watched
	ctx, w.span = e.tracer.Start(ctx, unnamed)
	defer w.span.End()
	err := e.execute(ctx, r, out, &w)
	w.ended(err)
	return err
}

// found names the span. The operation's name is told of known documents only, so that clients cannot make any number of names.
// Source: OpenTelemetry's semantic conventions for GraphQL servers.
func (w *watched) found(op *gqlop.Operation, r *gqlop.Request) {
	if w == nil || !w.span.IsRecording() {
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

// seen is where the run notes what it sees.
func (w *watched) seen() *execute.Seen {
	if w == nil {
		return nil
	}
	return &w.run
}

// cut is the code of an answer that was cut after a part of it had been sent.
const cut fault.Code = "ANSWER_CUT"

// ended marks a span of an operation that has errors. Messages may hold values, so that only the first one's code is told.
func (w *watched) ended(err error) {
	code := w.run.Code
	switch {
	case errors.Is(err, fault.ErrAborted):
		code = cut
	case err != nil:
		code = fault.Of(err)[0].Code
	}
	if code != "" {
		w.span.SetAttributes(attribute.String("error.type", string(code)))
		w.span.SetStatus(codes.Error, string(code))
	}
}

// Package engine is one request's path, told once: read the document, plan it, find out who
// asks and with which settings, run the plan on a borrowed connection, and write the answer.
package engine

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Config is what an engine is made of. Zero values of the numbers mean no limit; the defaults
// are the caller's.
type Config struct {
	Pool   *pool.Pool
	Schema *schema.Schema
	Limits gqlop.Limits

	// Persisted finds documents by their ids. It is the app's, not the schema's. nil: none has an id.
	Persisted *gqlop.Persisted

	MaxPage int // rows of one list
	MaxCost int // estimated rows times fields of one operation

	Authorizer auth.Authorizer // decides besides what types and fields require; nil: nothing else does
	Conceal    bool            // fields that a principal may not read are not there for it

	// Session gives the settings of a request's database session; nil: none.
	Session func(context.Context) (auth.Settings, error)

	BufferBytes int // of an answer kept back until its connection is given back
	Production  bool

	AllOrNothing bool   // all mutations of an operation in one transaction
	Isolation    string // of a mutation's transaction; empty: the database's default
	Retries      int    // of a mutation that lost against another one
	Constraints  map[execute.ConstraintName]execute.Constraint

	Tracer   trace.Tracer         // makes spans of operations and of what is below them; nil: there are none
	Database []attribute.KeyValue // what spans of statements say of the database

	Slow     *SlowLog                        // tells of operations that took long; nil: nobody does
	OnAnswer func(context.Context, Answered) // is told of each operation that has ended; nil: nobody is
	Logger   *slog.Logger
}

// Engine serves the operations of one schema. It is safe for any number of requests at once.
type Engine struct {
	persisted  *gqlop.Persisted
	documents  *gqlop.Documents
	compiler   *compile.Compiler
	session    func(context.Context) (auth.Settings, error)
	authorizer auth.Authorizer
	runner     *execute.Runner
	values     sync.Pool
	maxCost    int
	production bool
	tracer     trace.Tracer
	slow       *SlowLog
	onAnswer   func(context.Context, Answered)
}

// New makes an engine. It does no I/O.
func New(c Config) (*Engine, error) {
	documents, err := gqlop.New(c.Schema, c.Limits)
	if err != nil {
		return nil, err
	}
	compiler := compile.New(c.Schema, c.MaxPage, c.MaxCost)
	compiler.Silent = c.Limits.NoIntrospection
	compiler.Authorized, compiler.Conceals = c.Authorizer != nil, c.Conceal
	return &Engine{
		persisted:  cmp.Or(c.Persisted, new(gqlop.Persisted)),
		documents:  documents,
		compiler:   compiler,
		session:    c.Session,
		authorizer: c.Authorizer,
		maxCost:    c.MaxCost,
		production: c.Production,
		tracer:     c.Tracer,
		slow:       c.Slow,
		onAnswer:   c.OnAnswer,
		runner: execute.NewRunner(execute.Options{
			Pool: c.Pool, BufferBytes: c.BufferBytes,
			Production: c.Production, Logger: c.Logger, Tracer: c.Tracer, Database: c.Database,
			AllOrNothing: c.AllOrNothing, Isolation: c.Isolation, Retries: c.Retries, Constraints: c.Constraints,
		}),
		values: sync.Pool{New: func() any { return new(compile.Values) }},
	}, nil
}

// Check tells why a document cannot be served, or nil when it is valid.
func (e *Engine) Check(document string) error { return e.documents.Check(document) }

// Guards tells whether anything in the schema requires a role or a scope.
func (e *Engine) Guards() bool { return e.compiler.Guards() }

// Execute answers a request: it writes one object with data to out, and errors beside the data
// when there are any. It gives an error, and has written nothing, when there is no data; and
// fault.ErrAborted when a part was written that no longer holds.
func (e *Engine) Execute(ctx context.Context, r *gqlop.Request, out io.Writer) error {
	w := watched{label: unnamed}
	start := time.Now()
	if e.tracer != nil {
		ctx, w.span = e.tracer.Start(ctx, unnamed, trace.WithTimestamp(start))
		defer w.span.End()
	}
	err := e.execute(ctx, r, out, &w)
	e.tell(ctx, &w, w.code(err), time.Since(start))
	return err
}

// execute is the path of a request; w is told how it goes on.
func (e *Engine) execute(ctx context.Context, r *gqlop.Request, out io.Writer, w *watched) error {
	if err := e.persisted.Resolve(r); err != nil {
		return err
	}
	op, err := e.documents.Read(r)
	if err != nil {
		return err
	}
	e.persisted.Keep(r)
	w.found(op, r)
	if r.Meter != nil {
		r.Meter.Charge(op.Roots - 1)
	}
	values := e.values.Get().(*compile.Values)
	defer e.values.Put(values)
	plan, err := e.compiler.Bind(op, r.Variables, values, e.authority(ctx))
	if err != nil {
		return err
	}
	asked, err := ask(r.Extensions)
	if err == nil {
		err = asked.check(e, plan)
	}
	if err != nil {
		return err
	}
	plan.Snapshot = asked.snapshot
	var settings auth.Settings
	if e.session != nil {
		if settings, err = e.session(ctx); err != nil {
			return refused(err)
		}
	}
	w.plan, w.settings = plan.Plan, settings
	plan.Extensions = asked.answers(ctx, e, plan, settings, &w.run)
	return e.runner.Run(ctx, plan, settings, out, &w.run)
}

// refused keeps an error that is meant for the client, and hides any other.
func refused(err error) error {
	if f := fault.Of(err); f[0].Code != fault.Internal {
		return f
	}
	return fault.Wrap(err, fault.Internal, "the session's settings could not be made")
}

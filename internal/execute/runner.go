package execute

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Options are what all requests share.
type Options struct {
	Pool        *pool.Pool // read-only, by its option: queries rely on it
	BufferBytes int        // of an answer that is kept back until the connection is given back
	Production  bool       // causes are not shown

	// AllOrNothing runs all the mutations of an operation in one transaction.
	AllOrNothing bool
	Isolation    string // of a mutation's transaction, as SQL writes it; empty: the database's default
	Retries      int    // of a mutation that lost against another one
	Constraints  map[ConstraintName]Constraint

	// Tracer makes spans of the waits for connections and of the statements, below the span of the caller's context. nil: there
	// are none.
	Tracer   trace.Tracer
	Database []attribute.KeyValue // what each span of statements says of the database

	Logger *slog.Logger
}

// Runner runs plans.
type Runner struct {
	o      Options
	guards guards
	runs   sync.Pool
}

// NewRunner makes a runner.
func NewRunner(o Options) *Runner {
	return &Runner{o: o, runs: sync.Pool{New: func() any { return new(run) }}}
}

// run is one request on its way. Its memory serves the next one.
type run struct {
	r        *Runner
	ctx      context.Context
	plan     compile.Bound
	settings auth.Settings
	out      io.Writer
	writer   writer
	wire     wire
	lease    pool.Conn
	leased   bool
	leasedAt time.Time
	snapshot bool // the transaction of plan.Snapshot is under way on the connection
	jobs     []job
	calls    []call
	params   [][]byte
	held     kept // what has come so far of the connection that is being read
	sent     bool // a part of the answer has left
	db       *DB
	seen     *Seen
	span     trace.Span // of the exchange under way; nil: it has none
}

// Run runs a plan and writes the answer to out: an object with data, and errors when there are
// any. It gives an error when there is no data to write, or fault.ErrAborted when a part had
// been written that no longer holds. It notes in seen what there was to see.
func (r *Runner) Run(ctx context.Context, plan compile.Bound, settings auth.Settings, out io.Writer, seen *Seen) error {
	x := r.runs.Get().(*run)
	x.r, x.ctx, x.plan, x.settings, x.out, x.seen = r, ctx, plan, settings, out, seen
	x.writer.plan = plan
	defer func() {
		x.release()
		x.writer.reset()
		if cap(x.writer.buf) > 4*r.o.BufferBytes+(1<<20) {
			x.writer.buf = nil
		}
		clear(x.jobs[:cap(x.jobs)])
		clear(x.calls[:cap(x.calls)])
		clear(x.params[:cap(x.params)])
		*x = run{writer: x.writer, wire: wire{parsing: x.wire.parsing[:0]}, jobs: x.jobs[:0], calls: x.calls[:0], params: x.params[:0]}
		r.runs.Put(x)
	}()
	var err error
	if plan.Go {
		err = x.withGo()
	} else {
		err = x.straight()
	}
	if err != nil && x.sent {
		r.o.Logger.LogAttrs(ctx, slog.LevelError, "answer cut: it failed after a part was sent",
			slog.String("request_id", fault.RequestID(ctx)), slog.Any("error", err))
		return fault.ErrAborted
	}
	return err
}

// job is a statement of a batch and the plan whose values it takes.
type job struct {
	plan  compile.Bound
	stmt  *compile.Statement
	root  int  // the root field that it answers
	facts bool // it gives the facts of a connection, whose rows the next one gives, unless nobody asked for them
}

// start loads a batch and then borrows the connection, so that a value that cannot be sent is
// refused without one.
func (x *run) start(jobs []job) error {
	if err := x.load(jobs); err != nil {
		return err
	}
	return x.borrow()
}

// borrow takes the request's one connection, the first time it is needed.
func (x *run) borrow() error {
	if x.leased {
		return nil
	}
	lease, err := x.acquire()
	if err != nil {
		return explain(x.ctx, err)
	}
	x.lease, x.leased = lease, true
	return nil
}

func (x *run) release() {
	if x.db != nil { // first of all: whoever kept it must not reach the request that uses x next
		x.db.end()
		x.db = nil
	}
	x.leave()
	if x.leased {
		x.lease.Release()
		x.leased = false
		x.seen.Held += time.Since(x.leasedAt)
	}
}

// batch sends the statements that start has loaded, behind the guard if one is needed, and has
// each answered by use, which must read its call's rows to their end. A statement that fails takes
// only those of the same root along: the ones behind it are sent again on the same connection. When
// the server had ended the session before it heard of them, they are sent once more on another one.
func (x *run) batch(jobs []job, use func(j job, rows *wire) error, failed func(root int, err error) error) error {
	err := x.batchOnce(jobs, use, failed)
	if !errors.Is(err, errUnheard) || x.db != nil {
		return err
	}
	x.release()
	if again := x.start(jobs); again != nil {
		return errors.Join(again, err)
	}
	return x.batchOnce(jobs, use, failed)
}

func (x *run) batchOnce(jobs []job, use func(j job, rows *wire) error, failed func(root int, err error) error) error {
	if x.traced() {
		x.startStatements("SELECT", len(jobs))
	}
	x.seen.Statements += len(jobs)
	err := x.exchangeClean(jobs, use, failed)
	x.endStatements(err)
	return err
}

func (x *run) exchangeClean(jobs []job, use func(j job, rows *wire) error, failed func(root int, err error) error) error {
	return x.lease.RawClean(func(conn *pgx.Conn) error {
		x.wire.open(x.ctx, x.lease, conn)
		err := x.exchange(jobs, use, failed)
		if end := x.wire.finish(); err == nil {
			err = end
		}
		if err == nil {
			err = x.mend()
		}
		return err
	})
}

func (x *run) exchange(jobs []job, use func(job, *wire) error, failed func(int, error) error) error {
	again := true
	for loaded := true; len(jobs) > 0; loaded = false {
		if !loaded {
			if err := x.load(jobs); err != nil {
				return err
			}
		}
		if err := x.send(); err != nil {
			if again && changed(err) {
				again = false
				x.wire.forget()
				continue
			}
			return err
		}
		for len(jobs) > 0 {
			mark := len(x.writer.buf)
			root := jobs[0].root
			err := use(jobs[0], &x.wire)
			if err != nil && again && changed(err) && !x.sent {
				again = false
				x.writer.buf = x.writer.buf[:mark]
				x.wire.forget()
				break
			}
			jobs = jobs[1:]
			if err != nil {
				x.spanFailed(err)
				if err := failed(root, err); err != nil {
					return err
				}
				for len(jobs) > 0 && jobs[0].root == root {
					jobs = jobs[1:]
				}
				break // the rest was skipped: send it again
			}
		}
		if err := x.wire.sync(); err != nil {
			return err
		}
	}
	return nil
}

// send sends what is loaded, behind what must come first, and reads the answers to that.
func (x *run) send() error {
	front := x.front()
	if err := x.wire.send(x.calls); err != nil {
		return err
	}
	for range front {
		if err := x.wire.skip(); err != nil {
			return err
		}
	}
	return nil
}

// front puts in front of the batch the guard, if one is needed, and what the operation's snapshot needs, and tells how many
// statements that are.
func (x *run) front() int {
	loaded := len(x.calls)
	if x.plan.Snapshot {
		defer x.closing()
		if x.snapshot {
			return x.resume()
		}
		x.calls = slices.Insert(x.calls, 0, x.beginning()...)
		x.snapshot = true
	} else if guard, params, guarded := x.r.guards.call(x.settings, x.lease.Settings(), x.params, x.db != nil && x.db.writes); guarded {
		x.params, x.calls = params, slices.Insert(x.calls, 0, guard)
	}
	return len(x.calls) - loaded
}

// load fills the batch.
func (x *run) load(jobs []job) error {
	x.calls, x.params = x.calls[:0], x.params[:0]
	for _, j := range jobs {
		from := len(x.params)
		params, err := j.plan.Params(j.stmt, x.params)
		if err != nil {
			return err
		}
		x.params = params
		x.calls = append(x.calls, call{j.stmt.Name, j.stmt.SQL, params[from:len(params):len(params)], !j.stmt.Many})
	}
	return nil
}

// maxLogged bounds the errors of one answer that are logged; they are mostly alike.
const maxLogged = 5

// redact makes errors fit to be sent, and logs those whose cause the client may not see.
func (x *run) redact(list fault.List) fault.List {
	id := fault.RequestID(x.ctx)
	logged := 0
	for _, f := range list {
		if fault.Lookup(f.Code).Status >= 500 && logged < maxLogged {
			logged++
			x.r.o.Logger.LogAttrs(x.ctx, slog.LevelError, "a field failed",
				slog.String("request_id", id), slog.Any("path", f.Path), slog.Any("error", f))
		}
	}
	return fault.Redact(list, id, x.r.o.Production)
}

// flush sends what is written so far. The connection may still be held: the answer has
// outgrown the buffer.
func (x *run) flush() error {
	if len(x.writer.errs) > 0 {
		if p, ok := x.out.(interface{ MarkPartial() }); ok { // for a transport whose status tells, and for caches
			p.MarkPartial()
		}
	}
	x.sent = true
	if len(x.writer.errs) > 0 && x.seen.Code == "" {
		x.seen.Code = x.writer.errs[0].Code
	}
	start := time.Now()
	n, err := x.out.Write(x.writer.buf)
	x.seen.Writing += time.Since(start)
	x.seen.Bytes += int64(n)
	x.writer.buf = x.writer.buf[:0]
	return err
}

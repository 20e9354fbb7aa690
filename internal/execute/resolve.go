package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// batchState is what a Go field in one place of the answer has been asked and has answered.
type batchState struct {
	def     *schema.Batch
	parents []json.RawMessage
	results []json.RawMessage
	err     *fault.Error
	done    bool
	next    int // the parent whose turn it is on this walk over the answer
}

// kept is a root's answer, held until Go has run.
type kept struct {
	value *compile.Value
	many  bool
	rows  [][][]byte
	facts [][]byte        // of a connection
	token json.RawMessage // from a resolver that gave a value; nil: rows
	err   *fault.Error
	at    int
}

func (k *kept) next() ([][]byte, error) {
	if k.at >= len(k.rows) {
		return nil, nil
	}
	k.at++
	return k.rows[k.at-1], nil
}

// withGo answers an operation in which Go has a part. The statements' rows are read to their
// end and kept, the resolvers run one after another on the same connection, then the Go fields
// with all their parents at once, and only then is the answer written.
func (x *run) withGo() error {
	x.ctx = x.r.o.Pool.Scope(x.ctx)
	roots := make([]kept, len(x.plan.Roots))
	for i := range x.plan.Roots {
		root := &x.plan.Roots[i]
		roots[i].value = root.Value
		roots[i].many = root.Statement != nil && root.Statement.Many
	}
	if !x.plan.Writes {
		if err := x.keep(x.statements(), roots); err != nil {
			return x.refuse(err)
		}
	}
	x.db = &DB{run: x, open: x.snapshot}
	ctx := context.WithValue(x.ctx, dbKey{}, x.db)
	x.writer.batches = make([]batchState, x.plan.Batches)
	if x.plan.Writes {
		x.mutate(ctx, roots)
	}
	for i := range x.plan.Roots {
		if x.plan.Roots[i].Resolver != nil && !x.plan.Writes {
			if err := x.resolve(ctx, i, roots); err != nil {
				return x.refuse(err)
			}
		}
	}
	if err := x.runBatches(ctx, roots); err != nil {
		return err
	}
	x.release()
	return x.writeKept(roots)
}

// keep runs statements and keeps their rows.
func (x *run) keep(jobs []job, roots []kept) error {
	if len(jobs) == 0 {
		return nil
	}
	if err := x.start(jobs); err != nil {
		return err
	}
	return x.batch(jobs,
		func(j job, rows *wire) error {
			_, err := roots[j.root].take(&x.plan.Roots[j.root], j, rows)
			return err
		},
		func(i int, err error) error {
			if !x.mayGoOn(err) {
				return err
			}
			roots[i].rows, roots[i].facts, roots[i].err = nil, nil, explain(x.ctx, err)
			return nil
		})
}

// take keeps what a statement gives, and tells whether the root's rows and facts are whole.
func (k *kept) take(root *compile.Root, j job, rows source) (whole bool, err error) {
	if !j.facts {
		k.rows, err = keepRows(rows)
		return true, err
	}
	all, err := keepRows(rows)
	if err == nil {
		k.facts = all[0]
	}
	return root.Statement == nil, err
}

func keepRows(rows source) ([][][]byte, error) {
	var all [][][]byte
	for {
		row, err := rows.next()
		if row == nil || err != nil {
			return all, err
		}
		columns := make([][]byte, len(row))
		for i, c := range row {
			columns[i] = keep(c)
		}
		all = append(all, columns)
	}
}

// resolve calls a root's Go function; when it describes rows, they are read on the request's
// connection. Only what breaks the whole request is an error.
func (x *run) resolve(ctx context.Context, i int, roots []kept) error {
	root, k := &x.plan.Roots[i], &roots[i]
	result, err := guarded(func() (schema.Result, error) { return root.Resolver(ctx, x.plan.Args(root)) })
	if err != nil {
		k.err = x.blame(err)
		return nil
	}
	if result.Rows == nil && root.NoValue != nil && !vacant(result.JSON) {
		k.err = x.blame(root.NoValue)
		return nil
	}
	if result.Rows == nil {
		k.token = result.JSON
		if k.token == nil {
			k.token = json.RawMessage("null")
		}
		return nil
	}
	bound, stmt, value, err := x.plan.Rows(root, result.Rows, len(x.writer.batches))
	if err != nil {
		k.err = x.blame(err)
		return nil
	}
	if err := x.db.settle(); err != nil {
		k.err = x.blame(err)
		return nil
	}
	k.value, k.many = value, stmt.Many
	x.writer.batches = append(x.writer.batches, make([]batchState, bound.Batches-len(x.writer.batches))...)
	return x.keep([]job{{plan: bound, stmt: stmt, root: i}}, roots)
}

// vacant tells a value that holds no object, so that nothing is selected from it: null or an empty list.
func vacant(token json.RawMessage) bool {
	return jsonw.IsNull(token) || string(token) == "[]"
}

// runBatches walks over the answer to find the parents of Go fields, runs these, and starts
// again until no Go field is left that has not run: what one gave may hold others.
func (x *run) runBatches(ctx context.Context, roots []kept) error {
	w := &x.writer
	for len(w.batches) > 0 {
		w.collecting = true
		err := x.walk(roots)
		w.collecting = false
		if err != nil {
			return err
		}
		ran := false
		for i := range w.batches {
			b := &w.batches[i]
			if b.done || b.def == nil {
				continue
			}
			ran, b.done = true, true
			results, err := guarded(func() ([]json.RawMessage, error) { return b.def.Resolve(ctx, b.parents) })
			if err == nil && len(results) != len(b.parents) {
				err = fmt.Errorf("the function gave %d values for %d parents", len(results), len(b.parents))
			}
			if err != nil {
				b.err = x.blame(err)
			}
			b.results = results
		}
		if !ran {
			return nil
		}
	}
	return nil
}

// walk writes all roots, and throws away what it wrote.
func (x *run) walk(roots []kept) error {
	w := &x.writer
	for i := range w.batches {
		w.batches[i].next = 0
	}
	for i := range roots {
		if err := x.writeRoot(&x.plan.Roots[i], &roots[i]); err != nil && !errors.Is(err, errNoData) {
			return err
		}
		w.buf = w.buf[:0]
	}
	return nil
}

// batch writes a Go field, or takes its parent while these are collected.
func (w *writer) batch(f *compile.Field, base int) bool {
	b := &w.batches[f.Batch.Index]
	if !b.done {
		b.def = f.Batch.Def
		b.parents = append(b.parents, w.parent(f.Batch, base))
		w.buf = append(w.buf, "null"...)
		return true
	}
	i := b.next
	b.next++
	if b.err != nil {
		w.fail(b.err)
		return w.null(f.Value)
	}
	return w.value(f.Value, b.results[i], false)
}

// parent makes the JSON object that a Go field reads.
func (w *writer) parent(b *compile.Batch, base int) json.RawMessage {
	out := []byte{'{'}
	for i, need := range b.Needs {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(jsonw.AppendString(out, need.Name), ':')
		token := w.cell(base, need.Origin)
		if token == nil {
			token = []byte("null")
		}
		out = append(out, token...)
	}
	return append(out, '}')
}

func (x *run) writeKept(roots []kept) error {
	w := &x.writer
	for i := range w.batches {
		w.batches[i].next = 0
	}
	w.buf = append(w.buf[:0], `{"data":{`...)
	for i := range roots {
		x.open(i)
		err := x.writeRoot(&x.plan.Roots[i], &roots[i])
		switch {
		case errors.Is(err, errNoData) && !x.sent:
			w.buf = append(w.buf[:0], `{"data":null`...)
			w.end(x.plan.Extensions, x.redact)
			return x.flush()
		case err != nil:
			return err
		}
	}
	w.buf = append(w.buf, '}')
	w.end(x.plan.Extensions, x.redact)
	return x.flush()
}

func (x *run) writeRoot(root *compile.Root, k *kept) error {
	w := &x.writer
	k.at = 0
	switch {
	case root.Const != nil:
		w.buf = append(w.buf, root.Const...)
		return nil
	case root.Fail != nil:
		return x.failRoot(root, root.Fail)
	case k.err != nil:
		if w.collecting {
			return nil
		}
		return x.failRoot(root, k.err)
	case k.token != nil:
		w.path = append(w.path[:0], step{root: root})
		ok := w.value(k.value, k.token, false)
		w.path = w.path[:0]
		if !ok {
			return errNoData
		}
		return nil
	case root.Page != nil:
		return x.connection(root, k)
	}
	return x.rows(root, k.value, k.many, k)
}

// blame makes a Go function's error fit for the client: one of ours is shown as it is, one of
// PostgreSQL's gets the code of its SQLSTATE, any other is INTERNAL.
func (x *run) blame(err error) *fault.Error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var pg *pgconn.PgError
	if x.ctx.Err() != nil || errors.As(err, &pg) || errors.Is(err, errLost) {
		return explain(x.ctx, err)
	}
	return fault.Wrap(err, fault.Internal, "internal error")
}

// guarded calls a user's function; a panic becomes an error that holds the stack.
func guarded[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

package execute

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// source gives rows until nil.
type source interface {
	next() ([][]byte, error)
}

// errNoData says that null has moved up to data itself.
var errNoData = errors.New("data is null")

// straight writes an answer in which Go has no part: rows become JSON as they arrive.
func (x *run) straight() error {
	w := &x.writer
	w.buf = append(w.buf, `{"data":{`...)
	jobs := x.statements()
	done := 0 // roots written, or given their constant
	constants := func(until int) error {
		for ; done < until; done++ {
			x.open(done)
			root := &x.plan.Roots[done]
			w.buf = append(w.buf, root.Const...)
			if root.Fail != nil {
				if err := x.failRoot(root, root.Fail); err != nil {
					return err
				}
			}
		}
		return nil
	}
	var err error
	if len(jobs) > 0 {
		if err = x.start(jobs); err != nil {
			return err
		}
		err = x.batch(jobs,
			func(j job, rows *wire) error {
				i, root := j.root, &x.plan.Roots[j.root]
				if root.Page != nil {
					if whole, err := x.held.take(root, j, rows); err != nil || !whole {
						return err
					}
				}
				from, mark, errs, more := done, len(w.buf), len(w.errs), w.more
				if err := constants(i); err != nil {
					return err
				}
				x.open(i)
				if err := x.root(root, rows); err != nil {
					if mark <= len(w.buf) && !errors.Is(err, errNoData) { // the root's error stands for those in it
						w.buf, done, w.errs, w.more = w.buf[:mark], from, w.errs[:errs], more
					}
					return err
				}
				done, x.held = i+1, kept{}
				return nil
			},
			func(i int, err error) error {
				if !x.mayGoOn(err) {
					return err
				}
				if err := constants(i); err != nil {
					return err
				}
				x.open(i)
				done, x.held = i+1, kept{}
				return x.failRoot(&x.plan.Roots[i], err)
			})
		x.release()
	}
	if err == nil {
		err = constants(len(x.plan.Roots))
	}
	switch {
	case errors.Is(err, errNoData) && !x.sent:
		w.buf = append(w.buf[:0], `{"data":null`...)
	case err != nil:
		return x.refuse(err)
	default:
		w.buf = append(w.buf, '}')
	}
	w.end(x.plan.Extensions, x.redact)
	return x.flush()
}

// statements are the roots that PostgreSQL answers.
func (x *run) statements() []job {
	for i := range x.plan.Roots {
		if s := x.plan.Roots[i].Facts; s != nil {
			x.jobs = append(x.jobs, job{x.plan, s, i, true})
		}
		if s := x.plan.Roots[i].Statement; s != nil {
			x.jobs = append(x.jobs, job{x.plan, s, i, false})
		}
	}
	return x.jobs
}

// open writes a root's response name.
func (x *run) open(root int) {
	w := &x.writer
	if root > 0 {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, x.plan.Roots[root].Key...)
}

// mayGoOn tells whether the other roots can still be answered: PostgreSQL refused one
// statement, the connection is whole, and nothing of the refused one has left.
func (x *run) mayGoOn(err error) bool {
	if errors.Is(err, errLost) || errors.Is(err, errNoData) || x.ctx.Err() != nil || errors.Is(err, fault.ErrAborted) {
		return false
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg)
}

// refuse gives what the request is refused with when it has no data.
func (x *run) refuse(err error) error {
	if x.sent || errors.Is(err, fault.ErrAborted) {
		return err
	}
	var list fault.List
	if errors.As(err, &list) {
		return list
	}
	return explain(x.ctx, err)
}

// failRoot answers a root with null and an error at its path.
func (x *run) failRoot(root *compile.Root, err error) error {
	w := &x.writer
	w.path = append(w.path[:0], step{root: root})
	w.fail(explain(x.ctx, err))
	w.path = w.path[:0]
	if !w.null(root.Value) {
		return errNoData
	}
	return nil
}

// root writes the rows of a root field. Only a list of the operation's root streams: when the
// answer outgrows its buffer, what is written so far leaves.
func (x *run) root(root *compile.Root, rows source) error {
	if root.Page != nil {
		return x.connection(root, &x.held)
	}
	return x.rows(root, root.Value, root.Statement.Many, rows)
}

func (x *run) rows(root *compile.Root, v *compile.Value, many bool, rows source) error {
	w := &x.writer
	w.path = append(w.path[:0], step{root: root})
	defer func() { w.path = w.path[:0] }()
	if !many {
		return x.single(v, rows)
	}
	start, streamed := len(w.buf), false
	w.buf = append(w.buf, '[')
	w.path = append(w.path, step{})
	ok := true
	for n := 0; ; n++ {
		row, err := rows.next()
		if err != nil {
			w.found(ok)
			if streamed {
				return fmt.Errorf("%w: %w", fault.ErrAborted, err)
			}
			return err
		}
		if row == nil {
			break
		}
		if n > 0 {
			w.buf = append(w.buf, ',')
		}
		w.path[1].index = n
		if !w.row(v.Elem, row) {
			if streamed {
				return fault.ErrAborted
			}
			ok = w.lose(ok)
		}
		if !ok && !w.collecting && len(w.batches) == 0 {
			w.buf = w.buf[:start]
			continue // read to the end
		}
		if len(w.buf) > x.r.o.BufferBytes && !w.collecting && ok {
			streamed = true
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	w.found(ok)
	if ok {
		w.buf = append(w.buf, ']')
		return nil
	}
	w.buf = w.buf[:start]
	if !w.null(v) {
		return errNoData
	}
	return nil
}

func (x *run) single(v *compile.Value, rows source) error {
	w := &x.writer
	row, err := rows.next()
	if err != nil {
		return err
	}
	ok := true
	if row == nil {
		if v.NonNull {
			w.fail(fault.New(fault.NotFound, "there is no such row, and the field is declared non-null"))
		}
		ok = w.null(v)
	} else {
		ok = w.row(v, row)
		for row != nil && err == nil {
			row, err = rows.next()
		}
	}
	if err == nil && !ok {
		err = errNoData
	}
	return err
}

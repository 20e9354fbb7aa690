package execute

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

const (
	endTime   = 10 * time.Second     // for the answer to COMMIT or ROLLBACK, whatever the request's own deadline
	firstWait = 5 * time.Millisecond // before a transaction that lost against another one is tried again
	mostWait  = 250 * time.Millisecond
)

var (
	errUnknown = errors.New("the connection was lost after COMMIT was sent")
	errUndone  = errors.New("what the mutation wrote was undone")
)

// mutate runs the roots of a mutation one after another, each in a transaction of its own, or all in one. What each gives is
// kept: no byte of it leaves before the transaction has ended.
// Source: GraphQL specification, section 6.2.2, "Mutation".
func (x *run) mutate(ctx context.Context, roots []kept) {
	x.db.writes = true
	defer func() {
		x.undo(nil)
		x.db.writes = false
	}()
	var group []int
	for i := range x.plan.Roots {
		if r := &x.plan.Roots[i]; r.Call == nil && r.Resolver == nil {
			continue
		}
		if group = append(group, i); !x.r.o.AllOrNothing {
			if !x.transaction(ctx, group, roots) {
				x.abandon(i+1, roots)
				return
			}
			group = group[:0]
		}
	}
	if len(group) > 0 {
		x.transaction(ctx, group, roots)
	}
}

// abandon answers the roots behind one after which nothing can be run any more.
func (x *run) abandon(from int, roots []kept) {
	why := fault.New(fault.DatabaseError, "it was not run, because the connection to the database was lost before it: send it again")
	why.RetryAfter = time.Second
	if err := x.ctx.Err(); err != nil {
		why = explain(x.ctx, err)
	}
	for i := from; i < len(roots); i++ {
		if r := &x.plan.Roots[i]; r.Call != nil || r.Resolver != nil {
			roots[i].err = why
		}
	}
}

// transaction runs roots in one transaction, again when it loses against another one. It tells whether the connection is there
// still.
func (x *run) transaction(ctx context.Context, group []int, roots []kept) bool {
	wait, reborrowed, replanned := firstWait, false, false
	for tries := 0; ; tries++ {
		for _, i := range group {
			roots[i] = kept{value: x.plan.Roots[i].Value}
		}
		failed, err := x.attempt(ctx, group, roots)
		switch {
		case err == nil:
			return true
		case errors.Is(err, errUnheard) && !reborrowed && !x.ranGo(group, failed):
			// The server had ended the session before it heard of the transaction.
			reborrowed = true
			x.drop()
			continue
		case changed(err) && !replanned && !x.ranGo(group, failed):
			replanned = true
			x.wire.forget()
			continue
		case lostRace(err) && tries < x.r.o.Retries && !x.ranGo(group, failed) && x.pause(wait):
			wait = min(2*wait, mostWait)
			continue
		}
		x.settleFailure(group, failed, roots, err)
		return !errors.Is(err, errLost) && x.ctx.Err() == nil
	}
}

// lostRace tells a transaction that another one has won against.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// ranGo tells whether a Go function has run among the roots up to one: nobody but its author may run it twice.
func (x *run) ranGo(group []int, until int) bool {
	for _, i := range group {
		if x.plan.Roots[i].Resolver != nil {
			return true
		}
		if i == until {
			break
		}
	}
	return false
}

// pause waits about d, unless the request ends before.
func (x *run) pause(d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.ctx.Done():
		return false
	}
}

// drop gives up a connection that is gone.
func (x *run) drop() {
	x.db.open = false
	if x.leased {
		x.lease.Release()
		x.leased = false
	}
}

// settleFailure answers the roots of a transaction that was undone: the one that failed with its error, unless its answer says
// what went wrong, and the others with an error that names it. Of a transaction whose end is not known nobody can tell.
func (x *run) settleFailure(group []int, failed int, roots []kept, err error) {
	if errors.Is(err, errUnknown) {
		for _, i := range group {
			roots[i] = kept{err: fault.Wrap(err, fault.OutcomeUnknown, "the connection was lost while the change was being saved: read what is there before sending it again")}
		}
		return
	}
	for _, i := range group {
		switch {
		case i == failed && errors.Is(err, errUndone): // its own answer tells
		case i == failed || failed < 0:
			roots[i] = kept{err: x.blameCall(&x.plan.Roots[i], err)}
		default:
			roots[i] = kept{err: fault.New(fault.Conflict, "nothing was saved, because %s failed and the operation is all or nothing", x.plan.Roots[failed].Name)}
		}
	}
}

// attempt runs roots in one transaction once. On an error nothing of it is left; failed is the root that it came from, -1 for
// all of them. It is errUndone when the root's answer says what went wrong.
func (x *run) attempt(ctx context.Context, group []int, roots []kept) (failed int, err error) {
	for _, i := range group {
		if x.plan.Roots[i].Resolver != nil {
			err = x.goRoot(ctx, i, roots)
		} else {
			err = x.callRoot(i, roots)
		}
		if err != nil {
			x.undo(err)
			return i, err
		}
	}
	if err := x.commit(); err != nil {
		failed = -1
		if len(group) == 1 {
			failed = group[0]
		}
		return failed, err
	}
	return -1, nil
}

// goRoot runs a mutation in Go.
func (x *run) goRoot(ctx context.Context, i int, roots []kept) error {
	if err := x.resolve(ctx, i, roots); err != nil {
		return err
	}
	told := roots[i].err
	if why := x.db.gone(); why != nil && (told == nil || told.Code == fault.Internal) {
		return why
	}
	if told != nil {
		return told
	}
	if x.db.broken() {
		return fault.New(fault.Internal, "a statement failed in the mutation's transaction, so nothing was saved: what may fail belongs into DB(ctx).Tx")
	}
	return nil
}

// callRoot calls a function of the database and reads its rows again, in one round trip.
func (x *run) callRoot(i int, roots []kept) error {
	root := &x.plan.Roots[i]
	if err := x.loadCall(root); err != nil {
		return err
	}
	if err := x.borrow(); err != nil {
		return err
	}
	var given, read [][][]byte
	if x.traced() {
		x.startStatements("SELECT", len(x.calls), attribute.String("db.stored_procedure.name", root.Call.Def.Schema+"."+root.Call.Def.Name))
	}
	x.seen.Statements += len(x.calls)
	// Nobody knows what a function does to the session: it is reset after its release.
	err := x.lease.Raw(func(conn *pgx.Conn) (err error) {
		x.wire.open(x.ctx, x.lease, conn)
		skip := x.begin()
		if err = x.wire.send(x.calls); err == nil {
			x.db.open = true
		}
		for range skip {
			if err == nil {
				err = x.wire.skip()
			}
		}
		if err == nil {
			given, err = keepRows(&x.wire)
		}
		if err == nil && root.Call.Read != nil {
			read, err = keepRows(&x.wire)
		}
		if end := x.wire.finish(); err == nil {
			err = end
		}
		return err
	})
	x.endStatements(err)
	if err != nil {
		return err
	}
	return x.take(root, &roots[i], given, read)
}

// loadCall fills the batch with the function's call and the reading of its rows.
func (x *run) loadCall(root *compile.Root) error {
	x.calls, x.params = x.calls[:0], x.params[:0]
	for _, s := range []*compile.Statement{root.Call.Function, root.Call.Read} {
		if s == nil {
			continue
		}
		from := len(x.params)
		params, err := x.plan.Params(s, x.params)
		if err != nil {
			return err
		}
		x.params = params
		for _, c := range s.Context() {
			value, err := x.fromContext(root, c.Names)
			if err != nil {
				return err
			}
			x.params[from+c.Index] = value
		}
		x.calls = append(x.calls, call{s.Name, s.SQL, params[from:len(params):len(params)], false})
	}
	return nil
}

// begin puts what starts the transaction in front of the batch, unless it has been started, and tells how many statements
// that are.
func (x *run) begin() int {
	if x.db.open {
		return 0
	}
	front := x.beginning()
	x.calls = append(front, x.calls...)
	return len(front)
}

// beginCall is the statement that begins a transaction. That of a mutation says that it writes, whatever the session's default.
func (x *run) beginCall(writes bool) call {
	isolation := x.r.o.Isolation
	switch {
	case x.plan.Snapshot:
		return beginSnapshot
	case !writes:
		return call{name: "fq_begin", sql: "begin read only"}
	case isolation == "":
		return call{name: "fq_begin_w", sql: "begin read write"}
	}
	return call{name: "fq_begin_w_" + isolation[:1], sql: "begin isolation level " + isolation + " read write"}
}

// commit ends the transaction and has it saved. The request's own deadline counts until COMMIT is sent; from then on its answer
// is waited for, because nobody knows without it what has become of the transaction.
func (x *run) commit() error {
	if !x.db.open {
		return nil // nothing was asked of the database
	}
	if x.ctx.Err() != nil {
		x.undo(nil)
		return context.Cause(x.ctx)
	}
	err := x.end("commit")
	var pg *pgconn.PgError
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, errLost), !errors.As(err, &pg), pg.Severity != "ERROR":
		return fmt.Errorf("%w: %w: %s", errLost, errUnknown, err) // not to be taken for one of which the server has not heard
	}
	return err
}

// undo ends the transaction, and nothing of it is left. A connection that is gone has undone it.
func (x *run) undo(why error) {
	if !x.db.open {
		return
	}
	if errors.Is(why, errLost) || x.end("rollback") != nil {
		x.db.open = false
	}
}

// end sends COMMIT or ROLLBACK.
func (x *run) end(how string) error {
	if x.traced() {
		x.startStatements(strings.ToUpper(how), 1)
	}
	err := x.sendEnd(how)
	x.endStatements(err)
	return err
}

func (x *run) sendEnd(how string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), endTime)
	defer cancel()
	use := x.lease.RawClean
	if x.db.used {
		use = x.lease.Raw // pgx has its own view of the transaction, and statements of other people have run
	}
	return use(func(conn *pgx.Conn) error {
		x.db.open = false
		if x.db.used {
			x.db.used, x.db.ran = false, false
			tag, err := conn.Exec(ctx, how)
			if err != nil && conn.IsClosed() {
				return fmt.Errorf("%w: %w", errLost, err)
			}
			if err == nil && how == "commit" && tag.String() != "COMMIT" {
				return fault.New(fault.Internal, "a statement failed in the mutation's transaction, so nothing was saved: what may fail belongs into DB(ctx).Tx")
			}
			return err
		}
		x.wire.open(ctx, x.lease, conn)
		err := x.wire.send([]call{{name: "fq_" + how, sql: how}})
		if err == nil {
			err = x.wire.skip()
		}
		if end := x.wire.finish(); err == nil {
			err = end
		}
		return err
	})
}

// take makes a root's answer of what its function gave. errUndone: the answer is an error, so that nothing may stay.
func (x *run) take(root *compile.Root, k *kept, given, read [][][]byte) error {
	switch def := root.Call.Def; def.Gives {
	case schema.Response:
		cells := make([][]byte, compile.CellRead)
		if len(given) > 0 {
			copy(cells, given[0][:compile.CellLabel])
		}
		success := judge(cells)
		if root.Call.Read != nil {
			var entity [][]byte
			if len(given) > 0 && len(read) > 0 {
				entity = read[0]
			}
			cells = append(cells, entity...)
			for len(cells) < compile.CellRead+root.Call.Entities {
				cells = append(cells, nil)
			}
		}
		k.rows, k.many = [][][]byte{cells}, false
		if !success && !def.CommitOnError {
			return errUndone
		}
	case schema.Entities:
		k.token = listed(read, def.Many)
	case schema.Nothing:
		k.token = []byte("true")
	default:
		k.token = listed(given, def.Many)
	}
	return nil
}

// listed makes one JSON value of rows of one column each.
func listed(rows [][][]byte, many bool) []byte {
	var all [][]byte
	for _, row := range rows {
		if row[0] != nil {
			all = append(all, row[0])
		} else if many {
			continue
		}
	}
	if many {
		return append(append([]byte{'['}, bytes.Join(all, []byte{','})...), ']')
	}
	if len(all) == 0 {
		return []byte("null")
	}
	return all[0]
}

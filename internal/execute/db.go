package execute

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/pool"
)

type dbKey struct{}

// DB is the request's own connection in the hands of a resolver. It is borrowed when it is
// first used, and given back when the request ends; used later it answers pool.ErrReleased.
//
// What runs on it in a mutation runs in that mutation's own transaction: it is saved when the function returns without an
// error, and undone otherwise. Elsewhere it runs in one read-only transaction with the request's settings and role, so
// that row-level security holds here as it does for every other read. After a statement failed
// the next one starts a new transaction. A DB may be used by several goroutines, one at a time.
type DB struct {
	mu   sync.Mutex
	run  *run // nil once the request has ended
	open bool // a transaction is under way

	writes bool // the transaction is that of a mutation, which ends when its function has returned
	used   bool // the function has used it
	ran    bool // pgx has been given a statement since the transaction began, so that it knows of the transaction's end

	failure error // why a transaction could not be begun
}

// FromContext gives the DB of the request that ctx belongs to. Outside a resolver the DB that
// it gives answers pool.ErrReleased.
func FromContext(ctx context.Context) *DB {
	db, ok := ctx.Value(dbKey{}).(*DB)
	if !ok {
		return &DB{}
	}
	return db
}

// Query runs a query. The rows must be closed before the next statement.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	lease, err := d.begin()
	if err != nil {
		return nil, err
	}
	return lease.Query(ctx, sql, args...)
}

// QueryRow runs a query that gives one row; its error comes from Scan.
func (d *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	lease, err := d.begin()
	if err != nil {
		return failedRow{err}
	}
	return lease.QueryRow(ctx, sql, args...)
}

// Exec runs a statement. In a query the transaction is read-only: what would write is refused.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	lease, err := d.begin()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return lease.Exec(ctx, sql, args...)
}

// Tx runs use in a savepoint of the request's transaction: when use fails, what it did is
// undone and the transaction goes on.
func (d *DB) Tx(ctx context.Context, use func(pgx.Tx) error) error {
	lease, err := d.begin()
	if err != nil {
		return err
	}
	var tx pgx.Tx
	err = lease.Raw(func(conn *pgx.Conn) (err error) {
		tx, err = conn.BeginTx(ctx, pgx.TxOptions{
			BeginQuery: "savepoint fraiseql_tx", CommitQuery: "release savepoint fraiseql_tx",
		})
		return err
	})
	if err != nil {
		return err
	}
	if err := use(inside{tx}); err != nil {
		if _, undo := lease.Exec(ctx, "rollback to savepoint fraiseql_tx"); undo != nil {
			return undo
		}
		return err
	}
	return tx.Commit(ctx)
}

// begin borrows the connection and starts the transaction, with the settings in the same
// batch.
func (d *DB) begin() (pool.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.run
	if x == nil {
		return pool.Conn{}, pool.ErrReleased
	}
	if err := x.borrow(); err != nil {
		d.failure = err
		return pool.Conn{}, err
	}
	err := x.lease.Raw(func(conn *pgx.Conn) error {
		d.used = true
		if d.open && !d.writes && conn.PgConn().TxStatus() == 'E' {
			if x.snapshot { // the one that the request has seen stays
				_, err := conn.Exec(x.ctx, toMark.sql)
				return err
			}
			if _, err := conn.Exec(x.ctx, "rollback"); err != nil {
				return err
			}
			d.open = false
		}
		if d.open && d.ran && !conn.PgConn().IsBusy() && conn.PgConn().TxStatus() == 'I' {
			d.open, x.snapshot = false, false // a COMMIT or ROLLBACK of the function's own; what follows needs the settings again
		}
		if d.open || x.snapshot {
			d.open, d.ran = true, true
			return nil
		}
		x.wire.open(x.ctx, x.lease, conn)
		x.params = x.params[:0]
		x.calls = append(x.calls[:0], x.beginning()...)
		err := x.wire.send(x.calls)
		for range x.calls {
			if err == nil {
				err = x.wire.skip()
			}
		}
		if end := x.wire.finish(); err == nil {
			err = end
		}
		d.open = err == nil
		x.snapshot = d.open && x.plan.Snapshot
		d.ran = d.open
		return err
	})
	d.failure = err
	return x.lease, err
}

// settle ends the transaction, for statements that bring one of their own; that of a snapshot is made ready for them. It
// fails while rows of a query are still open.
func (d *DB) settle() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open || d.writes {
		return nil
	}
	how := "rollback"
	if d.run.snapshot {
		how = toMark.sql
	}
	err := d.run.lease.Raw(func(conn *pgx.Conn) error {
		_, err := conn.Exec(d.run.ctx, how)
		return err
	})
	d.open = err != nil || d.run.snapshot
	return err
}

// gone tells why the function had no transaction, or lost it with the connection: then nothing of it was saved, whatever the
// function says.
func (d *DB) gone() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	why := d.failure
	if d.failure = nil; why == nil && d.open && d.used {
		_ = d.run.lease.Raw(func(conn *pgx.Conn) error {
			if conn.IsClosed() {
				why = errLost
			}
			return nil
		})
	}
	return why
}

// broken tells whether a statement has failed in the transaction, which can then only be undone.
func (d *DB) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	failed := false
	if d.open && d.used {
		_ = d.run.lease.Raw(func(conn *pgx.Conn) error {
			failed = conn.PgConn().TxStatus() == 'E'
			return nil
		})
	}
	return failed
}

// end takes the connection away from whoever still holds the DB.
func (d *DB) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.run = nil
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

package pool

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// tx is a pgx transaction that ends with its lease: afterwards it answers ErrReleased and does not reach the next holder
// of the connection. LargeObjects of a released transaction answer pgx.ErrTxClosed.
type tx struct {
	pgx.Tx
	c Conn
}

func (t tx) check() error {
	_, err := t.c.use()
	return err
}

// Begin starts a nested transaction by a savepoint.
func (t tx) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	open := t.c.s.isOpen()
	inner, err := t.Tx.Begin(ctx)
	if err != nil {
		return nil, explain(ctx, during(open, err))
	}
	return tx{Tx: inner, c: t.c}, nil
}

// beginPatience is how long a BEGIN may go on when its context has ended.
const beginPatience = 100 * time.Millisecond

// outlive gives a context that ends beginPatience after ctx, or with stop.
func outlive(ctx context.Context) (later context.Context, stop func()) {
	later, end := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() { time.AfterFunc(beginPatience, end) })
	return later, func() {
		forget()
		end()
	}
}

// Commit commits the transaction. When ctx has ended already it does nothing: the transaction can still be rolled back,
// by the release at the latest.
func (t tx) Commit(ctx context.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return contextError(ctx) // pgx would close the connection
	}
	open := t.c.s.isOpen()
	return explain(ctx, during(open, t.Tx.Commit(ctx)))
}

// Rollback rolls the transaction back, also when ctx has ended already, which is often the reason for it.
func (t tx) Rollback(ctx context.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
		defer stop()
	}
	open := t.c.s.isOpen()
	return explain(ctx, during(open, t.Tx.Rollback(ctx)))
}

// CopyFrom writes rows into a table.
func (t tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	n, err := copyFrom(src, func(src pgx.CopyFromSource) (int64, error) { return t.Tx.CopyFrom(ctx, table, columns, src) })
	return n, explain(ctx, err)
}

// SendBatch sends the statements of a batch in one round trip.
func (t tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := t.check(); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return batchResults{BatchResults: t.Tx.SendBatch(ctx, b), ctx: ctx, c: t.c}
}

// Prepare prepares a statement on the connection.
func (t tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	sd, err := t.Tx.Prepare(ctx, name, sql)
	return sd, explain(ctx, err)
}

// Exec runs a statement.
func (t tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := t.check(); err != nil {
		return pgconn.CommandTag{}, err
	}
	open := t.c.s.isOpen()
	tag, err := t.Tx.Exec(ctx, sql, args...)
	return tag, explain(ctx, during(open, err))
}

// Query runs a query.
func (t tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := t.check(); err != nil {
		return failedRows{err: err}, err
	}
	r, err := t.Tx.Query(ctx, sql, args...)
	return wrapRows(ctx, r), explain(ctx, err)
}

// QueryRow runs a query for its first row.
func (t tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := t.check(); err != nil {
		return failedRows{err: err}
	}
	return row{ctx: ctx, row: t.Tx.QueryRow(ctx, sql, args...)}
}

// Conn gives the pgx connection, or nil after the release. It must not be kept.
func (t tx) Conn() *pgx.Conn {
	if t.check() != nil {
		return nil
	}
	return t.Tx.Conn()
}

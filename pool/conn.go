package pool

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Conn is a lent connection: a small value that is valid until Release, and answers [ErrReleased] afterwards, whoever
// holds the connection then. Like a pgx connection it is for one goroutine at a time.
//
// All methods that run SQL mark the session for a reset after its release, but RawClean.
type Conn struct {
	s   *slot
	gen uint64
}

// use gives the connection while the lease is valid.
func (c Conn) use() (*pgx.Conn, error) {
	if !c.live() {
		return nil, ErrReleased
	}
	if c.s.flags.Load()&flagHaunted != 0 {
		return nil, errHaunted
	}
	return c.s.conn, nil
}

func (c Conn) live() bool { return c.s != nil && c.s.lease.Load() == c.gen }

func (c Conn) touch() (*pgx.Conn, error) {
	conn, err := c.use()
	if err == nil && c.s.flags.Load()&flagTouched == 0 {
		c.s.flag(flagTouched)
	}
	return conn, err
}

// Settings are those of the pool's options that this session does not carry, so that each transaction must set them for
// itself (set_config with is_local). Mostly there are none: sessions carry them from their start. They do not behind a
// pooler, which shares them, nor under a target_session_attrs in the URL (ReadOnly only). The slice is the same for all
// connections that have any, and must not be changed.
func (c Conn) Settings() []Setting {
	if !c.live() {
		return nil
	}
	return c.s.travelling
}

// Prepared tells whether statements may be kept on this connection by name: see Options.PreparedStatements.
func (c Conn) Prepared() bool { return c.live() && c.s.named }

// Release gives the connection back. It does no I/O. A second call does nothing.
func (c Conn) Release() {
	if c.s != nil && c.s.lease.CompareAndSwap(c.gen, c.gen+1) {
		c.s.pool.giveBack(c.s)
	}
}

// Exec runs a statement and gives its command tag. When ctx ends the statement is cancelled on the server, the error
// matches that of ctx, and the connection stays usable.
func (c Conn) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := c.touch()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	open := c.s.isOpen()
	tag, err := conn.Exec(ctx, sql, args...)
	if c.stalePlan(err) {
		tag, err = conn.Exec(ctx, sql, args...)
	}
	return tag, explain(ctx, during(open, err))
}

// Query runs a query. The rows must be closed or read to their end before the connection is used again; a connection
// that comes back with open rows is closed.
func (c Conn) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := c.touch()
	if err != nil {
		return failedRows{err: err}, err
	}
	r, err := conn.Query(ctx, sql, args...)
	return wrapRows(ctx, &replanRows{Rows: r, c: c, again: func() (pgx.Rows, error) { return conn.Query(ctx, sql, args...) }}), explain(ctx, err)
}

// QueryRow runs a query for its first row. Errors come from Scan, which must be called.
func (c Conn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	conn, err := c.touch()
	if err != nil {
		return failedRows{err: err}
	}
	r := conn.QueryRow(ctx, sql, args...)
	return row{ctx: ctx, row: replanRow{row: r, c: c, again: func() pgx.Row { return conn.QueryRow(ctx, sql, args...) }}}
}

// SendBatch sends the statements of a batch in one round trip. The results must be closed. When DDL has changed what a
// statement returns, a batch with it fails once on each connection, with SQLSTATE 0A000; single statements do not.
func (c Conn) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	conn, err := c.touch()
	if err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return batchResults{BatchResults: conn.SendBatch(ctx, b), ctx: ctx, c: c}
}

// CopyFrom writes rows into a table by COPY and gives their number.
func (c Conn) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	conn, err := c.touch()
	if err != nil {
		return 0, err
	}
	n, err := copyFrom(src, func(src pgx.CopyFromSource) (int64, error) { return conn.CopyFrom(ctx, table, columns, src) })
	return n, explain(ctx, err)
}

// Begin starts a transaction. One that is still open at Release is rolled back.
func (c Conn) Begin(ctx context.Context) (pgx.Tx, error) { return c.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx is Begin with an isolation level and an access mode.
func (c Conn) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	conn, err := c.touch()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	// pgx closes a connection whose BEGIN fails, and an end of ctx is no reason for that.
	patient, stop := outlive(ctx)
	open := c.s.isOpen()
	inner, err := conn.BeginTx(patient, o)
	stop()
	if err != nil {
		return nil, explain(ctx, during(open, err))
	}
	c.s.tx = inner
	if ctx.Err() != nil {
		return nil, contextError(ctx) // the reset rolls it back
	}
	return tx{Tx: inner, c: c}, nil
}

// Raw gives the pgx connection itself to use, which must not keep it.
func (c Conn) Raw(use func(*pgx.Conn) error) error {
	conn, err := c.touch()
	if err != nil {
		return err
	}
	return c.raw(conn, use)
}

// RawClean is Raw with a promise: use leaves the session as it finds it. It runs no SET without LOCAL and nothing else that
// outlives a transaction, and every transaction that it begins has ended before the release, so that no reset is needed.
func (c Conn) RawClean(use func(*pgx.Conn) error) error {
	conn, err := c.use()
	if err != nil {
		return err
	}
	return c.raw(conn, use)
}

// raw has an error match the end of the context that caused it, which pgx takes for the server's own cancelling.
func (c Conn) raw(conn *pgx.Conn, use func(*pgx.Conn) error) error {
	if c.s.ended.Load() != nil {
		c.s.ended.Store(nil) // of a query before
	}
	err := c.s.lendTo(conn, use)
	if ctx := c.s.ended.Load(); ctx != nil {
		return explain(*ctx, err)
	}
	return err
}

// lendTo ends what CancelWith has begun when use returns or panics.
func (s *slot) lendTo(conn *pgx.Conn, use func(*pgx.Conn) error) error {
	if s.watch.ctx == nil { // else use is inside another one
		defer s.watch.end()
	}
	return use(conn)
}

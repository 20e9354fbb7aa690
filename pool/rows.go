package pool

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are pgx rows whose error matches the end of the caller's context. They need no guard against use after the
// release: either they were read to their end, or the connection came back busy and was closed.
type rows struct {
	pgx.Rows
	ctx context.Context
}

func wrapRows(ctx context.Context, r pgx.Rows) pgx.Rows {
	if r == nil {
		return nil
	}
	return rows{Rows: r, ctx: ctx}
}

// Conn gives nil, as pgx allows: a connection that is lent is reached by [Conn.Raw].
func (r rows) Conn() *pgx.Conn { return nil }

func (r rows) Err() error { return explain(r.ctx, r.Rows.Err()) }

func (r rows) Scan(dest ...any) error { return explain(r.ctx, r.Rows.Scan(dest...)) }

type row struct {
	ctx context.Context
	row pgx.Row
}

func (r row) Scan(dest ...any) error { return explain(r.ctx, r.row.Scan(dest...)) }

// batchResults are the results of a batch whose errors match the end of the caller's context.
type batchResults struct {
	pgx.BatchResults
	ctx context.Context
	c   Conn
}

func (b batchResults) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, explain(b.ctx, err)
}

func (b batchResults) Query() (pgx.Rows, error) {
	r, err := b.BatchResults.Query()
	return wrapRows(b.ctx, r), explain(b.ctx, err)
}

func (b batchResults) QueryRow() pgx.Row { return row{ctx: b.ctx, row: b.BatchResults.QueryRow()} }

func (b batchResults) Close() error { return explain(b.ctx, b.BatchResults.Close()) }

// Tx gives the transaction that the batch began, if any.
func (b batchResults) Tx() pgx.Tx {
	inner := b.BatchResults.Tx()
	if inner == nil {
		return nil
	}
	if b.c.live() {
		b.c.s.tx = inner
	}
	return tx{Tx: inner, c: b.c}
}

// failedRows are the rows, or the row, of a query that was not sent.
type failedRows struct{ err error }

func (r failedRows) Close()                                       {}
func (r failedRows) Err() error                                   { return r.err }
func (r failedRows) CommandTag() pgconn.CommandTag                { return pgconn.CommandTag{} }
func (r failedRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (r failedRows) Next() bool                                   { return false }
func (r failedRows) Scan(...any) error                            { return r.err }
func (r failedRows) Values() ([]any, error)                       { return nil, r.err }
func (r failedRows) RawValues() [][]byte                          { return nil }
func (r failedRows) Conn() *pgx.Conn                              { return nil }
func (r failedRows) TypeMap() *pgtype.Map                         { return nil }

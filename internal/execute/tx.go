package execute

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// inside is the transaction of DB.Tx in the hands of a resolver: everything but the way to the connection itself, which
// belongs to the request and could be kept longer.
type inside struct{ pgx.Tx }

// Conn gives nil.
func (inside) Conn() *pgx.Conn { return nil }

// Begin starts a transaction inside this one.
func (t inside) Begin(ctx context.Context) (pgx.Tx, error) {
	deeper, err := t.Tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return inside{deeper}, nil
}

// Query runs a query.
func (t inside) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := t.Tx.Query(ctx, sql, args...)
	return insideRows{rows}, err
}

// SendBatch sends the statements of a batch in one round trip.
func (t inside) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	for _, q := range b.QueuedQueries { // their functions are given pgx's own results
		if read := q.Fn; read != nil {
			q.Fn = func(results pgx.BatchResults) error { return read(insideBatch{results}) }
		}
	}
	return insideBatch{t.Tx.SendBatch(ctx, b)}
}

type insideRows struct{ pgx.Rows }

// Conn gives nil.
func (insideRows) Conn() *pgx.Conn { return nil }

type insideBatch struct{ pgx.BatchResults }

// Query reads the rows of the next statement.
func (b insideBatch) Query() (pgx.Rows, error) {
	rows, err := b.BatchResults.Query()
	return insideRows{rows}, err
}

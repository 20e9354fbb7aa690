package pool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// TestTxUnderEndedContext: a context that ends before BEGIN, COMMIT or ROLLBACK costs the transaction, not the
// connection.
func TestTxUnderEndedContext(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	ended, end := context.WithCancel(t.Context())
	end()
	insert := func(c pool.Conn) pgx.Tx {
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "insert into things values (1)"); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	for name, use := range map[string]func(pool.Conn) error{
		"begin": func(c pool.Conn) error {
			_, err := c.Begin(ended)
			return err
		},
		"commit": func(c pool.Conn) error { return insert(c).Commit(ended) },
		"rollback": func(c pool.Conn) error {
			if err := insert(c).Rollback(ended); err != nil {
				return err
			}
			return context.Canceled
		},
	} {
		err := p.With(t.Context(), func(_ context.Context, c pool.Conn) error { return use(c) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		var n int
		err = p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
			return c.QueryRow(ctx, "select count(*) from things").Scan(&n)
		})
		if err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
	}
	if s := p.Stat(); s.Closed.Total() != 0 || s.Opened != 1 {
		t.Errorf("%d opened, closed: %+v", s.Opened, s.Closed)
	}
}

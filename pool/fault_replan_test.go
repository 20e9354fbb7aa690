package pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestDDLUnderPreparedStatements changes the type of a column again and again under statements that are prepared on the
// connection: a statement outside a transaction does not notice, and one inside fails once, typed.
func TestDDLUnderPreparedStatements(t *testing.T) {
	t.Parallel()
	const sql = "select * from things where $1"
	ways := map[string]func(context.Context, pool.Conn) (int, error){
		"Exec": func(ctx context.Context, c pool.Conn) (int, error) {
			tag, err := c.Exec(ctx, sql, true)
			return int(tag.RowsAffected()), err
		},
		"Query": func(ctx context.Context, c pool.Conn) (int, error) {
			rows, _ := c.Query(ctx, sql, true)
			things, err := pgx.CollectRows(rows, pgx.RowToMap)
			return len(things), err
		},
		"Query that is only closed": func(ctx context.Context, c pool.Conn) (int, error) {
			rows, err := c.Query(ctx, sql, true)
			if err != nil {
				return 0, err
			}
			rows.Close()
			return int(rows.CommandTag().RowsAffected()), rows.Err()
		},
		"QueryRow": func(ctx context.Context, c pool.Conn) (int, error) {
			var n, spare any
			err := c.QueryRow(ctx, sql, true).Scan(&n, &spare)
			return 1, err
		},
		"insert returning": func(ctx context.Context, c pool.Conn) (int, error) {
			rows, _ := c.Query(ctx, "insert into log values ($1) returning (select n from things)", 1)
			_, err := pgx.CollectRows(rows, pgx.RowTo[any])
			return 1, err
		},
	}
	for name, use := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, "create table things (n int, spare int); insert into things values (1, 2); create table log (n int)")
			p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
			for i := range 6 {
				db.Exec(t, fmt.Sprintf("alter table things alter column n type %s", []string{"bigint", "int"}[i%2]))
				for range 2 {
					if err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
						n, err := use(ctx, c)
						if n != 1 && err == nil {
							err = fmt.Errorf("%d rows", n)
						}
						return err
					}); err != nil {
						t.Errorf("after change %d: %v", i, err)
					}
				}
			}
			if s := p.Stat(); s.Opened != 1 || s.Closed.Total() != 0 {
				t.Errorf("%+v", s)
			}
			if name != "insert returning" {
				return
			}
			var n int
			if err := db.Conn(t).QueryRow(t.Context(), "select count(*) from log").Scan(&n); err != nil || n != 12 {
				t.Errorf("12 inserts made %d rows, %v: none may run twice", n, err)
			}
		})
	}
	t.Run("in a transaction", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, "create table things (n int, spare int); insert into things values (1, 2)")
		p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
		read := func() error {
			return p.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql, true)
				return err
			})
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		db.Exec(t, "alter table things alter column n type bigint")
		var pgErr *pgconn.PgError
		if err := read(); !errors.As(err, &pgErr) || pgErr.Code != "0A000" {
			t.Errorf("a transaction cannot be repeated by the pool: want 0A000, got %v", err)
		}
		if err := read(); err != nil {
			t.Errorf("the next transaction: %v", err)
		}
	})
	t.Run("after the release", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, "create table things (n int, spare int); insert into things values (1, 2)")
		p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(t.Context(), sql, true); err != nil {
			t.Fatal(err)
		}
		db.Exec(t, "alter table things alter column n type bigint")
		rows, err := c.Query(t.Context(), sql, true)
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
		next, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer next.Release()
		if rows.Next() || rows.Err() == nil {
			t.Error("rows of a released lease were fetched again, on the next holder's connection")
		}
		if rows.Conn() != nil {
			t.Error("rows give their connection away")
		}
	})
}

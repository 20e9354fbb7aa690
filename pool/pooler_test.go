package pool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// TestPgBouncer: 12 clients share 3 sessions of the server in transaction mode, and every one of 10,000 queries gets
// its own rows. Nobody told the pool what stands there.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, settings := range map[string]map[string]string{
		"refuses settings": {"default_pool_size": "3"},
		"ignores settings": {"default_pool_size": "3", "ignore_startup_parameters": "IntervalStyle,bytea_output,extra_float_digits,jit,statement_timeout,default_transaction_read_only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			p := openPool(t, pgtest.PgBouncer(t, db.URL, settings), pool.Options{
				Size: 12, MaxOverflow: -1, ReadOnly: true, StatementTimeout: time.Minute,
				Logger: slog.New(slog.NewTextHandler(lockedWriter{&sync.Mutex{}, &log}, nil)),
			})
			if err := p.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			const clients = 12
			each := 834 // 10,000 in all
			if name != "refuses settings" && os.Getenv("FRAISEQL_SLOW") != "1" {
				each = 100
			}
			var wrong, failed atomic.Int64
			err := together(clients, func(client int) error {
				for i := range each {
					err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
						got, want, err := askThroughPooler(ctx, c, client, i)
						if err == nil && got != want {
							wrong.Add(1)
							err = fmt.Errorf("got %s, want %s", got, want)
						}
						return err
					})
					if err != nil {
						failed.Add(1)
						return err
					}
				}
				return nil
			})
			s := p.Stat()
			t.Logf("%d queries, %d wrong, %d failed", clients*each, wrong.Load(), failed.Load())
			if err != nil || !s.Pooler || s.ConnectFailures > 0 || s.Closed.Total() > 0 {
				t.Errorf("%v; pooler %v, %d connects failed, closed %+v", err, s.Pooler, s.ConnectFailures, s.Closed)
			}
			if n := strings.Count(log.String(), "a pooler stands in front"); n != 1 {
				t.Errorf("told %d times:\n%s", n, log.String())
			}
		})
	}
}

// askThroughPooler sends statements of many texts and argument types, alone, in a batch and in a transaction: what
// remembers statements or takes two transactions for one would mix them up.
func askThroughPooler(ctx context.Context, c pool.Conn, client, i int) (got, want string, err error) {
	want = fmt.Sprintf("%d-%d", client, i)
	switch i % 4 {
	case 0:
		err = c.QueryRow(ctx, fmt.Sprintf("select $1::text || '-' || $2::int /* %d */", (client+i)%40), fmt.Sprint(client), i).Scan(&got)
	case 1:
		var a, b int64
		err = c.QueryRow(ctx, fmt.Sprintf("select $1::int8, $2::int8, %d", i%7), int64(client), int64(i)).Scan(&a, &b, new(int))
		got = fmt.Sprintf("%d-%d", a, b)
	case 2:
		b := &pgx.Batch{}
		b.Queue("select $1::int", client).QueryRow(func(row pgx.Row) error { return row.Scan(&got) })
		var second string
		b.Queue(fmt.Sprintf("select $1::text, %d", i%5), fmt.Sprint(i)).QueryRow(func(row pgx.Row) error { return row.Scan(&second, new(int)) })
		err = c.SendBatch(ctx, b).Close()
		got += "-" + second
	default:
		var tx pgx.Tx
		if tx, err = c.Begin(ctx); err != nil {
			return "", want, err
		}
		for _, s := range c.Settings() {
			if _, err = tx.Exec(ctx, "select set_config($1, $2, true)", s.Name, s.Value); err != nil {
				return "", want, err
			}
		}
		var readOnly, timeout, jit, style string
		err = tx.QueryRow(ctx, `select current_setting('transaction_read_only'), current_setting('statement_timeout'), current_setting('jit'),
			current_setting('IntervalStyle'), $1::text || '-' || $2::text`, fmt.Sprint(client), fmt.Sprint(i)).Scan(&readOnly, &timeout, &jit, &style, &got)
		if all := readOnly + " " + timeout + " " + jit + " " + style; err == nil && all != "on 1min off iso_8601" {
			err = errors.New("settings: " + all)
		}
		err = errors.Join(err, tx.Rollback(ctx))
	}
	return got, want, err
}

// TestPreparedStatements: the option says whether statements get names, and what is asked for wins over what is noticed.
func TestPreparedStatements(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	bounced := pgtest.PgBouncer(t, db.URL, map[string]string{"default_pool_size": "1"})
	for _, tt := range []struct {
		name, url string
		choice    pool.PreparedStatements
		want      bool
	}{
		{"auto", db.URL, pool.PreparedAuto, true},
		{"off", db.URL, pool.PreparedOff, false},
		{"pooler, auto", bounced, pool.PreparedAuto, false},
		{"pooler, force", bounced, pool.PreparedForce, true},
	} {
		p := openPool(t, tt.url, pool.Options{Size: 1, MaxOverflow: -1, PreparedStatements: tt.choice})
		err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
			if c.Prepared() != tt.want {
				t.Errorf("%s: Prepared is %v", tt.name, c.Prepared())
			}
			var named int
			for range 2 {
				if err := c.QueryRow(ctx, "select count(*) from pg_prepared_statements where $1", true).Scan(&named); err != nil {
					return err
				}
			}
			if (named > 0) != tt.want {
				t.Errorf("%s: %d statements have names", tt.name, named)
			}
			_, err := c.Exec(ctx, "deallocate all") // the next client of the pooler gets this session
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
		cancel()
	}
}

// TestPoolerRefusesOptions: what cannot travel is refused by the pooler's own words.
func TestPoolerRefusesOptions(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, pgtest.PgBouncer(t, db.URL, nil)+"&options=-c%20geqo%3Doff", pool.Options{Size: 1})
	if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "unsupported startup parameter: options") {
		t.Errorf("got %v", err)
	}
}

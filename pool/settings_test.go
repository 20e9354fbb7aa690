package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// TestChosenSettings: ReadOnly and StatementTimeout are the session's from its start, a reset goes back to them, and
// they win over the URL's. Under target_session_attrs, which looks at the server's own choice, ReadOnly travels with
// the transactions instead.
func TestChosenSettings(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	through := func(query string) string {
		if strings.Contains(db.URL, "?") {
			return db.URL + "&" + query
		}
		return db.URL + "?" + query
	}
	for name, tt := range map[string]struct {
		url    string
		o      pool.Options
		want   string
		travel []pool.Setting
	}{
		"none":               {db.URL, pool.Options{}, "off 0", nil},
		"read-only":          {db.URL, pool.Options{ReadOnly: true}, "on 0", nil},
		"timeout":            {db.URL, pool.Options{StatementTimeout: 90 * time.Second}, "off 90s", nil},
		"fractions":          {db.URL, pool.Options{StatementTimeout: 2500*time.Millisecond + 700*time.Microsecond}, "off 2500ms", nil},
		"both, over the URL": {through("statement_timeout=1&default_transaction_read_only=off"), pool.Options{ReadOnly: true, StatementTimeout: 1500 * time.Millisecond}, "on 1500ms", nil},
		"the URL's own":      {through("statement_timeout=70000"), pool.Options{}, "off 70s", nil},
		"read-write server":  {through("target_session_attrs=read-write"), pool.Options{ReadOnly: true}, "off 0", []pool.Setting{{Name: "transaction_read_only", Value: "on"}}},
		"read-write, writes": {through("target_session_attrs=read-write"), pool.Options{}, "off 0", nil},
		"primary":            {through("target_session_attrs=primary"), pool.Options{ReadOnly: true}, "off 0", []pool.Setting{{Name: "transaction_read_only", Value: "on"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.o.Size, tt.o.MaxOverflow, tt.o.FailFast = 1, -1, true
			p := openPool(t, tt.url, tt.o)
			for range 2 { // a new session, and one after its reset
				err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
					var got string
					err := c.QueryRow(ctx, `select current_setting('default_transaction_read_only') || ' ' ||
						replace(current_setting('statement_timeout'), '1min30s', '90s')`).Scan(&got)
					if err != nil {
						return err
					}
					if got = strings.Replace(got, "1min10s", "70s", 1); got != tt.want {
						t.Errorf("got %s, want %s", got, tt.want)
					}
					if travel := c.Settings(); fmt.Sprint(travel) != fmt.Sprint(tt.travel) {
						t.Errorf("travelling: got %v, want %v", travel, tt.travel)
					}
					_, err = c.Exec(ctx, "set default_transaction_read_only = off; set statement_timeout = 12345")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	p := openPool(t, through("target_session_attrs=read-only"), pool.Options{ReadOnly: true, Size: 1})
	if err := p.Ready(t.Context()); err == nil {
		t.Error("a server that writes was taken for a read-only one, because the pool is")
	}
}

// TestReadOnlyPool: 25006 in a pool that is read-only by its own option does not cost the connection.
func TestReadOnlyPool(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1, ReadOnly: true})
	err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
		_, err := c.Exec(ctx, "insert into things values (1)")
		return err
	})
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "25006" {
		t.Errorf("got %v", err)
	}
	err = p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
		_, err := c.Exec(ctx, "begin read write; insert into things values (1); commit")
		return err
	})
	if s := p.Stat(); err != nil || s.Closed.Total() != 0 {
		t.Errorf("%v, closed %+v", err, s.Closed)
	}
}

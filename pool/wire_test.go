package pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// speak sends a query without pgx and reads its answer to the end.
func speak(conn *pgx.Conn, sql string) (failed error) {
	fe := conn.PgConn().Frontend()
	fe.SendQuery(&pgproto3.Query{String: sql})
	if err := fe.Flush(); err != nil {
		return err
	}
	for {
		msg, err := fe.Receive()
		if err != nil {
			return err
		}
		switch msg := msg.(type) {
		case *pgproto3.ErrorResponse:
			failed = fmt.Errorf("SQLSTATE %s", msg.Code)
		case *pgproto3.ReadyForQuery:
			return failed
		}
	}
}

// TestCancelWith: who speaks the protocol without pgx is cancelled as pgx's own methods are. The connection goes on, and nothing
// watches a context after Raw has returned, or panicked.
func TestCancelWith(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	for i := range 30 {
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(i%5)*time.Millisecond)
		if err := c.RawClean(func(conn *pgx.Conn) error {
			c.CancelWith(ctx)
			c.CancelWith(ctx) // changes nothing
			return speak(conn, "select pg_sleep(60)")
		}); err == nil || err.Error() != "SQLSTATE 57014" {
			t.Errorf("got %v", err)
		}
		stop()
		if err := c.Raw(func(conn *pgx.Conn) error { return speak(conn, "select 1") }); err != nil {
			t.Errorf("the next query: %v", err)
		}
	}
	cancels := p.Stat().Cancels
	if cancels < 30 {
		t.Errorf("%d cancel requests", cancels)
	}
	ctx, stop := context.WithCancel(t.Context())
	for name, use := range map[string]func(*pgx.Conn) error{
		"returned": func(*pgx.Conn) error { c.CancelWith(ctx); return nil },
		"panicked": func(*pgx.Conn) error { c.CancelWith(ctx); panic("mine") },
		"inside":   func(*pgx.Conn) error { return c.Raw(func(*pgx.Conn) error { c.CancelWith(ctx); return nil }) },
	} {
		func() {
			defer func() { _ = recover() }()
			_ = c.Raw(use)
		}()
		if err := c.Raw(func(conn *pgx.Conn) error {
			c.CancelWith(context.Background()) // never ends
			stop()
			return speak(conn, "select pg_sleep(0.05)")
		}); err != nil {
			t.Errorf("%s: what came after it was cancelled: %v", name, err)
		}
		ctx, stop = context.WithCancel(t.Context())
	}
	stop()
	if s := p.Stat(); s.Cancels != cancels || s.Opened != 1 {
		t.Errorf("%+v", s)
	}
	late := c
	c.Release()
	late.CancelWith(t.Context()) // touches nothing
	if err := late.Raw(func(*pgx.Conn) error { return nil }); !errors.Is(err, pool.ErrReleased) {
		t.Errorf("after the release: %v", err)
	}
}

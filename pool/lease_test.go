package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestCancelledQueries(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL, pool.Options{Size: 4, MaxOverflow: -1, LeakAfter: -1})
	warmUp(t, p, 4)
	opened := p.Stat().Opened
	const rounds = 250
	err := together(4, func(i int) error {
		for n := range rounds {
			err := p.With(t.Context(), func(_ context.Context, c pool.Conn) error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%5)*time.Millisecond/2)
				defer cancel()
				var err error
				switch n % 4 {
				case 0:
					_, err = c.Exec(ctx, "select pg_sleep(20)")
				case 1:
					err = c.QueryRow(ctx, "select pg_sleep(20)").Scan(nil)
				case 2:
					rows, _ := c.Query(ctx, "select pg_sleep(0.0001) from generate_series(1, 1000000)")
					for rows.Next() {
					}
					err = rows.Err()
				case 3:
					b := &pgx.Batch{}
					b.Queue("select 1")
					b.Queue("select pg_sleep(20)")
					err = c.SendBatch(ctx, b).Close()
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					return fmt.Errorf("kind %d: the caller's error is %w", n%4, err)
				}
				var one int // on the same lease, at once
				if err := c.QueryRow(t.Context(), "select 1").Scan(&one); err != nil {
					return fmt.Errorf("kind %d: the next query: %w", n%4, err)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if err := selectOne(t.Context(), p); err != nil {
				return fmt.Errorf("the next holder: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	s := p.Stat()
	if s.Opened != opened || s.Cancels < rounds || s.Closed.Total() != 0 {
		t.Errorf("%d cancels, %d opened: %+v", s.Cancels, s.Opened-opened, s.Closed)
	}
}

func TestUseAfterRelease(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1})
	ctx := t.Context()
	c, err := p.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	nested, err := tx.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	objects := tx.LargeObjects()
	c.Release()
	next, err := p.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.Release() // must not release the next holder's lease
	if _, err := next.Exec(ctx, "select 1"); err != nil {
		t.Errorf("the next holder: %v", err)
	}
	use := map[string]func() error{
		"Exec":      func() error { _, err := c.Exec(ctx, "insert into things values (1)"); return err },
		"Query":     func() error { rows, err := c.Query(ctx, "select 1"); rows.Close(); return err },
		"rows":      func() error { rows, _ := c.Query(ctx, "select 1"); return rows.Err() },
		"QueryRow":  func() error { return c.QueryRow(ctx, "select 1").Scan() },
		"SendBatch": func() error { return c.SendBatch(ctx, &pgx.Batch{}).Close() },
		"CopyFrom": func() error {
			_, err := c.CopyFrom(ctx, pgx.Identifier{"things"}, []string{"n"}, pgx.CopyFromRows(nil))
			return err
		},
		"Begin":    func() error { _, err := c.Begin(ctx); return err },
		"Raw":      func() error { return c.Raw(func(*pgx.Conn) error { return nil }) },
		"RawClean": func() error { return c.RawClean(func(*pgx.Conn) error { return nil }) },
		"zero":     func() error { return pool.Conn{}.Raw(func(*pgx.Conn) error { return nil }) },
	}
	for name, tx := range map[string]pgx.Tx{"tx": tx, "nested": nested} {
		use[name+" Exec"] = func() error { _, err := tx.Exec(ctx, "insert into things values (1)"); return err }
		use[name+" Query"] = func() error { _, err := tx.Query(ctx, "select 1"); return err }
		use[name+" QueryRow"] = func() error { return tx.QueryRow(ctx, "select 1").Scan() }
		use[name+" SendBatch"] = func() error { return tx.SendBatch(ctx, &pgx.Batch{}).Close() }
		use[name+" CopyFrom"] = func() error { _, err := tx.CopyFrom(ctx, nil, nil, nil); return err }
		use[name+" Prepare"] = func() error { _, err := tx.Prepare(ctx, "", "select 1"); return err }
		use[name+" Begin"] = func() error { _, err := tx.Begin(ctx); return err }
		use[name+" Commit"] = func() error { return tx.Commit(ctx) }
		use[name+" Rollback"] = func() error { return tx.Rollback(ctx) }
		if tx.Conn() != nil {
			t.Errorf("%s gives its connection away", name)
		}
	}
	for name, f := range use {
		if err := f(); !errors.Is(err, pool.ErrReleased) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := objects.Create(ctx, 0); !errors.Is(err, pgx.ErrTxClosed) {
		t.Errorf("large objects: %v", err)
	}
	pool.Conn{}.Release()
	next.Release()
	if s := p.Stat(); s.Opened != 1 {
		t.Errorf("%+v", s)
	}
}

func TestTx(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, "create table things (n int)")
	p := openPool(t, db.URL, pool.Options{Size: 1, MaxOverflow: -1, Timeout: patience})
	ctx := t.Context()
	insert := func(tx pgx.Tx, n int) error { _, err := tx.Exec(ctx, "insert into things values ($1)", n); return err }
	count := func() (n int) {
		if err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
			return c.QueryRow(ctx, "select count(*) from things").Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := p.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return insert(tx, 1) }); err != nil || count() != 1 {
		t.Errorf("commit: %v, %d rows", err, count())
	}
	mine := errors.New("mine")
	err := p.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return errors.Join(insert(tx, 2), mine) })
	if !errors.Is(err, mine) || count() != 1 {
		t.Errorf("error: %v, %d rows", err, count())
	}
	err = p.Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { return insert(tx, 3) })
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != "25006" || count() != 1 {
		t.Errorf("read only: %v", err)
	}
	for name, lend := range map[string]func(){
		"Tx": func() {
			_ = p.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { _ = insert(tx, 4); panic("mine") })
		},
		"With": func() {
			_ = p.With(ctx, func(ctx context.Context, c pool.Conn) error {
				_, _ = c.Exec(ctx, "begin; insert into things values (5)")
				panic("mine")
			})
		},
	} {
		func() {
			defer func() {
				if recover() != "mine" {
					t.Errorf("%s swallows a panic", name)
				}
			}()
			lend()
		}()
		if count() != 1 {
			t.Errorf("%s: %d rows after a panic", name, count())
		}
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = p.Tx(short, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := insert(tx, 6); err != nil {
			return err
		}
		_, err := tx.Exec(short, "select pg_sleep(20)")
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) || count() != 1 {
		t.Errorf("deadline: %v, %d rows", err, count())
	}
	if s := p.Stat(); s.Opened != 1 || s.Leased != 0 {
		t.Errorf("%+v", s)
	}
}

func TestNested(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o       pool.Options
		isError bool
	}{
		{pool.Options{}, true}, // in development
		{pool.Options{Production: true}, false},
		{pool.Options{Production: true, NestedIsError: true}, true},
	} {
		isError := tt.isError
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(tt.o))
		err := p.With(t.Context(), func(ctx context.Context, _ pool.Conn) error {
			return p.With(ctx, func(context.Context, pool.Conn) error { return nil })
		})
		if isError != errors.Is(err, pool.ErrNested) || !isError && err != nil {
			t.Errorf("Production %t, NestedIsError %t: %v", tt.o.Production, tt.o.NestedIsError, err)
		}
		if n := p.Stat().Nested; n != 1 {
			t.Errorf("%d nested acquires counted", n)
		}
		ctx := p.Scope(t.Context())
		for range 3 { // one after the other is not nested
			c, err := p.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			c.Release()
		}
		if n := p.Stat().Nested; n != 1 {
			t.Errorf("%d nested acquires counted after leases in turn", n)
		}
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var released, connected int
	refuse := errors.New("not this one")
	p := openPool(t, db.URL, pool.Options{
		Size: 1, MaxOverflow: -1,
		BeforeConnect: func(_ context.Context, config *pgx.ConnConfig) error {
			config.RuntimeParams["search_path"] = "from_hook"
			return nil
		},
		AfterConnect: func(ctx context.Context, conn *pgx.Conn) error {
			connected++
			_, err := conn.Exec(ctx, "set statement_timeout = '7s'")
			return err
		},
		OnRelease: func(context.Context, *pgx.Conn) error {
			if released++; released == 2 {
				return refuse
			}
			return nil
		},
	})
	look := func() (got string) {
		if err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
			return c.QueryRow(ctx, "select current_setting('search_path') || ' ' || current_setting('statement_timeout')").Scan(&got)
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := look(); got != "from_hook 7s" {
		t.Errorf("a new session: %s", got)
	}
	if got := look(); got != "from_hook 0" {
		t.Errorf("after a reset: %s", got)
	}
	if got := look(); got != "from_hook 7s" { // OnRelease refused the one before
		t.Errorf("after OnRelease failed: %s", got)
	}
	if s := p.Stat(); s.Closed.Reset != 1 || s.Opened != 2 || connected != 2 {
		t.Errorf("%+v", s)
	}
	for _, o := range []pool.Options{
		{BeforeConnect: func(context.Context, *pgx.ConnConfig) error { return refuse }},
		{AfterConnect: func(context.Context, *pgx.Conn) error { return refuse }},
	} {
		o.FailFast, o.Logger = true, quietLog()
		if _, err := pool.Open(t.Context(), db.URL, o); !errors.Is(err, refuse) {
			t.Errorf("a failing hook: %v", err)
		}
	}
	_, err := pool.Open(t.Context(), db.URL, pool.Options{FailFast: true, Logger: quietLog(), AfterConnect: func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "begin")
		return err
	}})
	if err == nil || !strings.Contains(err.Error(), "in a transaction") {
		t.Errorf("a hook that leaves a transaction: %v", err)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	events := make(chan string, 100)
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: -1, Trace: &pool.Trace{
		Acquired:      func(i pool.AcquiredInfo) { events <- fmt.Sprintf("acquired new=%v", i.New) },
		AcquireFailed: func(e *pool.AcquireError) { events <- "failed " + string(e.Reason) },
		Released:      func(pool.ReleasedInfo) { events <- "released" },
		Connected:     func(i pool.ConnectedInfo) { events <- fmt.Sprintf("connected %v", i.Err) },
		Closed:        func(i pool.ClosedInfo) { events <- "closed " + i.Reason.String() },
		StateChanged:  func(i pool.StateInfo) { events <- "state " + i.To.String() },
	}}))
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return len(events) == 2 }, func() any { return p.Stat() }) // the state is told after it holds
	for range 2 {
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrSaturated) {
			t.Fatal(err)
		}
		c.Release()
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(events)
	var got []string
	closes := 0
	for e := range events {
		if e == "closed shutdown" { // on a goroutine of its own, at any moment from the start of Close
			closes++
			continue
		}
		got = append(got, e)
	}
	if closes != 1 {
		t.Errorf("%d connections closed", closes)
	}
	want := "connected <nil>, state up, acquired new=true, failed saturated, released, acquired new=false, failed saturated, released, state closing, state closed"
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
}

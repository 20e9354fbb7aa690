package pool_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// patience is the bound of every wait in these tests that should end by an event.
const patience = 20 * time.Second

func openPool(tb testing.TB, url string, o pool.Options) *pool.Pool {
	tb.Helper()
	if o.Name == "" {
		o.Name = "test"
	}
	p, err := pool.Open(tb.Context(), url, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := p.Close(ctx); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return p
}

// warmUp makes the pool hold n idle connections.
func warmUp(tb testing.TB, p *pool.Pool, n int) {
	tb.Helper()
	ctx, stop := context.WithTimeout(tb.Context(), patience)
	defer stop()
	leases := make([]pool.Conn, n)
	for i := range leases {
		c, err := p.Acquire(ctx)
		for ctx.Err() == nil && (errors.Is(err, pool.ErrTimeout) || errors.Is(err, pool.ErrUnavailable)) {
			time.Sleep(10 * time.Millisecond) // the pool's limits may be shorter than a connect on a busy machine
			c, err = p.Acquire(ctx)
		}
		if err != nil {
			tb.Fatal(err)
		}
		leases[i] = c
		defer c.Release()
	}
	for _, c := range leases {
		c.Release()
	}
	eventually(tb, func() bool {
		s := p.Stat()
		return s.Idle >= n && s.Tending == 0
	}, func() any { return p.Stat() })
}

// selectOne makes one round trip as the compiled statements of an operation do: nothing stays behind.
func selectOne(ctx context.Context, p *pool.Pool) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return c.RawClean(func(conn *pgx.Conn) error {
		var n int
		return conn.QueryRow(ctx, "select 1").Scan(&n)
	})
}

// eventually waits for a condition that something else brings about.
func eventually(tb testing.TB, ok func() bool, describe func() any) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			tb.Fatalf("it did not happen within %v: %+v", patience, describe())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// together runs n functions at once and joins their errors.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

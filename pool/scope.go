package pool

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// scope counts the leases that one request holds.
type scope struct{ held atomic.Int32 }

type scopeKey struct{ p *Pool }

// Scope marks a request: an Acquire under the returned context while another lease of it is held is a nested acquire,
// which can deadlock a busy pool. It is counted, and refused with [ErrNested] in development or when Options.NestedIsError is
// set. A context that is marked already is returned as it is.
func (p *Pool) Scope(ctx context.Context) context.Context {
	if p.scopeOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, scopeKey{p}, &scope{})
}

func (p *Pool) scopeOf(ctx context.Context) *scope {
	sc, _ := ctx.Value(scopeKey{p}).(*scope)
	return sc
}

// With lends a connection for the duration of use, within a Scope. It is released when use returns or panics.
func (p *Pool) With(ctx context.Context, use func(context.Context, Conn) error) error {
	ctx = p.Scope(ctx)
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return use(ctx, c)
}

// Tx runs use in a transaction: committed when use returns nil, rolled back when it returns an error, panics, or ctx
// ends first. An error of use is returned as it is.
func (p *Pool) Tx(ctx context.Context, o pgx.TxOptions, use func(pgx.Tx) error) error {
	return p.With(ctx, func(ctx context.Context, c Conn) (err error) {
		t, err := c.BeginTx(ctx, o)
		if err != nil {
			return err
		}
		finished := false
		defer func() {
			if finished {
				return
			}
			// ctx may be what failed; the release would roll back as well, later.
			rollback, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
			defer stop()
			if rerr := t.Rollback(rollback); rerr != nil && err != nil && !errors.Is(rerr, pgx.ErrTxClosed) {
				err = errors.Join(err, rerr)
			}
		}()
		if err := use(t); err != nil {
			return err
		}
		finished = true
		return t.Commit(ctx)
	})
}

package pool_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// TestPanicInHooks: a hook that panics fails like one that gives an error, and ends neither the program nor the pool.
func TestPanicInHooks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"BeforeConnect", "AfterConnect", "OnRelease"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeServer()
			var broken atomic.Value
			broken.Store(name)
			boom := func(hook string) {
				if broken.Load() == hook {
					panic("boom")
				}
			}
			o := f.options(pool.Options{Size: 1, MaxOverflow: -1, Logger: quietLog()})
			o.BeforeConnect = func(_ context.Context, config *pgx.ConnConfig) error {
				config.DialFunc = f.dial
				boom("BeforeConnect")
				return nil
			}
			o.AfterConnect = func(context.Context, *pgx.Conn) error {
				boom("AfterConnect")
				return nil
			}
			o.OnRelease = func(context.Context, *pgx.Conn) error {
				boom("OnRelease")
				return nil
			}
			p := openPool(t, fakeURL, o)
			c, err := p.Acquire(t.Context())
			if name == "OnRelease" {
				c.Release()
				time.Sleep(10 * time.Millisecond)
				if s := p.Stat(); s.Closed.Reset != 1 {
					t.Errorf("%s: %+v", name, s.Closed)
				}
			} else if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "boom") {
				t.Errorf("%s: %v", name, err)
			}
			broken.Store("")
			time.Sleep(2 * time.Second)
			if c, err = p.Acquire(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			c.Release()
		})
	}
}

// TestPanicInAcquired: a trace function that panics in the borrower's goroutine does not keep the connection.
func TestPanicInAcquired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		var broken atomic.Bool
		broken.Store(true)
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 1, MaxOverflow: -1, Timeout: time.Second, Trace: &pool.Trace{
			Acquired: func(pool.AcquiredInfo) {
				if broken.Load() {
					panic("boom")
				}
			},
		}}))
		for range 3 { // the first one waits for the connect, the others do not wait
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic did not reach the caller")
					}
				}()
				_, _ = p.Acquire(t.Context())
			}()
		}
		broken.Store(false)
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
	})
}

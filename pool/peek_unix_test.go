//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package pool

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestLooksAtIdleConnections: a connection that was heard a moment ago is lent without a look at its socket, and one that was idle
// with a look.
func TestLooksAtIdleConnections(t *testing.T) {
	t.Parallel()
	p, err := Open(t.Context(), pgtest.New(t).URL, Options{Name: "looked at", Size: 1, MaxOverflow: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) }) // nothing is borrowed any more
	lease := func() Conn {
		t.Helper()
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	looks := 0
	c := lease()
	k := &c.s.wire.peeker
	look := k.look
	k.look = func(fd uintptr) {
		looks++
		look(fd)
	}
	c.Release()
	use := func() {
		t.Helper()
		c := lease()
		defer c.Release()
		if err := c.RawClean(func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), "select pg_sleep(0.0003)") // longer than a look holds
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	use()
	looks = 0
	const times = 200
	for range times {
		use()
	}
	if looks > times/2 { // the scheduler can be late now and then
		t.Errorf("%d looks for %d leases right after each other", looks, times)
	}
	looks = 0
	for range 10 {
		time.Sleep(2 * lookInterval) // idle for longer than the end of an answer holds
		use()
	}
	if looks != 10 {
		t.Errorf("%d looks for 10 leases after a pause", looks)
	}
}

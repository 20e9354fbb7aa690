package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

func TestDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		var states []string
		p := openPool(t, fakeURL, f.options(pool.Options{
			Size: 4, Timeout: time.Minute, Logger: quietLog(),
			Trace: &pool.Trace{StateChanged: func(i pool.StateInfo) { states = append(states, i.To.String()) }},
		}))
		warmUp(t, p, 2)
		f.down.Store(true)
		for _, pid := range f.pids() {
			f.kill(pid)
		}
		dials := f.dials.Load()
		start := time.Now()
		// These find dead connections, or wait for new ones until the pool has seen that there are none.
		for range 2 {
			c, err := p.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(t.Context(), "-- dead"); err == nil {
				t.Error("a killed session answered")
			}
			c.Release()
		}
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		for time.Since(start) < 10*time.Second {
			called := time.Now()
			_, err := p.Acquire(t.Context())
			var ae *pool.AcquireError
			if !errors.Is(err, pool.ErrUnavailable) || !errors.As(err, &ae) || ae.LastConnect == nil {
				t.Fatalf("while down: %v", err)
			}
			if time.Since(called) > 10*time.Millisecond {
				t.Fatalf("answered after %v", time.Since(called))
			}
			if err := p.Ready(t.Context()); !errors.Is(err, pool.ErrUnavailable) {
				t.Fatalf("ready while down: %v", err)
			}
			time.Sleep(7 * time.Millisecond)
		}
		if n := f.dials.Load() - dials; n > 18 {
			t.Errorf("%d connection attempts in 10 s", n)
		}
		f.down.Store(false)
		up := time.Now()
		for p.Ready(t.Context()) != nil {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(up); took > 1200*time.Millisecond {
			t.Errorf("back after %v", took)
		}
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Release()
		if got := strings.Join(states, " "); got != "up down up" {
			t.Errorf("states: %s", got)
		}
	})
}

func TestStartsWithoutServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.down.Store(true)
		p := openPool(t, fakeURL, f.options(pool.Options{Logger: quietLog()}))
		if err := p.Ready(t.Context()); !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("ready: %v", err)
		}
		time.Sleep(time.Minute)
		f.down.Store(false)
		time.Sleep(1200 * time.Millisecond)
		if err := p.Ready(t.Context()); err != nil {
			t.Errorf("it did not heal: %v", err)
		}
	})
}

func TestFailFast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.down.Store(true)
		_, err := pool.Open(t.Context(), fakeURL, f.options(pool.Options{FailFast: true, Logger: quietLog()}))
		if !errors.Is(err, pool.ErrUnavailable) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v", err)
		}
		f.down.Store(false)
		f.hang.Store(true)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := pool.Open(ctx, fakeURL, f.options(pool.Options{FailFast: true, Logger: quietLog()})); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("under a server that hangs: %v", err)
		}
		f.hang.Store(false)
		p := openPool(t, fakeURL, f.options(pool.Options{FailFast: true}))
		if s := p.Stat(); s.State != pool.StateUp {
			t.Errorf("open, but %v", s.State)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"28P01", "28000", "3D000"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFakeServer()
				f.code.Store(code)
				p := openPool(t, fakeURL, f.options(pool.Options{Logger: quietLog(), MaxConnecting: 1}))
				_, err := p.Acquire(t.Context())
				if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), code) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v", err)
				}
				time.Sleep(5 * time.Minute)
				if n := f.dials.Load(); n < 9 || n > 11 {
					t.Errorf("%d attempts in five minutes", n)
				}
				f.code.Store("")
				time.Sleep(31 * time.Second)
				if err := p.Ready(t.Context()); err != nil {
					t.Errorf("it did not heal: %v", err)
				}
			})
		})
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, MaxOverflow: 8, Timeout: time.Second}))
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.code.Store("53300")
		dials := f.dials.Load()
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrTimeout) || !strings.Contains(err.Error(), "53300") {
			t.Errorf("a second one: %v", err)
		}
		time.Sleep(20 * time.Second)
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrTimeout) {
			t.Errorf("a third one: %v", err)
		}
		if n := f.dials.Load() - dials; n > 2 {
			t.Errorf("%d attempts on a full server in 20 s", n)
		}
		if err := p.Ready(t.Context()); err != nil {
			t.Errorf("it serves, but: %v", err)
		}
		f.code.Store("")
		time.Sleep(15 * time.Second)
		second, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatalf("after the server had room again: %v", err)
		}
		second.Release()
		c.Release()
	})
}

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.hang.Store(true)
		p := openPool(t, fakeURL, f.options(pool.Options{ConnectTimeout: 2 * time.Second, Logger: quietLog(), MaxConnecting: 3}))
		start := time.Now()
		_, err := p.Acquire(t.Context())
		if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), "ConnectTimeout of 2s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// TestLastConnectionLostWhileRefused: new connects are refused for long while old connections still serve. When the
// last of these goes, nobody waits for the next attempt.
func TestLastConnectionLostWhileRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		p := openPool(t, fakeURL, f.options(pool.Options{Size: 2, MaxOverflow: -1, Logger: quietLog()}))
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Release() // in order: the refusal that follows does not mean that the server is down
		if c, err = p.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.code.Store("28P01")
		second := make(chan error, 1)
		go func() {
			_, err := p.Acquire(t.Context())
			second <- err
		}()
		time.Sleep(time.Second)
		if s := p.Stat(); s.State != pool.StateUp || s.Waiting != 1 || s.ConnectFailures == 0 {
			t.Fatalf("%+v", s)
		}
		pid, _ := pidOf(c)
		f.kill(pid)
		_ = c.RawClean(func(conn *pgx.Conn) error { return conn.Ping(t.Context()) })
		start := time.Now()
		c.Release()
		if err := <-second; !errors.Is(err, pool.ErrUnavailable) || time.Since(start) > 2*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		f.code.Store("")
		time.Sleep(31 * time.Second)
		if err := p.Ready(t.Context()); err != nil {
			t.Errorf("it did not heal: %v", err)
		}
	})
}

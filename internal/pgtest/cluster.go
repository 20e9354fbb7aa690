package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// ServerOptions says what a server of a test's own is like.
type ServerOptions struct {
	// Settings are server settings (postgresql.conf), such as max_connections.
	Settings map[string]string

	// SQL runs once in its database postgres.
	SQL []string
}

// StopMode says how Cluster.Stop ends the server.
type StopMode int

// How a server is stopped: Fast ends the sessions in order (57P01) and writes a checkpoint; Immediate breaks them off,
// and the next start recovers.
const (
	Fast StopMode = iota
	Immediate
)

// Cluster is a server that one test owns alone and may stop, kill and freeze. Its address stays the same over all of
// that. A fault in a method marks the test as failed, from whichever goroutine it is called. A commit that was
// confirmed survives Kill and an immediate Stop, as on a real server; only the end of the machine would lose it.
type Cluster struct {
	URL string // of the database postgres, for the superuser

	t       testing.TB
	options devpg.Options

	mu     sync.Mutex // one change of state at a time; guards server and paused
	server *devpg.Server
	paused []int // stopped by SIGSTOP
}

// Server starts a server for this test, and ends it and removes its data when the test ends.
func Server(t testing.TB, o ServerOptions) *Cluster {
	t.Helper()
	programs, err := devpg.Find(os.Environ())
	if err != nil {
		missing(t, err)
	}
	dir, err := devpg.TempDir()
	if err != nil {
		missing(t, err)
	}
	settings := map[string]string{"synchronous_commit": "on"} // else a kill loses the last commits
	for name, value := range o.Settings {
		settings[name] = value
	}
	c := &Cluster{t: t, options: devpg.Options{
		Programs: programs, Dir: dir, Ephemeral: true, Settings: settings, Logger: quiet(),
	}}
	t.Cleanup(c.remove)
	if err := c.start(); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	c.URL = c.server.URL("postgres")
	c.options.Port = c.server.Port()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if len(o.SQL) > 0 {
		if err := runSQL(ctx, c.URL, o.SQL); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	return c
}

func (c *Cluster) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	server, err := devpg.Start(ctx, c.options)
	if err != nil {
		return err
	}
	c.server = server
	return nil
}

// Conn opens a connection for the superuser, closed when the test ends.
func (c *Cluster) Conn(t testing.TB) *pgx.Conn {
	t.Helper()
	return connect(t, c.URL)
}

// Stop stops the server and returns when it has ended. A paused one is resumed first.
func (c *Cluster) Stop(mode StopMode) {
	c.t.Helper()
	c.change("stop", func() error {
		if c.server == nil {
			return errors.New("it is stopped already")
		}
		if err := c.resume(); err != nil {
			return err
		}
		signal := os.Signal(sigFast)
		if mode == Immediate {
			signal = sigImmediate
		}
		if err := c.server.Signal(signal); err != nil {
			return err
		}
		return c.ended()
	})
}

// Kill ends every process of the server by SIGKILL, as a crash of the machine would.
func (c *Cluster) Kill() {
	c.t.Helper()
	c.change("kill", func() error {
		if c.server == nil {
			return errors.New("it is stopped already")
		}
		// The postmaster is held still first, so that it neither starts nor tidies up anything meanwhile.
		if err := c.pause(); err != nil {
			return err
		}
		for _, pid := range c.paused {
			if err := kill(pid); err != nil {
				return err
			}
		}
		c.paused = nil
		return c.ended()
	})
}

// Pause holds every process of the server (SIGSTOP): connections stay open and nothing answers. New connections are
// accepted by the kernel, and hang.
func (c *Cluster) Pause() {
	c.t.Helper()
	c.change("pause", func() error {
		switch {
		case c.server == nil:
			return errors.New("it is stopped")
		case c.paused != nil:
			return errors.New("it is paused already")
		}
		return c.pause()
	})
}

// Resume lets a paused server go on. On one that is not paused it does nothing.
func (c *Cluster) Resume() {
	c.t.Helper()
	c.change("resume", c.resume)
}

// Restart starts the server on the same port with the same data, and stops it first (Fast) when it runs. It returns
// when the server accepts connections.
func (c *Cluster) Restart() {
	c.t.Helper()
	c.mu.Lock()
	running := c.server != nil
	c.mu.Unlock()
	if running {
		c.Stop(Fast)
	}
	c.change("start", func() error {
		if c.server != nil {
			return errors.New("it runs already")
		}
		return c.start()
	})
}

func (c *Cluster) change(what string, do func() error) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := do(); err != nil {
		c.t.Errorf("pgtest: %s the server: %v", what, err)
	}
}

// ended waits for the process and gives its folder back.
func (c *Cluster) ended() error {
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	var err error
	select {
	case <-c.server.Done():
	case <-ctx.Done():
		err = fmt.Errorf("it does not end in %v", stepTimeout)
	}
	err = errors.Join(err, c.server.Stop(ctx))
	c.server = nil
	return err
}

// pause stops the postmaster, then its children, until there are no new ones.
func (c *Cluster) pause() error {
	c.paused = append(c.paused, c.server.PID())
	if err := hold(c.server.PID()); err != nil {
		return err
	}
	seen := make(map[int]bool)
	for fresh := true; fresh; {
		fresh = false
		pids, err := children(c.server.PID())
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if seen[pid] {
				continue
			}
			seen[pid], fresh = true, true
			c.paused = append(c.paused, pid)
			if err := hold(pid); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume lets the children go on before the postmaster.
func (c *Cluster) resume() error {
	for i := len(c.paused) - 1; i >= 0; i-- {
		if err := release(c.paused[i]); err != nil {
			return err
		}
	}
	c.paused = nil
	return nil
}

func (c *Cluster) remove() {
	c.change("remove", func() error {
		var err error
		if c.server != nil {
			ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
			defer cancel()
			err = errors.Join(c.resume(), c.server.Stop(ctx))
			c.server = nil
		}
		return errors.Join(err, os.RemoveAll(c.options.Dir))
	})
}

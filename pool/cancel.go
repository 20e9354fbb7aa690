package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// cancelGrace is how long a query may take to end after its context did, before its connection is given up.
	cancelGrace = time.Second
	// cancelRepeat is the pause before a request is repeated, doubling.
	cancelRepeat = 10 * time.Millisecond
)

// canceller ends a running query when its context ends, by a cancel request, so that the connection survives.
//
// A request that overtakes its query finds the backend idle, and is ignored; so it is repeated until the query ends. And
// no request may hit a later query: pgx returns to its caller only after HandleUnwatchAfterCancel, which waits for the
// end of the request under way. The server closes the connection of a request after it has signalled the backend, and a
// backend that finds the signal before it reads the next query ignores it. A request whose end is not seen may arrive at
// any time: then the connection runs nothing more (flagHaunted), and is closed when it comes back.
type canceller struct {
	pool *Pool
	slot *slot
	pg   *pgconn.PgConn

	ended chan struct{} // closed when the query has ended
	quit  chan struct{} // closed when no request is under way any more
}

// HandleCancel is called by pgx when the context of a running query ends.
func (c *canceller) HandleCancel(cause context.Context) {
	deadline := time.Now().Add(cancelGrace)
	c.slot.flag(flagCancelled)
	c.slot.ended.Store(&cause)
	_ = c.pg.Conn().SetDeadline(deadline) // if it fails, so does the read that it was meant for
	c.ended, c.quit = make(chan struct{}), make(chan struct{})
	if !c.start(deadline) {
		close(c.quit)
	}
}

// start sends the requests on a goroutine of the pool, unless the connection is being closed or is gone: that ends the
// query as well. A borrower who leaves rows open never comes to HandleUnwatchAfterCancel, and so nobody but the pool may
// wait for this goroutine.
func (c *canceller) start(deadline time.Time) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.slot.state == slotClosing || c.slot.state == slotGone {
		return false
	}
	c.pool.goroutines.Go(func() {
		defer close(c.quit)
		ctx, stop := context.WithDeadline(c.pool.base, deadline)
		defer stop()
		for pause := cancelRepeat; ctx.Err() == nil; pause *= 2 {
			c.pool.meters.cancels.Add(1)
			_ = c.pg.CancelRequest(ctx) // if it does not arrive, the deadline ends the query and the connection
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-c.ended:
			case <-ctx.Done():
			}
			timer.Stop()
			select {
			case <-c.ended:
				return
			default:
			}
		}
	})
	return true
}

// watch is the canceller of somebody who speaks the protocol without pgx. Only the holder of the lease uses it.
type watch struct {
	canceller
	ctx   context.Context // nil: nothing is watched
	stop  func() bool
	begin func()
	begun chan struct{}
}

func (w *watch) init(p *Pool, s *slot, pg *pgconn.PgConn) {
	w.canceller = canceller{pool: p, slot: s, pg: pg}
	w.begun = make(chan struct{})
	w.begin = func() {
		w.HandleCancel(w.ctx)
		w.begun <- struct{}{}
	}
}

// CancelWith has what runs on the connection be cancelled when ctx ends, until the function that was given to Raw or RawClean
// returns. It is for functions that speak the protocol themselves: pgx's own methods watch their context without it. Such a
// function reads each answer to its end before it returns, also that of a cancelled query.
func (c Conn) CancelWith(ctx context.Context) {
	if !c.live() || ctx.Done() == nil || c.s.watch.ctx != nil {
		return
	}
	w := &c.s.watch
	w.ctx = ctx
	w.stop = context.AfterFunc(ctx, w.begin)
}

// end waits for a request under way.
func (w *watch) end() {
	if w.ctx == nil {
		return
	}
	if !w.stop() {
		<-w.begun
		w.HandleUnwatchAfterCancel()
	}
	w.ctx, w.stop = nil, nil
}

// errand is the connection of a cancel request. The server ends it when the request has taken effect; any other end leaves
// that open.
type errand struct {
	net.Conn
	slot *slot
}

func (e *errand) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		e.slot.flag(flagHaunted)
	}
	return n, err
}

// errHaunted matches a lost connection, which this one is for its borrower.
var errHaunted = fmt.Errorf("a cancel request on this connection got no answer and may still arrive: release it, and acquire another: %w", io.ErrUnexpectedEOF)

// HandleUnwatchAfterCancel is called by pgx when such a query has ended.
func (c *canceller) HandleUnwatchAfterCancel() {
	close(c.ended)
	<-c.quit
	_ = c.pg.Conn().SetDeadline(time.Time{})
}

package pool

import (
	"context"
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
// backend that finds the signal before it reads the next query ignores it.
type canceller struct {
	pool *Pool
	slot *slot
	pg   *pgconn.PgConn

	ended chan struct{} // closed when the query has ended
	quit  chan struct{} // closed when no request is under way any more
}

// HandleCancel is called by pgx when the context of a running query ends.
func (c *canceller) HandleCancel(context.Context) {
	deadline := time.Now().Add(cancelGrace)
	c.slot.flag(flagCancelled)
	_ = c.pg.Conn().SetDeadline(deadline) // if it fails, so does the read that it was meant for
	c.ended, c.quit = make(chan struct{}), make(chan struct{})
	go func() {
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
	}()
}

// HandleUnwatchAfterCancel is called by pgx when such a query has ended.
func (c *canceller) HandleUnwatchAfterCancel() {
	close(c.ended)
	<-c.quit
	_ = c.pg.Conn().SetDeadline(time.Time{})
}

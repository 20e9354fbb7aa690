package pool

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// discard starts to close a connection. Its place under the ceiling is free when the server has let go of it. The
// caller owns s; p.mu is held.
func (p *Pool) discard(s *slot, reason CloseReason, now instant) {
	p.startClosing(s, reason, now, func() { p.hangUp(s) })
}

func (p *Pool) startClosing(s *slot, reason CloseReason, now instant, hangUp func()) {
	if s.state == slotIdle {
		p.idle.remove(s)
	}
	p.setState(s, slotClosing)
	if s.retiring {
		p.retiring--
	}
	p.meters.closed[reason].Add(1)
	p.goroutines.Go(func() {
		if f := p.trace.Closed; f != nil {
			p.tell("Closed", func() { f(ClosedInfo{Reason: reason, Age: now.since(s.created)}) })
		}
		hangUp()
		now := p.now()
		p.lock()
		defer p.unlock()
		p.dropSlot(s)
		p.dispatch(now)
		if p.state == StateDown {
			p.wakeAt(p.nextConnect) // the probe may have found no place
		}
	})
}

func (p *Pool) hangUp(s *slot) { p.hangUpConn(s.pg) }

// hangUpConn ends a connection that nobody else uses and waits, at most CloseGrace, until the server has ended it too.
func (p *Pool) hangUpConn(pg *pgconn.PgConn) {
	grace := max(p.o.CloseGrace, 0)
	if pg.IsClosed() {
		// pgx closes it already, on a goroutine of its own that also cancels what runs.
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-pg.CleanupDone():
		case <-timer.C:
		}
		_ = pg.Conn().Close()
		return
	}
	if pg.IsBusy() {
		p.cutOff(pg)
		return
	}
	hijacked, err := pg.Hijack()
	if err != nil {
		_ = pg.Conn().Close()
		return
	}
	conn := hijacked.Conn
	defer conn.Close()
	terminate(conn, grace)
}

// terminate says goodbye and reads until the server closes. Errors mean that there is nobody to say it to.
func terminate(conn io.ReadWriter, grace time.Duration) {
	if d, ok := conn.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Now().Add(max(grace, time.Millisecond)))
	}
	if _, err := conn.Write([]byte{'X', 0, 0, 0, 4}); err == nil && grace > 0 {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// cutOff ends a connection on which a query may be running, in the hands of somebody else: it uses nothing of pgx but
// what is safe then.
func (p *Pool) cutOff(pg *pgconn.PgConn) {
	grace := max(p.o.CloseGrace, time.Millisecond)
	ctx, stop := context.WithTimeout(context.WithoutCancel(p.base), grace)
	defer stop()
	conn := pg.Conn()
	defer conn.Close()
	// The one who runs the query may still move the deadlines, so they do not bound this.
	timer := time.AfterFunc(grace, func() { _ = conn.Close() })
	defer timer.Stop()
	_ = pg.CancelRequest(ctx) // the backend would go on until it next writes to the socket
	terminate(conn, grace)
}

// Close ends the pool: callers that wait fail at once with [ErrClosed], new ones as well, idle connections are closed,
// and leases may finish until ctx ends; then their queries are cancelled and their connections cut, and Close returns
// an error that matches that of ctx. It may be called again and at the same time, each call waiting under its own ctx.
func (p *Pool) Close(ctx context.Context) error {
	now := p.now()
	p.lock()
	if !p.closing {
		p.closing = true
		p.setPoolState(StateClosing, nil)
		p.stopConnecting()
		for p.queue.head != nil {
			p.fail(p.queue.head, ReasonClosed)
		}
		for p.idle.head != nil {
			p.discard(p.idle.head, CloseShutdown, now)
		}
		if len(p.slots) == 0 {
			close(p.emptied)
		}
		go p.finish()
	}
	p.unlock()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-p.done:
		return nil
	default:
	}
	cut := p.cut()
	return fmt.Errorf("pool %s: close: %d leases cut off: %w", p.o.Name, cut, contextError(ctx))
}

// finish waits for everything that the pool started, and says so through done.
func (p *Pool) finish() {
	<-p.emptied
	p.stopBase()
	p.goroutines.Wait()
	p.lock()
	p.setPoolState(StateClosed, nil)
	p.unlock()
	close(p.done)
}

// cut takes every lease from its holder and ends its connection.
func (p *Pool) cut() int {
	now := p.now()
	p.lock()
	defer p.unlock()
	p.stopBase() // ends pings and resets
	n := 0
	for _, s := range p.slots {
		if s.state != slotLeased {
			continue
		}
		gen := s.lease.Load()
		if gen&1 == 0 || !s.lease.CompareAndSwap(gen, gen+1) {
			continue // it is being released
		}
		n++
		p.startClosing(s, CloseCut, now, func() { p.cutOff(s.pg) })
	}
	return n
}

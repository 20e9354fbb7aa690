package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

const (
	growthRecheck = 5 * time.Millisecond  // how often a queue that did not justify a connection is looked at again
	shortUse      = 10 * time.Millisecond // above it a lease is not mostly processor time, however long connects take
	leastWorth    = 25 * time.Millisecond
	mostWorth     = 250 * time.Millisecond
)

// dispatch serves the queue from the idle connections, then opens new ones if that is worth its while. Everything that
// changes the queue or the idle list ends here. p.mu is held.
func (p *Pool) dispatch(now instant) {
	p.noteLoss()
	for p.queue.head != nil && p.idle.head != nil {
		s := p.idle.head
		if p.tooOld(s, now) {
			p.discard(s, CloseRecycled, now)
			continue
		}
		if p.stale(s, now) {
			if p.n[slotTending] >= p.queue.n {
				break
			}
			p.tend(s, taskValidate)
			continue
		}
		w := p.queue.head
		p.queue.remove(w)
		w.gen = p.lend(s, now, w.scope)
		w.slot, w.lentAt = s, now
		p.served(now.since(w.since), now)
		p.signal(w)
	}
	if p.state == StateDown && p.idle.head == nil && p.n[slotTending] == 0 {
		for p.queue.head != nil {
			p.fail(p.queue.head, ReasonUnavailable)
		}
	}
	p.grow(now)
	p.shed(now)
}

// grow starts connects: up to the warm size always, beyond it by need, at most MaxConnecting at a time. p.mu is held.
func (p *Pool) grow(now instant) {
	for !p.closing && p.n[slotConnecting] < p.o.MaxConnecting && len(p.slots) < p.roof(now) && p.needsMore(now) {
		if !p.mayConnect(now) {
			if now < p.nextConnect {
				p.wakeAt(p.nextConnect)
			} // else one is under way, and its end comes back here
			return
		}
		p.startConnect(false)
	}
}

// roof is the ceiling, or what is left of it for a while after the server had no connection to spare. p.mu is held.
func (p *Pool) roof(now instant) int {
	if p.lowered > 0 && now < p.loweredUntil {
		return min(p.ceiling, p.lowered)
	}
	return p.ceiling
}

// needsMore decides whether one more connection is worth opening. p.mu is held.
//
// A connect costs the server milliseconds of CPU, which a short query would rather have. So a queue alone is no reason:
// it must move slowly, so that the next caller waits longer than a connect takes, or be long:
//
//   - where leases are long, its last caller must wait several times as long as a connect takes.
//   - where they are short, shorter than a connect, it is mostly the processors that are busy: more connections then make all uses longer, and
//     the queue moves no faster. One more must promise to bring its last caller forward by more than two connects, a
//     promise that shrinks with the number of those that are there, so that growth ends soon.
//
// How fast it moves is the average use time over the connections in use and those that are on their way; unless nothing
// has come back for longer than a look takes: then it is the time since.
func (p *Pool) needsMore(now instant) bool {
	serving := p.n[slotLeased] + p.n[slotTending]
	coming := p.n[slotConnecting]
	if p.open()+coming < p.warm {
		return true
	}
	if p.wanted > 0 {
		p.wanted--
		return true
	}
	if p.queue.n <= coming+p.n[slotTending] {
		return false
	}
	if serving == 0 {
		return true
	}
	still := max(p.lastReturn, p.queue.head.since)
	busy := time.Duration(serving + coming)
	interval := p.useAvg / busy
	if stall := now.since(still); stall >= growthRecheck {
		interval = max(interval, stall)
	}
	worth, last := max(p.createAvg, growthRecheck), time.Duration(p.queue.n)*interval
	switch {
	case interval >= worth:
		return true
	case p.useAvg < min(p.createAvg, shortUse):
		if last/(busy+1) >= min(2*worth, mostWorth) {
			return true
		}
	case last >= min(max(4*p.createAvg, leastWorth), mostWorth):
		return true
	}
	p.wakeAt(now.after(growthRecheck))
	return false
}

// missed notes that a caller left unserved: one that is less patient than a connect takes would never see it happen, so
// one is opened for those who come after it. p.mu is held.
func (p *Pool) missed(now instant) {
	if p.n[slotConnecting] == 0 && len(p.slots) < p.roof(now) {
		p.wanted = 1
	}
}

func average(old, sample time.Duration) time.Duration {
	if old == 0 {
		return sample
	}
	return old + (sample-old)/8
}

// startConnect takes a place under the ceiling and connects on a goroutine of its own: a connect goes on when the
// caller who was the reason for it has left. p.mu is held.
func (p *Pool) startConnect(replaces bool) {
	s := p.addSlot()
	s.replaces = replaces
	p.goroutines.Go(func() { p.connect(s) })
}

func (p *Pool) connect(s *slot) {
	start := p.now()
	ctx, stop := context.WithTimeoutCause(p.connects, p.o.ConnectTimeout,
		fmt.Errorf("no connection within the ConnectTimeout of %v", p.o.ConnectTimeout))
	conn, err := p.dial(ctx, s)
	stop()
	took := p.now().since(start)
	if f := p.trace.Connected; f != nil {
		p.tell("Connected", func() { f(ConnectedInfo{Took: took, Err: err}) })
	}
	now := p.now()
	p.lock()
	defer p.unlock()
	if s.replaces {
		p.replacing = false
		p.nextReplace = now.after(p.replaceGap())
		p.wakeAt(p.nextReplace)
	}
	if err != nil {
		p.connectFailed(s, err, now)
		return
	}
	s.conn, s.pg = conn, conn.PgConn()
	s.watch.init(p, s, s.pg)
	s.created, s.limit = now, endOfTime
	if age := p.o.Recycle; age > 0 {
		limit := age - time.Duration(rand.Float64()*float64(age)/10)
		s.limit, s.due = now.after(limit), now.after(limit-age/10)
		p.wakeAt(s.due)
	}
	p.meters.opened.Add(1)
	p.meters.create.add(took)
	p.createAvg = average(p.createAvg, took)
	p.connected()
	p.makeAvailable(s, now)
	if s.replaces {
		p.retireDue(now)
	}
	p.grow(now) // this one may have been in the way of the next: MaxConnecting
}

// dial connects, a second time when it meets a pooler for which the connection was not made.
func (p *Pool) dial(ctx context.Context, s *slot) (*pgx.Conn, error) {
	pooled := p.behindPooler()
	conn, err := p.dialOnce(ctx, s, pooled)
	if !pooled && (refusedSettings(err) || err == nil && sharedSession(ctx, conn)) {
		if err == nil {
			p.hangUpConn(conn.PgConn())
		}
		p.notePooler()
		pooled = true
		conn, err = p.dialOnce(ctx, s, pooled)
	}
	if err != nil {
		return nil, err
	}
	s.travelling, s.named = p.travelling, p.named(pooled)
	if pooled {
		s.travelling = p.pooledSettings
	}
	p.readServerLimit(ctx, conn)
	if s.pg = conn.PgConn(); s.named && !pooled {
		_ = s.setLandmark(ctx) // a server that knows no PREPARE has nothing to lose
	}
	if f := p.o.AfterConnect; f != nil {
		if err := p.hook("AfterConnect", func() error { return f(ctx, conn) }); err != nil {
			p.hangUpConn(conn.PgConn())
			return nil, connectFailure(ctx, fmt.Errorf("hook AfterConnect: %w", err), conn.Config().Password)
		}
	}
	if pg := conn.PgConn(); pg.IsClosed() || pg.IsBusy() || pg.TxStatus() != 'I' {
		p.hangUpConn(pg)
		err := errors.New("hook AfterConnect left the connection closed, busy or in a transaction: finish what it begins")
		if p.o.AfterConnect == nil {
			err = errors.New("the server ended the connection as soon as it was made")
		}
		return nil, connectFailure(ctx, err, conn.Config().Password)
	}
	return conn, nil
}

// connectFailure is the error of an attempt, with the reason of its context when that ended it.
func connectFailure(ctx context.Context, err error, password string) error {
	if cause := context.Cause(ctx); ctx.Err() != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return newConnectError(err, password)
}

// dialOnce connects to what is expected to stand there.
func (p *Pool) dialOnce(ctx context.Context, s *slot, pooled bool) (*pgx.Conn, error) {
	config := p.config.Copy()
	p.adapt(config, pooled)
	if f := p.o.BeforeConnect; f != nil {
		if err := p.hook("BeforeConnect", func() error { return f(ctx, config) }); err != nil {
			return nil, newConnectError(fmt.Errorf("hook BeforeConnect: %w", err), config.Password)
		}
	}
	dial, done := config.DialFunc, false
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if done {
			return &errand{Conn: conn, slot: s}, nil
		}
		s.wire = newWire(conn, p)
		return s.wire, nil
	}
	onError := config.OnPgError
	config.OnPgError = func(pg *pgconn.PgConn, e *pgconn.PgError) bool {
		switch e.Code {
		case codeAdminShutdown, codeCrashShutdown, codeDatabaseDropped:
			s.flag(flagSevered)
		case codeReadOnly:
			s.flag(flagReadOnly)
		}
		return onError == nil || onError(pg, e)
	}
	config.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &canceller{pool: p, slot: s, pg: pg}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, connectFailure(ctx, err, config.Password)
	}
	done = true
	s.wire.established.Store(true)
	return conn, nil
}

package pool

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pool lends connections to one database. It is safe for concurrent use. Make one with Open and end it with Close.
//
// What every lease writes comes first, on three cache lines: where several cores lend, to get a line from another one costs as
// much as all that is done with it. What guards what is said at mu.
type Pool struct {
	mu     sync.Mutex // see below
	queue  queue
	gauges gauges // written under mu, read without

	n    [slotStates]int
	idle idleList

	signals, lastSignal *waiter       // left the queue and are told when the lock is given back; linked by next
	useAvg              time.Duration // moving average of the use time of a lease
	lastReturn          instant
	lastLend            instant
	_                   [3 * 8]byte

	o      Options // with defaults; never changed
	config *pgx.ConnConfig
	// travelling are the settings that transactions must bring along because sessions do not have them, pooledSettings
	// those when a pooler shares the sessions; never changed.
	travelling, pooledSettings []Setting
	log                        *slog.Logger
	trace                      *Trace
	started                    time.Time

	// base ends when what is left must stop now: at the end of Close, or when its context ends. connects ends when
	// Close begins.
	base           context.Context
	stopBase       context.CancelFunc
	connects       context.Context
	stopConnecting context.CancelFunc

	goroutines sync.WaitGroup // every goroutine of the pool, but the one that waits for them
	wake       chan struct{}  // capacity 1: the keeper looks again
	emptied    chan struct{}  // closed when the pool is closing and no slot is left
	done       chan struct{}  // closed when nothing is left of the pool

	spareWaiters sync.Pool
	meters       meters

	// mu guards the fields above o, those below, and those of slot and waiter that say so. It guards memory, never I/O:
	// nothing that can block happens while it is held.
	//
	// Invariants whenever it is free:
	//   - len(slots) = sum of n = connecting + idle + leased + tending + closing ≤ ceiling (rule 1; a Resize downwards
	//     is reached as leases return)
	//   - a caller waits only while no idle connection is fit to be lent: either none is idle, or for each waiter one
	//     is being pinged
	//   - idle holds exactly the slots in state slotIdle
	//   - an idle connection has an even lease number, and nobody else touches it
	slots        []*slot
	spareTallies []*tally // of slots that are gone

	warm, size, ceiling int
	state               State
	closing             bool
	pooled              bool          // a pooler was noticed (pooler.go)
	changed             chan struct{} // closed and replaced when state changes
	notes               []func()      // logs and traces, run without the lock, in order, by one at a time
	noting              bool          // somebody runs them

	epoch uint64 // grows when a connection was lost to the server: every older one is suspect

	// growth (connect.go)
	wanted    int           // connections to open although nobody waits
	createAvg time.Duration // moving average of the time to connect

	shedding shedding // shed.go

	// failing connects (down.go)
	connectFails int   // in a row
	lastConnect  error // of the last failed attempt since the last success
	refused      bool  // the last failure will not go away by itself soon: password, missing database
	healthy      bool  // a lease came back healthy since the last failure
	nextConnect  instant
	lowered      int // a lower ceiling after 53300; 0: none
	loweredUntil instant

	// the connection budget (budget.go)
	server      Budget // the server's side, once budgetRead
	budgetRead  bool
	budgetEpoch uint64  // epoch when it was read
	budgetAsked instant // when somebody last set out to read it
	budgetTold  verdict // the last one, so that each is logged once

	// recycling (recycle.go)
	replacing   bool // a replacement is being connected
	retiring    int  // open slots that will be closed when they come back
	nextReplace instant

	nextWake instant // when the keeper looks again at the latest
}

// Open makes a pool for the database and starts to connect. It does not wait for the database: when that is absent the
// pool is down, answers [ErrUnavailable] and heals by itself, unless Options.FailFast is set. A malformed URL and bad
// options are errors. The values of ctx, not its end, reach the hooks; under FailFast its end also ends the wait.
//
// The URL is a libpq URL or its key=value form. Every connection pins DateStyle, IntervalStyle, TimeZone (UTC),
// bytea_output, extra_float_digits, client_encoding and jit (off).
func Open(ctx context.Context, databaseURL string, o Options) (*Pool, error) {
	limits, err := o.Resolve()
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	config, direct, err := parseURL(databaseURL, o)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		o: o, config: config, travelling: direct, pooledSettings: append(direct, travelling(config)...), log: o.Logger.With("pool", o.Name), trace: o.Trace, started: time.Now().Add(-1),
		wake: make(chan struct{}, 1), emptied: make(chan struct{}), done: make(chan struct{}),
		warm: limits.MinSize, size: limits.Size, ceiling: limits.MaxSize, changed: make(chan struct{}),
	}
	p.base, p.stopBase = context.WithCancel(context.WithoutCancel(ctx))
	p.connects, p.stopConnecting = context.WithCancel(p.base)
	p.lock()
	p.publishLevels()
	p.grow(p.now())
	p.unlock()
	p.goroutines.Go(p.keep)
	if !o.FailFast {
		return p, nil
	}
	if err := p.Ready(ctx); err != nil {
		_ = p.Close(context.WithoutCancel(ctx)) // nothing is leased, so it ends by itself
		return nil, err
	}
	return p, nil
}

// Ready reports whether the pool can serve: nil once a connection was made and while the database is reachable; before
// that it waits for the first attempt or for ctx. The error says why not. It also reports a ceiling above the number of
// connections that the server has, and under Options.StrictBudget a [Budget] that does not fit.
func (p *Pool) Ready(ctx context.Context) error {
	start := p.now()
	for {
		p.lock()
		state, changed, failed, over, last := p.state, p.changed, p.connectFails > 0, p.overBudget(), p.lastConnect
		p.mu.Unlock()
		switch {
		case state == StateUp:
			if over == nil {
				return nil
			}
			p.readBudgetAgain(ctx)
			p.lock()
			defer p.mu.Unlock()
			return p.overBudget()
		case state == StateDown, state == StateConnecting && failed:
			err := p.acquireError(ReasonUnavailable, start, 0, nil)
			err.blame(last)
			return err
		case state >= StateClosing:
			return p.acquireError(ReasonClosed, start, 0, nil)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return p.acquireError(ReasonCanceled, start, 0, contextError(ctx))
		}
	}
}

// Resize changes the size and the overflow, both taken literally: size at least 1, maxOverflow 0 or less for none. Idle
// connections above the new ceiling are closed now, leased ones when they come back; nobody loses a place in the queue.
func (p *Pool) Resize(size, maxOverflow int) error {
	if size < 1 {
		return fmt.Errorf("pool: the size is %d, and a pool needs at least 1 connection: give 1 or more", size)
	}
	o := Options{Size: size, MaxOverflow: maxOverflow}
	if maxOverflow <= 0 {
		o.MaxOverflow = -1
	}
	limits, err := o.Resolve()
	if err != nil {
		return err
	}
	now := p.now()
	p.lock()
	if p.closing {
		p.mu.Unlock()
		return p.acquireError(ReasonClosed, now, 0, nil)
	}
	defer p.unlock()
	p.warm, p.size, p.ceiling = limits.MinSize, limits.Size, limits.MaxSize
	p.publishLevels()
	p.tellBudget()
	for p.surplus() > 0 && p.idle.tail != nil {
		p.discard(p.idle.tail, CloseResized, now)
	}
	p.dispatch(now)
	p.wakeAt(now)
	return nil
}

// surplus is by how many connections the pool is above its ceiling, those on their way out not counted. p.mu is held.
func (p *Pool) surplus() int { return len(p.slots) - p.n[slotClosing] - p.ceiling }

// lock takes p.mu. What is done while it is held takes less time than to park a goroutine and wake it, so whoever finds it
// taken tries again for a moment. A sync.Mutex would do so only while no other goroutine could run instead.
func (p *Pool) lock() {
	for range 300 {
		if p.mu.TryLock() {
			return
		}
	}
	p.mu.Lock()
}

// note has f run after the lock is given back. p.mu is held.
func (p *Pool) note(f func()) { p.notes = append(p.notes, f) }

// unlock publishes the gauges, gives p.mu back, tells the callers whose wait is over and runs what was noted while it was
// held, unless somebody runs notes already, who will run these as well.
func (p *Pool) unlock() {
	p.publish()
	signals := p.signals
	p.signals = nil
	if len(p.notes) > 0 && !p.noting {
		p.sendSignals(signals)
		p.runNotes()
		return
	}
	p.mu.Unlock()
	p.sendSignals(signals)
}

// runNotes gives p.mu back when all notes have run. One that ends its goroutine leaves the others to the next unlock.
func (p *Pool) runNotes() {
	p.noting = true
	defer func() {
		p.noting = false
		p.mu.Unlock()
	}()
	for len(p.notes) > 0 {
		f := p.notes[0]
		p.notes = p.notes[1:]
		p.unlocked(f)
	}
	p.notes = nil
}

// unlocked runs f without p.mu, which is held before and afterwards.
func (p *Pool) unlocked(f func()) {
	p.mu.Unlock()
	defer p.lock()
	f()
}

// setPoolState changes the state and tells everybody. p.mu is held.
func (p *Pool) setPoolState(to State, err error) {
	from := p.state
	if from == to {
		return
	}
	p.state = to
	p.publishLevels()
	p.signalChange()
	p.note(func() {
		switch {
		case to == StateDown:
			p.log.Warn("database unavailable", "error", err)
		case to == StateUp && from == StateDown:
			p.log.Info("database available again")
		default:
			p.log.Debug("pool state", "from", from.String(), "to", to.String())
		}
		if f := p.trace.StateChanged; f != nil {
			p.tell("StateChanged", func() { f(StateInfo{From: from, To: to, Err: err}) })
		}
	})
}

// signalChange wakes those who wait in Ready. p.mu is held.
func (p *Pool) signalChange() {
	close(p.changed)
	p.changed = make(chan struct{})
}

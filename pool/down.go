package pool

import (
	"math/rand/v2"
	"time"
)

const (
	failsToDown   = 3                      // failed connects in a row before the pool is down and attempts are spaced
	firstBackoff  = 100 * time.Millisecond // before the next attempt then, doubling
	longBackoff   = time.Second
	refusedPause  = 30 * time.Second // when the password or the database is wrong: trying harder does not help
	loweredWindow = 30 * time.Second // for which the ceiling stays lowered after 53300
)

// connectFailed notes a failed attempt, frees its place and decides whether the pool is down. p.mu is held.
func (p *Pool) connectFailed(s *slot, err error, now instant) {
	p.dropSlot(s)
	if p.closing {
		return // it was stopped by Close
	}
	p.meters.connectFailures.Add(1)
	p.lastConnect = err
	code := sqlState(err)
	if code == codeTooManyConnections && p.open() > 0 {
		// The server is there and full: go on with what is open, and try for more later.
		p.lowered, p.loweredUntil = len(p.slots), now.after(loweredWindow)
		p.wakeAt(p.loweredUntil)
		p.dispatch(now)
		return
	}
	p.connectFails++
	p.refused = code == codeInvalidPassword || code == codeInvalidAuth || code == codeNoDatabase
	switch {
	case p.refused:
		p.nextConnect = now.after(refusedPause)
	case p.connectFails >= failsToDown:
		backoff := min(firstBackoff<<min(p.connectFails-failsToDown, 10), longBackoff)
		jitter := time.Duration(rand.Float64() * float64(backoff) / 10)
		p.nextConnect = now.after(backoff - jitter) // never later: that is how long a server may be back unnoticed
	}
	if p.connectFails == 1 {
		p.signalChange()
	}
	if (p.connectFails >= failsToDown || p.refused) && p.idle.head == nil && !p.healthy {
		p.setPoolState(StateDown, err)
		p.wakeAt(p.nextConnect)
	}
	p.healthy = false
	p.dispatch(now)
}

// noteLoss notes that the pool is down because its last connection went while attempts are held back. p.mu is held.
func (p *Pool) noteLoss() {
	if p.state == StateUp && p.open() == 0 && (p.connectFails >= failsToDown || p.refused) {
		p.setPoolState(StateDown, p.lastConnect)
		p.wakeAt(p.nextConnect)
	}
}

// connected notes that the server answers. p.mu is held.
func (p *Pool) connected() {
	p.connectFails, p.refused, p.lastConnect = 0, false, nil
	if !p.closing {
		p.setPoolState(StateUp, nil)
	}
}

// cameBack notes that a lease ended with its connection in order: the server cannot be down, whatever new connections
// meet. p.mu is held.
func (p *Pool) cameBack() {
	p.healthy = true
	if p.state == StateDown {
		p.setPoolState(StateUp, nil)
	}
}

// mayConnect holds attempts back after failures: then there is one at a time, spaced. p.mu is held.
func (p *Pool) mayConnect(now instant) bool {
	if p.connectFails < failsToDown && !p.refused {
		return true
	}
	return p.n[slotConnecting] == 0 && now >= p.nextConnect
}

// fail ends the wait of w, and gives it all that it needs to say why: thousands may fail together, and they would stand
// in each other's way at the lock. p.mu is held.
func (p *Pool) fail(w *waiter, reason Reason) {
	p.queue.remove(w)
	w.failed = reason
	w.retryAfter, w.lastConnect = p.outlookNow(reason)
	p.signal(w)
}

// lost notes that the server ended s. Every connection that was made or pinged before is suspect: the idle ones are
// pinged now, the others when they come back. p.mu is held.
func (p *Pool) lost(s *slot, now instant) {
	if s.epoch != p.epoch {
		return // suspect already, and so are its peers
	}
	p.epoch++
	for p.idle.head != nil && !p.closing {
		if s := p.idle.head; p.tooOld(s, now) {
			p.discard(s, CloseRecycled, now)
		} else {
			p.tend(s, taskValidate)
		}
	}
}

// outlook gives the last connection error and a guess at when a new try is worth its while.
func (p *Pool) outlook(reason Reason) (retryAfter time.Duration, lastConnect error) {
	p.lock()
	defer p.mu.Unlock()
	return p.outlookNow(reason)
}

// outlookNow is outlook where p.mu is held.
func (p *Pool) outlookNow(reason Reason) (retryAfter time.Duration, lastConnect error) {
	switch reason {
	case ReasonUnavailable:
		retryAfter = p.nextConnect.since(p.now())
	case ReasonShed:
		if now := p.now(); p.saturated(now) {
			retryAfter = min(p.predict(p.queue.n+1, now), 30*time.Second)
		}
	case ReasonTimeout, ReasonSaturated, ReasonQueueFull:
		retryAfter = min(p.useAvg*time.Duration(p.queue.n+1)/time.Duration(max(p.n[slotLeased], 1)), 30*time.Second)
	}
	return retryAfter, p.lastConnect
}

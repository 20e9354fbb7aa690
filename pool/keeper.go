package pool

import "time"

// keep is the pool's clock: it does what time alone makes due. Everything else happens where it is caused.
func (p *Pool) keep() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.connects.Done(): // Close has begun
			return
		case <-p.wake:
		case <-timer.C:
		}
		now := p.now()
		p.lock()
		p.nextWake = 0
		p.tick(now)
		next := p.nextWake
		select {
		case <-p.wake: // it only says what next says
		default:
		}
		p.unlock()
		if next == 0 {
			timer.Stop()
		} else {
			timer.Reset(max(next.since(now), 0))
		}
	}
}

// wakeAt has the keeper look no later than at. p.mu is held.
func (p *Pool) wakeAt(at instant) {
	if at == 0 || p.nextWake != 0 && at >= p.nextWake {
		return
	}
	p.nextWake = at
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// tick does what is due and arranges for the next look. p.mu is held.
func (p *Pool) tick(now instant) {
	if p.closing {
		return
	}
	p.expire(now)
	for linger := p.o.OverflowLinger; linger > 0 && p.kept() > p.size && p.idle.tail != nil; {
		if due := p.idle.tail.idleSince.after(linger); now < due {
			p.wakeAt(due)
			break
		}
		p.discard(p.idle.tail, CloseOverflow, now)
	}
	if p.o.Recycle > 0 {
		p.wakeAt(p.recycle(now))
	}
	if p.o.LeakAfter > 0 {
		p.wakeAt(p.findLeaks(now))
	}
	if p.lowered > 0 {
		if now < p.loweredUntil {
			p.wakeAt(p.loweredUntil)
		} else {
			p.lowered = 0
		}
	}
	if p.state == StateDown && p.n[slotConnecting] == 0 && len(p.slots) < p.ceiling {
		if p.mayConnect(now) {
			p.startConnect(false) // the probe, whether or not anybody asks
		} else {
			p.wakeAt(p.nextConnect)
		}
	}
	p.dispatch(now)
}

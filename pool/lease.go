package pool

// giveBack takes a connection from its borrower, who has given up the lease already: the caller owns s.
func (p *Pool) giveBack(s *slot) {
	task, reason, bad := s.inspect()
	severed := s.wire.severed.Load() || s.flags.Load()&flagSevered != 0
	now := p.now()
	used := now.since(s.leasedAt) // stable until the connection is somebody else's
	s.tally.use.add(used)
	p.lock()
	p.lastReturn = now
	p.useAvg = average(p.useAvg, used)
	if p.o.ShedTarget > 0 {
		p.shedding.observe(used)
	}
	if s.scope != nil {
		s.scope.held.Add(-1)
		s.scope = nil
	}
	if severed {
		p.lost(s, now)
	}
	switch {
	case bad || severed:
		p.discard(s, reason, now)
	default:
		p.cameBack()
		if task != 0 {
			p.tend(s, task)
		} else {
			p.makeAvailable(s, now)
		}
	}
	p.unlock()
	if f := p.trace.Released; f != nil {
		p.tell("Released", func() { f(ReleasedInfo{Used: used}) })
	}
}

// inspect looks at what a borrower left behind, without a round trip: what must be done before the next lease, or why
// the connection cannot be used again.
func (s *slot) inspect() (t task, reason CloseReason, bad bool) {
	if s.pg.IsClosed() {
		return 0, CloseBroken, true
	}
	if s.pg.IsBusy() {
		return 0, CloseUnclean, true
	}
	flags := s.flags.Load()
	if flags&flagHaunted != 0 {
		return 0, CloseBroken, true
	}
	if flags&flagTouched != 0 || s.pg.TxStatus() != 'I' || s.pool.o.ResetAlways {
		t |= taskReset
	}
	if flags&flagCancelled != 0 || s.pg.Frontend().ReadBufferLen() > 0 {
		t |= taskValidate
	}
	if flags&flagReadOnly != 0 {
		t |= taskReadOnly
	}
	if s.pool.o.OnRelease != nil {
		t |= taskHook
	}
	return t, CloseBroken, false
}

// makeAvailable puts a connection that is in order back to use, for the oldest waiter if there is one, unless it must
// go. The caller owns s; p.mu is held.
func (p *Pool) makeAvailable(s *slot, now instant) {
	switch {
	case p.closing:
		p.discard(s, CloseShutdown, now)
	case p.surplus() > 0:
		p.discard(s, CloseResized, now)
	case s.retiring || p.tooOld(s, now):
		p.discard(s, CloseRecycled, now)
	case p.o.OverflowLinger < 0 && p.queue.n == 0 && p.keptBeside(s) >= p.size:
		p.discard(s, CloseOverflow, now)
	default:
		p.setState(s, slotIdle)
		s.idleSince = now
		p.idle.push(s)
		if p.queue.n > 0 {
			p.dispatch(now)
			return
		}
		p.shedding.on = false
		if p.o.OverflowLinger > 0 && p.kept() > p.size {
			p.wakeAt(p.idle.tail.idleSince.after(p.o.OverflowLinger))
		}
	}
}

// keptBeside is kept without s, which is not retiring. p.mu is held.
func (p *Pool) keptBeside(s *slot) int {
	if s.state == slotConnecting {
		return p.kept()
	}
	return p.kept() - 1
}

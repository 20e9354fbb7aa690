package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
)

// task is what a connection needs before it can be lent again.
type task uint8

const (
	taskValidate task = 1 << iota // a round trip
	taskReset                     // the session as it was when it was new
	taskReadOnly                  // find out whether the server itself refuses to write
	taskHook                      // Options.OnRelease
)

// tend does the work on a goroutine of its own: neither the one who returned the connection nor the one who gets it
// next runs it, and it ends even if they have left. The caller owns s; p.mu is held.
func (p *Pool) tend(s *slot, t task) {
	if s.state == slotIdle {
		p.idle.remove(s)
	}
	p.setState(s, slotTending)
	epoch := p.epoch
	p.goroutines.Go(func() {
		ctx, stop := context.WithTimeout(p.base, p.o.ConnectTimeout)
		reason, err := p.runTend(ctx, s, t)
		stop()
		now := p.now()
		p.lock()
		defer p.unlock()
		if err == nil {
			s.epoch = epoch
			p.cameBack()
			p.makeAvailable(s, now)
			return
		}
		if reason == CloseBroken {
			p.lost(s, now)
		}
		p.discard(s, reason, now)
		p.dispatch(now)
	})
}

var errReadOnly = errors.New("the server refuses to write")

func (p *Pool) runTend(ctx context.Context, s *slot, t task) (CloseReason, error) {
	if t&taskReset != 0 {
		p.meters.resets.Add(1)
		if err := s.reset(ctx); err != nil {
			return p.blame(s, CloseReset), err
		}
	} else if t&taskValidate != 0 {
		p.meters.validations.Add(1)
		if err := s.pg.Ping(ctx); err != nil {
			return CloseBroken, err
		}
	}
	if t&taskReadOnly != 0 {
		if err := s.checkReadOnly(ctx); err != nil {
			if errors.Is(err, errReadOnly) {
				return CloseReadOnly, err
			}
			return p.blame(s, CloseReset), err
		}
	}
	if t&taskHook != 0 {
		if err := p.hook("OnRelease", func() error { return p.o.OnRelease(ctx, s.conn) }); err != nil {
			return p.blame(s, CloseReset), err
		}
		if s.pg.IsClosed() || s.pg.IsBusy() || s.pg.TxStatus() != 'I' {
			return p.blame(s, CloseReset), errors.New("hook OnRelease left the connection closed, busy or in a transaction")
		}
	}
	if s.flags.Load()&flagHaunted != 0 {
		return CloseBroken, errHaunted
	}
	return 0, nil
}

// hook runs a function of the user's. It may run on a goroutine of the pool, where a panic would end the program: it
// fails like an error, and is logged.
func (p *Pool) hook(name string, run func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("hook panicked", "hook", name, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return run()
}

// blame tells a connection that the server ended from one that failed otherwise.
func (p *Pool) blame(s *slot, otherwise CloseReason) CloseReason {
	if s.wire.severed.Load() || s.flags.Load()&flagSevered != 0 {
		return CloseBroken
	}
	return otherwise
}

// resetSQL brings a session back to its start. Prepared statements stay: they cannot carry anything from one holder to
// the next but speed. search_path may still be the last holder's when the function is looked up, hence its schema.
const resetSQL = "reset session authorization; reset all; reset role; close all; unlisten *; " +
	"select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences"

const resetTries = 5

// landmark is a statement that each session prepares at its start. When it is gone so are all others (DEALLOCATE ALL,
// DISCARD ALL), which pgx takes to be there still, and which would fail its next holder.
const landmark = "fraiseql_landmark"

// setLandmark prepares the landmark of a session that is not shared.
func (s *slot) setLandmark(ctx context.Context) error {
	_, err := s.pg.Exec(ctx, "prepare "+landmark+" as select").ReadAll()
	s.marked = err == nil
	return err
}

// reset undoes what the last holder left behind.
func (s *slot) reset(ctx context.Context) error {
	if s.tx != nil {
		_ = s.tx.Rollback(ctx) // it refuses its late users from here on; a failure closes the connection, which shows below
		s.tx = nil
	}
	if s.pg.TxStatus() != 'I' {
		// Only then: outside a transaction the server would log a warning each time.
		if _, err := s.pg.Exec(ctx, "rollback").ReadAll(); err != nil {
			return fmt.Errorf("roll back: %w", err)
		}
	}
	err := s.resetOnce(ctx)
	if status := s.pg.TxStatus(); status != 'I' && !s.pg.IsClosed() {
		// Raw has begun a transaction past pgx, which has heard of it only now.
		if _, err := s.pg.Exec(ctx, "rollback").ReadAll(); err != nil {
			return fmt.Errorf("roll back: %w", err)
		}
		err = s.resetOnce(ctx)
	}
	if sqlState(err) == codeNoStatement && s.marked {
		s.marked = false
		if err = s.resetOnce(ctx); err == nil { // the failure has undone it
			err = s.conn.DeallocateAll(ctx)
		}
		if err == nil {
			err = s.setLandmark(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	drainNotifications(s.conn)
	return nil
}

func (s *slot) resetOnce(ctx context.Context) error {
	sql := resetSQL
	if s.marked {
		sql += "; execute " + landmark
	}
	_, err := s.pg.Exec(ctx, sql).ReadAll()
	for try := 1; try < resetTries && sqlState(err) == codeQueryCanceled; try++ {
		_, err = s.pg.Exec(ctx, sql).ReadAll() // the last holder's statement_timeout may be very short
	}
	return err
}

// drainNotifications forgets the notifications that pgx has buffered for the last holder.
func drainNotifications(conn *pgx.Conn) {
	ended, stop := context.WithCancel(context.Background())
	stop() // with an ended context only what is buffered is given out
	for {
		if n, _ := conn.WaitForNotification(ended); n == nil {
			return
		}
	}
}

// checkReadOnly asks, outside any transaction, whether the server or the session's own default refuses to write: then
// 25006 was not the choice of one transaction, and the connection belongs to a standby.
func (s *slot) checkReadOnly(ctx context.Context) error {
	s.flags.And(^flagReadOnly)
	query := "show transaction_read_only"
	if s.pool.o.ReadOnly { // there it is on by our own choice
		query = "select case when pg_catalog.pg_is_in_recovery() then 'on' end"
	}
	results, err := s.pg.Exec(ctx, query).ReadAll()
	if err != nil {
		return fmt.Errorf("find out whether the server refuses to write: %w", err)
	}
	if len(results) == 1 && len(results[0].Rows) == 1 && string(results[0].Rows[0][0]) == "on" {
		return errReadOnly
	}
	return nil
}

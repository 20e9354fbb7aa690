package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen.
const patience = time.Minute

// stage is where one figure is measured. To pgtest, which starts the servers and wires, it is what a test is: it owns
// them and ends them.
type stage struct {
	testing.TB // nil, since only the testing package can make one: what pgtest calls is below

	ctx   context.Context // ends when the program is interrupted
	quick bool
	tests *tests

	mu       sync.Mutex // guards the following
	result   result
	cleanups []func()
}

// Helper is part of testing.TB.
func (s *stage) Helper() {}

// Cleanup is part of testing.TB: f runs when the figure is measured, the last one first.
func (s *stage) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

// Errorf is part of testing.TB: the figure could not be measured as it should.
func (s *stage) Errorf(format string, args ...any) {
	s.must(false, format, args...)
}

// Fatalf is part of testing.TB.
func (s *stage) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// Skipf is part of testing.TB. A figure that cannot be measured is not held.
func (s *stage) Skipf(format string, args ...any) { s.Fatalf(format, args...) }

// check stops the figure at an error.
func (s *stage) check(err error) {
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// must notes a finding and whether it is as promised.
func (s *stage) must(met bool, format string, args ...any) { s.note(met, false, format, args...) }

// clock is must for a finding that depends on how busy the machine is.
func (s *stage) clock(met bool, format string, args ...any) { s.note(met, true, format, args...) }

func (s *stage) note(met, timed bool, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Measured = append(s.result.Measured, finding{Text: fmt.Sprintf(format, args...), Met: met, Timed: timed})
}

// peer notes what pgxpool did.
func (s *stage) peer(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Peer = append(s.result.Peer, fmt.Sprintf(format, args...))
}

// settings notes what was set, beyond what the header says.
func (s *stage) settings(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Settings = fmt.Sprintf(format, args...)
}

// size is n, or the smaller one under -quick.
func size[T any](s *stage, n, quick T) T {
	if s.quick {
		return quick
	}
	return n
}

// eventually waits for a condition that something else brings about.
func (s *stage) eventually(what string, ok func() bool) {
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			s.Fatalf("%s did not happen within %v", what, patience)
		}
		s.pause(time.Millisecond)
	}
}

// pause lets time pass, and ends the figure when the program is interrupted.
func (s *stage) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
		s.Fatalf("interrupted")
	}
}

// measure runs one figure on a goroutine of its own, which a fatal fault ends, and clears up behind it.
func measure(ctx context.Context, f figure, quick bool, t *tests) result {
	ctx, stop := context.WithCancel(ctx)
	s := &stage{ctx: ctx, quick: quick, tests: t, result: result{Number: f.number, Case: f.what, Target: f.target}}
	start := time.Now()
	if quick && f.slow {
		s.result.LeftOut = true
	} else {
		var wg sync.WaitGroup
		wg.Go(func() {
			defer s.clear()
			defer stop()
			f.measure(s)
		})
		wg.Wait()
	}
	stop()
	s.mu.Lock() // a goroutine of a figure that failed may still be about to say so
	defer s.mu.Unlock()
	s.result.Seconds = time.Since(start).Seconds()
	s.result.decide()
	return s.result
}

func (s *stage) clear() {
	for {
		s.mu.Lock()
		n := len(s.cleanups)
		if n == 0 {
			s.mu.Unlock()
			return
		}
		f := s.cleanups[n-1]
		s.cleanups = s.cleanups[:n-1]
		s.mu.Unlock()
		f()
	}
}

package pool

import "time"

// Trace is a set of functions that the pool calls on its events, outside its lock, on the goroutine where the event
// happened. A nil function is skipped. They must be quick and safe for concurrent use; StateChanged and Leaked are called
// one at a time and in order.
//
// A panic in one is logged and goes no further. That of Acquired goes on, to the caller of Acquire, when the connection
// is back in the pool.
type Trace struct {
	Acquired      func(AcquiredInfo)
	AcquireFailed func(*AcquireError)
	Released      func(ReleasedInfo)
	Connected     func(ConnectedInfo)
	Closed        func(ClosedInfo)
	StateChanged  func(StateInfo)
	Leaked        func(LeakInfo)
}

// AcquiredInfo describes a lease at its start.
type AcquiredInfo struct {
	Waited time.Duration // 0 when a connection was idle, as in Stat.WaitTime
	New    bool          // the connection serves its first lease
}

// ReleasedInfo describes a lease at its end.
type ReleasedInfo struct {
	Used time.Duration
}

// ConnectedInfo describes a connection attempt.
type ConnectedInfo struct {
	Took time.Duration
	Err  error // nil when it succeeded; it never holds a password
}

// ClosedInfo describes a connection that the pool gives up.
type ClosedInfo struct {
	Reason CloseReason
	Age    time.Duration
}

// StateInfo describes a change of the pool's state.
type StateInfo struct {
	From, To State
	Err      error // why, when To is StateDown
}

// LeakInfo describes a lease that is older than Options.LeakAfter.
type LeakInfo struct {
	Held  time.Duration
	Where string // the functions that acquired it, innermost first
}

// tell runs a function of Trace, where a panic must neither end the program nor what the pool was about to do.
func (p *Pool) tell(name string, f func()) {
	_ = p.hook(name, func() error {
		f()
		return nil
	})
}

//go:build linux || darwin

package pgtest

import (
	"errors"
	"fmt"
	"syscall"
)

const (
	sigFast      = syscall.SIGINT
	sigImmediate = syscall.SIGQUIT
)

func hold(pid int) error    { return signal(pid, syscall.SIGSTOP) }
func release(pid int) error { return signal(pid, syscall.SIGCONT) }
func kill(pid int) error    { return signal(pid, syscall.SIGKILL) }

// signal accepts that the process has ended meanwhile: backends come and go.
func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %v to process %d: %w", s, pid, err)
	}
	return nil
}

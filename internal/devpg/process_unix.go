//go:build linux || darwin

package devpg

import (
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running postmaster. One goroutine owns it from start to end.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and was waited for
	err  error         // how it ended; to be read after done
}

// spawn starts the command so that it ends by the signal when this process ends.
func spawn(cmd *exec.Cmd, signal syscall.Signal) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go p.own(signal, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// own keeps its OS thread until the process has ended; see dieWithUs.
func (p *process) own(signal syscall.Signal, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithUs(p.cmd.SysProcAttr, signal)
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	stopGuard, err := guard(p.cmd.Process.Pid, signal)
	if err != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	stopGuard()
	close(p.done)
}

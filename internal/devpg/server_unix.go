//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	fastWait      = 30 * time.Second // from SIGINT to SIGQUIT
	immediateWait = 5 * time.Second  // from SIGQUIT to SIGKILL
)

// Server is a running PostgreSQL. Its methods may be called from any goroutine.
type Server struct {
	folder   folder
	lock     *folderLock
	proc     *process
	version  string
	password string
	port     int
	throw    bool // nothing in the data is worth an orderly stop
	remove   bool // the folder is temporary and ours

	stopOnce  sync.Once
	hurryOnce sync.Once
	hurry     chan struct{} // closed when a caller of Stop waits no longer
	stopped   chan struct{} // closed when everything is given back
	stopErr   error         // to be read after stopped
}

// URL is the address of a database of this server, for its superuser.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is the TCP port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Dir is the folder of this server's data, log and lock.
func (s *Server) Dir() string { return s.folder.dir }

// LogFile is the file that the server's messages go to.
func (s *Server) LogFile() string { return s.folder.logFile() }

// Version is the version of the programs, such as "15.13".
func (s *Server) Version() string { return s.version }

// PID is the process id of the postmaster.
func (s *Server) PID() int { return s.proc.cmd.Process.Pid }

// Done is closed when the server's process has ended, by Stop or by itself. Stop must be called in either case: it
// gives the folder back.
func (s *Server) Done() <-chan struct{} { return s.proc.done }

// Signal sends a signal to the postmaster; it answers os.ErrProcessDone when that has ended. Tests use it.
func (s *Server) Signal(signal os.Signal) error { return s.proc.cmd.Process.Signal(signal) }

// Stop ends the server: in order (running queries are cancelled, the data is written), at once when that takes
// longer than 30 s or than ctx, and by SIGKILL 5 s later. It returns when the process has ended and the folder is
// given back, so it can outlast ctx by those 5 s. An ephemeral server is stopped at once. Calling it again, or from
// several goroutines, is safe.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() { go s.stop() })
	select {
	case <-s.stopped:
		return s.stopErr
	case <-ctx.Done():
		s.hurryOnce.Do(func() { close(s.hurry) })
		<-s.stopped
		return s.stopErr
	}
}

func (s *Server) stop() {
	defer close(s.stopped)
	err := endChild(s.proc, s.throw, s.hurry)
	err = errors.Join(err, s.giveBack())
	if err != nil {
		s.stopErr = fmt.Errorf("stop PostgreSQL in %s: %w", s.folder.dir, err)
	}
}

func (s *Server) giveBack() error {
	if s.remove {
		return errors.Join(os.RemoveAll(s.folder.dir), s.lock.release())
	}
	return s.lock.release()
}

// endChild ends the process, ever harder. An end that was not orderly is an error only where the data matters.
func endChild(p *process, throw bool, hurry <-chan struct{}) error {
	ended := func(signal syscall.Signal, wait time.Duration, hurry <-chan struct{}) bool {
		if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return false
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-p.done:
			return true
		case <-timer.C:
		case <-hurry:
		}
		select {
		case <-p.done: // both at once: the good news counts
			return true
		default:
			return false
		}
	}
	select {
	case <-p.done:
		return nil // it ended before anybody asked; whoever watches Done knows
	default:
	}
	if !throw && ended(syscall.SIGINT, fastWait, hurry) {
		return nil
	}
	var err error
	if !throw {
		err = errors.New("it did not stop in time and was ended at once: the next start recovers from its log")
	}
	if ended(syscall.SIGQUIT, immediateWait, nil) {
		return err
	}
	_ = p.cmd.Process.Kill() // fails only when the process has ended
	<-p.done
	return err
}

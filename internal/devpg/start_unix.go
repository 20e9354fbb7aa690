//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	errPortTaken    = errors.New("the port was taken")
	errMemoryInUse  = errors.New("processes of a crashed server are still ending")
	errStartTimeout = errors.New("PostgreSQL did not become ready in time: raise Options.StartTimeout, or see the log")
)

// Start starts a server and returns when it accepts connections. ctx bounds the start only. The errors name the cure:
// *InUseError (errors.Is ErrInUse) when another process uses the folder, data of another major version, or the last
// lines of the server's log.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	o = o.withDefaults()
	server, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL %s: %w", o.Programs.Version, err)
	}
	return server, nil
}

func start(ctx context.Context, o Options) (_ *Server, err error) {
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if err := account.runs(ctx, o.Programs); err != nil {
		return nil, err
	}
	s := &Server{
		folder: folder{dir: filepath.Clean(o.Dir), account: account}, version: o.Programs.Version,
		throw: o.Ephemeral, remove: o.Ephemeral && o.Dir == "", hurry: make(chan struct{}), stopped: make(chan struct{}),
	}
	if o.Ephemeral {
		sweepTemp(ctx, account, o.Logger)
	}
	if s.remove {
		if s.folder.dir, err = makeTemp(account); err != nil {
			return nil, err
		}
	} else if err := s.folder.prepare(); err != nil {
		return nil, err
	}
	if s.lock, err = lockAfterDeath(ctx, s.folder.dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.giveBack())
		}
	}()
	if err := healData(ctx, s.folder.data(), o.Logger); err != nil {
		return nil, err
	}
	if err := s.folder.ensureData(ctx, o); err != nil {
		return nil, err
	}
	if s.password, err = s.folder.password(); err != nil {
		return nil, err
	}
	startCtx, cancel := context.WithTimeoutCause(ctx, o.StartTimeout, errStartTimeout)
	defer cancel()
	if err := s.launch(startCtx, o); err != nil {
		return nil, err
	}
	if err := s.remember(); err != nil {
		return nil, errors.Join(err, endChild(s.proc, true, nil))
	}
	return s, nil
}

// launch starts the server on a port that is really free: between the choice and the start another program may take it.
func (s *Server) launch(ctx context.Context, o Options) error {
	tick := time.NewTicker(10 * pollInterval)
	defer tick.Stop()
	for tries := 1; ; {
		var err error
		if s.port, err = s.choosePort(ctx, o.Port, tries); err != nil {
			return err
		}
		s.proc, err = s.launchOn(ctx, s.port, o)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errPortTaken) && o.Port == 0 && tries < maxPorts:
			tries++
			continue
		case errors.Is(err, errPortTaken) && o.Port != 0:
			return fmt.Errorf("%w (choose another, or 0 for any free one)", err)
		case !errors.Is(err, errMemoryInUse):
			return err
		}
		// A server that was killed outright: its remaining processes notice and end.
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

func (s *Server) choosePort(ctx context.Context, wanted, tries int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	if last := s.folder.lastPort(); last != 0 && tries == 1 && portFree(ctx, last) {
		return last, nil
	}
	return freePort(ctx)
}

func (s *Server) launchOn(ctx context.Context, port int, o Options) (*process, error) {
	log, err := openLog(s.folder.logFile())
	if err != nil {
		return nil, err
	}
	defer log.close()
	args := []string{"-D", s.folder.data(), "-p", strconv.Itoa(port)}
	values := settings(o)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		args = append(args, "-c", name+"="+values[name])
	}
	cmd := exec.Command(o.Programs.program("postgres"), args...)
	s.folder.dress(cmd, log)
	signal := syscall.SIGINT
	if o.Ephemeral {
		signal = syscall.SIGQUIT
	}
	proc, err := spawn(cmd, signal)
	if err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx, proc); err != nil {
		tail := log.tail()
		switch {
		case strings.Contains(tail, "could not create any TCP/IP sockets"):
			return nil, fmt.Errorf("%w: %d", errPortTaken, port)
		case strings.Contains(tail, "pre-existing shared memory block"):
			return nil, errMemoryInUse
		}
		return nil, fmt.Errorf("%w; the end of %s:\n%s", err, s.folder.logFile(), tail)
	}
	return proc, nil
}

// awaitReady looks into postmaster.pid, as pg_ctl does: the file names the process, so another server that happens to
// answer on the port is not mistaken for ours. After an error the process has ended.
func (s *Server) awaitReady(ctx context.Context, proc *process) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-proc.done:
			return errors.Join(errors.New("the server ended while it started"), proc.err)
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), endChild(proc, true, nil))
		case <-tick.C:
		}
		file, err := readPostmaster(s.folder.data())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Join(err, endChild(proc, true, nil))
		}
		if file.pid == proc.cmd.Process.Pid && file.status == "ready" {
			return nil
		}
	}
}

// settings are the server's settings: TCP on the loopback interface only, so nothing depends on how long a socket's
// path may be or who can reach its folder.
func settings(o Options) map[string]string {
	values := map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
		"timezone": "UTC", "log_timezone": "UTC", "lc_messages": "C", "log_destination": "stderr", "logging_collector": "off",
	}
	if o.Ephemeral {
		maps.Copy(values, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
			"checkpoint_timeout": "1h", "max_wal_size": "512MB",
		})
	}
	maps.Copy(values, o.Settings)
	return values
}

// remember notes the port for the next start and for those who find the folder locked.
func (s *Server) remember() error {
	if err := s.lock.note(s.port); err != nil {
		return err
	}
	return writePrivate(s.folder.portFile(), strconv.Itoa(s.port)+"\n")
}

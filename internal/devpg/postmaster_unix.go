//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pollInterval is how often files and processes are looked at that cannot be waited for.
const pollInterval = 20 * time.Millisecond

// postmasterFile is what a running PostgreSQL tells about itself in data/postmaster.pid.
type postmasterFile struct {
	pid    int
	status string // "starting", "ready", "stopping", "standby"
}

func readPostmaster(data string) (postmasterFile, error) {
	text, err := readForeign(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return postmasterFile{}, err
	}
	lines := strings.Split(string(text), "\n")
	var file postmasterFile
	if file.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil {
		return postmasterFile{}, nil // half written: the reader looks again
	}
	if len(lines) > 7 {
		file.status = strings.TrimSpace(lines[7])
	}
	return file, nil
}

// healData clears what a killed run left behind: a server that still runs is stopped, and a postmaster.pid whose number
// is by now another program's is made harmless. The caller holds the folder's lock, so no other run of ours is in
// between.
func healData(ctx context.Context, data string, log *slog.Logger) error {
	path := filepath.Join(data, "postmaster.pid")
	file, err := readPostmaster(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if file.pid > 1 && isPostmaster(file.pid, data) {
		log.Warn("stopping a PostgreSQL that an earlier run left behind", "pid", file.pid, "dir", filepath.Dir(data))
		return endForeign(ctx, file.pid, data)
	}
	if file.pid > 1 && errors.Is(syscall.Kill(file.pid, 0), syscall.ESRCH) {
		return nil // PostgreSQL sees that for itself
	}
	return disown(path)
}

// disown makes a postmaster.pid harmless whose process lives but is no server of ours: PostgreSQL would take it for
// one and refuse to start. The file is not removed, because its last lines let PostgreSQL find out whether processes of
// a crashed server still write to the data; its number becomes that of this process, and a postmaster knows that its
// own parent cannot be another postmaster.
func disown(path string) error {
	text, err := readForeign(path)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d\n%s", os.Getpid(), rest)
	return errors.Join(err, file.Close())
}

// endForeign stops a postmaster that is not our child, ever harder.
func endForeign(ctx context.Context, pid int, data string) error {
	steps := []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 10 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for _, step := range steps {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop PostgreSQL %d of an earlier run: %w", pid, err)
		}
		for deadline := time.Now().Add(step.wait); time.Now().Before(deadline); {
			if !isPostmaster(pid, data) {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return fmt.Errorf("PostgreSQL %d of an earlier run in %s does not end: stop it by hand", pid, data)
}

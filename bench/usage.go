package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Figures of processes come from Linux's /proc; without it there is nothing to measure.

// tick is the unit of times in /proc/PID/stat: USER_HZ, which Linux has fixed at 100.
const tick = time.Second / 100

type stat struct {
	parent         int
	own            time.Duration // user and system
	reapedChildren time.Duration // of children that have ended and were waited for
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The second field is the program's name in brackets and may hold anything; the fields behind it are numbers.
	_, rest, ok := bytes.Cut(text[bytes.LastIndexByte(text, ')')+1:], []byte(" "))
	f := strings.Fields(string(rest))
	if !ok || len(f) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat has an unknown form", pid)
	}
	number := func(i int) time.Duration {
		n, convErr := strconv.ParseInt(f[i], 10, 64)
		err = errors.Join(err, convErr)
		return time.Duration(n)
	}
	s := stat{parent: int(number(1)), own: (number(11) + number(12)) * tick, reapedChildren: (number(13) + number(14)) * tick}
	return s, err
}

// cpuOf is the CPU time that a process has used.
func cpuOf(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	return s.own, err
}

// children lists the living children of a process.
func children(pid int) (map[int]stat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	out := map[int]stat{}
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // not a process
		}
		s, err := readStat(child)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue // it has ended in between
		case err != nil:
			return nil, err
		case s.parent == pid:
			out[child] = s
		}
	}
	return out, nil
}

// cpuOfTree is the CPU time of a process, its living children and those it has waited for.
func cpuOfTree(pid int) (time.Duration, error) {
	root, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	living, err := children(pid)
	if err != nil {
		return 0, err
	}
	sum := root.own + root.reapedChildren
	for _, s := range living {
		sum += s.own + s.reapedChildren
	}
	return sum, nil
}

// waitForChildren returns when a process has no children but those in before, or after a second: a child's time counts as
// its parent's only once the parent has noticed its end.
func waitForChildren(ctx context.Context, pid int, before map[int]stat) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		now, err := children(pid)
		if err != nil {
			return err
		}
		maps.DeleteFunc(now, func(child int, _ stat) bool { _, old := before[child]; return old })
		if len(now) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// resetPeak makes a process's peak memory start again from what it holds now.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// memoryOf reads a field of /proc/PID/status in bytes: VmHWM is the peak, VmRSS what is held now.
func memoryOf(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
}

// postmasterOf finds the process whose children are the server processes of PostgreSQL.
func postmasterOf(ctx context.Context, conn *pgx.Conn) (int, error) {
	var backend int
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return 0, err
	}
	s, err := readStat(backend)
	if err != nil {
		return 0, fmt.Errorf("PostgreSQL does not run on this machine, so its CPU time cannot be read: %w", err)
	}
	return s.parent, nil
}

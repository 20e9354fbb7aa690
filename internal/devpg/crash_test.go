//go:build linux || darwin

package devpg_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// TestKilled: a run that was killed takes its server with it, and the next one in the folder goes on with the data.
func TestKilled(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), newDir(t)
	run, words := runHelper(t, "start:"+dir)
	postmaster, url := atoi(t, words[0]), words[2]
	query(t, url, "CREATE TABLE note AS SELECT 'kept' AS text")
	_, err := devpg.Start(t.Context(), devpg.Options{Programs: programs, Dir: dir, Logger: silent()})
	if !errors.Is(err, devpg.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", run.Process.Pid)) {
		t.Errorf("while the run lives: %v", err)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	// At once: the old server may still be ending.
	server := start(t, devpg.Options{Programs: programs, Dir: dir})
	if alive(postmaster) {
		t.Error("the killed run's server lives beside the new one")
	}
	if got := query(t, server.URL("postgres"), "SELECT text FROM note"); got != "kept" {
		t.Errorf("read %q", got)
	}
	if server.URL("postgres") != url {
		t.Errorf("the address changed from %s to %s", url, server.URL("postgres"))
	}
}

// TestKilledEphemeral: the server ends by itself, and the next ephemeral start clears the folder.
func TestKilledEphemeral(t *testing.T) {
	t.Parallel()
	programs := local(t)
	young, old := newDir(t), newDir(t) // both without their lock
	past := time.Now().Add(-24 * time.Hour)
	for _, err := range []error{
		os.Remove(filepath.Join(young, "lock")), os.Remove(filepath.Join(old, "lock")), os.Chtimes(old, past, past),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run, words := runHelper(t, "start:")
	postmaster, dir := atoi(t, words[0]), words[1]
	// A start beside a living run must leave that run's folder alone.
	stop(t, start(t, devpg.Options{Programs: programs, Ephemeral: true}))
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		t.Fatalf("a living run's folder was cleared: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a folder that is being made was cleared: %v", err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that nobody finished stays: %v", err)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	eventually(t, "the server of a killed run ends", func() bool { return !alive(postmaster) })
	stop(t, start(t, devpg.Options{Programs: programs, Ephemeral: true}))
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed run's folder stays: %v", err)
	}
}

// TestLeftBehind: a server that nobody owns any more is stopped by the next start.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), newDir(t)
	first := start(t, devpg.Options{Programs: programs, Dir: dir, Ephemeral: true})
	stop(t, first)
	data := filepath.Join(dir, "data")
	log := filepath.Join(data, "orphan.log")
	cmd := exec.Command(filepath.Join(programs.Dir, "pg_ctl"), "start", "-w", "-D", data, "-l", log, "-o",
		fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=''", first.Port()))
	if err := devpg.AsServer(cmd); err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		reason, _ := os.ReadFile(log)
		t.Fatalf("%v: %s%s", err, out, reason)
	}
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	orphan := atoi(t, strings.SplitN(string(text), "\n", 2)[0])
	if !devpg.IsPostmaster(orphan, data) {
		t.Fatal("the orphan is not recognised")
	}
	server := start(t, devpg.Options{Programs: programs, Dir: dir, Ephemeral: true})
	if alive(orphan) {
		t.Error("the orphan lives")
	}
	if got := query(t, server.URL("postgres"), "SELECT 'x'"); got != "x" {
		t.Errorf("read %q", got)
	}
}

// TestStalePID: a postmaster.pid whose number meanwhile belongs to another program neither keeps the server from
// starting nor costs that program its life.
func TestStalePID(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), newDir(t)
	server := start(t, devpg.Options{Programs: programs, Dir: dir, Ephemeral: true})
	path := filepath.Join(dir, "data", "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, server)
	bystander := exec.Command("sleep", "600")
	if err := devpg.AsServer(bystander); err != nil {
		t.Fatal(err)
	}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = bystander.Process.Kill()
		_ = bystander.Wait()
	})
	_, rest, _ := strings.Cut(string(text), "\n")
	for _, number := range []int{bystander.Process.Pid, 1 << 22} { // living, and dead
		stale := fmt.Sprintf("%d\n%s", number, rest)
		write := exec.Command("tee", path)
		write.Stdin = strings.NewReader(stale)
		if err := devpg.AsServer(write); err != nil {
			t.Fatal(err)
		}
		if out, err := write.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		stop(t, start(t, devpg.Options{Programs: programs, Dir: dir, Ephemeral: true}))
		if !alive(bystander.Process.Pid) {
			t.Fatal("an innocent process was killed")
		}
	}
}

// TestWatchdog: the shell that stands in for a parent-death signal.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	run, words := runHelper(t, "watch")
	child := atoi(t, words[0])
	if !alive(child) {
		t.Fatal("it ended too early")
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	eventually(t, "the watchdog ends the child of a killed process", func() bool { return !alive(child) })

	bystander := exec.Command("sleep", "600")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	end, err := devpg.Watchdog(bystander.Process.Pid, 15)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if !alive(bystander.Process.Pid) {
		t.Error("a watchdog that was called off bit")
	}
	_ = bystander.Process.Kill()
	_ = bystander.Wait()
}

//go:build linux || darwin

package devpg_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// patience bounds what is waited for; only a broken program or a dead machine reaches it.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if job := os.Getenv("DEVPG_TEST_HELPER"); job != "" {
		helper(job)
	}
	goleak.VerifyTestMain(m)
}

// helper is another process that the tests kill: it does its job, tells its parent and waits for the end.
func helper(job string) {
	what, dir, _ := strings.Cut(job, ":")
	switch what {
	case "start":
		programs, err := devpg.Find(os.Environ())
		if err == nil {
			var server *devpg.Server
			server, err = devpg.Start(context.Background(), devpg.Options{
				Programs: programs, Dir: dir, Ephemeral: dir == "", Logger: silent(),
			})
			if err == nil {
				fmt.Println(server.PID(), server.Dir(), server.URL("postgres"))
			}
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	case "watch":
		sleep := exec.Command("sleep", "600")
		err := sleep.Start()
		if err == nil {
			_, err = devpg.Watchdog(sleep.Process.Pid, syscall.SIGTERM)
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println(sleep.Process.Pid)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent at the latest
	os.Exit(0)
}

// runHelper starts this test binary as a helper and returns the words that it printed.
func runHelper(t *testing.T, job string) (cmd *exec.Cmd, words []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), "DEVPG_TEST_HELPER="+job)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(string(line[:n]), "error:") {
		t.Fatal(string(line[:n]))
	}
	return cmd, strings.Fields(string(line[:n]))
}

// TestAsOrdinaryUser runs the whole package once more without root's rights.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // this is that run
	}
	rerunAs(t, "nobody")
}

func rerunAs(t *testing.T, name string) {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" { // nothing may be skipped then
			t.Fatal(err)
		}
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	home := newDir(t) // in memory where possible
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(home, "devpg.test")
	if err := os.WriteFile(copied, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{home, copied} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-test.count=1", "-test.timeout=5m"}
	cmd := exec.Command(copied, args...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as user %s: %v\n%s", name, err, out)
	}
	t.Logf("as user %s: %s", name, out)
}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// local is this machine's PostgreSQL.
func local(t *testing.T) devpg.Programs {
	t.Helper()
	programs, err := devpg.Find(os.Environ())
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return programs
}

// eventually waits for something that happens in another process.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// alive tells whether a process that is not our child runs: one that ended and that nobody has waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

package pgtest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// patience bounds what is waited for; only a broken program or a dead machine reaches it.
const patience = 60 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

// TestAsOrdinaryUser runs the package once more without root's rights.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // this is that run, or there is no root to leave
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" { // nothing may be skipped then
			t.Fatal(err)
		}
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	home, binary := copyOfThis(t)
	for _, path := range []string{home, binary} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(binary, "-test.count=1", "-test.timeout=5m")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home)
	asUser(cmd, uid, gid)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// copyOfThis is this test binary in a folder that any user may read.
func copyOfThis(t *testing.T) (home, binary string) {
	t.Helper()
	home, err := os.MkdirTemp("", "pgtest-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(home, "pgtest.test")
	if err := os.WriteFile(binary, bytes, 0o755); err != nil {
		t.Fatal(err)
	}
	return home, binary
}

// TestMissing: without PostgreSQL a test is skipped, and fails where PostgreSQL is required.
func TestMissing(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for _, tt := range []struct {
		name, require, bin string
		fails              bool
		says               string
	}{
		{"laptop", "", "", false, "no local PostgreSQL"},
		{"required", "1", "", true, "no local PostgreSQL"},
		{"variable wrong", "", empty, true, "FRAISEQL_POSTGRES_BIN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inner := "TestNew"
			if tt.bin == "" && installed() { // in one of the usual folders, so that it cannot be missing here
				inner = "TestInnerMissing"
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, "-test.run=^"+inner+"$", "-test.v")
			cmd.Env = []string{"PATH=" + empty, "HOME=" + empty, "FRAISEQL_REQUIRE_PG=" + tt.require, "FRAISEQL_POSTGRES_BIN=" + tt.bin, "PGTEST_MISSING=1"}
			out, err := cmd.CombinedOutput()
			if (err != nil) != tt.fails || !strings.Contains(string(out), tt.says) {
				t.Errorf("fails: %v\n%s", err, out)
			}
			if !tt.fails && !strings.Contains(string(out), "--- SKIP: "+inner) {
				t.Errorf("not skipped:\n%s", out)
			}
		})
	}
}

// TestInnerMissing is run by TestMissing: a test that asks for a server where there is none.
func TestInnerMissing(t *testing.T) {
	if os.Getenv("PGTEST_MISSING") == "" {
		return
	}
	pgtest.Missing(t, fmt.Errorf("no local PostgreSQL: %w", devpg.ErrNotFound))
}

// query opens a connection, asks and closes.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn := dial(t, url)
	return ask(t, conn, sql)
}

func ask(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func dial(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
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

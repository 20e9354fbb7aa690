package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestUnit: systemd finds no fault in the unit, and rates what it may do as safe.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal("systemd-analyze is not installed")
		}
		t.Skip("systemd-analyze is not installed")
	}
	root := t.TempDir()
	write := func(path string, content []byte, mode os.FileMode) string {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	unit := write("etc/systemd/system/fraiseql.service", read(t, "systemd", "fraiseql.service"), 0o644)
	write("usr/local/bin/fraiseql", nil, 0o755)
	write("bin/sh", nil, 0o755) // every system has one
	for _, other := range []string{"basic.target", "sysinit.target", "shutdown.target", "network-online.target", "multi-user.target", "postgresql.service"} {
		content := "[Unit]\nDescription=" + other + "\n"
		if strings.HasSuffix(other, ".service") {
			content += "[Service]\nExecStart=/usr/local/bin/fraiseql\n"
		}
		write("etc/systemd/system/"+other, []byte(content), 0o644)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--root="+root, "--recursive-errors=yes", "fraiseql.service").CombinedOutput()
	if err != nil || len(strings.TrimSpace(string(out))) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exposure := regexp.MustCompile(`Overall exposure level for fraiseql\.service: ([0-9.]+)`).FindSubmatch(out)
	if exposure == nil {
		t.Fatalf("no verdict in\n%s", out)
	}
	if level, err := strconv.ParseFloat(string(exposure[1]), 64); err != nil || level > 2 {
		t.Errorf("exposure %s, at most 2.0\n%s", exposure[1], out)
	}
}

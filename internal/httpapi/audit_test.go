package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// TestAudit runs the graphql-http audit, whose checks all have to pass under the default profile.
func TestAudit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "test", "audit")
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "node_modules", "graphql-http"))
	}
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatalf("the audit cannot run: install node, then `npm ci --prefix test/audit`: %v", err)
		}
		t.Skipf("the audit needs node and `npm ci --prefix test/audit`: %v", err)
	}
	server := httptest.NewServer(httpapi.New(quiet(scripted)))
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), node, "audit.mjs", server.URL+"/graphql")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var check struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal(lines.Bytes(), &check); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if check.Status != "ok" {
			t.Errorf("%s %s: %s: %s", check.ID, check.Name, check.Status, check.Reason)
			continue
		}
		passed++
	}
	if passed != 61 {
		t.Errorf("%d checks passed, want 61", passed)
	}
}

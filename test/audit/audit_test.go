// Package audit_test lets programs of others judge the whole app: the audit of graphql-http, check by check, and
// graphql-js, which reads the schema by introspection and as SDL. It needs node, and "npm ci" in this folder.
package audit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// checks is how many checks the audit of graphql-http has, in the version that package.json names.
const checks = 61

func TestGraphQLOverHTTP(t *testing.T) {
	t.Parallel()
	url := serve(t, "blog", nil)
	passed := 0
	for _, r := range audit(t, url+"/graphql") {
		if r.Status == "ok" {
			passed++
			continue
		}
		t.Errorf("%s %s: %s: %s", r.ID, r.Name, r.Status, r.Reason)
	}
	t.Logf("figure: checks of the graphql-http audit passed: %d of %d", passed, checks)
	if passed != checks {
		t.Errorf("%d checks pass, want %d", passed, checks)
	}
}

// TestTheAuditFindsFaults asks an address that is no GraphQL: an audit that everything passes is none.
func TestTheAuditFindsFaults(t *testing.T) {
	t.Parallel()
	url := serve(t, "blog", nil)
	failed := 0
	for _, r := range audit(t, url+"/version") {
		if r.Status != "ok" {
			failed++
		}
	}
	if failed < checks/2 {
		t.Errorf("%d checks fail on an address without GraphQL, want most of %d", failed, checks)
	}
}

type result struct{ ID, Name, Status, Reason string }

// audit runs all checks against an address.
func audit(t *testing.T, url string) []result {
	t.Helper()
	var results []result
	lines := bufio.NewScanner(bytes.NewReader(node(t, "graphql-http", "audit.mjs", url)))
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		results = append(results, r)
	}
	if err := lines.Err(); err != nil || len(results) != checks {
		t.Fatalf("the audit has %d checks, want %d (error %v)", len(results), checks, err)
	}
	return results
}

// node runs a script of this folder and gives what it prints. Without node, or without the npm package that the script
// is about, the test is skipped, unless FRAISEQL_REQUIRE_PG=1 is set.
func node(t *testing.T, pkg, script string, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("node_modules/" + pkg + "/package.json")
	}
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatalf("%v: install node, and run npm ci in test/audit", err)
		}
		t.Skipf("%v: install node, and run npm ci in test/audit (FRAISEQL_REQUIRE_PG=1 makes this a failure)", err)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{script}, args...)...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, complaints.String())
	}
	return out
}

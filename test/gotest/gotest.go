// Package gotest runs the tests of a package for a program that makes a table of what they log.
package gotest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Run runs the tests of a package whose names match a pattern, with PostgreSQL required. It calls line for each line that a
// test prints, without spaces around it, and ended, unless it is nil, for each test and subtest that has passed, failed or
// been skipped. It gives what the failed ones print.
func Run(ctx context.Context, pkg, pattern string, line func(test, text string), ended func(test, how string)) (complaints string, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-timeout=4h", "-run", pattern, pkg)
	cmd.Env = append(os.Environ(), "FRAISEQL_REQUIRE_PG=1")
	var failed strings.Builder
	cmd.Stderr = &failed
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	printed := map[string]*strings.Builder{}
	scan := bufio.NewScanner(lines)
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(scan.Bytes(), &e) != nil { // go itself says something, which Wait's error tells
			continue
		}
		switch e.Action {
		case "output":
			if printed[e.Test] == nil {
				printed[e.Test] = &strings.Builder{}
			}
			printed[e.Test].WriteString(e.Output)
			text := strings.TrimSpace(e.Output)
			if strings.HasPrefix(text, "panic: ") { // out of time, for one: the test that it comes from is never said to have failed
				failed.WriteString(text + "\n")
			}
			line(e.Test, text)
		case "fail":
			if text := printed[e.Test]; text != nil {
				failed.WriteString(text.String())
			}
		}
		if ended != nil && e.Test != "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip") {
			ended(e.Test, e.Action)
		}
	}
	if err := scan.Err(); err != nil {
		_, _ = io.Copy(io.Discard, lines) // so that Wait returns
		_ = cmd.Wait()
		return failed.String(), err
	}
	return failed.String(), cmd.Wait()
}

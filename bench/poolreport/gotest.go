package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// tests are the tests of package pool that prove some figures. They run once, all together, when the first is asked for.
type tests struct {
	quick bool
	names []string

	once sync.Once
	runs map[string]*testRun // by name; subtests are part of theirs
	err  error
}

// testRun is what became of one test.
type testRun struct {
	action  string // pass, fail or skip
	passed  int    // subtests, or 1 when there are none
	failed  int
	elapsed float64
	logs    []string // what it logged, and its subtests when they failed
}

func newTests(quick bool, chosen []figure) *tests {
	t := &tests{quick: quick}
	for _, f := range chosen {
		t.names = append(t.names, f.tests...)
	}
	return t
}

// test gives what became of a test of package pool, or ends the figure.
func (s *stage) test(name string) *testRun {
	t := s.tests
	t.once.Do(func() { t.runs, t.err = runTests(s.ctx, "./pool", t.names, t.quick) })
	return s.outcome(t.runs, t.err, name)
}

// outcome ends the figure when the test did not run.
func (s *stage) outcome(runs map[string]*testRun, err error, name string) *testRun {
	run := runs[name]
	switch {
	case run == nil && err != nil:
		s.Fatalf("%s did not run: %v", name, err)
	case run == nil:
		s.Fatalf("there is no %s", name)
	case run.action == "skip":
		s.Fatalf("%s was skipped: %s", name, strings.Join(run.logs, "; "))
	}
	return run
}

// runTests runs tests of a package: the great sizes and the race detector, unless quick.
func runTests(ctx context.Context, dir string, names []string, quick bool) (map[string]*testRun, error) {
	args := []string{"test", "-json", "-count=1", "-timeout=60m", "-run", "^(" + strings.Join(names, "|") + ")$"}
	env := append(os.Environ(), "FRAISEQL_REQUIRE_PG=1")
	if !quick {
		args = append(args, "-race")
		env = append(env, "FRAISEQL_SLOW=1")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, dir)...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	runs, built := readEvents(out)
	if err != nil && len(runs) == 0 {
		return nil, fmt.Errorf("go %s %s: %w: %s", strings.Join(args, " "), dir, err, cmp.Or(built, strings.TrimSpace(stderr.String())))
	}
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return runs, err
	}
	return runs, nil
}

// logged is a line of t.Log.
var logged = regexp.MustCompile(`^ +\w+\.go:\d+: (.*)`)

// readEvents reads what go test -json prints; built are the lines that belong to no test, such as those of a build that
// failed.
func readEvents(out []byte) (runs map[string]*testRun, built string) {
	runs = map[string]*testRun{}
	var rest []string
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct {
			Action, Test, Output string
			Elapsed              float64
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			continue
		}
		if event.Test == "" {
			if event.Output != "" {
				rest = append(rest, strings.TrimSpace(event.Output))
			}
			continue
		}
		name, sub, isSub := strings.Cut(event.Test, "/")
		run := runs[name]
		if run == nil {
			run = &testRun{}
			runs[name] = run
		}
		run.elapsed = max(run.elapsed, event.Elapsed) // of a parallel subtest, which its parent's does not hold
		switch event.Action {
		case "output":
			if m := logged.FindStringSubmatch(event.Output); m != nil {
				run.logs = append(run.logs, strings.TrimSpace(m[1]))
			}
		case "pass", "fail", "skip":
			switch {
			case !isSub:
				run.action = event.Action
			case event.Action == "pass":
				run.passed++
			case event.Action == "fail":
				run.failed++
				run.logs = append(run.logs, "failed: "+sub)
			}
		}
	}
	for _, run := range runs {
		if run.passed+run.failed == 0 && run.action == "pass" {
			run.passed = 1
		}
	}
	return runs, strings.Join(rest, " ")
}

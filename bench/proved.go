package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// proof is a promise that a test or a Go benchmark of the project keeps, and how to read what it printed.
type proof struct {
	figure string
	target string
	args   []string // of go test
	read   func(out string) (measured string, met bool, err error)
}

var (
	ownAllocations = regexp.MustCompile(`own ([\d.]+) allocations in (\d+) bytes`)
	throughputLine = regexp.MustCompile(`([\d.]+) MB/s\s.*\s(\d+) allocs/op`)
	wholeFirstUse  = regexp.MustCompile(`read_and_plan\S*\s+\d+\s+(\d+) ns/op`)
	passedTest     = regexp.MustCompile(`(?m)^\s*--- PASS: `)

	proofs = []proof{
		{
			figure: "allocations beyond net/http and pgx", target: "≤ 25, ≤ 4 KiB",
			args: []string{"-run", "^TestOwnAllocations$", "-v", "./bench"}, read: mostAllocations,
		},
		{
			figure: "projection over a stored document", target: "≥ 1 GB/s, 0 allocations",
			args: []string{"-run", "^$", "-bench", "^BenchmarkProject$", "-count", "3", "./internal/execute"}, read: bestThroughput,
		},
		{
			figure: "first use of a document of 2 KB", target: "≤ 1 ms",
			args: []string{"-run", "^$", "-bench", "^BenchmarkFirstUse$", "-count", "3", "./internal/engine"}, read: leastTime,
		},
		{
			figure: "round trips and leases a query", target: "1 and 1",
			args: []string{"-v", "./test/e2e"}, read: everyQuery,
		},
	}
)

// prove runs the tests one after another. One that fails is a promise that is not met.
func prove(ctx context.Context, o options) ([]verdict, error) {
	var out []verdict
	for _, p := range proofs {
		o.say("go test %s", strings.Join(p.args, " "))
		command := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1"}, p.args...)...)
		command.Env = append(os.Environ(), "FRAISEQL_REQUIRE_PG=1")
		text, err := command.CombinedOutput()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			return nil, fmt.Errorf("go test: %w", err)
		}
		v := verdict{Figure: p.figure, Of: "c", Target: p.target}
		var bad error
		if v.Text, v.Met, bad = p.read(string(text)); bad != nil {
			return nil, fmt.Errorf("go test %s: %w: %.2000s", strings.Join(p.args, " "), bad, text)
		}
		v.Met = v.Met && err == nil
		out = append(out, v)
	}
	return out, nil
}

func mostAllocations(out string) (string, bool, error) {
	var number, size float64
	for _, m := range ownAllocations.FindAllStringSubmatch(out, -1) {
		n, err := strconv.ParseFloat(m[1], 64)
		b, err2 := strconv.ParseFloat(m[2], 64)
		if err := errors.Join(err, err2); err != nil {
			return "", false, err
		}
		number, size = max(number, n), max(size, b)
	}
	if number == 0 {
		return "", false, errors.New("it tells no allocations")
	}
	return fmt.Sprintf("%.1f, %.1f KiB", number, size/1024), true, nil // the test itself holds the bounds
}

func bestThroughput(out string) (string, bool, error) {
	var best float64
	allocations := ""
	for _, m := range throughputLine.FindAllStringSubmatch(out, -1) {
		mb, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return "", false, err
		}
		best, allocations = max(best, mb), m[2]
	}
	if best == 0 {
		return "", false, errors.New("it tells no MB/s")
	}
	return fmt.Sprintf("%.2f GB/s, %s allocations", best/1000, allocations), best >= 1000 && allocations == "0", nil
}

func leastTime(out string) (string, bool, error) {
	least := 0
	for _, m := range wholeFirstUse.FindAllStringSubmatch(out, -1) {
		if ns, err := strconv.Atoi(m[1]); err == nil && (least == 0 || ns < least) {
			least = ns
		}
	}
	if least == 0 {
		return "", false, errors.New("it tells no ns/op")
	}
	return fmt.Sprintf("%.2f ms", float64(least)/1e6), least <= 1e6, nil
}

func everyQuery(out string) (string, bool, error) {
	n := len(passedTest.FindAllString(out, -1))
	return fmt.Sprintf("held by the proxy in %d tests", n), n > 0, nil // the harness fails any test with another number
}

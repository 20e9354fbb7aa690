package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// findPgbench looks beside the programs of the server and on PATH.
func findPgbench(programs string) (string, bool) {
	if programs != "" {
		path := filepath.Join(programs, "pgbench")
		if _, err := os.Stat(path); err == nil {
			return path, true
		}
	}
	path, err := exec.LookPath("pgbench")
	return path, err == nil
}

// runPgbench is contender a: the statement alone, prepared, without a server between. It has no pool, so it never opens more
// connections than the pools of the others hold.
func runPgbench(ctx context.Context, program, databaseURL string, w work, clients int, d time.Duration) (loadgen.Report, error) {
	dir, err := os.MkdirTemp("", "fraiseql-pgbench-")
	if err != nil {
		return loadgen.Report{}, err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "script.sql")
	if err := os.WriteFile(script, []byte(strings.ReplaceAll(w.pgbench, "\n\t", " ")+"\n"), 0o600); err != nil {
		return loadgen.Report{}, err
	}
	d = max(d.Round(time.Second), time.Second)
	command := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(clients),
		"-j", strconv.Itoa(min(clients, 2)), "-T", strconv.Itoa(int(d.Seconds())), "-l", "--log-prefix", filepath.Join(dir, "log"), databaseURL)
	if text, err := command.CombinedOutput(); err != nil {
		return loadgen.Report{}, fmt.Errorf("pgbench: %w: %s", err, text)
	}
	latencies := new(loadgen.Histogram)
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	if err != nil {
		return loadgen.Report{}, err
	}
	for _, log := range logs {
		if err := readLog(log, latencies); err != nil {
			return loadgen.Report{}, fmt.Errorf("pgbench's log: %w", err)
		}
	}
	return loadgen.Report{
		Workers: clients, Elapsed: d, Good: latencies.Count(), Throughput: float64(latencies.Count()) / d.Seconds(),
		Latency: latencies.Summary(), Latencies: latencies,
	}, nil
}

// readLog reads lines of "client transaction microseconds script epoch …".
func readLog(path string, into *loadgen.Histogram) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			return fmt.Errorf("the line %q has an unknown form", lines.Text())
		}
		us, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return err
		}
		into.Record(time.Duration(us) * time.Microsecond)
	}
	return lines.Err()
}

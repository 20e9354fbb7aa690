// Poolreport measures every figure that the pool promises to hold, and the same on pgxpool where it can do the same.
//
//	go run ./bench/poolreport             # everything at its true size: about 20 minutes on two cores
//	go run ./bench/poolreport -quick      # small sizes, about a minute: for CI
//	go run ./bench/poolreport -only 5,17  # some figures
//
// Run it in the root folder of the module: the figures whose proof is a test of the repository are taken from that test. It starts
// PostgreSQL servers of its own, and stops, kills and freezes them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func main() {
	o, err := parseFlags(os.Args[1:], os.Stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		fmt.Fprintln(os.Stderr, "poolreport:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := pgtest.Main(program{ctx: ctx, o: o, out: os.Stdout})
	stop()
	os.Exit(code)
}

// options are the choices of one run.
type options struct {
	quick bool
	only  []int // nil: all
	json  string
}

func parseFlags(args []string, messages io.Writer) (options, error) {
	var o options
	var only string
	f := flag.NewFlagSet("poolreport", flag.ContinueOnError)
	f.SetOutput(messages)
	f.BoolVar(&o.quick, "quick", false, "small sizes, about a minute; a missed time does not count, as the machine may be busy")
	f.StringVar(&only, "only", "", "measure only these `figures`, such as 3,5,8")
	f.StringVar(&o.json, "json", "", "also write the results into this `file`")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag: see -h", f.Arg(0))
	}
	if only == "" {
		return o, nil
	}
	known := figures()
	for part := range strings.SplitSeq(only, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || !slices.ContainsFunc(known, func(f figure) bool { return f.number == n }) {
			return o, fmt.Errorf("-only has %q, which is no figure: give numbers from 1 to %d, such as 3,5,8", part, len(known))
		}
		o.only = append(o.only, n)
	}
	return o, nil
}

// program is one run. It has the shape that pgtest.Main runs, which ends the shared server afterwards.
type program struct {
	ctx context.Context
	o   options
	out io.Writer
}

// Run measures and gives the exit code: 1 when a figure was missed, a timed one under -quick excepted.
func (p program) Run() int {
	var chosen []figure
	for _, f := range figures() {
		if p.o.only == nil || slices.Contains(p.o.only, f.number) {
			chosen = append(chosen, f)
		}
	}
	r := newReport(p.o.quick)
	r.printHeader(p.out)
	tests := newTests(p.o.quick, chosen)
	for _, f := range chosen {
		if p.ctx.Err() != nil {
			fmt.Fprintln(p.out, "\ninterrupted")
			return 1
		}
		result := measure(p.ctx, f, p.o.quick, tests)
		r.Figures = append(r.Figures, result)
		result.print(p.out)
	}
	r.printSummary(p.out)
	if p.o.json != "" {
		if err := r.write(p.o.json); err != nil {
			fmt.Fprintln(os.Stderr, "poolreport:", err)
			return 1
		}
	}
	if r.failed() {
		return 1
	}
	return 0
}

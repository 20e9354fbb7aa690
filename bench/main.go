// Command bench is the yardstick: the same three requests over the same data, answered by PostgreSQL alone, by two services
// written by hand, by this project, and by PostGraphile. See the README beside it for how to read the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	contenders  []string
	works       []string
	concurrency []int
	rounds      int
	slot        time.Duration
	rate        float64
	pool        int
	rows        int
	memory      bool
	proofs      bool
	databaseURL string
	json        string
	cache       string
	progress    io.Writer
}

// say tells how far the run is.
func (o options) say(format string, args ...any) { fmt.Fprintf(o.progress, format+"\n", args...) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		if contender, ok := strings.CutPrefix(args[0], "serve-"); ok {
			return serve(ctx, contender, args[1:])
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	return compare(ctx, o)
}

func parse(args []string) (options, error) {
	o := options{progress: os.Stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "one short round, about a minute: shows that all answer the same, and roughly how fast")
	flags.BoolVar(&o.memory, "memory", false, "measure the peak memory of one very long list instead")
	flags.IntVar(&o.rows, "rows", 1_000_000, "rows of that list")
	flags.BoolVar(&o.proofs, "proofs", true, "also run the tests that keep the other promises (not with -quick)")
	contenders := flags.String("contenders", "", "which of a,b1,b1t,b2,c,ct,d (default: all; d, PostGraphile, only where npm is, and not with -quick)")
	works := flags.String("requests", "", "which of one,list,nested (default: all)")
	concurrency := flags.String("concurrency", "1,32,256,1000", "workers of the closed loads")
	flags.IntVar(&o.rounds, "rounds", 9, "how often everything is measured, in turn")
	flags.DurationVar(&o.slot, "slot", 700*time.Millisecond, "how long each contender is measured at a time")
	flags.Float64Var(&o.rate, "rate", 0, "requests per second of the open loads (0: 70 % of what c, or else the first contender, has sustained)")
	flags.IntVar(&o.pool, "pool", 10, "connections of each server's pool")
	flags.StringVar(&o.databaseURL, "database-url", "", "use this PostgreSQL on this machine, in a database named "+databaseName+" that is made afresh (default: start one)")
	flags.StringVar(&o.json, "json", "", "write the figures to this file (default: last.json in the user's cache folder)")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unknown argument %q: there are only flags, see -h", flags.Arg(0))
	}
	if *quick {
		set := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
		if !set["rounds"] {
			o.rounds = 1
		}
		if !set["proofs"] {
			o.proofs = false
		}
		if !set["concurrency"] {
			*concurrency = "1,32"
		}
	}
	o.contenders, o.works = list(*contenders), list(*works)
	if len(o.contenders) == 0 {
		o.contenders = []string{"a", "b1", "b1t", "b2", "c", "ct"}
		if _, err := findNPM(); err == nil && !*quick {
			o.contenders = append(o.contenders, "d")
		}
	}
	var faults []error
	for _, key := range o.contenders {
		if label(key) == "" {
			faults = append(faults, fmt.Errorf("there is no contender %q: choose of a, b1, b1t, b2, c, ct, d", key))
		}
	}
	for _, text := range list(*concurrency) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10_000 {
			faults = append(faults, fmt.Errorf("the concurrency %q is not a number from 1 to 10000", text))
		}
		o.concurrency = append(o.concurrency, n)
	}
	if o.rounds < 1 || o.slot < 100*time.Millisecond || o.pool < 1 || o.rows < 1 || o.rate < 0 {
		faults = append(faults, errors.New("-rounds, -pool and -rows begin at 1, -slot at 100ms, -rate at 0"))
	}
	if o.rate == 0 && len(o.concurrency) == 0 {
		faults = append(faults, errors.New("without a -concurrency the open loads need a -rate: theirs comes from a closed one"))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir() // an account without a home
	}
	o.cache = filepath.Join(cache, "fraiseql-bench")
	if o.json == "" {
		o.json = filepath.Join(o.cache, "last.json")
	}
	return o, errors.Join(faults...)
}

// list splits a flag's value at its commas.
func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out
}

// compare does the whole run.
func compare(ctx context.Context, o options) (err error) {
	start := time.Now()
	d, err := openDatabase(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close(context.WithoutCancel(ctx))) }()
	if o.memory {
		return measureMemory(ctx, d, o.contenders, o)
	}
	all, err := works(ctx, d.conn)
	if err != nil {
		return err
	}
	m := &measurement{options: o, databaseURL: d.url, postmaster: d.postmaster}
	if m.works, err = pick(all, o.works); err != nil {
		return err
	}
	for _, key := range o.contenders {
		if key == "a" {
			if program, found := findPgbench(d.programs); found {
				m.pgbench = program
			} else {
				o.say("pgbench is neither beside the server's programs nor on PATH: contender a is left out")
			}
			continue
		}
		o.say("starting %s: %s", key, label(key))
		c, err := startContender(ctx, key, d.url, m.works, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.process.stop()) }()
		m.contenders = append(m.contenders, c)
	}
	if err := verify(ctx, m.contenders, m.works); err != nil {
		return err
	}
	o.say("all %d contenders answer the same", len(m.contenders))
	var proved []verdict
	var unproved error // does not take what was measured along
	if o.proofs {
		// Before the load: two of them measure one core, and a machine that was busy for minutes may be a slower one.
		proved, unproved = prove(ctx, o)
	}
	samples, err := m.run(ctx)
	if err != nil {
		return errors.Join(err, unproved)
	}
	r, err := summarize(ctx, d.conn, samples, o)
	if err != nil {
		return errors.Join(err, unproved)
	}
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	r.Targets = append(r.judge(), proved...)
	if err := printTargets(os.Stdout, r.Targets); err != nil {
		return err
	}
	if err := write(o.json, r); err != nil {
		return err
	}
	fmt.Printf("\n%.0f s; the figures are in %s\n", time.Since(start).Seconds(), o.json)
	return unproved
}

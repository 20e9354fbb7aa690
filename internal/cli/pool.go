package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go/pool"
)

func (p *program) pool() *cobra.Command {
	return family(&cobra.Command{
		Use:     "pool",
		Short:   "Choose the size of the connection pool",
		Example: "  fraiseql pool advise --rps 500 --hold 10ms",
	}, p.advise())
}

// adviseFlags are the flags of advise, as they were typed: each is read only when all are there, so that all faults are
// told at once.
type adviseFlags struct{ rps, hold, cores, replicas, maxConnections string }

func (p *program) advise() *cobra.Command {
	var flags adviseFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "advise --rps N --hold D",
		Short: "Compute the size of the connection pool from the load",
		Example: `  fraiseql pool advise --rps 500 --hold 10ms
  fraiseql pool advise --rps 500 --hold 10ms --replicas 3 --cores 8 --max-connections 200`,
		Long: `Compute the size of the connection pool from the load, and say why.

The load is that of the busiest time. How long a request holds its connection is measured by a
running server: db_client_connection_use_time_seconds at /metrics, its sum divided by its count.
The size is the smallest at which at most 1 % of the requests wait for a connection, by Little's
law and Erlang C.

With --json the answer is one object; times in it are nanoseconds, as at /pool. The exit code
is 0 also when there are warnings, and 2 when a flag is wrong.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			load, err := flags.load()
			if err != nil {
				return err
			}
			advice, err := pool.Advise(load)
			if err != nil {
				return usageError{inFlags(err)}
			}
			if asJSON {
				return p.json(advice)
			}
			p.tell(advice)
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarPF(&typed{&flags.rps, "number"}, "rps", "", "requests per second at the busiest time, of all replicas together (required)")
	f.VarPF(&typed{&flags.hold, "duration"}, "hold", "", "how long a request holds its connection, on average: 10ms (required)")
	f.VarPF(&typed{&flags.cores, "number"}, "cores", "", "processor cores of the database server (default not known)")
	f.VarPF(&typed{&flags.replicas, "number"}, "replicas", "", "processes that share the load, each with its own pool (default 1)")
	f.VarPF(&typed{&flags.maxConnections, "number"}, "max-connections", "", "the server's max_connections (default 100, as PostgreSQL's)")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// typed keeps the text of a flag.
type typed struct {
	text *string
	kind string
}

func (t *typed) String() string { return "" }
func (t *typed) Type() string   { return t.kind }

// Set keeps also what is empty: a variable that a script forgot is not the same as a flag left out.
func (t *typed) Set(text string) error {
	*t.text = text + " "
	return nil
}

// load reads the flags, and tells all that is wrong with them at once.
func (f adviseFlags) load() (pool.Load, error) {
	var l pool.Load
	var faults []error
	read := func(flag, text, wanted string, set func(text string) bool) {
		if text == "" {
			return
		}
		if text = strings.TrimSpace(text); !set(text) {
			faults = append(faults, fmt.Errorf("%s: %q is not %s", flag, text, wanted))
		}
	}
	read("--rps", f.rps, "a number above 0 such as 500", func(text string) bool {
		n, err := strconv.ParseFloat(text, 64)
		l.RequestsPerSecond = n
		return err == nil && n > 0 && !math.IsInf(n, 0)
	})
	read("--hold", f.hold, "a duration above 0 such as 10ms or 1.5s", func(text string) bool {
		d, err := time.ParseDuration(text)
		l.HoldTime = d
		return err == nil && d > 0
	})
	whole := func(to *int) func(string) bool {
		return func(text string) bool {
			n, err := strconv.Atoi(text)
			*to = n
			return err == nil && n > 0
		}
	}
	read("--cores", f.cores, "a whole number from 1 on", whole(&l.Cores))
	read("--replicas", f.replicas, "a whole number from 1 on", whole(&l.Replicas))
	read("--max-connections", f.maxConnections, "a whole number from 1 on", whole(&l.MaxConnections))
	if f.rps == "" {
		faults = append(faults, errors.New("--rps is missing: give the requests per second at the busiest time, such as --rps 500"))
	}
	if f.hold == "" {
		faults = append(faults, errors.New("--hold is missing: give the time that a request holds its connection, such as --hold 10ms; db_client_connection_use_time_seconds at /metrics tells it"))
	}
	if len(faults) == 0 {
		return l, nil
	}
	// What could be read may be beyond a limit: that is told too, with the least load for what could not.
	if !(l.RequestsPerSecond > 0) || math.IsInf(l.RequestsPerSecond, 0) {
		l.RequestsPerSecond = 1e-6
	}
	if l.HoldTime <= 0 {
		l.HoldTime = 1
	}
	l.Cores, l.Replicas, l.MaxConnections = max(l.Cores, 0), max(l.Replicas, 0), max(l.MaxConnections, 0)
	if _, err := pool.Advise(l); err != nil {
		faults = append(faults, inFlags(err))
	}
	return l, usageError{errors.Join(faults...)}
}

// inFlags puts the words of the command line for those of the package.
func inFlags(err error) error {
	return errors.New(strings.NewReplacer(
		"pool: ", "", "RequestsPerSecond", "--rps", "HoldTime", "--hold", "MaxConnections", "--max-connections", "Replicas", "--replicas", "Cores", "--cores",
	).Replace(err.Error()))
}

// tell writes an advice for people: the answer first, then why, then what else was possible.
func (p *program) tell(a pool.Advice) {
	overflow := a.MaxOverflow
	if overflow == 0 {
		overflow = -1 // in Go, 0 is the default
	}
	p.print("ConnectionPoolSize: %d, ConnectionPoolMaxOverflow: %d\n", a.Size, overflow)
	p.print("--connection-pool-size %d --connection-pool-max-overflow %d\n\n", a.Size, a.MaxOverflow)
	for _, reason := range a.Reasons {
		p.print("%s\n", reason)
	}
	p.print("\n")
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "size\tbusy\twait at all\tmean wait\t95 of 100 within\t99 of 100 within\t")
	for _, e := range a.Sizes {
		advised := ""
		if e == a.Expectation {
			advised = "  <- advised"
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n",
			e.Size, share(e.Utilization), share(e.WaitProbability), short(e.MeanWait), short(e.P95Wait), short(e.P99Wait), advised)
	}
	_ = w.Flush()
	for i, warning := range a.Warnings {
		if i == 0 {
			p.print("\n")
		}
		p.print("warning: %s\n", warning)
	}
}

func share(x float64) string {
	if x > 0 && x < 0.001 {
		return "< 0.1 %"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + " %"
}

// short rounds a duration to three digits that matter.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// Curve measures how many queries a pool answers at different sizes, with the same load: that more connections are
// faster holds up to a point, and this finds the point.
//
//	go run ./bench/curve           # about a minute
//	go run ./bench/curve -quick    # some seconds, for a first look
//	go run ./bench/curve -h        # sizes, load, rounds, another server
//
// It starts a PostgreSQL of its own on the same machine, with data that is thrown away.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/loadgen"
	"github.com/fraiseql/fraiseql-go/pool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parseFlags(os.Args[1:], os.Stderr)
	if err == nil {
		err = measure(ctx, o, os.Stdout)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "curve:", err)
		os.Exit(1)
	}
}

type options struct {
	databaseURL string
	sizes       []int
	workers     int
	rounds      int
	slot        time.Duration // one size in one round
}

func parseFlags(args []string, messages io.Writer) (options, error) {
	var o options
	var sizes string
	var quick bool
	f := flag.NewFlagSet("curve", flag.ContinueOnError)
	f.SetOutput(messages)
	f.StringVar(&o.databaseURL, "database-url", "", "an existing `database` instead of a server of its own; a temporary schema is made in it")
	f.StringVar(&sizes, "sizes", "2,5,10,20,30,50", "pool `sizes` to measure")
	f.IntVar(&o.workers, "workers", 100, "`callers` that ask again as soon as they have their answer")
	f.IntVar(&o.rounds, "rounds", 5, "how often each size is measured; the median is shown")
	f.DurationVar(&o.slot, "slot", 2*time.Second, "`duration` of one measurement")
	f.BoolVar(&quick, "quick", false, "three rounds of 300ms")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag: see -h", f.Arg(0))
	}
	for part := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return o, fmt.Errorf("-sizes has %q: give numbers from 1 on, such as 2,5,10", part)
		}
		o.sizes = append(o.sizes, n)
	}
	if quick {
		o.rounds, o.slot = 3, 300*time.Millisecond
	}
	if o.workers < 1 || o.rounds < 1 || o.slot <= 0 {
		return o, errors.New("-workers, -rounds and -slot are above 0")
	}
	return o, nil
}

// schema is a table of 100,000 orders of 1,000 customers; the query adds up one customer's.
const (
	schema = `
CREATE SCHEMA curve;
CREATE TABLE curve.orders (id int PRIMARY KEY, customer int NOT NULL, amount int NOT NULL);
INSERT INTO curve.orders SELECT n, n % 1000, n % 97 FROM generate_series(1, 100000) AS n;
CREATE INDEX ON curve.orders (customer) INCLUDE (amount);
ANALYZE curve.orders;`
	query     = `SELECT count(*), sum(amount) FROM curve.orders WHERE customer = $1`
	customers = 1000
	perOne    = 100
)

// measure runs all of it.
func measure(ctx context.Context, o options, out io.Writer) (err error) {
	admin := o.databaseURL
	if admin == "" {
		programs, err := devpg.Find(os.Environ())
		if err != nil {
			return err
		}
		server, err := devpg.Start(ctx, devpg.Options{
			Programs: programs, Ephemeral: true, Logger: slog.New(slog.DiscardHandler),
			Settings: map[string]string{"max_connections": strconv.Itoa(slices.Max(o.sizes) + 20)},
		})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
		admin = server.URL("postgres")
	}
	if err := execute(ctx, admin, schema); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, execute(context.WithoutCancel(ctx), admin, "DROP SCHEMA curve CASCADE"))
	}()
	fmt.Fprintf(out, "%d callers, %d cores for them and PostgreSQL together; medians of %d rounds of %v\n", o.workers, runtime.NumCPU(), o.rounds, o.slot)
	results := make([][]result, len(o.sizes))
	for round := range o.rounds {
		for k := range o.sizes {
			i := (k + round) % len(o.sizes) // another one first in each round
			r, err := slot(ctx, admin, o.sizes[i], o.workers, o.slot)
			if err != nil {
				return err
			}
			results[i] = append(results[i], r)
		}
	}
	show(out, o.sizes, results)
	return nil
}

func execute(ctx context.Context, databaseURL, sql string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// result is one measurement of one size.
type result struct {
	perSecond float64
	latency   loadgen.Summary
}

// slot measures one size: the pool is full before the clock starts.
func slot(ctx context.Context, databaseURL string, size, workers int, d time.Duration) (r result, err error) {
	p, err := pool.Open(ctx, databaseURL, pool.Options{
		Name: "curve", Size: size, MaxOverflow: -1, Timeout: time.Minute, LeakAfter: -1, FailFast: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	if err := fill(ctx, p, size); err != nil {
		return r, err
	}
	var latencies loadgen.Histogram
	errs := make([]error, workers)
	start := time.Now()
	end := start.Add(d)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for n := w; time.Now().Before(end) && errs[w] == nil; n += workers {
				asked := time.Now()
				errs[w] = ask(ctx, p, n%customers)
				latencies.Record(time.Since(asked))
			}
		})
	}
	group.Wait()
	r.perSecond, r.latency = float64(latencies.Count())/time.Since(start).Seconds(), latencies.Summary()
	return r, errors.Join(errs...)
}

// fill opens all connections of a pool, and lets each of them prepare the query.
func fill(ctx context.Context, p *pool.Pool, size int) (err error) {
	var held []pool.Conn
	defer func() {
		for _, c := range held {
			c.Release()
		}
	}()
	for range size {
		c, err := p.Acquire(ctx)
		if err != nil {
			return err
		}
		held = append(held, c)
		if err := askOn(ctx, c, 0); err != nil {
			return err
		}
	}
	return nil
}

func ask(ctx context.Context, p *pool.Pool, customer int) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return askOn(ctx, c, customer)
}

// askOn asks as an app does: nothing stays behind in the session, so that it needs no reset.
func askOn(ctx context.Context, c pool.Conn, customer int) error {
	return c.RawClean(func(conn *pgx.Conn) error {
		var count, sum int
		if err := conn.QueryRow(ctx, query, customer).Scan(&count, &sum); err != nil {
			return err
		}
		if count != perOne {
			return fmt.Errorf("customer %d has %d orders instead of %d", customer, count, perOne)
		}
		return nil
	})
}

// show prints the median of each size, and what it is of the best.
func show(out io.Writer, sizes []int, results [][]result) {
	medians := make([]result, len(sizes))
	best := 0.0
	for i, rounds := range results {
		slices.SortFunc(rounds, func(a, b result) int { return cmp.Compare(a.perSecond, b.perSecond) })
		medians[i] = rounds[len(rounds)/2]
		best = max(best, medians[i].perSecond)
	}
	fmt.Fprintf(out, "\n%11s  %9s  %11s  %8s  %16s\n", "connections", "queries/s", "of the best", "median", "99 of 100 within")
	for i, m := range medians {
		fmt.Fprintf(out, "%11d  %9.0f  %9.0f %%  %8v  %16v\n", sizes[i], m.perSecond, 100*m.perSecond/best,
			m.latency.P50.Round(100*time.Microsecond), m.latency.P99.Round(100*time.Microsecond))
	}
}

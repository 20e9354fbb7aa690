package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// result is what a run writes as JSON.
type result struct {
	At       time.Time `json:"at"`
	CPUs     int       `json:"cpus"`
	Go       string    `json:"go"`
	Postgres string    `json:"postgres"`
	Pool     int       `json:"pool"`
	Rounds   int       `json:"rounds"`
	Slot     string    `json:"slot"`
	Figures  []figure  `json:"figures"`
	Ratios   []ratio   `json:"ratios"`
	Targets  []verdict `json:"targets"`
}

// figure is one contender in one cell: all rounds together, and what ratios are made of round by round. CPU is in seconds per
// 1000 answers.
type figure struct {
	Contender string `json:"contender"`
	cell
	Throughput        float64              `json:"throughput"`         // good answers per second
	ThroughputByRound []float64            `json:"throughputByRound"`  //
	Latency           loadgen.Summary      `json:"latency"`            // of good answers
	Failed            int64                `json:"failed"`             //
	Errors            []loadgen.ErrorCount `json:"errors,omitempty"`   // of the first round that had any
	ServerCPU         float64              `json:"serverCPU"`          //
	PostgresCPU       float64              `json:"postgresCPU"`        //
	LoadCPU           float64              `json:"loadCPU"`            // of the generator
	ServerByRound     []float64            `json:"serverCPUByRound"`   //
	PostgresByRound   []float64            `json:"postgresCPUByRound"` //
	PeakBytes         int64                `json:"peakBytes"`          // of the server's process
}

// ratio compares two contenders in one cell: 2 says that Of has twice the figure of To. Throughput and CPU are medians of the
// rounds' ratios, so that a disturbed round does not decide.
type ratio struct {
	Of string `json:"of"`
	To string `json:"to"`
	cell
	Throughput  float64 `json:"throughput"`
	P50         float64 `json:"p50"`
	P99         float64 `json:"p99"`
	ServerCPU   float64 `json:"serverCPU"`
	PostgresCPU float64 `json:"postgresCPU"`
	PeakBytes   float64 `json:"peakBytes"`
}

func summarize(ctx context.Context, conn *pgx.Conn, samples []sample, o options) (result, error) {
	r := result{
		At: time.Now().UTC(), CPUs: runtime.NumCPU(), Go: runtime.Version(),
		Pool: o.pool, Rounds: o.rounds, Slot: o.slot.String(), Figures: figures(samples),
	}
	r.Ratios = ratios(r.Figures)
	if err := conn.QueryRow(ctx, `SHOW server_version`).Scan(&r.Postgres); err != nil {
		return result{}, fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	return r, nil
}

func figures(samples []sample) []figure {
	type key struct {
		contender string
		cell      cell
	}
	var order []key
	groups := map[key][]sample{}
	for _, s := range samples {
		k := key{s.contender, s.cell}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], s)
	}
	var out []figure
	for _, k := range order {
		f := figure{Contender: k.contender, cell: k.cell}
		latencies := new(loadgen.Histogram)
		var good int64
		var elapsed, server, postgres, load time.Duration
		slices.SortFunc(groups[k], func(a, b sample) int { return cmp.Compare(a.round, b.round) })
		for _, s := range groups[k] {
			good += s.report.Good
			f.Failed += s.report.Failed
			elapsed += s.report.Elapsed
			server += s.serverCPU
			postgres += s.postgresCPU
			load += s.loadCPU
			latencies.Merge(s.report.Latencies)
			f.PeakBytes = max(f.PeakBytes, s.peakBytes)
			f.ThroughputByRound = append(f.ThroughputByRound, s.report.Throughput)
			f.ServerByRound = append(f.ServerByRound, perThousand(s.serverCPU, s.report.Good+s.report.Failed))
			f.PostgresByRound = append(f.PostgresByRound, perThousand(s.postgresCPU, s.report.Good+s.report.Failed))
			if f.Errors == nil {
				f.Errors = s.report.Errors
			}
		}
		f.Latency = latencies.Summary()
		f.Throughput = over(float64(good), elapsed.Seconds())
		f.ServerCPU = perThousand(server, good+f.Failed)
		f.PostgresCPU = perThousand(postgres, good+f.Failed)
		f.LoadCPU = perThousand(load, good+f.Failed)
		out = append(out, f)
	}
	return out
}

func perThousand(cpu time.Duration, answers int64) float64 {
	return over(cpu.Seconds()*1000, float64(answers))
}

// over divides, and gives 0 where there is nothing to divide by: such a figure is shown as a dash.
func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// compared says to which others each contender is held.
var compared = map[string][]string{
	"b1t": {"b1"},
	"b2":  {"b1"},
	"c":   {"a", "b1", "b2", "d"},
	"ct":  {"b1t", "b1", "c"},
	"d":   {"b1"},
}

func ratios(all []figure) []ratio {
	var out []ratio
	for _, f := range all {
		for _, g := range all {
			if g.cell != f.cell || !slices.Contains(compared[f.Contender], g.Contender) {
				continue
			}
			out = append(out, ratio{
				Of: f.Contender, To: g.Contender, cell: f.cell,
				Throughput:  byRound(f.ThroughputByRound, g.ThroughputByRound),
				ServerCPU:   byRound(f.ServerByRound, g.ServerByRound),
				PostgresCPU: byRound(f.PostgresByRound, g.PostgresByRound),
				P50:         over(float64(f.Latency.P50), float64(g.Latency.P50)),
				P99:         over(float64(f.Latency.P99), float64(g.Latency.P99)),
				PeakBytes:   over(float64(f.PeakBytes), float64(g.PeakBytes)),
			})
		}
	}
	return out
}

// byRound is the median of the rounds' ratios.
func byRound(of, to []float64) float64 {
	var rounds []float64
	for i := range min(len(of), len(to)) {
		rounds = append(rounds, over(of[i], to[i]))
	}
	return median(rounds)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// print writes two tables: the figures cell by cell, and the ratios.
func (r result) print(out io.Writer) error {
	fmt.Fprintf(out, "\n%s, PostgreSQL %s, %d CPUs, pools of %d, %d round(s) of %s\n", r.Go, r.Postgres, r.CPUs, r.Pool, r.Rounds, r.Slot)
	var keys []string
	for _, f := range r.Figures {
		if !slices.Contains(keys, f.Contender) {
			keys = append(keys, f.Contender)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(out, "  %-3s %s\n", key, label(key))
	}
	fmt.Fprintln(out, "CPU: seconds per 1000 requests, of the server, of PostgreSQL and of the load's generator. Peak: of the server, in MB.")
	sorted := slices.Clone(r.Figures)
	seen := map[cell]int{}
	for _, f := range sorted {
		if _, ok := seen[f.cell]; !ok {
			seen[f.cell] = len(seen)
		}
	}
	slices.SortStableFunc(sorted, func(a, b figure) int {
		return cmp.Or(cmp.Compare(seen[a.cell], seen[b.cell]), cmp.Compare(a.Contender, b.Contender))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nrequest\tload\t\treq/s\tp50 ms\tp95 ms\tp99 ms\tfailed\tserver CPU\tPostgreSQL CPU\tload CPU\tpeak\t")
	for _, f := range sorted {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.0f\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", f.Work, f.load(), f.Contender, f.Throughput,
			ms(f.Latency.P50), ms(f.Latency.P95), ms(f.Latency.P99), f.Failed,
			number(f.ServerCPU, 3), number(f.PostgresCPU, 3), number(f.LoadCPU, 3), number(float64(f.PeakBytes)/1e6, 0))
	}
	if len(r.Ratios) > 0 {
		fmt.Fprintln(w, "\nrequest\tload\tratio\treq/s\tp50\t\tp99\t\tserver CPU\tPostgreSQL CPU\t\tpeak\t")
	}
	for _, q := range r.Ratios {
		fmt.Fprintf(w, "%s\t%s\t%s/%s\t%s\t%s\t\t%s\t\t%s\t%s\t\t%s\t\n", q.Work, q.load(), q.Of, q.To,
			number(q.Throughput, 2), number(q.P50, 2), number(q.P99, 2), number(q.ServerCPU, 2), number(q.PostgresCPU, 2), number(q.PeakBytes, 2))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range sorted {
		for _, e := range f.Errors {
			fmt.Fprintf(out, "failed: %s in %s: %d × %s %s: %s\n", f.Contender, f.cell, e.Count, e.Kind, e.Name, e.Example)
		}
	}
	return nil
}

func (c cell) load() string {
	if c.Rate > 0 {
		return fmt.Sprintf("%.0f/s", c.Rate)
	}
	return fmt.Sprintf("×%d", c.Concurrency)
}

func ms(d time.Duration) string { return number(float64(d)/float64(time.Millisecond), 2) }

func number(v float64, digits int) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// write saves v as JSON.
func write(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

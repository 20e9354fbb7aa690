package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// target is a figure that this project promises of itself, and its bound.
type target struct {
	figure string
	of, to string   // whose ratio; without to it is of's own figure
	works  []string // the requests it is promised for
	loads  []int    // the closed loads it is promised for; none: the open ones
	value  func(ratio, figure) float64
	least  float64
	most   float64 // 0: least counts
}

func throughput(r ratio, _ figure) float64  { return r.Throughput }
func postgresCPU(r ratio, _ figure) float64 { return r.PostgresCPU }

// tail is how much longer the slowest thousandth takes than the middle.
func tail(_ ratio, f figure) float64 { return over(float64(f.Latency.P999), float64(f.Latency.P50)) }

var (
	everyWork = []string{"one", "list", "nested"}

	targets = []target{
		{figure: "throughput, both under a tenant's settings", of: "ct", to: "b1t", works: everyWork, loads: []int{32, 256}, value: throughput, least: 1},
		{figure: "throughput", of: "c", to: "b1", works: everyWork, loads: []int{32, 256}, value: throughput, least: 1},
		{figure: "throughput", of: "c", to: "b2", works: []string{"list"}, loads: []int{32, 256}, value: throughput, least: 0.9},
		{figure: "throughput", of: "c", to: "a", works: []string{"one"}, loads: []int{32}, value: throughput, least: 0.45},
		{figure: "throughput", of: "c", to: "a", works: []string{"list"}, loads: []int{32}, value: throughput, least: 0.65},
		{figure: "throughput", of: "c", to: "d", works: []string{"list", "nested"}, loads: []int{32}, value: throughput, least: 4},
		{figure: "PostgreSQL CPU a request", of: "c", to: "b1", works: everyWork, loads: []int{32}, value: postgresCPU, most: 0.9},
		{figure: "p99.9 / p50 at 70 % of the sustained load", of: "c", works: everyWork, value: tail, most: 5},
	}
)

// verdict is a target in one cell, and what was measured.
type verdict struct {
	Figure string `json:"figure"`
	Of     string `json:"of"`
	To     string `json:"to,omitempty"`
	cell
	Target   string  `json:"target"`
	Measured float64 `json:"measured,omitempty"`
	Text     string  `json:"text,omitempty"` // what was measured where it is not one number
	Met      bool    `json:"met"`
}

// judge holds the run against the targets; cells that were not measured are left out.
func (r result) judge() []verdict {
	var out []verdict
	for _, t := range targets {
		for _, f := range r.Figures {
			if f.Contender != t.of || !t.covers(f.cell) {
				continue
			}
			var q ratio
			if t.to != "" {
				i := slices.IndexFunc(r.Ratios, func(q ratio) bool { return q.Of == t.of && q.To == t.to && q.cell == f.cell })
				if i < 0 {
					continue
				}
				q = r.Ratios[i]
			}
			v := verdict{Figure: t.figure, Of: t.of, To: t.to, cell: f.cell, Measured: t.value(q, f)}
			if v.Target, v.Met = fmt.Sprintf("≥ %g", t.least), v.Measured >= t.least; t.most > 0 {
				v.Target, v.Met = fmt.Sprintf("≤ %g", t.most), v.Measured <= t.most && v.Measured > 0
			}
			out = append(out, v)
		}
	}
	return out
}

func (t target) covers(c cell) bool {
	if !slices.Contains(t.works, c.Work) {
		return false
	}
	if len(t.loads) == 0 {
		return c.Rate > 0
	}
	return c.Rate == 0 && slices.Contains(t.loads, c.Concurrency)
}

// printTargets writes what is promised beside what was measured.
func printTargets(out io.Writer, all []verdict) error {
	if len(all) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\n"+strings.Join(targetHead, "\t"))
	for _, v := range all {
		fmt.Fprintln(w, strings.Join(v.row(), "\t"))
	}
	return w.Flush()
}

var targetHead = []string{"figure", "of", "request", "load", "target", "measured", ""}

func (v verdict) row() []string {
	of, load, note := v.Of, "–", "met"
	if v.To != "" {
		of += "/" + v.To
	}
	if v.Work != "" {
		load = v.load()
	}
	if !v.Met {
		note = "MISSED"
	}
	return []string{v.Figure, of, cmp.Or(v.Work, "all"), load, v.Target, cmp.Or(v.Text, number(v.Measured, 2)), note}
}

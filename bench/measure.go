package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// cell is one condition under which all contenders are measured.
type cell struct {
	Work        string  `json:"work"`
	Concurrency int     `json:"concurrency,omitempty"` // closed load: so many workers
	Rate        float64 `json:"rate,omitempty"`        // open load: requests due per second
}

func (c cell) String() string {
	if c.Rate > 0 {
		return fmt.Sprintf("%s, open at %.0f/s", c.Work, c.Rate)
	}
	return fmt.Sprintf("%s, closed by %d", c.Work, c.Concurrency)
}

// sample is one contender in one cell in one round.
type sample struct {
	contender   string
	cell        cell
	round       int
	report      loadgen.Report
	serverCPU   time.Duration
	postgresCPU time.Duration
	loadCPU     time.Duration
	peakBytes   int64
}

type measurement struct {
	options
	works       []work
	contenders  []*contender // over HTTP
	pgbench     string       // program of contender a; "" without
	databaseURL string
	postmaster  int
}

// closed are the conditions of closed loads.
func (m *measurement) closed() []cell {
	var out []cell
	for _, w := range m.works {
		for _, n := range m.concurrency {
			out = append(out, cell{Work: w.name, Concurrency: n})
		}
	}
	return out
}

// open are those of open loads. The rate of each is a share of what c, or else the first contender, has sustained: the median of
// the rounds of a closed load, 32 workers if that was measured. What a machine does in its first minute it does not keep up.
func (m *measurement) open(samples []sample) []cell {
	var out []cell
	for _, w := range m.works {
		rate := m.rate
		if rate == 0 && len(m.contenders) > 0 {
			reference := m.contenders[max(0, slices.IndexFunc(m.contenders, func(c *contender) bool { return c.key == "c" }))]
			workers := m.concurrency[max(0, slices.Index(m.concurrency, 32))]
			var sustained []float64
			for _, s := range samples {
				if s.contender == reference.key && s.cell == (cell{Work: w.name, Concurrency: workers}) {
					sustained = append(sustained, s.report.Throughput)
				}
			}
			rate = roundDown(median(sustained) * openShare)
		}
		if rate > 0 {
			out = append(out, cell{Work: w.name, Rate: rate})
		}
	}
	return out
}

// openWorkers bounds the requests of an open load that are under way at once, and with them its connections; what falls due beyond
// them waits, and its clock is running. Without such a bound the first moment in which the machine does something else has a
// thousand connections opened, and the tail is that of accepting them.
const openWorkers = 64

// openShare is the share of the greatest throughput at which latency is measured: busy, not full.
const openShare = 0.7

// roundDown keeps two digits, so that the rates of two runs are more likely the same.
func roundDown(rate float64) float64 {
	if rate < 1 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(rate))-1)
	return math.Floor(rate/unit) * unit
}

// run measures the closed loads, and then the open ones, whose rates come from them.
func (m *measurement) run(ctx context.Context) ([]sample, error) {
	if err := m.warm(ctx); err != nil {
		return nil, err
	}
	samples, err := m.inTurn(ctx, m.closed())
	if err != nil {
		return nil, err
	}
	open, err := m.inTurn(ctx, m.open(samples))
	return append(samples, open...), err
}

// inTurn goes through all rounds: in each, every cell, and in each cell every contender straight after the other, a different one
// first in each round, so that what else the machine does falls on all alike.
func (m *measurement) inTurn(ctx context.Context, cells []cell) ([]sample, error) {
	var samples []sample
	for round := range m.rounds {
		for i, c := range cells {
			m.say("round %d of %d, %d of %d: %s", round+1, m.rounds, i+1, len(cells), c)
			for j := range m.contenders {
				s, err := m.measure(ctx, m.contenders[(j+round)%len(m.contenders)], c, round)
				if err != nil {
					return nil, err
				}
				samples = append(samples, s)
			}
			if m.pgbench != "" && c.Rate == 0 && c.Concurrency <= 32 {
				s, err := m.measurePgbench(ctx, c, round)
				if err != nil {
					return nil, err
				}
				samples = append(samples, s)
			}
		}
	}
	return samples, nil
}

// warm lets connections open, statements get their generic plans and compilers compile.
func (m *measurement) warm(ctx context.Context) error {
	for _, c := range m.contenders {
		for _, w := range m.works {
			m.say("warming up %s: %s", c.key, w.name)
			if _, err := m.measure(ctx, c, cell{Work: w.name, Concurrency: 32}, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *measurement) measure(ctx context.Context, c *contender, in cell, round int) (sample, error) {
	bodies, answers := c.bodies[in.Work], c.answers[in.Work]
	load := loadgen.Load{
		URL:      c.url(in.Work),
		Body:     func(n int64) []byte { return bodies[n%variantNum] },
		Duration: m.slot,
		Rate:     in.Rate,
		Workers:  in.Concurrency,

		Transport: &c.connections,
		Check: func(n int64, body []byte) error {
			if !bytes.Equal(body, answers[n%variantNum]) {
				return fmt.Errorf("not the answer that was verified: %.200s", body)
			}
			return nil
		},
	}
	if in.Rate > 0 {
		load.Workers = openWorkers
		load.Timeout = max(m.slot, 2*time.Second) // a contender that cannot keep up must not hold up the rest
	}
	if err := resetPeak(c.process.pid); err != nil {
		return sample{}, fmt.Errorf("the server %s is gone: %w", c.key, err)
	}
	s := sample{contender: c.key, cell: in, round: round}
	before, err := m.used(c.process.pid)
	if err != nil {
		return sample{}, err
	}
	if s.report, err = loadgen.Run(ctx, load); err != nil {
		return sample{}, err
	}
	if in.Concurrency > openWorkers {
		c.connections.CloseIdleConnections() // or the server's memory would hold them from now on
	}
	after, err := m.used(c.process.pid)
	if err != nil {
		return sample{}, fmt.Errorf("the server %s is gone: %w", c.key, err)
	}
	s.serverCPU, s.postgresCPU, s.loadCPU = after.server-before.server, after.postgres-before.postgres, after.load-before.load
	s.peakBytes, err = memoryOf(c.process.pid, "VmHWM")
	return s, err
}

// usage is the CPU time that each side of a measurement has used.
type usage struct{ server, postgres, load time.Duration }

func (m *measurement) used(server int) (u usage, err error) {
	var faults [3]error
	u.server, faults[0] = cpuOf(server)
	u.postgres, faults[1] = cpuOfTree(m.postmaster)
	u.load, faults[2] = cpuOf(os.Getpid())
	return u, errors.Join(faults[:]...)
}

func (m *measurement) measurePgbench(ctx context.Context, in cell, round int) (sample, error) {
	w := m.works[slices.IndexFunc(m.works, func(w work) bool { return w.name == in.Work })]
	before, err := cpuOfTree(m.postmaster)
	if err != nil {
		return sample{}, err
	}
	living, err := children(m.postmaster)
	if err != nil {
		return sample{}, err
	}
	report, err := runPgbench(ctx, m.pgbench, m.databaseURL, w, min(in.Concurrency, m.pool), m.slot)
	if err != nil {
		return sample{}, err
	}
	if err := waitForChildren(ctx, m.postmaster, living); err != nil {
		return sample{}, err
	}
	after, err := cpuOfTree(m.postmaster)
	return sample{contender: "a", cell: in, round: round, report: report, postgresCPU: after - before}, err
}

package pool

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Load is what a pool has to carry, for [Advise]. RequestsPerSecond and HoldTime are required; in every other field zero
// means the default that is named, and negative values are refused.
type Load struct {
	// RequestsPerSecond is the rate at the busiest time, of all replicas together.
	RequestsPerSecond float64 `json:"requestsPerSecond"`

	// HoldTime is how long a request holds its connection, on average: the mean of Stat.UseTime. At most 1 h.
	HoldTime time.Duration `json:"holdTime"`

	// Cores is how many the database server has. Default 0: not known, and nothing is said about them.
	Cores int `json:"cores"`

	// Replicas is how many processes share the load, each with a pool of its own. Default 1; at most 10,000.
	Replicas int `json:"replicas"`

	// MaxConnections is the server's max_connections. Default 100, which is PostgreSQL's own; at most 262,143, which is
	// PostgreSQL's limit.
	MaxConnections int `json:"maxConnections"`

	// Reserved is how many of them ordinary roles do not get, and what other programs need. Default 3, which is
	// PostgreSQL's superuser_reserved_connections.
	Reserved int `json:"reserved"`

	// WaitProbability is the share of requests that may have to wait for a connection. Default 0.01; below 1.
	WaitProbability float64 `json:"waitProbability"`
}

// Expectation is what requests meet at a pool of one size. Durations are nanoseconds in JSON.
type Expectation struct {
	Size            int           `json:"size"`            // of each replica
	Utilization     float64       `json:"utilization"`     // the share of its connections that is busy, on average
	WaitProbability float64       `json:"waitProbability"` // of a request
	MeanWait        time.Duration `json:"meanWait"`        // over all requests, those that do not wait included
	P95Wait         time.Duration `json:"p95Wait"`         // 95 of 100 requests wait no longer
	P99Wait         time.Duration `json:"p99Wait"`
}

// Advice is the size of a pool for a load, and why. Durations are nanoseconds in JSON.
type Advice struct {
	Expectation // of the advised Size, without the overflow

	// MaxOverflow is for Options.MaxOverflow; where it is 0, Options takes a negative number for none.
	MaxOverflow int `json:"overflow"`

	Load                Load    `json:"load"`                // with its defaults
	Busy                float64 `json:"busy"`                // connections busy at once, on average, in all replicas (Little's law)
	BusyPerReplica      float64 `json:"busyPerReplica"`      // the same in each
	PerReplica          int     `json:"perReplica"`          // the ceiling of each: Size + MaxOverflow
	Total               int     `json:"total"`               // the ceilings of all
	TotalWhileDeploying int     `json:"totalWhileDeploying"` // twice that: the old and the new processes run at once
	Usable              int     `json:"usable"`              // MaxConnections − Reserved
	Fits                bool    `json:"fits"`                // Total ≤ Usable
	FitsWhileDeploying  bool    `json:"fitsWhileDeploying"`

	// Reasons say in sentences how the numbers came about. Warnings say what is wrong with the load, its evidence and
	// the cure. Neither is nil.
	Reasons  []string `json:"reasons"`
	Warnings []string `json:"warnings"`

	// Sizes compare the advised size with smaller and larger ones, the smallest first.
	Sizes []Expectation `json:"sizes"`
}

const (
	defaultMaxConnections = 100
	defaultReserved       = 3
	defaultWaitShare      = 0.01
	mostMaxConnections    = 262_143 // PostgreSQL refuses more
	mostReplicas          = 10_000
	mostHold              = time.Hour

	leastOverflow = 5 // of an advice that has room for it
	longHold      = 500 * time.Millisecond
	busyPerCore   = 2  // busy connections that a core of the database can be expected to serve, their waits for disks and clients counted
	totalPerCore  = 10 // connections per core at which more of them at work make each other slower
)

// Advise chooses the size of each replica's pool: the smallest at which no more than Load.WaitProbability of the requests
// wait for a connection. The number of busy connections is Little's law (requests/s × hold time), the waits are Erlang C:
// arrivals at random, hold times spread exponentially. Steadier ones wait less, and bursts more, for which there is the
// overflow: half of the size, so that a burst of one and a half times the load finds its connections too, and at least 5,
// for a small pool varies more. Where max_connections leaves less room for the replicas, twice while deploying, the
// overflow is what is left.
//
// The error joins every fault of the load; each names the field, its value, the limit and the cure. It does no I/O.
func Advise(l Load) (Advice, error) {
	if err := l.validate(); err != nil {
		return Advice{}, err
	}
	l = l.withDefaults()
	a := Advice{Load: l, Busy: l.busy(), BusyPerReplica: l.busyPerReplica(), Usable: l.MaxConnections - l.Reserved}
	size, ok := smallestSize(a.BusyPerReplica, l.WaitProbability)
	if !ok {
		return Advice{}, fmt.Errorf("pool: RequestsPerSecond %s × HoldTime %v keep %s connections busy in each replica (Replicas is %d), and a pool that carries them needs more than the limit of %d connections: hold connections for less time, or raise Replicas",
			decimal(l.RequestsPerSecond), l.HoldTime, decimal(a.BusyPerReplica), l.Replicas, maxCeiling)
	}
	a.Expectation = expect(size, a.BusyPerReplica, l.HoldTime)
	wanted := min(max((size+1)/2, leastOverflow), maxCeiling-size)
	a.MaxOverflow = wanted
	for _, generations := range [...]int{2, 1} {
		if room := a.Usable/(generations*l.Replicas) - size; room >= 0 {
			a.MaxOverflow = min(wanted, room)
			break
		}
	}
	a.PerReplica = size + a.MaxOverflow
	a.Total = l.Replicas * a.PerReplica
	a.TotalWhileDeploying = 2 * a.Total
	a.Fits, a.FitsWhileDeploying = a.Total <= a.Usable, a.TotalWhileDeploying <= a.Usable
	a.Sizes = compare(size, a.BusyPerReplica, l.HoldTime)
	a.Reasons = a.reasons(wanted)
	a.Warnings = a.warnings()
	return a, nil
}

// Expect says what requests meet when each replica's pool has this size. It refuses what Advise refuses, and a size that
// cannot carry the load: there the queue only grows.
func (l Load) Expect(size int) (Expectation, error) {
	if err := l.validate(); err != nil {
		return Expectation{}, err
	}
	l = l.withDefaults()
	switch busy := l.busyPerReplica(); {
	case size < 1 || size > maxCeiling:
		return Expectation{}, fmt.Errorf("pool: the size is %d, and the limits are 1 and %d: choose one between them", size, maxCeiling)
	case busy >= float64(size):
		return Expectation{}, fmt.Errorf("pool: the size is %d, and the load keeps %s connections of each replica busy, so that the queue only grows: choose a size above that",
			size, decimal(busy))
	default:
		return expect(size, busy, l.HoldTime), nil
	}
}

func (l Load) withDefaults() Load {
	l.Replicas = cmp.Or(l.Replicas, 1)
	l.MaxConnections = cmp.Or(l.MaxConnections, defaultMaxConnections)
	l.Reserved = cmp.Or(l.Reserved, defaultReserved)
	l.WaitProbability = cmp.Or(l.WaitProbability, defaultWaitShare)
	return l
}

func (l Load) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("pool: "+format, args...)) }
	if !(l.RequestsPerSecond > 0) || math.IsInf(l.RequestsPerSecond, 0) {
		fault("RequestsPerSecond is %v, and a load is a number above 0: set the rate at the busiest time, such as 500", l.RequestsPerSecond)
	}
	if l.HoldTime <= 0 || l.HoldTime > mostHold {
		fault("HoldTime is %v, and a request holds its connection for more than 0s and at most %v: set the mean, such as 10ms", l.HoldTime, mostHold)
	}
	if l.Cores < 0 {
		fault("Cores is %d, and a database server has at least 1: set their number, or leave it out", l.Cores)
	}
	if l.Replicas < 0 || l.Replicas > mostReplicas {
		fault("Replicas is %d, and the limits are 1 and %d: set the number of processes that share the load", l.Replicas, mostReplicas)
	}
	if l.MaxConnections < 0 || l.MaxConnections > mostMaxConnections {
		fault("MaxConnections is %d, and PostgreSQL's limits are 1 and %d: set the server's own number, or leave it out for %d",
			l.MaxConnections, mostMaxConnections, defaultMaxConnections)
	}
	if l.Reserved < 0 {
		fault("Reserved is %d, and it is at least 0: set the connections that others need, or leave it out for %d", l.Reserved, defaultReserved)
	}
	if d := l.withDefaults(); d.Reserved >= d.MaxConnections && d.Reserved >= 0 && d.MaxConnections >= 0 {
		fault("MaxConnections is %d, and %d of them are reserved, so that none is left: raise it above %d", d.MaxConnections, d.Reserved, d.Reserved)
	}
	if !(l.WaitProbability >= 0 && l.WaitProbability < 1) {
		fault("WaitProbability is %v, and a share of the requests is above 0 and below 1: set one such as 0.01", l.WaitProbability)
	}
	return errors.Join(faults...)
}

func (l Load) busy() float64 { return l.RequestsPerSecond * l.HoldTime.Seconds() }

func (l Load) busyPerReplica() float64 { return l.busy() / float64(l.Replicas) }

// smallestSize is the smallest number of connections at which a request waits with at most the given probability.
func smallestSize(busy, share float64) (int, bool) {
	blocked := 1.0
	for size := 1; size <= maxCeiling; size++ {
		blocked = erlangB(blocked, size, busy)
		if float64(size) > busy && erlangC(blocked, size, busy) <= share {
			return size, true
		}
	}
	return 0, false
}

// erlangB takes the probability that all of size − 1 connections are busy, where nobody may wait, to that of size. Step by
// step from 1 (no connection), nothing grows or vanishes as the powers and factorials of the closed formula do.
func erlangB(blocked float64, size int, busy float64) float64 {
	return busy * blocked / (float64(size) + busy*blocked)
}

// erlangC is the probability to wait, from that of erlangB, when busy < size.
func erlangC(blocked float64, size int, busy float64) float64 {
	return blocked / (1 - busy/float64(size)*(1-blocked))
}

// expect computes the waits at a size above busy. Of those that wait, the wait is spread exponentially around
// hold / (size − busy): P(wait > t) = P(wait) × e^(−t (size − busy) / hold).
func expect(size int, busy float64, hold time.Duration) Expectation {
	blocked := 1.0
	for k := 1; k <= size; k++ {
		blocked = erlangB(blocked, k, busy)
	}
	waits := erlangC(blocked, size, busy)
	turn := float64(hold) / (float64(size) - busy)
	beyond := func(share float64) time.Duration { return duration(turn * math.Log(waits/share)) }
	return Expectation{
		Size: size, Utilization: busy / float64(size), WaitProbability: waits,
		MeanWait: duration(turn * waits), P95Wait: beyond(0.05), P99Wait: beyond(0.01),
	}
}

// duration keeps what is below 0 or beyond the range of durations at its end.
func duration(ns float64) time.Duration {
	if ns <= 0 || math.IsNaN(ns) {
		return 0
	}
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// compare gives what is expected of the size, of sizes at which the connections are 98, 90 and 80 % busy, and of a
// larger one.
func compare(size int, busy float64, hold time.Duration) []Expectation {
	var list []Expectation
	add := func(n int) {
		if float64(n) > busy && n <= maxCeiling && (len(list) == 0 || n > list[len(list)-1].Size) {
			list = append(list, expect(n, busy, hold))
		}
	}
	for _, utilization := range [...]float64{0.98, 0.9, 0.8, 0.7} {
		if n := int(math.Ceil(busy / utilization)); n < size {
			add(n)
		}
	}
	add(size)
	add(size + (size+3)/4)
	return list
}

// decimal writes a number as people do: without an exponent, and with no more digits than matter.
func decimal(x float64) string {
	digits := 2
	if x > 0 && x < 1 {
		digits += int(math.Ceil(-math.Log10(x)))
	} else if x >= 100 {
		digits = 0
	}
	text := strconv.FormatFloat(x, 'f', min(digits, 12), 64)
	if trimmed, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(trimmed, 'f', -1, 64)
	}
	return text
}

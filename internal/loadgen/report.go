package loadgen

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Report is what a load has measured. Durations are nanoseconds in JSON.
type Report struct {
	Open        bool          `json:"open"`
	Rate        float64       `json:"rate,omitempty"` // requests due per second; open loads only
	Workers     int           `json:"workers"`
	Elapsed     time.Duration `json:"elapsedNs"` // until the last answer
	Good        int64         `json:"good"`
	Failed      int64         `json:"failed"`
	Throughput  float64       `json:"throughput"` // good answers per second of Elapsed
	Bytes       int64         `json:"bytes"`      // of answers' bodies
	Connections int64         `json:"connections"`
	Outstanding int64         `json:"outstanding"` // the most requests that were under way at once

	// Latency is of good answers only: a server that refuses fast is not a fast server. FailedLatency is of the others.
	// Both count from when the request was due (open) or sent (closed).
	Latency       Summary `json:"latency"`
	FailedLatency Summary `json:"failedLatency"`

	// Lateness says how long after it was due a request was sent, in an open load. A millisecond is the timer's grain;
	// more says that all workers were busy (the server is too slow for the rate, or Workers is too small) or the machine is.
	Lateness Summary `json:"lateness"`

	Errors []ErrorCount `json:"errors,omitempty"` // most frequent first

	// Latencies holds every good answer's latency, to merge with others' and to draw.
	Latencies *Histogram `json:"-"`
}

// ErrorCount counts one kind of failure.
type ErrorCount struct {
	Kind    string `json:"kind"`    // status, graphql, transport, check or unsent
	Name    string `json:"name"`    // the status, the GraphQL error's code, timeout, refused, reset, …
	Count   int64  `json:"count"`   //
	Example string `json:"example"` // the first message, cut at 200 bytes
}

// maxErrorNames bounds how many kinds of errors are told apart: a server may invent codes.
const maxErrorNames = 50

type tally struct {
	mu     sync.Mutex // guards counts
	counts map[[2]string]*ErrorCount
}

func (t *tally) add(f *failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[[2]string]*ErrorCount)
	}
	key := [2]string{f.kind, f.name}
	if t.counts[key] == nil && len(t.counts) >= maxErrorNames {
		key[1] = "other"
	}
	one := t.counts[key]
	if one == nil {
		one = &ErrorCount{Kind: key[0], Name: key[1], Example: cut(f.message, 200)}
		t.counts[key] = one
	}
	one.Count++
}

func (t *tally) sorted() []ErrorCount {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]ErrorCount, 0, len(t.counts))
	for _, one := range t.counts {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

package pgtest

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	acceptPause = 10 * time.Millisecond

	// maxStatements is how many statements' texts are kept; those behind it are counted only.
	maxStatements = 10_000
)

// Counts is what has passed a Link. Messages count from a connection's first ReadyForQuery on, so connecting and
// authentication are not in it. A message from the client counts before the server gets it, one from the server before
// the client gets it: once the client has its answer, the numbers are there.
type Counts struct {
	Connections   int // accepted, cancel requests included
	Syncs         int
	ReadyForQuery int
	Parses        int
	Binds         int
	Describes     int
	Executes      int
	Closes        int
	Flushes       int
	Queries       int // of the simple protocol
	Errors        int // ErrorResponse
	Cancels       int // cancel requests
	RoundTrips    int // see Link.RoundTrips
}

// Link is the wire between a client and PostgreSQL: it forwards every byte unchanged, counts the messages and breaks on
// demand. Its methods may be called from any goroutine. Faults apply to the connections that are open and to those that
// come.
type Link struct {
	URL string // connect here instead of to the target

	listener net.Listener
	target   string
	ctx      context.Context // ends with the test
	cancel   context.CancelFunc
	running  sync.WaitGroup

	counters  [counterCount]atomic.Int64
	latency   atomic.Int64                  // nanoseconds for each direction
	drip      atomic.Pointer[time.Duration] // nil: whole chunks
	gate      atomic.Pointer[chan struct{}] // nil: open; else closed by Thaw
	cut       atomic.Pointer[cut]           // nil: none
	rejecting atomic.Bool
	deaf      atomic.Int64 // connections still to be reset when their client speaks

	mu         sync.Mutex // guards the following
	wires      map[*wire]struct{}
	statements []string
}

// The counters, in the order of Counts.
const (
	connections = iota
	syncs
	readies
	parses
	binds
	describes
	executes
	closes
	flushes
	queries
	errorResponses
	cancels
	trips
	counterCount
)

// Proxy opens a Link to the server of a postgres:// URL. It is closed with all its connections when the test ends.
func Proxy(t testing.TB, targetURL string) *Link {
	t.Helper()
	target, err := url.Parse(targetURL)
	if err != nil {
		t.Fatalf("pgtest: proxy: %v", err)
	}
	if target.Port() == "" || !strings.HasPrefix(target.Scheme, "postgres") {
		t.Fatalf("pgtest: proxy: %q is not of the form postgres://user@host:port/database", target.Redacted())
	}
	ctx, cancel := context.WithCancel(context.Background())
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		cancel()
		t.Fatalf("pgtest: proxy: %v", err)
	}
	l := &Link{listener: listener, target: target.Host, ctx: ctx, cancel: cancel, wires: make(map[*wire]struct{})}
	l.URL = l.Through(t, targetURL)
	t.Cleanup(l.close)
	l.running.Go(l.accept)
	return l
}

// Through is the URL with this link as its host and port: another role's or database's on the same server.
func (l *Link) Through(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("pgtest: proxy: %v", err)
	}
	u.Host = l.listener.Addr().String()
	return u.String()
}

// Counts is what has passed since the start or the last Reset.
func (l *Link) Counts() Counts {
	n := func(i int) int { return int(l.counters[i].Load()) }
	return Counts{
		Connections: n(connections), Syncs: n(syncs), ReadyForQuery: n(readies), Parses: n(parses), Binds: n(binds),
		Describes: n(describes), Executes: n(executes), Closes: n(closes), Flushes: n(flushes), Queries: n(queries),
		Errors: n(errorResponses), Cancels: n(cancels), RoundTrips: n(trips),
	}
}

// RoundTrips is how often a client that had all its answers spoke to the server and had to wait again: a pipeline of
// many statements with one Sync, or with several sent at once, is one. Within a pipeline, each wait for the answer to a
// Flush is one more. COPY counts as one, since drivers differ in whether they wait before they send its data.
func (l *Link) RoundTrips() int { return int(l.counters[trips].Load()) }

// Statements is the SQL of the Parse and Query messages, in the order in which they passed: at most 10,000, each cut at
// 64 KiB.
func (l *Link) Statements() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.statements)
}

// Reset sets the counts to zero and forgets the statements. Faults stay.
func (l *Link) Reset() {
	for i := range l.counters {
		l.counters[i].Store(0)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statements = nil
}

// Open is the number of connections that are open now.
func (l *Link) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wires)
}

// Freeze holds back everything in both directions, as a network that loses all packets: connections stay open, their
// ends are not passed on, new ones are accepted and get no answer.
func (l *Link) Freeze() {
	gate := make(chan struct{})
	l.gate.CompareAndSwap(nil, &gate)
}

// Thaw ends Freeze: what was held back goes on.
func (l *Link) Thaw() {
	if gate := l.gate.Swap(nil); gate != nil {
		close(*gate)
	}
}

// Latency delays each direction by d, so that a round trip takes 2 d longer; 0 ends it.
func (l *Link) Latency(d time.Duration) { l.latency.Store(int64(d)) }

// Drip forwards one byte at a time, with the pause between two; a negative pause ends it.
func (l *Link) Drip(pause time.Duration) {
	if pause < 0 {
		l.drip.Store(nil)
		return
	}
	l.drip.Store(&pause)
}

// Reject, when on, resets new connections as soon as they are accepted.
func (l *Link) Reject(on bool) { l.rejecting.Store(on) }

// Drop closes all connections in order (FIN) on both sides, and returns when they are gone.
func (l *Link) Drop() { l.breakAll(false) }

// RST resets all connections on both sides, and returns when they are gone.
func (l *Link) RST() { l.breakAll(true) }

// CutAfterBytes closes the connection over which the n-th byte from now on has reached the client, counted over all
// connections. Each of the Cut methods acts once, and takes the place of one that has not acted yet.
func (l *Link) CutAfterBytes(n int64) { l.cut.Store(&cut{bytes: max(n, 1), byBytes: true}) }

// CutAfterMessages closes the connection over which the k-th message from now on has reached the client, whole, counted
// over all connections that have seen their first ReadyForQuery.
func (l *Link) CutAfterMessages(k int) { l.cut.Store(&cut{messages: max(k, 1)}) }

// CutBefore closes the connection over which the k-th message of that type ('C' CommandComplete, 'D' DataRow,
// 'Z' ReadyForQuery, …) from now on would have reached the client; the client gets everything before it. Counted over
// all connections that have seen their first ReadyForQuery.
func (l *Link) CutBefore(kind byte, k int) { l.cut.Store(&cut{messages: max(k, 1), kind: kind}) }

// CutBeforeSent closes the connection over which the client sends its k-th message from now on; the server gets
// everything before it, and nothing that it answers reaches the client any more. Counted over all connections that have
// seen their first ReadyForQuery.
func (l *Link) CutBeforeSent(k int) { l.cut.Store(&cut{messages: max(k, 1), sent: true}) }

// ResetOnSend resets the next n connections over which a client sends, and nothing of what it sends reaches the server:
// so it looks when the server has ended a session in the moment in which its client begins to speak. Connections count
// once they have seen their first ReadyForQuery.
func (l *Link) ResetOnSend(n int) { l.deaf.Store(int64(n)) }

// breakAll closes what is open now. A connection that is being accepted meanwhile stays.
func (l *Link) breakAll(reset bool) {
	l.mu.Lock()
	var open []*wire
	for w := range l.wires {
		open = append(open, w)
	}
	l.mu.Unlock()
	for _, w := range open {
		w.shut(reset)
	}
	for _, w := range open {
		<-w.ended
	}
}

func (l *Link) close() {
	l.cancel()
	_ = l.listener.Close()
	l.breakAll(false)
	l.running.Wait()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// The client went away before it was accepted, or descriptors are short for a moment.
			select {
			case <-time.After(acceptPause):
			case <-l.ctx.Done():
			}
			continue
		}
		w := newWire(l, client.(*net.TCPConn))
		if l.rejecting.Load() {
			w.shut(true)
			continue
		}
		l.counters[connections].Add(1)
		l.mu.Lock()
		l.wires[w] = struct{}{}
		l.mu.Unlock()
		l.running.Go(w.run)
		if l.ctx.Err() != nil { // closed meanwhile: breakAll may not have seen it
			w.shut(false)
		}
	}
}

func (l *Link) forget(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.wires, w)
}

func (l *Link) addStatement(sql string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.statements) < maxStatements {
		l.statements = append(l.statements, sql)
	}
}

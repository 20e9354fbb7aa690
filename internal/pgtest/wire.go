package pgtest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const chunkBytes = 32 << 10

// wire is one connection through a Link: two goroutines, one for each direction.
type wire struct {
	link   *Link
	client *net.TCPConn
	server *net.TCPConn // set by run before the two directions start

	ctx    context.Context // ends when the connection is shut
	cancel context.CancelFunc
	ended  chan struct{} // closed when both directions have ended

	mu   sync.Mutex // guards shut's decision against run's dialling
	gone bool

	ready    atomic.Bool // the first ReadyForQuery has passed
	answerTo atomic.Bool // the server's next byte answers a request for encryption
	opaque   atomic.Bool // encrypted: forwarded, not understood
	deserted atomic.Bool // the client's side is cut: the server gets an end, and what it still says is for nobody

	turn turn
}

func newWire(l *Link, client *net.TCPConn) *wire {
	w := &wire{link: l, client: client, ended: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(l.ctx)
	w.turn.idle = true
	return w
}

func (w *wire) run() {
	defer close(w.ended)
	defer w.link.forget(w)
	defer w.shut(false)
	dialer := net.Dialer{Timeout: dialTimeout}
	server, err := dialer.DialContext(w.ctx, "tcp", w.link.target)
	if err != nil {
		return // the client sees the end of its connection
	}
	w.mu.Lock()
	w.server = server.(*net.TCPConn)
	gone := w.gone
	w.mu.Unlock()
	if gone {
		_ = server.Close()
		return
	}
	var directions sync.WaitGroup
	directions.Go(w.toServer)
	directions.Go(w.toClient)
	directions.Wait()
}

// shut closes both sides; reset lets the other ends see a reset instead of an end.
func (w *wire) shut(reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return
	}
	w.gone = true
	w.cancel()
	for _, side := range []*net.TCPConn{w.client, w.server} {
		if side == nil {
			continue
		}
		if reset {
			_ = side.SetLinger(0)
		}
		_ = side.Close()
	}
}

func (w *wire) toServer() {
	f := frames{first: true}
	cut := false
	begin := func(byte) bool {
		cut = w.ready.Load() && w.cutsAt(0, true)
		return !cut
	}
	end := func(m message) bool {
		w.fromClient(&f, m)
		return true
	}
	w.pump(w.client, w.server, func(p []byte) (int, bool) {
		if len(p) > 0 && w.ready.Load() && w.link.deaf.Load() > 0 && w.link.deaf.Add(-1) >= 0 {
			w.shut(true)
			return 0, true
		}
		pass := len(p)
		if !w.opaque.Load() {
			pass = f.scan(p, begin, end)
		}
		return pass, cut
	}, w.desert)
}

// desert cuts the client's side and lets the server read to the end what it got. Closing the server's side at once would
// not: with an answer unread, the kernel resets it, and what the server has not read yet is lost.
func (w *wire) desert() {
	w.deserted.Store(true)
	_ = w.client.Close()
	_ = w.server.CloseWrite()
}

// fromClient counts a message before it is forwarded.
func (w *wire) fromClient(f *frames, m message) {
	if f.first {
		switch m.code {
		case codeSSL, codeGSS:
			w.answerTo.Store(true) // and another first message follows
		case codeCancel:
			w.link.counters[cancels].Add(1)
		default:
			f.first = false
		}
		return
	}
	if !w.ready.Load() {
		return
	}
	counters := &w.link.counters
	switch m.kind {
	case 'P':
		counters[parses].Add(1)
		w.link.addStatement(m.statement())
	case 'Q':
		counters[queries].Add(1)
		w.link.addStatement(m.statement())
	case 'B':
		counters[binds].Add(1)
	case 'D':
		counters[describes].Add(1)
	case 'E':
		counters[executes].Add(1)
	case 'C':
		counters[closes].Add(1)
	case 'H':
		counters[flushes].Add(1)
	case 'S':
		counters[syncs].Add(1)
	}
	if w.turn.spoken(m.kind) {
		counters[trips].Add(1)
	}
}

func (w *wire) toClient() {
	var f frames
	cut := false
	begin := func(kind byte) bool {
		cut = w.ready.Load() && w.cutsAt(kind, false)
		return !cut
	}
	end := func(m message) bool {
		cut = w.fromServer(m)
		return !cut
	}
	w.pump(w.server, w.client, func(p []byte) (int, bool) {
		if w.deserted.Load() {
			return 0, false
		}
		at := 0
		if len(p) > 0 && w.answerTo.CompareAndSwap(true, false) && p[0] != 'E' {
			w.opaque.Store(p[0] == 'S' || p[0] == 'G')
			at = 1
		}
		if w.opaque.Load() {
			at = len(p)
		} else {
			at += f.scan(p[at:], begin, end)
		}
		if cut {
			return at, true
		}
		return w.cutBytes(at)
	}, func() { w.shut(false) })
}

// fromServer counts a message before it is forwarded, and tells whether the connection is to be cut behind it.
func (w *wire) fromServer(m message) (cut bool) {
	if !w.ready.Load() {
		w.ready.Store(m.kind == 'Z')
		return false
	}
	switch m.kind {
	case 'Z':
		w.link.counters[readies].Add(1)
	case 'E':
		w.link.counters[errorResponses].Add(1)
	}
	w.turn.answered(m.kind)
	return w.cutsAt(0, false)
}

// pump forwards one direction until it ends or the connection is shut. look tells how many of the bytes may pass, and
// whether the connection is to be cut behind them, which sever does.
func (w *wire) pump(from, to *net.TCPConn, look func([]byte) (pass int, cut bool), sever func()) {
	buf := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buf)
		if !w.pass() {
			return
		}
		if n > 0 {
			pass, cut := look(buf[:n])
			writeErr := w.write(to, buf[:pass])
			if cut && writeErr == nil {
				sever()
				return
			}
			if writeErr != nil && !w.deserted.Load() {
				w.shut(false)
				return
			}
			if w.ctx.Err() != nil {
				return
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = to.CloseWrite() // the other direction may have more to say
			return
		case err != nil:
			w.shut(false)
			return
		}
	}
}

// pass waits for the latency and for the gate; it is false when the connection was shut.
func (w *wire) pass() bool {
	return w.wait(time.Duration(w.link.latency.Load())) && w.open()
}

func (w *wire) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.ctx.Done():
		return false
	}
}

func (w *wire) open() bool {
	for {
		gate := w.link.gate.Load()
		if gate == nil {
			return true
		}
		select {
		case <-*gate:
		case <-w.ctx.Done():
			return false
		}
	}
}

func (w *wire) write(to *net.TCPConn, p []byte) error {
	for len(p) > 0 {
		pause := w.link.drip.Load()
		if pause == nil {
			_, err := to.Write(p)
			return err
		}
		if _, err := to.Write(p[:1]); err != nil {
			return err
		}
		p = p[1:]
		if !w.wait(*pause) || !w.open() {
			return net.ErrClosed
		}
	}
	return nil
}

// turn knows whose turn it is to speak, to count round trips.
type turn struct {
	mu      sync.Mutex // guards the following: the two directions share it
	idle    bool       // the client has all answers: when it speaks, a trip begins
	open    int        // Sync and Query messages without their ReadyForQuery
	flushed bool       // a Flush without its first answer
}

// spoken tells whether the client's message begins a trip.
func (t *turn) spoken(kind byte) bool {
	if kind == 'X' { // Terminate: no answer
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	begins := t.idle
	t.idle = false
	switch kind {
	case 'S', 'Q', 'F':
		t.open++
	case 'H':
		t.flushed = true
	}
	return begins
}

func (t *turn) answered(kind byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch kind {
	case 'N', 'S', 'A': // notice, parameter, notification: they come at any time
	case 'Z':
		t.open = max(t.open-1, 0)
		t.idle = t.idle || t.open == 0
	default:
		t.idle = t.idle || t.flushed
		t.flushed = false
	}
}

// cut is a break that is to come.
type cut struct {
	mu       sync.Mutex // guards what is left; connections count together
	byBytes  bool
	bytes    int64
	messages int
	kind     byte // 0: behind any message; else before one of this type
	sent     bool // before a message of the client's
}

// cutBytes is how many of the next n bytes may pass, and whether the connection is to be cut behind them.
func (w *wire) cutBytes(n int) (pass int, cut bool) {
	c := w.link.cut.Load()
	if c == nil || !c.byBytes {
		return n, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes -= int64(n); c.bytes > 0 || !w.link.cut.CompareAndSwap(c, nil) {
		return n, false
	}
	return n + int(c.bytes), true
}

// cutsAt tells whether the connection is to be cut before a message of this type, behind one (kind 0), or before one that
// the client sends.
func (w *wire) cutsAt(kind byte, sent bool) bool {
	c := w.link.cut.Load()
	if c == nil || c.byBytes || c.kind != kind || c.sent != sent {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages--
	return c.messages == 0 && w.link.cut.CompareAndSwap(c, nil)
}

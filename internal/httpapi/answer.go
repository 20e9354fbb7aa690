package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/coding"
)

const (
	// chunkBytes is what WriteStall gives its time to.
	chunkBytes = 32 << 10
	// holdBytes is the largest first write that is kept back, to send it with its length if it stays the only one.
	holdBytes = 256 << 10
	// statusPartialSuccess is the draft's own status for data beside errors.
	statusPartialSuccess = 294
)

// answer is the io.Writer of an Executor. Its first write is held back: if no other one follows, the answer is sent
// with a Content-Length after Execute has returned, so that the client's speed cannot hold up what Execute holds. Of an
// answer that caches may keep, all writes are held back up to a limit, since its tag stands before it.
type answer struct {
	x       *exchange
	w       http.ResponseWriter
	rc      http.ResponseController
	buf     *[]byte // pooled: what is held, or an error's body
	packed  *[]byte // pooled: the same, encoded
	holds   bool    // *buf is the start of an answer, and was not sent
	coding  coding.Coding
	stream  *coding.Stream // what is sent goes through it; nil: as it is
	sent    bool           // the header has left
	partial bool
	until   time.Time // the write deadline that is set
	untimed bool      // w has no deadlines
	status  int
	bytes   int64 // of the body
	timing  bool  // waited is told to the client
	waited  time.Duration
	err     error // of the first write that failed
	length  [1]string
}

func (a *answer) begin(x *exchange, w http.ResponseWriter) {
	a.x, a.w, a.rc = x, w, *http.NewResponseController(w)
	a.untimed = x.h.o.WriteStall < 0
}

// begun tells whether anything was written.
func (a *answer) begun() bool { return a.holds || a.sent }

// MarkPartial announces that the answer has errors beside its data. Before the first Write it decides on the status, and
// before a later one it keeps caches from keeping the answer, as long as all of it is held back.
func (a *answer) MarkPartial() { a.partial = true }

// PoolWaited tells, before the first Write, how long the request waited for a database connection.
func (a *answer) PoolWaited(d time.Duration) {
	a.timing = !a.x.h.o.Production
	a.waited += d
}

// Write sends a part of the answer. It fails when the client is gone or has not read 32 KiB within WriteStall.
func (a *answer) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	if a.hold(p) {
		return len(p), nil
	}
	if !a.sent {
		a.start()
	}
	if a.holds {
		a.holds = false
		a.pass(*a.buf)
	}
	if n := a.pass(p); a.err != nil {
		return n, a.err
	}
	return len(p), nil
}

// hold keeps a part back, if it may.
func (a *answer) hold(p []byte) bool {
	var held []byte
	switch {
	case a.sent:
		return false
	case a.holds && a.x.tagged:
		held = *a.buf
	case a.holds:
		return false
	default:
		held = a.buffer()
	}
	most := holdBytes
	if a.x.tagged {
		most = maxTagged
	}
	if len(held)+len(p) > most {
		return false
	}
	*a.buf = append(held, p...)
	a.holds = true
	return true
}

// start begins an answer whose length is not known. It can still fail, so no cache is to keep it.
func (a *answer) start() {
	if a.coding != coding.Identity {
		if a.stream = a.x.h.coder.Stream(sink{a}, a.coding); a.stream != nil {
			a.w.Header()["Content-Encoding"] = a.x.h.codings[a.coding]
		}
	}
	a.head(a.okStatus())
}

// pass sends p, encoded where the answer is. What a part is encoded to may be too short for net/http to send it by itself.
func (a *answer) pass(p []byte) (sent int) {
	if a.stream == nil {
		return a.push(p)
	}
	if a.err == nil {
		_, err := a.stream.Write(p)
		if err != nil && a.err == nil {
			a.failed(err)
		}
		a.flush()
	}
	if a.err != nil {
		return 0
	}
	return len(p)
}

// sink is where an encoder writes.
type sink struct{ a *answer }

func (s sink) Write(p []byte) (int, error) { return s.a.push(p), s.a.err }

// complete ends an answer that Execute has written whole.
func (a *answer) complete() {
	if a.holds {
		if a.x.tagged && !a.partial {
			if a.validate(*a.buf) {
				return
			}
		}
		a.whole(a.okStatus(), *a.buf)
		return
	}
	if a.stream != nil {
		if err := a.stream.Close(); err != nil && a.err == nil {
			a.failed(err)
		}
	}
	a.flush()
}

func (a *answer) okStatus() int {
	if a.partial && a.x.h.draft && a.x.media == mediaGraphQL {
		return statusPartialSuccess
	}
	return http.StatusOK
}

// whole sends an answer of known length. body may be the pooled buffer, grown.
func (a *answer) whole(status int, body []byte) {
	if a.buf != nil {
		*a.buf = body
	}
	a.holds = false
	if a.coding != coding.Identity && len(body) >= coding.MinBytes {
		a.packed, _ = a.x.h.answers.Get().(*[]byte)
		body = a.x.h.coder.Append((*a.packed)[:0], body, a.coding)
		*a.packed = body
		a.w.Header()["Content-Encoding"] = a.x.h.codings[a.coding]
	}
	a.length[0] = strconv.Itoa(len(body))
	a.w.Header()["Content-Length"] = a.length[:]
	a.head(status)
	a.push(body)
	a.flush()
}

// empty sends an answer without a body.
func (a *answer) empty(status int) {
	a.status, a.sent = status, true
	a.w.WriteHeader(status)
}

func (a *answer) head(status int) {
	contentType := a.x.h.jsonType
	if a.x.media == mediaGraphQL {
		contentType = a.x.h.gqlType
	}
	header := a.w.Header()
	header["Content-Type"] = contentType
	if a.timing {
		header["Server-Timing"] = append(header["Server-Timing"], serverTiming("pool", a.waited))
	}
	a.status, a.sent = status, true
	a.w.WriteHeader(status)
}

// serverTiming is a metric of the Server-Timing header, in milliseconds.
// Source: W3C, Server Timing, section 3.
func serverTiming(name string, d time.Duration) string {
	return string(strconv.AppendFloat([]byte(name+";dur="), float64(d.Round(time.Microsecond))/float64(time.Millisecond), 'f', -1, 64))
}

// buffer gives an empty buffer of the pool.
func (a *answer) buffer() []byte {
	if a.buf == nil {
		a.buf, _ = a.x.h.answers.Get().(*[]byte)
	}
	return (*a.buf)[:0]
}

// push sends p in chunks, each with its own time.
func (a *answer) push(p []byte) (sent int) {
	for len(p) > 0 && a.err == nil {
		a.deadline()
		n, err := a.w.Write(p[:min(len(p), chunkBytes)])
		sent += n
		a.bytes += int64(n)
		p = p[n:]
		a.failed(err)
	}
	return sent
}

// flush makes net/http send what it holds now, under our deadline, not after the handler, under none.
func (a *answer) flush() {
	if a.err != nil {
		return
	}
	a.deadline()
	if err := a.rc.Flush(); !errors.Is(err, errors.ErrUnsupported) {
		a.failed(err)
	}
}

func (a *answer) failed(err error) {
	if err != nil {
		a.err = fmt.Errorf("sending the answer: %w", err)
	}
}

// deadline gives the next write its time. One that was given a moment ago is as good: setting it costs as much as the header does.
func (a *answer) deadline() {
	limit := a.x.h.o.WriteStall
	now := time.Now()
	if a.untimed || a.until.Sub(now) > limit-limit/64 {
		return
	}
	until := now.Add(limit)
	if a.rc.SetWriteDeadline(until) != nil {
		a.untimed = true
		return
	}
	a.until = until
}

// drop forgets a held write.
func (a *answer) drop() { a.holds = false }

// end puts back the connection's own deadline, which later requests on it live under, and returns the buffer.
func (a *answer) end() {
	if !a.until.IsZero() && a.err == nil {
		var until time.Time
		if s := a.x.server; s != nil && s.WriteTimeout > 0 {
			until = time.Now().Add(s.WriteTimeout)
		}
		_ = a.rc.SetWriteDeadline(until) // it fails on a closed connection only
	}
	if a.stream != nil {
		a.stream.Drop() // of a cut answer: without its end it does not decode
	}
	a.x.h.keep(a.buf)
	a.x.h.keep(a.packed)
	a.buf, a.packed = nil, nil
}

// keep takes a buffer back.
func (h *handler) keep(buf *[]byte) {
	if buf != nil && cap(*buf) <= holdBytes {
		h.answers.Put(buf)
	}
}

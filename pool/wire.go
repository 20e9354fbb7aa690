package pool

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// peekResult is what a look at an idle connection shows.
type peekResult uint8

const (
	peekQuiet peekResult = iota // nothing has arrived, as it should be; also when the connection is not a socket
	peekData                    // something arrived: a notice, a parameter change, a session ticket or a last error
	peekEnded                   // the server ended the connection
)

// wire is the network connection beneath pgx, and beneath TLS. It notices that the server ended it, whoever reads.
type wire struct {
	net.Conn
	severed     atomic.Bool
	established atomic.Bool  // the connect has succeeded
	heardAt     atomic.Int64 // the instant when something last arrived
	pool        *Pool
	peeker      peeker
}

func newWire(conn net.Conn, p *Pool) *wire {
	w := &wire{Conn: conn, pool: p}
	w.peeker.init(conn)
	return w
}

// Read notes when something arrives, and every error but a deadline, which is ours, and the end that we made ourselves.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.heardAt.Store(int64(w.pool.now()))
	}
	if err != nil {
		var ne net.Error
		if !(errors.As(err, &ne) && ne.Timeout()) && !errors.Is(err, net.ErrClosed) {
			w.severed.Store(true)
		}
	}
	return n, err
}

// Close ends the connection. One whose connect failed half way waits for the server first, so that a backend that was
// being started is gone before its place under the ceiling is taken again.
func (w *wire) Close() error {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok && !w.established.Load() && w.pool.o.CloseGrace > 0 {
		if err := half.CloseWrite(); err == nil && w.SetDeadline(time.Now().Add(w.pool.o.CloseGrace)) == nil {
			_, _ = io.Copy(io.Discard, w.Conn) // its end is what counts, or the deadline
		}
	}
	return w.Conn.Close()
}

func (w *wire) peek() peekResult { return w.peeker.peek() }

package coding

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// MaxStreams is how many streams one Coder encodes at once. An encoder holds up to 1.5 MiB as long as its stream lasts,
	// which a client that reads slowly can make long.
	MaxStreams = 64
	// windowBytes is how far back zstd looks for repetitions: rows repeat what the row before them had.
	windowBytes = 256 << 10
)

// encoder is what both libraries' writers have in common.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// Coder lends encoders. Its zero value works; it is safe for any number of goroutines.
type Coder struct {
	pools   [kinds]sync.Pool // of encoder
	streams atomic.Int64
}

func (c *Coder) take(k Coding, to io.Writer) encoder {
	e, ok := c.pools[k].Get().(encoder)
	if !ok {
		e = open(k)
	}
	e.Reset(to)
	return e
}

// give takes an encoder back and lets go of where it wrote.
func (c *Coder) give(k Coding, e encoder) {
	e.Reset(io.Discard)
	c.pools[k].Put(e)
}

// open makes an encoder that starts no goroutine. Both are set to be quick: an answer is encoded once and read once.
func open(k Coding) encoder {
	if k == Gzip {
		w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}
	w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(windowBytes), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return w
}

// Append appends the encoded text to dst. k is not Identity.
func (c *Coder) Append(dst, text []byte, k Coding) []byte {
	to := appender{dst}
	e := c.take(k, &to)
	_, _ = e.Write(text) // an appender takes everything
	_ = e.Close()
	c.give(k, e)
	return to.b
}

type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

// Stream encodes what is written to it. It must be ended by Close or Drop, both of which may be called again.
type Stream struct {
	c *Coder
	k Coding
	e encoder
}

// Stream makes a stream that writes to w; nil when MaxStreams are under way, where the text goes out as it is. k is not
// Identity.
func (c *Coder) Stream(w io.Writer, k Coding) *Stream {
	if c.streams.Add(1) > MaxStreams {
		c.streams.Add(-1)
		return nil
	}
	return &Stream{c, k, c.take(k, w)}
}

// Write encodes p and passes on all of it at once, so that a reader need not wait for what comes next.
func (s *Stream) Write(p []byte) (int, error) {
	n, err := s.e.Write(p)
	if err == nil {
		err = s.e.Flush()
	}
	return n, err
}

// Close writes the end, by which a reader knows that it has the whole.
func (s *Stream) Close() error {
	if s.e == nil {
		return nil
	}
	err := s.e.Close()
	s.Drop()
	return err
}

// Drop ends the stream without an end: what was written does not decode as a whole.
func (s *Stream) Drop() {
	if s.e == nil {
		return
	}
	s.c.give(s.k, s.e)
	s.e = nil
	s.c.streams.Add(-1)
}

package loadgen

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Transport sends requests over HTTP/1.1 connections that it keeps, without compression and without proxies. The goroutine that
// sends a request also reads its answer: where http.Transport has two goroutines for each connection and wakes both of them for
// each request, there is nothing to wake here, so that on a machine that the server runs on, too, more of it is left for the
// server. The last connection that came back is the next to be used.
//
// The zero value is ready to be used. It can be used by many goroutines at once.
type Transport struct {
	TLS *tls.Config // for https; nil: the system's certificates

	dialled atomic.Int64
	mu      sync.Mutex
	idle    []*conn
}

// Connections is how many have been opened.
func (t *Transport) Connections() int64 { return t.dialled.Load() }

// CloseIdleConnections closes those that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.idle {
		_ = c.Close() // nothing was in flight
	}
	t.idle = nil
}

// staleAfter is how long a connection can go unused before its server may have closed it for that reason alone.
const staleAfter = time.Second

// RoundTrip implements http.RoundTripper. If a connection that went unused for a second fails before the first byte of an answer,
// the server has probably closed it, and the request goes over a new one. Any other failure is the request's.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if c := t.take(request.URL); c != nil {
		stale := time.Since(c.unused) > staleAfter
		answer, begun, err := t.exchange(c, request)
		if err == nil || begun || !stale || request.Context().Err() != nil || request.GetBody == nil {
			return answer, err
		}
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		request = request.Clone(request.Context())
		request.Body = body
	}
	c, err := t.dial(request.Context(), request.URL)
	if err != nil {
		return nil, err
	}
	answer, _, err := t.exchange(c, request)
	return answer, err
}

// conn is a connection to one server; a request has it for itself.
type conn struct {
	net.Conn
	server string    // scheme and host
	unused time.Time // since when
	r      *bufio.Reader
	w      *bufio.Writer
}

func server(u *url.URL) string { return u.Scheme + "://" + u.Host }

// take gives the connection to the server that was used last, or nil.
func (t *Transport) take(u *url.URL) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, c := range slices.Backward(t.idle) {
		if c.server == server(u) {
			t.idle = slices.Delete(t.idle, i, i+1)
			return c
		}
	}
	return nil
}

func (t *Transport) dial(ctx context.Context, u *url.URL) (*conn, error) {
	port := u.Port()
	if port == "" {
		port = u.Scheme // the service of that name
	}
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if u.Scheme == "https" {
		dialer = &tls.Dialer{Config: t.TLS}
	}
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	t.dialled.Add(1)
	return &conn{Conn: raw, server: server(u), r: bufio.NewReader(raw), w: bufio.NewWriter(raw)}, nil
}

// exchange sends the request and reads the head of its answer. begun tells whether a byte of an answer came.
func (t *Transport) exchange(c *conn, request *http.Request) (answer *http.Response, begun bool, err error) {
	ctx := request.Context()
	// The end of the context ends whatever the connection waits for.
	unwatch := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	if err = request.Write(c.w); err == nil {
		err = c.w.Flush()
	}
	if err == nil {
		if _, err = c.r.Peek(1); err == nil {
			begun = true
			answer, err = readFinal(c.r, request)
		}
	}
	if err != nil {
		unwatch()
		_ = c.Close() // it is of no use any more
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, begun, err
	}
	answer.Body = &body{ReadCloser: answer.Body, transport: t, conn: c, unwatch: unwatch, reusable: !answer.Close}
	return answer, true, nil
}

// readFinal passes over answers that only announce another one (RFC 9110 section 15.2).
func readFinal(r *bufio.Reader, request *http.Request) (*http.Response, error) {
	for {
		answer, err := http.ReadResponse(r, request)
		if err != nil || answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			return answer, err
		}
	}
}

// body gives its connection back when it is closed after its end, and closes the connection when before.
type body struct {
	io.ReadCloser
	transport *Transport
	conn      *conn
	unwatch   func() bool
	reusable  bool
	ended     bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

func (b *body) Close() error {
	if watched := b.unwatch(); !watched || !b.ended || !b.reusable {
		return b.conn.Close()
	}
	b.conn.unused = time.Now()
	b.transport.mu.Lock()
	defer b.transport.mu.Unlock()
	b.transport.idle = append(b.transport.idle, b.conn)
	return nil
}

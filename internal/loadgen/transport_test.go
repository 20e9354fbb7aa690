package loadgen_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// ask sends a request with the body and gives the status and text of the answer.
func ask(ctx context.Context, transport *loadgen.Transport, url, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), errors.Join(err, answer.Body.Close())
}

// Every way in which an answer can end leaves the connection in a state that the next request can rely on.
func TestTransportReusesWhatCanBeReused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		name        string
		handler     http.HandlerFunc
		status      int
		text        string
		connections int64 // for three requests
	}{
		{"a length", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, 200, "question", 1},
		{"chunks", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "a")
			_ = http.NewResponseController(w).Flush()
			fmt.Fprint(w, long)
		}, 200, "a" + long, 1},
		{"no body", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, "", 1},
		{"an early hint", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			fmt.Fprint(w, "hinted")
		}, 200, "hinted", 1},
		{"the server's close", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "bye")
		}, 200, "bye", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			var transport loadgen.Transport
			defer transport.CloseIdleConnections()
			for range 3 {
				status, text, err := ask(t.Context(), &transport, server.URL, "question")
				if status != c.status || text != c.text || err != nil {
					t.Errorf("got %d with %d bytes and %v, want %d with %d bytes", status, len(text), err, c.status, len(c.text))
				}
			}
			if n := transport.Connections(); n != c.connections {
				t.Errorf("%d connections, want %d", n, c.connections)
			}
		})
	}
}

func TestTransportOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the handshake that is meant to fail
	server.StartTLS()
	defer server.Close()
	var strangers loadgen.Transport
	if _, _, err := ask(t.Context(), &strangers, server.URL, ""); err == nil {
		t.Error("a certificate that nobody knows was taken")
	}
	transport := loadgen.Transport{TLS: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	defer transport.CloseIdleConnections()
	if status, text, err := ask(t.Context(), &transport, server.URL, ""); status != 200 || text != "HTTP/1.1" || err != nil {
		t.Errorf("got %d %q %v", status, text, err)
	}
}

// A server may close a connection that nobody used for a while: the request goes out again over a new one, with its whole body.
func TestTransportReplacesAConnectionThatTheServerClosed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer server.Close()
	var transport loadgen.Transport
	defer transport.CloseIdleConnections()
	for i := range 3 {
		if status, text, err := ask(t.Context(), &transport, server.URL, "question"); status != 200 || text != "question" || err != nil {
			t.Fatalf("request %d: got %d %q %v", i, status, text, err)
		}
		server.CloseClientConnections()
		transport.Age(2 * time.Second)
	}
	if n := transport.Connections(); n != 3 {
		t.Errorf("%d connections, want one for each request", n)
	}
}

// A request that failed over a connection in use is not sent again: the server may have done what it asks for, and a failure that
// is tried again is not counted. Nor is one whose answer was cut behind its first byte, whatever the connection's age.
func TestTransportDoesNotAskTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		age          time.Duration
	}{
		{"no byte", "", 0},
		{"cut", "HTTP/1.1 200 OK\r\n", 0},
		{"cut, on an old connection", "HTTP/1.1 200 OK\r\n", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) != 2 {
					fmt.Fprint(w, "{}")
					return
				}
				conn, out, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, err = out.WriteString(c.answer)
				if err := errors.Join(err, out.Flush(), conn.Close()); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			var transport loadgen.Transport
			defer transport.CloseIdleConnections()
			if _, text, err := ask(t.Context(), &transport, server.URL, ""); text != "{}" || err != nil {
				t.Fatalf("got %q %v", text, err)
			}
			transport.Age(c.age)
			if _, _, err := ask(t.Context(), &transport, server.URL, ""); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want an answer that was cut", err)
			}
			if asked.Load() != 2 || transport.Connections() != 1 {
				t.Errorf("asked %d times over %d connections, want twice over one", asked.Load(), transport.Connections())
			}
			if _, text, err := ask(t.Context(), &transport, server.URL, ""); text != "{}" || err != nil || transport.Connections() != 2 {
				t.Errorf("then got %q %v over %d connections, want a new one", text, err, transport.Connections())
			}
		})
	}
}

// The end of the context ends the wait for an answer, and that connection is not used again.
func TestTransportEndsWithItsContext(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err == nil && body.String() == "wait" {
			<-hang
		}
		fmt.Fprint(w, body.String())
	}))
	defer server.Close()
	defer close(hang)
	var transport loadgen.Transport
	defer transport.CloseIdleConnections()
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	defer stop.Stop()
	if _, _, err := ask(ctx, &transport, server.URL, "wait"); !errors.Is(err, enough) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if _, text, err := ask(t.Context(), &transport, server.URL, "next"); text != "next" || err != nil || transport.Connections() != 2 {
		t.Errorf("got %q %v over %d connections", text, err, transport.Connections())
	}
}

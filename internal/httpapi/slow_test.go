package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// dial opens a connection with a small receive buffer, so that a few writes fill it.
func dial(t *testing.T, server *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	return conn
}

func sendRaw(t *testing.T, conn net.Conn, query string) {
	t.Helper()
	body := document(query)
	if _, err := fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
}

// endless writes until it cannot, and tells how that ended. Other documents get a short answer.
func endless(ended chan<- error) execute {
	return func(_ context.Context, r *gqlop.Request, out io.Writer) error {
		if r.Query != "{endless}" {
			return write(out, `{"data":{}}`)
		}
		chunk := []byte(strings.Repeat("x", 64<<10))
		for {
			if _, err := out.Write(chunk); err != nil {
				ended <- err
				_, again := out.Write(chunk)
				ended <- again
				return err
			}
		}
	}
}

func TestStalledClient(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	o, log := logged(endless(ended))
	o.WriteStall = 200 * time.Millisecond
	statuses := make(chan int, 100)
	o.OnAnswer = func(_ *http.Request, status int, _ time.Duration) { statuses <- status }
	server := httptest.NewServer(httpapi.New(o))
	defer server.Close()

	stalled := dial(t, server)
	sendRaw(t, stalled, "{endless}") // and never reads

	var others sync.WaitGroup
	for range 8 {
		others.Go(func() {
			for range 5 {
				resp, err := http.Post(server.URL, "application/json", strings.NewReader(document("{a}")))
				if err != nil {
					t.Error(err)
					return
				}
				if body, err := io.ReadAll(resp.Body); err != nil || string(body) != `{"data":{}}` {
					t.Errorf("%q %v", body, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
	others.Wait()
	for range 2 {
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Execute got %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the stalled client holds its request")
		}
	}
	cut := 0
	for range 41 {
		if <-statuses == 0 {
			cut++
		}
	}
	if cut != 1 || !strings.Contains(log(), "the client did not read it") {
		t.Errorf("%d transfers were cut; log: %s", cut, log())
	}
}

// TestSlowClient reads slower than the answer is made, but makes progress all the time: it gets the whole.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		return write(out, strings.Repeat("x", size))
	})
	o.WriteStall = 2 * time.Second
	resp := overTheWire(t, o)
	var got int
	buf := make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buf)
		got += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if got != size {
		t.Errorf("%d bytes", got)
	}
}

// TestEachWriteHasItsTime makes an answer that takes longer than a write may: the time begins anew with each part.
func TestEachWriteHasItsTime(t *testing.T) {
	t.Parallel()
	part := strings.Repeat("x", 300<<10) // too much to be held back
	const parts = 6
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		pause := time.NewTicker(300 * time.Millisecond)
		defer pause.Stop()
		for range parts {
			if err := write(out, part); err != nil {
				return err
			}
			<-pause.C
		}
		return nil
	})
	o.WriteStall = time.Second
	resp := overTheWire(t, o)
	if got, err := io.Copy(io.Discard, resp.Body); got != int64(parts*len(part)) || err != nil {
		t.Errorf("%d bytes and %v, want %d", got, err, parts*len(part))
	}
}

// TestWholeAnswerDoesNotWait proves that a held answer is sent after Execute has returned, under the stall limit too.
func TestWholeAnswerDoesNotWait(t *testing.T) {
	t.Parallel()
	returned := make(chan struct{})
	statuses := make(chan int, 1)
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		defer close(returned)
		return write(out, strings.Repeat("x", 256<<10))
	})
	o.WriteStall = 100 * time.Millisecond
	o.OnAnswer = func(_ *http.Request, status int, _ time.Duration) { statuses <- status }
	server := httptest.NewUnstartedServer(httpapi.New(o))
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
		}
	}
	server.Start()
	defer server.Close()
	conn := dial(t, server)
	sendRaw(t, conn, "{a}")
	select {
	case <-returned:
	case <-time.After(10 * time.Second):
		t.Fatal("Execute waits for the client")
	}
	select {
	case status := <-statuses:
		if status != 0 {
			t.Errorf("status %d: the client has read nothing", status)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the stalled client holds its request")
	}
}

// TestDeadlineIsTakenBack sends a second request on a connection after the first one's write deadline has passed.
func TestDeadlineIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, timeout := range map[string]time.Duration{"no write timeout": 0, "a write timeout": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			o := quiet(scripted)
			o.WriteStall = 50 * time.Millisecond
			mux.Handle("/graphql", httpapi.New(o))
			mux.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "other") })
			server := httptest.NewUnstartedServer(mux)
			server.Config.WriteTimeout = timeout
			server.Start()
			defer server.Close()
			conn := dial(t, server)
			reader := bufio.NewReader(conn)
			sendRaw(t, conn, "{a}")
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			time.Sleep(150 * time.Millisecond)
			if _, err := io.WriteString(conn, "GET /other HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err = http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "other" {
				t.Errorf("%q %v", body, err)
			}
		})
	}
}

func TestClientLeaves(t *testing.T) {
	t.Parallel()
	started, ended := make(chan struct{}), make(chan error, 1)
	o, log := logged(func(ctx context.Context, _ *gqlop.Request, _ io.Writer) error {
		close(started)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Second):
		}
		ended <- ctx.Err()
		return ctx.Err()
	})
	answered := make(chan struct{})
	o.OnAnswer = func(*http.Request, int, time.Duration) { close(answered) }
	server := httptest.NewServer(httpapi.New(o))
	defer server.Close()
	conn := dial(t, server)
	sendRaw(t, conn, "{a}")
	<-started
	_ = conn.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Execute's context: %v", err)
	}
	<-answered
	if strings.Contains(log(), `"level":"ERROR"`) {
		t.Errorf("a client that leaves is no error of ours: %s", log())
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	o := quiet(endless(ended))
	o.WriteStall = 200 * time.Millisecond
	server := httptest.NewUnstartedServer(httpapi.New(o))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	post := func(query string) *http.Response {
		resp, err := server.Client().Post(server.URL, "application/json", strings.NewReader(document(query)))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	stalled := post("{endless}")
	defer stalled.Body.Close()
	resp := post("{a}")
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != `{"data":{}}` || resp.ProtoMajor != 2 || resp.ContentLength != 11 {
		t.Errorf("%s %q %v", resp.Proto, body, err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the stalled stream holds its request")
	}
	if _, err := io.Copy(io.Discard, stalled.Body); err == nil {
		t.Error("the cut stream looks whole")
	}
}

package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestTrickledBody: a body that comes byte by byte, always making progress, ends in 408 and with its connection.
func TestTrickledBody(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"of a known length": "Content-Length: 100000\r\n\r\n",
		"in chunks":         "Transfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := quiet(func(context.Context, *gqlop.Request, io.Writer) error {
				t.Error("a request without an end was executed")
				return nil
			})
			o.BodyTimeout = 300 * time.Millisecond
			server := httptest.NewServer(httpapi.New(o))
			defer server.Close()
			conn := dial(t, server)
			if _, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+header); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			defer close(ended)
			go func() {
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-ended:
						return
					case <-tick.C:
						part := " "
						if name == "in chunks" {
							part = "1\r\n \r\n"
						}
						if _, err := io.WriteString(conn, part); err != nil {
							return
						}
					}
				}
			}()
			_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
			r := bufio.NewReader(conn)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if code, _ := firstError(t, string(body)); resp.StatusCode != 408 || code != "REQUEST_TIMEOUT" || !resp.Close {
				t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
			}
			if _, err := r.ReadByte(); err == nil {
				t.Error("the connection is still served")
			}
		})
	}
}

// TestTrickledBodyOfARefusal: net/http reads the rest of a body before it answers; that has its time too.
func TestTrickledBodyOfARefusal(t *testing.T) {
	t.Parallel()
	o := quiet(scripted)
	o.Auth = auth.InsecureDevAuth{Password: "p"}
	o.BodyTimeout = 300 * time.Millisecond
	server := httptest.NewServer(httpapi.New(o))
	defer server.Close()
	conn := dial(t, server)
	if _, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("the connection is held: %q %v", answer, err)
	}
}

func TestTrickledBodyOverHTTP2(t *testing.T) {
	t.Parallel()
	o := quiet(scripted)
	o.BodyTimeout = 300 * time.Millisecond
	server := start(t, o, true)
	r, w := io.Pipe()
	defer w.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if code, _ := firstError(t, string(body)); resp.StatusCode != 408 || code != "REQUEST_TIMEOUT" || resp.ProtoMajor != 2 {
		t.Errorf("%s %d %s", resp.Proto, resp.StatusCode, body)
	}
}

// TestBodyTimeoutIsTakenBack: the work behind a body may take longer than the body had, and so may the next request on
// the connection.
func TestBodyTimeoutIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"a limit": 100 * time.Millisecond, "no limit": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := quiet(func(ctx context.Context, _ *gqlop.Request, out io.Writer) error {
				select {
				case <-ctx.Done():
					return fmt.Errorf("the request was ended: %w", context.Cause(ctx))
				case <-time.After(400 * time.Millisecond):
					return write(out, `{"data":{}}`)
				}
			})
			o.BodyTimeout = limit
			server := httptest.NewServer(httpapi.New(o))
			defer server.Close()
			conn := dial(t, server)
			r := bufio.NewReader(conn)
			for range 2 {
				sendRaw(t, conn, "{a}")
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
					t.Errorf("%d %s %v", resp.StatusCode, body, err)
				}
			}
		})
	}
}

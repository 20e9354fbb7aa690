package fraiseql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// poolReport is what /pool answers programs, as far as these tests look at it.
type poolReport struct {
	pool.Stat
	Budget  *pool.Budget
	Leases  []pool.LeaseInfo
	Holders []struct {
		Tag  string
		Seen int
	}
	Slowest []struct {
		Tag           string
		Count, Failed int
		Longest       time.Duration
	}
	Changes []struct {
		At     time.Time
		To     pool.State
		Reason string
	}
	Advice []struct{ Level, Text string }
}

func report(t *testing.T, h http.Handler) (r poolReport) {
	t.Helper()
	if w := fetch(h, "/pool"); json.Unmarshal(w.Body.Bytes(), &r) != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return r
}

func TestPoolReport(t *testing.T) {
	t.Parallel()
	began, end := make(chan struct{}), make(chan struct{})
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("held", func(ctx context.Context, _ struct{}) (bool, error) {
		_, err := fraiseql.DB(ctx).Exec(ctx, "select")
		close(began)
		<-end
		return true, err
	}))
	a := newApp(t, o)
	if r := report(t, a); r.Size != 0 || len(r.Advice) != 1 || !strings.Contains(r.Advice[0].Text, "The app is not started") {
		t.Errorf("before: %+v", r)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := report(t, a); len(r.Changes) != 1 || r.Changes[0].To != pool.StateUp || r.Changes[0].At.IsZero() || r.Budget == nil || r.Budget.MaxConnections < 10 {
		t.Errorf("changes and budget: %+v", r)
	}
	answered := make(chan string, 1)
	release := sync.OnceFunc(func() { close(end) })
	defer release()
	go func() {
		answered <- ask(a, `query Held($secret: ID = "hunter2") { held person(id: $secret) { name } }`).Body.String()
	}()
	select {
	case <-began:
	case body := <-answered:
		t.Fatal(body)
	}
	for held := time.Now(); ; time.Sleep(time.Millisecond) {
		r := report(t, a)
		if len(r.Leases) != 1 || r.Leases[0].Tag != "query Held" || r.Leases[0].Held <= 0 {
			t.Fatalf("leases: %+v", r.Leases)
		}
		if len(r.Holders) == 1 && r.Holders[0].Tag == "query Held" {
			break // the look of a second has seen it
		}
		if time.Since(held) > 20*time.Second {
			t.Fatalf("holders: %+v", r.Holders)
		}
	}
	if text := fetch(a, "/pool").Body.String() + fetch(a, "/pool", "Accept", "text/html").Body.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "<td>query Held</td>") {
		t.Errorf("a value is told, or the operation is not: %s", text)
	}
	release()
	if body := <-answered; !strings.Contains(body, `"held":true`) {
		t.Error(body)
	}
	ask(a, `{ nothing }`)
	r := report(t, a)
	if len(r.Slowest) != 2 || r.Slowest[0].Tag != "query Held" || r.Slowest[0].Count != 1 || r.Slowest[0].Failed != 0 || r.Slowest[0].Longest <= 0 || r.Slowest[1].Failed != 1 {
		t.Errorf("slowest: %+v", r.Slowest)
	}
}

// TestPoolStateIsTold: why the pool is down stands at /pool, without the password.
func TestPoolStateIsTold(t *testing.T) {
	t.Parallel()
	a := started(t, personOptions("postgres://someone:hunter2@127.0.0.1:1/none"))
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		r := report(t, a)
		if r.State == pool.StateDown {
			if text := fetch(a, "/pool").Body.String(); len(r.Changes) != 1 || !strings.Contains(r.Changes[0].Reason, "127.0.0.1") || strings.Contains(text, "hunter2") || r.Advice[0].Level != "bad" {
				t.Errorf("%s", text)
			}
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%+v", r)
		}
	}
}

// stream opens the events of /pool.
func stream(t *testing.T, url string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/pool", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// TestShutdownEndsStreams: an open page does not hold up a stop, and is told of it.
func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"started": true, "never started": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, personOptions(pgtest.New(t, people).URL))
			if running {
				if err := a.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			server := httptest.NewServer(a)
			defer server.Close()
			resp := stream(t, server.URL)
			lines := bufio.NewScanner(resp.Body)
			lines.Buffer(nil, 1<<20)
			next := func(want string) {
				t.Helper()
				for lines.Scan() {
					if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
						if event != want {
							t.Errorf("the event %s, want %s", event, want)
						}
						return
					}
				}
				t.Errorf("the stream ended before %s: %v", want, lines.Err())
			}
			next("history")
			next("view")
			if running {
				next("view") // a second later
			}
			if err := a.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			for lines.Scan() {
				if lines.Text() == "event: end" {
					break
				}
			}
			for lines.Scan() {
			}
			if err := lines.Err(); err != nil {
				t.Errorf("the stream did not end in order: %v", err)
			}
		})
	}
}

// TestServeEndsWithOpenStreams: a server that waits for its requests ends too.
func TestServeEndsWithOpenStreams(t *testing.T) {
	t.Parallel()
	a := newApp(t, personOptions(pgtest.New(t, people).URL))
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, l) }()
	waitFor(t, a)
	if resp := stream(t, "http://"+l.Addr().String()); resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

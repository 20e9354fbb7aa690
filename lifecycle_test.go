package fraiseql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

const people = `
CREATE TABLE tb_person (pk_person int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, id text NOT NULL UNIQUE, name text NOT NULL, age int);
INSERT INTO tb_person (id, name, age) VALUES ('a', 'Ada', 36), ('b', 'Bob', NULL);
CREATE VIEW v_person AS SELECT id, name, age FROM tb_person;`

type person struct {
	ID   fraiseql.ID `graphql:",key"`
	Name string
	Age  *int
}

func personOptions(url string) fraiseql.Options {
	return fraiseql.Options{
		DatabaseURL: url, ConnectionPoolSize: 2, Logger: slog.New(slog.DiscardHandler),
		Types:   []fraiseql.Type{fraiseql.Object[person]("v_person", fraiseql.ObjectOptions{Name: "Person"})},
		Queries: []fraiseql.Query{fraiseql.List[person]("people"), fraiseql.Get[person]("person")},
	}
}

func newApp(t *testing.T, o fraiseql.Options) *fraiseql.App {
	t.Helper()
	a, err := fraiseql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.Shutdown(ctx); err != nil && !t.Failed() {
			t.Logf("shutdown: %v", err)
		}
	})
	return a
}

func started(t *testing.T, o fraiseql.Options) *fraiseql.App {
	t.Helper()
	a := newApp(t, o)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func ask(h http.Handler, query string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]string{"query": query})
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnAppServes(t *testing.T) {
	t.Parallel()
	a := started(t, personOptions(pgtest.New(t, people).URL))
	if w := ask(a, `{ people(orderBy: [{name: ASC}]) { name age } person(id: "b") { id } }`); w.Code != http.StatusOK ||
		strings.TrimSpace(w.Body.String()) != `{"data":{"people":[{"name":"Ada","age":36},{"name":"Bob","age":null}],"person":{"id":"b"}}}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if sdl := a.Schema(); !strings.Contains(sdl, "type Person") || !strings.Contains(sdl, "people(") {
		t.Errorf("schema: %s", sdl)
	}
	if s := a.PoolStat(); s.Size == 0 || s.MaxSize != 12 {
		t.Errorf("pool: %+v", s)
	}
	if err := a.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
}

func refused(t *testing.T, a *fraiseql.App, code string) {
	t.Helper()
	w := ask(a, `{ people { name } }`)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), code) || strings.Contains(w.Body.String(), `"data"`) {
		t.Errorf("got %d, Retry-After %q: %s; want 503 and %s", w.Code, w.Header().Get("Retry-After"), w.Body, code)
	}
}

func TestAnAppRefusesBeforeAndAfter(t *testing.T) {
	t.Parallel()
	a := newApp(t, personOptions(pgtest.New(t, people).URL))
	refused(t, a, "NOT_READY")
	if err := a.Ready(t.Context()); !errors.Is(err, fraiseql.ErrNotStarted) {
		t.Errorf("ready: %v", err)
	}
	if a.Schema() != "" || a.PoolStat().Size != 0 {
		t.Error("an app that was not started has no schema and no pool")
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err == nil {
		t.Error("a second Start must be an error")
	}
	// Stopping is safe twice and at once.
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := a.Shutdown(t.Context()); err != nil {
				t.Errorf("shutdown: %v", err)
			}
		})
	}
	all.Wait()
	refused(t, a, "SHUTTING_DOWN")
	if err := a.Start(t.Context()); !errors.Is(err, fraiseql.ErrStopped) {
		t.Errorf("start after shutdown: %v", err)
	}
}

// diary notes what happens in which order.
type diary struct {
	mu   sync.Mutex
	text []string
}

func (d *diary) add(text string) { d.mu.Lock(); d.text = append(d.text, text); d.mu.Unlock() }
func (d *diary) String() string  { d.mu.Lock(); defer d.mu.Unlock(); return strings.Join(d.text, ", ") }

func TestHooksAlwaysRun(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		sql     string
		onStart func() error
		onStop  func() error
		start   string // in the error of Start
		stop    string // in the error of Shutdown
		want    string
	}{
		"in order":              {people, nil, nil, "", "", "start with pool true, stop with pool open"},
		"OnStart fails":         {people, func() error { return boom }, nil, "OnStart: boom", "", "start with pool true, stop with pool open"},
		"OnStart panics":        {people, func() error { panic("ouch") }, nil, "OnStart panicked: ouch", "", "start with pool true, stop with pool open"},
		"a view is missing":     {"SELECT 1", nil, nil, "v_person", "", "stop with pool open"},
		"OnShutdown fails":      {people, nil, func() error { return boom }, "", "OnShutdown: boom", "start with pool true, stop with pool open"},
		"OnShutdown panics":     {people, nil, func() error { panic("ouch") }, "", "OnShutdown panicked: ouch", "start with pool true, stop with pool open"},
		"both go wrong at once": {people, func() error { panic("one") }, func() error { panic("two") }, "OnShutdown panicked: two", "two", "start with pool true, stop with pool open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d diary
			o := personOptions(pgtest.New(t, c.sql).URL)
			o.OnStart = func(_ context.Context, a *fraiseql.App) error {
				d.add(fmt.Sprintf("start with pool %t", a.PoolStat().Size > 0))
				refused(t, a, "NOT_READY")
				if c.onStart != nil {
					return c.onStart()
				}
				return nil
			}
			o.OnShutdown = func(_ context.Context, a *fraiseql.App) error {
				state := "open"
				if s := fmt.Sprint(a.PoolStat().State); strings.HasPrefix(s, "clos") {
					state = s
				}
				d.add("stop with pool " + state)
				if c.onStop != nil {
					return c.onStop()
				}
				return nil
			}
			a := newApp(t, o)
			check := func(what string, err error, want string) {
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: got %v, want %q", what, err, want)
				}
			}
			check("start", a.Start(t.Context()), c.start)
			check("shutdown", a.Shutdown(t.Context()), c.stop)
			if d.String() != c.want {
				t.Errorf("got %s; want %s", &d, c.want)
			}
			if s := fmt.Sprint(a.PoolStat().State); s != "closed" {
				t.Errorf("the pool is %s after the end", s)
			}
			refused(t, a, "SHUTTING_DOWN")
		})
	}
}

// TestStartThatEndsItsGoroutine: OnStart may be a test's, and its Fatal ends the goroutine. The app has stopped then.
func TestStartThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	var d diary
	o := personOptions(pgtest.New(t, people).URL)
	o.OnStart = func(context.Context, *fraiseql.App) error { runtime.Goexit(); return nil }
	o.OnShutdown = func(_ context.Context, a *fraiseql.App) error {
		d.add("stop with pool " + a.PoolStat().State.String())
		return nil
	}
	a := newApp(t, o)
	var starting sync.WaitGroup
	starting.Go(func() {
		_ = a.Start(t.Context())
		t.Error("Start has returned")
	})
	starting.Wait()
	if err := a.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if s := a.PoolStat().State.String(); s != "closed" || d.String() != "stop with pool up" {
		t.Errorf("the pool is %s; %s", s, &d)
	}
}

// TestOnShutdownThatDoesNotReturn: the pool is closed all the same, some time after the context of Shutdown has ended.
func TestOnShutdownThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	end, ended := make(chan struct{}), make(chan struct{})
	o := personOptions(pgtest.New(t, people).URL)
	o.OnShutdown = func(context.Context, *fraiseql.App) error {
		defer close(ended)
		<-end
		return nil
	}
	a := started(t, o)
	hurry, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := a.Shutdown(hurry); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller in a hurry got %v", err)
	}
	if s := a.PoolStat().State.String(); s != "up" {
		t.Errorf("the pool is %s while OnShutdown runs", s)
	}
	if err := a.Shutdown(t.Context()); err == nil || !strings.Contains(err.Error(), "OnShutdown has not returned within 5s") {
		t.Errorf("shutdown: %v", err)
	}
	until(t, "the pool is closed", func() bool { return a.PoolStat().State == pool.StateClosed })
	close(end)
	<-ended
}

// gated is an app with a resolver that tells when it runs and waits for leave to end.
func gated(t *testing.T) (a *fraiseql.App, running, end chan struct{}) {
	t.Helper()
	running, end = make(chan struct{}), make(chan struct{})
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("slow", func(ctx context.Context, _ struct{}) (string, error) {
		close(running)
		select {
		case <-end:
			return "whole", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}))
	return started(t, o), running, end
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	a, running, end := gated(t)
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- ask(a, `{ slow people { name } }`) }()
	<-running
	stopped := make(chan error)
	go func() { stopped <- a.Shutdown(t.Context()) }()
	for a.Ready(t.Context()) == nil {
		time.Sleep(time.Millisecond)
	}
	refused(t, a, "SHUTTING_DOWN")
	select {
	case err := <-stopped:
		t.Fatalf("shut down while a request runs: %v", err)
	default:
	}
	// A caller with less patience goes first, and the stop goes on without it.
	hurry, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := a.Shutdown(hurry); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller in a hurry got %v", err)
	}
	close(end)
	if w := <-answer; w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"slow":"whole"`) || !strings.Contains(w.Body.String(), "Ada") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := <-stopped; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestShutdownCutsWhatDoesNotFinish(t *testing.T) {
	t.Parallel()
	running := make(chan struct{})
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("stuck", func(ctx context.Context, _ struct{}) (bool, error) {
		close(running)
		_, err := fraiseql.DB(ctx).Exec(ctx, "SELECT pg_sleep(600)")
		return false, err
	}))
	o.StatementTimeout = -1
	a := started(t, o)
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- ask(a, `{ stuck }`) }()
	<-running
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := a.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the impatient caller got %v", err)
	}
	if err := a.Shutdown(t.Context()); err == nil || !strings.Contains(err.Error(), "1 requests did not end in time") {
		t.Errorf("the patient caller got %v", err)
	}
	if w := <-answer; strings.Contains(w.Body.String(), `"stuck":false`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestServeListensOnBothAddresses(t *testing.T) {
	t.Parallel()
	free, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := personOptions(pgtest.New(t, people).URL)
	o.AdminAddr = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	a := newApp(t, o)
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- a.Serve(t.Context(), l) }()
	waitFor(t, a)
	if body := get(t, "http://"+o.AdminAddr+"/pool"); !strings.Contains(body, "maxSize") {
		t.Errorf("pool: %s", body)
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve must end when Shutdown was called: %v", err)
	}
}

func TestServeEndsInOrder(t *testing.T) {
	t.Parallel()
	a, err := fraiseql.New(func() fraiseql.Options {
		o := personOptions(pgtest.New(t, people).URL)
		o.Mux = http.NewServeMux()
		o.Mux.HandleFunc("/mine", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "mine") })
		return o
	}())
	if err != nil {
		t.Fatal(err)
	}
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Serve(ctx, l) }()
	url := "http://" + l.Addr().String()
	waitFor(t, a)
	for path, want := range map[string]string{"/graphql?query=%7Bpeople%7Bname%7D%7D": "Ada", "/mine": "mine"} {
		if body := get(t, url+path); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}

func TestRunWhenToldToStopAlready(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} { // a name is looked up under ctx
		a, err := fraiseql.New(personOptions("postgres://nobody@127.0.0.1:1/none"))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Run(ctx, addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestASecondRunLeavesTheFirstAlone: an app runs once, and whoever tries again must not stop it.
func TestASecondRunLeavesTheFirstAlone(t *testing.T) {
	t.Parallel()
	a, err := fraiseql.New(personOptions(pgtest.New(t, people).URL))
	if err != nil {
		t.Fatal(err)
	}
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Serve(ctx, l) }()
	waitFor(t, a)
	other, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]func() error{
		"Run":                 func() error { return a.Run(t.Context(), "127.0.0.1:0") },
		"Run on its own port": func() error { return a.Run(t.Context(), l.Addr().String()) },
		"Serve":               func() error { return a.Serve(t.Context(), other) },
		"Start":               func() error { return a.Start(t.Context()) },
	} {
		if err := again(); err == nil || !strings.Contains(err.Error(), "started already") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := net.Dial("tcp", other.Addr().String()); err == nil {
		t.Error("the second listener is left open")
	}
	if body := get(t, "http://"+l.Addr().String()+"/graphql?query=%7Bpeople%7Bname%7D%7D"); !strings.Contains(body, "Ada") {
		t.Errorf("the first does not serve any more: %s", body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if err := a.Run(t.Context(), "127.0.0.1:0"); !errors.Is(err, fraiseql.ErrStopped) {
		t.Errorf("after its end: %v", err)
	}
}

func waitFor(t *testing.T, a *fraiseql.App) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := a.Ready(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

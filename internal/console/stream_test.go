package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/internal/page"
	"github.com/fraiseql/fraiseql-go/internal/page/pagetest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// watcher is the other end of a stream: it takes what it is told to.
type watcher struct {
	header   http.Header
	texts    chan string
	deadline time.Time // for what is written
}

func newWatcher(room int) *watcher {
	return &watcher{header: http.Header{}, texts: make(chan string, room)}
}

func (w *watcher) Header() http.Header                { return w.header }
func (w *watcher) WriteHeader(int)                    {}
func (w *watcher) Write(text []byte) (int, error)     { w.texts <- string(text); return len(text), nil }
func (w *watcher) Flush()                             {}
func (w *watcher) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }

func ask(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "/pool", nil)
}

// running is a console that runs in the bubble of a test.
func running(t *testing.T) (c *console.Console, stat *pool.Stat, end func()) {
	stat = &pool.Stat{Name: "main", State: pool.StateUp, Size: 20, MaxSize: 30}
	ended, done := make(chan struct{}), make(chan struct{})
	c = console.New(console.Options{Stat: func() pool.Stat { return *stat }, Ended: ended})
	go func() {
		defer close(done)
		c.Run()
	}()
	return c, stat, func() {
		t.Helper()
		close(ended)
		select {
		case <-done:
		case <-time.After(time.Hour):
			t.Error("Run does not end")
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, end := running(t)
		time.Sleep(3500 * time.Millisecond) // looks at 0, 1, 2 and 3 s
		w := newWatcher(0)
		done := make(chan error)
		go func() { done <- c.Stream(w, ask(t.Context())) }()
		first := <-w.texts
		parts := strings.Split(first, "\n\n")
		if len(parts) != 3 || !strings.HasPrefix(parts[0], "retry: 2000\nevent: history\ndata: [[") || !strings.HasPrefix(parts[1], "event: view\ndata: {") || w.header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
			t.Fatalf("%v\n%s", w.header, first)
		}
		var samples [][11]int64
		if err := json.Unmarshal([]byte(strings.TrimPrefix(parts[0], "retry: 2000\nevent: history\ndata: ")), &samples); err != nil || len(samples) != 4 {
			t.Errorf("history: %v %v", samples, err)
		}
		for i := range 3 {
			text := <-w.texts
			var view struct {
				State  string
				Texts  map[string]string
				Sample [11]int64
			}
			if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(text, "event: view\ndata: "), "\n\n")), &view); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if at := time.UnixMilli(samples[3][0]).Add(time.Duration(i+1) * time.Second); view.State != "up" || view.Texts["levels"] != "of 20, at most 30" || view.Sample[0] != at.UnixMilli() {
				t.Errorf("view %d: %+v, want a sample of %v", i, view, at)
			}
		}
		time.Sleep(10500 * time.Millisecond) // the watcher takes nothing: it misses views, and gets the newest one next
		<-w.texts
		late := <-w.texts
		if !strings.Contains(late, `"sample":[`+fmtMillis(samples[3][0]+13_000)) {
			t.Errorf("a slow watcher does not get the newest view: %s", late)
		}
		end()
		for text := range w.texts {
			if text == "event: end\ndata:\n\n" {
				break
			}
		}
		if err := <-done; err != nil || c.Watchers() != 0 {
			t.Errorf("%v, %d watchers are left", err, c.Watchers())
		}
		if !w.deadline.IsZero() {
			t.Errorf("the connection keeps the deadline %v", w.deadline)
		}
	})
}

func fmtMillis(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, end := running(t)
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error, console.MaxWatchers)
		for range console.MaxWatchers {
			go func() { done <- c.Stream(newWatcher(1000), ask(ctx)) }()
		}
		synctest.Wait()
		w := newWatcher(1)
		if err := c.Stream(w, ask(ctx)); !errors.Is(err, console.ErrCrowded) || len(w.texts) > 0 || err.Error() != "32 pages watch the pool already" {
			t.Errorf("one more: %v", err)
		}
		leave()
		for range console.MaxWatchers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := c.Watchers(); n != 0 {
			t.Errorf("%d watchers are left", n)
		}
		go func() { done <- c.Stream(newWatcher(1000), ask(t.Context())) }()
		synctest.Wait()
		if n := c.Watchers(); n != 1 {
			t.Errorf("a place that is free again: %d watchers", n)
		}
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// broken is a connection whose client is gone.
type broken struct{ http.ResponseWriter }

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

// stuck is a connection whose client takes nothing.
type stuck struct{ *watcher }

func (s stuck) Write([]byte) (int, error) {
	time.Sleep(time.Until(s.deadline))
	return 0, os.ErrDeadlineExceeded
}

func TestStuckWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _, end := running(t)
		defer end()
		began, done := time.Now(), make(chan error)
		go func() { done <- c.Stream(stuck{newWatcher(0)}, ask(t.Context())) }()
		other := newWatcher(1000)
		go func() { done <- c.Stream(other, ask(t.Context())) }()
		if err := <-done; err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("it is left after %v: %v", time.Since(began), err)
		}
		synctest.Wait()
		if n := len(other.texts); n < 5 || c.Watchers() != 1 {
			t.Errorf("the other one has %d events beside it; %d watchers", n, c.Watchers())
		}
		go func() { <-done }()
	})
}

func TestGoneWatcher(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.Stream(broken{httptest.NewRecorder()}, ask(t.Context())); err != nil || w.Watchers() != 0 {
		t.Errorf("%v, %d watchers", err, w.Watchers())
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stat.Name = `<script>alert("1")</script>`
	w.leases = console.Held(`query <b>`, 1, time.Second)
	w.StateChanged(pool.StateInfo{From: pool.StateUp, To: pool.StateDown, Err: errors.New(`no <i>server</i>`)})
	for range 3 {
		w.second(7, 2)
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, ask(t.Context()))
	body := answer.Body.String()
	if answer.Code != 200 || answer.Header().Get("Content-Security-Policy") != page.Policy || answer.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
	for _, want := range []string{
		`<b data-t="leased">7</b>`, `<b data-t="waiting">2</b>`, "<td>14:00</td><td>7</td><td>7</td><td>2</td>", "<td>query &lt;b&gt;</td><td>1 s</td>", "no &lt;i&gt;server&lt;/i&gt;",
		`src="./pool/main.js"`, "<noscript>", "Blog &lt;API&gt;", `<th scope="row">≤ 100 µs</th>`, `<td>200</td><td>300</td>`, `data-rows="counters"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	pagetest.Harmless(t, body, pagetest.Files(t, console.Files(), "assets"))
	if strings.Contains(body, "<script>alert") {
		t.Error("names reach the page as markup")
	}
	if t.Failed() {
		t.Log(body)
	}
}

// budget bounds what a first visit loads, uncompressed.
const budget = 40_000

func TestSizeStaysInBudget(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	newWorld().ServeHTTP(answer, ask(t.Context()))
	total := answer.Body.Len()
	for _, body := range pagetest.Files(t, console.Files(), "assets") {
		total += len(body)
	}
	t.Logf("page and files: %d bytes", total)
	if total >= budget {
		t.Errorf("page and files are %d bytes, the budget is %d: leave something out", total, budget)
	}
}

func TestModules(t *testing.T) {
	t.Parallel()
	pagetest.Modules(t, pagetest.Files(t, console.Files(), "assets"))
}

package ops_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/pool"
)

func stat() pool.Stat { return pool.Stat{Name: "main", State: pool.StateUp, Size: 20} }

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	notReady := func() []ops.Reason { return []ops.Reason{{"POOL_UNAVAILABLE", "no <server>", "start it"}} }
	const jsonType = "application/json; charset=utf-8"
	for name, c := range map[string]struct {
		o           ops.Options
		path        string
		accept      string
		status      int
		contentType string
		body        string // the whole of it
		retry       string
	}{
		"health":           {ops.Options{Ready: notReady}, "/health", "", 200, jsonType, `{"status":"ok"}`, ""},
		"ready":            {ops.Options{Ready: func() []ops.Reason { return nil }}, "/ready", "", 200, jsonType, `{"ready":true}`, ""},
		"always ready":     {ops.Options{}, "/ready", "", 200, jsonType, `{"ready":true}`, ""},
		"not ready":        {ops.Options{Ready: notReady}, "/ready", "", 503, jsonType, `{"ready":false,"reasons":[{"code":"POOL_UNAVAILABLE","message":"no <server>","cure":"start it"}]}`, "1"},
		"version":          {ops.Options{Title: "Blog", Version: "2", Description: "d", FraiseQL: "0.1"}, "/version", "", 200, jsonType, `{"title":"Blog","version":"2","description":"d","fraiseql":"0.1"}`, ""},
		"schema":           {ops.Options{SDL: func() string { return "type Query" }}, "/schema.graphql", "", 200, "text/plain; charset=utf-8", "type Query", ""},
		"schema off":       {ops.Options{}, "/schema.graphql", "", 404, jsonType, `{"code":"NOT_FOUND","message":"the schema is not shown: introspection is off","cure":"ask the operator for the schema"}`, ""},
		"schema not there": {ops.Options{SDL: func() string { return "" }}, "/schema.graphql", "", 503, jsonType, `{"code":"NOT_READY","message":"the schema is not loaded yet","cure":"try again after Retry-After; /ready tells the reason"}`, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.o.Stat = stat
			w := get(ops.New(c.o).Public(), c.path, "Accept", c.accept)
			h := w.Header()
			if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.body || h.Get("Retry-After") != c.retry || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v\n%s", w.Code, h, w.Body)
			}
			if got := w.Result().Header.Get("Content-Type"); got != c.contentType {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

func TestPoolNumbers(t *testing.T) {
	t.Parallel()
	w := get(ops.New(ops.Options{Stat: stat}).Public(), "/pool", "Accept", "application/json")
	var got pool.Stat
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got != stat() || !strings.Contains(w.Body.String(), `"state":"up"`) {
		t.Errorf("%v %s", err, w.Body)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ops.New(ops.Options{Stat: stat, SDL: func() string { return "type Query" }}).Admin())
	defer server.Close()
	for _, path := range []string{"/health", "/ready", "/version", "/schema.graphql", "/metrics", "/pool"} {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405, "OPTIONS": 405} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want || want == 405 && resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d %v", method, path, resp.StatusCode, resp.Header)
			}
		}
	}
}

func TestGuarded(t *testing.T) {
	t.Parallel()
	for _, guarded := range []bool{false, true} {
		s := ops.New(ops.Options{Stat: stat, Guarded: guarded})
		for _, path := range []string{"/metrics", "/pool"} {
			want := 200
			if guarded {
				want = 404
			}
			if got := get(s.Public(), path).Code; got != want {
				t.Errorf("guarded %v: public %s: %d", guarded, path, got)
			}
			if got := get(s.Admin(), path).Code; got != 200 {
				t.Errorf("guarded %v: admin %s: %d", guarded, path, got)
			}
		}
		if got := get(s.Admin(), "/health").Code; got != 200 {
			t.Errorf("admin /health: %d", got)
		}
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	var refusal *fault.Error
	s := ops.New(ops.Options{Stat: stat, Allow: func(h http.Header, r *http.Request) *fault.Error {
		h.Set("WWW-Authenticate", "Bearer")
		return refusal
	}})
	for code, c := range map[fault.Code]struct {
		status int
		retry  string
	}{"": {200, ""}, fault.Unauthenticated: {401, ""}, fault.Forbidden: {403, ""}, fault.RateLimited: {429, "3"}, fault.NotReady: {503, "1"}} {
		refusal = nil
		if code != "" {
			refusal = fault.New(code, "not you")
		}
		if code == fault.RateLimited {
			refusal.RetryAfter = 2500 * time.Millisecond
		}
		for _, h := range []http.Handler{s.Public(), s.Admin()} {
			for _, path := range []string{"/metrics", "/pool"} {
				w := get(h, path)
				if w.Code != c.status || w.Header().Get("Retry-After") != c.retry || w.Header().Get("WWW-Authenticate") != "Bearer" || code != "" && !strings.Contains(w.Body.String(), string(code)) {
					t.Errorf("%s %s: %d %v %s", code, path, w.Code, w.Header(), w.Body)
				}
			}
			if w := get(h, "/health"); w.Code != 200 {
				t.Errorf("%s: /health is refused: %d", code, w.Code)
			}
		}
	}
}

// TestDiscreet keeps what reasons name off the public address.
func TestDiscreet(t *testing.T) {
	t.Parallel()
	for _, discreet := range []bool{false, true} {
		s := ops.New(ops.Options{Stat: stat, Discreet: discreet, Ready: func() []ops.Reason {
			return []ops.Reason{{"POOL_UNAVAILABLE", "dialing db.internal", "start db.internal"}}
		}})
		public, admin := get(s.Public(), "/ready"), get(s.Admin(), "/ready")
		if public.Code != 503 || !strings.Contains(public.Body.String(), "POOL_UNAVAILABLE") || strings.Contains(public.Body.String(), "db.internal") == discreet {
			t.Errorf("discreet %v: %d %s", discreet, public.Code, public.Body)
		}
		if admin.Code != 503 || !strings.Contains(admin.Body.String(), "dialing db.internal") {
			t.Errorf("discreet %v: admin: %d %s", discreet, admin.Code, admin.Body)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	var s pool.Stat
	s.Name, s.State = "main", pool.StateDown
	s.MinSize, s.Size, s.MaxSize, s.Idle, s.Leased, s.Waiting, s.OldestWait = 10, 20, 30, 3, 4, 5, 1500*time.Millisecond
	s.Failures.Timeout, s.Closed.Recycled, s.Acquires.Waited = 6, 7, 8
	s.WaitTime.Counts[0], s.WaitTime.Counts[2], s.WaitTime.Counts[pool.Buckets-1], s.WaitTime.Sum = 1, 2, 3, 90*time.Second
	server := ops.New(ops.Options{Stat: func() pool.Stat { return s }, FraiseQL: "0.1", Title: "Blog", Version: "2"})
	text := get(server.Admin(), "/metrics").Body.String()
	const in = `db_client_connection_pool_name="main"`
	for _, line := range []string{
		`db_client_connection_count{` + in + `,db_client_connection_state="idle"} 3`,
		`db_client_connection_count{` + in + `,db_client_connection_state="used"} 4`,
		`db_client_connection_idle_min{` + in + `} 10`,
		`db_client_connection_idle_max{` + in + `} 20`,
		`db_client_connection_max{` + in + `} 30`,
		`db_client_connection_pending_requests{` + in + `} 5`,
		`db_client_connection_timeouts_total{` + in + `} 6`,
		`db_client_connection_wait_time_seconds_bucket{` + in + `,le="0.0001"} 1`,
		`db_client_connection_wait_time_seconds_bucket{` + in + `,le="0.00025"} 1`,
		`db_client_connection_wait_time_seconds_bucket{` + in + `,le="0.0005"} 3`,
		`db_client_connection_wait_time_seconds_bucket{` + in + `,le="30"} 3`,
		`db_client_connection_wait_time_seconds_bucket{` + in + `,le="+Inf"} 6`,
		`db_client_connection_wait_time_seconds_sum{` + in + `} 90`,
		`db_client_connection_use_time_seconds_count{` + in + `} 0`,
		`db_client_connection_create_time_seconds_count{` + in + `} 0`,
		`fraiseql_pool_state{` + in + `,state="down"} 1`,
		`fraiseql_pool_state{` + in + `,state="up"} 0`,
		`fraiseql_pool_oldest_wait_seconds{` + in + `} 1.5`,
		`fraiseql_pool_connections_closed_total{` + in + `,reason="recycled"} 7`,
		`fraiseql_pool_acquires_total{` + in + `,how="waited"} 8`,
		`fraiseql_build_info{app="Blog",fraiseql="0.1",version="2"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "go_build_info"} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("missing: %s", name)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestEveryNumberIsAMetric sets each number of a Stat in turn and looks for it in the answer, so that a number that is added to the pool cannot
// be forgotten here.
func TestEveryNumberIsAMetric(t *testing.T) {
	t.Parallel()
	var s pool.Stat
	var numbers []reflect.Value
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.Int, reflect.Int64, reflect.Uint64:
				numbers = append(numbers, f)
			case reflect.Struct:
				if f.Type() != reflect.TypeFor[pool.Histogram]() {
					walk(f)
				}
			}
		}
	}
	walk(reflect.ValueOf(&s).Elem())
	if len(numbers) < 25 {
		t.Fatalf("only %d numbers found", len(numbers))
	}
	// Leases that got a new connection are also seen in the connections opened.
	known := map[uintptr]bool{reflect.ValueOf(&s.Acquires.OpenedNew).Pointer(): true}
	server := ops.New(ops.Options{Stat: func() pool.Stat { return s }}).Admin()
	value := regexp.MustCompile(`(?m)^(db_client|fraiseql_pool)_.* 7\.654321e\+(08|17)$|^fraiseql_pool_oldest_wait_seconds\S* 7\.654321e\+08$`)
	for _, n := range numbers {
		if known[n.Addr().Pointer()] {
			continue
		}
		before := s
		switch n.Kind() {
		case reflect.Uint64:
			n.SetUint(765432100)
		case reflect.Int64:
			n.SetInt(765432100 * int64(time.Second))
		default:
			n.SetInt(765432100)
		}
		if text := get(server, "/metrics").Body.String(); !value.MatchString(text) {
			t.Errorf("no metric tells of this change: %+v", s)
		}
		s = before
	}
}

func TestMountPublic(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/mine", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	ops.New(ops.Options{Stat: stat}).MountPublic(mux)
	if get(mux, "/mine").Code != 204 || get(mux, "/health").Code != 200 {
		t.Error("a path is lost")
	}
}

// TestWatchers: /pool streams to so many pages, tells the next one why not, and lets it in when another one has left.
func TestWatchers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ops.New(ops.Options{Stat: stat}).Admin())
	defer server.Close()
	watch := func() *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/pool", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	var all []*http.Response
	for range console.MaxWatchers {
		resp := watch()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		all = append(all, resp)
	}
	refused := watch()
	var reason ops.Reason
	if err := json.NewDecoder(refused.Body).Decode(&reason); err != nil || refused.StatusCode != 503 || refused.Header.Get("Retry-After") != "1" || reason.Code != "TOO_MANY_WATCHERS" || !strings.Contains(reason.Message, "32 pages") {
		t.Errorf("%d %v %+v %v", refused.StatusCode, refused.Header, reason, err)
	}
	_ = refused.Body.Close()
	if w := get(ops.New(ops.Options{Stat: stat}).Admin(), "/pool"); w.Code != 200 {
		t.Errorf("numbers: %d", w.Code)
	}
	for _, resp := range all {
		_ = resp.Body.Close()
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		resp := watch()
		_ = resp.Body.Close()
		if resp.StatusCode == 200 {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d when all have left", resp.StatusCode)
		}
	}
}

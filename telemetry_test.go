package fraiseql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// meters gives a provider, and a function that reads one metric from it, by pool; a histogram is read as its count.
func meters(t *testing.T) (*metric.MeterProvider, func(name string) map[string]int64) {
	t.Helper()
	reader := metric.NewManualReader()
	return metric.NewMeterProvider(metric.WithReader(reader)), func(name string) map[string]int64 {
		t.Helper()
		var all metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &all); err != nil {
			t.Fatal(err)
		}
		found := map[string]int64{}
		poolOf := func(set attribute.Set) string {
			name, _ := set.Value("db.client.connection.pool.name")
			return name.AsString()
		}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				if m.Name != name {
					continue
				}
				switch data := m.Data.(type) {
				case metricdata.Sum[int64]:
					for _, p := range data.DataPoints {
						found[poolOf(p.Attributes)] += p.Value
					}
				case metricdata.Histogram[float64]:
					for _, p := range data.DataPoints {
						found[poolOf(p.Attributes)] += int64(p.Count)
					}
				}
			}
		}
		return found
	}
}

// TestTwoAppsOneMeterProvider tells their pools apart, and lets one go without the other.
func TestTwoAppsOneMeterProvider(t *testing.T) {
	t.Parallel()
	provider, read := meters(t)
	url := pgtest.New(t, people).URL
	open := func(name string, size int) *fraiseql.App {
		o := personOptions(url)
		o.ConnectionPoolName, o.ConnectionPoolSize, o.MeterProvider = name, size, provider
		return started(t, o)
	}
	const size = "db.client.connection.idle.max"
	expect := func(when string, want map[string]int64) {
		t.Helper()
		if got := read(size); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	one, two := open("one", 3), open("two", 5)
	expect("both", map[string]int64{"one": 3, "two": 5})
	before := read("db.client.connection.wait_time")
	for range 7 {
		ask(one, `{ people { name } }`)
	}
	after, failures := read("db.client.connection.wait_time"), one.PoolStat().Failures
	if after["one"]-before["one"] != 7 || after["two"] != before["two"] || failures.Timeout != 0 {
		t.Errorf("waits: %v, then %v", before, after)
	}
	for _, a := range []*fraiseql.App{one, two} {
		var told struct{ Name string }
		if err := json.Unmarshal(fetch(a, "/pool").Body.Bytes(), &told); err != nil || told.Name != a.PoolStat().Name {
			t.Errorf("/pool: %+v, %v", told, err)
		}
		if text := fetch(a, "/metrics").Body.String(); !strings.Contains(text, `db_client_connection_idle_max{db_client_connection_pool_name="`+told.Name+`"} `) {
			t.Errorf("/metrics has no pool %s", told.Name)
		}
	}
	if err := one.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("one stopped", map[string]int64{"two": 5})
	open("one", 4) // the next app of that name in this process
	expect("one again", map[string]int64{"one": 4, "two": 5})
}

// TestStartThatFailsLeavesNoMetrics: also then nothing stays with the provider.
func TestStartThatFailsLeavesNoMetrics(t *testing.T) {
	t.Parallel()
	provider, read := meters(t)
	for name, change := range map[string]func(*fraiseql.Options){
		"no such host": func(o *fraiseql.Options) { o.DatabaseURL, o.FailFast = "postgres://127.0.0.1:1/none", true },
		"no view":      func(o *fraiseql.Options) { o.DatabaseURL = pgtest.New(t).URL },
		"no socket":    func(o *fraiseql.Options) { o.DatabaseURL, o.FailFast = "postgres:///none?host=/nowhere", true },
	} {
		o := personOptions("")
		o.MeterProvider = provider
		change(&o)
		if err := newApp(t, o).Start(t.Context()); err == nil {
			t.Errorf("%s: started", name)
		}
		if got := read("db.client.connection.max"); len(got) != 0 {
			t.Errorf("%s: %v is left", name, got)
		}
	}
}

// TestPoolNameReachesTheServer is where a database's administrator finds it.
func TestPoolNameReachesTheServer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	o := personOptions(db.URL)
	o.ConnectionPoolName = "orders"
	started(t, o)
	var n int
	if err := db.Conn(t).QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'orders'`).Scan(&n); err != nil || n == 0 {
		t.Errorf("%d connections, %v", n, err)
	}
}

// holding is an app with one connection and a request that holds it until let is called. let waits for that request's
// end, and may be called twice.
func holding(t *testing.T, change func(*fraiseql.Options)) (a *fraiseql.App, let func()) {
	t.Helper()
	o := personOptions(pgtest.New(t, people).URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1
	running, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	o.Queries = append(o.Queries, fraiseql.Resolve("hold", func(ctx context.Context, _ struct{}) (string, error) {
		_, err := fraiseql.DB(ctx).Exec(ctx, "SELECT 1")
		close(running)
		<-end
		return "held", err
	}))
	change(&o)
	a = started(t, o)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) { // reading the catalog left a session to be reset
		if s := a.PoolStat(); s.Idle == 1 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("no rest: %+v", s)
		}
	}
	go func() {
		defer close(ended)
		if w := ask(a, `{ hold }`); w.Code != http.StatusOK {
			t.Errorf("the holder: %d %s", w.Code, w.Body)
		}
	}()
	<-running
	over := false
	let = func() {
		if !over {
			over = true
			close(end)
			<-ended
		}
	}
	t.Cleanup(let)
	return a, let
}

// askUnder asks within a span and gives the span's events.
func askUnder(a *fraiseql.App, query string) (*httptest.ResponseRecorder, []trace.Event) {
	recorder := tracetest.NewSpanRecorder()
	ctx, span := trace.NewTracerProvider(trace.WithSpanProcessor(recorder)).Tracer("test").Start(context.Background(), "request")
	body, _ := json.Marshal(map[string]string{"query": query})
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	span.End()
	return w, recorder.Ended()[0].Events()
}

// waitOf reads the one event of a wait; none gives 0.
func waitOf(t *testing.T, events []trace.Event) (seconds float64, attributes map[string]string) {
	t.Helper()
	attributes = map[string]string{}
	for _, e := range events {
		if e.Name != "db.client.connection.wait" || seconds != 0 {
			t.Errorf("events: %+v", events)
		}
		for _, kv := range e.Attributes {
			if kv.Key == "db.client.connection.wait_time" {
				seconds = kv.Value.AsFloat64()
				continue
			}
			attributes[string(kv.Key)] = kv.Value.AsString()
		}
		if seconds <= 0.001 {
			t.Errorf("an event for a wait of %v s", seconds)
		}
	}
	return seconds, attributes
}

var poolTiming = regexp.MustCompile(`^pool;dur=([0-9]+(?:\.[0-9]+)?)$`)

// timing reads Server-Timing in seconds; -1: there is none.
func timing(t *testing.T, w *httptest.ResponseRecorder) float64 {
	t.Helper()
	all := w.Header()["Server-Timing"]
	if len(all) == 0 {
		return -1
	}
	m := poolTiming.FindStringSubmatch(strings.Join(all, ", "))
	if m == nil {
		t.Fatalf("Server-Timing: %q", all)
	}
	ms, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return ms / 1000
}

// TestWaitIsTold follows one wait of a request to its span and to Server-Timing.
func TestWaitIsTold(t *testing.T) {
	t.Parallel()
	const wait = 20 * time.Millisecond
	for _, production := range []bool{false, true} {
		a, let := holding(t, func(o *fraiseql.Options) { o.ConnectionPoolName, o.Production = "mine", production })
		type result struct {
			w      *httptest.ResponseRecorder
			events []trace.Event
		}
		results := make(chan result)
		go func() {
			w, events := askUnder(a, `{ people { name } }`)
			results <- result{w, events}
		}()
		for a.PoolStat().Waiting == 0 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(wait)
		let()
		r := <-results
		if r.w.Code != http.StatusOK {
			t.Fatalf("%d %s", r.w.Code, r.w.Body)
		}
		seconds, attributes := waitOf(t, r.events)
		if seconds < wait.Seconds() || !maps.Equal(attributes, map[string]string{"db.client.connection.pool.name": "mine"}) {
			t.Errorf("the span says %v s, %v", seconds, attributes)
		}
		if told := timing(t, r.w); production != (told == -1) || !production && (told < wait.Seconds() || told-seconds > 1e-6 || seconds-told > 1e-6) {
			t.Errorf("production %t: Server-Timing %v s, the span %v s", production, told, seconds)
		}
		// Without a wait there is no event. On a busy machine even that may take a millisecond, but not each time.
		calm := 0
		for range 50 {
			w, events := askUnder(a, `{ people { name } }`)
			if seconds, _ := waitOf(t, events); seconds == 0 {
				calm++
			}
			if told := timing(t, w); production != (told == -1) {
				t.Errorf("production %t: %v", production, w.Header())
			}
		}
		if calm == 0 {
			t.Error("each request has an event")
		}
		if w, events := askUnder(a, `{ __typename }`); timing(t, w) != -1 || len(events) != 0 {
			t.Errorf("a request that needs no connection: %v, %v", w.Header(), events)
		}
	}
}

// TestWaitInVainIsTold does so for a request that got no connection.
func TestWaitInVainIsTold(t *testing.T) {
	t.Parallel()
	a, _ := holding(t, func(o *fraiseql.Options) { o.ConnectionPoolTimeout = 10 * time.Millisecond })
	w, events := askUnder(a, `{ people { name } }`)
	seconds, attributes := waitOf(t, events)
	if w.Code != http.StatusServiceUnavailable || seconds < 0.01 || timing(t, w) < 0.01 ||
		!maps.Equal(attributes, map[string]string{"db.client.connection.pool.name": "fraiseql", "error.type": "timeout"}) {
		t.Errorf("%d %v: %v s, %v", w.Code, w.Header(), seconds, attributes)
	}
}

package cli_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	collectmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collecttraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// collector receives OTLP over HTTP.
type collector struct {
	mu       sync.Mutex
	spans    []*traces.Span
	metrics  map[string]bool
	resource map[string]string
	faults   []error
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.URL.Path {
	case "/v1/traces":
		var got collecttraces.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		for _, of := range got.GetResourceSpans() {
			for _, kv := range of.GetResource().GetAttributes() {
				c.resource[kv.GetKey()] = kv.GetValue().GetStringValue()
			}
			for _, scope := range of.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	case "/v1/metrics":
		var got collectmetrics.ExportMetricsServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		for _, of := range got.GetResourceMetrics() {
			for _, scope := range of.GetScopeMetrics() {
				for _, m := range scope.GetMetrics() {
					c.metrics[m.GetName()] = true
				}
			}
		}
	}
	if err != nil {
		c.faults = append(c.faults, err)
	}
}

// chain are the names of the spans from the root of a trace down to the one of a name.
func (c *collector) chain(name string) string {
	var names []string
	var at *traces.Span
	for _, s := range c.spans {
		if s.GetName() == name {
			at = s
		}
	}
	for at != nil {
		names = append([]string{at.GetName()}, names...)
		of := at.GetParentSpanId()
		at = nil
		for _, s := range c.spans {
			if bytes.Equal(s.GetSpanId(), of) {
				at = s
			}
		}
	}
	return strings.Join(names, " > ")
}

// buffer may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string { b.mu.Lock(); defer b.mu.Unlock(); return b.text.String() }

var served = regexp.MustCompile(`GraphQL +(http://\S+)`)

// serveWith runs the command with variables, asks one query when it serves, has use look at it, and stops it. It gives the log
// and how long stopping took.
func serveWith(t *testing.T, url string, use func(), variables ...string) (log string, stopping time.Duration) {
	t.Helper()
	for _, v := range variables { // the SDK reads the environment of the process
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs buffer
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--database-url", url}, os.Environ(), &out, &errs)
	}()
	within(t, "an answer", func() bool {
		m := served.FindStringSubmatch(out.String())
		if m == nil {
			return false
		}
		answer, err := http.Get(m[1] + "?query=%7Bitems%7Bname%7D%7D")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode == http.StatusOK
	})
	http.DefaultClient.CloseIdleConnections()
	use()
	start := time.Now()
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	return errs.String(), time.Since(start)
}

func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

func newCollector(t *testing.T) (*collector, string) {
	t.Helper()
	c := &collector{metrics: map[string]bool{}, resource: map[string]string{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return c, s.URL
}

// TestServeExports: a collector gets the spans of a query in their order, and the pool's metrics.
func TestServeExports(t *testing.T) {
	c, url := newCollector(t)
	log, _ := serveWith(t, pgtest.New(t, shop).URL, func() {
		within(t, "metrics", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.metrics["db.client.connection.count"] && c.metrics["db.client.connection.wait_time"]
		})
	}, "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_SERVICE_NAME=shop", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test", "OTEL_METRIC_EXPORT_INTERVAL=50")
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, want := range map[string]string{ // the spans come at the latest when the server ends
		"SELECT":                    "GET /graphql > query > SELECT",
		"db.client.connection.wait": "GET /graphql > query > db.client.connection.wait",
	} {
		if got := c.chain(name); got != want {
			t.Errorf("%q, want %q; %s", got, want, log)
		}
	}
	if c.resource["service.name"] != "shop" || c.resource["deployment.environment.name"] != "test" || len(c.faults) > 0 {
		t.Errorf("resource %v, %v", c.resource, c.faults)
	}
	if strings.Contains(log, "telemetry") {
		t.Error(log)
	}
}

// TestServeExportsWhatIsAskedFor turns signals off one by one.
func TestServeExportsWhatIsAskedFor(t *testing.T) {
	db := pgtest.New(t, shop)
	for name, of := range map[string]struct {
		variables       []string
		traces, metrics bool
	}{
		"nothing by default":   {nil, false, false},
		"no traces":            {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_TRACES_EXPORTER=none"}, false, true},
		"traces only":          {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=URL/v1/traces"}, true, false},
		"disabled":             {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_SDK_DISABLED=true"}, false, false},
		"none of them is kept": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_TRACES_SAMPLER=always_off"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, url := newCollector(t)
			var variables []string
			for _, v := range of.variables {
				variables = append(variables, strings.ReplaceAll(v, "URL", url))
			}
			log, _ := serveWith(t, db.URL, func() {}, variables...)
			c.mu.Lock()
			defer c.mu.Unlock()
			if len(c.spans) > 0 != of.traces || len(c.metrics) > 0 != of.metrics {
				t.Errorf("%d spans, metrics %v; %s", len(c.spans), c.metrics, log)
			}
		})
	}
}

// TestServeWithoutCollector: one that takes connections and never answers holds up nothing for long, and the log tells.
func TestServeWithoutCollector(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	log, stopping := serveWith(t, pgtest.New(t, shop).URL, func() {}, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+l.Addr().String())
	if stopping > 15*time.Second {
		t.Errorf("stopping took %v", stopping)
	}
	if !strings.Contains(log, "telemetry could not be exported") {
		t.Errorf("the log tells nothing: %s", log)
	}
}

// TestServeRefusesExporters that are not built in, and says which are.
func TestServeRefusesExporters(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=jaeger":      `OTEL_TRACES_EXPORTER is "jaeger": write otlp or none`,
		"OTEL_METRICS_EXPORTER=prometheus": `OTEL_METRICS_EXPORTER is "prometheus": write otlp or none`,
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc": `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": write http/protobuf`,
	} {
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), []string{"serve", "--database-url", "postgres:///x", "--addr", "127.0.0.1:0"},
			[]string{variable, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, &out, &errs)
		if code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: %d %s", variable, code, errs.String())
		}
	}
}

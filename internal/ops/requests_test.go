package ops_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	"github.com/fraiseql/fraiseql-go/internal/ops"
)

// requests gives metrics of requests, and what Prometheus reads of them.
func requests(t *testing.T, provider metric.MeterProvider) (*ops.Requests, func() string) {
	t.Helper()
	r, err := ops.NewRequests(provider, "test")
	if err != nil {
		t.Fatal(err)
	}
	server := ops.New(ops.Options{Stat: stat, Requests: r})
	return r, func() string { return get(server.Admin(), "/metrics").Body.String() }
}

func by(method string) *http.Request { return httptest.NewRequest(method, "/graphql", nil) }

func TestMetricsOfRequests(t *testing.T) {
	t.Parallel()
	reader := sdk.NewManualReader()
	r, text := requests(t, sdk.NewMeterProvider(sdk.WithReader(reader)))
	secure := by(http.MethodGet)
	secure.TLS = &tls.ConnectionState{}
	for _, c := range []struct {
		request *http.Request
		status  int
	}{{by("POST"), 200}, {by("POST"), 200}, {by("POST"), 294}, {by("POST"), 503}, {by("POST"), 0}, {secure, 304}, {by("BREW"), 405}} {
		r.HTTP(c.request, c.status, 20*time.Millisecond)
	}
	for _, o := range []ops.Operation{{"query", "Feed", ""}, {"query", "Feed", ""}, {"query", "", "INTERNAL"}, {"", "", "GRAPHQL_PARSE_FAILED"}} {
		r.Operation(t.Context(), o, 3*time.Second)
	}
	got := text()
	for _, line := range []string{
		`http_server_request_duration_seconds_count{error_type="",http_request_method="POST",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 2`,
		`http_server_request_duration_seconds_count{error_type="",http_request_method="POST",http_response_status_code="294",http_route="/graphql",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_count{error_type="503",http_request_method="POST",http_response_status_code="503",http_route="/graphql",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_count{error_type="500",http_request_method="POST",http_response_status_code="500",http_route="/graphql",url_scheme="http"} 0`,
		`http_server_request_duration_seconds_count{error_type="ANSWER_CUT",http_request_method="POST",http_response_status_code="",http_route="/graphql",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_count{error_type="",http_request_method="GET",http_response_status_code="304",http_route="/graphql",url_scheme="https"} 1`,
		`http_server_request_duration_seconds_count{error_type="",http_request_method="_OTHER",http_response_status_code="405",http_route="/graphql",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_bucket{error_type="503",http_request_method="POST",http_response_status_code="503",http_route="/graphql",url_scheme="http",le="0.01"} 0`,
		`http_server_request_duration_seconds_bucket{error_type="503",http_request_method="POST",http_response_status_code="503",http_route="/graphql",url_scheme="http",le="0.025"} 1`,
		`fraiseql_operation_duration_seconds_count{error_type="",graphql_operation_name="Feed",graphql_operation_type="query"} 2`,
		`fraiseql_operation_duration_seconds_sum{error_type="",graphql_operation_name="Feed",graphql_operation_type="query"} 6`,
		`fraiseql_operation_duration_seconds_count{error_type="INTERNAL",graphql_operation_name="",graphql_operation_type="query"} 1`,
		`fraiseql_operation_duration_seconds_count{error_type="GRAPHQL_PARSE_FAILED",graphql_operation_name="",graphql_operation_type=""} 1`,
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	counts, units := counted(t, reader)
	for _, c := range []struct {
		name  string
		total uint64
	}{{httpconv.ServerRequestDuration{}.Name(), 7}, {"fraiseql.operation.duration", 4}} {
		var sum uint64
		for key, n := range counts {
			if strings.HasPrefix(key, c.name+"{") {
				sum += n
			}
		}
		if sum != c.total || units[c.name] != (httpconv.ServerRequestDuration{}).Unit() {
			t.Errorf("%s: %d in the provider, unit %q", c.name, sum, units[c.name])
		}
	}
	for _, want := range []string{
		fmt.Sprintf("http.server.request.duration{%s=POST,%s=200,%s=/graphql,%s=http}", semconv.HTTPRequestMethodKey, semconv.HTTPResponseStatusCodeKey, semconv.HTTPRouteKey, semconv.URLSchemeKey),
		fmt.Sprintf("fraiseql.operation.duration{%s=Feed,%s=query}", semconv.GraphQLOperationNameKey, semconv.GraphQLOperationTypeKey),
	} {
		if counts[want] != 2 {
			t.Errorf("%s: %d, among %v", want, counts[want], counts)
		}
	}
}

// counted reads the histograms of a provider: how many each has by its attributes, and the units.
func counted(t *testing.T, reader *sdk.ManualReader) (counts map[string]uint64, units map[string]string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	counts, units = map[string]uint64{}, map[string]string{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			units[m.Name] = m.Unit
			if data, ok := m.Data.(metricdata.Histogram[float64]); ok {
				for _, p := range data.DataPoints {
					var parts []string
					for _, a := range p.Attributes.ToSlice() {
						parts = append(parts, string(a.Key)+"="+a.Value.String())
					}
					counts[m.Name+"{"+strings.Join(parts, ",")+"}"] += p.Count
				}
			}
		}
	}
	return counts, units
}

// TestNamesWithoutEnd: clients that register documents under their hashes choose the names of operations; beyond a bound they
// are not told apart any more, and none is lost.
func TestNamesWithoutEnd(t *testing.T) {
	t.Parallel()
	r, text := requests(t, nil)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 1000 {
				r.Operation(t.Context(), ops.Operation{Type: "query", Name: fmt.Sprintf("N%d_%d", n, i)}, time.Millisecond)
			}
		})
	}
	all.Wait()
	got := text()
	series := strings.Count(got, "fraiseql_operation_duration_seconds_count{")
	rest := fmt.Sprintf(`graphql_operation_name="_OTHER",graphql_operation_type="query"} %d`, 4000-series+1)
	if series > 1001 || series < 1000 || !strings.Contains(got, rest) {
		t.Errorf("%d series, and no %s", series, rest)
	}
}

func TestTwoAppsShareNoRequests(t *testing.T) {
	t.Parallel()
	one, first := requests(t, nil)
	_, second := requests(t, nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				one.HTTP(by("POST"), 200, time.Millisecond)
			}
			first()
		})
	}
	all.Wait()
	const line = `http_response_status_code="200",http_route="/graphql",url_scheme="http"} `
	if !strings.Contains(first(), line+"400\n") {
		t.Error("the first app has lost requests")
	}
	if !strings.Contains(second(), line+"0\n") {
		t.Error("the second app counts the first one's requests")
	}
}

func TestCountingARequestAllocatesNothing(t *testing.T) {
	r, _ := requests(t, nil)
	request := by("POST")
	o := ops.Operation{Type: "query", Name: "Feed"}
	if n := testing.AllocsPerRun(1000, func() {
		r.HTTP(request, 200, time.Millisecond)
		r.Operation(request.Context(), o, time.Millisecond)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// fullMeters make no histograms.
type (
	fullMeters struct{ noop.MeterProvider }
	fullMeter  struct{ noop.Meter }
)

func (fullMeters) Meter(string, ...metric.MeterOption) metric.Meter { return fullMeter{} }

func (fullMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, errors.New("no more histograms")
}

func TestRequestsInAProviderThatRefuses(t *testing.T) {
	t.Parallel()
	if _, err := ops.NewRequests(fullMeters{}, "test"); err == nil || !strings.Contains(err.Error(), "no more histograms") {
		t.Errorf("got %v", err)
	}
}

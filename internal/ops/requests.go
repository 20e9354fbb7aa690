package ops

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// requestBounds are those of the histograms of requests and operations, in seconds: OpenTelemetry's advice for HTTP servers, with
// more of them where answers from a database are.
var requestBounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30}

// RequestMetric is a histogram of durations in seconds, of requests or operations.
type RequestMetric struct {
	Name       string // in OpenTelemetry; Prometheus has underscores for the dots, and _seconds at the end
	Help       string
	Attributes []string
}

// Prometheus is the metric's name there.
func (m RequestMetric) Prometheus() string { return prometheusName(m.Name) + "_seconds" }

var (
	httpMetric = RequestMetric{
		"http.server.request.duration", "How long HTTP requests to the GraphQL endpoint took.",
		[]string{"http.request.method", "http.response.status_code", "http.route", "url.scheme", "error.type"},
	}
	operationMetric = RequestMetric{
		"fraiseql.operation.duration", "How long GraphQL operations took, from reading the document to the end of the answer.",
		[]string{"graphql.operation.type", "graphql.operation.name", "error.type"},
	}
)

// RequestMetrics is the table of the metrics of requests, in the order of the reference page.
func RequestMetrics() []RequestMetric { return []RequestMetric{httpMetric, operationMetric} }

const (
	// maxSeries bounds the combinations of one metric's attributes: clients that register queries by their hash choose names.
	maxSeries = 1000
	other     = "_OTHER" // OpenTelemetry's word for what is not told apart
)

// Requests are the metrics of what clients ask: HTTP requests to the GraphQL endpoint, and the operations in them. Prometheus and
// OpenTelemetry get the same names, attributes and bounds.
type Requests struct {
	http       *durations[httpKey]
	operations *durations[Operation]
}

// httpKey tells the HTTP requests apart. A word of the client's own is not in it.
type httpKey struct {
	method, scheme string
	status         int // 0: the transfer was cut
}

// Operation tells GraphQL operations apart.
type Operation struct {
	Type  string // query or mutation; empty: the document could not be read
	Name  string // of a known document's; empty: it has none, or its document is not known
	Error string // the code of the first error; empty: there is none
}

// NewRequests makes the metrics. With a provider they are in that, too; nil: in Prometheus only.
func NewRequests(provider metric.MeterProvider, version string) (*Requests, error) {
	var meter metric.Meter
	if provider != nil {
		meter = provider.Meter(meterName, metric.WithInstrumentationVersion(version), metric.WithSchemaURL(schemaURL))
	}
	r := &Requests{}
	var err error
	r.http, err = newDurations(meter, httpMetric,
		func(k httpKey) []attribute.KeyValue {
			out := []attribute.KeyValue{attribute.String("http.request.method", k.method), attribute.String("http.route", "/graphql"), attribute.String("url.scheme", k.scheme)}
			switch {
			case k.status == 0:
				return append(out, attribute.String("error.type", "ANSWER_CUT"))
			case k.status >= http.StatusInternalServerError:
				out = append(out, attribute.String("error.type", strconv.Itoa(k.status)))
			}
			return append(out, attribute.Int("http.response.status_code", k.status))
		},
		func(httpKey) httpKey { return httpKey{method: other, scheme: "http", status: http.StatusOK} })
	if err != nil {
		return nil, err
	}
	r.operations, err = newDurations(meter, operationMetric,
		func(o Operation) []attribute.KeyValue {
			var out []attribute.KeyValue
			for _, a := range []attribute.KeyValue{
				attribute.String("graphql.operation.type", o.Type), attribute.String("graphql.operation.name", o.Name), attribute.String("error.type", o.Error),
			} {
				if a.Value.AsString() != "" {
					out = append(out, a)
				}
			}
			return out
		},
		func(o Operation) Operation { return Operation{Type: o.Type, Name: other, Error: o.Error} })
	if err != nil {
		return nil, err
	}
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusServiceUnavailable, 0} {
		r.http.of(httpKey{http.MethodPost, "http", status}) // a rate needs the zero before the first one
	}
	return r, nil
}

// HTTP notes an answered request; status 0 is a transfer that was cut.
func (r *Requests) HTTP(request *http.Request, status int, took time.Duration) {
	k := httpKey{method: other, scheme: "http", status: status}
	switch request.Method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		k.method = request.Method
	}
	if request.TLS != nil {
		k.scheme = "https"
	}
	r.http.of(k).observe(request.Context(), took)
}

// Operation notes an operation that has ended.
func (r *Requests) Operation(ctx context.Context, o Operation, took time.Duration) {
	r.operations.of(o).observe(ctx, took)
}

// register adds the metrics to an app's registry.
func (r *Requests) register(registry *prometheus.Registry) {
	registry.MustRegister(r.http.vec, r.operations.vec)
}

// durations are one metric: a histogram for each combination of its attributes that was met, at most maxSeries and then what
// the rest is counted as.
type durations[K comparable] struct {
	metric     RequestMetric
	attributes func(K) []attribute.KeyValue
	rest       func(K) K

	vec   *prometheus.HistogramVec
	meter metric.Float64Histogram // nil: there is no provider

	mu    sync.Mutex // for those that add
	known atomic.Pointer[map[K]*duration]
}

// duration is the histogram of one combination of attributes.
type duration struct {
	prometheus prometheus.Observer
	meter      metric.Float64Histogram
	options    []metric.RecordOption
}

func newDurations[K comparable](meter metric.Meter, m RequestMetric, of func(K) []attribute.KeyValue, rest func(K) K) (*durations[K], error) {
	d := &durations[K]{metric: m, attributes: of, rest: rest}
	labels := make([]string, len(m.Attributes))
	for i, a := range m.Attributes {
		labels[i] = prometheusName(a)
	}
	d.vec = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Prometheus(), Help: m.Help, Buckets: requestBounds}, labels)
	d.known.Store(&map[K]*duration{})
	if meter == nil {
		return d, nil
	}
	var err error
	d.meter, err = meter.Float64Histogram(m.Name, metric.WithUnit("s"), metric.WithDescription(m.Help), metric.WithExplicitBucketBoundaries(requestBounds...))
	if err != nil {
		return nil, fmt.Errorf("making the metrics of requests in the meter provider: %w", err)
	}
	return d, nil
}

// of gives the histogram of a combination.
func (d *durations[K]) of(k K) *duration {
	if one, ok := (*d.known.Load())[k]; ok {
		return one
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	known := *d.known.Load()
	if one, ok := known[k]; ok {
		return one
	}
	if len(known) >= maxSeries {
		k = d.rest(k)
		if one, ok := known[k]; ok {
			return one
		}
	}
	one := d.open(k)
	more := maps.Clone(known)
	more[k] = one
	d.known.Store(&more)
	return one
}

func (d *durations[K]) open(k K) *duration {
	attributes := d.attributes(k)
	labels := make([]string, len(d.metric.Attributes)) // an empty label is none
	for _, a := range attributes {
		labels[slices.Index(d.metric.Attributes, string(a.Key))] = a.Value.String()
	}
	return &duration{d.vec.WithLabelValues(labels...), d.meter, []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}}
}

// observe counts one; the context's span is told beside it where the provider keeps exemplars.
func (d *duration) observe(ctx context.Context, took time.Duration) {
	d.prometheus.Observe(took.Seconds())
	if d.meter != nil {
		d.meter.Record(ctx, took.Seconds(), d.options...)
	}
}

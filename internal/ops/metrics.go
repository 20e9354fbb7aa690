package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fraiseql/fraiseql-go/pool"
)

// registerCollectors fills an app's registry and gives the histogram of each class of HTTP statuses.
func registerCollectors(registry *prometheus.Registry, o Options) (classes [6]prometheus.Observer) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fraiseql_build_info", Help: "Always 1; the labels tell the versions.",
		ConstLabels: prometheus.Labels{"fraiseql": o.FraiseQL, "app": o.Title, "version": o.Version},
	})
	build.Set(1)
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_server_request_duration_seconds",
		Help:    "GraphQL requests by the class of their HTTP status; cut: the transfer was aborted.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30},
	}, []string{"http_response_status_class"})
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
		build, requests, newPoolCollector(o.Stat),
	)
	for i, name := range [...]string{"cut", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		classes[i] = requests.WithLabelValues(name)
	}
	return classes
}

// metric is one series of the pool's metrics.
type metric struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	labels []string // values
	value  func(*pool.Stat) float64
}

// poolCollector turns one Stat into metrics. The first ones carry the names of OpenTelemetry's semantic conventions for
// connection pools; what those have no name for begins with fraiseql_pool_.
type poolCollector struct {
	stat       func() pool.Stat
	metrics    []metric
	histograms []histogram
}

type histogram struct {
	desc  *prometheus.Desc
	value func(*pool.Stat) *pool.Histogram
}

const poolName = "db_client_connection_pool_name"

func newPoolCollector(stat func() pool.Stat) *poolCollector {
	c := &poolCollector{stat: stat}
	one := func(name, help string, kind prometheus.ValueType, value func(*pool.Stat) float64) {
		c.metrics = append(c.metrics, metric{prometheus.NewDesc(name, help, []string{poolName}, nil), kind, nil, value})
	}
	gauge := func(name, help string, value func(*pool.Stat) float64) { one(name, help, prometheus.GaugeValue, value) }
	counter := func(name, help string, value func(*pool.Stat) uint64) {
		one(name, help, prometheus.CounterValue, func(s *pool.Stat) float64 { return float64(value(s)) })
	}
	// family adds one series for each value of a label.
	family := func(name, help, label string, kind prometheus.ValueType) func(string, func(*pool.Stat) float64) {
		desc := prometheus.NewDesc(name, help, []string{poolName, label}, nil)
		return func(labelValue string, value func(*pool.Stat) float64) {
			c.metrics = append(c.metrics, metric{desc, kind, []string{labelValue}, value})
		}
	}

	state := family("db_client_connection_count", "Connections by what they do; used: lent to a request.", "db_client_connection_state", prometheus.GaugeValue)
	state("idle", func(s *pool.Stat) float64 { return float64(s.Idle) })
	state("used", func(s *pool.Stat) float64 { return float64(s.Leased) })
	state("tending", func(s *pool.Stat) float64 { return float64(s.Tending) })
	state("connecting", func(s *pool.Stat) float64 { return float64(s.Connecting) })
	state("closing", func(s *pool.Stat) float64 { return float64(s.Closing) })
	gauge("db_client_connection_idle_min", "Connections opened at start and kept.", func(s *pool.Stat) float64 { return float64(s.MinSize) })
	gauge("db_client_connection_idle_max", "Connections kept between bursts: the pool's size.", func(s *pool.Stat) float64 { return float64(s.Size) })
	gauge("db_client_connection_max", "Connections at most: size and overflow.", func(s *pool.Stat) float64 { return float64(s.MaxSize) })
	gauge("db_client_connection_pending_requests", "Callers that wait for a connection.", func(s *pool.Stat) float64 { return float64(s.Waiting) })
	counter("db_client_connection_timeouts_total", "Callers that got no connection within the pool's timeout.", func(s *pool.Stat) uint64 { return s.Failures.Timeout })
	c.histograms = []histogram{
		{prometheus.NewDesc("db_client_connection_create_time_seconds", "How long connecting took.", []string{poolName}, nil), func(s *pool.Stat) *pool.Histogram { return &s.CreateTime }},
		{prometheus.NewDesc("db_client_connection_wait_time_seconds", "How long callers waited for a connection.", []string{poolName}, nil), func(s *pool.Stat) *pool.Histogram { return &s.WaitTime }},
		{prometheus.NewDesc("db_client_connection_use_time_seconds", "How long connections were lent.", []string{poolName}, nil), func(s *pool.Stat) *pool.Histogram { return &s.UseTime }},
	}

	gauge("fraiseql_pool_oldest_wait_seconds", "How long the first caller in the queue has waited.", func(s *pool.Stat) float64 { return s.OldestWait.Seconds() })
	current := family("fraiseql_pool_state", "1 for the state that the pool is in.", "state", prometheus.GaugeValue)
	for _, st := range []pool.State{pool.StateConnecting, pool.StateUp, pool.StateDown, pool.StateClosing, pool.StateClosed} {
		current(st.String(), func(s *pool.Stat) float64 {
			if s.State == st {
				return 1
			}
			return 0
		})
	}
	acquires := family("fraiseql_pool_acquires_total", "Leases by whether the caller had to wait.", "how", prometheus.CounterValue)
	acquires("immediate", func(s *pool.Stat) float64 { return float64(s.Acquires.Immediate) })
	acquires("waited", func(s *pool.Stat) float64 { return float64(s.Acquires.Waited) })
	failures := family("fraiseql_pool_acquire_failures_total", "Callers that got no connection, by reason.", "reason", prometheus.CounterValue)
	failures("timeout", func(s *pool.Stat) float64 { return float64(s.Failures.Timeout) })
	failures("saturated", func(s *pool.Stat) float64 { return float64(s.Failures.Saturated) })
	failures("queue_full", func(s *pool.Stat) float64 { return float64(s.Failures.QueueFull) })
	failures("unavailable", func(s *pool.Stat) float64 { return float64(s.Failures.Unavailable) })
	failures("closed", func(s *pool.Stat) float64 { return float64(s.Failures.Closed) })
	failures("nested", func(s *pool.Stat) float64 { return float64(s.Failures.Nested) })
	failures("canceled", func(s *pool.Stat) float64 { return float64(s.Failures.Canceled) })
	closed := family("fraiseql_pool_connections_closed_total", "Connections closed, by reason.", "reason", prometheus.CounterValue)
	closed("overflow", func(s *pool.Stat) float64 { return float64(s.Closed.Overflow) })
	closed("recycled", func(s *pool.Stat) float64 { return float64(s.Closed.Recycled) })
	closed("broken", func(s *pool.Stat) float64 { return float64(s.Closed.Broken) })
	closed("unclean", func(s *pool.Stat) float64 { return float64(s.Closed.Unclean) })
	closed("reset", func(s *pool.Stat) float64 { return float64(s.Closed.Reset) })
	closed("read_only", func(s *pool.Stat) float64 { return float64(s.Closed.ReadOnly) })
	closed("resized", func(s *pool.Stat) float64 { return float64(s.Closed.Resized) })
	closed("shutdown", func(s *pool.Stat) float64 { return float64(s.Closed.Shutdown) })
	closed("cut", func(s *pool.Stat) float64 { return float64(s.Closed.Cut) })
	counter("fraiseql_pool_connections_opened_total", "Connections opened.", func(s *pool.Stat) uint64 { return s.Opened })
	counter("fraiseql_pool_connect_failures_total", "Attempts to connect that failed.", func(s *pool.Stat) uint64 { return s.ConnectFailures })
	counter("fraiseql_pool_peek_misses_total", "Idle connections that were not quiet when they were to be lent.", func(s *pool.Stat) uint64 { return s.PeekMisses })
	counter("fraiseql_pool_validations_total", "Pings before a connection was lent.", func(s *pool.Stat) uint64 { return s.Validations })
	counter("fraiseql_pool_resets_total", "Sessions reset after a lease.", func(s *pool.Stat) uint64 { return s.Resets })
	counter("fraiseql_pool_cancels_total", "Cancel requests sent because a caller's context ended.", func(s *pool.Stat) uint64 { return s.Cancels })
	counter("fraiseql_pool_nested_acquires_total", "Acquires by a request that held a lease already.", func(s *pool.Stat) uint64 { return s.Nested })
	counter("fraiseql_pool_leaks_total", "Leases held longer than LeakAfter.", func(s *pool.Stat) uint64 { return s.Leaks })
	return c
}

// Describe names the metrics.
func (c *poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		ch <- m.desc
	}
	for _, h := range c.histograms {
		ch <- h.desc
	}
}

// Collect takes one Stat, so that the numbers of a scrape fit together.
func (c *poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stat()
	for _, m := range c.metrics {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&s), append([]string{s.Name}, m.labels...)...)
	}
	bounds := pool.BucketBounds()
	for _, h := range c.histograms {
		v := h.value(&s)
		ch <- prometheus.MustNewConstHistogram(h.desc, v.Count(), v.Sum.Seconds(), cumulative(v, bounds[:]), s.Name)
	}
}

// cumulative counts the durations up to each bound, as Prometheus wants them.
func cumulative(h *pool.Histogram, bounds []time.Duration) map[float64]uint64 {
	out := make(map[float64]uint64, len(bounds))
	var n uint64
	for i, bound := range bounds {
		n += h.Counts[i]
		out[bound.Seconds()] = n
	}
	return out
}

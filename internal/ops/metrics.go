package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fraiseql/fraiseql-go/pool"
)

// registerCollectors fills an app's registry.
func registerCollectors(registry *prometheus.Registry, o Options) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fraiseql_build_info", Help: "Always 1; the labels tell the versions.",
		ConstLabels: prometheus.Labels{"fraiseql": o.FraiseQL, "app": o.Title, "version": o.Version},
	})
	build.Set(1)
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
		build, newPoolCollector(o.Stat),
	)
	if o.Requests != nil {
		o.Requests.register(registry)
	}
}

// poolCollector turns one Stat into Prometheus' form of the table of PoolMetrics.
type poolCollector struct {
	stat    func() pool.Stat
	metrics []described
}

type described struct {
	Metric
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func newPoolCollector(stat func() pool.Stat) *poolCollector {
	c := &poolCollector{stat: stat}
	for _, m := range PoolMetrics() {
		labels := m.Attributes()
		for i := range labels {
			labels[i] = prometheusName(labels[i])
		}
		kind := prometheus.GaugeValue
		if m.Kind == Counter {
			kind = prometheus.CounterValue
		}
		c.metrics = append(c.metrics, described{m, prometheus.NewDesc(m.Prometheus(), m.Help, labels, nil), kind})
	}
	return c
}

// Describe names the metrics.
func (c *poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		ch <- m.desc
	}
}

// Collect takes one Stat, so that the numbers of a scrape fit together.
func (c *poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stat()
	bounds := pool.BucketBounds()
	for _, m := range c.metrics {
		if m.durations != nil {
			h := m.durations(&s)
			ch <- prometheus.MustNewConstHistogram(m.desc, h.Count(), h.Sum.Seconds(), cumulative(h, bounds[:]), s.Name)
			continue
		}
		for i, value := range m.values {
			labels := []string{s.Name}
			if m.Attribute != "" {
				labels = append(labels, m.Values[i])
			}
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, value(&s), labels...)
		}
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

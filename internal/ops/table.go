package ops

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/pool"
)

// Kind says what the numbers of a metric mean.
type Kind string

// The kinds of metrics. Prometheus has one word, gauge, for an up-down counter and a gauge.
const (
	UpDownCounter Kind = "up-down counter" // goes up and down, and may be added up over processes
	Counter       Kind = "counter"         // only grows
	Gauge         Kind = "gauge"           // goes up and down; a sum over processes has no meaning
	Histogram     Kind = "histogram"       // durations, in the buckets of pool.BucketBounds
)

// The attributes' names are those of OpenTelemetry's semantic conventions where they have one.
const (
	attributePool  = "db.client.connection.pool.name"
	attributeState = "db.client.connection.state"
)

// Metric is a row of the table of the pool's metrics. Each has the pool's name as an attribute.
type Metric struct {
	Name      string // in OpenTelemetry; Prometheus gives the other
	Kind      Kind
	Unit      string   // UCUM; braces name what is counted
	Help      string   // one sentence
	Attribute string   // a second attribute; empty: none
	Values    []string // of that attribute

	values    []func(*pool.Stat) float64 // one, or one for each of Values; none of a histogram
	durations func(*pool.Stat) *pool.Histogram
}

// Prometheus is the metric's name there: by the rules of OpenTelemetry's translation, the unit is spelt out at the end,
// unless it only names what is counted, and a counter ends in _total.
// Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".
func (m Metric) Prometheus() string {
	name := prometheusName(m.Name)
	if m.Unit == "s" {
		name += "_seconds"
	}
	if m.Kind == Counter {
		name += "_total"
	}
	return name
}

// Attributes are the names of the metric's attributes in OpenTelemetry; in Prometheus their labels have underscores
// for the dots.
func (m Metric) Attributes() []string {
	if m.Attribute == "" {
		return []string{attributePool}
	}
	return []string{attributePool, m.Attribute}
}

func prometheusName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// PoolMetrics is the table of the pool's metrics, in the order of the reference page. Prometheus and OpenTelemetry are
// both written from it. Names that begin with fraiseql.pool. are for what the semantic conventions have no name for.
func PoolMetrics() []Metric {
	return []Metric{
		family("db.client.connection.count", UpDownCounter, "{connection}", "Connections by what they do; used: lent to a request.", attributeState, values{
			{"idle", func(s *pool.Stat) float64 { return float64(s.Idle) }},
			{"used", func(s *pool.Stat) float64 { return float64(s.Leased) }},
			{"tending", func(s *pool.Stat) float64 { return float64(s.Tending) }},
			{"connecting", func(s *pool.Stat) float64 { return float64(s.Connecting) }},
			{"closing", func(s *pool.Stat) float64 { return float64(s.Closing) }},
		}),
		level("db.client.connection.idle.max", "{connection}", "Connections kept between bursts: the pool's size.", func(s *pool.Stat) int { return s.Size }),
		level("db.client.connection.idle.min", "{connection}", "Connections opened at start and kept.", func(s *pool.Stat) int { return s.MinSize }),
		level("db.client.connection.max", "{connection}", "Connections at most: size and overflow.", func(s *pool.Stat) int { return s.MaxSize }),
		level("db.client.connection.pending_requests", "{request}", "Callers that wait for a connection.", func(s *pool.Stat) int { return s.Waiting }),
		counter("db.client.connection.timeouts", "{timeout}", "Callers that got no connection within the pool's timeout.", func(s *pool.Stat) uint64 { return s.Failures.Timeout }),
		histogram("db.client.connection.create_time", "How long connecting took.", func(s *pool.Stat) *pool.Histogram { return &s.CreateTime }),
		histogram("db.client.connection.wait_time", "How long callers waited for a connection; one that was idle counts as no wait.", func(s *pool.Stat) *pool.Histogram { return &s.WaitTime }),
		histogram("db.client.connection.use_time", "How long connections were lent.", func(s *pool.Stat) *pool.Histogram { return &s.UseTime }),

		family("fraiseql.pool.state", UpDownCounter, "{pool}", "1 for the state that the pool is in, 0 for the others.", "state", states()),
		level("fraiseql.pool.overflow", "{connection}", "Open connections above the pool's size.", func(s *pool.Stat) int { return max(s.Idle+s.Leased+s.Tending-s.Size, 0) }),
		{
			Name: "fraiseql.pool.oldest_wait", Kind: Gauge, Unit: "s", Help: "How long the first caller in the queue has waited.",
			values: []func(*pool.Stat) float64{func(s *pool.Stat) float64 { return s.OldestWait.Seconds() }},
		},
		family("fraiseql.pool.acquires", Counter, "{acquire}", "Leases by whether the caller had to wait.", "how", values{
			{"immediate", func(s *pool.Stat) float64 { return float64(s.Acquires.Immediate) }},
			{"waited", func(s *pool.Stat) float64 { return float64(s.Acquires.Waited) }},
		}),
		family("fraiseql.pool.acquire_failures", Counter, "{failure}", "Callers that got no connection, by reason.", "reason", values{
			{"timeout", func(s *pool.Stat) float64 { return float64(s.Failures.Timeout) }},
			{"saturated", func(s *pool.Stat) float64 { return float64(s.Failures.Saturated) }},
			{"queue_full", func(s *pool.Stat) float64 { return float64(s.Failures.QueueFull) }},
			{"shed", func(s *pool.Stat) float64 { return float64(s.Failures.Shed) }},
			{"unavailable", func(s *pool.Stat) float64 { return float64(s.Failures.Unavailable) }},
			{"closed", func(s *pool.Stat) float64 { return float64(s.Failures.Closed) }},
			{"nested", func(s *pool.Stat) float64 { return float64(s.Failures.Nested) }},
			{"canceled", func(s *pool.Stat) float64 { return float64(s.Failures.Canceled) }},
		}),
		counter("fraiseql.pool.connections_opened", "{connection}", "Connections opened.", func(s *pool.Stat) uint64 { return s.Opened }),
		counter("fraiseql.pool.connect_failures", "{failure}", "Attempts to connect that failed.", func(s *pool.Stat) uint64 { return s.ConnectFailures }),
		family("fraiseql.pool.connections_closed", Counter, "{connection}", "Connections closed, by reason.", "reason", values{
			{"overflow", func(s *pool.Stat) float64 { return float64(s.Closed.Overflow) }},
			{"recycled", func(s *pool.Stat) float64 { return float64(s.Closed.Recycled) }},
			{"broken", func(s *pool.Stat) float64 { return float64(s.Closed.Broken) }},
			{"unclean", func(s *pool.Stat) float64 { return float64(s.Closed.Unclean) }},
			{"reset", func(s *pool.Stat) float64 { return float64(s.Closed.Reset) }},
			{"read_only", func(s *pool.Stat) float64 { return float64(s.Closed.ReadOnly) }},
			{"resized", func(s *pool.Stat) float64 { return float64(s.Closed.Resized) }},
			{"shutdown", func(s *pool.Stat) float64 { return float64(s.Closed.Shutdown) }},
			{"cut", func(s *pool.Stat) float64 { return float64(s.Closed.Cut) }},
		}),
		counter("fraiseql.pool.peek_misses", "{connection}", "Idle connections that were not quiet when they were to be lent.", func(s *pool.Stat) uint64 { return s.PeekMisses }),
		counter("fraiseql.pool.validations", "{ping}", "Pings before a connection was lent.", func(s *pool.Stat) uint64 { return s.Validations }),
		counter("fraiseql.pool.resets", "{reset}", "Sessions reset after a lease.", func(s *pool.Stat) uint64 { return s.Resets }),
		counter("fraiseql.pool.cancels", "{request}", "Cancel requests sent because a caller's context ended.", func(s *pool.Stat) uint64 { return s.Cancels }),
		counter("fraiseql.pool.nested_acquires", "{acquire}", "Acquires by a request that held a lease already.", func(s *pool.Stat) uint64 { return s.Nested }),
		counter("fraiseql.pool.leaks", "{lease}", "Leases held longer than LeakAfter.", func(s *pool.Stat) uint64 { return s.Leaks }),
	}
}

func level(name, unit, help string, value func(*pool.Stat) int) Metric {
	return Metric{
		Name: name, Kind: UpDownCounter, Unit: unit, Help: help,
		values: []func(*pool.Stat) float64{func(s *pool.Stat) float64 { return float64(value(s)) }},
	}
}

func counter(name, unit, help string, value func(*pool.Stat) uint64) Metric {
	return Metric{
		Name: name, Kind: Counter, Unit: unit, Help: help,
		values: []func(*pool.Stat) float64{func(s *pool.Stat) float64 { return float64(value(s)) }},
	}
}

func histogram(name, help string, value func(*pool.Stat) *pool.Histogram) Metric {
	return Metric{Name: name, Kind: Histogram, Unit: "s", Help: help, durations: value}
}

// values are the values of an attribute, and where the number of each is found.
type values []struct {
	name  string
	value func(*pool.Stat) float64
}

func family(name string, kind Kind, unit, help, attribute string, all values) Metric {
	m := Metric{Name: name, Kind: kind, Unit: unit, Help: help, Attribute: attribute}
	for _, v := range all {
		m.Values, m.values = append(m.Values, v.name), append(m.values, v.value)
	}
	return m
}

func states() (all values) {
	for st := pool.StateConnecting; st <= pool.StateClosed; st++ {
		all = append(all, values{{st.String(), func(s *pool.Stat) float64 {
			if s.State == st {
				return 1
			}
			return 0
		}}}...)
	}
	return all
}

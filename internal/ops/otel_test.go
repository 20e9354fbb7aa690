package ops_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

func newReader() (*sdk.ManualReader, *sdk.MeterProvider) {
	reader := sdk.NewManualReader()
	return reader, sdk.NewMeterProvider(sdk.WithReader(reader))
}

func newExport(t *testing.T, provider metric.MeterProvider, name string, stat func() pool.Stat) *ops.Export {
	t.Helper()
	e, err := ops.NewExport(provider, name, "v1.2.3", stat)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// collect gives what a provider's reader sees, by name; empty when it sees nothing.
func collect(t *testing.T, reader sdk.Reader) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		if scope.Scope.Name != "github.com/fraiseql/fraiseql-go" || scope.Scope.Version != "v1.2.3" || scope.Scope.SchemaURL != semconv.SchemaURL {
			t.Errorf("scope %+v", scope.Scope)
		}
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// translated writes OpenTelemetry's points as Prometheus would: names by OpenTelemetry's own rules from what was
// collected, not from our table.
func translated(t *testing.T, all map[string]metricdata.Metrics) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for name, m := range all {
		name = strings.ReplaceAll(name, ".", "_")
		if m.Unit == "s" {
			name += "_seconds"
		} else if !strings.HasPrefix(m.Unit, "{") {
			t.Errorf("%s has the unit %q", m.Name, m.Unit)
		}
		label := func(set attribute.Set, more ...string) string {
			var labels []string
			for _, kv := range set.ToSlice() {
				labels = append(labels, fmt.Sprintf("%s=%q", strings.ReplaceAll(string(kv.Key), ".", "_"), kv.Value.AsString()))
			}
			return "{" + strings.Join(append(labels, more...), ",") + "}"
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			if data.Temporality != metricdata.CumulativeTemporality {
				t.Errorf("%s is %v", m.Name, data.Temporality)
			}
			if data.IsMonotonic {
				name += "_total"
			}
			for _, p := range data.DataPoints {
				out[name+label(p.Attributes)] = float64(p.Value)
			}
		case metricdata.Gauge[float64]:
			for _, p := range data.DataPoints {
				out[name+label(p.Attributes)] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				n := uint64(0)
				for i, count := range p.BucketCounts {
					bound := "+Inf"
					if i < len(p.Bounds) {
						bound = strconv.FormatFloat(p.Bounds[i], 'g', -1, 64)
					}
					n += count
					out[name+"_bucket"+label(p.Attributes, fmt.Sprintf("le=%q", bound))] = float64(n)
				}
				out[name+"_sum"+label(p.Attributes)] = p.Sum
				out[name+"_count"+label(p.Attributes)] = float64(p.Count)
			}
		default:
			t.Errorf("%s is a %T", m.Name, data)
		}
	}
	return out
}

// scraped reads the pool's series out of /metrics.
func scraped(t *testing.T, s *ops.Server) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for lines := bufio.NewScanner(get(s.Admin(), "/metrics").Body); lines.Scan(); {
		line := lines.Text()
		if !strings.HasPrefix(line, "db_client_") && !strings.HasPrefix(line, "fraiseql_pool_") {
			continue
		}
		series, number, _ := strings.Cut(line, "} ")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out[series+"}"] = value
	}
	return out
}

// agree fails unless both have the same series with the same numbers, but for what rounding does to a sum of seconds.
func agree(t *testing.T, otel, prometheus map[string]float64) {
	t.Helper()
	if len(otel) < 100 {
		t.Errorf("only %d series", len(otel))
	}
	for _, series := range slices.Sorted(maps.Keys(otel)) {
		if p, ok := prometheus[series]; !ok || math.Abs(p-otel[series]) > 1e-9*math.Max(1, math.Abs(p)) {
			t.Errorf("%s: OpenTelemetry %v, Prometheus %v (there: %t)", series, otel[series], p, ok)
		}
	}
	for _, series := range slices.Sorted(maps.Keys(prometheus)) {
		if _, ok := otel[series]; !ok {
			t.Errorf("%s is in Prometheus only", series)
		}
	}
}

// TestBothSayTheSame gives every number of a Stat a value of its own.
func TestBothSayTheSame(t *testing.T) {
	t.Parallel()
	s := pool.Stat{Name: "main", State: pool.StateDown}
	next := int64(1)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.Int, reflect.Int64:
				f.SetInt(next)
				next++
			case reflect.Uint64:
				f.SetUint(uint64(next))
				next++
			case reflect.Struct:
				if f.Type() != reflect.TypeFor[pool.Histogram]() {
					fill(f)
				}
			}
		}
	}
	fill(reflect.ValueOf(&s).Elem())
	s.OldestWait, s.Size = 1500*time.Millisecond, 3 // so that there is an overflow
	reader, provider := newReader()
	e := newExport(t, provider, "main", func() pool.Stat { return s })
	bounds := pool.BucketBounds()
	record := func(h *pool.Histogram, bucket int, d time.Duration) {
		h.Counts[bucket]++
		h.Sum += d
	}
	for i, bound := range bounds { // a bound belongs into its own bucket, what is above it into the next
		e.Trace().Acquired(pool.AcquiredInfo{Waited: bound})
		record(&s.WaitTime, i, bound)
		e.Trace().Released(pool.ReleasedInfo{Used: bound + 1})
		record(&s.UseTime, i+1, bound+1)
		e.Trace().Connected(pool.ConnectedInfo{Took: bound / 2})
		record(&s.CreateTime, slices.IndexFunc(bounds[:], func(b time.Duration) bool { return bound/2 <= b }), bound/2)
	}
	e.Trace().Connected(pool.ConnectedInfo{Took: time.Second, Err: errors.New("no server")}) // made no connection
	all := collect(t, reader)
	agree(t, translated(t, all), scraped(t, ops.New(ops.Options{Stat: func() pool.Stat { return s }})))
	for _, m := range ops.PoolMetrics() {
		if got := all[m.Name]; got.Description != m.Help || got.Unit != m.Unit || kind(got) != m.Kind {
			t.Errorf("%s is a %s in %q: %q", m.Name, kind(got), got.Unit, got.Description)
		}
	}
}

func kind(m metricdata.Metrics) ops.Kind {
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		if data.IsMonotonic {
			return ops.Counter
		}
		return ops.UpDownCounter
	case metricdata.Gauge[float64]:
		return ops.Gauge
	case metricdata.Histogram[float64]:
		return ops.Histogram
	}
	return ""
}

// TestTrafficOfARealPool compares all three places where the numbers stand, after traffic that is known and over.
func TestTrafficOfARealPool(t *testing.T) {
	t.Parallel()
	reader, provider := newReader()
	var p *pool.Pool
	e := newExport(t, provider, "traffic", func() pool.Stat { return p.Stat() })
	p, err := pool.Open(t.Context(), pgtest.New(t).URL, pool.Options{Name: "traffic", Size: 1, MaxOverflow: -1, Timeout: 20 * time.Millisecond, FailFast: true, Trace: e.Trace()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	const requests, refused = 50, 3
	for range requests {
		acquire(t, p).Release()
	}
	held := acquire(t, p)
	for range refused {
		if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrTimeout) {
			t.Fatal(err)
		}
	}
	held.Release()
	for deadline := time.Now().Add(20 * time.Second); p.Stat().Idle != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no rest: %+v", p.Stat())
		}
	}
	server := ops.New(ops.Options{Stat: p.Stat})
	series := translated(t, collect(t, reader))
	agree(t, series, scraped(t, server))
	const in = `db_client_connection_pool_name="traffic"`
	for name, want := range map[string]float64{
		`db_client_connection_count{` + in + `,db_client_connection_state="idle"}`: 1,
		`db_client_connection_count{` + in + `,db_client_connection_state="used"}`: 0,
		`db_client_connection_max{` + in + `}`:                                     1,
		`db_client_connection_timeouts_total{` + in + `}`:                          refused,
		`db_client_connection_wait_time_seconds_count{` + in + `}`:                 requests + 1,
		`db_client_connection_use_time_seconds_count{` + in + `}`:                  requests + 1,
		`db_client_connection_create_time_seconds_count{` + in + `}`:               1,
		`fraiseql_pool_connections_opened_total{` + in + `}`:                       1,
		`fraiseql_pool_acquire_failures_total{` + in + `,reason="timeout"}`:        refused,
		`fraiseql_pool_state{` + in + `,state="up"}`:                               1,
	} {
		if got, ok := series[name]; !ok || got != want {
			t.Errorf("%s is %v (there: %t), want %v", name, got, ok, want)
		}
	}
	var told pool.Stat
	if err := json.Unmarshal(get(server.Admin(), "/pool").Body.Bytes(), &told); err != nil || told != p.Stat() {
		t.Errorf("/pool: %+v, %v; want %+v", told, err, p.Stat())
	}
}

func acquire(t *testing.T, p *pool.Pool) pool.Conn {
	t.Helper()
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPoolsShareAProvider tells two pools apart, takes one out, and takes it in again.
func TestPoolsShareAProvider(t *testing.T) {
	t.Parallel()
	reader, provider := newReader()
	named := func(size int) func() pool.Stat { return func() pool.Stat { return pool.Stat{Size: size} } }
	size := func() map[string]int64 {
		found := map[string]int64{}
		data, _ := collect(t, reader)["db.client.connection.idle.max"].Data.(metricdata.Sum[int64])
		for _, p := range data.DataPoints {
			name, _ := p.Attributes.Value("db.client.connection.pool.name")
			found[name.AsString()] = p.Value
		}
		return found
	}
	expect := func(when string, want map[string]int64) {
		t.Helper()
		if got := size(); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	one, two := newExport(t, provider, "one", named(1)), newExport(t, provider, "two", named(2))
	expect("both", map[string]int64{"one": 1, "two": 2})
	stop(t, one)
	expect("one stopped", map[string]int64{"two": 2})
	again := newExport(t, provider, "one", named(3))
	expect("one again", map[string]int64{"one": 3, "two": 2})
	var all sync.WaitGroup
	for _, e := range []*ops.Export{again, two, two} { // stopping is safe twice and at once
		all.Go(func() { stop(t, e) })
	}
	all.Wait()
	expect("none", map[string]int64{})
}

func stop(t *testing.T, e *ops.Export) {
	t.Helper()
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
}

// brokenMeters is a provider that makes no counters.
type brokenMeters struct{ noop.MeterProvider }

type brokenMeter struct{ noop.Meter }

func (brokenMeters) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{} }

func (brokenMeter) Int64ObservableCounter(string, ...metric.Int64ObservableCounterOption) (metric.Int64ObservableCounter, error) {
	return nil, errors.New("no more counters")
}

// deafMeters is a provider that takes no callbacks.
type deafMeters struct{ noop.MeterProvider }

type deafMeter struct{ noop.Meter }

func (deafMeters) Meter(string, ...metric.MeterOption) metric.Meter { return deafMeter{} }

func (deafMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return nil, errors.New("no more callbacks")
}

func TestProviderThatRefuses(t *testing.T) {
	t.Parallel()
	for want, provider := range map[string]metric.MeterProvider{"no more counters": brokenMeters{}, "no more callbacks": deafMeters{}} {
		if _, err := ops.NewExport(provider, "x", "", stat); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestObservingAllocatesNothing holds what an acquire and a release pay for metrics, beside what the provider takes.
func TestObservingAllocatesNothing(t *testing.T) {
	e := newExport(t, noop.NewMeterProvider(), "x", stat)
	if n := testing.AllocsPerRun(100, func() {
		e.Trace().Acquired(pool.AcquiredInfo{})
		e.Trace().Released(pool.ReleasedInfo{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

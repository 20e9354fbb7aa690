package ops

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	meterName = "github.com/fraiseql/fraiseql-go"

	// schemaURL is the version of the semantic conventions that the names are from.
	schemaURL = "https://opentelemetry.io/schemas/1.43.0"
)

// Export is a pool's part in an OpenTelemetry meter provider.
type Export struct {
	registration metric.Registration
	trace        *pool.Trace
}

// NewExport reports the table of PoolMetrics to a provider until Stop is called. Levels and counters are read from stat
// at each collection, by one call, so that they fit together. Histograms cannot be read there, only fed: that is what
// Trace is for. The name of the pool is to be unique among the provider's pools.
func NewExport(provider metric.MeterProvider, poolName, version string, stat func() pool.Stat) (*Export, error) {
	meter := provider.Meter(meterName, metric.WithInstrumentationVersion(version), metric.WithSchemaURL(schemaURL))
	var observed []metric.Observable
	var series []func(metric.Observer, *pool.Stat)
	feeds := map[string]func(float64){}
	var faults []error
	for _, m := range PoolMetrics() {
		if m.Kind == Histogram {
			h, err := meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Help), metric.WithExplicitBucketBoundaries(bucketSeconds()...))
			faults = append(faults, err)
			options := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String(attributePool, poolName)))}
			feeds[m.Name] = func(seconds float64) { h.Record(context.Background(), seconds, options...) }
			continue
		}
		instrument, observe, err := newObservable(meter, m)
		faults = append(faults, err)
		observed = append(observed, instrument)
		for i, value := range m.values {
			attributes := []attribute.KeyValue{attribute.String(attributePool, poolName)}
			if m.Attribute != "" {
				attributes = append(attributes, attribute.String(m.Attribute, m.Values[i]))
			}
			options := []metric.ObserveOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}
			series = append(series, func(o metric.Observer, s *pool.Stat) { observe(o, value(s), options) })
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("making the pool's metrics in the meter provider: %w", err)
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stat()
		for _, observe := range series {
			observe(o, &s)
		}
		return nil
	}, observed...)
	if err != nil {
		return nil, fmt.Errorf("registering the pool's metrics with the meter provider: %w", err)
	}
	wait, use, create := feeds["db.client.connection.wait_time"], feeds["db.client.connection.use_time"], feeds["db.client.connection.create_time"]
	return &Export{registration: registration, trace: &pool.Trace{
		Acquired: func(i pool.AcquiredInfo) { wait(i.Waited.Seconds()) },
		Released: func(i pool.ReleasedInfo) { use(i.Used.Seconds()) },
		Connected: func(i pool.ConnectedInfo) {
			if i.Err == nil {
				create(i.Took.Seconds())
			}
		},
	}}, nil
}

// Trace feeds the histograms: it belongs into the options of the pool that stat is of.
func (e *Export) Trace() *pool.Trace { return e.trace }

// Stop takes the pool out of the provider. The histograms stay there as they are.
func (e *Export) Stop() error { return e.registration.Unregister() }

// newObservable makes an instrument that is read at each collection, and the function that gives it a number.
func newObservable(meter metric.Meter, m Metric) (metric.Observable, func(metric.Observer, float64, []metric.ObserveOption), error) {
	if m.Kind == Gauge {
		g, err := meter.Float64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Help))
		return g, func(o metric.Observer, v float64, options []metric.ObserveOption) { o.ObserveFloat64(g, v, options...) }, err
	}
	var instrument metric.Int64Observable
	var err error
	if m.Kind == Counter {
		instrument, err = meter.Int64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Help))
	} else {
		instrument, err = meter.Int64ObservableUpDownCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Help))
	}
	return instrument, func(o metric.Observer, v float64, options []metric.ObserveOption) {
		o.ObserveInt64(instrument, int64(v), options...)
	}, err
}

// bucketSeconds are the bounds of the pool's own histograms.
func bucketSeconds() []float64 {
	bounds := pool.BucketBounds()
	seconds := make([]float64, len(bounds))
	for i, b := range bounds {
		seconds[i] = b.Seconds()
	}
	return seconds
}

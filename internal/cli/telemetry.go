package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/fraiseql/fraiseql-go"
)

// flushGrace is for what is still to be exported at the end.
const flushGrace = 3 * time.Second

// telemetry makes the providers that the environment asks for by OpenTelemetry's own variables, and gives what ends them.
// Without such a variable nothing is made. The SDK and its exporters read the rest of the variables themselves.
// Source: OpenTelemetry specification, "OpenTelemetry Environment Variable Specification".
func (p *program) telemetry(ctx context.Context, o *fraiseql.Options) (stop func(), err error) {
	env := variables(p.environ)
	traces, traceFault := env.exports("TRACES")
	metrics, metricFault := env.exports("METRICS")
	if err := errors.Join(traceFault, metricFault); err != nil {
		return nil, usageError{err}
	}
	if !traces && !metrics {
		return func() {}, nil
	}
	log := o.Logger
	// The exporters have no other place to tell an error.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if !errors.Is(err, context.Canceled) { // the end cuts an export off that is under way, and exports all of it again
			log.Warn("telemetry could not be exported", "error", err)
		}
	}))
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "fraiseql"), attribute.String("service.version", o.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, usage("OTEL_RESOURCE_ATTRIBUTES: %w: write name=value,name=value", err)
	}
	var ends []func(context.Context) error
	if traces {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("making the exporter of traces: %w", err)
		}
		provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(of))
		o.TracerProvider, ends = provider, append(ends, provider.Shutdown)
	}
	if metrics {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			flush(ctx, log, ends)
			return nil, fmt.Errorf("making the exporter of metrics: %w", err)
		}
		provider := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exporter)), metric.WithResource(of))
		o.MeterProvider, ends = provider, append(ends, provider.Shutdown)
	}
	return func() { flush(ctx, log, ends) }, nil
}

// flush exports what is left and ends the providers, all at once and not for long: a collector that is away must not hold up
// the end of the server.
func flush(ctx context.Context, log *slog.Logger, ends []func(context.Context) error) {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
	defer cancel()
	var all sync.WaitGroup
	for _, end := range ends {
		all.Go(func() {
			if err := end(grace); err != nil {
				log.Warn("the last telemetry could not be exported", "error", err)
			}
		})
	}
	all.Wait()
}

// variables are those of an environment.
type variables []string

// value gives a variable, the last one of the name; one that is empty is as good as none.
func (v variables) value(name string) (value string) {
	for _, line := range v {
		if text, ok := strings.CutPrefix(line, name+"="); ok {
			value = strings.TrimSpace(text)
		}
	}
	return value
}

// exports tells whether a signal, TRACES or METRICS, is asked for, in a form that is served here.
func (v variables) exports(signal string) (bool, error) {
	if strings.EqualFold(v.value("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	name := "OTEL_" + signal + "_EXPORTER"
	switch chosen := v.value(name); chosen {
	case "none":
		return false, nil
	case "otlp":
	case "":
		if v.value("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && v.value("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") == "" {
			return false, nil
		}
	default:
		return false, fmt.Errorf("%s is %q: write otlp or none", name, chosen)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch protocol := v.value(name); protocol {
		case "":
			continue
		case "http/protobuf":
			return true, nil
		default:
			return false, fmt.Errorf("%s is %q: write http/protobuf, which collectors take on port 4318", name, protocol)
		}
	}
	return true, nil
}

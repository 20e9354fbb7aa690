package ops_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/fraiseql/fraiseql-go/internal/ops"
)

// TestConventions compares the table with the semantic conventions as OpenTelemetry publishes them for Go.
func TestConventions(t *testing.T) {
	t.Parallel()
	pool, state := string(semconv.DBClientConnectionPoolNameKey), string(semconv.DBClientConnectionStateKey)
	type convention interface {
		Name() string
		Unit() string
	}
	for _, c := range []struct {
		convention
		kind       ops.Kind
		attributes []string
		prometheus string
	}{
		{dbconv.ClientConnectionCount{}, ops.UpDownCounter, []string{pool, state}, "db_client_connection_count"},
		{dbconv.ClientConnectionIdleMax{}, ops.UpDownCounter, []string{pool}, "db_client_connection_idle_max"},
		{dbconv.ClientConnectionIdleMin{}, ops.UpDownCounter, []string{pool}, "db_client_connection_idle_min"},
		{dbconv.ClientConnectionMax{}, ops.UpDownCounter, []string{pool}, "db_client_connection_max"},
		{dbconv.ClientConnectionPendingRequests{}, ops.UpDownCounter, []string{pool}, "db_client_connection_pending_requests"},
		{dbconv.ClientConnectionTimeouts{}, ops.Counter, []string{pool}, "db_client_connection_timeouts_total"},
		{dbconv.ClientConnectionCreateTime{}, ops.Histogram, []string{pool}, "db_client_connection_create_time_seconds"},
		{dbconv.ClientConnectionWaitTime{}, ops.Histogram, []string{pool}, "db_client_connection_wait_time_seconds"},
		{dbconv.ClientConnectionUseTime{}, ops.Histogram, []string{pool}, "db_client_connection_use_time_seconds"},
	} {
		m := row(t, c.Name())
		if m.Unit != c.Unit() || m.Kind != c.kind || !slices.Equal(m.Attributes(), c.attributes) || m.Prometheus() != c.prometheus {
			t.Errorf("%s: unit %q, %s, %q, in Prometheus %s; want %q, %s, %q, %s",
				m.Name, m.Unit, m.Kind, m.Attributes(), m.Prometheus(), c.Unit(), c.kind, c.attributes, c.prometheus)
		}
	}
	for _, known := range []dbconv.ClientConnectionStateAttr{dbconv.ClientConnectionStateIdle, dbconv.ClientConnectionStateUsed} {
		if m := row(t, "db.client.connection.count"); !slices.Contains(m.Values, string(known)) {
			t.Errorf("the state %s is not among %q", known, m.Values)
		}
	}
}

// TestTable holds what the reference page relies on: each row is complete, and no name stands twice.
func TestTable(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^(db\.client\.connection|fraiseql\.pool)(\.[a-z]+(_[a-z]+)*)+$`)
	unit := regexp.MustCompile(`^(s|\{[a-z]+\})$`)
	seen := map[string]bool{}
	for _, m := range ops.PoolMetrics() {
		if !name.MatchString(m.Name) || !unit.MatchString(m.Unit) || !strings.HasSuffix(m.Help, ".") || (m.Attribute == "") != (len(m.Values) == 0) {
			t.Errorf("%+v", m)
		}
		if seen[m.Name] || seen[m.Prometheus()] {
			t.Errorf("%s stands twice", m.Name)
		}
		seen[m.Name], seen[m.Prometheus()] = true, true
		if values := slices.Sorted(slices.Values(m.Values)); len(slices.Compact(values)) != len(m.Values) {
			t.Errorf("%s has a value twice: %q", m.Name, m.Values)
		}
	}
}

func row(t *testing.T, name string) ops.Metric {
	t.Helper()
	for _, m := range ops.PoolMetrics() {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("%s is not in the table", name)
	return ops.Metric{}
}

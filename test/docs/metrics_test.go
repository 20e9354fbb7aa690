package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/ops"
)

// attributeValues say what the attributes of the metrics of requests are.
var attributeValues = map[string]string{
	"http.request.method":       "`GET`, `POST` and the like; `_OTHER`: a word that HTTP does not know",
	"http.response.status_code": "the status; absent: the transfer was cut",
	"http.route":                "`/graphql`",
	"url.scheme":                "`http` or `https`, as the app itself is asked",
	"error.type":                "of a request: its status from 500 on, or `ANSWER_CUT`; of an operation: the [code](errors.md) of its first error, also beside data; absent: all went well",
	"graphql.operation.type":    "`query` or `mutation`; absent: the document could not be read",
	"graphql.operation.name":    "of persisted and trusted documents only, since a client that sends texts may name them as it likes; `_OTHER`: beyond the first thousand",
}

// TestMetricsPageIsCurrent keeps docs/reference/metrics.md equal to the code.
func TestMetricsPageIsCurrent(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Metrics

This page is written from the code. ` + "`/metrics`" + ` has all of them for Prometheus; it is guarded in [production](../production-checklist.md). An app with ` + "`Options.MeterProvider`" + ` gives
those of requests and of the pool to OpenTelemetry, and so does the command where the ` + "`OTEL_`" + ` variables [ask for it](traces.md#from-the-command). Names and
attributes are those of OpenTelemetry's semantic conventions where they have one; in Prometheus the dots are underscores.
A dashboard and alerts that use them come with the [files for deploying](../deploy.md).

## Requests and operations

| OpenTelemetry | Prometheus | attributes | meaning |
|---|---|---|---|
`)
	used := map[string]bool{}
	var attributes []string
	for _, m := range ops.RequestMetrics() {
		fmt.Fprintf(&page, "| `%s` | `%s` | `%s` | %s |\n", m.Name, m.Prometheus(), strings.Join(m.Attributes, "`, `"), m.Help)
		for _, a := range m.Attributes {
			if !used[a] {
				used[a], attributes = true, append(attributes, a)
			}
		}
	}
	page.WriteString("\nBoth are histograms of seconds. An operation that is refused counts too, and a request whose body is no GraphQL request has none.\n\n| attribute | values |\n|---|---|\n")
	for _, a := range attributes {
		if attributeValues[a] == "" {
			t.Errorf("say in attributeValues what %s is", a)
		}
		fmt.Fprintf(&page, "| `%s` | %s |\n", a, attributeValues[a])
	}
	if len(used) != len(attributeValues) {
		t.Errorf("attributeValues has more than the %d attributes that there are", len(used))
	}
	page.WriteString(`
Several apps that share a meter provider add up here; their pools are told apart by name.

## The pool

[In its reference](pool.md#metrics): connections by what they do, waits, uses, connects, failures by reason, state.

## The process

For Prometheus only: ` + "`go_*` and `process_*`" + ` as its Go library has them, and ` + "`fraiseql_build_info`" + `, which is always 1 and has the versions in its labels
` + "`fraiseql`, `app` and `version`" + `.
`)
	current(t, "../../docs/reference/metrics.md", "TestMetricsPageIsCurrent", page.String())
}

package fraiseql_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestMetricsOfOperations: each operation is counted with its kind and its first error, by name only where the document is
// known, and each request with its status; Prometheus and a meter provider say the same.
func TestMetricsOfOperations(t *testing.T) {
	t.Parallel()
	provider, read := meters(t)
	o := personOptions(pgtest.New(t, people).URL)
	o.MeterProvider = provider
	a := started(t, o)
	const text = `query Everybody { people { name } }`
	sum := sha256.Sum256([]byte(text))
	id := "sha256:" + hex.EncodeToString(sum[:])
	for _, body := range []map[string]any{
		{"query": text},
		{"query": text, "documentId": id},
		{"documentId": id},
		{"documentId": id},
		{"query": `{ nothing }`},
		{"query": `{`},
		{"query": `query Named { a: person(id: "no") { name } }`},
	} {
		if w := send(a, body); w.Code != http.StatusOK {
			t.Fatalf("%v: %d %s", body, w.Code, w.Body)
		}
	}
	fetch(a, "/graphql?query={people{name}}")
	got := fetch(a, "/metrics").Body.String()
	for _, want := range []string{
		`fraiseql_operation_duration_seconds_count{error_type="",graphql_operation_name="Everybody",graphql_operation_type="query"} 2`,
		`fraiseql_operation_duration_seconds_count{error_type="",graphql_operation_name="",graphql_operation_type="query"} 4`,
		`fraiseql_operation_duration_seconds_count{error_type="GRAPHQL_VALIDATION_FAILED",graphql_operation_name="",graphql_operation_type=""} 1`,
		`fraiseql_operation_duration_seconds_count{error_type="GRAPHQL_PARSE_FAILED",graphql_operation_name="",graphql_operation_type=""} 1`,
		`http_server_request_duration_seconds_count{error_type="",http_request_method="POST",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 7`,
		`http_server_request_duration_seconds_count{error_type="",http_request_method="GET",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 1`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(got, "Named") {
		t.Error("a name of the client's own choice is told")
	}
	if t.Failed() {
		t.Log(got)
	}
	const noPool = "" // a request has none
	for _, name := range []string{"fraiseql.operation.duration", "http.server.request.duration"} {
		if got := read(name)[noPool]; got != 8 {
			t.Errorf("%s in the provider: %d", name, got)
		}
	}
}

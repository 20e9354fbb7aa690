package fraiseql_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// tracer gives a provider, and a function that takes the spans that have ended since it was called last.
func tracer(t *testing.T) (*trace.TracerProvider, func() []trace.ReadOnlySpan) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	return trace.NewTracerProvider(trace.WithSpanProcessor(recorder)), func() []trace.ReadOnlySpan {
		ended := recorder.Ended()
		recorder.Reset()
		return ended
	}
}

// tree writes spans one a line, each below its parent, with the error's code if it has one.
func tree(spans []trace.ReadOnlySpan) string {
	var b strings.Builder
	var below func(parent string, depth int)
	below = func(parent string, depth int) {
		for _, s := range spans {
			of := ""
			for _, p := range spans {
				if p.SpanContext().SpanID() == s.Parent().SpanID() {
					of = p.SpanContext().SpanID().String()
				}
			}
			if of != parent {
				continue
			}
			fmt.Fprintf(&b, "%s%s", strings.Repeat(" ", depth), s.Name())
			if s.Status().Code == codes.Error {
				fmt.Fprintf(&b, " ! %s", s.Status().Description)
			}
			b.WriteByte('\n')
			below(s.SpanContext().SpanID().String(), depth+1)
		}
	}
	below("", 0)
	return b.String()
}

// attributes are a span's as text.
func attributes(s trace.ReadOnlySpan) map[string]string {
	all := map[string]string{}
	for _, kv := range s.Attributes() {
		all[string(kv.Key)] = kv.Value.String()
	}
	return all
}

// send posts a body with headers.
func send(h http.Handler, body map[string]any, header ...string) *httptest.ResponseRecorder {
	text, _ := json.Marshal(body)
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func hasAll(t *testing.T, s trace.ReadOnlySpan, want map[string]string) {
	t.Helper()
	got := attributes(s)
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: %s is %q, want %q (of %v)", s.Name(), name, got[name], value, got)
		}
	}
}

// TestSpansOfARequest follows one request from the trace that the client began down to the statement.
func TestSpansOfARequest(t *testing.T) {
	t.Parallel()
	provider, ended := tracer(t)
	o := personOptions(pgtest.New(t, people).URL)
	o.TracerProvider, o.ConnectionPoolName = provider, "mine"
	a := started(t, o)
	const secret = "hunter2"
	body := map[string]any{
		"query": `query Find($id: ID!) { person(id: $id) { name } people(where: {name: {eq: "` + secret + `"}}) { name } }`, "variables": map[string]any{"id": secret},
	}
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	if w := send(a, body, "traceparent", "00-"+traceID+"-b7ad6b7169203331-01"); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	spans := ended()
	const want = "POST /graphql\n query\n  db.client.connection.wait\n  BATCH SELECT\n"
	if got := tree(spans); got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
	byName := map[string]trace.ReadOnlySpan{}
	for _, s := range spans {
		byName[s.Name()] = s
		if s.SpanContext().TraceID().String() != traceID {
			t.Errorf("%s is in the trace %s", s.Name(), s.SpanContext().TraceID())
		}
		for name, value := range attributes(s) {
			if strings.Contains(value, secret) || strings.Contains(value, "Find") {
				t.Errorf("%s: %s tells %q", s.Name(), name, value)
			}
		}
	}
	if parent := byName["POST /graphql"].Parent().SpanID().String(); parent != "b7ad6b7169203331" {
		t.Errorf("below %s", parent)
	}
	hasAll(t, byName["POST /graphql"], map[string]string{"http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": "200", "url.scheme": "http"})
	hasAll(t, byName["query"], map[string]string{"graphql.operation.type": "query"})
	hasAll(t, byName["db.client.connection.wait"], map[string]string{"db.client.connection.pool.name": "mine"})
	hasAll(t, byName["BATCH SELECT"], map[string]string{"db.system.name": "postgresql", "db.operation.batch.size": "2", "db.operation.name": "BATCH SELECT"})
	if attributes(byName["BATCH SELECT"])["db.namespace"] == "" {
		t.Error("no database is named")
	}
}

// TestSpansNameKnownDocuments: clients that send texts cannot make names.
func TestSpansNameKnownDocuments(t *testing.T) {
	t.Parallel()
	provider, ended := tracer(t)
	o := personOptions(pgtest.New(t, people).URL)
	o.TracerProvider = provider
	a := started(t, o)
	const text = `query Everybody { people { name } }`
	sum := sha256.Sum256([]byte(text))
	id := hex.EncodeToString(sum[:])
	for _, step := range []struct {
		body       map[string]any
		name, told string
	}{
		{map[string]any{"query": text}, "query", ""},
		{map[string]any{"query": text, "documentId": "sha256:" + id}, "query", ""},
		{map[string]any{"documentId": "sha256:" + id}, "query Everybody", "Everybody"},
	} {
		if w := send(a, step.body); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		found := false
		for _, s := range ended() {
			if s.Name() == step.name {
				found = true
				if got := attributes(s)["graphql.operation.name"]; got != step.told {
					t.Errorf("%v: named %q", step.body, got)
				}
			}
		}
		if !found {
			t.Errorf("%v: no span %q", step.body, step.name)
		}
	}
}

// TestSpansOfFailures tells codes and never messages, which may hold values.
func TestSpansOfFailures(t *testing.T) {
	t.Parallel()
	provider, ended := tracer(t)
	o := personOptions(pgtest.New(t, people+`
CREATE FUNCTION refuse() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '22012'; END $$;
COMMENT ON FUNCTION refuse() IS '@fraiseql:mutation';
CREATE VIEW v_broken AS SELECT id, (1 / (length(id) - 1)) AS n FROM tb_person;
COMMENT ON VIEW v_broken IS '@fraiseql:type';`).URL)
	o.TracerProvider = provider
	a := started(t, o)
	for query, want := range map[string]string{
		`{ people { nam } }`:   "POST /graphql\n GraphQL Operation ! GRAPHQL_VALIDATION_FAILED\n",
		`{ people { name }`:    "POST /graphql\n GraphQL Operation ! GRAPHQL_PARSE_FAILED\n",
		`mutation { refuse }`:  "POST /graphql\n mutation ! BAD_USER_INPUT\n  db.client.connection.wait\n  SELECT ! 22012\n  ROLLBACK\n",
		`{ __typename }`:       "POST /graphql\n query\n",
		`{ brokens { id n } }`: "POST /graphql\n query ! DATABASE_ERROR\n  db.client.connection.wait\n  SELECT ! 22012\n",
	} {
		w := send(a, map[string]any{"query": query})
		spans := ended()
		if got := tree(spans); got != want {
			t.Errorf("%s: %s\ngot\n%swant\n%s", query, w.Body, got, want)
		}
		for _, s := range spans {
			if strings.Contains(s.Status().Description, "hunter2") || strings.Contains(fmt.Sprint(s.Attributes(), s.Events()), "hunter2") {
				t.Errorf("%s tells the message", s.Name())
			}
		}
	}
}

// TestSpansUnderOneOfYours: who traces HTTP already gets no second span of it.
func TestSpansUnderOneOfYours(t *testing.T) {
	t.Parallel()
	provider, ended := tracer(t)
	o := personOptions(pgtest.New(t, people).URL)
	o.TracerProvider = provider
	a := started(t, o)
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := provider.Tracer("yours").Start(r.Context(), "yours")
		defer span.End()
		a.ServeHTTP(w, r.WithContext(ctx))
	})
	send(outer, map[string]any{"query": `{ people { name } }`}, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	const want = "yours\n query\n  db.client.connection.wait\n  SELECT\n"
	if got := tree(ended()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestSpansChangeNoAnswer compares answers with and without a provider, headers included.
func TestSpansChangeNoAnswer(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	answer := func(change func(*fraiseql.Options)) (string, http.Header) {
		o := personOptions(url)
		o.Production = true
		change(&o)
		w := send(started(t, o), map[string]any{"query": `{ people(orderBy: [{name: ASC}]) { name } }`}, "X-Request-Id", "one")
		return w.Body.String(), w.Header()
	}
	provider, ended := tracer(t)
	plain, header := answer(func(*fraiseql.Options) {})
	traced, tracedHeader := answer(func(o *fraiseql.Options) { o.TracerProvider = provider })
	if traced != plain || !maps.EqualFunc(header, tracedHeader, func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
		t.Errorf("%s %v, without spans %s %v", traced, tracedHeader, plain, header)
	}
	if len(ended()) == 0 {
		t.Error("nothing was traced")
	}
}

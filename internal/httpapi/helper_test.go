package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// execute is an Executor made of a function.
type execute func(ctx context.Context, r *gqlop.Request, out io.Writer) error

func (e execute) Execute(ctx context.Context, r *gqlop.Request, out io.Writer) error {
	return e(ctx, r, out)
}

// scripted answers by the document's text: enough of GraphQL to see what the transport makes of each outcome.
func scripted(_ context.Context, r *gqlop.Request, out io.Writer) error {
	switch {
	case r.Query == "{":
		return fault.List{fault.New(fault.ParseFailed, "expected a name").At(1, 2)}
	case strings.Contains(r.Query, "8f31403dfe404bccbb0e835f2629c6a7"), r.Query == "{invalid}":
		return fault.List{fault.New(fault.ValidationFailed, "no such field"), fault.New(fault.ValidationFailed, "nor this")}
	case strings.Contains(r.Query, "CoerceFailure"):
		return fault.New(fault.BadUserInput, "$id must not be null")
	case strings.HasPrefix(r.Query, "mutation") && r.QueriesOnly:
		return fault.New(fault.MethodNotAllowed, "a mutation needs POST")
	case r.Query == "{partial}":
		out.(interface{ MarkPartial() }).MarkPartial()
		return write(out, `{"errors":[{"message":"x"}],"data":{"a":1,"b":null}}`)
	case r.Query == "{internal}":
		return fmt.Errorf("reading: %w", errors.New("secret cause"))
	}
	return write(out, `{"data":{"__typename":"Query"}}`)
}

func write(out io.Writer, s string) error {
	_, err := io.WriteString(out, s)
	return err
}

// quiet gives options whose log goes nowhere.
func quiet(e execute) httpapi.Options {
	return httpapi.Options{Executor: e, Logger: slog.New(slog.DiscardHandler)}
}

// logged gives options and a function that gives the log's lines so far.
func logged(e execute) (httpapi.Options, func() string) {
	var b locked
	return httpapi.Options{Executor: e, Logger: slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))}, b.String
}

type locked struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// post sends a POST with JSON. Pairs of header names and values follow.
func post(o httpapi.Options, body string, headers ...string) *httptest.ResponseRecorder {
	return send(o, http.MethodPost, "/graphql", body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func send(o httpapi.Options, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	httpapi.New(o).ServeHTTP(w, r)
	return w
}

// overTheWire asks a server on a socket, which writes have to wait for; the answer is read as it comes.
func overTheWire(t *testing.T, o httpapi.Options) *http.Response {
	t.Helper()
	server := httptest.NewServer(httpapi.New(o))
	t.Cleanup(server.Close)
	resp, err := http.Post(server.URL, "application/json", strings.NewReader(document("{a}")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() }) // runs before the server is closed
	return resp
}

// document makes the body of a POST.
func document(query string) string {
	b, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// firstError gives code and message of the first error of an answer, which must be one without data.
func firstError(t *testing.T, body string) (code, message string) {
	t.Helper()
	var answer struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
		Data json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Errors) == 0 || answer.Data != nil {
		t.Fatalf("not an answer of errors: %s (%v)", body, err)
	}
	return answer.Errors[0].Extensions.Code, answer.Errors[0].Message
}

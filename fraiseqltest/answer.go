package fraiseqltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Answer is what came back.
type Answer struct {
	Status     int         `json:"-"`
	Header     http.Header `json:"-"`
	Body       []byte      `json:"-"`
	Data       json.RawMessage
	Errors     []Error
	Extensions map[string]any
}

// Error is one GraphQL error.
type Error struct {
	Message    string
	Path       []any
	Locations  []struct{ Line, Column int }
	Extensions map[string]any
}

// Code gives the first error's code, such as FORBIDDEN; empty: there is no error.
func (a Answer) Code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// Decode reads the data into what v points to, as [json.Unmarshal] does.
func (a Answer) Decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Data, v); err != nil {
		t.Fatalf("fraiseqltest: the data %s: %v", a.Data, err)
	}
}

// Send posts an operation, with variables that can be written as JSON or nil, and gives whatever is answered.
func (a *App) Send(t testing.TB, query string, variables any) Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatalf("fraiseqltest: the variables: %v", err)
	}
	return a.Post(t, body)
}

// Query is Send for an operation that goes well: it fails the test unless the status is 200 and there are no errors.
func (a *App) Query(t testing.TB, query string, variables any) Answer {
	t.Helper()
	answer := a.Send(t, query, variables)
	if answer.Status != http.StatusOK || len(answer.Errors) > 0 {
		t.Fatalf("fraiseqltest: %s %v: status %d: %s", query, variables, answer.Status, answer.Body)
	}
	return answer
}

// Expect is Query with the data that must come, as JSON: spaces do not count, the order of keys and rows does.
func (a *App) Expect(t testing.TB, query string, variables any, want string) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(want)); err != nil {
		t.Fatalf("fraiseqltest: what is expected is not JSON: %v", err)
	}
	if got := a.Query(t, query, variables).Data; string(got) != compact.String() {
		t.Errorf("fraiseqltest: %s %v:\n got %s\nwant %s", query, variables, got, compact.Bytes())
	}
}

// Post posts a body as it is to /graphql. The headers are pairs of name and value, which replace those of the same name.
func (a *App) Post(t testing.TB, body []byte, header ...string) Answer {
	t.Helper()
	if a.fault != nil {
		t.Fatalf("fraiseqltest: %v", a.fault)
	}
	set := http.Header{}
	for _, h := range a.header {
		set.Set(h[0], h[1])
	}
	for i := 0; i+1 < len(header); i += 2 {
		set.Set(header[i], header[i+1])
	}
	answer, err := post(a.server.Client(), a.URL+"/graphql", body, set)
	if err != nil {
		t.Fatalf("fraiseqltest: %v", err)
	}
	return answer
}

func post(client *http.Client, url string, body []byte, header http.Header) (Answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return Answer{}, err
	}
	if err := json.Unmarshal(a.Body, &a); err != nil {
		return Answer{}, fmt.Errorf("status %d: %s is not JSON: %w", a.Status, a.Body, err)
	}
	return a, nil
}

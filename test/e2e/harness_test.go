// Package e2e_test tests the whole app over HTTP, on a real PostgreSQL. Between the app and
// the server stands a proxy that counts: every query must take one round trip on one lease.
package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(hangingUp{pgtest.Runner(m)})
}

// hangingUp runs tests and then ends what the default client keeps open.
type hangingUp struct{ tests interface{ Run() int } }

func (h hangingUp) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return h.tests.Run()
}

// site is a served app.
type site struct {
	app  *fraiseql.App
	url  string
	db   *pgtest.DB
	link *pgtest.Link
}

// serve starts an app on a database of its own. One connection, so that what is counted is
// what the test asked for.
func serve(t testing.TB, o fraiseql.Options, sql ...string) *site {
	t.Helper()
	return serveOn(t, pgtest.New(t, sql...), "", o)
}

// serveOn starts an app on a database; address is where it connects, the database's own when
// empty.
func serveOn(t testing.TB, db *pgtest.DB, address string, o fraiseql.Options) *site {
	t.Helper()
	if address == "" {
		address = db.URL
	}
	link := pgtest.Proxy(t, db.URL)
	o.DatabaseURL = link.Through(t, address)
	if o.ConnectionPoolSize == 0 {
		o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	app, err := fraiseql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	settle(t, app)
	server := httptest.NewServer(app)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		server.Close()
	})
	return &site{app, server.URL, db, link}
}

// settle waits until the connections that reading the catalog used have been reset.
func settle(t testing.TB, app *fraiseql.App) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		st := app.PoolStat()
		if st.Idle >= st.MinSize && st.Tending+st.Leased+st.Connecting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the pool does not come to rest: %+v", st)
		}
	}
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// code gives the first error's code, or nothing.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// send posts a request as it is.
func (s *site) send(t testing.TB, query string, variables any, header ...string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return s.post(t, body, header...)
}

func (s *site) post(t testing.TB, body []byte, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(a.Body, &a); err != nil {
		t.Fatalf("%s is not JSON: %v", a.Body, err)
	}
	return a
}

// query asks, and fails the test unless the answer has no errors and took one round trip on
// one lease.
func (s *site) query(t testing.TB, query string, variables any, header ...string) string {
	t.Helper()
	a := s.counted(t, 1, 1, query, variables, header...)
	if a.Status != 200 || len(a.Errors) > 0 {
		t.Errorf("%s: status %d: %s", query, a.Status, a.Body)
	}
	return string(a.Data)
}

// anyTrips is for resolvers: what they ask of their DB are trips of their own, and a reset
// follows the release.
const anyTrips = -1

// counted asks, and fails the test unless it took as many round trips and leases as given.
func (s *site) counted(t testing.TB, trips, leases int, query string, variables any, header ...string) answer {
	t.Helper()
	before := s.leases()
	s.link.Reset()
	a := s.send(t, query, variables, header...)
	if got := s.link.RoundTrips(); got != trips && trips != anyTrips {
		t.Errorf("%s: %d round trips, want %d: %q", query, got, trips, s.link.Statements())
	}
	if got := s.leases() - before; got != leases {
		t.Errorf("%s: %d leases, want %d", query, got, leases)
	}
	return a
}

func (s *site) leases() int {
	a := s.app.PoolStat().Acquires
	return int(a.Immediate + a.Waited)
}

// expect compares data with JSON that may be laid out freely.
func expect(t testing.TB, what, got, want string) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(want)); err != nil {
		t.Fatalf("%s: the test's own JSON: %v", what, err)
	}
	if got != compact.String() {
		t.Errorf("%s:\n got %s\nwant %s", what, got, compact.String())
	}
}

func mustContain(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is not in %s", what, p, text)
		}
	}
}

package world_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// site is the example, served over HTTP with the default limits. Between the app and PostgreSQL stands a proxy that counts.
type site struct {
	app  *fraiseql.App
	url  string
	link *pgtest.Link
}

func serve(t *testing.T) *site {
	t.Helper()
	files, err := examples.SQL("world")
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, file := range files {
		sql = append(sql, file.SQL)
	}
	db := pgtest.New(t, sql...)
	link := pgtest.Proxy(t, db.URL)
	// One connection, so that what is counted is what the test asked for.
	app, err := fraiseql.New(fraiseql.Options{
		DatabaseURL: link.Through(t, db.URL), ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The connection that read the catalog is being reset.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if st := app.PoolStat(); st.Idle == 1 && st.Tending+st.Leased+st.Connecting == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the pool does not come to rest: %+v", st)
		}
	}
	server := httptest.NewServer(app)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return &site{app, server.URL, link}
}

// ask gives the data that answers a query. An error, or any other number than one round trip on one lease, fails the test.
func (s *site) ask(t *testing.T, query string, variables map[string]any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	leases := s.leases()
	s.link.Reset()
	resp, err := http.Post(s.url+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusOK || answer.Errors != nil {
		t.Fatalf("%s %v: status %d: %s", query, variables, resp.StatusCode, text)
	}
	if trips, leased := s.link.RoundTrips(), s.leases()-leases; trips != 1 || leased != 1 {
		t.Errorf("%s: %d round trips on %d leases, want one on one: %q", query, trips, leased, s.link.Statements())
	}
	return string(answer.Data)
}

func (s *site) leases() int {
	a := s.app.PoolStat().Acquires
	return int(a.Immediate + a.Waited)
}

// expect asks, and compares the data with want, written as JSON: the order of keys and rows counts.
func (s *site) expect(t *testing.T, query string, variables map[string]any, want any) {
	t.Helper()
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(want); err != nil {
		t.Fatal(err)
	}
	if got, want := s.ask(t, query, variables), strings.TrimSpace(text.String()); got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s %v: the answers differ from byte %d on:\n got …%s\nwant …%s", query, variables, at, around(got, at), around(want, at))
	}
}

func around(s string, at int) string { return s[max(at-40, 0):min(at+160, len(s))] }

// data is the answer to a query with one field.
func data(field string, value any) map[string]any { return map[string]any{field: value} }

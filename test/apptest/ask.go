package apptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/fraiseqltest"
)

// Answer is what came back.
type Answer = fraiseqltest.Answer

// Send posts a query. The headers are pairs of name and value.
func (s *Site) Send(t testing.TB, query string, variables any, header ...string) Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return s.Post(t, body, header...)
}

// Query asks, gives the data, and fails the test unless the answer has no errors and took one round trip on one lease.
func (s *Site) Query(t testing.TB, query string, variables any, header ...string) string {
	t.Helper()
	a := s.Counted(t, 1, 1, query, variables, header...)
	if a.Status != http.StatusOK || len(a.Errors) > 0 {
		t.Errorf("%s %v: status %d: %s", query, variables, a.Status, a.Body)
	}
	return string(a.Data)
}

// AnyTrips is for resolvers: what they ask of their DB are trips of their own.
const AnyTrips = -1

// Counted asks, and fails the test unless it took as many round trips and leases as given. What the pool does between two
// leases is nobody's trip.
func (s *Site) Counted(t testing.TB, trips, leases int, query string, variables any, header ...string) Answer {
	t.Helper()
	Settle(t, s.App)
	before := s.Leases()
	s.Link.Reset()
	a := s.Send(t, query, variables, header...)
	Settle(t, s.App)
	sent := s.Link.Statements()
	got := s.Link.RoundTrips() - Tending(sent)
	if got != trips && trips != AnyTrips {
		t.Errorf("%s: %d round trips, want %d: %q", query, got, trips, sent)
	}
	if got := s.Leases() - before; got != leases {
		t.Errorf("%s: %d leases, want %d", query, got, leases)
	}
	return a
}

// Tending counts what the pool says by itself to a connection that was given back: each is a trip that no request waits for.
func Tending(statements []string) (n int) {
	for _, sql := range statements {
		if sql == "-- ping" || strings.HasPrefix(sql, "reset session authorization;") {
			n++
		}
	}
	return n
}

// Leases is how many times a connection was lent, until now.
func (s *Site) Leases() int {
	a := s.App.PoolStat().Acquires
	return int(a.Immediate + a.Waited)
}

// Expect compares data with JSON that may be laid out freely: the order of keys and rows counts.
func Expect(t testing.TB, what, got, want string) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(want)); err != nil {
		t.Fatalf("%s: the test's own JSON: %v", what, err)
	}
	want = compact.String()
	if got == want {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: the answers differ from byte %d on:\n got %s\nwant %s", what, at, around(got, at), around(want, at))
}

// around shows a place in a text that may be long.
func around(s string, at int) string {
	from, to := max(at-200, 0), min(at+400, len(s))
	text := s[from:to]
	if from > 0 {
		text = "…" + text
	}
	if to < len(s) {
		text += "…"
	}
	return text
}

// Expect asks as Query does, and compares the data with want, written as JSON: the order of keys and rows counts, spaces do not.
func (s *Site) Expect(t testing.TB, query string, variables, want any) {
	t.Helper()
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(want); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, []byte(s.Query(t, query, variables))); err != nil {
		t.Fatal(err)
	}
	Expect(t, fmt.Sprintf("%s %v", query, variables), got.String(), text.String())
}

package fraiseql_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// The connections of all replicas, twice as many while deploying, are held against what the
// server has: a warning, and under StrictBudget no start.
func TestConnectionBudget(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{Settings: map[string]string{"max_connections": "20"}, SQL: []string{people}})
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		want   string // in the log, and under StrictBudget at /ready; empty: it fits
	}{
		"fits":           {func(*fraiseql.Options) {}, ""},
		"two replicas":   {func(o *fraiseql.Options) { o.ReplicasHint = 2 }, "2 replicas × (size 2 + overflow 5) may need 28 connections while a deploy"},
		"three replicas": {func(o *fraiseql.Options) { o.ReplicasHint = 3 }, "3 replicas × (size 2 + overflow 5) may need 21 connections, and the server has 20 left"},
		"more overflow":  {func(o *fraiseql.Options) { o.ConnectionPoolMaxOverflow = 10 }, "size 2 + overflow 10 may need 24 connections while a deploy"},
	} {
		for _, strict := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", strict"}[strict], func(t *testing.T) {
				t.Parallel()
				var log lockedBuffer
				o := personOptions(server.URL)
				o.ConnectionPoolMaxOverflow, o.StrictBudget, o.Logger = 5, strict, slog.New(slog.NewTextHandler(&log, nil))
				c.change(&o)
				if strict && c.want != "" {
					if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "cannot be reached") {
						t.Errorf("got %v, want %s", err, c.want)
					}
					return
				}
				if w := ready(started(t, o)); w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				if c.want == "" && strings.Contains(log.String(), "budget") || !strings.Contains(log.String(), c.want) {
					t.Errorf("log: %s", &log)
				}
			})
		}
	}
}

func ready(a *fraiseql.App) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ready", nil))
	return w
}

// A server that was absent at start is held against the pool when it comes: /ready tells.
func TestConnectionBudgetOfALateServer(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{Settings: map[string]string{"max_connections": "20"}, SQL: []string{people}})
	server.Stop(pgtest.Fast)
	o := personOptions(server.URL)
	o.ConnectionPoolMaxOverflow = 30
	a := started(t, o)
	server.Restart()
	const want = "size 2 + overflow 30 may need 32 connections"
	until(t, "503 and "+want, func() bool {
		w := ready(a)
		return w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), want)
	})
}

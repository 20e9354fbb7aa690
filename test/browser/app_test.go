// Package browser_test opens the explorer in a real browser, on a real app.
package browser_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// startApp serves the blog of the examples, behind a layer that a test may put in between, and gives the address of
// its GraphQL endpoint.
func startApp(t *testing.T, between func(app http.Handler) http.Handler) string {
	t.Helper()
	files, err := examples.SQL("blog")
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, file := range files {
		sql = append(sql, file.SQL)
	}
	app, err := fraiseql.New(fraiseql.Options{
		DatabaseURL: pgtest.New(t, sql...).URL, ConnectionPoolSize: 2,
		Title: "Blog <API>", Version: "1.2.3", Logger: slog.New(slog.DiscardHandler),
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
	if between == nil {
		between = func(app http.Handler) http.Handler { return app }
	}
	server := httptest.NewServer(between(app))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL + "/graphql"
}

// onQuery calls f with the body of each query; the app answers unless f did.
func onQuery(app http.Handler, f func(w http.ResponseWriter, r *http.Request, body string) (answered bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil || f(w, r, string(body)) {
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		app.ServeHTTP(w, r)
	})
}

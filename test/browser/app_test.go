// Package browser_test opens the explorer in a real browser, on a real app.
package browser_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// startApp serves the blog of the examples, behind a layer that a test may put in between, and gives the address of
// its GraphQL endpoint.
func startApp(t *testing.T, between func(app http.Handler) http.Handler) string {
	t.Helper()
	app := apptest.Start(t, fraiseql.Options{
		DatabaseURL: pgtest.New(t, apptest.Example(t, "blog")...).URL, ConnectionPoolSize: 2, Title: "Blog <API>", Version: "1.2.3",
	})
	if between == nil {
		between = func(app http.Handler) http.Handler { return app }
	}
	return apptest.Listen(t, between(app)) + "/graphql"
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

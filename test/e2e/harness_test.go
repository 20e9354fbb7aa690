// Package e2e_test tests the whole app over HTTP, on a real PostgreSQL.
package e2e_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// site is a served app, with questions that only the tests of some files ask.
type site struct{ *apptest.Site }

func serve(t testing.TB, o fraiseql.Options, sql ...string) *site {
	t.Helper()
	return &site{apptest.Serve(t, o, sql...)}
}

// serveOn starts an app on a database; address is where it connects, the database's own when empty.
func serveOn(t testing.TB, db *pgtest.DB, address string, o fraiseql.Options) *site {
	t.Helper()
	return &site{apptest.ServeOn(t, db, address, o)}
}

func mustContain(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is not in %s", what, p, text)
		}
	}
}

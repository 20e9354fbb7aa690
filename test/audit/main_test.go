package audit_test

import (
	"net/http"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// serve serves an example with the default options, behind a layer that a test may put in between, and gives its address.
func serve(t *testing.T, example string, between func(app http.Handler) http.Handler) string {
	t.Helper()
	app := apptest.Start(t, fraiseql.Options{
		DatabaseURL: pgtest.New(t, apptest.Example(t, example)...).URL, Description: `What "` + example + `" tells.`,
	})
	if between == nil {
		return apptest.Listen(t, app)
	}
	return apptest.Listen(t, between(app))
}

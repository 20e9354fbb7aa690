package blog_test

import (
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// serve is the example with the default limits.
func serve(t *testing.T) *apptest.Site {
	t.Helper()
	return apptest.Serve(t, fraiseql.Options{}, apptest.Example(t, "blog")...)
}

package world_test

import (
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// serve is the example with the default limits.
func serve(t *testing.T) *apptest.Site {
	t.Helper()
	return apptest.Serve(t, fraiseql.Options{}, apptest.Example(t, "world")...)
}

// data is the answer to a query with one field.
func data(field string, value any) map[string]any { return map[string]any{field: value} }

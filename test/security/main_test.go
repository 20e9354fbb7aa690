// Package security_test attacks a served app from outside, over HTTP, on a real PostgreSQL. Each attack tells what was expected
// and what came of it; "make security" prints them as one table.
package security_test

import (
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// shown tells what came of an attack, for the table.
func shown(t testing.TB, attack, expected, format string, args ...any) {
	t.Helper()
	result := fmt.Sprintf(format, args...)
	if t.Failed() {
		result = "FAILED: " + result
	}
	t.Logf("attack: %s | %s | %s", attack, expected, result)
}

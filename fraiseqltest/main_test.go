package fraiseqltest_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestMain does what fraiseqltest.Main does, and then looks for goroutines that are left. It leaves out the example that needs
// PostgreSQL where there is none: an example cannot skip itself, as the tests do.
func TestMain(m *testing.M) {
	flag.Parse()
	if _, err := devpg.Find(os.Environ()); errors.Is(err, devpg.ErrNotFound) && os.Getenv("FRAISEQL_REQUIRE_PG") != "1" && flag.Lookup("test.skip").Value.String() == "" {
		if err := flag.Set("test.skip", "^ExampleNew$"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(pgtest.Runner(m))
}

package fraiseql_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestMain leaves out the examples that need PostgreSQL where there is none: an example cannot
// skip itself, as the tests do.
func TestMain(m *testing.M) {
	flag.Parse()
	if _, err := devpg.Find(os.Environ()); errors.Is(err, devpg.ErrNotFound) && os.Getenv("FRAISEQL_REQUIRE_PG") != "1" && flag.Lookup("test.skip").Value.String() == "" {
		if err := flag.Set("test.skip", "^Example(Object|Resolve|Field)$"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(hangingUp{pgtest.Runner(m)})
}

// hangingUp runs tests and then ends what the default client keeps open, and the examples' server.
type hangingUp struct{ tests interface{ Run() int } }

func (h hangingUp) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	code := h.tests.Run()
	if libraryServer != nil {
		if err := libraryServer.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
	}
	return code
}

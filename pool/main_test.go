package pool_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil { // the command line may say otherwise
		panic(err)
	}
	leaveOutExamples()
	goleak.VerifyTestMain(pgtest.Runner(withExamples{m}))
}

// leaveOutExamples skips those that need PostgreSQL where there is none: an example cannot skip itself, as the tests do.
func leaveOutExamples() {
	flag.Parse()
	if _, err := devpg.Find(os.Environ()); !errors.Is(err, devpg.ErrNotFound) || os.Getenv("FRAISEQL_REQUIRE_PG") == "1" || flag.Lookup("test.skip").Value.String() != "" {
		return
	}
	if err := flag.Set("test.skip", "^Example(Open|Conn|Pool_.*)$"); err != nil {
		panic(err)
	}
}

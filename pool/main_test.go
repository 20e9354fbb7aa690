package pool_test

import (
	"flag"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil { // the command line may say otherwise
		panic(err)
	}
	goleak.VerifyTestMain(pgtest.Runner(m))
}

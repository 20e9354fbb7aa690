// Package chaos_test breaks what the pool and the app stand on, at random and for long. FRAISEQL_SLOW=1 makes it five minutes,
// and FRAISEQL_SEED chooses another order of faults.
package chaos_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

func slow() bool { return os.Getenv("FRAISEQL_SLOW") == "1" }

// seed is the seed of this run.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("FRAISEQL_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("FRAISEQL_SEED is %q: give a whole number", text)
	}
	return n
}

// patience is the bound of every wait that should end by an event.
const patience = 30 * time.Second

func eventually(t *testing.T, what string, ok func() bool, describe func() any) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v: %+v", what, patience, describe())
		}
	}
}

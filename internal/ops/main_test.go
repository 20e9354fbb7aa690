package ops_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

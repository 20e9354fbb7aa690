package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/pool"
)

// TestPreparedStatementsOfThePool: a statement that is kept is parsed once, and one that is not each time.
func TestPreparedStatementsOfThePool(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		choice pool.PreparedStatements
		again  bool
	}{{pool.PreparedAuto, false}, {pool.PreparedForce, false}, {pool.PreparedOff, true}} {
		t.Run(tt.choice.String(), func(t *testing.T) {
			t.Parallel()
			s := serve(t, fraiseql.Options{ConnectionPoolPreparedStatements: tt.choice}, cases)
			for range 3 {
				s.Query(t, `{ people { name } }`, nil)
			}
			s.Query(t, `{ people { name } }`, nil)
			parsed := slices.ContainsFunc(s.Link.Statements(), func(sql string) bool { return strings.Contains(sql, "v_person") })
			if parsed != tt.again {
				t.Errorf("parsed again: %v, want %v: %q", parsed, tt.again, s.Link.Statements())
			}
		})
	}
}

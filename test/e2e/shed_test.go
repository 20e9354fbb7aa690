package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
)

// TestOverloadIsShed: with a target, a request that finds the only connection taken is turned away after twice that,
// the next one at once, and both are told when to come back. Without one they wait for as long as they may.
func TestOverloadIsShed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target time.Duration
		code   string
	}{
		"with a target": {50 * time.Millisecond, "POOL_SATURATED"},
		"without one":   {0, "POOL_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, fraiseql.Options{
				ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: time.Second, ConnectionPoolShedTarget: c.target,
			}, sleepy)
			before := s.App.PoolStat()
			ctx, cancel := context.WithCancel(t.Context())
			held := make(chan struct{})
			go func() {
				defer close(held)
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", strings.NewReader(`{"query":"{ sleeps { z } }"}`))
				req.Header.Set("Content-Type", "application/json")
				if resp, err := http.DefaultClient.Do(req); err == nil {
					resp.Body.Close()
				}
			}()
			for s.App.PoolStat().Leased == 0 {
				time.Sleep(time.Millisecond)
			}
			for range 2 {
				a := s.Send(t, `{ quicks { id } }`, nil)
				if a.Status != 503 || a.Code() != c.code || a.Header.Get("Retry-After") == "" || a.Data != nil || len(a.Errors) != 1 {
					t.Errorf("status %d, %v: %s", a.Status, a.Header, a.Body)
				}
			}
			after := s.App.PoolStat()
			if shed := after.Failures.Shed - before.Failures.Shed; (shed == 2) != (c.target > 0) || shed+after.Failures.Timeout-before.Failures.Timeout != 2 {
				t.Errorf("%d shed: %+v", shed, after.Failures)
			}
			cancel()
			<-held
			for s.App.PoolStat().Leased > 0 { // until then it is still overloaded
				time.Sleep(time.Millisecond)
			}
			if a := s.Send(t, `{ quicks { id } }`, nil); a.Status != 200 {
				t.Errorf("afterwards: %s", a.Body)
			}
		})
	}
}

package e2e_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/fraiseqltest"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const sleepy = `
create view v_sleep as select 1 as id, pg_sleep(30)::text as z;
comment on view v_sleep is '@fraiseql:type
name: Sleep';
create view v_quick as select 1 as id;
comment on view v_quick is '@fraiseql:type
name: Quick';`

// TestBackendKilledMidQuery fails that query, with its code, and no other.
func TestBackendKilledMidQuery(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, sleepy)
	admin := s.DB.Conn(t)
	done := make(chan apptest.Answer, 1)
	go func() { done <- s.Send(t, `{ sleeps { z } }`, nil) }()
	for killed := 0; killed == 0; time.Sleep(5 * time.Millisecond) {
		err := admin.QueryRow(t.Context(), `select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and state = 'active' and query like '%v_sleep%' and pid <> pg_backend_pid()`).Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
	}
	a := <-done
	if a.Code() != "DATABASE_ERROR" || a.Data != nil || len(a.Errors) != 1 {
		t.Errorf("got status %d: %s", a.Status, a.Body)
	}
	if a := s.Send(t, `{ quicks { id } }`, nil); string(a.Data) != `{"quicks":[{"id":"1"}]}` {
		t.Errorf("the next one: %s", a.Body)
	}
}

// TestDatabaseAbsent starts without a database: the app answers 503, and heals by itself.
func TestDatabaseAbsent(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{})
	conn := server.Conn(t)
	if _, err := conn.Exec(t.Context(), sleepy); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	server.Stop(pgtest.Fast)
	secret := "hunter2-secret"
	s := &site{&apptest.Site{App: fraiseqltest.Start(t, fraiseql.Options{DatabaseURL: server.URL, Logger: slog.New(slog.DiscardHandler)})}}
	a := s.Send(t, `{ quicks { id } }`, nil)
	if a.Status != 503 || a.Header.Get("Retry-After") == "" || a.Data != nil || len(a.Errors) != 1 {
		t.Errorf("without a database: status %d, %s", a.Status, a.Body)
	}
	resp, err := http.Get(s.URL + "/ready")
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Ready   bool
		Reasons []struct{ Code, Message, Cure string }
	}
	err = json.NewDecoder(resp.Body).Decode(&ready)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 503 || ready.Ready || len(ready.Reasons) == 0 || strings.Contains(ready.Reasons[0].Message, secret) {
		t.Errorf("/ready: %d %+v %v", resp.StatusCode, ready, err)
	}
	server.Restart()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if a = s.Send(t, `{ quicks { id } }`, nil); a.Status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not heal: %s", a.Body)
		}
	}
	apptest.Expect(t, "healed", string(a.Data), `{"quicks":[{"id":"1"}]}`)
}

// TestSchemaChangesUnderPreparedStatements has a column's type change: no request notices.
func TestSchemaChangesUnderPreparedStatements(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `create table t (id int primary key, n int, gone int); insert into t values (1, 2, 3);
comment on table t is '@fraiseql:type
name: Thing';`)
	want := `{"things":[{"id":"1","n":2}]}`
	for range 3 {
		apptest.Expect(t, "before", s.Query(t, `{ things { id n } }`, nil), want)
	}
	s.DB.Exec(t, `alter table t alter column n type smallint`)
	a := s.Send(t, `{ things { id n } quick: things { n } }`, nil)
	apptest.Expect(t, "after", string(a.Data), `{"things":[{"id":"1","n":2}],"quick":[{"n":2}]}`)
	a = s.Send(t, `{ things { id n } }`, nil)
	apptest.Expect(t, "a statement that was prepared", string(a.Data), want)
	if len(a.Errors) > 0 {
		t.Errorf("errors: %s", a.Body)
	}
	// What somebody else deallocated is prepared again.
	s.DB.Exec(t, `alter table t drop column gone`)
	apptest.Expect(t, "after a drop", string(s.Send(t, `{ things { id n } }`, nil).Data), want)
}

func TestPoolIsExhausted(t *testing.T) {
	t.Parallel()
	o := fraiseql.Options{ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 100 * time.Millisecond}
	s := serve(t, o, sleepy)
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
	a := s.Send(t, `{ quicks { id } }`, nil)
	if a.Status != 503 || a.Code() != "POOL_TIMEOUT" || a.Header.Get("Retry-After") == "" || a.Data != nil || len(a.Errors) != 1 {
		t.Errorf("status %d, %v: %s", a.Status, a.Header, a.Body)
	}
	cancel()
	<-held
	// The server takes its time to end the query when the machine is busy, and the wait for a connection is short here.
	for end := time.Now().Add(20 * time.Second); ; {
		a := s.Send(t, `{ quicks { id } }`, nil)
		if a.Status == 200 {
			return
		}
		if a.Code() != "POOL_TIMEOUT" || time.Now().After(end) {
			t.Fatalf("afterwards: %s", a.Body)
		}
	}
}

// TestCancelledRequestsKeepTheirConnections: clients leave just when their query is being sent, before it runs and while it
// does. The connections go on, and no cancel request hits the query of somebody else.
func TestCancelledRequestsKeepTheirConnections(t *testing.T) {
	t.Parallel()
	const workers, rounds = 4, 100
	s := serve(t, fraiseql.Options{ConnectionPoolSize: workers, ConnectionPoolMaxOverflow: -1}, sleepy)
	ask := func(ctx context.Context, query string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"`+query+`"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.App.ServeHTTP(w, r)
		return w
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for n := range rounds {
				ctx, leave := context.WithTimeout(t.Context(), time.Duration(n%10)*200*time.Microsecond)
				_ = ask(ctx, `{ sleeps { z } }`)
				leave()
				if w := ask(t.Context(), `{ quicks { id } }`); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "errors") {
					t.Errorf("the next request: %d %s", w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	if st := s.App.PoolStat(); st.Opened != workers || st.Closed.Total() != 0 || st.Cancels == 0 {
		t.Errorf("%d connections opened, closed: %+v; %d cancels", st.Opened, st.Closed, st.Cancels)
	}
}

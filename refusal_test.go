package fraiseql_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// refusal is what the answer of a request that got no connection must be.
type refusal struct {
	status int
	code   string
	cure   string // in the message
}

func (want refusal) check(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var members map[string]json.RawMessage
	var errs []struct {
		Message    string
		Extensions struct{ Code string }
	}
	err := json.Unmarshal(w.Body.Bytes(), &members)
	if err == nil {
		err = json.Unmarshal(members["errors"], &errs)
	}
	_, data := members["data"]
	if err != nil || data || len(errs) != 1 {
		t.Fatalf("want one error and no data: %v: %s", err, w.Body)
	}
	if w.Code != want.status || errs[0].Extensions.Code != want.code || !strings.Contains(errs[0].Message, want.cure) {
		t.Errorf("got %d %s: %s; want %d %s: …%s…", w.Code, errs[0].Extensions.Code, errs[0].Message, want.status, want.code, want.cure)
	}
	seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
	if again := want.status == http.StatusServiceUnavailable; again && (err != nil || seconds < 1) || !again && w.Header().Get("Retry-After") != "" {
		t.Errorf("status %d: Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

// hurried gives every request a deadline of its own, as a caller's gateway would.
func hurried(d time.Duration) func(*http.Request) (context.Context, error) {
	return func(r *http.Request) (context.Context, error) {
		if r.Header.Get("X-Hurry") == "" {
			return r.Context(), nil
		}
		ctx, cancel := context.WithTimeout(r.Context(), d)
		context.AfterFunc(r.Context(), cancel)
		return ctx, nil
	}
}

// TestRefusals holds the only connection and looks at what the next request is told. The app stays ready: its own load
// is no reason to send requests elsewhere, where they would be as many.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		want   refusal
	}{
		"the pool's limit": {
			func(o *fraiseql.Options) { o.ConnectionPoolTimeout = 20 * time.Millisecond },
			refusal{503, "POOL_TIMEOUT", "try again, or ask the operator to raise the pool's size"},
		},
		"no waiting": {
			func(o *fraiseql.Options) { o.ConnectionPoolTimeout = -1 },
			refusal{503, "POOL_SATURATED", "try again, or ask the operator to raise the pool's size"},
		},
		"the caller's limit": {
			func(o *fraiseql.Options) { o.Context = hurried(20 * time.Millisecond) },
			refusal{504, "DEADLINE_EXCEEDED", "give it more time, or try again"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, production := range []bool{false, true} {
				a, let := holding(t, func(o *fraiseql.Options) {
					c.change(o)
					o.Production = production
				})
				c.want.check(t, fetch(a, "/graphql?query=%7Bpeople%7Bname%7D%7D", "X-Hurry", "yes", "Accept", "application/graphql-response+json", "Apollo-Require-Preflight", "1"))
				if w := fetch(a, "/ready"); w.Code != http.StatusOK {
					t.Errorf("/ready: %d %s", w.Code, w.Body)
				}
				let()
				for deadline := time.Now().Add(20 * time.Second); a.PoolStat().Idle == 0; time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("no rest: %+v", a.PoolStat())
					}
				}
				if w := ask(a, `{ people { name } }`); w.Code != http.StatusOK {
					t.Errorf("afterwards: %d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// TestDeadlineOfARunningQuery is the caller's own deadline once more, with a connection.
func TestDeadlineOfARunningQuery(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people, `CREATE VIEW v_slow AS SELECT id, name, pg_sleep(30)::text AS z FROM tb_person`).URL)
	o.Expose, o.Context = []string{"v_slow"}, hurried(50*time.Millisecond)
	w := fetch(started(t, o), "/graphql?query=%7Bslows%7Bz%7D%7D", "X-Hurry", "yes", "Accept", "application/graphql-response+json")
	refusal{504, "DEADLINE_EXCEEDED", "deadline passed"}.check(t, w)
}

type readiness struct {
	Ready   bool
	Reasons []struct{ Code, Message, Cure string }
}

func askReady(t *testing.T, a *fraiseql.App) (int, readiness) {
	t.Helper()
	w := fetch(a, "/ready")
	var r readiness
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Ready != (w.Code == http.StatusOK) || r.Ready == (w.Header().Get("Retry-After") != "") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	return w.Code, r
}

// TestDatabaseGoesAndComes follows the pool's state through /ready, /pool and what clients are told, and looks for the
// password everywhere.
func TestDatabaseGoesAndComes(t *testing.T) {
	t.Parallel()
	role := pgtest.New(t, people).Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON v_person TO %s"}})
	link := pgtest.Proxy(t, role.URL)
	address, err := url.Parse(link.Through(t, role.URL))
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := address.User.Password()
	if secret == "" {
		t.Fatal("the role has no password")
	}
	a := started(t, personOptions(address.String()))
	look := func(state string) {
		t.Helper()
		for _, path := range []string{"/metrics", "/pool", "/ready", "/version", "/graphql?query=%7Bpeople%7Bname%7D%7D"} {
			if text := fetch(a, path).Body.String(); strings.Contains(text, secret) {
				t.Errorf("%s, %s: the password is in %s", state, path, text)
			}
		}
		var told pool.Stat
		if err := json.Unmarshal(fetch(a, "/pool").Body.Bytes(), &told); err != nil || told.State.String() != state {
			t.Errorf("/pool says %s, %v, want %s", told.State, err, state)
		}
		if text := fetch(a, "/metrics").Body.String(); !strings.Contains(text, `fraiseql_pool_state{db_client_connection_pool_name="fraiseql",state="`+state+`"} 1`) {
			t.Errorf("/metrics does not say %s", state)
		}
	}
	until := func(state pool.State) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); a.PoolStat().State != state; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the pool is not %s: %+v", state, a.PoolStat())
			}
			ask(a, `{ people { name } }`) // somebody must notice
		}
	}
	until(pool.StateUp)
	look("up")
	if status, r := askReady(t, a); status != http.StatusOK {
		t.Errorf("up: %d %+v", status, r)
	}
	link.Reject(true)
	link.RST()
	until(pool.StateDown)
	look("down")
	refusal{503, "POOL_UNAVAILABLE", "try again later; the operator finds the reason at /ready"}.check(t, ask(a, `{ people { name } }`))
	if status, r := askReady(t, a); status != http.StatusServiceUnavailable || len(r.Reasons) != 1 || r.Reasons[0].Code != "POOL_UNAVAILABLE" ||
		!strings.Contains(r.Reasons[0].Message, address.Hostname()) || !strings.Contains(r.Reasons[0].Cure, "check that the database runs") {
		t.Errorf("down: %d %+v", status, r)
	}
	link.Reject(false)
	until(pool.StateUp)
	if status, r := askReady(t, a); status != http.StatusOK {
		t.Errorf("up again: %d %+v", status, r)
	}
}

// TestARequestInsideARequest: a resolver that has the request's connection asks the app itself, and so for a second one. In
// development that fails, as it would deadlock a busy pool; in production it is counted.
func TestARequestInsideARequest(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	for _, production := range []bool{false, true} {
		var a *fraiseql.App
		var inner *httptest.ResponseRecorder
		o := personOptions(db.URL)
		o.Production = production
		o.Queries = append(o.Queries, fraiseql.Resolve("outer", func(ctx context.Context, _ struct{}) (bool, error) {
			if _, err := fraiseql.DB(ctx).Exec(ctx, "SELECT 1"); err != nil {
				return false, err
			}
			inner = httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/graphql?query=%7Bpeople%7Bname%7D%7D", nil)
			r.Header.Set("Accept", "application/graphql-response+json")
			r.Header.Set("Apollo-Require-Preflight", "1") // production wants to know that no form made it
			a.ServeHTTP(inner, r.WithContext(ctx))
			return true, nil
		}))
		a = started(t, o)
		if w := ask(a, `{ outer }`); w.Code != http.StatusOK {
			t.Errorf("the outer one: %d %s", w.Code, w.Body)
		}
		if production {
			if inner.Code != http.StatusOK {
				t.Errorf("the inner one in production: %d %s", inner.Code, inner.Body)
			}
		} else {
			refusal{500, "INTERNAL", ""}.check(t, inner)
			if !strings.Contains(inner.Body.String(), "a lease is held already") {
				t.Errorf("development does not show why: %s", inner.Body)
			}
		}
		if s := a.PoolStat(); s.Nested != 1 || (s.Failures.Nested == 1) == production {
			t.Errorf("production %t: %d nested, %d of them refused", production, s.Nested, s.Failures.Nested)
		}
	}
}

// TestReadyWhileStopping looks at an app that waits for its last request.
func TestReadyWhileStopping(t *testing.T) {
	t.Parallel()
	a, let := holding(t, func(*fraiseql.Options) {})
	stopped := make(chan error)
	go func() { stopped <- a.Shutdown(t.Context()) }()
	for a.Ready(t.Context()) == nil {
		time.Sleep(time.Millisecond)
	}
	check := func(when string) {
		t.Helper()
		if status, r := askReady(t, a); status != http.StatusServiceUnavailable || len(r.Reasons) != 1 || r.Reasons[0].Code != "SHUTTING_DOWN" || r.Reasons[0].Cure == "" {
			t.Errorf("%s: %d %+v", when, status, r)
		}
		refusal{503, "SHUTTING_DOWN", "try again"}.check(t, ask(a, `{ people { name } }`))
	}
	check("a request is under way")
	let()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	check("it is over")
	if state := a.PoolStat().State; state != pool.StateClosed {
		t.Errorf("the pool is %s", state)
	}
}

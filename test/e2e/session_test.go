package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestNothingIsLeftOnTheConnection looks at a session between two requests, through a view.
func TestNothingIsLeftOnTheConnection(t *testing.T) {
	t.Parallel()
	o := tenantOptions()
	o.Types, o.Queries, o.Mutations = nil, nil, nil
	s := serve(t, o, `
create view v_session as select 1 as id, coalesce(current_setting('app.tenant', true), '') as tenant, current_user::text as who,
	current_setting('transaction_read_only') as read_only, current_setting('statement_timeout') as timeout, current_setting('role') as role;
comment on view v_session is '@fraiseql:type
name: Session';`)
	got := s.Query(t, `{ session(id: 1) { tenant readOnly timeout } }`, nil, "X-Tenant", "acme")
	apptest.Expect(t, "inside", got, `{"session":{"tenant":"acme","readOnly":"on","timeout":"30s"}}`)
	got = s.Query(t, `{ session(id: 1) { tenant role } }`, nil)
	apptest.Expect(t, "after", got, `{"session":{"tenant":"","role":"none"}}`)
}

func TestRoleOfASession(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
create table t (id int primary key, n int);
insert into t values (1, 1);
create view v_open as select id from t;
comment on view v_open is '@fraiseql:type
name: Open';
create view v_closed as select id, n from t;
comment on view v_closed is '@fraiseql:type
name: Closed
queries: {list: closeds}';`)
	reader := db.Role(t, pgtest.RoleOptions{NoLogin: true, Grants: []string{"grant select on v_open to %s"}})
	o := fraiseql.Options{Session: func(context.Context) (auth.Settings, error) { return auth.Settings{Role: reader.Name}, nil }}
	s := serveOn(t, db, "", o)
	apptest.Expect(t, "allowed", s.Query(t, `{ opens { id } }`, nil), `{"opens":[{"id":"1"}]}`)
	a := s.Counted(t, 2, 1, `{ closeds { n } opens { id } }`, nil)
	if a.Code() != "FORBIDDEN" || string(a.Data) != `{"closeds":null,"opens":[{"id":"1"}]}` {
		t.Errorf("got %s", a.Body)
	}
}

const sneaky = `
create table t (n int);
create function sneak() returns int language plpgsql as $$ begin insert into t values (1); return 1; end $$;
create function unguard() returns text language sql as $$ select set_config('transaction_read_only', 'off', true) $$;
create view v_sneak as select 1 as id, sneak() as n;
comment on view v_sneak is '@fraiseql:type
name: Sneak';
create view v_unguard as select 1 as id, unguard() as a, sneak() as n;
comment on view v_unguard is '@fraiseql:type
name: Unguard';`

// TestBehindPgBouncer: values have the same form, queries cannot write, and statements are stopped in time, although
// the sessions carry none of the settings for it.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
create table t (n int);
create function sneak() returns int language plpgsql as $$ begin insert into t values (1); return 1; end $$;
create view v_sneak as select 1 as id, sneak() as n;
comment on view v_sneak is '@fraiseql:type
name: Sneak';
create view v_value as select 1 as id, interval '1 day 2 hours' as span, '\xff'::bytea as raw, 0.1::float8 as number, timestamptz '2026-01-02 03:04:05+09' as at;
comment on view v_value is '@fraiseql:type
name: Value';
create view v_slow as select 1 as id, pg_sleep(20)::text as z;
comment on view v_slow is '@fraiseql:type
name: Slow';`)
	db.Exec(t, "alter database "+db.Name+" set timezone = 'Asia/Tokyo'")
	o := fraiseql.Options{StatementTimeout: 300 * time.Millisecond}
	direct := serveOn(t, db, "", o).Query(t, `{ values { span raw number at } }`, nil)
	s := serveOn(t, &pgtest.DB{URL: pgtest.PgBouncer(t, db.URL, nil)}, "", o)
	for range 2 {
		apptest.Expect(t, "values", s.Query(t, `{ values { span raw number at } }`, nil), direct)
	}
	if a := s.Send(t, `{ sneaks { n } }`, nil); a.Code() != "READ_ONLY" {
		t.Errorf("a view that writes: %s", a.Body)
	}
	if a := s.Send(t, `{ slows { z } }`, nil); a.Code() != "STATEMENT_TIMEOUT" {
		t.Errorf("a slow view: %s", a.Body)
	}
}

// TestQueriesCannotWrite: the session's own default keeps them from it, or, where the URL has the driver look at the
// server's default, the guard of each batch.
func TestQueriesCannotWrite(t *testing.T) {
	t.Parallel()
	for name, attrs := range map[string]string{"by the session": "", "by the batch": "target_session_attrs=read-write"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queriesCannotWrite(t, attrs)
		})
	}
}

func queriesCannotWrite(t *testing.T, attrs string) {
	db := pgtest.New(t)
	address := db.URL
	if attrs != "" {
		address += "&" + attrs
		if !strings.Contains(db.URL, "?") {
			address = db.URL + "?" + attrs
		}
	}
	db.Exec(t, sneaky)
	s := serveOn(t, db, address, fraiseql.Options{
		Queries: []fraiseql.Query{
			fraiseql.Resolve("sneaky", func(ctx context.Context, _ struct{}) (int, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, "insert into t values (1)")
				return 0, err
			}),
		},
	})
	a := s.Send(t, `{ sneaks { n } }`, nil)
	if a.Code() != "READ_ONLY" || string(a.Data) != `{"sneaks":null}` {
		t.Errorf("a view that writes: %s", a.Body)
	}
	if a = s.Send(t, `{ unguards { a n } }`, nil); len(a.Errors) == 0 {
		t.Errorf("a view that takes the guard away: %s", a.Body)
	}
	if a = s.Send(t, `{ sneaky }`, nil); len(a.Errors) == 0 {
		t.Errorf("a resolver that writes: %s", a.Body)
	}
	guards := 0
	for _, statement := range s.Link.Statements() {
		if strings.Contains(statement, "'transaction_read_only'") {
			guards++
		}
	}
	if (guards > 0) != (attrs != "") {
		t.Errorf("%d statements set transaction_read_only: %q", guards, s.Link.Statements())
	}
	var n int
	if err := s.DB.Conn(t).QueryRow(t.Context(), "select count(*) from t").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were written (%v)", n, err)
	}
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{StatementTimeout: 200 * time.Millisecond}, `
create view v_slow as select 1 as id, pg_sleep(20)::text as z;
comment on view v_slow is '@fraiseql:type
name: Slow';
create view v_quick as select 1 as id;
comment on view v_quick is '@fraiseql:type
name: Quick';`)
	start := time.Now()
	a := s.Send(t, `{ slows { z } quicks { id } }`, nil)
	if a.Code() != "STATEMENT_TIMEOUT" || string(a.Data) != `{"slows":null,"quicks":[{"id":"1"}]}` || time.Since(start) > 10*time.Second {
		t.Errorf("got %s after %s", a.Body, time.Since(start))
	}
}

// TestClientGoesAway shows that the query is cancelled and its connection serves on.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create view v_slow as select 1 as id, pg_sleep(60)::text as z;
comment on view v_slow is '@fraiseql:type
name: Slow';
create view v_quick as select 1 as id, pg_backend_pid() as pid;
comment on view v_quick is '@fraiseql:type
name: Quick';`)
	before := s.Query(t, `{ quicks { pid } }`, nil)
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", strings.NewReader(`{"query":"{ slows { z } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			t.Error("the request ended by itself")
		}
		cancel()
		// A stray cancel would hit this one.
		if after := s.Send(t, `{ quicks { pid } }`, nil); string(after.Data) != before {
			t.Errorf("got %s, want the same backend as in %s", after.Body, before)
		}
	}
}

func TestSessionMayRefuse(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Session: func(context.Context) (auth.Settings, error) {
		return auth.Settings{}, &fraiseql.Error{Code: fraiseql.CodeForbidden, Message: "no tenant"}
	}}, cases)
	a := s.Counted(t, 0, 0, `{ people { id } }`, nil)
	if a.Status != 403 || a.Code() != "FORBIDDEN" || a.Data != nil {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
}

package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// tenants is a table under row-level security, read in every way there is.
const tenants = `
create table tb_note (id int primary key, tenant text not null, parent int, body text not null);
insert into tb_note select n, case when n % 2 = 0 then 'even' else 'odd' end, case when n > 2 then n - 2 end, 'note ' || n from generate_series(1, 40) n;
alter table tb_note enable row level security;
alter table tb_note force row level security;
create policy own on tb_note using (tenant = nullif(current_setting('app.tenant', true), ''));
create view v_note with (security_invoker) as select id, tenant, parent, body from tb_note;
comment on view v_note is '@fraiseql:type
name: Note
key: [id]
relations: {up: {to: Note, by: {parent: id}}, down: {to: Note, by: {id: parent}, many: true}}';
create view v_plain_note with (security_invoker) as select id, tenant from tb_note;
create view v_note_doc with (security_invoker) as select id, jsonb_build_object('id', id, 'tenant', tenant) as data from tb_note;
comment on view v_note_doc is '@fraiseql:type
name: NoteDoc
key: [id]
document: data
fields: {id: ID!, tenant: String!}';
create table tv_note (id int primary key, data jsonb not null);
insert into tv_note select id, jsonb_build_object('id', id, 'tenant', tenant) from tb_note;
alter table tv_note enable row level security;
create policy own on tv_note using (data->>'tenant' = nullif(current_setting('app.tenant', true), ''));
comment on table tv_note is '@fraiseql:type
name: NoteTable
document: data
fields: {id: ID!, tenant: String!}';`

type tenantKey struct{}

type note struct {
	ID     fraiseql.ID
	Tenant string
}

// tenantOptions reads the tenant from a header, and adds every kind of Go field.
func tenantOptions() fraiseql.Options {
	return fraiseql.Options{
		Context: func(r *http.Request) (context.Context, error) {
			return context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Tenant")), nil
		},
		Session: func(ctx context.Context) (auth.Settings, error) {
			tenant, _ := ctx.Value(tenantKey{}).(string)
			return auth.Settings{Values: map[string]string{"app.tenant": tenant}}, nil
		},
		Types: []fraiseql.Type{
			fraiseql.Object[note]("v_plain_note", fraiseql.ObjectOptions{Name: "GoNote"}),
			fraiseql.Field("owner", func(_ context.Context, notes []note) ([]string, error) {
				owners := make([]string, len(notes))
				for i, n := range notes {
					owners[i] = n.Tenant
				}
				return owners, nil
			}),
		},
		Queries: []fraiseql.Query{
			fraiseql.List[note]("goNotes"),
			fraiseql.Resolve("described", func(context.Context, struct{}) (*fraiseql.Rows[note], error) {
				return fraiseql.From[note]("v_plain_note").Limit(5), nil
			}),
			fraiseql.Resolve("counted", func(ctx context.Context, _ struct{}) ([]string, error) {
				rows, err := fraiseql.DB(ctx).Query(ctx, "select distinct tenant from v_note")
				if err != nil {
					return nil, err
				}
				defer rows.Close()
				var all []string
				for rows.Next() {
					var tenant string
					if err := rows.Scan(&tenant); err != nil {
						return nil, err
					}
					all = append(all, tenant)
				}
				return all, rows.Err()
			}),
		},
	}
}

// kinds are all ways to read that there are; each shows nothing but the tenant's own.
var kinds = []string{
	`{ notes(limit: 3) { tenant } }`,
	`{ note(id: 3) { tenant } n: note(id: 4) { tenant } }`,
	`{ notes(limit: 2, where: {body: {startsWith: "note"}}) { tenant up { tenant } down { tenant up { tenant } } } }`,
	`{ noteDocs(limit: 3) { tenant } noteDoc(id: 5) { tenant } }`,
	`{ noteTables(limit: 3) { tenant } a: noteTables(where: {tenant: {neq: "x"}}, limit: 1) { tenant } }`,
	`{ notes(where: {up: {tenant: {neq: "x"}}}, limit: 2) { tenant } }`,
	`{ notesGroups(by: [tenant]) { key { tenant } count } notesAggregate { count min { tenant } max { tenant } } }`,
	`{ notesConnection(first: 3) { nodes { tenant } totalCount } noteDocsConnection(last: 2) { edges { cursor node { tenant } } pageInfo { hasPreviousPage } } }`,
	`{ goNotes(limit: 3) { tenant owner } }`,
	`{ described { tenant owner } counted notes(limit: 1) { tenant } }`,
}

// TestTwoTenantsNeverMeet: 1000 requests in turn, over every kind of read, on two connections; and the same through
// PgBouncer in transaction mode, whose two sessions serve six of ours.
func TestTwoTenantsNeverMeet(t *testing.T) {
	t.Parallel()
	for name, connections := range map[string]int{"directly": 2, "through PgBouncer": 6} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, tenants)
			role := db.Role(t, pgtest.RoleOptions{Grants: []string{
				"grant usage on schema public to %s", "grant select on all tables in schema public to %s",
			}})
			o := tenantOptions()
			o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = connections, -1
			if connections == 2 {
				twoTenantsNeverMeet(t, serveOn(t, db, role.URL, o))
			} else {
				bouncer := &pgtest.DB{URL: pgtest.PgBouncer(t, role.URL, map[string]string{"default_pool_size": "2"})}
				twoTenantsNeverMeet(t, serveOn(t, bouncer, "", o))
			}
		})
	}
}

func twoTenantsNeverMeet(t *testing.T, s *site) {
	names := []string{"even", "odd"}
	alone := map[string]string{} // what each kind gives a tenant whom nobody disturbs
	for _, query := range kinds {
		for _, tenant := range names {
			alone[tenant+query] = string(s.Send(t, query, nil, "X-Tenant", tenant).Data)
		}
	}
	for _, tenant := range names { // 20 of 40
		mustContain(t, "the counts of "+tenant, alone[tenant+kinds[6]]+alone[tenant+kinds[7]], `"count":20}`, `"count":20,`, `"totalCount":20`)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 250 {
				mine, other := names[(worker+i)%2], names[(worker+i+1)%2]
				query := kinds[(worker*250+i)%len(kinds)]
				a := s.Send(t, query, nil, "X-Tenant", mine)
				if a.Status != 200 || len(a.Errors) > 0 || string(a.Data) != alone[mine+query] || !strings.Contains(string(a.Data), `"`+mine+`"`) || strings.Contains(string(a.Data), `"`+other+`"`) {
					t.Errorf("%s as %s: %s", query, mine, a.Body)
					return
				}
			}
		})
	}
	wg.Wait()
	// Without a tenant nothing is seen, on the same connections.
	for range 10 {
		if got := s.Send(t, `{ notes { tenant } noteDocs { tenant } noteTables { tenant } counted }`, nil); string(got.Data) != `{"notes":[],"noteDocs":[],"noteTables":[],"counted":[]}` {
			t.Errorf("without a tenant: %s", got.Body)
		}
	}
}

// TestNothingIsLeftOnTheConnection looks at a session between two requests, through a view.
func TestNothingIsLeftOnTheConnection(t *testing.T) {
	t.Parallel()
	o := tenantOptions()
	o.Types, o.Queries = nil, nil
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

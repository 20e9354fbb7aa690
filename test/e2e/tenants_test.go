package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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
fields: {id: ID!, tenant: String!}';
create view v_left as select 1 as id, nullif(current_setting('app.tenant', true), '') as tenant, current_setting('role') as role;
comment on view v_left is '@fraiseql:type
name: Left';
create view v_slow_note with (security_invoker) as select id, tenant, (select 'slept' from pg_sleep(0.2)) as slept from tb_note;
comment on view v_slow_note is '@fraiseql:type
name: SlowNote';
create view v_faulty with (security_invoker) as select id, tenant, 1 / (id - id) as n from tb_note;
comment on view v_faulty is '@fraiseql:type
name: Faulty
queries: {list: faulties}';
create type mutation_response as (status text, message text, entity_id int, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
create function fn_touch() returns setof v_note language sql as $$ update tb_note set body = body where id <= 2 returning id, tenant, parent, body $$;
comment on function fn_touch is '@fraiseql:mutation';
create function fn_tell(status text) returns mutation_response language plpgsql as $$
declare mine int;
begin
	update tb_note set body = body where id = (select min(id) from tb_note) returning id into mine;
	return row(status, current_setting('app.tenant'), mine, 'Note', null, null, null, null)::mutation_response;
end $$;
comment on function fn_tell is '@fraiseql:mutation
success_type: Note';
create function fn_raise() returns int language plpgsql as $$ begin update tb_note set body = body; raise exception 'not for %', current_setting('app.tenant'); end $$;
comment on function fn_raise is '@fraiseql:mutation';`

// carelessSQL has a function that leaves all that it can behind on the session.
const carelessSQL = `
create function fn_careless() returns text language plpgsql as $$
begin
	perform set_config('app.tenant', 'careless', false), set_config('search_path', 'pg_catalog', false), pg_advisory_lock(7);
	listen careless;
	create temp table careless as select 1 as n;
	return 'done';
end $$;
comment on function fn_careless is '@fraiseql:mutation';`

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
			if tenant == "" {
				return auth.Settings{}, nil // what is seen then is what the one before has left
			}
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
		Mutations: []fraiseql.Mutation{
			fraiseql.Resolve("goTouch", func(ctx context.Context, _ struct{}) (*fraiseql.Rows[note], error) {
				if _, err := fraiseql.DB(ctx).Exec(ctx, "update tb_note set body = body where id <= 2"); err != nil {
					return nil, err
				}
				return fraiseql.From[note]("v_plain_note").Limit(3), nil
			}),
			fraiseql.Resolve("goFail", func(ctx context.Context, _ struct{}) (bool, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, "update tb_note set tenant = 'everybody'")
				return err == nil, err
			}),
		},
	}
}

// kinds are all ways to read and to write that there are, with errors among them; each shows nothing but the tenant's own.
var kinds = []string{
	`{ notes(limit: 3) { tenant } }`,
	`{ note(id: 3) { tenant } n: note(id: 4) { tenant } }`,
	`{ notes(limit: 2, where: {body: {startsWith: "note"}}) { tenant up { tenant } down { tenant up { tenant } } } }`,
	`{ noteDocs(limit: 3) { tenant } noteDoc(id: 5) { tenant } docs: noteDocs(where: {tenant: {neq: "x"}}, limit: 2) { tenant } }`,
	`{ noteTables(limit: 3) { tenant } a: noteTables(where: {tenant: {neq: "x"}}, limit: 1) { tenant } }`,
	`{ notes(where: {up: {tenant: {neq: "x"}}}, limit: 2) { tenant } }`,
	`{ notesGroups(by: [tenant]) { key { tenant } count } notesAggregate { count min { tenant } max { tenant } } }`,
	`{ notesConnection(first: 3) { nodes { tenant } totalCount } noteDocsConnection(last: 2) { edges { cursor node { tenant } } pageInfo { hasPreviousPage } } }`,
	`{ notes(limit: 2) { tenant downAggregate { count max { tenant } } downConnection(first: 1) { totalCount nodes { tenant } } downGroups(by: [tenant]) { key { tenant } count } } }`,
	`{ goNotes(limit: 3) { tenant owner } }`,
	`{ described { tenant owner } counted notes(limit: 1) { tenant } }`,
	`{ left(id: 1) { tenant role } }`,
	`{ faulties(limit: 1) { tenant n } notes(limit: 1) { tenant } }`,
	`mutation { touch { tenant up { tenant } } }`,
	`mutation { goTouch { tenant owner } }`,
	`mutation { tell(input: {status: "updated"}) { ... on TellSuccess { message note { tenant down { tenant } } } } }`,
	`mutation { tell(input: {status: "conflict:x"}) { ... on TellError { code message } } }`,
	`mutation { raise one: goTouch { tenant } goFail two: touch { tenant } }`,
}

// tenantRoles has each tenant's statements run by a role of its own.
func tenantRoles(t *testing.T, db *pgtest.DB, o *fraiseql.Options) pgtest.Role {
	t.Helper()
	grants := []string{"grant usage on schema public to %s", "grant select, insert, update on all tables in schema public to %s"}
	var names []string
	for range 2 {
		names = append(names, db.Role(t, pgtest.RoleOptions{NoLogin: true, Grants: grants}).Name)
	}
	session := o.Session
	o.Session = func(ctx context.Context) (auth.Settings, error) {
		settings, err := session(ctx)
		switch settings.Values["app.tenant"] {
		case "even":
			settings.Role = names[0]
		case "odd":
			settings.Role = names[1]
		}
		return settings, err
	}
	return db.Role(t, pgtest.RoleOptions{NoInherit: true, MemberOf: names, Grants: grants})
}

// TestTwoTenantsNeverMeet: 1000 requests in turn, over every kind of read and of mutation, on two connections, with cancelled
// requests, errors and killed backends between; and the same through PgBouncer in transaction mode, whose two sessions serve
// six of ours.
func TestTwoTenantsNeverMeet(t *testing.T) {
	t.Parallel()
	for name, connections := range map[string]int{"directly": 2, "through PgBouncer": 6} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, tenants)
			o := tenantOptions()
			role := tenantRoles(t, db, &o)
			o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow, o.GlobalNode = connections, -1, "nodeId"
			through := &pgtest.DB{URL: role.URL}
			if connections > 2 {
				through.URL = pgtest.PgBouncer(t, role.URL, map[string]string{"default_pool_size": "2", "server_login_retry": "1"})
			}
			m := &meeting{site: serveOn(t, through, "", o), killer: db.Conn(t), role: role.Name, alone: map[string]apptest.Answer{}}
			m.run(t)
		})
	}
}

// meeting has two tenants ask in turns.
type meeting struct {
	*site
	killer *pgx.Conn // beside the app
	role   string
	kinds  []string
	alone  map[string]apptest.Answer // what each kind gives a tenant whom nobody disturbs

	mu                              sync.Mutex // guards killer and what follows
	asked, killed, cancelled, loose int        // loose: hit by a killed backend
	looked                          int        // without a tenant
}

func (m *meeting) run(t *testing.T) {
	names := []string{"even", "odd"}
	var ids []string
	for _, tenant := range names {
		var found struct{ Notes []struct{ NodeID string } }
		if err := json.Unmarshal(m.Send(t, `{ notes(limit: 1) { nodeId } }`, nil, "X-Tenant", tenant).Data, &found); err != nil || len(found.Notes) == 0 {
			t.Fatalf("%v: no id of a note", err)
		}
		ids = append(ids, found.Notes[0].NodeID)
	}
	m.kinds = append(slices.Clone(kinds), fmt.Sprintf(`{ notes(limit: 1) { tenant } node(id: %q) { ... on Note { tenant } } nodes(ids: [%[1]q, %q]) { ... on Note { tenant } } }`, ids[0], ids[1]))
	for _, query := range m.kinds {
		for _, tenant := range names {
			m.alone[tenant+query] = m.Send(t, query, nil, "X-Tenant", tenant)
		}
	}
	for _, tenant := range names { // 20 of 40
		mustContain(t, "the counts of "+tenant, string(m.alone[tenant+kinds[6]].Data)+string(m.alone[tenant+kinds[7]].Data), `"count":20}`, `"count":20,`, `"totalCount":20`)
		for _, query := range m.kinds {
			if a := m.alone[tenant+query]; !strings.Contains(string(a.Body), tenant) {
				t.Errorf("%s as %s tells nothing: %s", query, tenant, a.Body)
			}
		}
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 250 {
				mine, other := names[(worker+i)%2], names[(worker+i+1)%2]
				m.disturb(t, worker*250+i, mine, other)
				if !m.ask(t, m.kinds[(worker*5+i)%len(m.kinds)], mine, other) {
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("figure: requests of two tenants in turns: %d, %d of them met a killed backend (of %d); besides %d cancelled and %d without a tenant", m.asked, m.loose, m.killed, m.cancelled, m.looked)
	if m.asked != 1000 || m.killed < 10 || m.cancelled < 50 || m.looked < 150 || m.loose > 150 {
		t.Errorf("this is not what was to be done")
	}
	m.recover(t)
	// Without a tenant nothing is seen, on the same connections.
	for range 10 {
		if got := m.Send(t, `{ notes { tenant } noteDocs { tenant } noteTables { tenant } counted }`, nil); string(got.Data) != `{"notes":[],"noteDocs":[],"noteTables":[],"counted":[]}` {
			t.Errorf("without a tenant: %s", got.Body)
		}
	}
	var changed int
	if err := m.killer.QueryRow(t.Context(), "select count(*) from tb_note where tenant <> case when id % 2 = 0 then 'even' else 'odd' end").Scan(&changed); err != nil || changed > 0 {
		t.Errorf("%d notes have changed hands (%v)", changed, err)
	}
}

// ask asks one of the kinds. The answer is the one that the tenant gets alone, or an error that a killed backend explains.
func (m *meeting) ask(t *testing.T, query, mine, other string) bool {
	a, want := m.Send(t, query, nil, "X-Tenant", mine), m.alone[mine+query]
	m.mu.Lock()
	m.asked++
	m.mu.Unlock()
	switch {
	case strings.Contains(string(a.Body), other):
		t.Errorf("%s as %s tells of %s: %s", query, mine, other, a.Body)
		return false
	case string(a.Data) == string(want.Data) && a.Code() == want.Code() && a.Status == want.Status:
		return true
	}
	for _, e := range a.Errors {
		switch code := e.Extensions["code"]; code {
		case "POOL_UNAVAILABLE", "POOL_TIMEOUT", "OUTCOME_UNKNOWN", "DATABASE_ERROR":
			m.mu.Lock()
			m.loose++
			m.mu.Unlock()
			if code == "POOL_UNAVAILABLE" { // the backend was killed while it was signing in: everybody is refused for a while
				return m.recover(t)
			}
			return true
		}
	}
	t.Errorf("%s as %s: %s, want %s", query, mine, a.Body, want.Body)
	return false
}

// recover waits until the database can be reached again.
func (m *meeting) recover(t *testing.T) bool {
	for end := time.Now().Add(30 * time.Second); m.Send(t, kinds[0], nil, "X-Tenant", "odd").Code() != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			resp, err := http.Get(m.URL + "/ready")
			if err != nil {
				t.Error(err)
				return false
			}
			defer resp.Body.Close()
			why, _ := io.ReadAll(resp.Body)
			t.Errorf("the app has not recovered within 30 s: %s", why)
			return false
		}
	}
	return true
}

// disturb does now and then what others do beside the requests.
func (m *meeting) disturb(t *testing.T, n int, mine, other string) {
	if n%7 == 0 { // goes away while its statement runs
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%40)*time.Millisecond)
		defer cancel()
		query := `{"query":"{ slowNotes(limit: 1) { tenant slept } }"}`
		if n%2 == 0 {
			query = `{"query":"mutation { a: touch { tenant } b: touch { tenant } c: goTouch { tenant } }"}`
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL+"/graphql", strings.NewReader(query))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Tenant", mine)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if strings.Contains(string(body), other) {
				t.Errorf("%s was told %s", mine, body)
			}
		}
		m.mu.Lock()
		m.cancelled++
		m.mu.Unlock()
	}
	if n%5 == 0 { // asks for nobody
		a := m.Send(t, `{ left(id: 1) { tenant role } }`, nil)
		if len(a.Errors) == 0 && string(a.Data) != `{"left":{"tenant":null,"role":"none"}}` {
			t.Errorf("what is left on a connection: %s", a.Body)
		}
		m.mu.Lock()
		m.looked++
		m.mu.Unlock()
	}
	if n%50 == 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		tag, err := m.killer.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state is not null order by random() limit 1", m.role)
		if err != nil {
			t.Error(err)
		}
		m.killed += int(tag.RowsAffected())
	}
}

// TestSettingsEndWithEachRelease: on the one connection that there is, nothing of a request is left for the next one, whatever
// it was and however it ended; a function that sets the session itself is no exception.
func TestSettingsEndWithEachRelease(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, tenants, carelessSQL, `
create view v_rest as select 1 as id, pg_backend_pid() as pid, nullif(current_setting('app.tenant', true), '') as tenant, current_setting('role') as role, current_user::text as who,
	current_setting('search_path') as path, (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
	(select count(*) from pg_listening_channels()) as channels, to_regclass('pg_temp.careless')::text as temporary;
comment on view v_rest is '@fraiseql:type
name: Rest';`)
	o := tenantOptions()
	role := tenantRoles(t, db, &o)
	s := serveOn(t, &pgtest.DB{URL: role.URL}, "", o)
	const rest = `{ rest(id: 1) { pid tenant role who path locks channels temporary } }`
	before := s.Query(t, rest, nil)
	mustContain(t, "before", before, `"tenant":null,"role":"none"`)
	queries := append(slices.Clone(kinds), `mutation { careless }`, `mutation { careless raise }`, `mutation { raise careless }`)
	for _, query := range queries {
		for _, tenant := range []string{"even", "odd"} {
			s.Send(t, query, nil, "X-Tenant", tenant)
			if after := s.Query(t, rest, nil); after != before {
				t.Errorf("%s as %s leaves %s, and before it was %s", query, tenant, after, before)
				before = after
			}
		}
	}
	for range 5 { // cancelled
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", strings.NewReader(`{"query":"{ slowNotes(limit: 20) { tenant slept } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Tenant", "odd")
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
		cancel()
		if after := s.Query(t, rest, nil); after != before {
			t.Errorf("a cancelled query leaves %s, and before it was %s", after, before)
		}
	}
}

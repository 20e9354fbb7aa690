package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const policySQL = `
create function fn_add_note(id int, tenant text) returns v_note language sql as $$ insert into tb_note (id, tenant, body) values (id, tenant, 'new') returning id, tenant, parent, body $$;
comment on function fn_add_note is '@fraiseql:mutation';
create function fn_whose(context_tenant text, fail boolean) returns text language plpgsql as $$
begin
	if fail then raise exception 'told to'; end if;
	return context_tenant || ' ' || current_setting('app.tenant') || ' ' || (select string_agg(distinct tenant, ',') from tb_note);
end $$;
comment on function fn_whose is '@fraiseql:mutation
context_params: {context_tenant: app.tenant}';
`

// TestMutationUnderPolicies: two tenants in turns, on connections that they share, write and read their own rows only; with
// errors between, directly and behind a pooler. The sessions are read-only but for the mutations' own transactions.
func TestMutationUnderPolicies(t *testing.T) {
	t.Parallel()
	for _, pooled := range []bool{false, true} {
		t.Run(fmt.Sprintf("pooled %t", pooled), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, tenants, policySQL)
			role := db.Role(t, pgtest.RoleOptions{Grants: []string{"grant usage on schema public to %s", "grant select, insert on all tables in schema public to %s"}})
			o := tenantOptions()
			o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 2, -1
			through := &pgtest.DB{URL: role.URL}
			if pooled {
				through.URL = pgtest.PgBouncer(t, role.URL, map[string]string{"default_pool_size": "2"})
			}
			s := serveOn(t, through, "", o)
			var done sync.WaitGroup
			for worker, tenant := range []string{"even", "odd", "even", "odd"} {
				done.Go(func() {
					other := map[string]string{"even": "odd", "odd": "even"}[tenant]
					for i := range 25 {
						id := 1000*(worker+1) + i
						a := s.Send(t, fmt.Sprintf(`mutation { addNote(input: {id: %d, tenant: "%s"}) { tenant } }`, id, tenant), nil, "X-Tenant", tenant)
						same(t, "own", string(a.Data), fmt.Sprintf(`{"addNote": {"tenant": %q}}`, tenant))
						a = s.Send(t, fmt.Sprintf(`mutation { addNote(input: {id: %d, tenant: "%s"}) { tenant } whose(input: {fail: %t}) }`, 100_000+id, other, i%3 == 0), nil, "X-Tenant", tenant)
						if a.Code() != "FORBIDDEN" {
							t.Errorf("a row of another tenant: %s", a.Body)
						}
						want := `{"addNote": null, "whose": "` + tenant + " " + tenant + " " + tenant + `"}`
						if i%3 == 0 {
							want = `{"addNote": null, "whose": null}`
						}
						same(t, "whose", string(a.Data), want)
						if a := s.Send(t, `{ notes(limit: 1) { tenant } }`, nil, "X-Tenant", tenant); string(a.Data) != fmt.Sprintf(`{"notes":[{"tenant":%q}]}`, tenant) {
							t.Errorf("a query between: %s", a.Body)
						}
					}
				})
			}
			done.Wait()
			apptest.Settle(t, s.App)
			if a := s.Send(t, `{ notes(limit: 1) { tenant } }`, nil); string(a.Data) != `{"notes":[]}` {
				t.Errorf("nobody's tenant sees %s", a.Body)
			}
			if a := s.Send(t, `mutation { whose(input: {fail: false}) }`, nil); a.Code() != "UNAUTHENTICATED" {
				t.Errorf("nobody's tenant may %s", a.Body)
			}
			var added int
			if err := db.Conn(t).QueryRow(t.Context(), "select count(*) from tb_note where body = 'new'").Scan(&added); err != nil || added != 100 {
				t.Errorf("%d notes were added (%v), want 100", added, err)
			}
		})
	}
}

// TestMutationIsolationIsChecked: an isolation level that there is not is refused.
func TestMutationIsolationIsChecked(t *testing.T) {
	t.Parallel()
	_, err := fraiseql.New(fraiseql.Options{DatabaseURL: "postgres://localhost/x", MutationIsolation: "chaos"})
	if err == nil || !strings.Contains(err.Error(), `MutationIsolation is "chaos"`) {
		t.Errorf("got %v", err)
	}
}

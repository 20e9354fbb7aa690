package diagnose_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const tenants = `
CREATE TABLE tb_order (id int PRIMARY KEY, tenant int NOT NULL);
INSERT INTO tb_order VALUES (1, 1), (2, 2);
ALTER TABLE tb_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tb_order USING (tenant = nullif(current_setting('app.tenant', true), '')::int);
CREATE VIEW v_order AS SELECT id, tenant FROM tb_order;
COMMENT ON VIEW v_order IS '@fraiseql:type';`

const rlsCodes = "rls-view-owner rls-owner rls-role-exempt rls-stored rls-setting-empty rls-request-role"

// TestViewOwner: a view reads with its owner's rights until it is told otherwise, also below another view.
func TestViewOwner(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, tenants+`
CREATE VIEW v_outer AS SELECT id FROM v_order; COMMENT ON VIEW v_outer IS '@fraiseql:type';`)
	role := reader(t, db, "v_order, v_outer")
	if got := answer(t, role.URL, "{ orders { id } }"); got != `{"data":{"orders":[{"id":"1"},{"id":"2"}]}}` {
		t.Fatalf("the situation is not there: %s", got)
	}
	for {
		r := examine(t, role.URL, diagnose.Options{})
		all := found(r, "rls-view-owner")
		if len(all) == 0 {
			break
		}
		if all[0].Severity != diagnose.Error || !strings.Contains(all[0].Evidence[0], "public.tb_order") || !strings.Contains(all[0].Evidence[0], "a superuser") {
			t.Fatalf("%+v", all[0])
		}
		paste(t, db, all[0])
	}
	// What was pasted makes the policies hold, by both views.
	if got := answer(t, role.URL, "{ orders { id } outers { id } }"); got != `{"data":{"orders":[],"outers":[]}}` {
		t.Errorf("after the cure: %s", got)
	}
}

// TestViewOwnerWithPolicies: an owner for whom the policies hold is no fault.
func TestViewOwnerWithPolicies(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, tenants)
	owner := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT CREATE ON SCHEMA public TO %s", "ALTER TABLE tb_order OWNER TO %s", "ALTER VIEW v_order OWNER TO %s"}})
	role := reader(t, db, "v_order")
	if f := only(t, examine(t, role.URL, diagnose.Options{}), "rls-view-owner"); !strings.Contains(f.Evidence[0], "no FORCE ROW LEVEL SECURITY") {
		t.Errorf("%+v", f)
	}
	// The owner itself, at the table.
	db.Exec(t, "COMMENT ON TABLE tb_order IS '@fraiseql:type\nname: Raw'")
	f := only(t, examine(t, owner.URL, diagnose.Options{}), "rls-owner")
	if got := answer(t, owner.URL, "{ raws { id } }"); !strings.Contains(got, `"2"`) {
		t.Fatalf("the situation is not there: %s", got)
	}
	paste(t, db, f)
	none(t, examine(t, owner.URL, diagnose.Options{}), strings.Fields(rlsCodes)...)
	none(t, examine(t, role.URL, diagnose.Options{}), strings.Fields(rlsCodes)...)
	if got := answer(t, owner.URL, "{ raws { id } }"); got != `{"data":{"raws":[]}}` {
		t.Errorf("after the cure: %s", got)
	}
}

func TestBypass(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, tenants, "ALTER VIEW v_order SET (security_invoker = true)")
	role := db.Role(t, pgtest.RoleOptions{BypassRLS: true, Grants: []string{"GRANT SELECT ON v_order, tb_order TO %s"}})
	f := only(t, examine(t, role.URL, diagnose.Options{}), "rls-role-exempt")
	paste(t, db, f)
	none(t, examine(t, role.URL, diagnose.Options{}), strings.Fields(rlsCodes)...)
}

func TestStored(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, tenants, "ALTER VIEW v_order SET (security_invoker = true)")
	role := reader(t, db, "v_order, tb_order")
	none(t, examine(t, role.URL, diagnose.Options{}), strings.Fields(rlsCodes)...)
	db.Exec(t, "CREATE MATERIALIZED VIEW mv_order AS SELECT * FROM tb_order; COMMENT ON MATERIALIZED VIEW mv_order IS '@fraiseql:type\nname: Kept'; GRANT SELECT ON mv_order TO "+role.Name)
	if f := only(t, examine(t, role.URL, diagnose.Options{}), "rls-stored"); f.Severity != diagnose.Warning || f.Object != "materialized view public.mv_order" {
		t.Errorf("%+v", f)
	}
	if f := only(t, examine(t, role.URL, diagnose.Options{RoleFromClaims: true}), "rls-request-role"); f.Severity != diagnose.Note {
		t.Errorf("%+v", f)
	}
}

// TestPolicySettings: what is pasted is the policy with nullif, and nothing else is changed in it.
func TestPolicySettings(t *testing.T) {
	t.Parallel()
	modern(t)
	for _, test := range []struct{ using, want string }{
		{`tenant = current_setting('app.tenant', true)::int`, `(tenant = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer)`},
		{
			`tenant = current_setting('app.tenant')::int OR id = nullif(current_setting('app.id', true), '')::int AND current_setting('it''s.x', true) = 'a'`,
			`((tenant = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer) OR ((id = (NULLIF(current_setting('app.id'::text, true), ''::text))::integer) AND (NULLIF(current_setting('it''s.x'::text, true), ''::text) = 'a'::text)))`,
		},
		{`tenant = nullif(current_setting('app.tenant', true), '')::int`, ""},
		{`current_setting('TimeZone') = 'UTC'`, ""},
	} {
		db := pgtest.New(t, tenants, "ALTER VIEW v_order SET (security_invoker = true); DROP POLICY tenant ON tb_order; CREATE POLICY tenant ON tb_order USING ("+test.using+")")
		role := reader(t, db, "v_order, tb_order")
		r := examine(t, role.URL, diagnose.Options{})
		if test.want == "" {
			none(t, r, "rls-setting-empty")
			continue
		}
		f := only(t, r, "rls-setting-empty")
		paste(t, db, f)
		var using string
		if err := db.Conn(t).QueryRow(t.Context(), "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy").Scan(&using); err != nil || using != test.want {
			t.Errorf("%s became %s (%v)", test.using, using, err)
		}
		none(t, examine(t, role.URL, diagnose.Options{}), strings.Fields(rlsCodes)...)
	}
}

func TestGrantsStandOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `CREATE TABLE item (id int PRIMARY KEY, kind text NOT NULL, url text, body text);
COMMENT ON TABLE item IS '@fraiseql:interface
type_column: kind
types: {link: {name: Link, fields: [url], queries: {list: links}}, note: {name: Note, fields: [body], queries: {list: notes}}}';`)
	for _, f := range examine(t, db.URL, diagnose.Options{}).Findings {
		if f.Code == "superuser" {
			if n := strings.Count(strings.Join(f.Paste, "\n"), "GRANT SELECT ON public.item "); n != 1 {
				t.Errorf("the view is granted %d times: %v", n, f.Paste)
			}
			return
		}
	}
	t.Error("superuser was not found")
}

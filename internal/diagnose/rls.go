package diagnose

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// The way from each served relation through the rules of views to the tables below, with the role whose rights and
// policies count on each step: the caller's, until a view without security_invoker puts its owner's in their place.
// A materialized view was filled with its owner's, some time ago.
const reachSQL = `
WITH RECURSIVE me AS (
	SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user
), reads AS (
	SELECT DISTINCT r.ev_class AS rel, d.refobjid AS below
	FROM pg_catalog.pg_rewrite AS r
	JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
		AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
	WHERE r.rulename = '_RETURN'
), walk AS (
	SELECT root.oid AS root, root.oid AS rel, me.oid AS reader, 0::oid AS via, false AS stored
	FROM unnest($1::oid[]) AS root(oid), me
	UNION
	SELECT w.root, reads.below,
		CASE WHEN invoker.own THEN c.relowner ELSE w.reader END, CASE WHEN invoker.own THEN c.oid ELSE w.via END, w.stored OR c.relkind = 'm'
	FROM walk AS w
	JOIN pg_catalog.pg_class AS c ON c.oid = w.rel AND c.relkind IN ('v', 'm')
	JOIN reads ON reads.rel = c.oid
	CROSS JOIN LATERAL (SELECT c.relkind = 'm' OR NOT coalesce((SELECT o.option_value::bool FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
		WHERE o.option_name = 'security_invoker'), false)) AS invoker(own)
)
SELECT w.root, t.oid, tn.nspname::text, t.relname::text, t.relrowsecurity, t.relforcerowsecurity, w.stored,
	r.rolname::text, r.rolsuper, r.rolbypassrls, pg_catalog.pg_has_role(r.oid, t.relowner, 'USAGE'),
	w.via, coalesce(vn.nspname::text, ''), coalesce(v.relname::text, ''), coalesce(v.relkind::text, ''),
	coalesce((SELECT array_agg(format('%I.%I', bn.nspname, b.relname) ORDER BY bn.nspname, b.relname)
		FROM reads JOIN pg_catalog.pg_class AS b ON b.oid = reads.below JOIN pg_catalog.pg_namespace AS bn ON bn.oid = b.relnamespace
		WHERE reads.rel = w.via AND b.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT pg_catalog.has_table_privilege(b.oid, 'SELECT')), '{}')
FROM walk AS w
JOIN pg_catalog.pg_class AS t ON t.oid = w.rel AND t.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_roles AS r ON r.oid = w.reader
LEFT JOIN pg_catalog.pg_class AS v ON v.oid = w.via
LEFT JOIN pg_catalog.pg_namespace AS vn ON vn.oid = v.relnamespace
ORDER BY vn.nspname, v.relname, tn.nspname, t.relname, w.root`

// reach is a table that a served relation reads, and with whose rights.
type reach struct {
	root, table          uint32
	name                 string // of the table, ready for SQL
	guarded, forced      bool
	stored               bool // by way of a materialized view
	reader               string
	super, bypass, owner bool // the reader's: a superuser, with BYPASSRLS, owner of the table or a member of it
	via                  uint32
	view                 string // whose owner the reader is, ready for SQL; empty: the reader is the caller
	viewKind             string
	ungranted            []string // what the view reads and the caller may not
}

// exempt tells why policies do not hold for the reader; empty when they do.
func (r reach) exempt() string {
	switch {
	case !r.guarded:
		return ""
	case r.super:
		return "a superuser"
	case r.bypass:
		return "a role with BYPASSRLS"
	case r.owner && !r.forced:
		return "the table's owner, or a member of it, and the table has no FORCE ROW LEVEL SECURITY"
	}
	return ""
}

const rowSource = "pg_class (relrowsecurity, relforcerowsecurity, reloptions, relowner), pg_roles and the views' rules in pg_depend"

func (d *doctor) readReach(ctx context.Context) (all []reach, err error) {
	var roots []uint32
	for _, t := range d.sources() {
		if rel := d.relation(t.Source); rel != nil {
			roots = append(roots, rel.OID)
		}
	}
	if len(roots) == 0 {
		return nil, nil
	}
	err = d.each(ctx, reachSQL, []any{roots}, func(scan func(...any) error) error {
		var r reach
		var tableSchema, table, viewSchema, view string
		if err := scan(&r.root, &r.table, &tableSchema, &table, &r.guarded, &r.forced, &r.stored,
			&r.reader, &r.super, &r.bypass, &r.owner, &r.via, &viewSchema, &view, &r.viewKind, &r.ungranted); err != nil {
			return err
		}
		r.name = qualified(tableSchema, table)
		if r.via != 0 {
			r.view = qualified(viewSchema, view)
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// rowSecurity looks whether policies hold for those who ask.
func (d *doctor) rowSecurity(ctx context.Context) error {
	var err error
	if d.reached, err = d.readReach(ctx); err != nil {
		return err
	}
	var guarded []uint32
	for _, r := range d.reached {
		if r.guarded && !slices.Contains(guarded, r.table) {
			guarded = append(guarded, r.table)
		}
	}
	d.report.checked("row security", len(guarded), "tables with policies behind what is served")
	if d.o.RoleFromClaims && len(guarded) > 0 {
		d.report.add(Finding{
			Severity: Note, Code: "rls-request-role", Object: "role " + d.report.Server.Role, Source: "--session, or SessionClaims",
			Evidence: []string{"the session settings of requests name role"},
			Message:  "requests set a role of their own, and what is said here of row-level security holds for the role that connects",
			Cure:     "let doctor connect as each of the roles that requests may set",
		})
	}
	if err := d.caller(ctx, guarded); err != nil {
		return err
	}
	d.owners()
	d.views()
	return d.policies(ctx, guarded)
}

// caller looks at the role that connects.
func (d *doctor) caller(ctx context.Context, guarded []uint32) error {
	var super, bypass bool
	err := d.tx.QueryRow(ctx, `SELECT rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user`).Scan(&super, &bypass)
	if err != nil || !super && (!bypass || len(guarded) == 0) {
		return err
	}
	role := d.report.Server.Role
	f := Finding{
		Severity: Warning, Code: "superuser", Object: "role " + role, Source: "pg_roles and pg_class.relrowsecurity",
		Message:  "the app connects as a superuser: a fault in a function or a view of its own reaches the whole server, and row-level security would mean nothing",
		Evidence: []string{"pg_roles.rolsuper is true"},
		Cure:     "connect as a role that may do what the app needs and no more; give it a password by \\password in psql",
		Paste:    d.newRole(),
	}
	if bypass && !super {
		f.Evidence[0] = "pg_roles.rolbypassrls is true"
		f.Cure, f.Paste = "take the attribute away", []string{"ALTER ROLE " + ident(role) + " NOBYPASSRLS;"}
	}
	if len(guarded) > 0 {
		f.Severity, f.Code = Error, "rls-role-exempt"
		f.Message = "policies mean nothing to the role that the app connects as: every request sees the rows of everybody"
		f.Evidence = append(f.Evidence, "tables with row-level security: "+strings.Join(d.names(guarded), ", "))
	}
	d.report.add(f)
	return nil
}

// newRole makes a role that may read what is served.
func (d *doctor) newRole() []string {
	const role = "fraiseql_app"
	sql := []string{"CREATE ROLE " + role + " LOGIN;"}
	for _, s := range d.o.Schemas {
		sql = append(sql, "GRANT USAGE ON SCHEMA "+ident(s)+" TO "+role+";")
	}
	for _, t := range d.sources() {
		// An interface and its types in the same row are several types of one source.
		if grant := "GRANT SELECT ON " + qualified(t.Source.Schema, t.Source.Name) + " TO " + role + ";"; !slices.Contains(sql, grant) {
			sql = append(sql, grant)
		}
	}
	return sql
}

func (d *doctor) names(tables []uint32) []string {
	var names []string
	for _, r := range d.reached {
		if slices.Contains(tables, r.table) && !slices.Contains(names, r.name) {
			names = append(names, r.name)
		}
	}
	return names
}

// owners looks at tables whose owner reads them directly.
func (d *doctor) owners() {
	var told []uint32
	for _, r := range d.reached {
		if r.via != 0 || r.super || r.bypass || r.exempt() == "" || slices.Contains(told, r.table) {
			continue
		}
		told = append(told, r.table)
		d.report.add(Finding{
			Severity: Error, Code: "rls-owner", Object: "table " + r.name,
			Message:  "its policies do not hold for its owner, and the app connects as its owner: every request sees all rows",
			Evidence: []string{"relrowsecurity is true, relforcerowsecurity false", "role " + r.reader + " owns the table or is a member of its owner"},
			Source:   rowSource, Cure: "let the policies hold for the owner too, or connect as another role",
			Paste: []string{"ALTER TABLE " + r.name + " FORCE ROW LEVEL SECURITY;"},
		})
	}
}

// views looks at views that read guarded tables with rights that are above the policies.
func (d *doctor) views() {
	var told []uint32
	for _, r := range d.reached {
		if r.via == 0 || r.exempt() == "" || slices.Contains(told, r.via) {
			continue
		}
		told = append(told, r.via)
		f := Finding{
			Severity: Error, Code: "rls-view-owner", Object: "view " + r.view, Source: rowSource,
			Message: "it reads tables with the rights of its owner, for whom their policies do not hold: every request sees all rows",
		}
		for _, same := range d.reached {
			text := fmt.Sprintf("%s has row-level security; the view's owner %s is %s", same.name, same.reader, same.exempt())
			if same.via == r.via && same.exempt() != "" && !slices.Contains(f.Evidence, text) {
				f.Evidence = append(f.Evidence, text)
			}
		}
		switch {
		case r.viewKind == "m":
			f.Severity, f.Code, f.Object = Warning, "rls-stored", "materialized view "+r.view
			f.Message = "it holds rows of tables with row-level security as its owner saw them, and has no policies of its own: every request sees all of them"
			f.Cure = "keep the rows in a table with policies of its own, or do not serve it to those who may not see all"
		case d.version >= 150000:
			f.Evidence = append(f.Evidence, "the view has no security_invoker")
			f.Cure = "let the view read with the rights of whoever asks, who then needs them on what the view reads"
			for _, below := range r.ungranted {
				f.Paste = append(f.Paste, "GRANT SELECT ON "+below+" TO "+ident(d.report.Server.Role)+";")
			}
			f.Paste = append(f.Paste, "ALTER VIEW "+r.view+" SET (security_invoker = true);")
		case r.super || r.bypass:
			f.Cure = "give the view to a role without SUPERUSER and BYPASSRLS that does not own the tables (ALTER VIEW " + r.view + " OWNER TO …); from PostgreSQL 15 on, security_invoker does it"
		default:
			f.Cure = "let the policies hold for the owner too; from PostgreSQL 15 on, security_invoker does it"
			for _, same := range d.reached {
				sql := "ALTER TABLE " + same.name + " FORCE ROW LEVEL SECURITY;"
				if same.via == r.via && same.exempt() != "" && !slices.Contains(f.Paste, sql) {
					f.Paste = append(f.Paste, sql)
				}
			}
		}
		d.report.add(f)
	}
}

package diagnose

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// oldest is the oldest version that is supported.
const oldest = 14

// endOfLife is the last day on which a version of PostgreSQL is maintained. Source: postgresql.org/support/versioning.
func endOfLife(major int) (time.Time, bool) {
	days := map[int][3]int{
		14: {2026, 11, 12}, 15: {2027, 11, 11}, 16: {2028, 11, 9}, 17: {2029, 11, 8}, 18: {2030, 11, 14},
	}
	day, ok := days[major]
	return time.Date(day[0], time.Month(day[1]), day[2], 0, 0, 0, 0, time.UTC), ok
}

const serverSQL = `
SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int, pg_catalog.current_database()::text, current_user::text,
	pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('row_security')::bool,
	coalesce((SELECT reset_val::int FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'), 0)`

// server looks at the version and at settings that matter to an app.
func (d *doctor) server(ctx context.Context) error {
	s := &d.report.Server
	var standby, rowSecurity bool
	var idleTimeout int // ms
	err := d.tx.QueryRow(ctx, serverSQL).Scan(&s.Version, &d.version, &s.Database, &s.Role, &standby, &rowSecurity, &idleTimeout)
	if err != nil {
		return err
	}
	s.Version, _, _ = strings.Cut(s.Version, " ") // what follows is the packager's
	d.report.checked("server", 5, "facts of its version and settings")
	major := d.version / 10000
	end, known := endOfLife(major)
	of := fmt.Sprintf("PostgreSQL %s", s.Version)
	switch {
	case major < oldest:
		d.report.add(Finding{
			Severity: Error, Code: "server-unsupported", Object: of, Message: fmt.Sprintf("versions before %d are not supported", oldest),
			Evidence: []string{fmt.Sprintf("server_version_num is %d", d.version)}, Source: "server_version_num", Cure: "upgrade to a version that is maintained, with pg_upgrade or logical replication",
		})
	case known && d.o.Now.After(end):
		d.report.add(Finding{
			Severity: Warning, Code: "server-end-of-life", Object: of, Message: fmt.Sprintf("version %d gets no fixes any more, not for security either", major),
			Evidence: []string{"its last day was " + end.Format(time.DateOnly)}, Source: "server_version_num and the project's versioning policy", Cure: "upgrade to a version that is maintained, with pg_upgrade or logical replication",
		})
	}
	if standby {
		d.report.add(Finding{
			Severity: Note, Code: "standby", Object: of, Message: "the server is a standby: what writes, such as mutations, fails here, and rows may be some seconds old",
			Evidence: []string{"pg_is_in_recovery() is true"}, Source: "pg_is_in_recovery()", Cure: "connect to the primary where this is not meant: target_session_attrs=primary in the URL finds it among several hosts",
		})
	}
	if !rowSecurity {
		d.report.add(Finding{
			Severity: Error, Code: "row-security-off", Object: "role " + s.Role, Message: "row_security is off, so a statement on a table with policies fails instead of giving the rows that they allow",
			Evidence: []string{"row_security is off"}, Source: "pg_settings", Cure: "leave it on for this role, and take it out of the URL's options",
			Paste: []string{"ALTER ROLE " + ident(s.Role) + " SET row_security = on;"},
		})
	}
	if idleTimeout > 0 {
		d.report.add(Finding{
			Severity: Warning, Code: "idle-session-timeout", Object: "role " + s.Role, Message: "the server closes connections that idle in the pool, which are then opened again when a request needs them",
			Evidence: []string{fmt.Sprintf("idle_session_timeout is %v", time.Duration(idleTimeout)*time.Millisecond)}, Source: "pg_settings",
			Cure: "switch it off for the role of the app: the pool closes and replaces its connections itself", Paste: []string{"ALTER ROLE " + ident(s.Role) + " SET idle_session_timeout = 0;"},
		})
	}
	return d.readOnlyDefault(ctx)
}

const readOnlySQL = `
SELECT r.rolname IS NULL, s.setconfig
FROM pg_catalog.pg_db_role_setting AS s
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
WHERE (s.setrole = 0 OR r.rolname = current_user) AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
AND EXISTS (SELECT FROM unnest(s.setconfig) AS c WHERE c ~ '^default_transaction_read_only=(on|true|yes|1)$')`

// readOnlyDefault looks where a read-only default is set: the session's own does not tell, since the pool sets it too.
func (d *doctor) readOnlyDefault(ctx context.Context) error {
	return d.each(ctx, readOnlySQL, nil, func(scan func(...any) error) error {
		var ofDatabase bool
		var settings []string
		if err := scan(&ofDatabase, &settings); err != nil {
			return err
		}
		of, alter := "role "+d.report.Server.Role, "ALTER ROLE "+ident(d.report.Server.Role)
		if ofDatabase {
			of, alter = "database "+d.report.Server.Database, "ALTER DATABASE "+ident(d.report.Server.Database)
		}
		d.report.add(Finding{
			Severity: Note, Code: "read-only-default", Object: of, Message: "its transactions are read-only unless they say otherwise: queries are anyway, but functions that write with fraiseql.DB outside of one fail",
			Evidence: settings, Source: "pg_db_role_setting", Cure: "take the setting back where this is not meant", Paste: []string{alter + " RESET default_transaction_read_only;"},
		})
		return nil
	})
}

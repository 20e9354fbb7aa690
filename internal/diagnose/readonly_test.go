package diagnose_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestNothingIsChanged: the doctor takes no transaction number, which every change would, and a view whose function writes
// is refused by the server when it is measured.
func TestNothingIsChanged(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{
		Settings: map[string]string{"autovacuum": "off"}, // it would take numbers of its own
		SQL: []string{people, made, tenants, `COMMENT ON VIEW v_user IS '@fraiseql:type';
CREATE TABLE log (at timestamptz);
CREATE SEQUENCE numbers;
CREATE FUNCTION writes() RETURNS text LANGUAGE sql VOLATILE AS 'INSERT INTO log VALUES (now()); SELECT nextval(''numbers'')::text';
CREATE VIEW v_writer AS SELECT p.id, jsonb_build_object('name', writes(), 'title', p.title) AS data FROM tb_post p;
COMMENT ON VIEW v_writer IS '@fraiseql:type
fields: {name: String, title: String}';
ANALYZE;`},
	})
	conn := server.Conn(t)
	state := func() (s string) {
		err := conn.QueryRow(t.Context(), `SELECT concat_ws(' ', pg_snapshot_xmax(pg_current_snapshot()), (SELECT count(*) FROM log), (SELECT last_value || is_called::text FROM numbers),
			(SELECT md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace),
			(SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting AS s))`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	for _, analyze := range []bool{false, true} {
		r := examine(t, server.URL, diagnose.Options{Analyze: analyze})
		if len(r.Findings) < 4 {
			t.Fatalf("this database has more than that:\n%s", text(r))
		}
		if after := state(); after != before {
			t.Fatalf("with analyze %v the database changed from %s to %s", analyze, before, after)
		}
		refused := false
		for _, f := range r.Findings {
			refused = refused || f.Object == "view public.v_writer" && strings.Contains(strings.Join(f.Evidence, " "), "read-only transaction")
		}
		if refused != analyze {
			t.Errorf("analyze %v: refused %v\n%s", analyze, refused, text(r))
		}
	}
}

package diagnose_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// examine runs the doctor as a role.
func examine(t *testing.T, url string, o diagnose.Options) *diagnose.Report {
	t.Helper()
	p, err := pool.Open(t.Context(), url, pool.Options{Size: 1, MaxOverflow: -1, FailFast: true, ReadOnly: true, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	o.Build.Discover = true
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // when all versions were maintained
	}
	r, err := diagnose.Run(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found gives the findings of a code about an object.
func found(r *diagnose.Report, code string) []diagnose.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f diagnose.Finding) bool { return f.Code != code })
}

// only gives the only finding of a code.
func only(t *testing.T, r *diagnose.Report, code string) diagnose.Finding {
	t.Helper()
	all := found(r, code)
	if len(all) != 1 {
		t.Fatalf("there are %d findings %s:\n%s", len(all), code, text(r))
	}
	f := all[0]
	if f.Object == "" || f.Message == "" || len(f.Evidence) == 0 && f.Code != "not-served" && f.Code != "nothing-served" || f.Source == "" || f.Cure == "" {
		t.Errorf("a finding must say what it is about, what was read and where, and the cure: %+v", f)
	}
	return f
}

func none(t *testing.T, r *diagnose.Report, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if len(found(r, code)) > 0 {
			t.Errorf("there is a finding %s:\n%s", code, text(r))
		}
	}
}

func text(r *diagnose.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(string(f.Severity) + " " + f.Code + " " + f.Object + ": " + f.Message + "\n\t" + strings.Join(append(f.Evidence, f.Paste...), "\n\t") + "\n")
	}
	return b.String()
}

func paste(t *testing.T, db *pgtest.DB, f diagnose.Finding) {
	t.Helper()
	if len(f.Paste) == 0 {
		t.Fatalf("there is nothing to paste: %+v", f)
	}
	for _, sql := range f.Paste { // one by one, as psql runs what is pasted into it
		db.Exec(t, sql)
	}
}

// answer serves a query from the database as it is.
func answer(t *testing.T, url, query string) string {
	t.Helper()
	app, err := fraiseql.New(fraiseql.Options{DatabaseURL: url, ConnectionPoolSize: 1, FailFast: true, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Shutdown(context.Background()) }()
	body, _ := json.Marshal(map[string]string{"query": query})
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	got, _ := io.ReadAll(w.Result().Body)
	if !strings.Contains(string(got), `"data"`) || strings.Contains(string(got), `"errors"`) {
		t.Fatalf("%s: %s", query, got)
	}
	return string(got)
}

// modern skips a test where views cannot read with the rights of whoever asks, unless nothing may be skipped.
func modern(t *testing.T) {
	t.Helper()
	var version int
	if err := pgtest.New(t).Conn(t).QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version < 150000 {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal("security_invoker came with PostgreSQL 15: name the programs of a newer one in FRAISEQL_POSTGRES_BIN")
		}
		t.Skip("security_invoker came with PostgreSQL 15")
	}
}

// healthy is a database with all that the doctor looks at, in order.
const healthy = `
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, tenant int);
CREATE INDEX ON tb_user (name);
CREATE TABLE tb_post (id int PRIMARY KEY, user_id int NOT NULL REFERENCES tb_user, title text NOT NULL);
CREATE INDEX ON tb_post (user_id); CREATE INDEX ON tb_post (title);
INSERT INTO tb_user SELECT n, 'name ' || n, n || '@example.org', 1 FROM generate_series(1, 2000) AS n;
INSERT INTO tb_post SELECT n, n, 'title ' || n FROM generate_series(1, 2000) AS n;
ALTER TABLE tb_user ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tb_user USING (tenant = nullif(current_setting('app.tenant', true), '')::int OR tenant = 1);
CREATE VIEW v_user WITH (security_invoker) AS SELECT id, name, email FROM tb_user;
CREATE VIEW v_post AS SELECT id, user_id, title FROM tb_post;
COMMENT ON VIEW v_user IS '@fraiseql:type
relations: {posts: {to: Post, by: {id: user_id}, many: true}}';
COMMENT ON VIEW v_post IS '@fraiseql:type
relations: {author: {to: User, by: {user_id: id}}}';
ANALYZE;`

func reader(t *testing.T, db *pgtest.DB, relations string) pgtest.Role {
	t.Helper()
	return db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON " + relations + " TO %s"}})
}

func TestNothingToSay(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, healthy)
	r := examine(t, reader(t, db, "v_user, v_post, tb_user").URL, diagnose.Options{})
	if len(r.Findings) > 0 || r.Worst() != "" || r.Errors+r.Warnings+r.Notes > 0 {
		t.Errorf("there are findings:\n%s", text(r))
	}
	looked := map[string]int{}
	for _, c := range r.Checked {
		looked[c.Check] = c.Things
	}
	want := map[string]int{"server": 5, "catalog": 2, "row security": 1, "indexes": 10, "documents": 0, "budget": 3}
	for check, n := range want {
		if looked[check] != n {
			t.Errorf("%s: looked at %d things, not at %d", check, looked[check], n)
		}
	}
	if b, _ := json.Marshal(r); !strings.Contains(string(b), `"findings":[]`) {
		t.Errorf("as JSON: %s", b)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, healthy)
	role := reader(t, db, "v_user, v_post, tb_user")
	db.Exec(t, "ALTER ROLE "+role.Name+" CONNECTION LIMIT 10")
	for _, test := range []struct {
		name     string
		o        pool.Options
		code     string
		severity diagnose.Severity
	}{
		{"fits twice", pool.Options{Size: 3, MaxOverflow: 2}, "", ""},
		{"fits once", pool.Options{Size: 4, MaxOverflow: 2}, "pool-deploy", diagnose.Warning},
		{"two replicas", pool.Options{Size: 4, MaxOverflow: 2, ReplicasHint: 2}, "pool-budget", diagnose.Error},
		{"never", pool.Options{Size: 9, MaxOverflow: 2}, "pool-ceiling", diagnose.Error},
		{"the defaults", pool.Options{}, "pool-ceiling", diagnose.Error},
	} {
		r := examine(t, role.URL, diagnose.Options{Pool: test.o})
		if test.code == "" {
			none(t, r, "pool-deploy", "pool-budget", "pool-ceiling")
			continue
		}
		f := only(t, r, test.code)
		if f.Severity != test.severity || !strings.Contains(strings.Join(f.Evidence, "\n"), "role limit 10") {
			t.Errorf("%s: %+v", test.name, f)
		}
		if test.name == "two replicas" && (len(f.Paste) != 1 || f.Paste[0] != "--connection-pool-size 1 --connection-pool-max-overflow 1") {
			t.Errorf("%s: %q", test.name, f.Paste)
		}
	}
	// What is advised fits.
	fits := pool.Options{Size: 1, MaxOverflow: 1, ReplicasHint: 2}
	none(t, examine(t, role.URL, diagnose.Options{Pool: fits}), "pool-deploy", "pool-budget", "pool-ceiling")
}

func TestPooler(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, healthy)
	r := examine(t, pgtest.PgBouncer(t, db.URL, nil), diagnose.Options{})
	if f := only(t, r, "pooler"); f.Severity != diagnose.Note {
		t.Errorf("%+v", f)
	}
	none(t, examine(t, db.URL, diagnose.Options{}), "pooler")
}

func TestServer(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, healthy)
	role := reader(t, db, "v_user, v_post, tb_user")
	later := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	only(t, examine(t, role.URL, diagnose.Options{Now: later}), "server-end-of-life")

	f := only(t, examine(t, db.URL, diagnose.Options{}), "rls-role-exempt")
	if f.Severity != diagnose.Error || !strings.Contains(strings.Join(f.Evidence, " "), "public.tb_user") || !strings.Contains(strings.Join(f.Paste, " "), "GRANT SELECT ON public.v_user TO fraiseql_app") {
		t.Errorf("%+v", f)
	}
	for _, alter := range []string{"ALTER ROLE " + role.Name, "ALTER DATABASE " + databaseOf(t, db)} {
		db.Exec(t, alter+" SET idle_session_timeout = '5min'")
		db.Exec(t, alter+" SET default_transaction_read_only = on")
		r := examine(t, role.URL, diagnose.Options{})
		only(t, r, "idle-session-timeout")
		ro := only(t, r, "read-only-default")
		if r.Worst() != diagnose.Warning || !strings.HasPrefix(ro.Paste[0], alter) {
			t.Errorf("%+v", ro)
		}
		db.Exec(t, "BEGIN READ WRITE; "+ro.Paste[0]+" COMMIT")
		db.Exec(t, "BEGIN READ WRITE; "+alter+" RESET idle_session_timeout; COMMIT")
		none(t, examine(t, role.URL, diagnose.Options{}), "idle-session-timeout", "read-only-default")
	}
	db.Exec(t, "ALTER ROLE "+role.Name+" SET row_security = off")
	off := only(t, examine(t, role.URL, diagnose.Options{}), "row-security-off")
	paste(t, db, off)
	none(t, examine(t, role.URL, diagnose.Options{}), "row-security-off")
}

func databaseOf(t *testing.T, db *pgtest.DB) string {
	t.Helper()
	var name string
	if err := db.Conn(t).QueryRow(t.Context(), "SELECT quote_ident(current_database())").Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSuperuserWithoutPolicies(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `CREATE TABLE tb_a (id int PRIMARY KEY); COMMENT ON TABLE tb_a IS '@fraiseql:type';`)
	f := only(t, examine(t, db.URL, diagnose.Options{}), "superuser")
	if f.Severity != diagnose.Warning {
		t.Errorf("%+v", f)
	}
	none(t, examine(t, db.Role(t, pgtest.RoleOptions{BypassRLS: true, Grants: []string{"GRANT SELECT ON tb_a TO %s"}}).URL, diagnose.Options{}), "superuser", "rls-role-exempt")
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	modern(t)
	db := pgtest.New(t, healthy+`
CREATE VIEW v_odd AS SELECT id, '(1,2)'::point AS at FROM tb_post; COMMENT ON VIEW v_odd IS '@fraiseql:type';
CREATE TABLE tv_place (id int PRIMARY KEY, data jsonb); COMMENT ON TABLE tv_place IS '@fraiseql:type
fields: {path: LTreePath}';`)
	r := examine(t, db.URL, diagnose.Options{})
	if f := only(t, r, "not-served"); !strings.Contains(f.Object, "v_odd.at") || f.Severity != diagnose.Warning {
		t.Errorf("%+v", f)
	}
	f := only(t, r, "ltree-missing")
	paste(t, db, f)
	none(t, examine(t, db.URL, diagnose.Options{}), "ltree-missing")

	empty := only(t, examine(t, db.URL, diagnose.Options{Schemas: []string{"nowhere"}}), "nothing-served")
	if empty.Severity != diagnose.Error || !strings.Contains(empty.Message, "no query") {
		t.Errorf("%+v", empty)
	}
}

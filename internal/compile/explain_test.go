package compile_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

// The same users four times: with nothing besides their columns, with five nested collections in columns of their own,
// with the same in a document that the view makes, and by a relation.
const shapes = `
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);
CREATE INDEX ON tb_user (email);
CREATE TABLE tb_a (id int PRIMARY KEY, user_id int NOT NULL REFERENCES tb_user, label text NOT NULL);
CREATE TABLE tb_b (LIKE tb_a INCLUDING ALL);
CREATE TABLE tb_c (LIKE tb_a INCLUDING ALL);
CREATE TABLE tb_d (LIKE tb_a INCLUDING ALL);
CREATE TABLE tb_e (LIKE tb_a INCLUDING ALL);
INSERT INTO tb_user SELECT n, 'name ' || n, 'user' || n || '@example.org' FROM generate_series(1, 3000) AS n;
INSERT INTO tb_a SELECT n, 1 + n % 3000, 'label' FROM generate_series(1, 3000) AS n;
INSERT INTO tb_b SELECT * FROM tb_a; INSERT INTO tb_c SELECT * FROM tb_a; INSERT INTO tb_d SELECT * FROM tb_a; INSERT INTO tb_e SELECT * FROM tb_a;
CREATE VIEW v_plain AS SELECT id, name, email FROM tb_user;
CREATE VIEW v_wide AS SELECT u.id, u.name, u.email,
	(SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_a x WHERE x.user_id = u.id) AS a,
	(SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_b x WHERE x.user_id = u.id) AS b,
	(SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_c x WHERE x.user_id = u.id) AS c,
	(SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_d x WHERE x.user_id = u.id) AS d,
	(SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_e x WHERE x.user_id = u.id) AS e
FROM tb_user u;
CREATE VIEW v_made AS SELECT u.id, jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email,
	'a', (SELECT jsonb_agg(jsonb_build_object('label', x.label)) FROM tb_a x WHERE x.user_id = u.id)) AS data
FROM tb_user u;
CREATE VIEW v_part AS SELECT id, user_id, label FROM tb_a;
COMMENT ON VIEW v_plain IS '@fraiseql:type
relations: {parts: {to: Part, by: {id: user_id}, many: true}}';
COMMENT ON VIEW v_wide IS '@fraiseql:type';
COMMENT ON VIEW v_made IS '@fraiseql:type
name: Made
queries: {list: mades}
fields: {id: Int!, name: String!, email: String!, a: [{label: String}]}';
COMMENT ON VIEW v_part IS '@fraiseql:type';
ANALYZE;`

// planned is a node of a plan as EXPLAIN writes it.
type planned struct {
	Node   string    `json:"Node Type"`
	Table  string    `json:"Relation Name"`
	Alias  string    `json:"Alias"`
	Output []string  `json:"Output"`
	Cost   float64   `json:"Total Cost"`
	Plans  []planned `json:"Plans"`
}

// each visits a node and all below it.
func (p planned) each(visit func(planned)) {
	visit(p)
	for _, below := range p.Plans {
		below.each(visit)
	}
}

func (p planned) tables() []string {
	var names []string
	p.each(func(n planned) {
		if n.Table != "" && !slices.Contains(names, n.Table) {
			names = append(names, n.Table)
		}
	})
	slices.Sort(names)
	return names
}

// planner compiles operations and asks a server for the plans of their statements.
type planner struct {
	docs *gqlop.Documents
	c    *compile.Compiler
	conn *pgx.Conn
}

func newPlanner(t *testing.T) (*pgtest.DB, *planner) {
	t.Helper()
	db := pgtest.New(t, shapes)
	facts, err := catalog.Read(context.Background(), db.Conn(t), catalog.Options{Schemas: []string{"public"}})
	if err != nil {
		t.Fatal(err)
	}
	s, problems, err := catalog.Build(facts, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return db, &planner{docs: documents(t, s), c: compile.New(s, 1000, 0), conn: db.Conn(t)}
}

// statements gives the SQL of an operation with its parameters.
func (p *planner) statements(t *testing.T, query string) (sql []string, params [][][]byte) {
	t.Helper()
	bound, err := bind(p.docs, p.c, query, "")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, root := range bound.Roots {
		for _, stmt := range []*compile.Statement{root.Facts, root.Statement} {
			if stmt == nil {
				continue
			}
			values, err := bound.Params(stmt, nil)
			if err != nil {
				t.Fatal(err)
			}
			sql, params = append(sql, stmt.SQL), append(params, values)
		}
	}
	return sql, params
}

func (p *planner) explain(t *testing.T, sql string, params [][]byte) planned {
	t.Helper()
	result := p.conn.PgConn().ExecParams(context.Background(), "EXPLAIN (VERBOSE, FORMAT JSON) "+sql, params, nil, nil, nil).Read()
	if result.Err != nil {
		t.Fatalf("%s: %v", sql, result.Err)
	}
	var plans []struct{ Plan planned }
	if err := json.Unmarshal(result.Rows[0][0], &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// plan gives the plan of an operation with one statement.
func (p *planner) plan(t *testing.T, query string) planned {
	t.Helper()
	sql, params := p.statements(t, query)
	if len(sql) != 1 {
		t.Fatalf("%s has %d statements", query, len(sql))
	}
	return p.explain(t, sql[0], params[0])
}

// TestColumnsArePruned: of a column view PostgreSQL does only what was selected.
func TestColumnsArePruned(t *testing.T) {
	t.Parallel()
	_, p := newPlanner(t)
	for _, args := range []string{"", "(limit: 20, offset: 40)", "(where: {name: {startsWith: \"name 1\"}}, orderBy: [{name: DESC}])"} {
		plain, wide := p.plan(t, "{ plains"+args+" { id name } }"), p.plan(t, "{ wides"+args+" { id name } }")
		if got := wide.tables(); !slices.Equal(got, []string{"tb_user"}) {
			t.Errorf("%s: the plan reads %v: collections that nobody selected are in it", args, got)
		}
		wide.each(func(n planned) {
			if all := strings.Join(n.Output, " "); strings.Contains(all, "jsonb") || strings.Contains(all, "SubPlan") {
				t.Errorf("%s: %s computes what nobody selected: %s", args, n.Node, all)
			}
		})
		if wide.Cost > 1.1*plain.Cost {
			t.Errorf("%s: with five collections that nobody selected it costs %.1f, without them %.1f", args, wide.Cost, plain.Cost)
		}
	}
	// What is selected is there, and only that.
	if got := p.plan(t, "{ wides { id c } }").tables(); !slices.Equal(got, []string{"tb_c", "tb_user"}) {
		t.Errorf("with one collection selected the plan reads %v", got)
	}
	if one := p.plan(t, `{ wide(id: 7) { name } }`); !slices.Equal(one.tables(), []string{"tb_user"}) || one.Cost > 1.1*p.plan(t, `{ plain(id: 7) { name } }`).Cost {
		t.Errorf("one row: %+v", one)
	}
}

// TestFirstPageIsPlannedOnce has PostgreSQL itself decide: it plans a statement without an offset once, and one with an offset
// that it does not know each time.
func TestFirstPageIsPlannedOnce(t *testing.T) {
	t.Parallel()
	_, p := newPlanner(t)
	for offset, want := range map[string]string{"0": "once", "20": "each time"} {
		bound, err := bind(p.docs, p.c, `query($o: Int!) { wides(limit: 20, offset: $o) { id a } }`, `{"o": `+offset+`}`)
		if err != nil {
			t.Fatal(err)
		}
		stmt := bound.Roots[0].Statement
		if _, err := p.conn.Prepare(t.Context(), stmt.Name, stmt.SQL); err != nil {
			t.Fatal(err)
		}
		params, err := bound.Params(stmt, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if err := p.conn.PgConn().ExecPrepared(t.Context(), stmt.Name, params, nil, nil).Read().Err; err != nil {
				t.Fatal(err)
			}
		}
		var once, eachTime int
		if err := p.conn.QueryRow(t.Context(), "select generic_plans, custom_plans from pg_prepared_statements where name = $1", stmt.Name).Scan(&once, &eachTime); err != nil {
			t.Fatal(err)
		}
		if (once == 20) != (want == "once") || (eachTime == 20) != (want == "each time") {
			t.Errorf("offset %s: of 20 executions %d used a plan made once and %d one of their own, want it planned %s", offset, once, eachTime, want)
		}
	}
}

// TestDocumentsAreMadeOnce: the document that a view makes stands behind a barrier, so that it is made once for each row
// and not once for each key.
func TestDocumentsAreMadeOnce(t *testing.T) {
	t.Parallel()
	_, p := newPlanner(t)
	made := func(n planned) (makes, reads int) {
		n.each(func(n planned) {
			for _, out := range n.Output {
				// The document itself begins with the function; a key of it that is read without a barrier has it inside.
				if at := strings.Index(out, "jsonb_build_object('id'"); at > 0 && strings.Contains(out[at:], "->") {
					makes++
				}
				if strings.HasPrefix(out, "(t0.data -> ") || strings.HasPrefix(out, "((t0.data ->> ") {
					reads++
				}
			}
		})
		return makes, reads
	}
	for _, args := range []string{"", "(limit: 20)", "(where: {email: {eq: \"user7@example.org\"}})", "(orderBy: [{name: ASC}])"} {
		plan := p.plan(t, "{ mades"+args+" { id name email } }")
		makes, reads := made(plan)
		barrier := false
		plan.each(func(n planned) { barrier = barrier || n.Node == "Subquery Scan" && n.Alias == "t0" })
		if makes != 0 || reads == 0 || !barrier {
			t.Errorf("%s: %d keys make the whole document, %d read it, barrier %v", args, makes, reads, barrier)
		}
	}
	// Without the barrier PostgreSQL does just that, or this test would show nothing.
	if makes, _ := made(p.explain(t, `select t0.data->'name', t0.data->'email' from v_made as t0`, nil)); makes < 2 {
		t.Errorf("without a barrier %d keys make the document", makes)
	}
}

// TestOnlySourcesAreRead: statements name views and never the tables below them, so that their owner's rights hold. A role
// that may read nothing but the views runs them all.
func TestOnlySourcesAreRead(t *testing.T) {
	t.Parallel()
	db, p := newPlanner(t)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON v_plain, v_wide, v_made, v_part TO %s"}})
	conn, err := pgx.Connect(t.Context(), role.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	p.conn = conn
	for _, query := range []string{
		`{ plains(where: {parts: {some: {label: {eq: "label"}}}}, orderBy: [{parts: {count: DESC}}]) { id parts(limit: 2) { label } } }`,
		`{ plain(id: 1) { name parts { label } } wides(offset: 5) { id a e } mades(orderBy: [{email: DESC}], offset: 3) { name a { label } } }`,
		`{ plainsConnection(first: 5, orderBy: [{name: ASC}]) { totalCount edges { cursor node { name } } pageInfo { hasNextPage } } }`,
		`{ plainsAggregate { count max { name } } madesGroups(by: [name]) { key { name } count } }`,
	} {
		sql, params := p.statements(t, query)
		for i := range sql {
			if strings.Contains(sql[i], "tb_") {
				t.Errorf("%s names a table below a view: %s", query, sql[i])
			}
			p.explain(t, sql[i], params[i])
		}
	}
}

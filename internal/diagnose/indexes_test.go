package diagnose_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

const unindexed = `
CREATE TABLE tb_user (id int PRIMARY KEY, slug text NOT NULL, name text NOT NULL, active bool NOT NULL, kind text NOT NULL, tags text[] NOT NULL, span int4range, words tsvector, info jsonb, bio text, story text);
CREATE TABLE tb_post (id int PRIMARY KEY, user_id int NOT NULL REFERENCES tb_user, title text NOT NULL, "order" int);
CREATE TABLE tb_small (id int PRIMARY KEY, user_id int NOT NULL REFERENCES tb_user, title text);
CREATE TABLE tv_doc (id int PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO tb_user SELECT n, 'slug ' || n, 'name ' || n, true, 'kind ' || n % 3, ARRAY['tag ' || n], int4range(n, n + 1), to_tsvector('word' || n), jsonb_build_object('n', n), repeat(md5(n::text), 9), CASE WHEN n < 300 THEN repeat(md5(n::text), 100) END FROM generate_series(1, 5000) AS n;
INSERT INTO tb_post SELECT n, n, 'title ' || n, n FROM generate_series(1, 5000) AS n;
INSERT INTO tb_small SELECT n, n, 'title ' || n FROM generate_series(1, 100) AS n;
INSERT INTO tv_doc SELECT n, jsonb_build_object('email', n || '@example.org', 'age', n, 'big', n, 'price', n, 'rate', n, 'key', md5(n::text)::uuid, 'host', '10.0.0.1', 'it''s', 'x' || n, 'born', '2020-01-01') FROM generate_series(1, 5000) AS n;
CREATE VIEW v_user AS SELECT id, slug, name, active, kind, tags, span, words, info, bio, story FROM tb_user;
CREATE VIEW v_post AS SELECT id, user_id, title, "order", upper(title) AS loud FROM tb_post;
CREATE VIEW v_small AS SELECT id, user_id, title FROM tb_small;
COMMENT ON VIEW v_user IS '@fraiseql:type
key: [slug]
relations: {posts: {to: Post, by: {id: user_id}, many: true}, smalls: {to: Small, by: {id: user_id}, many: true}}';
COMMENT ON VIEW v_post IS '@fraiseql:type';
COMMENT ON VIEW v_small IS '@fraiseql:type';
COMMENT ON TABLE tv_doc IS '@fraiseql:type
name: Doc
document: data
fields: {id: Int!, email: String, age: Int, big: BigInt, price: Decimal, rate: Float, key: UUID, host: IpAddress, "it''s": String, born: Date}';
COMMENT ON COLUMN tv_doc.id IS 'x';
ANALYZE;`

// TestIndexes: relations come first, then keys, then filters, by table; what is pasted makes the findings go away.
func TestIndexes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, strings.ReplaceAll(unindexed, `"it''s": String, `, ""))
	r := examine(t, db.URL, diagnose.Options{})
	relation, key := only(t, r, "relation-index"), only(t, r, "key-index")
	if relation.Severity != diagnose.Warning || !slices.Equal(relation.Paste, []string{"CREATE INDEX CONCURRENTLY ON public.tb_post (user_id);"}) ||
		relation.Object != "table public.tb_post" || !strings.Contains(relation.Evidence[1], "User.posts looks for user_id by way of view public.v_post") || !strings.Contains(relation.Evidence[0], "5000 rows") {
		t.Errorf("%+v", relation)
	}
	if key.Severity != diagnose.Warning || !slices.Equal(key.Paste, []string{"CREATE INDEX CONCURRENTLY ON public.tb_user (slug);"}) {
		t.Errorf("%+v", key)
	}
	filters := found(r, "filter-index")
	var pasted []string
	for _, f := range filters {
		if f.Severity != diagnose.Note {
			t.Errorf("%+v", f)
		}
		pasted = append(pasted, f.Paste...)
	}
	want := []string{
		`CREATE INDEX CONCURRENTLY ON public.tb_post (title);`,
		`CREATE INDEX CONCURRENTLY ON public.tb_post ("order");`,
		`CREATE INDEX CONCURRENTLY ON public.tb_user (name);`,
		`CREATE INDEX CONCURRENTLY ON public.tb_user USING gin (tags);`,
		`CREATE INDEX CONCURRENTLY ON public.tb_user USING gist (span);`,
		`CREATE INDEX CONCURRENTLY ON public.tb_user USING gin (words);`,
		`CREATE INDEX CONCURRENTLY ON public.tb_user USING gin (info);`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'email')::text));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'age')::int4));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'big')::int8));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'price')::numeric));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'rate')::float8));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'key')::uuid));`,
		`CREATE INDEX CONCURRENTLY ON public.tv_doc (((data->>'host')::inet));`,
	}
	if len(filters) != 3 || !slices.Equal(pasted, want) {
		t.Errorf("%d findings with\n%s", len(filters), strings.Join(pasted, "\n"))
	}
	for _, f := range slices.Concat([]diagnose.Finding{relation, key}, filters) {
		paste(t, db, f)
	}
	db.Exec(t, "ANALYZE")
	none(t, examine(t, db.URL, diagnose.Options{}), "relation-index", "key-index", "filter-index")
	proveIndexes(t, db)
}

// proveIndexes asks the planner whether the statements that we send use the indexes.
func proveIndexes(t *testing.T, db *pgtest.DB) {
	t.Helper()
	conn := db.Conn(t)
	facts, err := catalog.Read(t.Context(), conn, catalog.Options{Schemas: []string{"public"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := catalog.Build(facts, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if err != nil {
		t.Fatal(err)
	}
	docs, err := gqlop.New(s, gqlop.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{
		`docs(where: {email: {eq: "7@example.org"}}) { id }`, `docs(where: {age: {eq: 7}}) { id }`, `docs(where: {big: {in: ["7", "8"]}}) { id }`,
		`docs(where: {price: {eq: "7"}}) { id }`, `docs(where: {rate: {eq: 7}}) { id }`, `docs(where: {key: {eq: "00000000-0000-0000-0000-000000000000"}}) { id }`,
		`docs(orderBy: [{email: ASC}], limit: 5) { id }`, `docs(orderBy: [{age: DESC}], limit: 5) { id }`,
		`users(where: {tags: {contains: ["tag 7"]}}) { id }`, `users(where: {words: {matches: "word7"}}) { id }`, `users(where: {info: {contains: {n: 7}}}) { id }`,
		`users(where: {span: {contains: 7}}) { id }`, `user(slug: "slug 7") { id }`, `users(where: {name: {eq: "name 7"}}) { id }`,
		`posts(where: {order: {lt: 9}}) { id }`,
	} {
		op, err := docs.Read(&gqlop.Request{Query: "{ " + where + " }"})
		if err != nil {
			t.Fatal(where, err)
		}
		bound, err := compile.New(s, 1000, 0).Bind(op, nil, new(compile.Values), nil)
		if err != nil {
			t.Fatal(where, err)
		}
		stmt := bound.Roots[0].Statement
		params, err := bound.Params(stmt, nil)
		if err != nil {
			t.Fatal(err)
		}
		result := conn.PgConn().ExecParams(context.Background(), "EXPLAIN "+stmt.SQL, params, nil, nil, nil).Read()
		if result.Err != nil {
			t.Fatal(where, result.Err)
		}
		plan := ""
		for _, row := range result.Rows {
			plan += string(row[0]) + "\n"
		}
		if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") {
			t.Errorf("%s takes no index:\n%s", where, plan)
		}
	}
}

// TestIndexesThatServe: a leading column, a hash, a partial index behind a view, and an index that a view over a
// materialized view cannot use.
func TestIndexesThatServe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sql string
		missing   bool
	}{
		{"leading", "CREATE INDEX ON tb_post (user_id, id)", false},
		{"second", "CREATE INDEX ON tb_post (id, user_id)", true},
		{"hash", "CREATE INDEX ON tb_post USING hash (user_id)", false},
		{"partial", "CREATE INDEX ON tb_post (user_id) WHERE title IS NOT NULL", false},
		{"expression", "CREATE INDEX ON tb_post ((user_id + 1))", true},
		{"few rows", "DELETE FROM tb_post WHERE id > 900; VACUUM ANALYZE tb_post", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, unindexed)
			for sql := range strings.SplitSeq(test.sql, "; ") {
				db.Exec(t, sql)
			}
			r := examine(t, db.URL, diagnose.Options{})
			if got := len(found(r, "relation-index")) > 0; got != test.missing {
				t.Errorf("missing: %v\n%s", got, text(r))
			}
		})
	}
}

func TestPartitionedAndMaterialized(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
CREATE TABLE tb_user (id int PRIMARY KEY, name text);
CREATE TABLE tb_log (id int, user_id int) PARTITION BY RANGE (id);
CREATE TABLE tb_log_1 PARTITION OF tb_log FOR VALUES FROM (0) TO (1500);
CREATE TABLE tb_log_2 PARTITION OF tb_log FOR VALUES FROM (1500) TO (9000);
INSERT INTO tb_user SELECT n, 'n' FROM generate_series(1, 2999) AS n;
INSERT INTO tb_log SELECT n, n FROM generate_series(1, 2999) AS n;
CREATE MATERIALIZED VIEW mv_user AS SELECT id, name, id + 1 AS next FROM tb_user;
CREATE VIEW v_user AS SELECT id, name, next FROM mv_user;
COMMENT ON VIEW v_user IS '@fraiseql:type
relations: {logs: {to: Log, by: {id: user_id}, many: true}}';
COMMENT ON TABLE tb_log IS '@fraiseql:type
queries: {list: logs}
filters: [id]';
COMMENT ON MATERIALIZED VIEW mv_user IS '@fraiseql:type
name: Kept
key: [id]
filters: [next]';
ANALYZE;`)
	r := examine(t, db.URL, diagnose.Options{})
	if f := only(t, r, "relation-index"); !slices.Equal(f.Paste, []string{"CREATE INDEX ON public.tb_log (user_id);"}) || !strings.Contains(f.Evidence[0], "2999 rows") {
		t.Errorf("%+v", f)
	}
	keys := found(r, "key-index")
	if len(keys) != 2 || !slices.Equal(keys[0].Paste, []string{"CREATE INDEX CONCURRENTLY ON public.mv_user (id);"}) || !slices.Equal(keys[1].Paste, []string{"CREATE INDEX ON public.tb_log (id);"}) {
		t.Errorf("%+v", keys)
	}
	for _, f := range r.Findings {
		if strings.Contains(f.Object, "tb_user") {
			t.Errorf("nothing reads the table behind the materialized view: %+v", f)
		}
	}
	for _, f := range append(keys, found(r, "relation-index")...) {
		paste(t, db, f)
	}
	none(t, examine(t, db.URL, diagnose.Options{}), "relation-index", "key-index")
}

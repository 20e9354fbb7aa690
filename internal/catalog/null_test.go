package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

func TestNullness(t *testing.T) {
	t.Parallel()
	const tables = `
CREATE DOMAIN code AS text NOT NULL;
CREATE TABLE a (id int PRIMARY KEY, n text NOT NULL, o text);
CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL, m varchar(10) NOT NULL, o text, c code);
CREATE TABLE parent (id int NOT NULL, x text NOT NULL);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE part (id int NOT NULL, x text) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE VIEW inner_view AS SELECT id, n, o FROM a;
CREATE VIEW left_view AS SELECT a.id, b.m FROM a LEFT JOIN b ON b.a_id = a.id;
CREATE MATERIALIZED VIEW mat AS SELECT id, n FROM a;
`
	// Expected, by column: ! not null, ? plainly nullable, . unknown.
	tests := []struct{ name, view, want string }{
		{"plain", `SELECT id, n, o FROM a`, "!!?"},
		{"alias", `SELECT x.o AS first, x.n AS second FROM a AS x`, "?!"},
		{"where takes null rows away", `SELECT n, o FROM a WHERE o IS NOT NULL`, "!."},
		{"comma join", `SELECT a.n, a.o, b.m FROM a, b`, "!.!"},
		{"inner join", `SELECT a.n, b.m, b.o FROM a JOIN b ON b.a_id = a.id`, "!!."},
		{"left join", `SELECT a.n, b.m FROM a LEFT JOIN b ON b.a_id = a.id`, "!."},
		{"right join", `SELECT a.n, b.m FROM a RIGHT JOIN b ON b.a_id = a.id`, ".!"},
		{"full join", `SELECT a.n, b.m FROM a FULL JOIN b ON b.a_id = a.id`, ".."},
		{"inner join under a left one", `SELECT c.n, a.n AS n2, b.m FROM a AS c LEFT JOIN (a JOIN b ON b.a_id = a.id) ON a.id = c.id`, "!.."},
		{"left join under an inner one", `SELECT c.n, a.n AS n2, b.m FROM a AS c JOIN (a LEFT JOIN b ON b.a_id = a.id) ON a.id = c.id`, "!!."},
		{"using, inner", `SELECT id, a.n, b.m FROM a JOIN b USING (id)`, "!!!"},
		{"using, left", `SELECT id, a.n, b.m FROM a LEFT JOIN b USING (id)`, "!!."},
		{"using, right", `SELECT id, a.n, b.m FROM a RIGHT JOIN b USING (id)`, "!.!"},
		{"using, full", `SELECT id, a.n, b.m FROM a FULL JOIN b USING (id)`, "..."},
		{"named join", `SELECT j.n, j.m FROM (a LEFT JOIN b ON b.a_id = a.id) AS j (i, n, o, bi, ai, m)`, "!."},
		{"lateral", `SELECT a.n, s.m, s.o FROM a CROSS JOIN LATERAL (SELECT b.m, b.o FROM b WHERE b.a_id = a.id LIMIT 1) AS s`, "!!."},
		{"left lateral", `SELECT a.n, s.m FROM a LEFT JOIN LATERAL (SELECT b.m FROM b WHERE b.a_id = a.id LIMIT 1) AS s ON true`, "!."},
		{"expression", `SELECT upper(n) AS u, n || 'x' AS v, coalesce(o, 'x') AS c FROM a`, "..."},
		{"constant", `SELECT 1 AS one, NULL::text AS none FROM a`, "!."},
		{"relabelled", `SELECT m::text AS m, n::varchar AS n FROM b, a`, "!!"},
		{"scalar subquery", `SELECT (SELECT n FROM a WHERE a.id = b.id) AS n, m FROM b`, ".!"},
		{"union", `SELECT n FROM a UNION ALL SELECT n FROM a`, "."},
		{"union in a subquery", `SELECT s.n FROM (SELECT n FROM a UNION SELECT o FROM a) AS s`, "."},
		{"subquery", `SELECT s.n, s.o FROM (SELECT n, o FROM a) AS s`, "!?"},
		{"cte", `WITH s AS (SELECT n, o FROM a) SELECT s.n, s.o FROM s`, "!?"},
		{"cte twice", `WITH s AS (SELECT n FROM a), u AS (SELECT n FROM s) SELECT u.n, s.n AS n2 FROM u LEFT JOIN s ON true`, "!."},
		{"outer cte in a subquery", `WITH s AS (SELECT n FROM a) SELECT q.n FROM (SELECT s.n FROM s) AS q`, "!"},
		{"recursive cte", `WITH RECURSIVE s AS (SELECT n FROM a UNION SELECT n FROM s) SELECT n FROM s`, "."},
		{"group by", `SELECT n, count(*) AS c FROM a GROUP BY n`, "!."},
		{"grouping sets", `SELECT n, count(*) AS c FROM a GROUP BY GROUPING SETS ((n), ())`, ".."},
		{"rollup in a subquery", `SELECT s.n FROM (SELECT n FROM a GROUP BY ROLLUP (n)) AS s`, "."},
		{"distinct and order", `SELECT DISTINCT n FROM a ORDER BY n`, "!"},
		{"set returning", `SELECT n, generate_series(1, 2) AS g FROM a`, "!."},
		{"view over a view", `SELECT id, n, o FROM inner_view`, "!!?"},
		{"view over a left join", `SELECT id, m FROM left_view`, "!."},
		{"view on the nullable side", `SELECT a.id, i.n FROM a LEFT JOIN inner_view AS i ON i.id = a.id`, "!."},
		{"materialized view", `SELECT id, n FROM mat`, ".."},
		{"parent of others", `SELECT id, x FROM parent`, ".."},
		{"partitioned", `SELECT id, x FROM part`, "!?"},
		{"domain", `SELECT m, c FROM b`, "!."},
		{"function", `SELECT g FROM generate_series(1, 2) AS g`, "."},
		{"values", `SELECT v.x FROM (VALUES ('a'), (NULL)) AS v (x)`, "."},
		{"whole row", `SELECT (a).n AS n FROM inner_view AS a`, "!"},
		{"no table", `SELECT now() AS t`, "."},
		{"quotes in names", `SELECT n AS "{x :y (z) \ <>" FROM a`, "!"},
	}
	sql := tables
	for i, test := range tests {
		sql += fmt.Sprintf("CREATE VIEW probe_%d AS %s;\n", i, test.view)
	}
	f := read(t, catalog.Options{}, sql)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, r := range f.Relations {
				if r.Name != fmt.Sprintf("probe_%d", i) {
					continue
				}
				for _, c := range r.Columns {
					got.WriteByte(".!?"[c.Null])
				}
			}
			if got.String() != test.want {
				t.Errorf("got %s, want %s", &got, test.want)
			}
		})
	}
}

func TestUnknownRuleIsNoProof(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "(", "({QUERY", "({QUERY :commandType 1})", "{}", ")", "({QUERY :a (b {C :d}) e\\", strings.Repeat("(", 5000), strings.Repeat("{A :b ", 5000),
	} {
		_, _ = catalog.ParseNodes(text) // it must come back
	}
	tree, err := catalog.ParseNodes(`({NEW :x 4 [ 1 0 ] :y \"a\ b\" :z <> :l (i 1 2)} word)`)
	if err != nil || len(tree) != 2 {
		t.Errorf("got %v, %v, want a node and a word", tree, err)
	}
}

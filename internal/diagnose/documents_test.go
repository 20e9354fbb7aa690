package diagnose_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const people = `
CREATE TABLE tb_user (pk_user int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), name text NOT NULL,
	email text NOT NULL UNIQUE, age int, paid numeric(38, 10), seen timestamptz, tags text[] NOT NULL DEFAULT '{}', bio text);
CREATE TABLE tb_post (id int PRIMARY KEY, fk_user int NOT NULL REFERENCES tb_user, title text NOT NULL, body text);
CREATE INDEX ON tb_post (fk_user);
INSERT INTO tb_user (id, name, email, age, paid, seen, tags) SELECT md5('user' || n)::uuid, 'na''me, (' || n, n || '@example.org', n % 90, n / 7.0, timestamptz '2026-01-01 12:00+02' + n * interval '1 hour', ARRAY['a', 'b ' || n] FROM generate_series(1, 2000) AS n;
INSERT INTO tb_post SELECT n, n % 2000 + 1, 'title ' || n, 'body' FROM generate_series(1, 4000) AS n;`

// made is a view with a document of all kinds of keys.
const made = `
CREATE VIEW v_user AS SELECT u.id, jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email, 'age', u.age, 'paid', u.paid, 'seenAt', u.seen, 'order', upper(u.name),
	'it''s', u.name || ', (''x''',
	'posts', coalesce((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'title', p.title) ORDER BY p.id) FROM tb_post p WHERE p.fk_user = u.pk_user), '[]'::jsonb)) AS data
FROM tb_user u WHERE u.age IS DISTINCT FROM 99;`

const everything = "{ users(limit: 50, orderBy: [{email: ASC}]) { id name email age paid seenAt order posts { id title } } user(id: \"REAL\") { name } }"

// TestDocumentView: what is pasted makes the finding go away, gives the same answers to the same queries, and costs less.
func TestDocumentView(t *testing.T) {
	t.Parallel()
	modern(t)
	const id = "3e0469fb-1349-91f8-f75a-2760e409c6ed" // of the user that the query asks for
	everything := strings.ReplaceAll(everything, "REAL", id)
	for _, test := range []struct{ name, view, comment string }{
		{"by its rule", made, "@fraiseql:type\nexpose_fields: [id, name, email, age, paid, seenAt, order, posts]"},
		{"declared", made, "@fraiseql:type\nfields: {id: ID!, name: String!, email: String!, age: Int, paid: Decimal, seenAt: DateTime, order: String, posts: [{id: Int, title: String}]}"},
		{"declared, nested not null", made, "@fraiseql:type\nfields: {id: ID!, name: String!, email: String!, age: Int, paid: Decimal, seenAt: DateTime, order: String, posts: [{id: Int!, title: String!}]}\nnot_null: [posts]"},
		{"with options", strings.Replace(made, "v_user AS", "v_user WITH (security_invoker = true, security_barrier = true) AS", 1), "A user.\n@fraiseql:type\nexpose_fields: [id, name, email, age, paid, seenAt, order, posts]"},
		{"with a common table", strings.NewReplacer("AS SELECT u.id", "AS WITH all_users AS MATERIALIZED (SELECT * FROM tb_user) SELECT u.id", "FROM tb_user u", "FROM all_users u").Replace(made), "@fraiseql:type\nexpose_fields: [id, name, email, age, paid, seenAt, order, posts]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, people, test.view, "COMMENT ON VIEW v_user IS '"+test.comment+"'; ANALYZE")
			f := only(t, examine(t, db.URL, diagnose.Options{}), "document-view")
			if f.Severity != diagnose.Warning || f.Object != "view public.v_user" || !strings.Contains(f.Evidence[0], "{ users { id name } }") {
				t.Errorf("%+v", f)
			}
			before := answer(t, db.URL, everything)
			var options, grants string
			facts := `SELECT coalesce(reloptions::text, ''), coalesce(relacl::text, '') FROM pg_class WHERE relname = 'v_user'`
			db.Exec(t, "GRANT SELECT ON v_user TO public")
			if err := db.Conn(t).QueryRow(t.Context(), facts).Scan(&options, &grants); err != nil {
				t.Fatal(err)
			}
			paste(t, db, f)
			var nowOptions, nowGrants string
			if err := db.Conn(t).QueryRow(t.Context(), facts).Scan(&nowOptions, &nowGrants); err != nil || nowOptions != options || nowGrants != grants {
				t.Errorf("options %s became %s, grants %s became %s (%v)", options, nowOptions, grants, nowGrants, err)
			}
			if after := answer(t, db.URL, everything); after != before {
				t.Errorf("the answers differ:\n%s\n%s", before, after)
			}
			none(t, examine(t, db.URL, diagnose.Options{}), "document-view", "document-unmeasured")
		})
	}
}

// TestNestedStays: shapes that an annotation cannot tell stay in the document, and the rest becomes columns.
func TestNestedStays(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people, `CREATE VIEW v_user AS SELECT u.id, jsonb_build_object('name', u.name,
	'contact', jsonb_build_object('at', jsonb_build_object('email', u.email)), 'email', u.email,
	'posts', coalesce((SELECT jsonb_agg(jsonb_build_object('title', p.title) ORDER BY p.id) FROM tb_post p WHERE p.fk_user = u.pk_user), '[]'::jsonb)) AS data FROM tb_user u;
COMMENT ON VIEW v_user IS '@fraiseql:type'; ANALYZE`)
	const query = "{ users(limit: 20) { name contact { at { email } } email posts { title } } }"
	before := answer(t, db.URL, query)
	f := only(t, examine(t, db.URL, diagnose.Options{}), "document-view")
	if !strings.Contains(f.Cure, "nested objects stay") || len(f.Paste) != 1 {
		t.Errorf("%+v", f)
	}
	paste(t, db, f)
	if after := answer(t, db.URL, query); after != before {
		t.Errorf("the answers differ:\n%s\n%s", before, after)
	}
	none(t, examine(t, db.URL, diagnose.Options{}), "document-view")
}

// TestDocumentViewByTime measures instead of estimating.
func TestDocumentViewByTime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people, made, "COMMENT ON VIEW v_user IS '@fraiseql:type'; ANALYZE")
	f := only(t, examine(t, db.URL, diagnose.Options{Analyze: true}), "document-view")
	if !strings.Contains(f.Evidence[0], " ms through the document") {
		t.Errorf("%+v", f)
	}
}

// TestCheapDocuments: columns, stored documents and documents that cost little are no findings.
func TestCheapDocuments(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people, `
CREATE TABLE tv_user AS SELECT id, jsonb_build_object('name', name) AS data FROM tb_user; ALTER TABLE tv_user ADD PRIMARY KEY (id);
COMMENT ON TABLE tv_user IS '@fraiseql:type
name: Stored
fields: {name: String}';
CREATE VIEW v_passed AS SELECT id, data FROM tv_user;
COMMENT ON VIEW v_passed IS '@fraiseql:type
fields: {name: String}';
CREATE VIEW v_columns AS SELECT id, name FROM tb_user; COMMENT ON VIEW v_columns IS '@fraiseql:type';
CREATE VIEW v_cheap AS SELECT id, jsonb_build_object('age', age) AS data FROM tb_user; COMMENT ON VIEW v_cheap IS '@fraiseql:type
filters: [id]';
ANALYZE`)
	r := examine(t, db.URL, diagnose.Options{})
	none(t, r, "document-view", "document-unmeasured")
	for _, c := range r.Checked {
		if c.Check == "documents" && c.Things != 1 {
			t.Errorf("looked at %d documents", c.Things)
		}
	}
}

// TestOtherViews: where the view cannot be written, the finding says why.
func TestOtherViews(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, view, why string }{
		{"union", "SELECT id, jsonb_build_object('name', name) AS data FROM tb_user UNION ALL SELECT id, jsonb_build_object('name', email) FROM tb_user", "UNION"},
		{"distinct", "SELECT DISTINCT id, jsonb_build_object('name', name) AS data FROM tb_user", "DISTINCT"},
		{"row", "SELECT id, to_jsonb(u) AS data FROM tb_user u", "no jsonb_build_object"},
		{"larger", "SELECT id, jsonb_build_object('name', name) || '{}'::jsonb AS data FROM tb_user", "no jsonb_build_object"},
		{"below", "SELECT x.id, x.data FROM (SELECT id, jsonb_build_object('name', name) AS data FROM tb_user) x", "no jsonb_build_object"},
		{"keys", "SELECT id, jsonb_build_object('na' || 'me', name) AS data FROM tb_user", "not a constant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, people, "CREATE VIEW v_user AS "+test.view+"; COMMENT ON VIEW v_user IS '@fraiseql:type\nfields: {name: String}'")
			f := only(t, examine(t, db.URL, diagnose.Options{}), "document-unmeasured")
			if f.Severity != diagnose.Note || !strings.Contains(f.Evidence[0], test.why) || len(f.Paste) > 0 {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestDocumentOfOthers: a role that may read the view and not the tables gets the view to paste, and is told what could not
// be measured.
func TestDocumentOfOthers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people, made, "COMMENT ON VIEW v_user IS '@fraiseql:type'; ANALYZE")
	f := only(t, examine(t, reader(t, db, "v_user").URL, diagnose.Options{}), "document-unmeasured")
	if !strings.Contains(f.Evidence[0], "permission denied") {
		t.Errorf("%+v", f)
	}
	paste(t, db, f)
	none(t, examine(t, db.URL, diagnose.Options{}), "document-view")
}

package catalog_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

func TestShop(t *testing.T) {
	t.Parallel()
	sql, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		t.Fatal(err)
	}
	f := read(t, catalog.Options{Schemas: []string{"app", "public", "nowhere"}}, string(sql))
	s, problems := discover(t, f, "x_*", "public.zz*")
	loads(t, s)
	golden(t, "shop.graphql", s.SDL())
	golden(t, "shop.problems", texts(problems))

	for _, p := range problems {
		if p.Fatal || p.Object == "" || p.Message == "" || p.Cure == "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
	order := s.Type("Order")
	customer := order.Field("customer").Relation
	if len(customer.By) != 1 || customer.By[0].Local.Name != "fk_customer" || customer.By[0].Remote.Name != "pk_customer" {
		t.Errorf("customer joins by %+v, want the foreign key's columns", customer.By)
	}
	if by := s.Type("Customer").Field("orders").Relation; !by.Many || by.By[0].Local.Name != "pk_customer" || by.By[0].Remote.Name != "fk_customer" {
		t.Errorf("orders joins by %+v, want the foreign key's columns turned round", by.By)
	}
	for _, test := range []struct {
		typ, document string
		computed      bool
	}{{"Card", "data", true}, {"Stored", "data", false}, {"StoredView", "body", false}, {"Order", "", false}, {"Json", "", false}} {
		src := s.Type(test.typ).Source
		if src.Document != test.document || src.Computed != test.computed {
			t.Errorf("%s: document %q, computed %v, want %q, %v", test.typ, src.Document, src.Computed, test.document, test.computed)
		}
	}
	for _, test := range []struct {
		column string
		want   schema.Column
	}{
		{"id", schema.Column{Type: "int8", OID: 20, NotNull: true, Ordered: true}},
		{"a_numeric", schema.Column{Type: "numeric", OID: 1700, Ordered: true}},
		{"a_varchar", schema.Column{Type: "varchar", OID: 1043, Ordered: true}},
		{"a_cidr", schema.Column{Type: "cidr", OID: 650, Ordered: true}},
		{"a_char", schema.Column{Type: `"char"`, OID: 18, Ordered: true}},
		{"a_bit", schema.Column{Type: `"bit"`, OID: 1560, Ordered: true}},
		{"an_xml", schema.Column{Type: "xml", OID: 142}},
		{"a_json", schema.Column{Type: "json", OID: 114}},
		{"texts", schema.Column{Type: "text[]", OID: 1009, Array: true, Ordered: true}},
		{"small", schema.Column{Type: "int4", OID: 23, Ordered: true}},
		{"stats", schema.Column{Type: `"app"."order_status"[]`, Array: true, Ordered: true}},
		{"odd", schema.Column{Type: `"app"."odd"`, Ordered: true}},
	} {
		got := *s.Type("Everything").Source.Column(test.column)
		test.want.Name = test.column
		if test.want.OID == 0 {
			got.OID = 0 // differs from database to database
		}
		if got != test.want {
			t.Errorf("column %s: got %+v, want %+v", test.column, got, test.want)
		}
	}
}

func TestEmptyEqualsFull(t *testing.T) {
	t.Parallel()
	const sql = `
CREATE TABLE tv_thing (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int, data jsonb);
CREATE VIEW v_thing AS SELECT id, n, jsonb_build_object('n', n, 'big', n::bigint * 2) AS data FROM tv_thing;
COMMENT ON VIEW v_thing IS '@fraiseql:type';
COMMENT ON TABLE tv_thing IS '@fraiseql:type
name: Stored
fields: {id: ID!, name: String, other: {x: Int}}';`
	db := pgtest.New(t, sql)
	conn := db.Conn(t)
	empty, _ := discover(t, readFrom(t, conn, catalog.Options{}))
	db.Exec(t, `INSERT INTO tv_thing (n, data) VALUES (1, '{"name": 5, "unknown": [1]}'), (NULL, '[]'), (3, NULL)`)
	full, _ := discover(t, readFrom(t, conn, catalog.Options{}))
	if empty.SDL() != full.SDL() {
		t.Error(diff(empty.SDL(), full.SDL()))
	}
}

func TestPrivileges(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
CREATE SCHEMA shut;
CREATE TABLE shut.v_shut (id int PRIMARY KEY);
COMMENT ON TABLE shut.v_shut IS '@fraiseql:type';
CREATE TABLE v_none (id int PRIMARY KEY);
COMMENT ON TABLE v_none IS '@fraiseql:type';
CREATE TABLE v_some (id int PRIMARY KEY, name text, "Secret" text, rank int);
COMMENT ON TABLE v_some IS '@fraiseql:type
relations: {other: {to: Some, by: {rank: id}}}';
CREATE TABLE v_all (id int PRIMARY KEY, name text);
COMMENT ON TABLE v_all IS '@fraiseql:type';
`)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{`GRANT SELECT (id, name) ON v_some TO %s`, `GRANT SELECT ON v_all TO %s`}})
	conn, err := pgx.Connect(t.Context(), role.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	f := readFrom(t, conn, catalog.Options{Schemas: []string{"public", "shut"}})
	s, problems := discover(t, f)
	got := texts(problems)
	for _, want := range []string{
		"comment on table public.v_none: the role may not read table public.v_none; GRANT SELECT ON public.v_none TO",
		"comment on table shut.v_shut: the role may not use schema shut; GRANT USAGE ON SCHEMA shut TO",
		"may not read the columns Secret, rank, so they are left out; GRANT SELECT (\"Secret\", rank)",
		"relation other: the role may not read the column public.v_some.rank; GRANT SELECT (rank) ON public.v_some TO",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no problem says %q in\n%s", want, got)
		}
	}
	if s.Type("Some").Field("name") == nil || s.Type("Some").Field("rank") != nil || s.Type("Some").Source.Column("rank") != nil {
		t.Error("of v_some, only the columns that are granted may be served")
	}
	// What Go declares must be there whole.
	_, problems, err = catalog.Build(f, schema.Declarations{Types: []schema.TypeDecl{
		{Name: "A", Origin: "Go type A", Source: "v_none", Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "ID!"}}},
		{Name: "B", Origin: "Go type B", Source: "v_some", Closed: true, Fields: []schema.FieldDecl{{Name: "rank", Type: "Int"}}},
	}}, catalog.BuildOptions{})
	if err == nil || len(problems) != 2 || !problems[0].Fatal || !problems[1].Fatal {
		t.Errorf("got %v and\n%s", err, texts(problems))
	}
}

func TestSourcesInOtherSchemas(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{Sources: []string{"other.v_x", `"Odd one"."v.y"`, "v_z"}}, `
CREATE SCHEMA other;
CREATE SCHEMA "Odd one";
CREATE TABLE other.base (id int NOT NULL);
CREATE TABLE other.unrelated (id int NOT NULL);
CREATE VIEW other.v_x AS SELECT id FROM other.base;
CREATE TABLE "Odd one"."v.y" (id int);
CREATE VIEW v_z AS SELECT id FROM other.base;
COMMENT ON VIEW v_z IS 'plain';`)
	names := map[string]bool{}
	for _, r := range f.Relations {
		names[r.Schema+"/"+r.Name] = !r.Inner
	}
	want := map[string]bool{"other/v_x": true, "other/base": false, "Odd one/v.y": true, "public/v_z": true}
	for name, served := range want {
		if got, ok := names[name]; !ok || got != served {
			t.Errorf("%s: read %v, served %v, want served %v", name, ok, got, served)
		}
	}
	if len(names) != len(want) {
		t.Errorf("got %v, want %v", names, want)
	}
	id := []schema.FieldDecl{{Name: "id", Type: "Int"}}
	s, problems, err := catalog.Build(f, schema.Declarations{
		Types: []schema.TypeDecl{
			{Name: "X", Source: "other.v_x", Origin: "Go type X", Closed: true, Fields: id},
			{Name: "Y", Source: `"Odd one"."v.y"`, Origin: "Go type Y", Closed: true, Fields: id},
			{Name: "Z", Source: "v_z", Origin: "Go type Z", Closed: true, Fields: id},
		},
		Queries: []schema.QueryDecl{
			{Name: "x", Kind: schema.List, Type: "X"}, {Name: "y", Kind: schema.List, Type: "Y"}, {Name: "z", Kind: schema.List, Type: "Z"},
		},
	}, catalog.BuildOptions{})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, texts(problems))
	}
	if src := s.Type("Y").Source; src.Schema != "Odd one" || src.Name != "v.y" {
		t.Errorf("got %+v", src)
	}
	if s.Type("Z").Description != "plain" {
		t.Errorf("a comment describes a type that Go does not: %q", s.Type("Z").Description)
	}
}

func TestReadManyTables(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE tb_root (id uuid PRIMARY KEY)`, `DO $$ BEGIN
FOR i IN 1..1000 LOOP
	EXECUTE format('CREATE TABLE tb_t%s (id int PRIMARY KEY, a text NOT NULL, b numeric, c timestamptz, d uuid REFERENCES tb_root)', i);
	EXECUTE format('CREATE VIEW v_t%s AS SELECT id, a, b, c, d FROM tb_t%s', i, i);
	EXECUTE format('COMMENT ON VIEW v_t%s IS %L', i, E'@fraiseql:type\nrelations: {root: {to: Root}}');
END LOOP;
END $$`)
	s, problems := discover(t, f, "tb_root")
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	if n := len(s.Query.Fields); n != 5*1001 {
		t.Errorf("%d queries, want five for each of 1001 types", n)
	}
	if f := s.Type("T1000").Field("root"); f == nil || f.Relation.By[0].Local.Name != "d" || s.Type("T1").Field("a").Type.String() != "String!" {
		t.Errorf("root: %+v", f)
	}
}

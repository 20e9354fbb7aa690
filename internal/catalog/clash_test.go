package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// TestClashesLeaveTheRestServed takes names that the API needs itself: only what bears them is
// left out.
func TestClashesLeaveTheRestServed(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TABLE a_first (id int PRIMARY KEY);
COMMENT ON TABLE a_first IS '@fraiseql:type
name: PostWhereInput';
CREATE TABLE post (id int PRIMARY KEY);
CREATE TABLE z_last (id int PRIMARY KEY);
COMMENT ON TABLE z_last IS '@fraiseql:type
name: OddWhereInput';
CREATE TABLE odd (id int PRIMARY KEY);`)
	s, problems := discover(t, f, "*")
	loaded := loads(t, s)
	// The annotated types come first, so the plain ones give way.
	for name, want := range map[string]bool{"PostWhereInput": true, "OddWhereInput": true, "Post": false, "Odd": false} {
		if got := loaded.Types[name] != nil; got != want {
			t.Errorf("%s: served is %t, want %t", name, got, want)
		}
	}
	told := texts(problems)
	for _, part := range []string{"need the type name PostWhereInput", "need the type name OddWhereInput"} {
		if !strings.Contains(told, part) {
			t.Errorf("%q is not told: %s", part, told)
		}
	}
}

func TestFieldsNamedAsJunctions(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE odd (id int PRIMARY KEY, "AND" int, "NOT" int)`)
	s, problems := discover(t, f, "*")
	loaded := loads(t, s)
	if odd := loaded.Types["Odd"]; odd == nil || odd.Fields.ForName("AND") == nil || odd.Fields.ForName("NOT") == nil {
		t.Errorf("the columns are not served:\n%s", s.SDL())
	}
	if got := len(loaded.Types["OddWhereInput"].Fields); got != 4 {
		t.Errorf("%d fields of the filter, want AND, OR, NOT and id", got)
	}
	if told := texts(problems); strings.Count(told, "left out of filters") != 2 {
		t.Errorf("it is not told: %s", told)
	}
}

// TestKeyTwice: of a key that stands twice in a document, PostgreSQL keeps the last value.
func TestKeyTwice(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TABLE tb (id int PRIMARY KEY, b bytea);
CREATE VIEW v_two AS SELECT id, jsonb_build_object('x', id, 'x', b) AS data FROM tb`)
	s, _ := discover(t, f, "v_*")
	if got := loads(t, s).Types["Two"].Fields.ForName("x").Type.String(); got != "Bytes" {
		t.Errorf("got %s, want Bytes", got)
	}
}

// TestChecksOfNull: a check may exclude null as NOT NULL does, so nothing is proven.
func TestChecksOfNull(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE c (a text CHECK (a IS NOT NULL), b int CHECK (b > 0), c text)`)
	var got strings.Builder
	for _, c := range f.Relations[0].Columns {
		got.WriteByte(".!?"[c.Null])
	}
	if got.String() != ".??" {
		t.Errorf("got %s, want .??", &got)
	}
}

// TestSourceBeyondASCII finds a relation by a name of letters that take several bytes.
func TestSourceBeyondASCII(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE "v_übung" (id int PRIMARY KEY)`)
	for _, source := range []string{"v_übung", `public."v_übung"`} {
		_, _, err := catalog.Build(f, schema.Declarations{
			Types:   []schema.TypeDecl{{Name: "Exercise", Origin: "test", Source: source, Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "Int!"}}}},
			Queries: []schema.QueryDecl{{Name: "exercises", Origin: "test", Kind: schema.List, Type: "Exercise"}},
		}, catalog.BuildOptions{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

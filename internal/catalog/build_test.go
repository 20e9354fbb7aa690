package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// facts makes a small catalog by hand: users with posts, and a stored document.
func facts() *catalog.Facts {
	const integer, text, boolean, uuid, jsonb, money, texts, status, bigint, place = 23, 25, 16, 2950, 3802, 790, 1009, 50000, 20, 50001
	base := func(oid uint32, name string, ordered bool) *catalog.Type {
		return &catalog.Type{OID: oid, Schema: "pg_catalog", Name: name, Kind: 'b', Ordered: ordered}
	}
	f := &catalog.Facts{Schemas: []string{"public", "app"}, Types: map[uint32]*catalog.Type{
		integer: base(integer, "int4", true), text: base(text, "text", true), boolean: base(boolean, "bool", true), bigint: base(bigint, "int8", true),
		uuid: base(uuid, "uuid", true), jsonb: base(jsonb, "jsonb", true), money: base(money, "money", true),
		texts:  {OID: texts, Schema: "pg_catalog", Name: "_text", Kind: 'b', Elem: text},
		status: {OID: status, Schema: "public", Name: "status", Kind: 'e', Ordered: true, Labels: []string{"new", "in-work"}},
		place:  {OID: place, Schema: "public", Name: "place", Kind: 'c', Attributes: []catalog.Attribute{{Name: "town", Type: text}, {Name: "zip_code", Type: integer}, {Name: "worth", Type: money}}},
	}}
	column := func(name string, typ uint32, null catalog.Nullness) *catalog.Column {
		return &catalog.Column{Name: name, Type: typ, Null: null, Readable: true}
	}
	f.Relations = []*catalog.Relation{
		{OID: 1, Schema: "public", Name: "tb_post", Kind: 'r', Usage: true, Readable: true, PrimaryKey: []string{"id"}, Columns: []*catalog.Column{
			column("id", uuid, catalog.NotNull), column("author_id", uuid, catalog.NotNull), column("editor_id", uuid, catalog.Nullable),
			column("title", text, catalog.NotNull), column("status", status, catalog.NotNull), column("likes", integer, catalog.Nullable),
			column("tags", texts, catalog.NotNull), column("meta", jsonb, catalog.Nullable),
		}, ForeignKeys: []catalog.ForeignKey{
			{Columns: []string{"author_id"}, Table: 2, RemoteColumns: []string{"id"}},
			{Columns: []string{"editor_id"}, Table: 2, RemoteColumns: []string{"id"}},
		}},
		{OID: 2, Schema: "public", Name: "tb_user", Kind: 'r', Usage: true, Readable: true, PrimaryKey: []string{"id"}, Columns: []*catalog.Column{
			column("id", uuid, catalog.NotNull), column("name", text, catalog.Nullable), column("active", boolean, catalog.Nullable),
			column("wage", money, catalog.Nullable), column("foo_1", integer, catalog.Unknown), column("foo1", integer, catalog.Unknown),
			column("size", bigint, catalog.Unknown), column("favourite", text, catalog.Unknown), column("home", place, catalog.Unknown),
		}},
		{OID: 3, Schema: "app", Name: "tv_doc", Kind: 'r', Usage: true, Readable: true, Columns: []*catalog.Column{
			column("id", uuid, catalog.NotNull), column("data", jsonb, catalog.NotNull), column("post_id", uuid, catalog.NotNull),
		}},
		{OID: 4, Schema: "public", Name: "keyless", Kind: 'v', Usage: true, Readable: true, Columns: []*catalog.Column{column("n", integer, catalog.Unknown)}},
	}
	return f
}

func status() schema.EnumDecl {
	return schema.EnumDecl{Name: "Status", Origin: "Go type Status", Values: []schema.EnumValue{{Name: "NEW", Label: "new"}, {Name: "IN_WORK", Label: "in-work"}}}
}

func object(name, source string, fields ...schema.FieldDecl) schema.TypeDecl {
	return schema.TypeDecl{Name: name, Origin: "Go type " + name, Source: source, Closed: true, Fields: fields}
}

func field(name, typ string) schema.FieldDecl { return schema.FieldDecl{Name: name, Type: typ} }

func list(name, typ string) schema.QueryDecl {
	return schema.QueryDecl{Name: name, Kind: schema.List, Type: typ, Origin: "query " + name}
}

func resolver(context.Context, json.RawMessage) (schema.Result, error) { return schema.Result{}, nil }

// blog declares what fits the facts.
func blog() schema.Declarations {
	return schema.Declarations{
		Title: "Blog", Description: "A blog.",
		Enums: []schema.EnumDecl{status(), {Name: "Colour", Origin: "Go type Colour", Values: []schema.EnumValue{{Name: "red"}, {Name: "blue"}}}},
		Inputs: []schema.InputDecl{{
			Name: "Span", Origin: "Go type Span",
			Fields: []schema.ArgDecl{{Name: "from", Type: "Int!", Default: "0"}, {Name: "inner", Type: "Span"}, {Name: "status", Type: "[Status!]", Default: "[NEW]"}},
		}, {Name: "Pick", Origin: "Go type Pick", OneOf: true, Fields: []schema.ArgDecl{{Name: "id", Type: "ID"}, {Name: "title", Type: "String"}}}},
		Types: []schema.TypeDecl{
			object("User", "tb_user", field("id", "ID!"), field("name", "String"), field("size", "BigInt"), field("favourite", "Colour"), field("home", "Home"),
				schema.FieldDecl{Name: "posts", Type: "[Post!]!", By: []schema.Pair{{Local: "id", Remote: "author_id"}}}),
			object("Post", "public.tb_post", field("id", "ID!"), field("title", "String!"), field("status", "Status!"), field("likes", "Int"), field("tags", "[String!]!"),
				field("meta", "Meta"), field("author", "User!"), field("editor", "User"),
				schema.FieldDecl{Name: "writer", SQLName: "author_id", Type: "UUID", Deprecated: "use author"}),
			object("Meta", "", field("zipCode", "String"), field("colour", "Colour"), field("parts", "[Part!]")),
			object("Part", "", field("n", "Int!")),
			{
				Name: "Doc", Origin: "Go type Doc", Source: "tv_doc", Closed: true, Key: []string{"id"}, Filters: []string{"address", "total"}, Fields: []schema.FieldDecl{
					field("id", "ID!"), field("total", "Decimal!"), field("address", "Meta"),
					{Name: "street", SQLName: "the street", Type: "String"},
					field("parts", "[Part!]!"),
					{Name: "post", Type: "Post", By: []schema.Pair{{Local: "post_id", Remote: "id"}}},
				},
			},
			object("Stats", "", field("count", "Int!")),
			object("Home", "", field("town", "String"), field("zipCode", "Int")),
		},
		Queries: []schema.QueryDecl{
			list("users", "User"),
			{Name: "post", Kind: schema.One, Type: "Post", Origin: "query post"},
			list("docs", "Doc"),
			{Name: "stats", Kind: schema.Resolve, Type: "Stats!", Resolver: resolver, Description: "Counts.", Origin: "query stats", Args: []schema.ArgDecl{
				{Name: "span", Type: "Span!"}, {Name: "pick", Type: "Pick"}, {Name: "factor", Type: "Float", Default: "1.5"},
			}},
		},
		Batches: []schema.BatchDecl{{On: "User", Name: "avatar", Type: "String", Needs: []string{"name", "id"}, Origin: "field User.avatar", Batch: schema.Batch{
			Resolve: func(context.Context, []json.RawMessage) ([]json.RawMessage, error) { return nil, nil },
		}}},
	}
}

func TestBuildDeclared(t *testing.T) {
	t.Parallel()
	s, problems, err := catalog.Build(facts(), blog(), catalog.BuildOptions{Discover: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, texts(problems))
	}
	loads(t, s)
	golden(t, "declared.graphql", s.SDL())

	if needs := s.Type("User").Field("avatar").Batch.Needs; len(needs) != 2 || needs[0] != s.Type("User").Field("name") || needs[1] != s.Type("User").Field("id") {
		t.Errorf("needs %v, want the type's own fields name and id", needs)
	}
	post := s.Type("Post")
	if by := post.Field("author").Relation.By; len(by) != 1 || by[0].Local != post.Source.Column("author_id") || by[0].Remote != s.Type("User").Source.Column("id") {
		t.Errorf("author joins by %+v, want the foreign key that its name tells", by)
	}
	if post.Field("meta").Column == nil || post.Field("meta").Key != "" {
		t.Error("a JSON column with a shape is read from the column")
	}
	if got := s.Type("Meta").Field("zipCode").Key; got != "zip_code" {
		t.Errorf("the key of zipCode is %q, want zip_code", got)
	}
	doc := s.Type("Doc")
	if doc.Source.Document != "data" || doc.Source.Computed || doc.Field("total").Key != "total" || doc.Field("street").Key != "the street" || doc.Field("id").Column == nil {
		t.Errorf("a native column wins over the document, and the rest is in it: %+v", doc.Source)
	}
	if root := s.Query.Field("stats").Root; root.Kind != schema.Resolve || root.Resolver == nil || root.Of != nil {
		t.Errorf("stats: %+v", root)
	}
	if root := s.Query.Field("post").Root; root.Kind != schema.One || root.Of != post {
		t.Errorf("post: %+v", root)
	}
	if v, _ := s.Type("Status").Value("IN_WORK"); v.Label != "in-work" {
		t.Errorf("got %+v", v)
	}
}

// Each case changes what fits and names the only problem that may come of it.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(f *catalog.Facts, d *schema.Declarations)
		want   string
	}{
		{"no source", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Source = "tb_usr" }, "Go type User: there is no table or view tb_usr in schema public, app; did you mean tb_user?"},
		{"no column", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[1].Name = "nam" }, "Go type User, field nam: table public.tb_user has no column nam; did you mean name? it has id, name, active, wage, foo_1, foo1, size, favourite, home"},
		{"two columns", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[2] = field("foo1", "Int") }, "Go type User, field foo1: the columns foo_1 and foo1 could both be meant; name the column"},
		{"other type", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[1].Type = "Int" }, "Go type User, field name: the column name is text, which cannot be served as Int; declare String or ID"},
		{"bigint as Int", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[2].Type = "Int" }, "the column size is int8, which cannot be served as Int; declare BigInt or ID"},
		{"uuid as String", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[0].Type = "String!" }, "the column id is uuid, which cannot be served as String!; declare UUID or ID"},
		{"array as scalar", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[1].Fields[4].Type = "String" }, "the column tags is text[], which cannot be served as String; declare a list of String or ID"},
		{"scalar as array", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[1].Fields[1].Type = "[String]" }, "the column title is text, which cannot be served as [String]; declare String or ID"},
		{"enum as String", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[1].Fields[2].Type = "String!" }, `the column status is "public"."status", which cannot be served as String!; declare Status`},
		{"json as String", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[1].Fields[5].Type = "String" }, "the column meta is jsonb, which cannot be served as String; declare JSON, a list, or a type without a source for an object"},
		{"composite's attribute", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[6].Fields[0].Name = "city" }, `Go type User, field home: the column home is "public"."place", which cannot be served as Home; declare Place`},
		{"composite's attribute of another type", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[6].Fields[1].Type = "String" }, "which cannot be served as Home; declare Place"},
		{"enum on a number", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[1].Fields[3].Type = "Colour" }, "the column likes is int4, which cannot be served as Colour; declare Int, BigInt or ID"},
		{"no type for it", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[0].Fields = append(d.Types[0].Fields, field("wage", "Decimal"))
		}, "the column wage is money, which cannot be served as Decimal; cast it in a view, as in wage::text AS wage"},
		{"nullable", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[1].Type = "String!" }, "Go type User, field name: it is declared String!, but the column public.tb_user.name may hold null; declare it nullable, or ALTER TABLE public.tb_user ALTER COLUMN name SET NOT NULL"},
		{"not a type", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[1].Type = "String!!" }, `"String!!" is not a type`},
		{"unknown type", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[2].Fields[1].Type = "Color" }, "Go type Meta, field colour: there is no type Color; did you mean Colour?"},
		{"twice", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[0].Fields = append(d.Types[0].Fields, schema.FieldDecl{Name: "name", SQLName: "active", Type: "Boolean"})
		}, "name and active would both be named name"},
		{"bad name", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[0].Fields[2].Name, d.Types[0].Fields[2].SQLName = "a-b", "size"
		}, `"a-b" cannot be a field's name`},
		{"bad type name", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[5].Name, d.Queries = "__Stats", d.Queries[:3] }, `Go type Stats: "__Stats" cannot be a type's name`},
		{"type name taken", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types = append(d.Types, object("Colour", "", field("x", "Int")))
		}, "Go type Colour: the type name Colour is taken by Go type Colour"},
		{"scalar's name", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types = append(d.Types, object("Date", "", field("x", "Int")))
		}, "the type name Date is taken by a scalar"},
		{"filter's name", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types = append(d.Types, object("IDFilter", "", field("x", "Int")))
		}, "the type name IDFilter is taken by a generated type"},
		{"where's name", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types = append(d.Types, object("UserWhereInput", "", field("x", "Int")))
		}, "type UserWhereInput: the name is needed for filters or orders, and Go type UserWhereInput has it; give Go type UserWhereInput another name"},
		{"by unknown column", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[0].Fields[5].By = []schema.Pair{{Local: "id", Remote: "auther_id"}}
		}, "Go type User, field posts: table public.tb_post has no column auther_id; did you mean author_id?"},
		{"by other type", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[0].Fields[5].By = []schema.Pair{{Local: "id", Remote: "title"}}
		}, "public.tb_user.id is uuid and public.tb_post.title is text, which cannot be compared"},
		{"several foreign keys", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[0].Fields[5].By = nil }, "several foreign keys lead from table public.tb_user to table public.tb_post; name the columns that join them: by one of id=author_id or id=editor_id"},
		{"no foreign key", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[4].Fields[5].By = nil }, "Go type Doc, field post: no foreign key leads from table app.tv_doc to table public.tb_post; name the columns that join them: by local column=remote column, as in post_id=id"},
		{"relation to a shape", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[4].Fields[2].By = []schema.Pair{{Local: "id", Remote: "id"}}
			d.Types[4].Filters = nil
		}, "Meta has no rows of its own, so no columns can lead to it"},
		{"relation in a shape", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[3].Fields = append(d.Types[3].Fields, schema.FieldDecl{Name: "user", Type: "User", By: []schema.Pair{{Local: "id", Remote: "id"}}})
		}, "a relation needs a source with columns, and Part has none"},
		{"rows in a document", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types[2].Fields = append(d.Types[2].Fields, field("user", "User"))
		}, "Go type Meta, field user: User has rows of its own, so it cannot be a part of a document"},
		{"document column missing", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[4].Document = "dta" }, "Go type Doc: table app.tv_doc has no column dta for the document; did you mean data?"},
		{"document column of another type", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[4].Document = "post_id" }, "the document's column post_id is uuid; name a json or jsonb column, or none"},
		{"unknown key", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[4].Key = []string{"identity"} }, "Go type Doc: the key names identity, which is not a field; it has id, total"},
		{"unknown filter", func(_ *catalog.Facts, d *schema.Declarations) { d.Types[4].Filters = []string{"totl"} }, "filters names totl, which is not a field; did you mean total?"},
		{"list of nothing", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries[0].Type = "Usr" }, "query users: the query users gives Usr, which is not an object type that is declared; did you mean User?"},
		{"list of a shape", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries[0].Type = "Meta" }, "the query users gives Meta, which has no source"},
		{"one without key", func(_ *catalog.Facts, d *schema.Declarations) {
			d.Types = append(d.Types, object("Keyless", "keyless", field("n", "Int")))
			d.Queries = append(d.Queries, schema.QueryDecl{Name: "k", Kind: schema.One, Type: "Keyless", Origin: "query k"})
		}, "query k: the query k looks for one Keyless by its key, and it has none; name the key on the type"},
		{"query twice", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries = append(d.Queries, list("users", "Post")) }, "the query users is there already and gives [User!], so this one of [Post!] is left out"},
		{"query's name", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries[0].Name = "1st" }, `"1st" cannot be a query's name`},
		{"argument's type", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries[3].Args[0].Type = "User" }, "query stats, argument span: User is an object type, which cannot be sent; declare an input type"},
		{"argument's default", func(_ *catalog.Facts, d *schema.Declarations) { d.Queries[3].Args[2].Default = "much" }, "query stats, argument factor: the default much is not a value of Float"},
		{"null for a default", func(_ *catalog.Facts, d *schema.Declarations) { d.Inputs[0].Fields[0].Default = "null" }, "the default null is not a value of Int!"},
		{"oneOf with a must", func(_ *catalog.Facts, d *schema.Declarations) { d.Inputs[1].Fields[0].Type = "ID!" }, "Go type Pick, field id: exactly one field of Pick is sent"},
		{"empty input", func(_ *catalog.Facts, d *schema.Declarations) { d.Inputs[1].Fields = nil }, "the input Pick has no fields"},
		{"labels", func(_ *catalog.Facts, d *schema.Declarations) { d.Enums[0].Values[1].Label = "old" }, "Go type Status: its labels are not those of the PostgreSQL enum public.status; declare exactly these: new, in-work"},
		{"value's name", func(_ *catalog.Facts, d *schema.Declarations) { d.Enums[1].Values[1].Name = "true" }, `"true" cannot be a value's name`},
		{"batch on nothing", func(_ *catalog.Facts, d *schema.Declarations) { d.Batches[0].On = "Usr" }, "field User.avatar: the field avatar is on the type Usr, which is not there; did you mean User?"},
		{"batch needs nothing there", func(_ *catalog.Facts, d *schema.Declarations) { d.Batches[0].Needs = []string{"nam"} }, "it reads the field nam of User, which is not a column or a part of the document; did you mean name? it has id, name, size, favourite, home"},
		{"batch needs a relation", func(_ *catalog.Facts, d *schema.Declarations) { d.Batches[0].Needs = []string{"posts"} }, "it reads the field posts of User"},
		{"two guards", func(f *catalog.Facts, d *schema.Declarations) {
			f.Relations[1].Comment, d.Types[0].Requires = "@fraiseql:type\nrequires: admin", []string{"editor"}
		}, "comment on table public.tb_user: it requires admin, and in Go editor is required; write it in one place"},
		{"unreadable comment", func(f *catalog.Facts, _ *schema.Declarations) {
			f.Relations[1].Comment = "@fraiseql:type\nrequire: admin"
		}, "comment on table public.tb_user: line 2: unknown key \"require\": did you mean requires?"},
		{"pattern", func(_ *catalog.Facts, _ *schema.Declarations) {}, "pattern [: the pattern cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, d := facts(), blog()
			test.change(f, &d)
			o := catalog.BuildOptions{}
			if test.name == "pattern" {
				o.Expose = []string{"["}
			}
			s, problems, err := catalog.Build(f, d, o)
			if err == nil || s != nil {
				t.Fatalf("built; want %q", test.want)
			}
			if len(problems) != 1 || !problems[0].Fatal {
				t.Errorf("want one fatal problem, got:\n%s", texts(problems))
			}
			if !strings.Contains(problems[0].Error(), test.want) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:\n%swant %s", texts(problems), test.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typ, literal string
		fits         bool
	}{
		{"Int", "1", true},
		{"Int", "-20", true},
		{"Int", "1.0", false},
		{"Int", "01", false},
		{"Int", "null", true},
		{"Int!", "null", false},
		{"Float", "1e5", true},
		{"Float", "x", false},
		{"Boolean", "true", true},
		{"Boolean", "TRUE", false},
		{"String", `"a\"b"`, true},
		{"String", `"a"b"`, false},
		{"String", "a", false},
		{"ID", "1", true},
		{"ID", `"x"`, true},
		{"ID", "1.5", false},
		{"BigInt", `"9007199254740993"`, true},
		{"BigInt", "x", false},
		{"Decimal", "1.25", true},
		{"Date", `"2026-01-31"`, true},
		{"Date", "2026", false},
		{"Date", `"tomorrow"`, false},
		{"Date", `"2026-02-30"`, false},
		{"UUID", `"123e4567-e89b-12d3-a456-426614174000"`, true},
		{"UUID", `"x"`, false},
		{"Time", `"13:45:00.5"`, true},
		{"Time", `"25:00"`, false},
		{"LocalDateTime", `"2026-01-31T13:45:00"`, true},
		{"LocalDateTime", `"2026-01-31"`, false},
		{"Duration", `"P1DT2H"`, true},
		{"Duration", `"2h"`, false},
		{"LTreePath", `"top.science"`, true},
		{"LTreePath", `"top science"`, false},
		{"JSON", "{a: 1}", true},
		{"Status", "NEW", true},
		{"Status", "new", false},
		{"[Status!]", "NEW", true},
		{"[Int!]!", "[1, 2]", true},
		{"[Int!]!", "{}", false},
		{"Pick", `{id: "1"}`, true},
		{"Pick", `"1"`, false},
	} {
		d := blog()
		d.Queries[3].Args = []schema.ArgDecl{{Name: "x", Type: test.typ, Default: test.literal}}
		s, problems, err := catalog.Build(facts(), d, catalog.BuildOptions{})
		switch {
		case test.fits && err != nil:
			t.Errorf("%s = %s: %v", test.typ, test.literal, err)
		case test.fits && s.Query.Field("stats").Arg("x").Default != test.literal:
			t.Errorf("%s = %s is lost", test.typ, test.literal)
		case !test.fits && (err == nil || len(problems) != 1):
			t.Errorf("%s = %s: got %v, want a refusal", test.typ, test.literal, err)
		}
	}
}

func TestBuildReportsAllAtOnce(t *testing.T) {
	t.Parallel()
	d := blog()
	d.Types[0].Fields[1].Type = "Int"
	d.Types[1].Fields[1].Name = "headline"
	d.Enums[1].Values = nil
	d.Queries[2].Type = "Dok"
	_, problems, err := catalog.Build(facts(), d, catalog.BuildOptions{})
	if len(problems) != 4 {
		t.Errorf("got %d problems, want 4:\n%s", len(problems), texts(problems))
	}
	for _, p := range problems {
		if err == nil || !strings.Contains(err.Error(), p.Error()) {
			t.Errorf("the error leaves out %s", p)
		}
	}
}

func TestBuildWithoutQuery(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Relations[0].Comment = "@fraiseql:type\nrequire: admin"
	_, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if !errors.Is(err, catalog.ErrNoQuery) || len(problems) != 1 || !strings.Contains(err.Error(), `unknown key "require"`) {
		t.Errorf("got %v, %s; want ErrNoQuery and what was left out", err, texts(problems))
	}
}

func TestDiscoverIsSwitchedOff(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Relations[3].Comment = "@fraiseql:type"
	f.Functions = []*catalog.Function{{Schema: "public", Name: "fn_x", Comment: "@fraiseql:mutation"}}
	if _, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{}); !errors.Is(err, catalog.ErrNoQuery) || len(problems) > 0 {
		t.Errorf("got %v, %s; want nothing to be served or reported", err, texts(problems))
	}
	// A guard holds for a pattern too.
	f.Relations[3].Comment = "@fraiseql:type\nrequires: admin"
	s, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Expose: []string{"keyless", "tb_user"}})
	if err != nil || !slices.Equal(s.Type("Keyless").Requires, []string{"admin"}) || len(s.Type("User").Requires) > 0 {
		t.Errorf("got %v, %s", err, texts(problems))
	}
}

func TestGoWinsOverComments(t *testing.T) {
	t.Parallel()
	f, d := facts(), blog()
	f.Relations[1].Comment = "@fraiseql:type\nname: Person\ndescription: Somebody."
	f.Relations[1].Columns[1].Comment = "What to call them."
	f.Relations[1].Columns[2].Comment = "@fraiseql:field requires=admin"
	s, problems, err := catalog.Build(f, d, catalog.BuildOptions{Discover: true, Expose: []string{"tb_*"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Type("Person") != nil || s.Type("User").Description != "Somebody." || s.Type("User").Field("name").Description != "What to call them." {
		t.Errorf("the comment describes the type that Go declares: %q", s.Type("User").Description)
	}
	if len(problems) > 0 {
		t.Errorf("got %s", texts(problems))
	}
	// A guard holds whoever declares the column, and so does what cannot be read: a guard might have stood there.
	d.Types[0].Fields = append(d.Types[0].Fields, field("active", "Boolean"))
	if s, problems, err = catalog.Build(f, d, catalog.BuildOptions{}); err != nil || !slices.Equal(s.Type("User").Field("active").Requires, []string{"admin"}) {
		t.Errorf("got %v, %s", err, texts(problems))
	}
	f.Relations[1].Columns[2].Comment = "@fraiseql:field require=admin"
	if _, problems, err = catalog.Build(f, d, catalog.BuildOptions{}); err == nil || !strings.Contains(err.Error(), "Go type User, field active: the column active is kept back by its comment") {
		t.Errorf("got %v, %s", err, texts(problems))
	}
}

func TestTypesOfExtensions(t *testing.T) {
	t.Parallel()
	f := facts()
	for i, name := range []string{"citext", "ltree", "hstore"} {
		oid := uint32(60000 + i)
		f.Types[oid] = &catalog.Type{OID: oid, Schema: "ext", Name: name, Kind: 'b', Ordered: true}
		f.Relations[3].Columns = append(f.Relations[3].Columns, &catalog.Column{Name: name, Type: oid, Readable: true})
	}
	s, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Expose: []string{"keyless"}})
	if err != nil || len(problems) != 1 || !strings.Contains(texts(problems), `no GraphQL type stands for PostgreSQL's "ext"."hstore"`) {
		t.Fatal(err, texts(problems))
	}
	keyless := s.Type("Keyless")
	if keyless.Field("citext").Type.String() != "String" || keyless.Field("ltree").Type.String() != "LTreePath" || keyless.Source.Column("citext").Type != `"ext"."citext"` {
		t.Errorf("got %s, %s, %s", keyless.Field("citext").Type, keyless.Field("ltree").Type, keyless.Source.Column("citext").Type)
	}
	if len(keyless.Key) != 0 || s.Query.Field("keyless") != nil || s.Query.Field("keylesses") == nil {
		t.Error("a type without a key has a list and no query for one")
	}
}

package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// annotated builds from one relation with a comment, and one with a comment on its column title.
func annotated(comment, column string) (*schema.Schema, []catalog.Problem, error) {
	f := facts()
	f.Relations[0].Comment = comment
	f.Relations[0].Columns[3].Comment = column
	f.Types[50000].Labels = []string{"new", "old"}
	return catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Discover: true, Expose: []string{"tb_user"}})
}

func TestAnnotationRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ comment, column, want string }{
		{"@fraiseql:type\nnames: Post", "", "line 2: unknown key \"names\": did you mean name? the keys are name, description,"},
		{"Text.\n\nMore.\n@fraiseql:type\nname: Post\nnonsense: 1", "", "line 6: unknown key \"nonsense\": the keys are"},
		{"@fraiseql:type\nname: Post\nname: Post", "", "line"},
		{"@fraiseql:type\nname: [a, b]", "", "line 2: name must be a text"},
		{"@fraiseql:type\nname:", "", "line 2: name has no value"},
		{"@fraiseql:type\nkey: []", "", "line 2: key is empty"},
		{"@fraiseql:type\nkey: [id, id]", "", "line 2: key names id twice"},
		{"@fraiseql:type\nfields: id", "", "line 2: fields must be an object such as"},
		{"@fraiseql:type\nfields:\n  id: ID!\n  a: {}", "", "line 4: a is empty"},
		{"@fraiseql:type\nfields:\n  a: [{x: Int}, {y: Int}]", "", "line 3: a must hold one element"},
		{"@fraiseql:type\nrelations: {a: {by: {x: y}}}", "", "line 2: a has no `to`"},
		{"@fraiseql:type\nrelations: {a: {to: User, of: {x: y}}}", "", "line 2: unknown key \"of\""},
		{"@fraiseql:type\nrelations:\n  a:\n    to: User\n    many: maybe", "", "line 5: many must be true or false"},
		{"@fraiseql:type\nrelations: {a: {to: '[User!]'}}", "", "`to: [User!]` is not a type's name; write a type's name, and `many: true` for a list"},
		{"@fraiseql:type\nrelations: {a: {to: Int, by: {id: id}}}", "", "Int has no rows of its own"},
		{"@fraiseql:type\nqueries: none", "", "line 2: queries must be an object such as"},
		{"@fraiseql:type\nqueries: {lst: posts}", "", "line 2: unknown key \"lst\": did you mean list?"},
		{"@fraiseql:type\nqueries: {connection: user}", "", "the query user is there already and gives User, so this one of PostConnection is left out"},
		{"@fraiseql:type\nqueries: {list: user}", "", "the query user is there already and gives [Post!], so this one of User is left out"},
		{"@fraiseql:type\nrequires:", "", "line 2: requires has no value"},
		{"@fraiseql:type\nrequires: []", "", "line 2: requires is empty: name something, or leave the key out"},
		{"@fraiseql:type\nrequires: [a, '']", "", "line 2: requires is empty: name the role or scope, or a list of which one is enough"},
		{"@fraiseql:type\nrequires: {a: b}", "", "line 2: requires must be"},
		{"@fraiseql:type\n- name", "", "line 2: only lines of the form `key: value` may stand here"},
		{"@fraiseql:type\nname: a\n  b: c\n d: {", "", "this is not YAML"},
		{"@fraiseql:type\nname: 1st", "", `"1st" cannot be a type's name`},
		{"@fraiseql:type\nname: User", "", "table public.tb_user: the type name User is taken by comment on table public.tb_post"},
		{"@fraiseql:type\nname: Query", "", "the type name Query is taken by the query type"},
		{"@fraiseql:type\nfilters: [titel]", "", "filters names titel, which is not a field; did you mean title?"},
		{"@fraiseql:type\nexpose_fields: [id, titel]", "", "expose_fields names titel, which is not a field"},
		{"@fraiseql:type\nnot_null: [titel]", "", "not_null names titel, which is not a field; did you mean title?"},
		{"@fraiseql:type\nnot_null: [likes]", "", "field likes: it is declared Int!, but the column public.tb_post.likes may hold null"},
		{"@fraiseql:type\nkey: [uuid]", "", "the key names uuid, which is not a field"},
		{"@fraiseql:type\nkey: [tags]", "", "field tags: it cannot be a key: it has no order"},
		{"@fraiseql:type\ndocument: title", "", "the document's column title is text; name a json or jsonb column, or none"},
		{"@fraiseql:type\ndocument: meta", "", "column public.tb_post.meta: the document is left out: nothing says which keys it has"},
		{"@fraiseql:type\nfields: {id: ID!, titel: String}", "", "table public.tb_post has no column titel; did you mean title?"},
		{"@fraiseql:type\nfields: {id: ID!, title: Int}", "", "the column title is text, which cannot be served as Int; declare String or ID"},
		{"@fraiseql:type\nfields: {id: ID!, title: String}", "@fraiseql:field type=ID", "the type is String in `fields` and ID on the column"},
		{"@fraiseql:type\ndocument: meta\nfields: {id: ID!, x: Strng}", "", "field x: there is no type Strng; did you mean String?"},
		{"@fraiseql:type", "@fraiseql:field type=Strng", "column public.tb_post.title: there is no type Strng; did you mean String?"},
		{"@fraiseql:type", "@fraiseql:field type=Int", "the column title is text, which cannot be served as Int; declare String or ID"},
		{"@fraiseql:type", "@fraiseql:field typ=String", "comment on column public.tb_post.title: the column is left out: line 1: unknown key \"typ\": did you mean type?"},
		{"@fraiseql:type", "Title.\n@fraiseql:field type=String type=ID", "line 2: type stands twice"},
		{"@fraiseql:type", "@fraiseql:field type=", "line 1: type has no value"},
		{"@fraiseql:type", "@fraiseql:field type=String\nbold description=x", "line 2: \"bold\" is not key=value"},
		{"@fraiseql:type", "@fraiseql:field description=The title requires=", "line 1: requires has no value"},
		{"@fraiseql:type", "@fraiseql:field\nrequires: ", "line 2: requires has no value"},
		{"@fraiseql:type", "@fraiseql:field\nnames: x", "line 2: unknown key \"names\": did you mean name?"},
		{"@fraiseql:type", "@fraiseql:feld type=String", "@fraiseql:feld is not known on a column; write @fraiseql:field"},
		{"@fraiseql:type", "@fraiseql:field name=likes", "title and likes would both be named likes"},
		{"@fraiseql: type", "", "@fraiseql:… is not known on a relation; write @fraiseql:type"},
		{"@fraiseql:typ", "", "@fraiseql:typ is not known on a relation; write @fraiseql:type"},
		{"", "@fraiseql:field type=String", "the annotation has no effect, because table public.tb_post is not served; annotate the table too: COMMENT ON TABLE public.tb_post IS '@fraiseql:type'"},
	} {
		t.Run(test.comment+test.column, func(t *testing.T) {
			t.Parallel()
			s, problems, err := annotated(test.comment, test.column)
			if err != nil {
				t.Fatal(err)
			}
			got := texts(problems)
			if !strings.Contains(got, test.want) || strings.Contains(got, "fatal") {
				t.Errorf("got:\n%swant %s", got, test.want)
			}
			if guarded := strings.Contains(test.column, "require"); guarded && s.Type("Post").Field("title") != nil {
				t.Error("a guarded column is served")
			}
		})
	}
}

// TestALostKeyIsTold: where a primary key's column cannot be a field, there is no query for one row, and the log says so.
func TestALostKeyIsTold(t *testing.T) {
	t.Parallel()
	const lost = "no query finds one row of it, and it has no connection: its column the id, which is left out, is of the primary key"
	for name, test := range map[string]struct {
		comment, column string
		one, told       bool
	}{
		"left out":     {"@fraiseql:type", "", false, true},
		"with a name":  {"@fraiseql:type", "@fraiseql:field name=id", true, false},
		"another key":  {"@fraiseql:type\nkey: [title]", "", true, false},
		"kept back":    {"@fraiseql:type", "@fraiseql:hidden", false, false},
		"not selected": {"@fraiseql:type\nexpose_fields: [title]", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts()
			f.Relations[0].PrimaryKey = []string{"the id"}
			f.Relations[0].Columns[0].Name = "the id"
			f.Relations[0].Comment, f.Relations[0].Columns[0].Comment = test.comment, test.column
			s, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Discover: true})
			if err != nil {
				t.Fatal(err)
			}
			if one := s.Query.Field("post") != nil; one != test.one {
				t.Errorf("post is there: %t", one)
			}
			if told := strings.Contains(texts(problems), lost); told != test.told {
				t.Errorf("told: %t, of\n%s", told, texts(problems))
			}
		})
	}
}

func TestAnnotationSays(t *testing.T) {
	t.Parallel()
	s, problems, err := annotated(`An article.

@fraiseql:type
name: Article   # not Post
key: id
not_null: [meta]
queries: {one: true, list: allArticles, connection: false}
relations:
  the_author: {to: User, by: {author_id: id}}`, "Above it.\n@fraiseql:field name=headline, type=ID!, deprecated=use title")
	if err != nil {
		t.Fatal(err)
	}
	// The rest of them is about the relation and the type that stand beside it.
	if got := texts(problems); len(problems) != 4 || !strings.Contains(got, "comment on table public.tb_post, field meta: it is declared JSON!, but") {
		t.Errorf("got:\n%s", got)
	}
	article := s.Type("Article")
	headline := article.Field("headline")
	switch {
	case article.Description != "An article.":
		t.Errorf("description %q", article.Description)
	case headline.Type.String() != "ID!" || headline.Description != "Above it." || headline.Deprecated != "use title" || headline.Column.Name != "title":
		t.Errorf("headline: %+v", headline)
	case s.Query.Field("article") == nil || s.Query.Field("allArticles") == nil:
		t.Error("the queries article and allArticles are not there")
	case article.Field("theAuthor").Relation.By[0].Local.Name != "author_id":
		t.Error("the relation theAuthor is not there")
	}
	if s.Query.Field("article").Arg("id").Type.String() != "ID!" {
		t.Error("the key is not the argument")
	}
	s, _, err = annotated("@fraiseql:type\nqueries: false", "")
	if err != nil || s.Type("Post") != nil {
		t.Errorf("no query was wanted: %v", err)
	}
}

// TestAttributesAreGuarded: where the comment on an attribute of a composite type cannot be read, nobody sees or sends it.
func TestAttributesAreGuarded(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TYPE place AS (town text, code text, secret text);
CREATE TYPE place_input AS (town text, code text, secret text);
CREATE TABLE tb_a (id int PRIMARY KEY, home place);
COMMENT ON TABLE tb_a IS '@fraiseql:type';
CREATE FUNCTION fn_move(input jsonb) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION fn_move IS '@fraiseql:mutation
input_type: place_input';`)
	for _, c := range []struct {
		comment, told string
		served        bool
	}{
		{"Told to few.\n@fraiseql:field requires=admin", "", true},
		{"@fraiseql:field require=admin", `it is left out: line 1: unknown key "require": did you mean requires?`, false},
		{"@fraiseql:feld requires=admin", "it is left out: @fraiseql:feld is not known on an attribute; write @fraiseql:field", false},
	} {
		for _, typ := range f.Types {
			if typ.Name == "place" || typ.Name == "place_input" {
				typ.Attributes[2].Comment = c.comment
			}
		}
		s, problems := discover(t, f)
		got := texts(problems)
		for _, name := range []string{"Place", "PlaceInput"} {
			secret := s.Type(name).Field("secret")
			if (secret != nil) != c.served {
				t.Errorf("%s: %s.secret is served: %t", c.comment, name, secret != nil)
			} else if c.served && (len(secret.Requires) != 1 || secret.Description != "Told to few.") {
				t.Errorf("%s: %s.secret requires %v and is described as %q", c.comment, name, secret.Requires, secret.Description)
			}
		}
		if c.served && got != "" || strings.Count(got, "attribute secret: "+c.told) != strings.Count(got, "\n") {
			t.Errorf("%s: told\n%s", c.comment, got)
		}
	}
}

func FuzzAnnotation(f *testing.F) {
	f.Add("@fraiseql:type\nname: X\nfields: {a: [{b: Int}]}\nrelations: {u: {to: User, by: {id: id}}}", "@fraiseql:field type=[String!]! description=x")
	f.Add("@fraiseql:type\n? {a: b}\n: - c\n&x *x <<: !!str", "@fraiseql:field\ntype: |\n  x")
	f.Add("@fraiseql:type\nkey: !!binary x\nname: >-\n  folded", "@fraiseql:field name==,")
	f.Fuzz(func(t *testing.T, comment, column string) {
		s, problems, err := annotated(comment, column)
		if err == nil && s == nil {
			t.Fatal("neither a schema nor an error")
		}
		for _, p := range problems {
			if p.Fatal || p.Message == "" || p.Object == "" {
				t.Fatalf("%+v", p)
			}
		}
		if strings.Contains(column, "@fraiseql:field requires=x") && strings.Index(column, "@") == strings.Index(column, "@fraiseql:field requires") &&
			s != nil && s.Type("Post") != nil && s.Type("Post").Field("title") != nil && len(s.Type("Post").Field("title").Requires) == 0 {
			t.Fatal("a guarded column is served to everybody")
		}
	})
}

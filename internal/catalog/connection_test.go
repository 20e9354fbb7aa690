package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// connections lists the root fields that give pages.
func connections(s *schema.Schema) string {
	var names []string
	for _, f := range s.Query.Fields {
		if f.Root.Kind == schema.Connection {
			names = append(names, f.Name+" "+f.Type.String())
		}
	}
	return strings.Join(names, ", ")
}

func TestConnectionNames(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]string{
		"@fraiseql:type":                                                              "postsConnection PostConnection, usersConnection UserConnection",
		"@fraiseql:type\nname: Article":                                               "articlesConnection ArticleConnection, usersConnection UserConnection",
		"@fraiseql:type\nqueries: {list: allPosts}":                                   "allPostsConnection PostConnection, usersConnection UserConnection",
		"@fraiseql:type\nqueries: {list: false}":                                      "postsConnection PostConnection, usersConnection UserConnection",
		"@fraiseql:type\nqueries: {list: false, connection: true}":                    "postsConnection PostConnection, usersConnection UserConnection",
		"@fraiseql:type\nqueries: {connection: pages}":                                "pages PostConnection, usersConnection UserConnection",
		"@fraiseql:type\nqueries: {connection: false}":                                "usersConnection UserConnection",
		"@fraiseql:type\nqueries: false\nrelations: {user: {to: User, by: {id: id}}}": "usersConnection UserConnection",
	} {
		s, _, err := annotated(comment, "")
		if err != nil {
			t.Errorf("%s: %v", comment, err)
		} else if got := connections(s); got != want {
			t.Errorf("%s: got %s, want %s", comment, got, want)
		}
	}
}

func TestConnectionTypes(t *testing.T) {
	t.Parallel()
	s, _, err := annotated("@fraiseql:type", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PostConnection": "edges [PostEdge!]!, nodes [Post!]!, pageInfo PageInfo!, totalCount Int!",
		"PostEdge":       "cursor String!, node Post!",
		"PageInfo":       "hasNextPage Boolean!, hasPreviousPage Boolean!, startCursor String, endCursor String",
	} {
		var fields []string
		for _, f := range s.Type(name).Fields {
			fields = append(fields, f.Name+" "+f.Type.String())
		}
		if got := strings.Join(fields, ", "); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	var args []string
	for _, a := range s.Query.Field("postsConnection").Args {
		args = append(args, a.Name+" "+a.Type.String())
	}
	if got := strings.Join(args, ", "); got != "first Int, after String, last Int, before String, where PostWhereInput, orderBy [PostOrderByInput!]" {
		t.Errorf("arguments: %s", got)
	}
	if s.Query.Field("usersConnection").Type.Base().Field("pageInfo").Type.Base() != s.Type("PageInfo") {
		t.Error("the connections do not share PageInfo")
	}
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		d    schema.Declarations
		want string // of the first problem
	}{
		"without a key": {schema.Declarations{
			Types:   []schema.TypeDecl{{Name: "Line", Source: "tb_post", Origin: "Go type Line", Closed: true, Fields: []schema.FieldDecl{{Name: "title", Type: "String"}}}},
			Queries: []schema.QueryDecl{{Name: "lines", Kind: schema.Connection, Type: "Line", Origin: "Go"}},
		}, "Go: the query lines pages through Line by its key, and it has none; name the key"},
		"a name that is taken": {schema.Declarations{
			Types: []schema.TypeDecl{
				{Name: "Post", Source: "tb_post", Origin: "Go type Post", Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "ID!"}}},
				{Name: "PageInfo", Origin: "Go type PageInfo", Closed: true, Fields: []schema.FieldDecl{{Name: "n", Type: "Int"}}},
			},
			Queries: []schema.QueryDecl{{Name: "posts", Kind: schema.Connection, Type: "Post", Origin: "Go"}},
		}, "Go: the query posts is left out: it needs the type name PageInfo, which is taken by Go type PageInfo"},
	} {
		s, problems, err := catalog.Build(facts(), tc.d, catalog.BuildOptions{})
		if err == nil || s != nil || len(problems) == 0 || !strings.Contains(problems[0].Error(), tc.want) {
			t.Errorf("%s: got %v, %v, want %s", name, problems, err, tc.want)
		}
	}
	// What was discovered only loses its connection.
	s, problems, err := annotated("@fraiseql:type\nname: UserEdge", "")
	if err != nil || connections(s) != "userEdgesConnection UserEdgeConnection" {
		t.Fatal(err, connections(s))
	}
	told := false
	for _, p := range problems {
		told = told || !p.Fatal && strings.Contains(p.Error(), "usersConnection is left out: it needs the type name UserEdge, which is taken by comment on table public.tb_post")
	}
	if !told {
		t.Errorf("got %v", problems)
	}
}

// A type without a key has no connection, and nobody is told, unless one was asked for.
func TestConnectionWithoutKey(t *testing.T) {
	t.Parallel()
	for queries, told := range map[string]bool{"{list: lines}": false, "{connection: lines}": true} {
		f := facts()
		f.Relations[0].Comment = "@fraiseql:type\nname: Line\ndocument: none\nexpose_fields: [title]\nqueries: " + queries
		f.Relations[0].PrimaryKey = nil
		for _, c := range f.Relations[0].Columns {
			if c.Name == "id" {
				c.Name = "other"
			}
		}
		s, problems, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Discover: true})
		if err != nil || connections(s) != "" {
			t.Fatal(err, connections(s))
		}
		said := false
		for _, p := range problems {
			said = said || strings.Contains(p.Error(), "by its key, and it has none")
		}
		if said != told {
			t.Errorf("%s: got %v", queries, problems)
		}
	}
}

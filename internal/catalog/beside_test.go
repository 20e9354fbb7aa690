package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// TestFieldsBesideLists tells which lists have figures, groups and pages beside them, and by what names.
func TestFieldsBesideLists(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TABLE v_post (id int PRIMARY KEY, n int, owner int);
COMMENT ON TABLE v_post IS '@fraiseql:type
name: Post';
CREATE TABLE v_note (id int PRIMARY KEY, n int, owner int);
COMMENT ON TABLE v_note IS '@fraiseql:type
name: Note
queries: false';
CREATE TABLE v_user (id int PRIMARY KEY, posts_groups text, note_id int);
COMMENT ON TABLE v_user IS '@fraiseql:type
name: User
relations:
  posts: {to: Post, by: {id: owner}, many: true}
  drafts: {to: Post, by: {id: owner}, many: true, aggregate: draftFigures, groups: false}
  notes: {to: Note, by: {id: owner}, many: true}
  memos: {to: Note, by: {id: owner}, many: true, aggregate: true}
  papers: {to: Post, by: {id: owner}, many: true, aggregate: postsAggregate}
  note: {to: Note, by: {note_id: id}, aggregate: true}';`)
	s, problems := discover(t, f)
	loads(t, s)
	var names []string
	for _, f := range s.Type("User").Fields {
		names = append(names, f.Name+": "+f.Type.String())
	}
	const want = "id: ID!, postsGroups: String, noteId: Int, posts: [Post!]!, postsConnection: PostConnection!, " +
		"drafts: [Post!]!, draftFigures: PostAggregate!, draftsConnection: PostConnection!, notes: [Note!]!, memos: [Note!]!, memosAggregate: NoteAggregate!, " +
		"papers: [Post!]!, postsAggregate: PostAggregate!, papersGroups: [PostGroup!]!, papersConnection: PostConnection!, note: Note"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "note is one object") {
		t.Errorf("got %v", problems)
	}
	if s.Type("NoteListMatchInput").Field("max") == nil || s.Type("NoteListOrderInput").Field("sum") == nil {
		t.Error("the figures over notes are not in filters and orders")
	}
}

// TestFieldsBesideListsInGo: a type declared in Go has them where there is such a query, or where a relation asks.
func TestFieldsBesideListsInGo(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE post (id int PRIMARY KEY, n int, owner int); CREATE TABLE writer (id int PRIMARY KEY);`)
	none, named := "", "figures"
	by := []schema.Pair{{Local: "id", Remote: "owner"}}
	list := func(name string, beside schema.QueryNames) schema.FieldDecl {
		return schema.FieldDecl{Name: name, Type: "[Post!]!", By: by, Beside: beside, Origin: name}
	}
	d := schema.Declarations{
		Types: []schema.TypeDecl{
			{Name: "Post", Origin: "Go type Post", Source: "post", Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "ID!"}, {Name: "n", Type: "Int"}}},
			{Name: "Writer", Origin: "Go type Writer", Source: "writer", Closed: true, Fields: []schema.FieldDecl{
				{Name: "id", Type: "ID!"}, list("posts", schema.QueryNames{}), list("others", schema.QueryNames{Aggregate: &named, Connection: &none}),
			}},
		},
		Queries: []schema.QueryDecl{
			{Name: "writers", Origin: "Go", Kind: schema.List, Type: "Writer"},
			{Name: "pages", Origin: "Go", Kind: schema.Connection, Type: "Post"},
		},
	}
	s, problems, err := catalog.Build(f, d, catalog.BuildOptions{})
	if err != nil {
		t.Fatal(err, problems)
	}
	var names []string
	for _, f := range s.Type("Writer").Fields {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "id posts postsConnection others figures" {
		t.Error(got)
	}
}

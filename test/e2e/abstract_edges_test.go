package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// media has an interface whose label is a key of a document that a view makes, and one whose label is an enum.
const media = `
CREATE TYPE art AS ENUM ('film', 'book', 'song');
CREATE TABLE tb_medium (id int PRIMARY KEY, medium art NOT NULL, title text NOT NULL, minutes int, pages int, shelf_id int NOT NULL);
INSERT INTO tb_medium VALUES (1, 'film', 'Alien', 117, NULL, 1), (2, 'book', 'Emma', NULL, 474, 1), (3, 'film', 'Brazil', 132, NULL, 2), (4, 'song', 'Help', 2, NULL, 2);
CREATE VIEW v_medium AS SELECT * FROM tb_medium;
COMMENT ON VIEW v_medium IS '@fraiseql:interface
type_column: medium
types:
  film: {name: Film, fields: {minutes: Int!}, relations: {shelf: {to: Shelf, by: {shelf_id: id}}}}
  song: {name: Film, fields: []}
  book: {name: Book, fields: [pages], queries: {list: books, connection: booksConnection, aggregate: booksAggregate}}';
CREATE TABLE tb_shelf (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tb_shelf VALUES (1, 'left'), (2, 'right');
COMMENT ON TABLE tb_shelf IS '@fraiseql:type
name: Shelf
relations:
  books: {to: Book, by: {id: shelf_id}, many: true}
  papers: {to: Paper, by: {id: shelf_id}, many: true}';
CREATE VIEW v_paper AS SELECT id, shelf_id, jsonb_build_object('kind', medium::text, 'title', title, 'minutes', minutes, 'pages', pages) AS data FROM tb_medium WHERE medium <> 'song';
COMMENT ON VIEW v_paper IS '@fraiseql:interface
type_column: kind
fields: {title: String!}
types:
  film: {name: FilmPaper, fields: {minutes: Int}}
  book: {name: BookPaper, fields: {pages: Int}, queries: {list: bookPapers}}
key: [id]';`

func TestLabels(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, strings.Replace(media, "  song: {name: Film, fields: []}\n", "", 1))
	for _, c := range []struct{ name, query, want string }{
		{"of an enum", `{media: mediums(limit: 3, orderBy: {id: ASC}) {title ... on Film {minutes shelf {name}} ... on Book {pages}}}`, `{"media":[
			{"title":"Alien","minutes":117,"shelf":{"name":"left"}},{"title":"Emma","pages":474},{"title":"Brazil","minutes":132,"shelf":{"name":"right"}}]}`},
		{"filtered by an enum", `{mediums(where: {medium: {eq: book}}) {__typename}}`, `{"mediums":[{"__typename":"Book"}]}`},
		{"rows of one type", `{books {title pages} booksConnection {totalCount nodes {title}} booksAggregate {count}}`, `{"books":[{"title":"Emma","pages":474}],"booksConnection":{"totalCount":1,"nodes":[{"title":"Emma"}]},"booksAggregate":{"count":1}}`},
		{"a relation to one type", `{shelfs(orderBy: {id: ASC}) {books {title} papers {__typename title ... on FilmPaper {minutes}}}}`, `{"shelfs":[
			{"books":[{"title":"Emma"}],"papers":[{"__typename":"FilmPaper","title":"Alien","minutes":117},{"__typename":"BookPaper","title":"Emma"}]},
			{"books":[],"papers":[{"__typename":"FilmPaper","title":"Brazil","minutes":132}]}]}`},
		{"through a relation to one type", `{shelfs(where: {books: {none: {}}}, orderBy: {books: {count: ASC}}) {name}}`, `{"shelfs":[{"name":"right"}]}`},
		{
			"in a document", `{papers(orderBy: {title: DESC}, offset: 1, limit: 1) {__typename title ... on BookPaper {pages}} paper(id: 2) {... on BookPaper {pages}}}`,
			`{"papers":[{"__typename":"FilmPaper","title":"Brazil"}],"paper":{"pages":474}}`,
		},
		{"in a document, rows of one type", `{bookPapers(where: {title: {startsWith: "E"}}) {id title pages}}`, `{"bookPapers":[{"id":"2","title":"Emma","pages":474}]}`},
	} {
		t.Run(c.name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, nil), c.want) })
	}
	a := s.Counted(t, 1, 1, `{mediums {id}}`, nil)
	apptest.Expect(t, "a label without a type", string(a.Data), `{"mediums":null}`)
	mustContain(t, "a label without a type", string(a.Body), `\"song\"`)
}

// TestGoFieldsOfTypes: a field made in Go gets all parents of its type, wherever their fields come from, and no others.
func TestGoFieldsOfTypes(t *testing.T) {
	t.Parallel()
	o := feedInGo()
	o.Types = append(o.Types,
		fraiseql.Field("host", func(_ context.Context, links []feedLink) ([]string, error) {
			hosts := make([]string, len(links))
			for i, l := range links {
				hosts[i] = fmt.Sprintf("%d of %d: %s", i, len(links), strings.Split(l.URL, "/")[2])
			}
			return hosts, nil
		}),
		fraiseql.Field("shout", func(_ context.Context, articles []feedArticle) ([]string, error) {
			shouts := make([]string, len(articles))
			for i, a := range articles {
				shouts[i] = strings.ToUpper(a.Body) + fmt.Sprint(len(articles))
			}
			return shouts, nil
		}))
	s := serve(t, o, plain)
	apptest.Expect(t, "in a list", s.Query(t, `{items {... on feedLink {host} ... on Article {shout} ... on feedNote {body}}}`, nil), `{"items":[
		{"shout":"ON JOINS.2"},{"host":"0 of 2: example.com"},{"body":"Two bottles."},{"shout":"ON LOCKS.2"},{"host":"1 of 2: example.com"}]}`)
	apptest.Expect(t, "below a parent", s.Query(t, `{persons {items(limit: 1, orderBy: {id: DESC}) {... on Article {shout} ... on feedLink {host}}}}`, nil), `{"persons":[
		{"items":[{"host":"0 of 1: example.com"}]},{"items":[{"shout":"ON LOCKS.1"}]}]}`)
}

// TestFragmentsInsideOneAnother: fields are merged for each type that selects more, which multiplies at each level; the
// planner ends that in time.
func TestFragmentsInsideOneAnother(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxCost: -1}, feed)
	nest := func(depth int) string {
		q := "id"
		for range depth {
			q = `person {id items {` + q + `}} ... on Link {person {a: id}} ... on Note {person {b: id}} ... on Article {person {c: id}}`
		}
		return `{items {` + q + `}}`
	}
	s.Query(t, nest(2), nil)
	start := time.Now()
	a := s.Send(t, nest(9), nil)
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	if a.Code() != "TOO_MANY_FIELDS" {
		t.Errorf("status %d: %.300s", a.Status, a.Body)
	}
}

// TestOnlyWhatIsSelected: the sources of types of which nothing is selected are not in the statement.
func TestOnlyWhatIsSelected(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{GlobalNode: "nodeId"}, feed)
	person := s.globalIDs(t, `{persons {nodeId}}`)[0]
	for _, c := range []struct {
		query     string
		variables map[string]any
		has, not  string
	}{
		{`{items {title ... on Link {url} ... on Article {__typename title person {name}}}}`, nil, `"v_item"`, `"v_article"`},
		{`{items {title ... on Article {body}}}`, nil, `"v_article"`, `"url"`},
		{`{search {... on Person {name}}}`, nil, `"v_person"`, `"v_article"`},
		{`query($id: ID!) {node(id: $id) {... on Person {name} ... on Article {body}}}`, map[string]any{"id": person}, `"v_person"`, `"v_article"`},
	} {
		s.Counted(t, 1, 1, c.query, c.variables)
		sql := strings.Join(s.Link.Statements(), "\n")
		if !strings.Contains(sql, c.has) || strings.Contains(sql, c.not) {
			t.Errorf("%s: %s", c.query, sql)
		}
	}
}

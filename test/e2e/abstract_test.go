package e2e_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// feed has an interface whose types are in the same row or in a source of their own, a union of the latter, and documents
// whose objects are of several kinds.
const feed = `
CREATE TABLE tb_person (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tb_person VALUES (1, 'Ada'), (2, 'Ben');
CREATE TABLE tb_article (id int PRIMARY KEY, title text NOT NULL, body text NOT NULL, person_id int NOT NULL);
INSERT INTO tb_article VALUES (10, 'Joins', 'On joins.', 1), (11, 'Locks', 'On locks.', 2);
CREATE TABLE tb_item (id int PRIMARY KEY, kind text NOT NULL, title text NOT NULL, person_id int NOT NULL, article_id int, url text, clicks int, body text);
INSERT INTO tb_item VALUES
 (1, 'article', 'Joins', 1, 10, NULL, NULL, NULL),
 (2, 'link', 'Docs', 2, NULL, 'https://example.com/docs', 7, NULL),
 (3, 'note', 'Milk', 1, NULL, NULL, NULL, 'Two bottles.'),
 (4, 'article', 'Locks', 2, 11, NULL, NULL, NULL),
 (5, 'link', 'News', 1, NULL, 'https://example.com/news', 3, NULL);
CREATE VIEW v_person AS SELECT * FROM tb_person;
COMMENT ON VIEW v_person IS '@fraiseql:type
relations:
  items: {to: Item, by: {id: person_id}, many: true}';
CREATE VIEW v_article AS SELECT id, title, body, person_id FROM tb_article;
COMMENT ON VIEW v_article IS '@fraiseql:type
relations:
  person: {to: Person, by: {person_id: id}}';
CREATE VIEW v_item AS SELECT * FROM tb_item;
COMMENT ON VIEW v_item IS '@fraiseql:interface
description: What people post
type_column: kind
types:
  article: {name: Article, by: {article_id: id}}
  link: {name: Link, fields: {url: String!, clicks: Int}, description: A page elsewhere, queries: {list: links, one: link}}
  note: {name: Note, fields: [body]}
relations:
  person: {to: Person, by: {person_id: id}}
expose_fields: [id, kind, title, person_id, url, clicks, body]';
COMMENT ON COLUMN v_item.clicks IS '@fraiseql:field description=How often it was followed';
CREATE VIEW v_found AS
 SELECT 'p' AS kind, id, name AS text FROM tb_person UNION ALL SELECT 'a', id, title FROM tb_article;
COMMENT ON VIEW v_found IS '@fraiseql:union
type_column: kind
types: {p: Person, a: Article}
key: [kind, id]
queries: {list: search}';
CREATE TABLE tv_page (id int PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO tv_page VALUES (1, '{"blocks": [
  {"kind": "text", "rank": 1, "body": "Hello"},
  {"kind": "image", "rank": 2, "url": "https://example.com/a.png", "size": {"width": 640}},
  {"kind": "line", "rank": 3}], "cover": {"type": "photo", "by": "Ada"}}'),
 (2, '{"blocks": [{"kind": "video", "rank": 1}], "cover": null}');
COMMENT ON TABLE tv_page IS '@fraiseql:type
fields:
  blocks: [{rank: Int!, on kind: {text: {body: String!}, image: {url: String!, size: {width: Int!}}, line: {}}}]
  cover: {on type: {photo: {by: String!}, color: {hex: String!}}}';
`

func TestInterface(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed)
	for _, c := range []struct{ name, query, want string }{
		{"shared fields", `{items(orderBy: {id: ASC}, limit: 3) {__typename id title}}`, `{"items":[
			{"__typename":"Article","id":"1","title":"Joins"},{"__typename":"Link","id":"2","title":"Docs"},{"__typename":"Note","id":"3","title":"Milk"}]}`},
		{"nothing but the type", `{items {__typename}}`, `{"items":[{"__typename":"Article"},{"__typename":"Link"},{"__typename":"Note"},{"__typename":"Article"},{"__typename":"Link"}]}`},
		{"fields of the types, order kept", `{items(limit: 3) {... on Link {url} title ... on Article {body} ... on Note {text: body} ... on Link {clicks}}}`, `{"items":[
			{"title":"Joins","body":"On joins."},{"url":"https://example.com/docs","title":"Docs","clicks":7},{"title":"Milk","text":"Two bottles."}]}`},
		{
			"one", `{a: item(id: 4) {... on Article {id body person {name}}} b: item(id: 2) {... on Article {body}} c: item(id: 99) {id}}`,
			`{"a":{"id":"4","body":"On locks.","person":{"name":"Ben"}},"b":{},"c":null}`,
		},
		{"named and nested fragments", `{items(limit: 2) {...F}} fragment F on Item {id ...L ... on Item {... on Article {...A}}} fragment L on Link {url} fragment A on Article {title body}`, `{"items":[
			{"id":"1","title":"Joins","body":"On joins."},{"id":"2","url":"https://example.com/docs"}]}`},
		{
			"fragments switched", `query($y: Boolean = true, $n: Boolean = false) {items(limit: 2) {... on Link @include(if: $n) {url} ... on Article @skip(if: $n) {body} ... @include(if: $y) {id} title @skip(if: $y)}}`,
			`{"items":[{"body":"On joins.","id":"1"},{"id":"2"}]}`,
		},
		{"one key, two types", `{items(limit: 3) {... on Article {x: body} ... on Note {y: title} ... on Link {x: title}}}`, `{"items":[{"x":"On joins."},{"x":"Docs"},{"y":"Milk"}]}`},
		{
			"merged", `{items(limit: 2) {person {id} ... on Link {person {name}} ... on Article {person {id}}}}`,
			`{"items":[{"person":{"id":"1"}},{"person":{"id":"2","name":"Ben"}}]}`,
		},
		{"where and orderBy", `{items(where: {kind: {in: ["link", "note"]}, person: {name: {eq: "Ada"}}}, orderBy: {title: DESC}) {title}}`, `{"items":[{"title":"News"},{"title":"Milk"}]}`},
		{"relation to it", `{people: persons(orderBy: {id: ASC}) {name items(orderBy: {id: DESC}, limit: 2) {id ... on Link {url person {items(limit: 1) {__typename}}} ... on Article {body}}}}`, `{"people":[
			{"name":"Ada","items":[{"id":"5","url":"https://example.com/news","person":{"items":[{"__typename":"Article"}]}},{"id":"3"}]},
			{"name":"Ben","items":[{"id":"4","body":"On locks."},{"id":"2","url":"https://example.com/docs","person":{"items":[{"__typename":"Link"}]}}]}]}`},
		{"filter through it", `{persons(where: {items: {some: {title: {eq: "Milk"}}}}) {name}}`, `{"persons":[{"name":"Ada"}]}`},
		{"connection", `{itemsConnection(first: 2, orderBy: {title: ASC}) {totalCount edges {node {id ... on Article {body}}} nodes {__typename ... on Link {url}} pageInfo {hasNextPage}}}`, `{"itemsConnection":{"totalCount":5,"edges":[
			{"node":{"id":"2"}},{"node":{"id":"1","body":"On joins."}}],"nodes":[{"__typename":"Link","url":"https://example.com/docs"},{"__typename":"Article"}],"pageInfo":{"hasNextPage":true}}}`},
		{"figures", `{itemsAggregate(where: {kind: {neq: "note"}}) {count countDistinct {personId}}}`, `{"itemsAggregate":{"count":4,"countDistinct":{"personId":2}}}`},
		{"a type of its rows", `{links(orderBy: {clicks: ASC}) {__typename id clicks person {name}} link(id: 2) {url} none: link(id: 1) {url}}`, `{"links":[
			{"__typename":"Link","id":"5","clicks":3,"person":{"name":"Ada"}},{"__typename":"Link","id":"2","clicks":7,"person":{"name":"Ben"}}],"link":{"url":"https://example.com/docs"},"none":null}`},
		{"pages past the first", `{items(offset: 3, limit: 1) {id ... on Article {body person {name}}}}`, `{"items":[{"id":"4","body":"On locks.","person":{"name":"Ben"}}]}`},
	} {
		t.Run(c.name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, nil), c.want) })
	}
}

func TestUnion(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed)
	for _, c := range []struct{ name, query, want string }{
		{"list", `{search(where: {text: {contains: "o"}}, orderBy: {text: DESC}) {__typename ... on Article {title person {name}} ... on Person {name}}}`, `{"search":[
			{"__typename":"Article","title":"Locks","person":{"name":"Ben"}},{"__typename":"Article","title":"Joins","person":{"name":"Ada"}}]}`},
		{"one key of two types", `{search(orderBy: {text: ASC}) {... on Article {x: title} ... on Person {x: name}}}`, `{"search":[{"x":"Ada"},{"x":"Ben"},{"x":"Joins"},{"x":"Locks"}]}`},
		{"one", `{found(kind: "p", id: 2) {... on Person {id}}}`, `{"found":{"id":"2"}}`},
		{"connection", `{searchConnection(last: 1) {edges {node {__typename}} totalCount}}`, `{"searchConnection":{"edges":[{"node":{"__typename":"Person"}}],"totalCount":4}}`},
		{"nothing selected of a type", `{search(orderBy: [{kind: ASC}, {id: ASC}], limit: 3) {... on Person {name}}}`, `{"search":[{},{},{"name":"Ada"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, nil), c.want) })
	}
	a := s.Send(t, `{search {text}}`, nil)
	mustContain(t, "a union has no fields", string(a.Body), "GRAPHQL_VALIDATION_FAILED")
}

func TestKindsInDocuments(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed)
	for _, c := range []struct{ name, query, want string }{
		{"list", `{page(id: 1) {blocks {__typename rank ... on PageBlocksText {body} ... on PageBlocksImage {size {width} url}}}}`, `{"page":{"blocks":[
			{"__typename":"PageBlocksText","rank":1,"body":"Hello"},{"__typename":"PageBlocksImage","rank":2,"size":{"width":640},"url":"https://example.com/a.png"},{"__typename":"PageBlocksLine","rank":3}]}}`},
		{"object, null", `{pages(orderBy: {id: ASC}) {cover {... on PageCoverPhoto {by} ... on PageCoverColor {hex}}}}`, `{"pages":[{"cover":{"by":"Ada"}},{"cover":null}]}`},
		{"filtered", `{pages(where: {blocks: {some: {rank: {eq: 3}}}}) {id}}`, `{"pages":[{"id":"1"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, nil), c.want) })
	}
	a := s.Send(t, `{page(id: 2) {id blocks {rank}}}`, nil)
	apptest.Expect(t, "an unknown kind", string(a.Data), `{"page":{"id":"2","blocks":null}}`)
	mustContain(t, "an unknown kind", string(a.Body), `"path":["page","blocks",0]`, `\"video\"`)
}

// TestUnknownLabel: a row that is of no type is an error at its place, however it is come by.
func TestUnknownLabel(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed, `INSERT INTO tb_item VALUES (6, 'video', 'Clip', 1, NULL), (7, 'article', 'Gone', 1, 999)`)
	for _, c := range []struct{ query, data, path, says string }{
		{`{item(id: 6) {id}}`, `{"item":null}`, `["item"]`, `\"video\"`},
		{`{items {id} other: persons(limit: 1, orderBy: {id: ASC}) {name}}`, `{"items":null,"other":[{"name":"Ada"}]}`, `["items",5]`, `\"video\"`},
		{`{item(id: 7) {title ... on Article {body}}}`, `{"item":null}`, `["item"]`, "no such row"},
		{`{person(id: 1) {items(where: {id: {eq: 6}}) {__typename}}}`, `{"person":null}`, `["person","items",0]`, `\"video\"`},
	} {
		a := s.Counted(t, 1, 1, c.query, nil)
		apptest.Expect(t, c.query, string(a.Data), c.data)
		mustContain(t, c.query, string(a.Body), `"path":`+c.path, c.says)
	}
	apptest.Expect(t, "what does not need the row", s.Query(t, `{item(id: 7) {__typename title ... on Link {url}}}`, nil), `{"item":{"__typename":"Article","title":"Gone"}}`)
}

func TestAbstractIntrospection(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed)
	a := s.Send(t, `{
		i: __type(name: "Item") {kind description fields {name} possibleTypes {name} interfaces {name}}
		u: __type(name: "Found") {kind fields {name} possibleTypes {name}}
		o: __type(name: "Link") {kind description interfaces {name} fields {name description}}
		d: __type(name: "PageCover") {kind possibleTypes {name}}}`, nil)
	apptest.Expect(t, "introspection", string(a.Data), `{
		"i":{"kind":"INTERFACE","description":"What people post","fields":[{"name":"id"},{"name":"title"},{"name":"personId"},{"name":"person"}],
			"possibleTypes":[{"name":"Article"},{"name":"Link"},{"name":"Note"}],"interfaces":[]},
		"u":{"kind":"UNION","fields":null,"possibleTypes":[{"name":"Person"},{"name":"Article"}]},
		"o":{"kind":"OBJECT","description":"A page elsewhere","interfaces":[{"name":"Item"}],"fields":[{"name":"id","description":null},{"name":"title","description":null},
			{"name":"personId","description":null},{"name":"url","description":null},{"name":"clicks","description":"How often it was followed"},{"name":"person","description":null}]},
		"d":{"kind":"UNION","possibleTypes":[{"name":"PageCoverPhoto"},{"name":"PageCoverColor"}]}}`)
}

// TestFragmentsThatNeverApply are refused before any SQL.
func TestFragmentsThatNeverApply(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, feed)
	for query, says := range map[string]string{
		`{items {... on Person {name}}}`: "never applies",
		`{items {url}}`:                  "no field",
		`{items {... on Link {x: url} ... on Article {x: person {id}}}}`: "cannot be merged",
		`{items {... on Link {x: url} x: title}}`:                        "cannot be merged",
		`{items {... on Link {x: clicks} ... on Note {x: title}}}`:       "cannot be merged",
	} {
		a := s.Counted(t, 0, 0, query, nil)
		if a.Code() != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(string(a.Body), says) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
}

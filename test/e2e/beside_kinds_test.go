package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestBesideListsOfInterfaces: an interface promises the fields beside a list, and its objects have them.
func TestBesideListsOfInterfaces(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create table tb_thing (id int primary key, kind text not null, url text);
insert into tb_thing values (1, 'link', 'u'), (2, 'memo', null);
create table tb_mark (id int primary key, thing_id int not null, n int);
insert into tb_mark values (1, 1, 5), (2, 1, 7), (3, 2, 9);
create view v_mark as select * from tb_mark;
comment on view v_mark is '@fraiseql:type
name: Mark
key: [id]';
create view v_thing as select * from tb_thing;
comment on view v_thing is '@fraiseql:interface
name: Thing
key: [id]
type_column: kind
relations:
  marks: {to: Mark, by: {id: thing_id}, many: true}
types:
  link: {name: Link, fields: [url]}
  memo: {name: Memo, fields: []}';`)
	apptest.Expect(t, "of the interface and of one object", s.Query(t, `{ things(orderBy: [{marks: {max: {n: DESC}}}]) {
		__typename marksAggregate { sum { n } } ... on Link { url marksConnection(last: 1) { nodes { n } totalCount } marksGroups(by: [n], where: {n: {gt: 5}}) { key { n } count } } } }`, nil),
		`{"things": [{"__typename": "Memo", "marksAggregate": {"sum": {"n": "9"}}},
			{"__typename": "Link", "marksAggregate": {"sum": {"n": "12"}}, "url": "u", "marksConnection": {"nodes": [{"n": 7}], "totalCount": 2}, "marksGroups": [{"key": {"n": 7}, "count": 1}]}]}`)
	mustContain(t, "SDL", s.App.Schema(), "marksAggregate(")
}

// TestBesideListsInGo: the fields are there for the queries that are declared, and Go fields in a page get all parents at once.
func TestBesideListsInGo(t *testing.T) {
	t.Parallel()
	var batches []int
	type writer struct {
		ID    fraiseql.ID
		Name  string
		Books []book `by:"id=author_id" beside:"aggregate=booksFigures"`
	}
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[author]("author"), fraiseql.Object[book]("book"), fraiseql.Object[writer]("author"),
			fraiseql.Field("shout", func(_ context.Context, books []book) ([]string, error) {
				batches = append(batches, len(books))
				all := make([]string, len(books))
				for i, b := range books {
					all[i] = strings.ToUpper(b.Title) + "!"
				}
				return all, nil
			}),
		},
		Queries: []fraiseql.Query{fraiseql.List[writer]("writers"), fraiseql.Connection[book]("books")},
	}, library)
	got := s.Query(t, `{ writers(orderBy: [{id: ASC}]) { books(orderBy: [{id: ASC}]) { id shout } booksConnection(first: 9) { edges { node { id shout } } } booksFigures { count } } }`, nil)
	if len(batches) != 2 || batches[0] != batches[1] || batches[0] < 3 {
		t.Errorf("the function was called with %v parents: %s", batches, got)
	}
	mustContain(t, "books", got, `"booksConnection":{"edges":[{"node":{"id":"1","shout":"BOOK 1!"}}`, `"booksFigures":{"count":`)
}

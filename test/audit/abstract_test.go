package audit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

type byOne struct {
	fraiseql.OneOf
	ID   *fraiseql.ID `doc:"By the key."`
	Name *string
}

// TestGraphQLJSReadsAbstractTypes: interfaces, unions, global ids and inputs of one field are told alike by introspection and
// by SDL, and the reference implementation finds that objects have what their interfaces promise.
func TestGraphQLJSReadsAbstractTypes(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{
		GlobalNode: "nodeId",
		Queries:    []fraiseql.Query{fraiseql.Resolve("find", func(context.Context, struct{ By byOne }) (string, error) { return "", nil })},
	}, `CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL);
COMMENT ON TABLE tb_user IS '@fraiseql:type
name: User
relations: {items: {to: Item, by: {id: user_id}, many: true}}';
CREATE TABLE tb_post (id int PRIMARY KEY, title text NOT NULL, body text, user_id int NOT NULL);
COMMENT ON TABLE tb_post IS '@fraiseql:type
name: Post
relations: {users: {to: User, by: {user_id: id}, many: true}}';
CREATE TABLE tb_item (id int PRIMARY KEY, kind text NOT NULL, title text, url text, user_id int);
COMMENT ON TABLE tb_item IS '@fraiseql:interface
name: Item
description: What is "posted"
type_column: kind
types: {post: Post, link: {name: Link, fields: [url]}}
relations: {users: {to: User, by: {user_id: id}, many: true}}';
CREATE VIEW v_hit AS SELECT 'u' AS kind, id, name FROM tb_user;
COMMENT ON VIEW v_hit IS '@fraiseql:union
type_column: kind
types: {u: User, p: Post}';
CREATE TABLE tv_page (id int PRIMARY KEY, data jsonb);
COMMENT ON TABLE tv_page IS '@fraiseql:type
fields: {blocks: [{rank: Int, on kind: {text: {body: String!}, line: {}}}]}';`)
	v := judge(t, s.URL)
	for _, fault := range v.Faults {
		t.Error(fault)
	}
	for _, part := range []string{
		"interface Item {", "type Link implements Item & Node {", "type Post implements Item & Node {", "union Hit = Post | User", "interface PageBlocks {",
		"type PageBlocksLine implements PageBlocks {", "input byOne @oneOf {", "interface Node {", "nodes(", "items(",
	} {
		if !strings.Contains(v.SDL, part) {
			t.Errorf("%q is not in the schema that introspection tells:\n%s", part, v.SDL)
		}
	}
}

package e2e_test

import (
	"context"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// entitySQL has one article in every kind of source, and a function that changes it for each.
const entitySQL = `
CREATE TYPE mutation_response AS (status text, message text, entity_id text, entity_type text, entity jsonb, updated_fields text[], cascade jsonb, metadata jsonb);
CREATE TABLE tb_article (id uuid PRIMARY KEY, title text NOT NULL, likes int NOT NULL DEFAULT 0);
CREATE TABLE tb_remark (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, article uuid NOT NULL REFERENCES tb_article, body text NOT NULL);
CREATE TABLE tv_article (id uuid PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO tb_article VALUES ('11111111-1111-1111-1111-111111111111', 'old'), ('22222222-2222-2222-2222-222222222222', 'other');
INSERT INTO tb_remark (article, body) SELECT '11111111-1111-1111-1111-111111111111', 'r' || n FROM generate_series(1, 5) AS n;
CREATE VIEW v_remark AS SELECT id, article, body FROM tb_remark;
COMMENT ON VIEW v_remark IS '@fraiseql:type
name: Remark
key: [id]
relations: {about: {to: Article, by: {article: id}}}';
CREATE VIEW v_article AS SELECT id, title, likes, upper(title) AS loud FROM tb_article;
COMMENT ON VIEW v_article IS '@fraiseql:type
name: Article
key: [id]
relations: {remarks: {to: Remark, by: {id: article}, many: true}}';
CREATE VIEW v_article_doc AS SELECT id, jsonb_build_object('id', id, 'title', title, 'remarks', (SELECT jsonb_agg(jsonb_build_object('body', body) ORDER BY r.id) FROM tb_remark AS r WHERE r.article = a.id)) AS data FROM tb_article AS a;
COMMENT ON VIEW v_article_doc IS '@fraiseql:type
name: ArticleDoc
key: [id]
document: data
fields: {id: ID!, title: String!, remarks: [{body: String!}]}
relations: {article: {to: Article, by: {id: id}}}';
INSERT INTO tv_article SELECT id, data FROM v_article_doc;
COMMENT ON TABLE tv_article IS '@fraiseql:type
name: ArticleTable
document: data
fields: {id: ID!, title: String!}';
CREATE VIEW v_pair AS SELECT a.id AS left_id, r.id AS right_id, a.title FROM tb_article AS a JOIN tb_remark AS r ON r.article = a.id;
COMMENT ON VIEW v_pair IS '@fraiseql:type
name: Pair
key: [left_id, right_id]';
CREATE VIEW v_best AS SELECT id, title FROM tb_article WHERE likes >= 0;
COMMENT ON VIEW v_best IS '@fraiseql:type
name: Best
key: [id]';
CREATE FUNCTION change(id uuid, title text) RETURNS mutation_response LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	UPDATE tb_article AS a SET title = title, likes = CASE title WHEN 'bad' THEN -1 ELSE likes + 1 END WHERE a.id = id;
	INSERT INTO tb_remark (article, body) VALUES (id, 'by the function');
	UPDATE tv_article AS t SET data = t.data || jsonb_build_object('title', title) WHERE t.id = id;
	RETURN ROW('updated', NULL, id, NULL, jsonb_build_object('left_id', id, 'right_id', 3), NULL, NULL, NULL)::mutation_response;
END $$;
CREATE FUNCTION fn_article(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
COMMENT ON FUNCTION fn_article IS '@fraiseql:mutation
name: changeArticle
success_type: Article';
CREATE FUNCTION fn_doc(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
COMMENT ON FUNCTION fn_doc IS '@fraiseql:mutation
name: changeDoc
success_type: ArticleDoc';
CREATE FUNCTION fn_table(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
COMMENT ON FUNCTION fn_table IS '@fraiseql:mutation
name: changeTable
success_type: ArticleTable';
CREATE FUNCTION fn_pair(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
COMMENT ON FUNCTION fn_pair IS '@fraiseql:mutation
name: changePair
success_type: Pair';
CREATE FUNCTION fn_best(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
COMMENT ON FUNCTION fn_best IS '@fraiseql:mutation
name: changeBest
success_type: Best';
CREATE VIEW v_go_article AS SELECT id, title FROM tb_article;
CREATE FUNCTION fn_go(id uuid, title text) RETURNS mutation_response LANGUAGE sql AS $$ SELECT change(id, title) $$;
`

type entityArticle struct {
	ID    fraiseql.ID `graphql:",key"`
	Title string
}

// TestMutationEntity: whatever the entity's source, it is read again behind the change and in its transaction, and everything that a
// query can ask of it can be asked there: relations with their arguments, pages, figures, fragments, variables and Go fields.
func TestMutationEntity(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[entityArticle]("v_go_article", fraiseql.ObjectOptions{Name: "GoArticle"}),
			fraiseql.Field("shout", func(_ context.Context, all []entityArticle) ([]string, error) {
				out := make([]string, len(all))
				for i, a := range all {
					out[i] = a.Title + "!"
				}
				return out, nil
			}),
		},
		Queries: []fraiseql.Query{fraiseql.List[entityArticle]("goArticles")},
		Mutations: []fraiseql.Mutation{
			fraiseql.Function[struct {
				ID    fraiseql.UUID
				Title string
			}, entityChanged, struct{}]("changeGo", "fn_go"),
		},
	}, entitySQL)
	const id = `id: "11111111-1111-1111-1111-111111111111"`
	for _, c := range []struct{ query, want string }{
		{
			`($n: Int!, $w: RemarkWhereInput, $more: Boolean!) { it: changeDoc(input: {` + id + `, title: "one"}) { ... on ChangeDocSuccess { articleDoc { title remarks { body } article { ...A @include(if: $more) } } } } }
			fragment A on Article { loud likes remarks(where: $w, orderBy: [{id: DESC}], limit: $n) { body about { title } } remarksAggregate { count } remarksConnection(first: 1) { totalCount nodes { body } } }`,
			`{"it": {"articleDoc": {"title": "one", "remarks": [{"body": "r1"}, {"body": "r2"}, {"body": "r3"}, {"body": "r4"}, {"body": "r5"}, {"body": "by the function"}],
				"article": {"loud": "ONE", "likes": 1, "remarks": [{"body": "r5", "about": {"title": "one"}}, {"body": "r4", "about": {"title": "one"}}], "remarksAggregate": {"count": 6}, "remarksConnection": {"totalCount": 6, "nodes": [{"body": "r1"}]}}}}}`,
		},
		{`{ it: changeTable(input: {` + id + `, title: "two"}) { ... on ChangeTableSuccess { articleTable { title } } } }`, `{"it": {"articleTable": {"title": "two"}}}`},
		{`{ it: changePair(input: {` + id + `, title: "three"}) { ... on ChangePairSuccess { pair { rightId title } } } }`, `{"it": {"pair": {"rightId": 3, "title": "three"}}}`},
		{`{ it: changeBest(input: {` + id + `, title: "four"}) { ... on ChangeBestSuccess { best { title } } } }`, `{"it": {"best": {"title": "four"}}}`},
		{`{ it: changeBest(input: {` + id + `, title: "bad"}) { ... on ChangeBestSuccess { status best { title } } } }`, `{"it": {"status": "updated", "best": null}}`}, // its view does not show it any more
		{`{ it: changeArticle(input: {id: "33333333-3333-3333-3333-333333333333", title: "x"}) { ... on ChangeArticleSuccess { article { id } } } }`, `{"it": null}`},   // refused by the foreign key
		{`{ it: changeGo(input: {` + id + `, title: "five"}) { ... on entityChanged { article { title shout } } } }`, `{"it": {"article": {"title": "five", "shout": "five!"}}}`},
		{`{ a: changeArticle(input: {` + id + `, title: "a"}) { ... on ChangeArticleSuccess { article { title } a: article { likes } } } }`, `{"a": {"article": {"title": "a"}, "a": {"likes": 1}}}`},
	} {
		variables := map[string]any{"n": 2, "w": map[string]any{"body": map[string]any{"startsWith": "r"}}, "more": true}
		a := mutate(t, s, 1, "mutation"+c.query, variables)
		if len(a.Data) == 0 {
			t.Errorf("%s: %s", c.query, a.Body)
			continue
		}
		apptest.Expect(t, c.query, compacted(t, string(a.Data)), c.want)
	}
}

type entityChanged struct{ Article *entityArticle }

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// work is one of the requests that every contender answers, over the blog of the examples. The answers are the same bytes of
// JSON but for spaces and the order of keys; verify proves it before anything is measured.
type work struct {
	name string

	// pgbench is the statement of b1 with a variable that pgbench draws, after \set lines.
	pgbench string

	field        string // the root field: the key in data
	graphql      string // the document for this project
	postgraphile string // the document for PostGraphile, with aliases that make the same answer

	variables []map[string]any // one for each variant
}

// variantNum is how many different variables the requests go through in turn: enough that no row is the only warm one, few
// enough that every answer can be compared with the one that was verified.
const variantNum = 64

// nestedPages is how many offsets the nested request has. It is small because PostGraphile makes the lists below a row even
// when OFFSET skips the row: with far pages that one habit would decide the whole comparison.
const nestedPages = 8

// What a good engineer writes for each request: PostgreSQL makes the JSON of the field, and $1 is the one variable.
const (
	oneByHand = `SELECT row_to_json(u) FROM (SELECT id, name, email FROM v_user WHERE id = $1) u`

	listByHand = `SELECT coalesce(json_agg(u), '[]') FROM (SELECT id, name, email FROM v_user ORDER BY id LIMIT 20 OFFSET $1) u`

	nestedByHand = `SELECT coalesce(json_agg(p), '[]') FROM (
	SELECT post.id, post.title,
		json_build_object('id', author.id, 'name', author.name) AS author,
		(SELECT coalesce(json_agg(c), '[]') FROM (
			SELECT comment.id, comment.body, json_build_object('id', writer.id, 'name', writer.name) AS author
			FROM v_comment comment JOIN v_user writer ON writer.id = comment.author_id
			WHERE comment.post_id = post.id ORDER BY comment.id) c) AS comments
	FROM (SELECT id, title, author_id, published_at FROM v_post WHERE status = 'published'
		ORDER BY published_at, id LIMIT 10 OFFSET $1) post
	JOIN v_user author ON author.id = post.author_id
	ORDER BY post.published_at, post.id) p`
)

// works reads the keys it needs from the database.
func works(ctx context.Context, conn *pgx.Conn) ([]work, error) {
	rows, err := conn.Query(ctx, `SELECT id::text FROM tb_user ORDER BY pk_user LIMIT $1`, variantNum)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(ids) != variantNum {
		return nil, fmt.Errorf("the blog has %d users, at least %d are needed: load it afresh", len(ids), variantNum)
	}
	byID := make([]map[string]any, 0, variantNum)
	for _, id := range ids {
		byID = append(byID, map[string]any{"id": id})
	}
	return []work{
		{
			name:  "one",
			field: "user",
			// The key of user n as the example makes it.
			pgbench: fmt.Sprintf("\\set n random(1, %d)\n", variantNum) +
				`SELECT row_to_json(u) FROM (SELECT id, name, email FROM v_user
				WHERE id = overlay(overlay(md5('user ' || :n) PLACING '8' FROM 13) PLACING 'a' FROM 17)::uuid) u;`,
			graphql:      `query One($id: ID!) { user(id: $id) { id name email } }`,
			postgraphile: `query One($id: UUID!) { user: tbUserByRowId(rowId: $id) { id: rowId name email } }`,
			variables:    byID,
		},
		{
			name:         "list",
			field:        "users",
			pgbench:      pgbenchScript(listByHand, 3, variantNum),
			graphql:      `query List($offset: Int!) { users(limit: 20, offset: $offset) { id name email } }`,
			postgraphile: `query List($offset: Int!) { users: allTbUsersList(first: 20, offset: $offset, orderBy: [ROW_ID_ASC]) { id: rowId name email } }`,
			variables:    offsets(3, variantNum),
		},
		{
			name:    "nested",
			field:   "posts",
			pgbench: pgbenchScript(nestedByHand, 1, nestedPages),
			graphql: `query Nested($offset: Int!) {
	posts(where: {status: {eq: published}}, orderBy: [{publishedAt: ASC}], limit: 10, offset: $offset) {
		id title author { id name } comments { id body author { id name } }
	}
}`,
			postgraphile: `query Nested($offset: Int!) {
	posts: allTbPostsList(condition: {status: published}, orderBy: [PUBLISHED_AT_ASC, ROW_ID_ASC], first: 10, offset: $offset) {
		id: rowId title
		author: tbUserByAuthorId { id: rowId name }
		comments: tbCommentsByPostIdList(orderBy: [ROW_ID_ASC]) { id: rowId body author: tbUserByAuthorId { id: rowId name } }
	}
}`,
			variables: offsets(1, nestedPages),
		},
	}, nil
}

// offsets makes the variants from so many different ones, step apart.
func offsets(step, different int) []map[string]any {
	out := make([]map[string]any, 0, variantNum)
	for i := range variantNum {
		out = append(out, map[string]any{"offset": i % different * step})
	}
	return out
}

func pgbenchScript(statement string, step, different int) string {
	before, after, _ := strings.Cut(statement, "$1")
	return fmt.Sprintf("\\set o %d * random(0, %d)\n%s:o%s;", step, different-1, before, after)
}

// pick gives the works with the given names, in the order of all; no names: all.
func pick(all []work, names []string) ([]work, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []work
	for _, name := range names {
		i := slices.IndexFunc(all, func(w work) bool { return w.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no request %q: choose of one, list, nested", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// graphqlBody is a GraphQL request over HTTP.
func graphqlBody(document string, variables map[string]any) ([]byte, error) {
	return json.Marshal(map[string]any{"query": document, "variables": variables})
}

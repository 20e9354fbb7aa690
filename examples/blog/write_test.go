package blog_test

import (
	"encoding/json"
	"testing"

	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestWrite opens an account, writes a post, shows it and removes it again; each mutation takes two round trips.
func TestWrite(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ask := func(query string, variables map[string]any, into any) string {
		a := s.Counted(t, 2, 1, query, variables)
		if len(a.Errors) > 0 {
			t.Fatalf("%s: %s", query, a.Body)
		}
		if into != nil {
			if err := json.Unmarshal(a.Data, into); err != nil {
				t.Fatal(err)
			}
		}
		return string(a.Data)
	}
	rows := func(table string) (n int) {
		if err := s.DB.Conn(t).QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	users, posts, comments := rows("tb_user"), rows("tb_post"), rows("tb_comment")
	var made struct {
		It struct {
			ID   string
			User struct{ ID, Identifier string }
			Post struct{ ID string }
		}
	}
	ask(`mutation($in: CreateUserInput!) { it: createUser(input: $in) { ... on CreateUserSuccess { id user { id identifier } } } }`,
		map[string]any{"in": map[string]any{"name": "Ada Almeida", "email": "ada@example.com", "bio": nil}}, &made)
	if made.It.ID == "" || made.It.ID != made.It.User.ID || made.It.User.Identifier != "ada-almeida-"+made.It.ID[:8] {
		t.Fatalf("got %+v", made)
	}
	got := ask(`mutation($in: CreatePostInput!) { it: createPost(input: $in) { ... on CreatePostSuccess {
			status post { title status keywords metadata author { name posts { title } } } cascade { updated { type operation } invalidations { queryName } } } } }`,
		map[string]any{"in": map[string]any{"authorId": made.It.ID, "title": "On joins", "body": "…", "keywords": []string{"sql"}, "metadata": map[string]any{}}}, nil)
	apptest.Expect(t, "createPost", got, `{"it": {"status": "created",
		"post": {"title": "On joins", "status": "draft", "keywords": ["sql"], "metadata": {}, "author": {"name": "Ada Almeida", "posts": [{"title": "On joins"}]}},
		"cascade": {"updated": [{"type": "User", "operation": "UPDATED"}], "invalidations": [{"queryName": "posts"}]}}}`)
	if a := s.Send(t, `mutation { createPost(input: {authorId: "00000000-0000-0000-0000-000000000000", title: "x", body: "y"}) { __typename } }`, nil); a.Code() != "CONFLICT" || a.Errors[0].Message != "There is no such author." {
		t.Errorf("an author who is not there: %s", a.Body)
	}
	if rows("tb_user") != users+1 || rows("tb_post") != posts+1 {
		t.Errorf("%d users and %d posts, want %d and %d", rows("tb_user"), rows("tb_post"), users+1, posts+1)
	}

	// A post with comments and tags.
	var busy struct {
		Comments []struct{ Post struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(s.Query(t, `{ comments(limit: 1) { post { id } } }`, nil)), &busy); err != nil {
		t.Fatal(err)
	}
	id := map[string]any{"id": busy.Comments[0].Post.ID}
	got = ask(`mutation($id: UUID!) { it: deletePost(input: {id: $id}) { __typename ... on DeletePostSuccess { status post { id } } } }`, id, nil)
	apptest.Expect(t, "deletePost", got, `{"it": {"__typename": "DeletePostSuccess", "status": "deleted", "post": null}}`)
	got = ask(`mutation($id: UUID!) { it: publishPost(input: {id: $id}) { ... on PublishPostError { code message } } }`, id, nil)
	apptest.Expect(t, "publishPost", got, `{"it": {"code": 404, "message": "There is no such post."}}`)
	if rows("tb_post") != posts || rows("tb_comment") >= comments {
		t.Errorf("%d posts and %d comments are left", rows("tb_post"), rows("tb_comment"))
	}
}

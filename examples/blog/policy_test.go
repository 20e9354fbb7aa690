package blog_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const secret = "a secret of thirty-two bytes or more"

// serveTenants is the example for a role of its own, with sign-in by tokens.
func serveTenants(t *testing.T) (*apptest.Site, *pgtest.DB) {
	t.Helper()
	db := pgtest.New(t, apptest.Example(t, "blog")...)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{
		"GRANT USAGE ON SCHEMA public TO %s", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s", "GRANT INSERT ON tb_user, tb_post TO %s",
		"GRANT UPDATE, DELETE ON tb_post TO %s", "GRANT DELETE ON tb_comment, tb_post_tag, tv_post_summary TO %s",
	}})
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return apptest.ServeOn(t, db, role.URL, fraiseql.Options{
		JWTSecretFile: file, AllowAnonymous: true, SessionClaims: map[string]string{"app.tenant_id": "tenant"},
	}), db
}

// bearer is the header of somebody of a house.
func bearer(t *testing.T, tenant string) []string {
	t.Helper()
	token := jwt.New()
	for name, value := range map[string]any{"sub": "somebody", "tenant": tenant, jwt.ExpirationKey: time.Now().Add(time.Hour)} {
		if err := token.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + string(signed)}
}

// TestHousesKeepTheirDrafts: a house sees, changes and removes its own drafts and nobody else's; who is not signed in sees what is
// shown, and everything else works as before.
func TestHousesKeepTheirDrafts(t *testing.T) {
	t.Parallel()
	s, db := serveTenants(t)
	conn := db.Conn(t)
	count := func(sql string, args ...any) (n int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+sql, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	houses := map[string][]string{}
	for _, name := range []string{"north", "south"} {
		var id string
		if err := conn.QueryRow(t.Context(), "SELECT id::text FROM tb_tenant WHERE identifier = $1", name).Scan(&id); err != nil {
			t.Fatal(err)
		}
		houses[name] = bearer(t, id)
	}
	for _, header := range [][]string{nil, houses["north"]} {
		var data struct{ Users []struct{ ID, Name string } }
		if err := json.Unmarshal([]byte(s.Query(t, `{ users { id name } }`, nil, header...)), &data); err != nil || len(data.Users) != 250 {
			t.Errorf("%d users (%v), want 250", len(data.Users), err)
		}
	}
	// Every way to read posts.
	const everywhere = `{ postsAggregate(where: {status: {eq: draft}}) { count } posts(where: {status: {eq: draft}}) { id } postsConnection(where: {status: {eq: draft}}) { totalCount }
		users(where: {posts: {some: {status: {eq: draft}}}}) { id } tags { posts(where: {status: {eq: draft}}) { id } } }`
	drafts := func(header ...string) (n int) {
		t.Helper()
		var data struct {
			PostsAggregate  struct{ Count int }
			Posts           []struct{ ID string }
			PostsConnection struct{ TotalCount int }
			Users           []struct{ ID string }
			Tags            []struct{ Posts []struct{ ID string } }
		}
		if err := json.Unmarshal([]byte(s.Query(t, everywhere, nil, header...)), &data); err != nil {
			t.Fatal(err)
		}
		tagged := map[string]bool{}
		for _, tag := range data.Tags {
			for _, p := range tag.Posts {
				tagged[p.ID] = true
			}
		}
		n = len(data.Posts)
		if data.PostsAggregate.Count != n || data.PostsConnection.TotalCount != n || len(tagged) > n || n == 0 && len(data.Users)+len(tagged) > 0 {
			t.Errorf("the ways to read drafts differ: %d in a list, %+v", n, data)
		}
		return n
	}
	all := count("tb_post WHERE status = 'draft'")
	north, south := drafts(houses["north"]...), drafts(houses["south"]...)
	if want := count("tb_post AS p JOIN tb_tenant AS t ON t.id = p.tenant_id WHERE p.status = 'draft' AND t.identifier = 'north'"); north != want || north == 0 || south == 0 || north+south >= all {
		t.Errorf("the houses see %d and %d of %d drafts, want %d for the first", north, south, all, want)
	}
	if n := drafts(); n != 0 {
		t.Errorf("who is not signed in sees %d drafts", n)
	}

	var author string
	if err := conn.QueryRow(t.Context(), "SELECT id::text FROM tb_user LIMIT 1").Scan(&author); err != nil {
		t.Fatal(err)
	}
	create := fmt.Sprintf(`mutation { createPost(input: {authorId: %q, title: "Ours", body: "…"}) { ... on CreatePostSuccess { id post { title status author { id } } } } }`, author)
	posts := count("tb_post")
	if a := s.Counted(t, 2, 1, create, nil); a.Code() != "FORBIDDEN" || count("tb_post") != posts {
		t.Errorf("who is not signed in has written: %s", a.Body)
	}
	var made struct {
		CreatePost struct{ ID string }
	}
	a := s.Counted(t, 2, 1, create, nil, houses["north"]...)
	if err := json.Unmarshal(a.Data, &made); err != nil || made.CreatePost.ID == "" || !strings.Contains(string(a.Data), `"post":{"title":"Ours","status":"draft"`) {
		t.Fatalf("%v: %s", err, a.Body)
	}
	if n := count("tb_post AS p JOIN tb_tenant AS t ON t.id = p.tenant_id WHERE p.id = $1 AND t.identifier = 'north'", made.CreatePost.ID); n != 1 {
		t.Error("the draft does not belong to the house that wrote it")
	}
	if drafts(houses["north"]...) != north+1 || drafts(houses["south"]...) != south || drafts() != 0 {
		t.Error("a new draft is seen by the wrong ones")
	}

	id := map[string]any{"id": made.CreatePost.ID}
	const publish = `mutation($id: UUID!) { it: publishPost(input: {id: $id}) { ... on PublishPostError { code } ... on PublishPostSuccess { post { status } } } }`
	const remove = `mutation($id: UUID!) { it: deletePost(input: {id: $id}) { ... on DeletePostError { code } ... on DeletePostSuccess { status } } }`
	for _, header := range [][]string{nil, houses["south"]} {
		for _, mutation := range []string{publish, remove} {
			a := s.Counted(t, 2, 1, mutation, id, header...)
			apptest.Expect(t, mutation, string(a.Data), `{"it": {"code": 404}}`)
		}
	}
	// Of others' posts the comments stay too, although the function removes them first.
	var busy string
	if err := conn.QueryRow(t.Context(), `SELECT p.id::text FROM tb_post AS p JOIN tb_tenant AS t ON t.id = p.tenant_id
		WHERE t.identifier = 'north' AND p.status = 'published' AND EXISTS (SELECT FROM tb_comment AS c WHERE c.post_id = p.id) LIMIT 1`).Scan(&busy); err != nil {
		t.Fatal(err)
	}
	comments := count("tb_comment")
	apptest.Expect(t, "another house's post", string(s.Counted(t, 2, 1, remove, map[string]any{"id": busy}, houses["south"]...).Data), `{"it": {"code": 404}}`)
	if n := count("tb_comment"); n != comments {
		t.Errorf("%d comments are left of %d", n, comments)
	}
	a = s.Counted(t, 2, 1, publish, id, houses["north"]...)
	apptest.Expect(t, "publish", string(a.Data), `{"it": {"post": {"status": "published"}}}`)
	apptest.Expect(t, "everybody sees it", s.Query(t, `query($id: ID!) { post(id: $id) { title } }`, id), `{"post": {"title": "Ours"}}`)
	a = s.Counted(t, 2, 1, remove, id, houses["north"]...)
	apptest.Expect(t, "delete", string(a.Data), `{"it": {"status": "deleted"}}`)
	a = s.Counted(t, 2, 1, `mutation { createUser(input: {name: "New", email: "new@example.com"}) { ... on CreateUserSuccess { user { name } } } }`, nil)
	apptest.Expect(t, "sign up", string(a.Data), `{"createUser": {"user": {"name": "New"}}}`)
}

package clients_test

import (
	"encoding/json"
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

// token signs somebody of a house in.
func token(t *testing.T, db *pgtest.DB, house string) string {
	t.Helper()
	var tenant string
	if err := db.Conn(t).QueryRow(t.Context(), "SELECT id::text FROM tb_tenant WHERE identifier = $1", house).Scan(&tenant); err != nil {
		t.Fatal(err)
	}
	made := jwt.New()
	for name, value := range map[string]any{"sub": "somebody", "tenant": tenant, jwt.ExpirationKey: time.Now().Add(time.Hour)} {
		if err := made.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := jwt.Sign(made, jwt.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// TestApolloClientWrites: the blog written by Apollo Client, signed in by tokens, under the policies of the example.
func TestApolloClientWrites(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, apptest.Example(t, "blog")...)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{
		"GRANT USAGE ON SCHEMA public TO %s", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s", "GRANT INSERT ON tb_user, tb_post TO %s",
		"GRANT UPDATE, DELETE ON tb_post TO %s", "GRANT DELETE ON tb_comment, tb_post_tag, tv_post_summary TO %s",
	}})
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	url := apptest.Listen(t, apptest.Start(t, fraiseql.Options{
		DatabaseURL: role.URL, JWTSecretFile: file, AllowAnonymous: true, SessionClaims: map[string]string{"app.tenant_id": "tenant"}, Production: true,
	}))
	var said map[string]json.RawMessage
	if err := json.Unmarshal(node(t, "@apollo/client", ".", "write.mjs", url+"/graphql", token(t, db, "north"), token(t, db, "south")), &said); err != nil {
		t.Fatal(err)
	}
	for what, parts := range map[string][]string{
		"users":           {`3`},
		"signUp":          {`"status":"created","message":"Welcome."`, `"name":"Ada Byron","email":"ada.byron@example.org"`, `"errors":[]`},
		"badAddress":      {`"__typename":"CreateUserError"`, `"code":422`, `"identifier":"email","message":"An address has an @.","details":{"field":"email"}`, `"errors":[]`},
		"takenAddress":    {`"createUser":null`, `"message":"Somebody has that address already.","code":"CONFLICT","field":"email"`},
		"unsigned":        {`"createPost":null`, `"code":"FORBIDDEN"`},
		"draft":           {`"title":"On engines","status":"draft"`, `"count":1`, `"operation":"UPDATED"`, `"queryName":"posts"`, `"errors":[]`},
		"cachedCount":     {`1`},
		"draftSeen":       {`["draft",null,null]`},
		"publishedByThem": {`"code":404`},
		"published":       {`"updatedFields":["status","publishedAt"]`, `"status":"published"`},
		"cachedStatus":    {`"published"`},
		"publishedSeen":   {`["published","published","published"]`},
		"publishedAgain":  {`"code":422,"message":"It is published already."`},
		"deletedByThem":   {`"code":404`},
		"deleted":         {`"status":"deleted"`, `"post":null`},
		"deletedCached":   {`null`},
		"deletedSeen":     {`[null,null,null]`},
	} {
		for _, part := range parts {
			if !strings.Contains(string(said[what]), part) {
				t.Errorf("%s: %s is not in %s", what, part, said[what])
			}
		}
	}
	t.Logf("figure: steps of writing by Apollo Client: %d", len(said))
}

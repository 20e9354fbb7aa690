package clients_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// tagQuery is a query as Apollo Client prints it, which is what it hashes.
const tagQuery = "query FirstTag {\n  tags(limit: 1, orderBy: [{name: ASC}]) {\n    name\n    __typename\n  }\n}"

// TestPersistedQueries has Apollo Client send a query by its hash: to an app that keeps queries, to one that does not, and to
// one that serves trusted documents only.
func TestPersistedQueries(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, apptest.Example(t, "blog")...).URL
	sum := sha256.Sum256([]byte(tagQuery))
	trusting := func(t *testing.T, id string) string {
		manifest, err := json.Marshal(map[string]any{
			"format": "apollo-persisted-query-manifest", "version": 1,
			"operations": []map[string]string{{"id": id, "name": "FirstTag", "type": "query", "body": tagQuery}},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "manifest.json")
		if err := os.WriteFile(file, manifest, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const birds = `{"tags":[{"name":"Birds","__typename":"Tag"}]}`
	for name, c := range map[string]struct {
		options func(t *testing.T) fraiseql.Options
		way     string
		want    string // method, whether with the text, status
		answer  string
	}{
		"by POST":       {nil, "post", "POST hash 400, POST text 200, POST hash 200, POST hash 200", birds},
		"by GET":        {nil, "get", "GET hash 400, POST text 200, GET hash 200, GET hash 200", birds},
		"in production": {func(*testing.T) fraiseql.Options { return fraiseql.Options{Production: true} }, "get", "GET hash 400, POST text 200, GET hash 200, GET hash 200", birds},
		"not kept":      {func(*testing.T) fraiseql.Options { return fraiseql.Options{PersistedQueriesBytes: -1} }, "post", "POST hash 400, POST text 200, POST text 200, POST text 200", birds},
		"trusted, by POST": {func(t *testing.T) fraiseql.Options {
			return fraiseql.Options{TrustedDocuments: trusting(t, hex.EncodeToString(sum[:]))}
		}, "post", "POST hash 200, POST hash 200, POST hash 200", birds},
		"trusted, by GET": {func(t *testing.T) fraiseql.Options {
			return fraiseql.Options{TrustedDocuments: trusting(t, hex.EncodeToString(sum[:]))}
		}, "get", "GET hash 200, GET hash 200, GET hash 200", birds},
		"not trusted": {func(t *testing.T) fraiseql.Options { return fraiseql.Options{TrustedDocuments: trusting(t, "other")} }, "post", "POST hash 400, POST text 400, POST hash 400, POST text 400, POST hash 400, POST text 400", "only trusted documents are served"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fraiseql.Options{}
			if c.options != nil {
				o = c.options(t)
			}
			o.DatabaseURL = url
			address := apptest.Listen(t, apptest.Start(t, o))
			var got struct {
				Sent []struct {
					Method string
					Text   bool
					Status int
				}
				Answers []json.RawMessage
			}
			if err := json.Unmarshal(node(t, "@apollo/client", ".", "persisted.mjs", address+"/graphql", c.way, tagQuery, "3"), &got); err != nil {
				t.Fatal(err)
			}
			var sent []string
			for _, s := range got.Sent {
				what := "hash"
				if s.Text {
					what = "text"
				}
				sent = append(sent, fmt.Sprintf("%s %s %d", s.Method, what, s.Status))
			}
			if all := strings.Join(sent, ", "); all != c.want {
				t.Errorf("sent %s\nwant %s", all, c.want)
			}
			for _, a := range got.Answers {
				if !strings.Contains(string(a), c.answer) {
					t.Errorf("got %s, want %s", a, c.answer)
				}
			}
		})
	}
}

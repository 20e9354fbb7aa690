// Package clients_test has clients of others page through connections: Apollo Client, whose cache joins the pages, and the
// compiler of Relay, which reads the schema. It needs node, and "npm ci" in this folder.
package clients_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// serve serves the blog, and gives its address. Its lists may be as long as they are.
func serve(t *testing.T) string {
	t.Helper()
	return apptest.Listen(t, apptest.Start(t, fraiseql.Options{DatabaseURL: pgtest.New(t, apptest.Example(t, "blog")...).URL, MaxPage: -1}))
}

// sdl is the schema of an app, as it gives it to tools.
func sdl(t *testing.T) []byte {
	t.Helper()
	resp, err := http.Get(serve(t) + "/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// node runs a script of this folder and gives what it prints. Without node, or without the npm package that the script
// is about, the test is skipped, unless FRAISEQL_REQUIRE_PG=1 is set.
func node(t *testing.T, pkg, dir, script string, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("node_modules/" + pkg + "/package.json")
	}
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatalf("%v: install node, and run npm ci in test/clients", err)
		}
		t.Skipf("%v: install node, and run npm ci in test/clients (FRAISEQL_REQUIRE_PG=1 makes this a failure)", err)
	}
	script, err = filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{script}, args...)...)
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, complaints.String())
	}
	return out
}

// TestApolloClient pages through all comments, both ways. The slow suite takes small pages too, and more orders.
func TestApolloClient(t *testing.T) {
	t.Parallel()
	url := serve(t)
	sizes := []string{"1100"}
	if os.Getenv("FRAISEQL_SLOW") == "1" {
		sizes = append(sizes, "83")
	}
	orders := []string{`[{"createdAt":"DESC"}]`, `[{"parent":{"createdAt":"DESC_NULLS_LAST"}}]`, `[{"parentId":"ASC"},{"body":"DESC"}]`, `[]`}
	if len(sizes) == 1 {
		orders = orders[:2]
	}
	var walked atomic.Int64
	t.Cleanup(func() {
		t.Logf("figure: walks of Apollo Client through all pages: %d of %d", walked.Load(), 2*len(orders)*len(sizes))
	})
	for _, order := range orders {
		want := comments(t, url, order)
		for _, way := range []string{"forwards", "backwards"} {
			for _, size := range sizes {
				t.Run(strings.Join([]string{order, way, size}, " "), func(t *testing.T) {
					t.Parallel()
					var got struct {
						Turns, Total int
						IDs          []string
					}
					if err := json.Unmarshal(node(t, "@apollo/client", ".", "apollo.mjs", url+"/graphql", way, size, order), &got); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got.IDs, want) || got.Total != len(want) || got.Turns < 2 {
						t.Fatalf("%d turns gave %d of %d (%d wanted) in another order", got.Turns, len(got.IDs), got.Total, len(want))
					}
					walked.Add(1)
				})
			}
		}
	}
}

// comments asks for the ids of all comments as a list.
func comments(t *testing.T, url, order string) []string {
	t.Helper()
	body := fmt.Sprintf(`{"query": "query($o: [CommentOrderByInput!]) { comments(orderBy: $o) { id } }", "variables": {"o": %s}}`, order)
	resp, err := http.Post(url+"/graphql", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var data struct {
		Data struct{ Comments []struct{ ID string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&data); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range data.Data.Comments {
		ids = append(ids, c.ID)
	}
	if len(ids) < 100 {
		t.Fatalf("%d comments are too few to page through", len(ids))
	}
	return ids
}

// TestRelayCompiler has the compiler read the SDL and an app's queries: it refuses a connection that is none, and knows the
// pages of one that is.
func TestRelayCompiler(t *testing.T) {
	t.Parallel()
	sdl := sdl(t)
	made := relay(t, sdl, "pages.js", "{}")
	if err, ok := made["error"]; ok {
		t.Fatal(err)
	}
	compiled := 0
	wanted := map[string][]string{
		"pagesCommentsPaginationQuery.graphql.js": {`"handle": "connection"`, `"key": "pages_commentsConnection"`, "hasNextPage", "endCursor", "totalCount"},
		"pagesBackQuery.graphql.js":               {`"handle": "connection"`, "hasPreviousPage", "startCursor"},
	}
	for file, parts := range wanted {
		missing := slices.DeleteFunc(parts, func(part string) bool { return strings.Contains(made[file], part) })
		if len(missing) == 0 {
			compiled++
			continue
		}
		t.Errorf("%q is not in %s: %s", missing, file, made[file])
	}
	t.Logf("figure: operations compiled by the compiler of Relay: %d of %d", compiled, len(wanted))
	// A compiler that takes everything tells nothing.
	for old, with := range map[string]string{"  pageInfo: PageInfo!\n": "", "  cursor: String!\n": "", "  hasNextPage: Boolean!\n": ""} {
		broken := relay(t, bytes.ReplaceAll(sdl, []byte(old), []byte(with)), "pages.js", "{}")
		if bytes.Count(sdl, []byte(old)) == 0 || broken["error"] == "" {
			t.Errorf("the compiler does not miss %q", old)
		}
	}
}

// relay runs the compiler on a source in a folder of its own, and gives the files it makes, or what it complains of as
// "error". about is what the compiler is told of the schema.
func relay(t *testing.T, sdl []byte, source, about string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	code, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"schema.graphql":    sdl,
		"src/" + source:     code,
		"package.json":      []byte(`{"name": "app"}`),
		"relay.config.json": []byte(`{"src": "./src", "schema": "./schema.graphql", "language": "javascript", "schemaConfig": ` + about + `}`),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var said struct {
		Code   int
		Output string
	}
	if err := json.Unmarshal(node(t, "relay-compiler", dir, "relay.mjs"), &said); err != nil {
		t.Fatal(err)
	}
	if said.Code != 0 {
		return map[string]string{"error": said.Output}
	}
	made := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "src/__generated__/*.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		made[filepath.Base(file)] = string(text)
	}
	return made
}

//go:build unix

package cli_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestInit writes each project against this checkout, and does in it what its README says: its tests, and the program on a
// database of schema.sql. Nothing is fetched that is not here.
func TestInit(t *testing.T) {
	t.Parallel()
	pgtest.New(t) // where there is no PostgreSQL, the project's own tests would not run
	environ := append(os.Environ(), "GOPROXY=off", "GOFLAGS=-buildvcs=false")
	for template, c := range map[string]struct{ query, want string }{
		"blog":    {`{users(orderBy:[{name:ASC}]){name posts{title}}}`, `{"data":{"users":[{"name":"Ada","posts":[{"title":"Notes on the engine"}]},{"name":"Grace","posts":[]}]}}`},
		"minimal": {`{notes{body}}`, `{"data":{"notes":[{"body":"Hello."}]}}`},
	} {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "shop")
			var out strings.Builder
			if code := cli.Main(t.Context(), []string{"init", dir, "--template", template, "--module-path", "../.."}, environ, &out, &out); code != 0 {
				t.Fatalf("code %d: %s", code, out.String())
			}
			do := func(name string, args ...string) string {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), name, args...)
				cmd.Dir, cmd.Env = dir, environ
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%s %q: %v\n%s", name, args, err, out)
				}
				return string(out)
			}
			if unformatted := do("gofmt", "-l", "."); unformatted != "" {
				t.Errorf("these are not formatted: %s", unformatted)
			}
			do("go", "vet", "./...")
			if out := do("go", "test", "-v", "./..."); !strings.Contains(out, "--- PASS") || strings.Contains(out, "--- SKIP") {
				t.Errorf("go test prints\n%s", out)
			}
			do("go", "build", "-o", "shop", ".")
			sql, err := os.ReadFile(filepath.Join(dir, "schema.sql"))
			if err != nil {
				t.Fatal(err)
			}
			addr, err := freePort()
			if err != nil {
				t.Fatal(err)
			}
			served := exec.CommandContext(t.Context(), "./shop")
			served.Dir, served.Env = dir, append(os.Environ(), "DATABASE_URL="+pgtest.New(t, string(sql)).URL, "FRAISEQL_ADDR="+addr)
			served.Cancel = func() error { return served.Process.Signal(syscall.SIGKILL) }
			if err := served.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- served.Wait() }()
			if got := answer(t, addr, c.query, ended); got != c.want+"\n" && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err := errors.Join(served.Process.Signal(syscall.SIGTERM), <-ended); err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// TestProjectOfARelease: its go.mod names the release of the command, and no folder of this machine.
func TestProjectOfARelease(t *testing.T) {
	t.Parallel()
	files, err := cli.ProjectFiles("minimal", "shop", "v1.2.3")
	const want = "module example.com/shop\n\ngo 1.25.0\n\nrequire github.com/fraiseql/fraiseql-go v1.2.3\n"
	if err != nil || string(files["go.mod"]) != want {
		t.Errorf("got %s, %v", files["go.mod"], err)
	}
	for _, name := range []string{".gitignore", "README.md", "fraiseql.toml", "main.go", "main_test.go", "schema.sql"} {
		if len(files[name]) == 0 {
			t.Errorf("there is no %s", name)
		}
	}
}

// answer asks a program until it is ready.
func answer(t *testing.T, addr, query string, ended <-chan error) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("the program has ended: %v", err)
		default:
		}
		resp, err := http.Post("http://"+addr+"/graphql", "application/json", strings.NewReader(`{"query": "`+query+`"}`))
		if err != nil {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			return string(body)
		}
	}
	t.Fatalf("%s does not answer", addr)
	return ""
}

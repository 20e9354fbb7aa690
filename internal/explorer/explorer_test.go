package explorer_test

import (
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/explorer"
)

// budget bounds what a first visit loads, uncompressed.
const budget = 100_000

func newPage(t *testing.T, o explorer.Options) http.Handler {
	t.Helper()
	page, err := explorer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// served are all assets by name, as a browser gets them.
func served(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	handler := explorer.Assets()
	assets := make(map[string]string)
	for _, entry := range entries {
		w := get(t, handler, explorer.AssetsPath+entry.Name())
		if w.Code != http.StatusOK {
			t.Fatalf("%s: status %d", entry.Name(), w.Code)
		}
		assets[entry.Name()] = w.Body.String()
	}
	if len(assets) < 10 {
		t.Fatalf("only %d assets", len(assets))
	}
	return assets
}

func TestSizeStaysInBudget(t *testing.T) {
	t.Parallel()
	total := get(t, newPage(t, explorer.Options{}), "/graphql").Body.Len()
	for _, body := range served(t) {
		total += len(body)
	}
	t.Logf("page and assets: %d bytes", total)
	if total >= budget {
		t.Errorf("page and assets are %d bytes, the budget is %d: leave something out", total, budget)
	}
}

func TestNothingPointsToAnotherHost(t *testing.T) {
	t.Parallel()
	files := served(t)
	files["the page"] = get(t, newPage(t, explorer.Options{}), "/graphql").Body.String()
	address := regexp.MustCompile(`(?i)https?:|["'(=]//\w|@import|\bwss?:`)
	for name, body := range files {
		body = strings.ReplaceAll(body, `xmlns="http://www.w3.org/2000/svg"`, "") // the name of a language, never loaded
		if found := address.FindString(body); found != "" {
			t.Errorf("%s mentions another address: %q", name, found)
		}
	}
}

func TestNoAssetReadsTextAsCode(t *testing.T) {
	t.Parallel()
	danger := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|createContextualFragment|javascript:|setAttribute\(["']style`)
	for name, body := range served(t) {
		if found := danger.FindString(body); found != "" {
			t.Errorf("%s uses %s", name, found)
		}
	}
	page := get(t, newPage(t, explorer.Options{}), "/graphql").Body.String()
	if found := regexp.MustCompile(`\son\w+=|\sstyle=|<style`).FindString(page); found != "" {
		t.Errorf("the page has inline code or style, which its policy forbids: %q", found)
	}
}

func TestPageEscapesWhatItIsGiven(t *testing.T) {
	t.Parallel()
	const hostile = `</title></script><script>alert("1")</script><!--`
	page := newPage(t, explorer.Options{
		Title: hostile, Version: hostile,
		Examples: []explorer.Example{{Name: hostile, Query: "{ a(b: \"\u2028<&>\") }", Variables: `{"x": "</script>"}`}},
	})
	body := get(t, page, "/graphql").Body.String()
	if strings.Contains(body, "<script>alert") || strings.Count(body, "</script>") != 3 {
		t.Errorf("hostile options reach the page as markup:\n%s", body)
	}
	if want := "<title>" + html.EscapeString(hostile) + "</title>"; !strings.Contains(body, want) {
		t.Errorf("the title is not there as text: want %s in\n%s", want, body)
	}
	_, config, _ := strings.Cut(body, `id="config">`)
	config, _, _ = strings.Cut(config, "</script>")
	var got struct{ Examples []explorer.Example }
	if err := json.Unmarshal([]byte(config), &got); err != nil {
		t.Fatalf("the page's configuration is no JSON: %v\n%s", err, config)
	}
	if want := (explorer.Example{Name: hostile, Query: "{ a(b: \"\u2028<&>\") }", Variables: `{"x": "</script>"}`}); len(got.Examples) != 1 || got.Examples[0] != want {
		t.Errorf("examples = %+v, want %+v", got.Examples, want)
	}
}

func TestPageWithoutExamplesHasAnEmptyList(t *testing.T) {
	t.Parallel()
	body := get(t, newPage(t, explorer.Options{}), "/graphql").Body.String()
	if !strings.Contains(body, `{"examples":[]}`) {
		t.Errorf("no empty list of examples in the page:\n%s", body)
	}
	if strings.Contains(body, `class="version"`) {
		t.Error("a version is shown although none was given")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	page, assets := newPage(t, explorer.Options{}), explorer.Assets()
	tests := []struct {
		name      string
		handler   http.Handler
		target    string
		mediaType string
	}{
		{"page", page, "/graphql", "text/html; charset=utf-8"},
		{"script", assets, "/_explorer/main.js", "text/javascript; charset=utf-8"},
		{"style", assets, "/_explorer/explorer.css", "text/css; charset=utf-8"},
		{"icon", assets, "/_explorer/favicon.svg", "image/svg+xml"},
		{"another folder", assets, "/api/x/main.js", "text/javascript; charset=utf-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := get(t, test.handler, test.target)
			for name, want := range map[string]string{
				"Content-Type":            test.mediaType,
				"Content-Security-Policy": explorer.Policy,
				"X-Content-Type-Options":  "nosniff",
				"Referrer-Policy":         "no-referrer",
				"Cache-Control":           "no-cache",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			etag := w.Header().Get("ETag")
			for _, match := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
				again := get(t, test.handler, test.target, "If-None-Match", match)
				if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != etag {
					t.Errorf("If-None-Match: %s: status %d, %d bytes, ETag %q", match, again.Code, again.Body.Len(), again.Header().Get("ETag"))
				}
			}
			if other := get(t, test.handler, test.target, "If-None-Match", `"other"`); other.Code != http.StatusOK {
				t.Errorf("another ETag: status %d, want 200", other.Code)
			}
			for method, want := range map[string]int{http.MethodHead: http.StatusOK, http.MethodPost: http.StatusMethodNotAllowed} {
				w := httptest.NewRecorder()
				test.handler.ServeHTTP(w, httptest.NewRequest(method, test.target, nil))
				if w.Code != want {
					t.Errorf("%s: status %d, want %d", method, w.Code, want)
				}
				if method == http.MethodHead && w.Body.Len() != 0 {
					t.Errorf("HEAD has a body of %d bytes", w.Body.Len())
				}
			}
		})
	}
	if got := get(t, page, "/graphql").Header().Get("Vary"); got != "Accept" {
		t.Errorf("Vary = %q, want Accept", got)
	}
	if w := get(t, assets, "/_explorer/nothing.js"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown asset: status %d, want 404", w.Code)
	}
}

func TestAssetsAreLinkedRelativeToTheEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct{ endpoint, assets, want string }{
		{"", "", "./_explorer/"},
		{"/graphql", "/static/x/", "./static/x/"},
		{"/api/v1/graphql", "/_explorer/", "../../_explorer/"},
		{"/graphql/", "/_explorer/", "../_explorer/"},
	}
	for _, test := range tests {
		page := newPage(t, explorer.Options{Endpoint: test.endpoint, AssetsPath: test.assets})
		body := get(t, page, "/graphql").Body.String()
		if want := `src="` + test.want + `main.js"`; !strings.Contains(body, want) {
			t.Errorf("endpoint %q, assets %q: no %s in the page", test.endpoint, test.assets, want)
		}
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		options explorer.Options
		want    string
	}{
		{explorer.Options{Endpoint: "graphql"}, `Endpoint is "graphql"`},
		{explorer.Options{AssetsPath: "/_explorer"}, `AssetsPath is "/_explorer"`},
		{explorer.Options{AssetsPath: "/"}, `AssetsPath is "/"`},
		{explorer.Options{AssetsPath: "x/"}, `AssetsPath is "x/"`},
	}
	for _, test := range tests {
		if _, err := explorer.New(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("New(%+v): error %v, want one with %s", test.options, err, test.want)
		}
	}
}

// TestModules runs the scripts' own tests, on the sources and on what is served.
func TestModules(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" { // nothing may be skipped then
			t.Fatal("node is not installed, and runs the scripts' tests")
		}
		t.Skip("node is not installed")
	}
	squeezed := t.TempDir()
	files := served(t)
	files["package.json"] = `{"type": "module"}`
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(squeezed, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests, err := fs.Glob(os.DirFS("."), "jstest/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests of the modules found: %v", err)
	}
	for name, folder := range map[string]string{"sources": "", "served": squeezed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scripts, _ := filepath.Glob(filepath.Join(folder, "*.js"))
			if folder == "" {
				scripts, _ = filepath.Glob("assets/*.js")
			}
			const parse = `const {readFileSync} = require("fs"), {SourceTextModule} = require("vm");
				for (const file of process.argv.slice(1)) new SourceTextModule(readFileSync(file, "utf8"), {identifier: file});`
			args := append([]string{"--no-warnings", "--experimental-vm-modules", "-e", parse}, scripts...)
			if out, err := exec.CommandContext(t.Context(), node, args...).CombinedOutput(); err != nil {
				t.Errorf("a module cannot be read: %v\n%s", err, out)
			}
			command := exec.CommandContext(t.Context(), node, append([]string{"--test"}, tests...)...)
			command.Env = append(os.Environ(), "EXPLORER_ASSETS="+folder)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("node --test: %v\n%s", err, out)
			}
		})
	}
}

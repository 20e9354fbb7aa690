package explorer_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/explorer"
	"github.com/fraiseql/fraiseql-go/internal/page"
	"github.com/fraiseql/fraiseql-go/internal/page/pagetest"
)

// budget bounds what a first visit loads, uncompressed.
const budget = 105_000

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
	return pagetest.Files(t, explorer.Assets(), "assets")
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

func TestPageIsHarmless(t *testing.T) {
	t.Parallel()
	pagetest.Harmless(t, get(t, newPage(t, explorer.Options{}), "/graphql").Body.String(), served(t))
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
	opened, assets := newPage(t, explorer.Options{}), explorer.Assets()
	tests := []struct {
		name      string
		handler   http.Handler
		target    string
		mediaType string
	}{
		{"page", opened, "/graphql", "text/html; charset=utf-8"},
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
				"Content-Security-Policy": page.Policy,
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
	if got := get(t, opened, "/graphql").Header().Get("Vary"); got != "Accept" {
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

func TestModules(t *testing.T) {
	t.Parallel()
	pagetest.Modules(t, served(t))
}

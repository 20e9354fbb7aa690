// Package explorer is the page that a browser sees at the GraphQL endpoint outside production: an editor with
// completion from the schema, the schema's documentation, the answers, a history.
//
// It is plain HTML, CSS and ES modules, all of it embedded; the page asks no host but its own, so it works without
// the internet. It is strict about what it trusts: the Content-Security-Policy allows no inline script and no inline
// style, and whatever comes from the server, the schema or the address is shown as text, never read as markup.
//
// Two handlers belong together:
//
//	mux.Handle("GET "+explorer.AssetsPath, explorer.Assets())
//	page, err := explorer.New(explorer.Options{Title: "Blog"}) // answer GET /graphql with it when text/html is wanted
package explorer

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// AssetsPath is where the page looks for its assets when Options.AssetsPath is empty.
const AssetsPath = "/_explorer/"

// Policy is the Content-Security-Policy of the page and its assets.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

//go:embed assets page.html
var files embed.FS

// Options describe one page. The zero value works.
type Options struct {
	// Title is shown in the page's head and in the browser's tab. Default: "GraphQL".
	Title string
	// Version is shown beside the title. Default: nothing.
	Version string
	// Examples are offered in the page; the first one is what a new visitor finds in the editor.
	Examples []Example
	// Endpoint is the path under which the page is served, which is also where it sends queries. Default: "/graphql".
	// The page links to its assets relative to it, so both may be moved together behind a proxy.
	Endpoint string
	// AssetsPath is the folder under which Assets is mounted, with slashes on both sides. Default: the constant AssetsPath.
	AssetsPath string
}

// Example is a query to start from.
type Example struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	// Variables is a JSON object, or empty.
	Variables string `json:"variables"`
}

// New gives the page. It is rendered once; the handler answers GET and HEAD, and 405 otherwise.
func New(o Options) (http.Handler, error) {
	o.Title = cmp.Or(o.Title, "GraphQL")
	o.Endpoint = cmp.Or(o.Endpoint, "/graphql")
	o.AssetsPath = cmp.Or(o.AssetsPath, AssetsPath)
	if !strings.HasPrefix(o.Endpoint, "/") {
		return nil, fmt.Errorf("explorer: Endpoint is %q: it must start with a slash, such as /graphql", o.Endpoint)
	}
	if len(o.AssetsPath) < 3 || !strings.HasPrefix(o.AssetsPath, "/") || !strings.HasSuffix(o.AssetsPath, "/") {
		return nil, fmt.Errorf("explorer: AssetsPath is %q: it must be a folder between slashes, such as %s", o.AssetsPath, AssetsPath)
	}
	body, err := render(o)
	if err != nil {
		return nil, fmt.Errorf("explorer: rendering the page: %w", err)
	}
	page := newAsset("page.html", body)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept") // the same address answers queries
		page.serve(w, r)
	}), nil
}

func render(o Options) ([]byte, error) {
	source, err := files.ReadFile("page.html")
	if err != nil {
		return nil, err
	}
	page, err := template.New("page").Parse(squeeze("page.html", string(source)))
	if err != nil {
		return nil, err
	}
	examples := o.Examples
	if examples == nil {
		examples = []Example{}
	}
	var body bytes.Buffer
	err = page.Execute(&body, map[string]any{
		"Title":   o.Title,
		"Version": o.Version,
		"Assets":  template.URL(relative(o.Endpoint, o.AssetsPath)),
		"Config":  map[string]any{"examples": examples},
	})
	return body.Bytes(), err
}

// relative is the way from one path to a folder as a link in a page writes it.
func relative(from, folder string) string {
	up := strings.Count(from, "/") - 1
	if up == 0 {
		return "." + folder
	}
	return strings.Repeat("../", up) + strings.TrimPrefix(folder, "/")
}

// Assets serves the scripts, the styles and the icon under any folder: the last element of the path names the file.
func Assets() http.Handler {
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	assets := make(map[string]*asset, len(entries))
	for _, entry := range entries {
		body, err := fs.ReadFile(files, "assets/"+entry.Name())
		if err != nil {
			panic(err)
		}
		assets[entry.Name()] = newAsset(entry.Name(), []byte(squeeze(entry.Name(), string(body))))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := assets[path.Base(r.URL.Path)]
		if found == nil {
			http.NotFound(w, r)
			return
		}
		found.serve(w, r)
	})
}

// asset is one file as it is sent.
type asset struct {
	mediaType string
	etag      string
	body      []byte
}

func newAsset(name string, body []byte) *asset {
	mediaType := map[string]string{
		".html": "text/html; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".svg":  "image/svg+xml",
	}[path.Ext(name)]
	sum := sha256.Sum256(body)
	return &asset{mediaType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body}
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", a.mediaType)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache") // keep, but ask: modules of two versions must not mix
	h.Set("Content-Security-Policy", Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if matches(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(a.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(a.body) // a client that went away needs no answer
	}
}

// matches reads If-None-Match (RFC 9110, section 13.1.2), which compares weakly.
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}

// Package explorer is the page that a browser sees at the GraphQL endpoint outside production: an editor with
// completion from the schema, the schema's documentation, the answers, a history.
//
// It is plain HTML, CSS and ES modules, all of it embedded; the page asks no host but its own, so it works without
// the internet. It is strict about what it trusts: the Content-Security-Policy (page.Policy) allows no inline script and no
// inline style, and whatever comes from the server, the schema or the address is shown as text, never read as markup.
//
// Two handlers belong together:
//
//	mux.Handle("GET "+explorer.AssetsPath, explorer.Assets())
//	page, err := explorer.New(explorer.Options{Title: "Blog"}) // answer GET /graphql with it when text/html is wanted
package explorer

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/page"
)

// AssetsPath is where the page looks for its assets when Options.AssetsPath is empty.
const AssetsPath = "/_explorer/"

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
	file := page.NewFile("page.html", body)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept") // the same address answers queries
		file.ServeHTTP(w, r)
	}), nil
}

func render(o Options) ([]byte, error) {
	text, err := page.Template(files, "page.html")
	if err != nil {
		return nil, err
	}
	examples := o.Examples
	if examples == nil {
		examples = []Example{}
	}
	var body bytes.Buffer
	err = text.Execute(&body, map[string]any{
		"Title":   o.Title,
		"Version": o.Version,
		"Assets":  template.URL(page.Relative(o.Endpoint, o.AssetsPath)),
		"Config":  map[string]any{"examples": examples},
	})
	return body.Bytes(), err
}

// Assets serves the scripts, the styles and the icon under any folder: the last element of the path names the file.
func Assets() http.Handler { return page.Folder(files, "assets") }

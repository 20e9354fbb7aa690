// Package page sends the pages that the program brings along: plain HTML, style sheets and ES modules that are embedded in
// it, need no build and ask no host but their own.
package page

import (
	"crypto/sha256"
	_ "embed" // the icon
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Policy is the Content-Security-Policy of a page and its files: no inline script, no inline style, nothing from elsewhere.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

//go:embed favicon.svg
var icon []byte

// Protect tells browsers what a page may load, which is what Policy says, and what they must not tell other sites.
func Protect(h http.Header) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// Template reads the template of a page from the program's files.
func Template(files fs.FS, name string) (*template.Template, error) {
	source, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	return template.New(name).Parse(Squeeze(name, string(source)))
}

// Relative is the way from a path to a folder as a link in a page writes it, so that both may be moved together behind a
// proxy.
func Relative(from, folder string) string {
	up := strings.Count(from, "/") - 1
	if up == 0 {
		return "." + folder
	}
	return strings.Repeat("../", up) + strings.TrimPrefix(folder, "/")
}

// Folder serves the files of one of the program's folders, squeezed, and favicon.svg, which all pages share, under any path:
// its last element names the file.
func Folder(files fs.FS, folder string) http.Handler {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(err) // the folder is part of the program
	}
	known := map[string]*File{"favicon.svg": NewFile("favicon.svg", icon)}
	for _, entry := range entries {
		body, err := fs.ReadFile(files, folder+"/"+entry.Name())
		if err != nil {
			panic(err)
		}
		known[entry.Name()] = NewFile(entry.Name(), []byte(Squeeze(entry.Name(), string(body))))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := known[path.Base(r.URL.Path)]
		if found == nil {
			http.NotFound(w, r)
			return
		}
		found.ServeHTTP(w, r)
	})
}

// File is a file as it is sent. It answers GET and HEAD, and 405 otherwise.
type File struct {
	mediaType string
	etag      string
	body      []byte
}

// NewFile makes a file, whose name tells its media type.
func NewFile(name string, body []byte) *File {
	mediaType := map[string]string{
		".html": "text/html; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".css":  "text/css; charset=utf-8",
		".svg":  "image/svg+xml",
	}[path.Ext(name)]
	sum := sha256.Sum256(body)
	return &File{mediaType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body}
}

// ServeHTTP sends the file, or says that the client has it.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // keep, but ask: modules of two versions must not mix
	Protect(h)
	if matches(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(f.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(f.body) // a client that went away needs no answer
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

package fraiseql_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestCaching: what an answer by GET tells caches follows from what it can depend on.
func TestCaching(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	const path = "/graphql?query=%7Bpeople%7Bname%7D%7D"
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		want   string
	}{
		"default": {func(*fraiseql.Options) {}, "private, no-cache"},
		"public":  {func(o *fraiseql.Options) { o.CacheControl = "public, max-age=60" }, "public, max-age=60"},
		"session": {func(o *fraiseql.Options) {
			o.CacheControl = "public, max-age=60"
			o.Session = func(context.Context) (auth.Settings, error) { return auth.Settings{}, nil }
		}, "private, no-cache"},
		"context": {func(o *fraiseql.Options) {
			o.CacheControl = "public, max-age=60"
			o.Context = func(r *http.Request) (context.Context, error) { return r.Context(), nil }
		}, "private, no-cache"},
		"nothing": {func(o *fraiseql.Options) { o.CacheControl = "no-store" }, "no-store"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			c.change(&o)
			a := started(t, o)
			w := fetch(a, path)
			tag := w.Header().Get("ETag")
			if w.Code != 200 || w.Header().Get("Cache-Control") != c.want || (tag == "") != (c.want == "no-store") {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			if tag != "" {
				if w := fetch(a, path, "If-None-Match", tag); w.Code != 304 || w.Body.Len() > 0 {
					t.Errorf("known: %d %s", w.Code, w.Body)
				}
			}
		})
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	for off, want := range map[bool]string{false: "zstd", true: ""} {
		o := personOptions(url)
		o.NoCompression, o.Description = off, strings.Repeat("A long description. ", 300)
		a := started(t, o)
		for _, path := range []string{"/schema.graphql", "/graphql?query=%7B__schema%7Btypes%7Bname%20kind%20description%20fields%7Bname%20description%7D%7D%7D%7D", "/_explorer/editor.js"} {
			w := fetch(a, path, "Accept-Encoding", "gzip, zstd")
			if w.Code != 200 || w.Header().Get("Content-Encoding") != want {
				t.Errorf("off %t, %s: %d %v, %d bytes", off, path, w.Code, w.Header(), w.Body.Len())
			}
		}
		if page := fetch(a, "/graphql", "Accept", "text/html", "Accept-Encoding", "gzip"); page.Code != 200 || !strings.Contains(strings.Join(page.Header()["Vary"], ","), "Accept") {
			t.Errorf("off %t: the explorer: %d %v", off, page.Code, page.Header())
		}
	}
}

func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.BodyTimeout = 100 * time.Millisecond
	a := started(t, o)
	server := httptest.NewServer(a)
	defer server.Close()
	before := a.PoolStat().Acquires
	body, hold := io.Pipe()
	defer hold.Close()
	go func() { _, _ = io.WriteString(hold, `{"query":`) }()
	resp, err := http.Post(server.URL+"/graphql", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(text), "REQUEST_TIMEOUT") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if after := a.PoolStat().Acquires; after != before {
		t.Errorf("a connection was borrowed for it: %+v, before %+v", after, before)
	}
}

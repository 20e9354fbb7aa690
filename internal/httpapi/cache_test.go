package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/coding"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

const query = "/graphql?query=%7Ba%7D"

// sized answers with n bytes, in parts of some KiB, as a streamed list comes.
func sized(n int) execute {
	return func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		const part = 60 << 10
		for left := n; left > 0; left -= part {
			if err := write(out, strings.Repeat("x", min(left, part))); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAnswersByGETHaveATag(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 5 << 10, 300 << 10, 4 << 20} {
		o := quiet(sized(n))
		o.Coder = new(coding.Coder)
		for encoding, mark := range map[string]string{"": "", "gzip": "-gzip", "zstd": "-zstd"} {
			w := send(o, http.MethodGet, query, "", "Accept-Encoding", encoding)
			tag := w.Header().Get("ETag")
			weak := encoding != "" && n >= coding.MinBytes
			if w.Code != 200 || strings.HasPrefix(tag, `W/"`) != weak || weak != strings.HasSuffix(tag, mark+`"`) && weak || w.Header().Get("Content-Length") == "" {
				t.Errorf("%d bytes, %q: %d %v", n, encoding, w.Code, w.Header())
			}
			known := send(o, http.MethodGet, query, "", "Accept-Encoding", encoding, "If-None-Match", `"x", `+tag)
			h := known.Header()
			if known.Code != 304 || known.Body.Len() > 0 || h.Get("ETag") != tag || h.Get("Content-Type") != "" || h.Get("Content-Length") != "" || h.Get("Content-Encoding") != "" ||
				h.Get("Cache-Control") != "private, no-cache" || h.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("%d bytes, %q, known: %d %v", n, encoding, known.Code, h)
			}
		}
	}
	short, long := quiet(sized(10)), quiet(sized(11))
	tag := send(short, http.MethodGet, query, "").Header().Get("ETag")
	if again := send(short, http.MethodGet, query, "").Header().Get("ETag"); again != tag {
		t.Errorf("one answer has the tags %s and %s", tag, again)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another answer":     send(long, http.MethodGet, query, "", "If-None-Match", tag),
		"another media type": send(short, http.MethodGet, query, "", "Accept", "application/graphql-response+json", "If-None-Match", tag),
	} {
		if w.Code != 200 || w.Header().Get("ETag") == tag {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

// TestWhatCachesAreNotToKeep: whatever is not a good answer by GET, and what is too long to be held back.
func TestWhatCachesAreNotToKeep(t *testing.T) {
	t.Parallel()
	late := func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		_ = write(out, strings.Repeat("x", 300<<10))
		out.(interface{ MarkPartial() }).MarkPartial() // a list, and behind it a root that failed
		return write(out, "errors")
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"partial":       send(quiet(scripted), http.MethodGet, "/graphql?query=%7Bpartial%7D", "", "If-None-Match", "*"),
		"partial, late": send(quiet(late), http.MethodGet, query, "", "If-None-Match", "*"),
		"refused":       send(quiet(scripted), http.MethodGet, "/graphql?query=%7B", "", "If-None-Match", "*"),
		"failed":        send(quiet(scripted), http.MethodGet, "/graphql?query=%7Binternal%7D", "", "If-None-Match", "*"),
		"long":          send(quiet(sized(4<<20+1)), http.MethodGet, query, "", "If-None-Match", "*"),
	} {
		if h := w.Header(); w.Code == 304 || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", name, w.Code, h)
		}
	}
	if h := post(quiet(scripted), document("{a}"), "If-None-Match", "*").Header(); h.Get("Cache-Control") != "" || h.Get("ETag") != "" {
		t.Errorf("POST: %v", h)
	}
}

func TestCacheControl(t *testing.T) {
	t.Parallel()
	known := authenticator(func(r *http.Request) (*auth.Principal, error) {
		if r.Header.Get("Authorization") == "" {
			return nil, auth.ErrNoCredentials
		}
		return &auth.Principal{Subject: "ada"}, nil
	})
	const public = "public, max-age=60"
	for name, c := range map[string]struct {
		control, credentials string
		change               func(*httpapi.Options)
		want                 string
		tagged               bool
	}{
		"by default":        {"", "", nil, "private, no-cache", true},
		"for everybody":     {public, "", nil, public, true},
		"not for one":       {public, "ada", func(o *httpapi.Options) { o.Auth = known }, "private, no-cache", true},
		"without one":       {public, "", func(o *httpapi.Options) { o.Auth, o.AllowAnonymous = known, true }, public, true},
		"by the session":    {public, "", func(o *httpapi.Options) { o.Personal = true }, "private, no-cache", true},
		"nothing":           {"no-store", "", nil, "no-store", false},
		"nothing, for one":  {"private, No-Store", "ada", func(o *httpapi.Options) { o.Auth = known }, "no-store", false},
		"credentials alone": {public, "ada", nil, public, true}, // nobody looks at them, so all answers are alike
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := quiet(scripted)
			o.CacheControl = c.control
			if c.change != nil {
				c.change(&o)
			}
			h := send(o, http.MethodGet, query, "", "Authorization", c.credentials).Header()
			vary := "Accept, Accept-Encoding"
			if o.Auth != nil {
				vary += ", Authorization, X-API-Key, Cookie"
			}
			if h.Get("Cache-Control") != c.want || (h.Get("ETag") != "") != c.tagged || h.Get("Vary") != vary {
				t.Errorf("%v", h)
			}
		})
	}
}

// A handler around this one may have named headers that its answers depend on.
func TestVaryIsAdded(t *testing.T) {
	t.Parallel()
	h := httpapi.New(quiet(scripted))
	for range 2 {
		w := httptest.NewRecorder()
		w.Header().Add("Vary", "Origin")
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, query, http.NoBody))
		w.Header().Add("Vary", "X-Later")
		if got := strings.Join(w.Header()["Vary"], ", "); got != "Origin, Accept, Accept-Encoding, X-Later" {
			t.Errorf("%s", got)
		}
	}
}

func TestCheckCacheControl(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"": true, "no-store": true, "public, max-age=60": true, "private,no-cache": true, `private="set-cookie"`: true,
		",": false, "public,": false, "max-age=60;": false, "a b": false, "public\r\nX: y": false, "max-age=6\x00": false, "=1": false, "é": false,
	} {
		if err := httpapi.CheckCacheControl(value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// A tag costs no answer that is aborted: it stays cut.
func TestHeldAnswerThatFails(t *testing.T) {
	t.Parallel()
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		_ = write(out, strings.Repeat("x", 300<<10))
		return fault.ErrAborted
	})
	server := httptest.NewServer(httpapi.New(o))
	defer server.Close()
	if resp, err := http.Get(server.URL + query); err == nil {
		_ = resp.Body.Close()
		t.Errorf("an answer: %d", resp.StatusCode)
	}
}

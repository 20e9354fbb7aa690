package guard_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/guard"
)

// shown are the headers that say what a browser may do with an answer that it shows or loads.
var shown = []string{"Referrer-Policy", "Cross-Origin-Resource-Policy", "Content-Security-Policy"}

// TestHeadersByRequest: only what a script alone can have sent gets fewer.
func TestHeadersByRequest(t *testing.T) {
	t.Parallel()
	h := guard.Headers(http.NotFoundHandler())
	for _, c := range []struct {
		method string
		kinds  []string
		script bool
	}{
		{http.MethodPost, []string{"application/json"}, true},
		{http.MethodPost, []string{"application/json; charset=utf-8"}, true},
		{http.MethodGet, []string{"application/json"}, false},
		{http.MethodPost, nil, false},
		{http.MethodPost, []string{"text/plain"}, false},
		{http.MethodPost, []string{"text/plain; application/json"}, false},
		{http.MethodPost, []string{"multipart/form-data"}, false},
		{http.MethodPost, []string{"application/json", "text/plain"}, false},
	} {
		r := httptest.NewRequest(c.method, "/graphql", nil)
		r.Header["Content-Type"] = c.kinds
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s %q: nosniff is %q", c.method, c.kinds, got)
		}
		for _, name := range shown {
			if got := w.Header().Get(name); (got == "") != c.script {
				t.Errorf("%s %q: %s is %q", c.method, c.kinds, name, got)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := guard.Headers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
		}
	}))
	for _, secure := range []bool{false, true} {
		for path, policy := range map[string]string{"/graphql": "default-src 'none'; frame-ancestors 'none'", "/page": "default-src 'self'"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			want := map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
				"Content-Security-Policy": policy, "Strict-Transport-Security": "",
			}
			if secure {
				r.TLS = &tls.ConnectionState{}
				want["Strict-Transport-Security"] = "max-age=31536000"
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			for name, value := range want {
				if got := w.Header().Get(name); got != value {
					t.Errorf("%s, TLS %v: %s is %q, want %q", path, secure, name, got, value)
				}
			}
		}
	}
}

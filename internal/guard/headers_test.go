package guard_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/guard"
)

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

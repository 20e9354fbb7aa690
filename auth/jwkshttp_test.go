package auth_test

import (
	"bytes"
	"crypto"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

func TestNewJWKSRefuses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                              "the JWKS URL is none",
		"keys.json":                     "the JWKS URL is none",
		"https://":                      "the JWKS URL is none",
		"http://id.example.com/keys":    "use https",
		"http://127.0.0.1.example.com/": "use https",
		"http://10.0.0.1/":              "use https",
		"ftp://id.example.com/":         "neither https nor http",
		"file://localhost/etc/passwd":   "neither https nor http",
		"https://a:hunter2@example.com": "leave them out",
		"https://a:hunter2@exa mple/":   "the JWKS URL is none",
	} {
		_, err := auth.NewJWKS(auth.JWKSOptions{URL: address})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", address, err)
		}
	}
	for _, address := range []string{"https://id.example.com/keys", "http://localhost:1/", "http://127.0.0.9/x", "http://[::1]:80/"} {
		if err := auth.CheckJWKSURL(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, o := range []auth.JWKSOptions{{MinAge: 2 * time.Hour}, {MaxAge: -1}, {MinAge: -1}, {Timeout: -1}} {
		o.URL = "https://id.example.com/"
		if _, err := auth.NewJWKS(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// The wire: a server, not a transport of the test's.
func TestJWKSOverHTTP(t *testing.T) {
	t.Parallel()
	i := &issuer{keys: map[string]crypto.PublicKey{"one": pairs()["rsa"].Public()}}
	other := httptest.NewServer(i)
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	mux.Handle("/keys", i)
	mux.Handle("/here", http.RedirectHandler("/keys", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(other.URL, http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"keys":`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 4096)); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for path, want := range map[string]string{
		"/keys": "", "/here": "", "/away": "another host", "/loop": "more than 3 times", "/file": "another host",
		"/slow": "no answer within 300ms", "/drip": "no answer within 300ms", "/endless": "longer than 524288 bytes", "/none": "404",
	} {
		k := makeJWKS(t, auth.JWKSOptions{URL: server.URL + path, Timeout: 300 * time.Millisecond})
		if want == "" || path == "/endless" {
			k = makeJWKS(t, auth.JWKSOptions{URL: server.URL + path, Timeout: time.Minute})
		}
		err := k.Refresh(t.Context())
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
		if want == "" {
			accepted(t, path, makeJWT(t, auth.JWTOptions{JWKS: k}), long(t, "one", "rsa"))
		}
	}
	if i.asked.Load() != 2 {
		t.Errorf("the keys were fetched %d times", i.asked.Load())
	}
	// https is checked against the roots of the system, which do not know this server.
	tls := httptest.NewUnstartedServer(i)
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	if err := makeJWKS(t, auth.JWKSOptions{URL: tls.URL}).Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	if err := makeJWKS(t, auth.JWKSOptions{URL: tls.URL, Transport: tls.Client().Transport}).Refresh(t.Context()); err != nil {
		t.Error(err)
	}
}

package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/guard"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// TestForgedRequests are refused before anybody asks who sends them.
func TestForgedRequests(t *testing.T) {
	t.Parallel()
	reached := 0
	o := quiet(func(ctx context.Context, r *gqlop.Request, out io.Writer) error {
		reached++
		return scripted(ctx, r, out)
	})
	origins, err := guard.NewOrigins(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	o.CSRF = &guard.CSRF{Origins: origins, Strict: true}
	o.Auth = authenticator(func(*http.Request) (*auth.Principal, error) {
		reached++
		return &auth.Principal{Subject: "ada"}, nil
	})
	w := send(o, http.MethodGet, "/graphql?query={a}", "", "Sec-Fetch-Site", "cross-site", "Cookie", "session=1")
	if code, message := firstError(t, w.Body.String()); w.Code != 403 || code != "CSRF" || !strings.Contains(message, "Apollo-Require-Preflight") || reached != 0 {
		t.Errorf("%d %s, reached %d", w.Code, w.Body, reached)
	}
	if w := send(o, http.MethodGet, "/graphql?query={a}", "", "Apollo-Require-Preflight", "1"); w.Code != 200 {
		t.Errorf("with a header: %d %s", w.Code, w.Body)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		if w := post(o, document("{a}"), "Content-Type", kind); w.Code != 415 {
			t.Errorf("a form of type %q: %d %s", kind, w.Code, w.Body)
		}
	}
	if w := post(o, document("{a}"), "Sec-Fetch-Site", "cross-site"); w.Code != 200 {
		t.Errorf("JSON: %d %s", w.Code, w.Body)
	}
}

// unread is a body that nobody may read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestLimitedRequests(t *testing.T) {
	t.Parallel()
	proxies, err := guard.NewProxies(nil, guard.DefaultForwardedHeader)
	if err != nil {
		t.Fatal(err)
	}
	bad := errors.New("out of order")
	o := quiet(func(ctx context.Context, r *gqlop.Request, out io.Writer) error {
		if strings.Contains(r.Query, "many") {
			r.Meter.Charge(19)
		}
		return scripted(ctx, r, out)
	})
	o.Auth = authenticator(func(r *http.Request) (*auth.Principal, error) {
		switch who := r.Header.Get("Authorization"); who {
		case "":
			return nil, auth.ErrNoCredentials
		case "wrong":
			return nil, &auth.Error{Reason: "it is wrong"}
		case "broken":
			return nil, bad
		default:
			return &auth.Principal{Subject: who}, nil
		}
	})
	o.AllowAnonymous = true
	o.Limiter = guard.NewLimiter(1, 20, proxies, nil)
	h := httpapi.New(o)
	ask := func(address, who, query string) (int, http.Header, string) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(document(query)))
		if query == "" {
			r.Body = io.NopCloser(unread{t})
		}
		r.Header.Set("Content-Type", "application/json")
		if who != "" {
			r.Header.Set("Authorization", who)
		}
		r.RemoteAddr = address + ":1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Header(), w.Body.String()
	}
	limited := func(what, address, who string) {
		t.Helper()
		status, header, body := ask(address, who, "")
		if code, _ := firstError(t, body); status != 429 || code != "RATE_LIMITED" || header.Get("Retry-After") == "" || header.Get("Retry-After") == "0" {
			t.Errorf("%s: %d %v %s", what, status, header, body)
		}
	}
	serves := func(what, address, who string) {
		t.Helper()
		if status, _, body := ask(address, who, "{a}"); status != 200 {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	for range 20 {
		serves("anonymous", "192.0.2.1", "")
	}
	limited("anonymous", "192.0.2.1", "")
	limited("a token from there", "192.0.2.1", "ada")
	serves("another address", "192.0.2.2", "")

	for range 20 {
		serves("ada", "192.0.2.3", "ada")
	}
	limited("ada", "192.0.2.3", "ada")
	limited("ada elsewhere", "192.0.2.4", "ada")
	serves("bob from there", "192.0.2.3", "bob")
	serves("anonymous from there", "192.0.2.3", "")

	for range 2 { // ten each
		if status, _, _ := ask("192.0.2.5", "wrong", "{a}"); status != 401 {
			t.Errorf("wrong credentials: %d", status)
		}
	}
	limited("a third guess", "192.0.2.5", "wrong")
	if status, _, body := ask("192.0.2.6", "broken", "{a}"); status != 500 || strings.Contains(body, "order") != !o.Production {
		t.Errorf("broken: %d %s", status, body)
	}

	if status, _, _ := ask("192.0.2.7", "", "{many}"); status != 200 {
		t.Errorf("many: %d", status)
	}
	limited("after many root fields", "192.0.2.7", "")
}

package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

const (
	jsonType = "application/json; charset=utf-8"
	gqlType  = "application/graphql-response+json; charset=utf-8"
)

func TestNegotiation(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                                jsonType,
		"*/*":                             jsonType,
		"application/*, */*;q=0.1":        jsonType,
		"application/json":                jsonType,
		"APPLICATION/JSON":                jsonType,
		"application/json; charset=utf-8": jsonType,
		`application/json; charset="UTF-8"; x="a,b;c"`:                             jsonType,
		"application/graphql-response+json":                                        gqlType,
		"application/graphql-response+json; charset=utf-8":                         gqlType,
		"application/graphql-response+json, application/json;q=0.9":                gqlType,
		"application/json, application/graphql-response+json":                      gqlType,
		"application/json, application/graphql-response+json;q=0.9":                jsonType,
		"application/json, */*":                                                    jsonType,
		"application/json;q=0, */*":                                                gqlType,
		"application/graphql-response+json, */*":                                   gqlType,
		"application/graphql-response+json;q=0.2, */*;q=0.8":                       jsonType,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8":          jsonType,
		"text/event-stream, application/json":                                      jsonType,
		"application/json;charset=latin1, application/graphql-response+json;q=0.1": gqlType,
		"application/json;q=x, application/graphql-response+json;q=0.1":            gqlType,
		" , ,":                                jsonType,
		"text/html":                           "",
		"application/xml":                     "",
		"application/json;q=0":                "",
		"*/*;q=0.0":                           "",
		"application/json;charset=iso-8859-1": "",
		"application/json;q=2":                "",
		"application/json;q=nan":              "",
		"text/event-stream":                   "",
		"application/graphql-response+jsonx":  "",
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			w := post(quiet(scripted), document("{a}"), "Accept", accept)
			if want == "" {
				code, _ := firstError(t, w.Body.String())
				if w.Code != 406 || code != "NOT_ACCEPTABLE" || w.Header().Get("Content-Type") != jsonType {
					t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
				}
				return
			}
			if got := w.Header().Get("Content-Type"); w.Code != 200 || got != want {
				t.Errorf("%d %q, want %q", w.Code, got, want)
			}
		})
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	for contentType, ok := range map[string]bool{
		"application/json":                      true,
		"application/json; charset=utf-8":       true,
		"application/json;charset=\"UTF-8\"":    true,
		"Application/JSON ; Charset=Utf-8; x=y": true,
		"":                                      false,
		"text/plain":                            false,
		"application/x-www-form-urlencoded":     false,
		"multipart/form-data; boundary=x":       false,
		"application/graphql":                   false,
		"application/json; charset=iso-8859-1":  false,
		"application/json; charset":             false,
		"application/jsonx":                     false,
	} {
		t.Run(contentType, func(t *testing.T) {
			t.Parallel()
			w := post(quiet(scripted), document("{a}"), "Content-Type", contentType)
			if ok {
				if w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			if code, _ := firstError(t, w.Body.String()); w.Code != 415 || code != "UNSUPPORTED_MEDIA_TYPE" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	if w := post(quiet(scripted), document("{a}"), "Content-Encoding", "gzip"); w.Code != 415 {
		t.Errorf("a compressed body: %d", w.Code)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"PUT", "DELETE", "PATCH", "HEAD", "QUERY"} {
		w := send(quiet(scripted), method, "/graphql", document("{a}"), "Content-Type", "application/json")
		if w.Code != 405 || w.Header().Get("Allow") != "GET, POST, OPTIONS" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	if w := send(quiet(scripted), http.MethodOptions, "/graphql", ""); w.Code != 204 || w.Header().Get("Allow") != "GET, POST, OPTIONS" || w.Body.Len() > 0 {
		t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
	}
	w := send(quiet(scripted), http.MethodGet, "/graphql?query=mutation{a}", "")
	if code, _ := firstError(t, w.Body.String()); w.Code != 405 || code != "METHOD_NOT_ALLOWED" {
		t.Errorf("a mutation by GET: %d %s", w.Code, w.Body)
	}
	get := send(quiet(scripted), http.MethodGet, "/graphql?query={a}", "").Header()
	if get.Get("Vary") != "Accept, Accept-Encoding" || get.Get("Cache-Control") != "private, no-cache" || get.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("GET: %v", get)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	type statuses struct{ json, gql int }
	for query, want := range map[string][2]statuses{ // compat-2025, draft-2026
		"{a}":           {{200, 200}, {200, 200}},
		"{":             {{200, 400}, {200, 400}},
		"{invalid}":     {{200, 400}, {200, 422}},
		"CoerceFailure": {{200, 400}, {200, 422}},
		"{partial}":     {{200, 200}, {200, 294}},
		"{internal}":    {{500, 500}, {500, 500}},
	} {
		for i, profile := range []string{httpapi.ProfileCompat2025, httpapi.ProfileDraft2026} {
			o := quiet(scripted)
			o.Profile = profile
			if got := post(o, document(query), "Accept", "application/json").Code; got != want[i].json {
				t.Errorf("%s %s application/json: %d, want %d", profile, query, got, want[i].json)
			}
			if got := post(o, document(query), "Accept", "application/graphql-response+json").Code; got != want[i].gql {
				t.Errorf("%s %s application/graphql-response+json: %d, want %d", profile, query, got, want[i].gql)
			}
		}
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	t.Parallel()
	for _, row := range fault.Table() {
		w := post(quiet(func(context.Context, *gqlop.Request, io.Writer) error {
			return fmt.Errorf("wrapped: %w", &fault.Error{Code: row.Code, Message: "m", RetryAfter: 2500 * time.Millisecond})
		}), document("{a}"), "Accept", "application/graphql-response+json")
		code, _ := firstError(t, w.Body.String())
		if w.Code != row.Status || code != string(row.Code) || w.Header().Get("Retry-After") != "3" {
			t.Errorf("%s: %d %s %v", row.Code, w.Code, w.Body, w.Header())
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]string{fault.PoolTimeout: "1", fault.ShuttingDown: "1", fault.Internal: "", fault.Conflict: ""} {
		w := post(quiet(func(context.Context, *gqlop.Request, io.Writer) error { return fault.New(code, "m") }), document("{a}"))
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestUnready(t *testing.T) {
	t.Parallel()
	var reason *fault.Error
	o := quiet(scripted)
	o.Unready = func() *fault.Error { return reason }
	if w := post(o, document("{a}")); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	reason = fault.New(fault.NotReady, "starting")
	w := post(o, document("{a}"))
	if code, message := firstError(t, w.Body.String()); w.Code != 503 || code != "NOT_READY" || message != "starting" || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

type authenticator func(*http.Request) (*auth.Principal, error)

func (a authenticator) Authenticate(r *http.Request) (*auth.Principal, error) { return a(r) }

func TestAuth(t *testing.T) {
	t.Parallel()
	a := authenticator(func(r *http.Request) (*auth.Principal, error) {
		switch r.Header.Get("Authorization") {
		case "":
			return nil, auth.ErrNoCredentials
		case "good":
			return &auth.Principal{Subject: "ada"}, nil
		case "down":
			return nil, errors.New("key server at 10.0.0.1 is down")
		case "no keys":
			return nil, fmt.Errorf("%w: 10.0.0.1 is down", auth.ErrUnavailable)
		case "busy":
			return nil, &fault.Error{Code: fault.PoolUnavailable, Message: "try later"}
		}
		return nil, &auth.Error{Reason: "the token has expired", Err: errors.New("hidden cause")}
	})
	for name, c := range map[string]struct {
		credentials string
		anonymous   bool
		status      int
		challenge   string
		body        string
	}{
		"good":             {"good", false, 200, "", `"ada"`},
		"none":             {"", false, 401, "Bearer", "credentials are needed"},
		"none, allowed":    {"", true, 200, "", `""`},
		"bad":              {"bad", false, 401, `Bearer error="invalid_token", error_description="the token has expired"`, "not accepted: the token has expired"},
		"bad, anonymous":   {"bad", true, 401, `Bearer error="invalid_token", error_description="the token has expired"`, "UNAUTHENTICATED"},
		"cannot tell":      {"down", true, 500, "", "INTERNAL"},
		"no keys":          {"no keys", true, 503, "", "AUTH_UNAVAILABLE"},
		"an error of ours": {"busy", false, 503, "", "try later"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := quiet(func(ctx context.Context, _ *gqlop.Request, out io.Writer) error {
				return write(out, fmt.Sprintf(`{"data":%q}`, auth.FromContext(ctx).Subject))
			})
			o.Auth, o.AllowAnonymous, o.Production = a, c.anonymous, true
			w := post(o, document("{a}"), "Authorization", c.credentials)
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge || !strings.Contains(w.Body.String(), c.body) || (w.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			if strings.Contains(w.Body.String(), "hidden") || strings.Contains(w.Body.String(), "10.0.0.1") {
				t.Errorf("tells a cause: %s", w.Body)
			}
		})
	}
}

// touchy fails the test when it is read.
type touchy struct{ t *testing.T }

func (b touchy) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, io.EOF
}

func TestRefusalsBeforeTheBody(t *testing.T) {
	t.Parallel()
	o := quiet(scripted)
	o.Auth = auth.InsecureDevAuth{Password: "p"}
	r := httptest.NewRequest(http.MethodPost, "/graphql", touchy{t})
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	httpapi.New(o).ServeHTTP(w, r)
	if w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestContextHook(t *testing.T) {
	t.Parallel()
	type key struct{}
	o := quiet(func(ctx context.Context, _ *gqlop.Request, out io.Writer) error {
		return write(out, fmt.Sprintf(`{"data":[%q,%q,%q]}`, ctx.Value(key{}), auth.FromContext(ctx).Subject, fault.RequestID(ctx)))
	})
	o.Auth = auth.InsecureDevAuth{Password: "p"}
	o.Context = func(r *http.Request) (context.Context, error) {
		switch r.Header.Get("X-Case") {
		case "refuse":
			return nil, fault.New(fault.Forbidden, "not from here")
		case "fail":
			return nil, errors.New("secret")
		}
		return context.WithValue(r.Context(), key{}, "for "+auth.FromContext(r.Context()).Subject), nil
	}
	o.Production = true
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"":       {200, `{"data":["for admin","admin","id"]}`},
		"refuse": {403, "not from here"},
		"fail":   {500, "INTERNAL"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(document("{a}")))
		r.SetBasicAuth("admin", "p")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Case", name)
		r.Header.Set("X-Request-Id", "id")
		w := httptest.NewRecorder()
		httpapi.New(o).ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestExplorer(t *testing.T) {
	t.Parallel()
	o := quiet(scripted)
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	if w := send(o, http.MethodGet, "/graphql", "", "Accept", browser); w.Code != 400 {
		t.Errorf("without an explorer: %d", w.Code)
	}
	o.Explorer = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })
	o.Auth = auth.InsecureDevAuth{Password: "p"} // the page itself is no secret
	if w := send(o, http.MethodGet, "/graphql", "", "Accept", browser); w.Body.String() != "the page" {
		t.Errorf("a browser: %d %s", w.Code, w.Body)
	}
	o.Auth = nil
	for name, w := range map[string]*httptest.ResponseRecorder{
		"a query":    send(o, http.MethodGet, "/graphql?query={a}", "", "Accept", browser),
		"no browser": send(o, http.MethodGet, "/graphql", "", "Accept", "*/*"),
		"POST":       post(o, document("{a}"), "Accept", browser),
	} {
		if strings.Contains(w.Body.String(), "the page") || w.Header().Get("Content-Type") != jsonType {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	for given, kept := range map[string]bool{
		"a-B_9.z": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "": false, "a b": false, "ü": false, "a\"b": false, "a/b": false,
	} {
		var got string
		o := quiet(func(ctx context.Context, _ *gqlop.Request, out io.Writer) error {
			got = fault.RequestID(ctx)
			return write(out, `{}`)
		})
		w := post(o, document("{a}"), "X-Request-Id", given)
		id := w.Header().Get("X-Request-Id")
		if id != got || (id == given) != kept || len(id) < 7 {
			t.Errorf("%q: answered %q, the Executor saw %q", given, id, got)
		}
	}
	one, two := post(quiet(scripted), document("{a}")), post(quiet(scripted), document("{a}"))
	if one.Header().Get("X-Request-Id") == two.Header().Get("X-Request-Id") {
		t.Error("two requests have one id")
	}
}

func TestCheckProfile(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"": true, "compat-2025": true, "draft-2026": true, "draft": false} {
		if err := httpapi.CheckProfile(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

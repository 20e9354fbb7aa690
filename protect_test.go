package fraiseql_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// byName is an authenticator that believes every name, and takes the words behind it for roles.
type byName struct{}

func (byName) Authenticate(r *http.Request) (*auth.Principal, error) {
	switch who := strings.Fields(r.Header.Get("Authorization")); {
	case len(who) == 0:
		return nil, auth.ErrNoCredentials
	case who[0] == "Bearer" && len(who) == 2:
		return nil, &auth.Error{Reason: "it is wrong"}
	case who[0] == "broken":
		return nil, errors.New("the directory secret.internal is down")
	default:
		return &auth.Principal{Subject: who[0], Roles: who[1:]}, nil
	}
}

// Each option must change what is answered.
func TestProtectionBites(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	const get, app = "/graphql?query=%7B__typename%7D", "https://app.example.com"
	production := func(change func(*fraiseql.Options)) func(*fraiseql.Options) {
		return func(o *fraiseql.Options) {
			o.Production = true
			change(o)
		}
	}
	none := func(*fraiseql.Options) {}
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		path   string
		header []string
		status int
		want   string // a header of the answer, or a part of its body
	}{
		"CORS is closed":               {none, get, []string{"Origin", app, "Content-Type", "application/json"}, 200, "Access-Control-Allow-Origin: "},
		"CORS for an origin":           {func(o *fraiseql.Options) { o.AllowedOrigins = []string{app} }, get, []string{"Origin", app}, 200, "Access-Control-Allow-Origin: " + app},
		"CORS without credentials":     {func(o *fraiseql.Options) { o.AllowedOrigins = []string{app} }, get, []string{"Origin", app}, 200, "Access-Control-Allow-Credentials: "},
		"CORS with credentials":        {func(o *fraiseql.Options) { o.AllowedOrigins, o.AllowCredentials = []string{app}, true }, get, []string{"Origin", app}, 200, "Access-Control-Allow-Credentials: true"},
		"GET of another site":          {none, get, []string{"Sec-Fetch-Site", "cross-site"}, 403, "CSRF"},
		"GET of another site, allowed": {func(o *fraiseql.Options) { o.NoCSRFPrevention = true }, get, []string{"Sec-Fetch-Site", "cross-site"}, 200, "data"},
		"GET that says nothing":        {none, get, nil, 200, "data"},
		"the same, in production":      {production(none), get, nil, 403, "CSRF"},
		"the same, allowed":            {production(func(o *fraiseql.Options) { o.NoCSRFPrevention = true }), get, nil, 200, "data"},
		"the same, with a header":      {production(none), get, []string{"Apollo-Require-Preflight", "1"}, 200, "data"},
		"introspection":                {production(none), "/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D", []string{"Apollo-Require-Preflight", "1"}, 200, "introspection is switched off"},
		"introspection, allowed":       {production(func(o *fraiseql.Options) { o.AllowIntrospection = true }), "/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D", []string{"Apollo-Require-Preflight", "1"}, 200, `"Query"`},
		"the type's name":              {production(none), get, []string{"Apollo-Require-Preflight", "1"}, 200, `"__typename":"Query"`},
		"a comment":                    {production(none), "/graphql?query=%7B__typename%7D%20%23%20__schema%20__type", []string{"Apollo-Require-Preflight", "1"}, 200, `"__typename":"Query"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			c.change(&o)
			w := fetch(started(t, o), c.path, c.header...)
			if header, value, ok := strings.Cut(c.want, ": "); ok {
				if w.Code != c.status || w.Header().Get(header) != value {
					t.Errorf("%d %v, want %d %s", w.Code, w.Header(), c.status, c.want)
				}
			} else if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestRateLimitOptions(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		passed int
	}{
		"development":      {func(*fraiseql.Options) {}, 300},
		"production":       {func(o *fraiseql.Options) { o.Production = true }, 200},
		"production, none": {func(o *fraiseql.Options) { o.Production, o.RateLimit = true, -1 }, 300},
		"a limit":          {func(o *fraiseql.Options) { o.RateLimit = 1 }, 4},
		"a burst":          {func(o *fraiseql.Options) { o.RateLimit, o.RateBurst = 1, 20 }, 20},
		"a proxy that is trusted": {func(o *fraiseql.Options) {
			o.RateLimit, o.TrustedProxies = 1, []string{"192.0.2.0/24"}
		}, 300},
		"another header": {func(o *fraiseql.Options) {
			o.RateLimit, o.TrustedProxies, o.ForwardedHeader = 1, []string{"192.0.2.0/24"}, "Forwarded"
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			o := personOptions(url)
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.change(&o)
			a := started(t, o)
			passed := 0
			began := time.Now()
			for i := range 300 {
				r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{__typename}"}`))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i/200, i%200))
				w := httptest.NewRecorder()
				a.ServeHTTP(w, r)
				if w.Code == 200 {
					passed++
				} else if w.Code != 429 || !strings.Contains(w.Body.String(), "RATE_LIMITED") || w.Header().Get("Retry-After") == "" {
					t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
				}
			}
			refilled := int(time.Since(began).Seconds()*50) + 1
			if passed < c.passed || passed > c.passed+refilled {
				t.Errorf("%d pass, want %d, and up to %d more", passed, c.passed, refilled)
			}
			_, limited := log.String(), fraiseql.WithDefaults(o).RateLimit > 0
			if told := strings.Contains(log.String(), "proxy that is not trusted"); told != (limited && o.TrustedProxies == nil) {
				t.Errorf("the log tells of a proxy: %v\n%s", told, &log)
			}
		})
	}
}

// TestRootFieldsCount sends aliases of one field, each of which costs as much as a request of its own.
func TestRootFieldsCount(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.RateLimit, o.RateBurst = 1, 40
	a := started(t, o)
	const query = `{ a: people { id } b: people { id } ...F } fragment F on Query { c: __typename d: people { id } d: people { name } }` // four
	passed := 0
	for range 40 {
		if w := ask(a, query); w.Code == 200 {
			passed++
		}
	}
	if passed < 10 || passed > 14 {
		t.Errorf("%d pass, want 10, and a few more on a slow machine", passed)
	}
}

func TestAdminRole(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	for name, c := range map[string]struct {
		change     func(*fraiseql.Options)
		main       bool // the paths are on the main address
		open       bool // to everybody
		adminToAll bool
	}{
		"development":                 {func(*fraiseql.Options) {}, true, true, true},
		"development, with a role":    {func(o *fraiseql.Options) { o.AdminRole = "ops" }, true, false, false},
		"production":                  {func(o *fraiseql.Options) { o.Production = true }, false, false, true},
		"production, with a role":     {func(o *fraiseql.Options) { o.Production, o.AdminRole = true, "ops" }, true, false, false},
		"a second address and a role": {func(o *fraiseql.Options) { o.Production, o.AdminRole, o.AdminAddr = true, "ops", "127.0.0.1:0" }, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			o := personOptions(url)
			o.Auth, o.Logger = byName{}, slog.New(slog.NewTextHandler(&log, nil))
			c.change(&o)
			a := started(t, o)
			for who, closed := range map[string]int{"": 401, "ada": 403, "ada ops": 200, "ada operator": 403, "Bearer x": 401, "broken": 500} {
				for _, path := range []string{"/metrics", "/pool", "/pool page", "/pool stream", "/pool/main.js"} {
					path, form, _ := strings.Cut(path, " ")
					header := []string{"Accept", forms[form]}
					if who != "" {
						header = append(header, "Authorization", who)
					}
					want := closed
					if c.open {
						want = 200
					}
					if !c.main {
						want = 404
					}
					w := fetch(a, path, header...)
					if w.Code != want || want == 401 && w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), "secret.internal") {
						t.Errorf("%s as %q: %d %v %.200s, want %d", path, who, w.Code, w.Header(), w.Body, want)
					}
					want = closed
					if c.adminToAll {
						want = 200
					}
					if w := fetch(a.AdminHandler(), path, header...); w.Code != want {
						t.Errorf("admin %s as %q: %d, want %d", path, who, w.Code, want)
					}
				}
			}
			if told := strings.Contains(log.String(), "secret.internal"); told != (!c.adminToAll) {
				t.Errorf("the log tells the cause: %v", told)
			}
		})
	}
	t.Run("guesses", func(t *testing.T) {
		t.Parallel()
		o := personOptions(url)
		o.Auth, o.AdminRole, o.RateLimit, o.RateBurst = byName{}, "ops", 1, 20
		a := started(t, o)
		var last int
		for range 10 {
			last = fetch(a, "/metrics", "Authorization", "Bearer x").Code
		}
		if last != 429 {
			t.Errorf("the tenth guess: %d", last)
		}
	})
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	a := started(t, personOptions(pgtest.New(t, people).URL))
	for _, path := range []string{"/graphql", "/graphql?query=%7B__typename%7D", "/graphql?query=%7B", "/health", "/ready", "/version", "/schema.graphql", "/metrics", "/pool", "/pool/main.js", "/", "/nowhere", "/_explorer/main.js"} {
		for _, accept := range []string{"application/json", "text/html"} {
			w := fetch(a, path, "Accept", accept)
			policy := w.Header().Get("Content-Security-Policy")
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" ||
				!strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") || w.Header().Get("Strict-Transport-Security") != "" {
				t.Errorf("%s as %s: %v", path, accept, w.Header())
			}
		}
	}
}

// TestReadyIsDiscreet keeps what /ready tells operators from clients of production.
func TestReadyIsDiscreet(t *testing.T) {
	t.Parallel()
	o := personOptions("postgres://someone@127.0.0.1:1/none")
	o.Production = true
	a := started(t, o)
	if w := fetch(a, "/ready"); w.Code != 503 || !strings.Contains(w.Body.String(), "POOL_UNAVAILABLE") || strings.Contains(w.Body.String(), "127.0.0.1") || strings.Contains(w.Body.String(), "someone") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := fetch(a.AdminHandler(), "/ready"); w.Code != 503 || !strings.Contains(w.Body.String(), "127.0.0.1") {
		t.Errorf("admin: %d %s", w.Code, w.Body)
	}
}

// TestServerLimits holds the server that Run and Serve make to its options.
func TestServerLimits(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.ReadHeaderTimeout, o.IdleTimeout, o.MaxHeaderBytes = 300*time.Millisecond, 200*time.Millisecond, 2<<10
	a := newApp(t, o)
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, l) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	send := func(text string) string {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // on a new connection it cannot fail
		_, _ = io.WriteString(conn, text)                      // the server may have answered and closed before the end
		answer, err := io.ReadAll(bufio.NewReader(conn))
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			t.Errorf("%.40q: the connection is open after 20 s", text)
		}
		return string(answer)
	}
	if got := send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.Contains(got, `"ok"`) { // read to its end: it was idle
		t.Errorf("idle: %q", got)
	}
	if got := send("GET /health HTTP/1.1\r\nHost:"); strings.Contains(got, "200") {
		t.Errorf("slow header: %q", got)
	}
	if got := send("GET /health HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("long header: %q", got)
	}
}

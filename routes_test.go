package fraiseql_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func fetch(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if r.Header.Get("Accept") == "text/event-stream" { // a stream goes on until its reader leaves
		ctx, leave := context.WithCancel(r.Context())
		leave()
		r = r.WithContext(ctx)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// forms are the answers of a path by what follows it: to a program, a browser and the script of a page.
var forms = map[string]string{"": "*/*", "page": "text/html", "stream": "text/event-stream"}

func TestPaths(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	type answer struct {
		status int
		text   string
	}
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		want   map[string]answer
		admin  map[string]answer
	}{
		"development": {func(*fraiseql.Options) {}, map[string]answer{
			"/health": {200, "ok"}, "/ready": {200, `"ready":true`}, "/version": {200, `"FraiseQL API"`}, "/schema.graphql": {200, "type Person"},
			"/metrics": {200, "db_client"}, "/pool": {200, `"maxSize":12`}, "/pool page": {200, "of 2, at most 12"}, "/pool stream": {200, "event: view"}, "/pool/main.js": {200, "fetch("}, "/pool/": {404, ""}, "/pool/go.mod": {404, ""}, "/graphql page": {200, "<html"}, "/": {302, ""}, "/nowhere": {404, ""},
		}, nil},
		"production": {func(o *fraiseql.Options) { o.Production = true }, map[string]answer{
			"/health": {200, "ok"}, "/schema.graphql": {404, "introspection is off"}, "/metrics": {404, ""}, "/pool": {404, ""}, "/pool page": {404, ""}, "/pool stream": {404, ""}, "/pool/main.js": {404, ""}, "/": {404, ""}, "/_explorer/main.js": {404, ""},
		}, map[string]answer{"/pool": {200, "maxSize"}, "/pool page": {200, "<html"}, "/pool stream": {200, "event: view"}, "/pool/main.js": {200, "fetch("}}},
		"production with introspection": {func(o *fraiseql.Options) { o.Production, o.AllowIntrospection = true, true }, map[string]answer{"/schema.graphql": {200, "type Person"}}, nil},
		"a second address": {func(o *fraiseql.Options) { o.AdminAddr = "127.0.0.1:0" }, map[string]answer{"/metrics": {404, ""}, "/pool": {404, ""}}, map[string]answer{
			"/metrics": {200, "db_client"}, "/pool": {200, "maxSize"},
		}},
		"no explorer":      {func(o *fraiseql.Options) { o.NoExplorer = true }, map[string]answer{"/_explorer/main.js": {404, ""}}, nil},
		"no introspection": {func(o *fraiseql.Options) { o.NoIntrospection = true }, map[string]answer{"/schema.graphql": {404, "introspection is off"}}, nil},
		"named":            {func(o *fraiseql.Options) { o.Title, o.Version, o.Description = "Shop", "3.1", "What we sell." }, map[string]answer{"/version": {200, `"3.1"`}, "/schema.graphql": {200, "What we sell."}, "/graphql page": {200, "Shop"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			c.change(&o)
			a := started(t, o)
			check := func(h http.Handler, all map[string]answer) {
				for path, want := range all {
					plain, form, _ := strings.Cut(path, " ")
					if w := fetch(h, plain, "Accept", forms[form]); w.Code != want.status || !strings.Contains(w.Body.String(), want.text) {
						t.Errorf("%s: %d %.300s; want %d %s", path, w.Code, w.Body, want.status, want.text)
					}
				}
			}
			check(a, c.want)
			check(a.AdminHandler(), c.admin)
		})
	}
}

func TestReadyTellsWhy(t *testing.T) {
	t.Parallel()
	o := personOptions("postgres://someone:hunter2@127.0.0.1:1/none")
	a := newApp(t, o)
	if w := fetch(a, "/ready"); w.Code != 503 || !strings.Contains(w.Body.String(), "not started") {
		t.Errorf("before: %d %s", w.Code, w.Body)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := fetch(a, "/ready"); w.Code != 503 || !strings.Contains(w.Body.String(), "POOL_UNAVAILABLE") || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), "127.0.0.1") {
		t.Errorf("without a database: %d %s", w.Code, w.Body)
	}
	if w := fetch(a, "/health"); w.Code != 200 {
		t.Errorf("health: %d", w.Code)
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := fetch(a, "/ready"); w.Code != 503 || !strings.Contains(w.Body.String(), "SHUTTING_DOWN") {
		t.Errorf("after: %d %s", w.Code, w.Body)
	}
}

func TestMuxWithTheSamePath(t *testing.T) {
	t.Parallel()
	o := personOptions("postgres://localhost/x")
	o.Mux = http.NewServeMux()
	o.Mux.HandleFunc("/graphql", http.NotFound)
	if _, err := fraiseql.New(o); err == nil || !strings.Contains(err.Error(), "the path /graphql has a handler on Mux already") {
		t.Errorf("got %v", err)
	}
}

type ctxKey struct{}

func TestContextAndSession(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.Context = func(r *http.Request) (context.Context, error) {
		if r.Header.Get("X-Tenant") == "" {
			return nil, &fraiseql.Error{Code: fraiseql.CodeBadUserInput, Message: "send X-Tenant"}
		}
		return context.WithValue(r.Context(), ctxKey{}, r.Header.Get("X-Tenant")), nil
	}
	o.Session = func(ctx context.Context) (auth.Settings, error) {
		tenant, _ := ctx.Value(ctxKey{}).(string)
		return auth.Settings{Values: map[string]string{"app.tenant_id": tenant}}, nil
	}
	o.Queries = append(o.Queries, fraiseql.Resolve("tenant", func(ctx context.Context, _ struct{}) (string, error) {
		var s string
		return s, fraiseql.DB(ctx).QueryRow(ctx, `SELECT current_setting('app.tenant_id', true)`).Scan(&s)
	}))
	a := started(t, o)
	if w := fetch(a, "/graphql?query=%7Btenant%7D", "X-Tenant", "blue"); !strings.Contains(w.Body.String(), `"tenant":"blue"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := fetch(a, "/graphql?query=%7Btenant%7D"); w.Code != 400 || !strings.Contains(w.Body.String(), "send X-Tenant") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func token(t *testing.T, secret string, claims map[string]any) string {
	t.Helper()
	return signed(t, jwa.HS256(), []byte(secret), claims)
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := pgtest.New(t, people).URL
	hour := time.Now().Add(time.Hour).Unix()
	tokens := func(o *fraiseql.Options) {
		o.JWTSecretFile, o.JWTIssuer, o.JWTAudience = file, "https://id", "shop"
		o.SessionClaims = map[string]string{"app.tenant_id": "tenant"}
	}
	good := map[string]any{"exp": hour, "iss": "https://id", "aud": "shop", "tenant": "red"}
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		header string
		status int
		text   string
	}{
		"a token":                  {tokens, token(t, secret, good), 200, `"tenant":"red"`},
		"no token":                 {tokens, "", 401, "UNAUTHENTICATED"},
		"no token, anonymous":      {func(o *fraiseql.Options) { tokens(o); o.AllowAnonymous = true }, "", 200, `"tenant":""`},
		"another secret":           {tokens, token(t, strings.Repeat("x", 32), good), 401, "UNAUTHENTICATED"},
		"another issuer":           {tokens, token(t, secret, map[string]any{"exp": hour, "iss": "x", "aud": "shop"}), 401, "UNAUTHENTICATED"},
		"another audience":         {tokens, token(t, secret, map[string]any{"exp": hour, "iss": "https://id", "aud": "x"}), 401, "UNAUTHENTICATED"},
		"a password":               {func(o *fraiseql.Options) { o.InsecureDevAuth.Password = "pw" }, "Basic YWRtaW46cHc=", 200, "tenant"},
		"a wrong password":         {func(o *fraiseql.Options) { o.InsecureDevAuth.Password = "other" }, "Basic YWRtaW46cHc=", 401, "UNAUTHENTICATED"},
		"an authenticator":         {func(o *fraiseql.Options) { o.Auth = auth.InsecureDevAuth{Username: "admin", Password: "pw"} }, "", 401, "UNAUTHENTICATED"},
		"nobody asks":              {func(*fraiseql.Options) {}, "", 200, "tenant"},
		"production with a secret": {func(o *fraiseql.Options) { tokens(o); o.Production = true }, token(t, secret, good), 200, "red"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			o.Queries = append(o.Queries, fraiseql.Resolve("tenant", func(ctx context.Context, _ struct{}) (*string, error) {
				var s *string
				return s, fraiseql.DB(ctx).QueryRow(ctx, `SELECT current_setting('app.tenant_id', true)`).Scan(&s)
			}))
			c.change(&o)
			header := []string{}
			if c.header != "" {
				header = []string{"Authorization", c.header}
			}
			if w := fetch(started(t, o), "/graphql?query=%7Btenant%7D", header...); w.Code != c.status || !strings.Contains(w.Body.String(), c.text) {
				t.Errorf("%d %s; want %d %s", w.Code, w.Body, c.status, c.text)
			}
		})
	}
	o := personOptions(url)
	o.JWTSecretFile = "/does/not/exist"
	if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "JWTSecretFile") {
		t.Errorf("got %v", err)
	}
}

// Each limit must change what is answered.
func TestLimitsBite(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people, `CREATE VIEW v_slow AS SELECT id, name FROM tb_person, pg_sleep(5)`).URL
	const query = `{ a: people { name } b: people { id name age } c: __typename }`
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		code   string
	}{
		"none": {func(*fraiseql.Options) {}, `"data"`},
		"unlimited": {func(o *fraiseql.Options) {
			o.MaxPage, o.MaxCost, o.MaxTokens, o.MaxBodyBytes, o.BufferBytes, o.WriteStall, o.StatementTimeout = -1, -1, -1, -1, -1, -1, -1
		}, `"data"`},
		"depth":       {func(o *fraiseql.Options) { o.MaxDepth = 1 }, "QUERY_TOO_DEEP"},
		"tokens":      {func(o *fraiseql.Options) { o.MaxTokens = 5 }, "TOO_MANY_TOKENS"},
		"root fields": {func(o *fraiseql.Options) { o.MaxRootFields = 2 }, "TOO_MANY_FIELDS"},
		"aliases":     {func(o *fraiseql.Options) { o.MaxAliases = 2 }, "TOO_MANY_FIELDS"},
		"cost":        {func(o *fraiseql.Options) { o.MaxCost = 10 }, "QUERY_TOO_COSTLY"},
		"body":        {func(o *fraiseql.Options) { o.MaxBodyBytes = 10 }, "REQUEST_TOO_LARGE"},
		"time":        {func(o *fraiseql.Options) { o.StatementTimeout = 500 * time.Millisecond }, "STATEMENT_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			q := query
			if name == "time" {
				q = `{ slows { name } }`
				o.Expose = []string{"v_slow"}
			}
			c.change(&o)
			if w := ask(started(t, o), q); !strings.Contains(w.Body.String(), c.code) {
				t.Errorf("%d %s; want %s", w.Code, w.Body, c.code)
			}
		})
	}
	t.Run("page", func(t *testing.T) {
		t.Parallel()
		o := personOptions(url)
		o.MaxPage = 1
		a := started(t, o)
		if w := ask(a, `{ people { name } }`); strings.Contains(w.Body.String(), "Bob") || !strings.Contains(w.Body.String(), "Ada") {
			t.Errorf("%s", w.Body)
		}
	})
	t.Run("introspection", func(t *testing.T) {
		t.Parallel()
		o := personOptions(url)
		o.NoIntrospection = true
		if w := ask(started(t, o), `{ __schema { queryType { name } } }`); !strings.Contains(w.Body.String(), "errors") {
			t.Errorf("%s", w.Body)
		}
	})
	t.Run("statuses", func(t *testing.T) {
		t.Parallel()
		o := personOptions(url)
		o.HTTPProfile = "draft-2026"
		if w := fetch(started(t, o), "/graphql?query=%7Bnothing%7D", "Accept", "application/graphql-response+json"); w.Code != 422 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people, `CREATE SCHEMA app; CREATE TABLE app.thing (id int PRIMARY KEY);
COMMENT ON VIEW v_person IS '@fraiseql:type
name: Human';`).URL
	for name, c := range map[string]struct {
		o     fraiseql.Options
		want  []string
		never []string
	}{
		"annotated objects": {fraiseql.Options{}, []string{"type Human"}, []string{"TbPerson", "Thing"}},
		"exposed":           {fraiseql.Options{NoAutoDiscover: true, Expose: []string{"tb_*"}}, []string{"pkPerson"}, []string{"Human"}},
		"another schema":    {fraiseql.Options{Schemas: []string{"app"}, Expose: []string{"*"}}, []string{"Thing"}, []string{"Human", "pkPerson"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.o.DatabaseURL = url
			sdl := started(t, c.o).Schema()
			for _, w := range c.want {
				if !strings.Contains(sdl, w) {
					t.Errorf("%s is missing in %s", w, sdl)
				}
			}
			for _, n := range c.never {
				if strings.Contains(sdl, n) {
					t.Errorf("%s is in %s", n, sdl)
				}
			}
		})
	}
}

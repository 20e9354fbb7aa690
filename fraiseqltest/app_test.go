package fraiseqltest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/fraiseqltest"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const notes = `
CREATE TABLE tb_note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, body text NOT NULL);
INSERT INTO tb_note (tenant, body) VALUES ('red', 'one'), ('blue', 'two'), ('red', 'three');
ALTER TABLE tb_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_note USING (tenant = nullif(current_setting('app.tenant', true), ''));
CREATE VIEW v_note WITH (security_invoker) AS SELECT id, body FROM tb_note;
COMMENT ON VIEW v_note IS '@fraiseql:type
name: Note
key: [id]';
CREATE SCHEMA private;
CREATE FUNCTION private.add(a text) RETURNS void LANGUAGE sql AS $$ INSERT INTO tb_note (tenant, body) VALUES (current_setting('app.tenant', true), a) $$;`

func noteOptions() fraiseql.Options {
	return fraiseql.Options{
		SessionClaims: map[string]string{"app.tenant": "tenant"},
		Queries: []fraiseql.Query{fraiseql.Resolve("who", func(ctx context.Context, _ struct{}) (string, error) {
			p := auth.FromContext(ctx)
			return fmt.Sprint(p.Subject, p.Roles), nil
		})},
		Mutations: []fraiseql.Mutation{fraiseql.Resolve("add", func(ctx context.Context, args struct{ Body string }) (bool, error) {
			_, err := fraiseql.DB(ctx).Exec(ctx, `SELECT private.add($1)`, args.Body)
			return err == nil, err
		})},
	}
}

func tenant(name string) *auth.Principal {
	return &auth.Principal{Subject: name, Roles: []string{"writer"}, Claims: map[string]any{"tenant": name}}
}

func TestNew(t *testing.T) {
	t.Parallel()
	app := fraiseqltest.New(t, noteOptions(), notes)
	const query = `{ notes(orderBy: [{id: ASC}]) { body } who }`
	red, blue := app.As(tenant("red")), app.As(tenant("blue"))
	// The app's role is one for which policies hold.
	red.Expect(t, query, nil, `{"notes": [{"body": "one"}, {"body": "three"}], "who": "red[writer]"}`)
	blue.Expect(t, query, nil, `{"notes": [{"body": "two"}], "who": "blue[writer]"}`)
	app.Expect(t, query, nil, `{"notes": [], "who": "[]"}`)
	red.Expect(t, `mutation ($b: String!) { add(body: $b) }`, map[string]any{"b": "four"}, `{"add": true}`)
	if a := blue.Send(t, `mutation { add(body: null) }`, nil); a.Status != 400 || a.Code() == "" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	app.Exec(t, `DELETE FROM tb_note WHERE body = $1`, "one")
	var data struct{ Notes []struct{ Body string } }
	red.Query(t, query, nil).Decode(t, &data)
	if fmt.Sprint(data.Notes) != "[{three} {four}]" {
		t.Errorf("got %v", data.Notes)
	}
	if a := app.Post(t, []byte(`{`)); a.Status != 400 || a.Header.Get("X-Request-Id") == "" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := app.With("X-Request-Id", "one").Post(t, []byte(`{"query": "{ who }"}`), "Accept", "application/json"); !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("got %v", a.Header)
	}
	if a := app.With("X-Fraiseqltest-Principal", "guess").Send(t, `{ who }`, nil); a.Status != 401 {
		t.Errorf("a name that nobody has: %d %s", a.Status, a.Body)
	}
	if app.Role == "" || app.DatabaseURL == "" || !strings.HasPrefix(app.URL, "http://127.0.0.1:") {
		t.Errorf("got %+v", app)
	}
}

func TestNewAtOnce(t *testing.T) {
	t.Parallel()
	app := fraiseqltest.New(t, noteOptions(), notes)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			name := fmt.Sprint("user", n)
			app.As(tenant(name)).Expect(t, `{ who }`, nil, `{"who": "`+name+`[writer]"}`)
		})
	}
	all.Wait()
}

// The options' own authentication goes on beside As.
func TestNewWithAuth(t *testing.T) {
	t.Parallel()
	o := noteOptions()
	o.Auth = auth.InsecureDevAuth{Username: "dev", Password: "p"}
	app := fraiseqltest.New(t, o, notes)
	if a := app.Send(t, `{ who }`, nil); a.Status != 401 || a.Code() != "UNAUTHENTICATED" {
		t.Errorf("without credentials: %d %s", a.Status, a.Body)
	}
	app.With("Authorization", "Basic ZGV2OnA=").Expect(t, `{ who }`, nil, `{"who": "dev[]"}`)
	app.As(tenant("red")).Expect(t, `{ who }`, nil, `{"who": "red[writer]"}`)

	secret := []byte("0123456789abcdef0123456789abcdef")
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	o = noteOptions()
	o.JWTSecretFile = path
	app = fraiseqltest.New(t, o, notes)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	token(t, jwa.HS256(), secret, time.Hour)(r)
	app.With("Authorization", r.Header.Get("Authorization")).Expect(t, `{ who }`, nil, `{"who": "ada[reader]"}`)
	failing := &recorder{TB: t}
	failing.run(func() { app.As(tenant("red")).Send(failing, `{ who }`, nil) })
	failing.says(t, "send a token by With instead")
}

// What goes wrong fails the test, with words about it.
func TestFailures(t *testing.T) {
	t.Parallel()
	app := fraiseqltest.New(t, noteOptions(), notes)
	for want, do := range map[string]func(t testing.TB){
		"leave it out, or use Start": func(t testing.TB) { fraiseqltest.New(t, fraiseql.Options{DatabaseURL: "x"}) },
		"create database":            func(t testing.TB) { fraiseqltest.New(t, fraiseql.Options{}, "CREATE nonsense") },
		"MaxPage":                    func(t testing.TB) { fraiseqltest.Start(t, fraiseql.Options{DatabaseURL: "x", HTTPProfile: "MaxPage"}) },
		"the database is unavailable": func(t testing.TB) {
			fraiseqltest.Start(t, fraiseql.Options{DatabaseURL: "postgres://127.0.0.1:1/x", FailFast: true})
		},
		`no file matches "testdata/none*`: func(t testing.TB) { fraiseqltest.Files(t, "testdata/none*.sql") },
		"status 400":                      func(t testing.TB) { app.Query(t, `{ nothing }`, nil) },
		"want {\"who\":\"x\"}":            func(t testing.TB) { app.Expect(t, `{ who }`, nil, `{"who": "x"}`) },
		"what is expected is not JSON":    func(t testing.TB) { app.Expect(t, `{ who }`, nil, `{`) },
		"the variables":                   func(t testing.TB) { app.Send(t, `{ who }`, func() {}) },
		"the data {\"who\":\"[]\"}":       func(t testing.TB) { app.Query(t, `{ who }`, nil).Decode(t, new(int)) },
		"Exec is for apps that New": func(t testing.TB) {
			fraiseqltest.Start(t, fraiseql.Options{DatabaseURL: app.DatabaseURL}).Exec(t, "SELECT 1")
		},
	} {
		failing := &recorder{TB: t}
		failing.run(func() { do(failing) })
		failing.says(t, want)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"02_b.sql": "b", "01_a.sql": "a", "10_c.sql": "c", "x.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(fraiseqltest.Files(t, filepath.Join(dir, "*.sql")), ""); got != "abc" {
		t.Errorf("got %s", got)
	}
}

// The log of an app is in the test's output, unless it has a place already.
func TestLog(t *testing.T) {
	t.Parallel()
	o := noteOptions()
	o.Production = true
	var log strings.Builder
	heard := &recorder{TB: t, output: &log}
	db := pgtest.New(t, notes)
	o.DatabaseURL = db.URL
	fraiseqltest.Start(heard, o)
	if !strings.Contains(log.String(), "production without Auth") || strings.Contains(log.String(), "level=INFO") {
		t.Errorf("got %s", log.String())
	}
}

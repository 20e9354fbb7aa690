package fraiseqltest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// patience is how long a shutdown may take before it is a fault.
const patience = 20 * time.Second

// Main runs the tests of a package, ends the PostgreSQL server that they used, and gives the exit code. Without it the server
// ends with the process.
//
//	func TestMain(m *testing.M) { os.Exit(fraiseqltest.Main(m)) }
func Main(m *testing.M) int { return pgtest.Main(m) }

// Files reads the SQL files that match a pattern (of [filepath.Glob]), in the order of their names.
func Files(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("no file matches %q, seen from the folder of the test's package", pattern)
	}
	if err != nil {
		t.Fatalf("fraiseqltest: %v", err)
	}
	texts := make([]string, len(paths))
	for i, path := range paths { // Glob sorts them
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("fraiseqltest: %v", err)
		}
		texts[i] = string(text)
	}
	return texts
}

// App is an app that is served over HTTP on this machine until its test ends. Its methods may be called at once.
type App struct {
	*fraiseql.App
	URL string // of the server, without a path

	// DatabaseURL is where the app's database is, for a superuser; Role is the role as which the app connects. Both
	// are empty in an app of [Start].
	DatabaseURL string
	Role        string

	server *httptest.Server
	db     *pgtest.DB
	actors *actors     // nil: As is not possible
	header [][2]string // that With and As add
	fault  error       // of As: the first request tells it
}

// New makes a database, runs the SQL in it as a superuser, and serves an app on it: each text may hold many statements. Databases
// of the same SQL are copied from a template, so that a schema that many tests share costs little. Database and app are gone
// when the test ends. Roles belong to the whole server and outlast the database: make them by [App.Exec] and drop them.
//
// The app connects as a role of its own, [App.Role], which may read and write everything that the SQL has made, owns none of
// it and is no superuser: row-level security holds for it, as it should in production.
//
// Requests may come from any principal ([App.As]); without one they are what the options say: anonymous where these have
// no Auth. What the app logs from warnings on is in the test's output, unless the options have a Logger.
func New(t testing.TB, o fraiseql.Options, sql ...string) *App {
	t.Helper()
	if o.DatabaseURL != "" {
		t.Fatalf("fraiseqltest: New makes the database, and Options.DatabaseURL is set: leave it out, or use Start")
	}
	db := pgtest.New(t, sql...)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{everything}})
	o.DatabaseURL = role.URL
	var known *actors
	if o.Auth != nil || !hasCredentials(o) {
		known = &actors{}
		if o.Auth == nil {
			o.Auth, o.AllowAnonymous = known, true
		} else {
			o.Auth = auth.First(known, o.Auth)
		}
	}
	a := Start(t, o)
	a.DatabaseURL, a.Role, a.db, a.actors = db.URL, role.Name, db, known
	return a
}

// everything is the right to use all that a database holds; %s is the role.
const everything = `DO $$ DECLARE s text; BEGIN
	FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
		EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', s);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I TO %s', s);
		EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO %s', s);
		EXECUTE format('GRANT EXECUTE ON ALL ROUTINES IN SCHEMA %I TO %s', s);
	END LOOP;
END $$`

// hasCredentials tells whether the options make the app check credentials by other means than Auth.
func hasCredentials(o fraiseql.Options) bool {
	return o.JWKSURL != "" || len(o.JWTPublicKeyFiles) > 0 || o.JWTSecretFile != "" || o.APIKeysFile != "" || o.InsecureDevAuth.Password != ""
}

// Start serves an app as the options say, on the database that they name, and shuts it down when the test ends.
func Start(t testing.TB, o fraiseql.Options) *App {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	app, err := fraiseql.New(o)
	if err != nil {
		t.Fatalf("fraiseqltest: %v", err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := app.Shutdown(ctx); err != nil {
			t.Errorf("fraiseqltest: shutdown: %v", err)
		}
	})
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("fraiseqltest: %v", err)
	}
	server := httptest.NewServer(app)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return &App{App: app, URL: server.URL, server: server}
}

// Exec runs SQL in the app's database as a superuser. Without arguments the text may hold many statements.
func (a *App) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if a.db == nil {
		t.Fatalf("fraiseqltest: Exec is for apps that New has made: this one's database is not the test's own")
	}
	a.db.Exec(t, sql, args...)
}

// With gives the same app, whose requests carry one more header, such as "Authorization" with a token.
func (a *App) With(name, value string) *App {
	c := *a
	c.header = append(slices.Clip(c.header), [2]string{name, value})
	return &c
}

var errNoActors = errors.New("As is for apps of New whose options leave credentials to Auth or to nobody: send a token by With instead")

// As gives the same app, whose requests come from a principal, whatever Options.Auth would say. It is not possible where the options
// name secrets, keys or a password: there, send credentials by [App.With].
func (a *App) As(p *auth.Principal) *App {
	if a.actors == nil {
		c := *a
		c.fault = errNoActors
		return &c
	}
	return a.With(actorHeader, a.actors.add(p))
}

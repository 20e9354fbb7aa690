// Package apptest gives tests a whole app, served over HTTP from a database of its own. Between the app and PostgreSQL stands
// a proxy that counts, since every query must take one round trip on one lease.
//
//	func TestMain(m *testing.M) { apptest.Main(m) }
//
//	func TestUsers(t *testing.T) {
//		t.Parallel()
//		site := apptest.Serve(t, fraiseql.Options{}, `CREATE VIEW v_user AS …`)
//		apptest.Expect(t, "users", site.Query(t, `{ users { id } }`, nil), `{"users": [{"id": 1}]}`)
//	}
package apptest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/fraiseqltest"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// patience is the bound of every wait that should end by an event.
const patience = 20 * time.Second

// Main runs the tests of a package and ends the process: with a failure when they leave a goroutine behind.
func Main(m *testing.M) { os.Exit(Runner(m).Run()) }

// Runner is Main without the end of the process, for a TestMain that has more to do.
func Runner(m *testing.M) interface{ Run() int } { return leakCheck{hangingUp{pgtest.Runner(m)}} }

type leakCheck struct{ tests interface{ Run() int } }

func (l leakCheck) Run() int {
	code := l.tests.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines are left behind:", err)
		return 1
	}
	return code
}

// hangingUp runs tests and then ends what the default client keeps open.
type hangingUp struct{ tests interface{ Run() int } }

func (h hangingUp) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return h.tests.Run()
}

// Site is a served app, with the proxy before its database.
type Site struct {
	*fraiseqltest.App
	DB   *pgtest.DB
	Link *pgtest.Link
}

// Example is the SQL of one of the examples, in the order in which it is run.
func Example(t testing.TB, name string) []string {
	t.Helper()
	files, err := examples.SQL(name)
	if err != nil {
		t.Fatal(err)
	}
	sql := make([]string, len(files))
	for i, file := range files {
		sql[i] = file.SQL
	}
	return sql
}

// Serve starts an app on a database made of sql, which lives as long as the test.
func Serve(t testing.TB, o fraiseql.Options, sql ...string) *Site {
	t.Helper()
	return ServeOn(t, pgtest.New(t, sql...), "", o)
}

// ServeOn starts an app on a database; address is where it connects, the database's own when empty. The pool has one connection
// unless the options give its size, so that what is counted is what the test asked for.
func ServeOn(t testing.TB, db *pgtest.DB, address string, o fraiseql.Options) *Site {
	t.Helper()
	if address == "" {
		address = db.URL
	}
	link := pgtest.Proxy(t, db.URL)
	o.DatabaseURL = link.Through(t, address)
	if o.ConnectionPoolSize == 0 {
		o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1
	}
	return &Site{atRest(t, o), db, link}
}

// Listen serves until the test ends, and gives the server's URL, without a path.
func Listen(t testing.TB, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// Start makes an app that is ready, with a pool at rest, and shuts it down when the test ends. It logs nothing unless the
// options have a logger.
func Start(t testing.TB, o fraiseql.Options) *fraiseql.App {
	t.Helper()
	return atRest(t, o).App
}

func atRest(t testing.TB, o fraiseql.Options) *fraiseqltest.App {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	app := fraiseqltest.Start(t, o)
	Settle(t, app)
	return app
}

// Settle waits until the connections that reading the catalog used have been reset.
func Settle(t testing.TB, app interface{ PoolStat() pool.Stat }) {
	t.Helper()
	Until(t, "the pool is at rest", func() bool {
		st := app.PoolStat()
		return st.Idle >= st.MinSize && st.Tending+st.Leased+st.Connecting == 0
	})
}

// Until waits for something that happens by itself.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

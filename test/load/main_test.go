// Package load_test puts many clients at once on an app with a real PostgreSQL. FRAISEQL_SLOW=1 runs the long profiles.
package load_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

func slow() bool { return os.Getenv("FRAISEQL_SLOW") == "1" }

// patience is the bound of every wait that should end by an event.
const patience = 60 * time.Second

const users = `
create table tb_user (id int primary key, name text not null);
insert into tb_user select n, 'user ' || n from generate_series(1, 20) n;
create view v_user as select id, name from tb_user;
comment on view v_user is '@fraiseql:type
name: User';`

// site is an app that runs as a program of its own would run it.
type site struct {
	app      *fraiseql.App
	addr     string
	accepted *atomic.Int64 // TCP connections that the app's server has taken
	db       *pgtest.DB
}

// countingListener counts what its server accepts.
type countingListener struct {
	net.Listener
	n *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

func serve(t *testing.T, o fraiseql.Options, sql ...string) *site {
	t.Helper()
	db := pgtest.New(t, sql...)
	o.DatabaseURL, o.Logger = db.URL, slog.New(slog.DiscardHandler)
	app, err := fraiseql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{app: app, addr: l.Addr().String(), accepted: &atomic.Int64{}, db: db}
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(context.Background(), countingListener{l, s.accepted}) }()
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := app.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	eventually(t, "it is ready", func() bool { return app.Ready(t.Context()) == nil })
	return s
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// watch looks at the database all the time until stop is called, which gives the most backends that clients had at a time.
func (s *site) watch(t *testing.T) (stop func() int) {
	t.Helper()
	conn := s.db.Conn(t)
	done := make(chan struct{})
	most := 0
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			var n int
			if err := conn.QueryRow(context.Background(), `select count(*) from pg_stat_activity
				where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&n); err != nil {
				t.Error(err)
				return
			}
			most = max(most, n)
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	})
	return func() int {
		close(done)
		watching.Wait()
		return most
	}
}

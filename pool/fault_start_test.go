package pool_test

import (
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// changed gives a URL with some of it replaced.
func changed(t *testing.T, address string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// TestRefusedAtStart asks a real server for what it does not have: the pool starts all the same, tells why it cannot serve,
// at once and typed, and does not start under FailFast. What is wrong in the database heals by itself.
func TestRefusedAtStart(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	role := db.Role(t, pgtest.RoleOptions{})
	for _, tt := range []struct{ name, url, code, says string }{
		{"28P01", changed(t, role.URL, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "open-sesame") }), "28P01", "password authentication failed"},
		{"3D000", changed(t, db.URL, func(u *url.URL) { u.Path = "/nowhere_to_be_found" }), "3D000", "nowhere_to_be_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := pool.Options{Logger: quietLog()}
			p := openPool(t, tt.url, o)
			if err := p.Ready(t.Context()); !errors.Is(err, pool.ErrUnavailable) {
				t.Errorf("ready: %v", err)
			}
			start := time.Now()
			_, err := p.Acquire(t.Context())
			var pgErr *pgconn.PgError
			if !errors.Is(err, pool.ErrUnavailable) || !errors.As(err, &pgErr) || pgErr.Code != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > time.Second { // at once
				t.Errorf("after %v", took)
			}
			o.FailFast = true
			if _, err := pool.Open(t.Context(), tt.url, o); !errors.As(err, &pgErr) || pgErr.Code != tt.code {
				t.Errorf("under FailFast: %v", err)
			}
		})
	}
}

// TestAbsentAtStart: nothing listens. The pool starts, says so within the time of a refused connect, and heals by itself.
func TestAbsentAtStart(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{})
	server.Stop(pgtest.Fast)
	o := pool.Options{Size: 2, Logger: quietLog()}
	p := openPool(t, server.URL, o)
	var opErr *net.OpError
	if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrUnavailable) || !errors.As(err, &opErr) {
		t.Errorf("got %v", err)
	}
	o.FailFast = true
	if _, err := pool.Open(t.Context(), server.URL, o); !errors.Is(err, pool.ErrUnavailable) {
		t.Errorf("under FailFast: %v", err)
	}
	server.Restart()
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
}

// TestStartingServer: 57P03 is what a server says that starts, stops or recovers. It is tried again soon, not after the pause
// that a wrong password gets, and the last second of it costs no more than a second.
func TestStartingServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeServer()
		f.code.Store("57P03")
		p := openPool(t, fakeURL, f.options(pool.Options{Logger: quietLog()}))
		_, err := p.Acquire(t.Context())
		var pgErr *pgconn.PgError
		if !errors.Is(err, pool.ErrUnavailable) || !errors.As(err, &pgErr) || pgErr.Code != "57P03" {
			t.Errorf("got %v", err)
		}
		dials := f.dials.Load()
		time.Sleep(10 * time.Second)
		if n := f.dials.Load() - dials; n < 8 || n > 18 {
			t.Errorf("%d attempts in 10 s", n)
		}
		f.code.Store("")
		time.Sleep(1200 * time.Millisecond)
		if err := p.Ready(t.Context()); err != nil {
			t.Errorf("it did not heal: %v", err)
		}
		f.code.Store("57P03")
		if _, err := pool.Open(t.Context(), fakeURL, f.options(pool.Options{FailFast: true, Logger: quietLog()})); !errors.As(err, &pgErr) || pgErr.Code != "57P03" {
			t.Errorf("under FailFast: %v", err)
		}
	})
}

// TestOneOfSeveralHostsIsAway: the hosts of a URL are tried in their order, and an error names all of them.
func TestOneOfSeveralHostsIsAway(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	dead := closedPort(t)
	live := changed(t, db.URL, func(u *url.URL) { u.Host = dead + "," + u.Host })
	p := openPool(t, live, pool.Options{Size: 2})
	if err := together(8, func(int) error { return selectOne(t.Context(), p) }); err != nil {
		t.Error(err)
	}
	if s := p.Stat(); s.ConnectFailures != 0 {
		t.Errorf("the second host counts as success: %+v", s)
	}
	none := openPool(t, changed(t, db.URL, func(u *url.URL) { u.Host = dead + "," + closedPort(t) }), pool.Options{Logger: quietLog()})
	password, _ := must(url.Parse(db.URL)).User.Password()
	_, err := none.Acquire(t.Context())
	if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), dead) || password == "" || strings.Contains(err.Error(), password) {
		t.Errorf("got %v", err)
	}
}

// closedPort is an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// twoServers gives a primary and a standby, with a role that has the same password on both.
func twoServers(t *testing.T) (primary, standby string) {
	t.Helper()
	o := pgtest.ServerOptions{SQL: []string{"create role visitor login password 'open-sesame'"}}
	servers := [...]*pgtest.Cluster{pgtest.Server(t, o), pgtest.Server(t, o)}
	var dir string
	if err := servers[1].Conn(t).QueryRow(t.Context(), "show data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	// With this file it stays in recovery for ever, waiting for a primary that nobody has named.
	servers[1].Stop(pgtest.Fast)
	signal := filepath.Join(dir, "standby.signal")
	if err := errors.Join(os.WriteFile(signal, nil, 0o600), os.Chmod(signal, 0o666)); err != nil { // the server may be another user
		t.Fatal(err)
	}
	servers[1].Restart()
	as := func(u *url.URL) { u.User = url.UserPassword("visitor", "open-sesame") }
	return changed(t, servers[0].URL, as), changed(t, servers[1].URL, as)
}

// refusesRole tells whether err names what the server is not.
func refusesRole(err error) bool {
	return errors.Is(err, pgconn.ErrReadOnlyConnection) || errors.Is(err, pgconn.ErrReadWriteConnection) ||
		errors.Is(err, pgconn.ErrPrimaryConnection) || errors.Is(err, pgconn.ErrStandbyConnection)
}

// TestTargetSession asks for each kind of server there is, of a primary, of a standby, and of both in one URL.
func TestTargetSession(t *testing.T) {
	t.Parallel()
	primary, standby := twoServers(t)
	both := changed(t, primary, func(u *url.URL) { u.Host = must(url.Parse(standby)).Host + "," + u.Host })
	for _, tt := range []struct {
		attrs            string
		primary, standby bool   // whether it takes it
		both             string // which one it takes of both
	}{
		{"any", true, true, "standby"}, // the first
		{"read-write", true, false, "primary"},
		{"read-only", false, true, "standby"},
		{"primary", true, false, "primary"},
		{"standby", false, true, "standby"},
		{"prefer-standby", true, true, "standby"},
	} {
		t.Run(tt.attrs, func(t *testing.T) {
			t.Parallel()
			ask := func(address string) (string, error) {
				p, err := pool.Open(t.Context(), changed(t, address, func(u *url.URL) {
					u.RawQuery = "sslmode=disable&target_session_attrs=" + tt.attrs
				}), pool.Options{Size: 1, Logger: quietLog()})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := p.Close(t.Context()); err != nil {
						t.Error(err)
					}
				}()
				c, err := p.Acquire(t.Context())
				if err != nil {
					return "", err
				}
				defer c.Release()
				var recovering bool
				err = c.RawClean(func(conn *pgx.Conn) error {
					return conn.QueryRow(t.Context(), "select pg_is_in_recovery()").Scan(&recovering)
				})
				return map[bool]string{false: "primary", true: "standby"}[recovering], err
			}
			for _, one := range []struct {
				name, url string
				want      bool
			}{{"primary", primary, tt.primary}, {"standby", standby, tt.standby}} {
				got, err := ask(one.url)
				switch {
				case one.want && (err != nil || got != one.name):
					t.Errorf("%s: got %s, %v", one.name, got, err)
				case !one.want && (!errors.Is(err, pool.ErrUnavailable) || !refusesRole(err)):
					t.Errorf("%s: it should be refused with a reason: %v", one.name, err)
				}
			}
			if got, err := ask(both); err != nil || got != tt.both {
				t.Errorf("of both: got %s, %v", got, err)
			}
		})
	}
}

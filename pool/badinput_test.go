package pool_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// TestNumbersThatPeopleWrite goes through the values that are near a limit or mean something special.
func TestNumbersThatPeopleWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		o       pool.Options
		want    pool.Limits
		refused []string
	}{
		{name: "half a second", o: pool.Options{Size: 1, MaxOverflow: -1, Timeout: 500 * time.Millisecond, Recycle: -1}, want: pool.Limits{MinSize: 1, Size: 1, MaxSize: 1, Timeout: 500 * time.Millisecond}},
		{name: "a nanosecond to wait", o: pool.Options{Size: 1, MaxOverflow: -1, Timeout: 1, Recycle: -1}, want: pool.Limits{MinSize: 1, Size: 1, MaxSize: 1, Timeout: 1}},
		{name: "unset waits 30 s", o: pool.Options{Size: 1, MaxOverflow: -1, Recycle: -1}, want: pool.Limits{MinSize: 1, Size: 1, MaxSize: 1, Timeout: 30 * time.Second}},
		{name: "negative does not wait", o: pool.Options{Size: 1, MaxOverflow: -1, Timeout: -time.Hour, Recycle: -1}, want: pool.Limits{MinSize: 1, Size: 1, MaxSize: 1}},
		{name: "one second to recycle", o: pool.Options{Size: 1, MaxOverflow: -1, Recycle: time.Second}, want: pool.Limits{MinSize: 1, Size: 1, MaxSize: 1, Timeout: 30 * time.Second, Recycle: time.Second}},
		{name: "300 ms to recycle", o: pool.Options{Recycle: 300 * time.Millisecond}, refused: []string{"Recycle is 300ms", "at least 1s", "negative value for never"}},
		{name: "negative size", o: pool.Options{Size: -5}, refused: []string{"Size is -5", "at least 1", "set 1 or more"}},
		{name: "least of all sizes", o: pool.Options{Size: -1 << 63}, refused: []string{"Size is -9223372036854775808", "at least 1"}},
		{name: "more than any server has", o: pool.Options{Size: 4000, MaxOverflow: 1}, refused: []string{"Size 4000 + MaxOverflow 1", "4000", "lower"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.o.Resolve()
			if len(tt.refused) == 0 && (err != nil || got != tt.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, tt.want)
			}
			for _, word := range tt.refused {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("%v does not say %q", err, word)
				}
			}
		})
	}
}

// TestUnixSocket runs the pool over a socket in the file system, where a look at an idle connection works as it does over TCP.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	dir := socketFolder(t, must(url.Parse(db.URL)).Host)
	user := must(url.Parse(db.URL)).User
	password, _ := user.Password()
	for name, address := range map[string]string{
		"URL":       "postgres://" + user.String() + "@/" + db.Name + "?host=" + url.QueryEscape(dir) + "&port=5432",
		"key=value": "host=" + dir + " port=5432 user=" + user.Username() + " password=" + password + " dbname=" + db.Name,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			appName := "socket " + name
			p := openPool(t, address, pool.Options{Name: appName, Size: 3, MaxOverflow: -1})
			warmUp(t, p, 3)
			admin := db.Conn(t)
			db.Exec(t, terminate, appName)
			eventually(t, func() bool { return backends(t, admin, appName) == 0 }, func() any { return p.Stat() })
			if err := together(9, func(int) error { return selectOne(t.Context(), p) }); err != nil {
				t.Error(err)
			}
			if s := p.Stat(); s.PeekMisses == 0 {
				t.Errorf("a dead connection was not seen: %+v", s)
			}
		})
	}
	_, err := openPool(t, "postgres://nobody:open-sesame@/none?host="+url.QueryEscape(filepath.Join(dir, "nowhere")), pool.Options{Logger: quietLog()}).Acquire(t.Context())
	if !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), "nowhere") || strings.Contains(err.Error(), "open-sesame") {
		t.Errorf("a folder without a socket: %v", err)
	}
}

// socketFolder gives a folder with a socket that leads to a server's TCP address.
func socketFolder(t *testing.T, target string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pg") // t.TempDir may be too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_, _ = to.Close(), from.Close()
			}
			running.Go(func() { pass(server, client) })
			running.Go(func() { pass(client, server) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
		_ = os.RemoveAll(dir)
	})
	return dir
}

// TestURLWithoutHost is not parallel: the environment says where the server is, as it does for psql.
func TestURLWithoutHost(t *testing.T) {
	db := pgtest.New(t)
	u := must(url.Parse(db.URL))
	password, _ := u.User.Password()
	for name, value := range map[string]string{"PGHOST": u.Hostname(), "PGPORT": u.Port(), "PGPASSWORD": password, "PGSSLMODE": "disable"} {
		t.Setenv(name, value)
	}
	for _, address := range []string{
		"postgres:///" + db.Name + "?user=" + u.User.Username(),
		"postgres://" + u.User.Username() + "@/" + db.Name,
		"user=" + u.User.Username() + " dbname=" + db.Name,
	} {
		p := openPool(t, address, pool.Options{Size: 1})
		if err := selectOne(t.Context(), p); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	t.Setenv("PGPORT", strings.TrimPrefix(closedPort(t), "127.0.0.1:"))
	p := openPool(t, "postgres://someone@/none", pool.Options{Logger: quietLog()})
	if _, err := p.Acquire(t.Context()); !errors.Is(err, pool.ErrUnavailable) || !strings.Contains(err.Error(), u.Hostname()) || strings.Contains(err.Error(), password) {
		t.Errorf("nobody there: %v", err)
	}
}

// TestPasswordStaysSecret fails to connect in every way and looks for the password, as it is and as the URL spells it, in all
// that the pool tells.
func TestPasswordStaysSecret(t *testing.T) {
	t.Parallel()
	const secret, spelled = "open sesame/42%", "open%20sesame%2F42%25"
	db := pgtest.New(t)
	host := must(url.Parse(db.URL)).Host
	role := must(url.Parse(db.Role(t, pgtest.RoleOptions{}).URL)).User.Username()
	with := "postgres://" + role + ":" + spelled + "@"
	for name, address := range map[string]string{
		"refused":            with + closedPort(t) + "/x",
		"no such host":       with + "no-such-host.invalid:5432/x",
		"wrong password":     with + host + "/" + db.Name + "?sslmode=disable",
		"no such database":   with + host + "/none?sslmode=disable",
		"TLS is asked for":   with + host + "/" + db.Name + "?sslmode=require",
		"several hosts":      with + closedPort(t) + "," + host + "/" + db.Name + "?sslmode=disable",
		"a wish":             with + host + "/" + db.Name + "?sslmode=disable&target_session_attrs=standby",
		"a setting":          with + host + "/" + db.Name + "?sslmode=disable&work_mem=nonsense",
		"as a word":          "host=127.0.0.1 port=1 user=x dbname=y password='" + secret + "'",
		"in the query":       "postgres://" + role + "@" + closedPort(t) + "/x?password=" + url.QueryEscape(secret),
		"a malformed port":   with + "127.0.0.1:port/x",
		"a malformed option": with + "127.0.0.1:1/x?sslmode=" + spelled,
		"no scheme":          "//" + role + ":" + spelled + "@127.0.0.1/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var told strings.Builder
			log := slog.New(slog.NewTextHandler(lockedWriter{&mu, &told}, &slog.HandlerOptions{Level: slog.LevelDebug}))
			tell := func(parts ...string) {
				mu.Lock()
				defer mu.Unlock()
				for _, part := range parts {
					told.WriteString(part + "\n")
				}
			}
			o := pool.Options{Logger: log, FailFast: true, Trace: &pool.Trace{
				Connected: func(i pool.ConnectedInfo) {
					if i.Err != nil {
						tell(i.Err.Error())
					}
				},
				StateChanged: func(i pool.StateInfo) {
					if i.Err != nil {
						tell(i.Err.Error())
					}
				},
			}}
			_, err := pool.Open(t.Context(), address, o)
			if err == nil {
				t.Fatal("it connects")
			}
			tell(err.Error())
			o.FailFast = false
			if p, err := pool.Open(t.Context(), address, o); err != nil {
				tell(err.Error())
			} else {
				_, err := p.Acquire(t.Context())
				var ae *pool.AcquireError
				if !errors.As(err, &ae) || ae.LastConnect == nil {
					t.Fatalf("got %v", err)
				}
				stat, _ := json.Marshal(p.Stat())
				tell(err.Error(), ae.LastConnect.Error(), string(stat))
				for cause := error(ae); cause != nil; cause = errors.Unwrap(cause) {
					tell(cause.Error())
				}
				if err := p.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if text := told.String(); strings.Contains(text, secret) || strings.Contains(text, spelled) || strings.Contains(text, "sesame") {
				t.Errorf("it is told: %s", text)
			} else if len(text) < 50 {
				t.Errorf("little is told at all: %q", text)
			}
		})
	}
}

// TestSettingsOfTheURLReachTheServer: what is no option of the pool goes to the server, as PostgreSQL's own tools do it.
func TestSettingsOfTheURLReachTheServer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	p := openPool(t, db.URL+"&work_mem=5MB&search_path=mine", pool.Options{Size: 1})
	c, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	var got string
	if err := c.RawClean(func(conn *pgx.Conn) error {
		return conn.QueryRow(t.Context(), "select current_setting('work_mem') || ' ' || current_setting('search_path')").Scan(&got)
	}); err != nil || got != "5MB mine" {
		t.Errorf("got %s, %v", got, err)
	}
}

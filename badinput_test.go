package fraiseql_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// What people write for the pool, as a flag, in the environment or in a file, and what comes of it.
func TestPoolOptionsAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	const none = -1
	for _, tt := range []struct {
		name, text string
		want       any // the field; nil: refused
		says       string
	}{
		{"connection-pool-size", "20", 20, ""},
		{"connection-pool-size", " 20 ", 20, ""},
		{"connection-pool-size", "0", nil, "0 is refused: 1 connection is the least"},
		{"connection-pool-size", "-3", -3, "ConnectionPoolSize is -3, and a pool needs at least 1 connection: set 1 or more"},
		{"connection-pool-size", "twenty", nil, `"twenty" is not a whole number such as 20`},
		{"connection-pool-size", "20.5", nil, "not a whole number"},
		{"connection-pool-size", "", nil, "not a whole number"},
		{"connection-pool-size", "99999999999999999999", nil, "not a whole number"},
		{"connection-pool-size", "4000", 4000, "above the limit of 4000 connections: lower one of them"},
		{"connection-pool-max-overflow", "0", none, ""},
		{"connection-pool-max-overflow", "-1", none, ""},
		{"connection-pool-max-overflow", "5000", 5000, "above the limit of 4000 connections: lower one of them"},
		{"connection-pool-timeout", "0", time.Duration(none), ""},
		{"connection-pool-timeout", "0s", time.Duration(none), ""},
		{"connection-pool-timeout", "0.5s", 500 * time.Millisecond, ""},
		{"connection-pool-timeout", "500ms", 500 * time.Millisecond, ""},
		{"connection-pool-timeout", "1h30m", 90 * time.Minute, ""},
		{"connection-pool-timeout", "0.5", nil, `"0.5" is not a duration such as 200ms, 30s or 1h`},
		{"connection-pool-timeout", "30", nil, "not a duration"},
		{"connection-pool-timeout", "30 s", nil, "not a duration"},
		{"connection-pool-timeout", "1d", nil, "not a duration"},
		{"connection-pool-timeout", "soon", nil, "not a duration"},
		{"connection-pool-timeout", "", nil, "not a duration"},
		{"connection-pool-recycle", "300ms", 300 * time.Millisecond, "ConnectionPoolRecycle is 300ms, and the limit is at least 1s: set 1s or more, or a negative value for never"},
		{"connection-pool-recycle", "0", nil, "0 is refused: say -1s for never"},
		{"connection-pool-recycle", "-1s", -time.Second, ""},
		{"connection-pool-recycle", "1.5s", 1500 * time.Millisecond, ""},
		{"connection-pool-recycle", "never", nil, "not a duration"},
		{"connection-pool-prepared-statements", "auto", pool.PreparedAuto, ""},
		{"connection-pool-prepared-statements", " force ", pool.PreparedForce, ""},
		{"connection-pool-prepared-statements", "off", pool.PreparedOff, ""},
		{"connection-pool-prepared-statements", "no", nil, `"no" is none of auto, force and off`},
	} {
		t.Run(tt.name+"="+tt.text, func(t *testing.T) {
			t.Parallel()
			p := parameter(t, tt.name)
			o := fraiseql.Options{DatabaseURL: "postgres://localhost/x"}
			err := p.Set(&o, tt.text)
			if tt.want == nil {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %q", err, tt.says)
				}
				return
			}
			if got := reflect.ValueOf(o).FieldByName(p.Field).Interface(); err != nil || got != tt.want {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
			_, err = fraiseql.New(o)
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("New: got %v, want %q", err, tt.says)
			}
		})
	}
	t.Run("timeout unset", func(t *testing.T) {
		t.Parallel()
		if got := fraiseql.WithDefaults(fraiseql.Options{}).ConnectionPoolTimeout; got != 30*time.Second {
			t.Errorf("got %v", got)
		}
	})
}

// A pool that the server has no room for is refused, by the numbers.
func TestPoolAboveTheServer(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{Settings: map[string]string{"max_connections": "20"}, SQL: []string{people}})
	o := personOptions(server.URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 15, 10
	err := newApp(t, o).Start(t.Context())
	for _, want := range []string{"15", "10", "25", "max_connections", "lower"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 10, -1
	if w := ask(started(t, o), `{ people { name } }`); w.Code != http.StatusOK {
		t.Errorf("with less: %d %s", w.Code, w.Body)
	}
}

// with gives the address with some of it replaced.
func with(t *testing.T, address string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// Every form of a database URL that PostgreSQL's own tools take.
func TestFormsOfTheDatabaseURL(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	words := fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable", u.Hostname(), u.Port(), u.User.Username(), password, db.Name)
	attrs := func(value string) string {
		return with(t, db.URL, func(u *url.URL) { u.RawQuery += "&target_session_attrs=" + value })
	}
	for name, tt := range map[string]struct{ url, refused string }{
		"postgres://":    {db.URL, ""},
		"postgresql://":  {with(t, db.URL, func(u *url.URL) { u.Scheme = "postgresql" }), ""},
		"words":          {words, ""},
		"several hosts":  {with(t, db.URL, func(u *url.URL) { u.Host = "127.0.0.1:1," + u.Host }), ""},
		"any":            {attrs("any"), ""},
		"read-write":     {attrs("read-write"), ""},
		"primary":        {attrs("primary"), ""},
		"prefer-standby": {attrs("prefer-standby"), ""},
		"several hosts, one that can be written to": {
			with(t, db.URL, func(u *url.URL) {
				u.Host, u.RawQuery = "127.0.0.1:1,"+u.Host, u.RawQuery+"&target_session_attrs=read-write"
			}), "",
		},
		"standby":      {attrs("standby"), "server is not in hot standby mode"},
		"read-only":    {attrs("read-only"), "connection is not read only"},
		"nobody there": {with(t, db.URL, func(u *url.URL) { u.Host = "127.0.0.1:1,127.0.0.1:2" }), "127.0.0.1:2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(tt.url)
			o.FailFast = true
			a := newApp(t, o)
			switch err := a.Start(t.Context()); {
			case tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused) || strings.Contains(err.Error(), password)):
				t.Errorf("got %v, want %q", err, tt.refused)
			case tt.refused == "" && err != nil:
				t.Errorf("start: %v", err)
			case tt.refused == "":
				for range 3 {
					if w := ask(a, `{ people { name } }`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ada") {
						t.Errorf("%d %s", w.Code, w.Body)
					}
				}
				if s := a.PoolStat(); s.State != pool.StateUp {
					t.Errorf("%+v", s)
				}
			}
		})
	}
	for name, text := range map[string]string{
		"no scheme":        "localhost/x",
		"another scheme":   "mysql://u:open-sesame@localhost/x",
		"a port in words":  "postgres://u:open-sesame@localhost:port/x",
		"an unknown wish":  "postgres://u:open-sesame@localhost/x?target_session_attrs=open-sesame",
		"a slash in it":    "postgres://u:open-sesame/x@localhost/x",
		"a broken percent": "postgres://u:open-sesame%zz@localhost/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := fraiseql.New(personOptions(text))
			if err == nil {
				err = a.Start(t.Context())
			}
			if err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "the database URL is ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The password is in no error, log line, page or metric, whatever goes wrong.
func TestThePasswordIsNowhere(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	const secret, spelled = "open sesame/42%", "open%20sesame%2F42%25"
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON v_person TO %s"}})
	db.Exec(t, fmt.Sprintf(`ALTER ROLE %q PASSWORD '%s'`, role.Name, secret))
	as := func(address string, user string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return "postgres://" + user + ":" + spelled + "@" + u.Host + u.Path + "?sslmode=disable"
	}
	for name, address := range map[string]string{
		"it serves":        as(db.URL, role.Name),
		"wrong user":       as(db.URL, "nobody_at_all"),
		"no such database": as(with(t, db.URL, func(u *url.URL) { u.Path = "/none" }), role.Name),
		"absent":           as("postgres://127.0.0.1:1/none", role.Name),
		"several hosts":    as("postgres://127.0.0.1:1,127.0.0.1:2/none", role.Name),
		"not a standby":    as(db.URL, role.Name) + "&target_session_attrs=standby",
		"as a word":        "host=127.0.0.1 port=1 user=x dbname=y password='" + secret + "'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all lockedBuffer
			say := func(texts ...any) { _, _ = fmt.Fprintln(&all, texts...) }
			o := personOptions(address)
			o.Logger = slog.New(slog.NewJSONHandler(&all, &slog.HandlerOptions{Level: slog.LevelDebug}))
			a := newApp(t, o)
			say(a.Start(t.Context()), a.Ready(t.Context()), ask(a, `{ people { name } }`).Body, ask(a, `{ nothing }`).Body, fmt.Sprintf("%+v", a.PoolStat()))
			for _, path := range []string{"/ready", "/health", "/metrics", "/pool", "/version", "/schema.graphql", "/graphql"} {
				for _, accept := range []string{"application/json", "text/html", "*/*"} {
					w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
					r.Header.Set("Accept", accept)
					a.ServeHTTP(w, r)
					say(w.Code, w.Header(), w.Body)
				}
			}
			o.FailFast = true
			strict := newApp(t, o)
			say(strict.Start(t.Context()))
			text := all.String()
			for _, told := range []string{secret, spelled, "sesame", `open sesame\/42%`} {
				if at := strings.Index(text, told); at >= 0 {
					t.Errorf("%q is told: %s", told, text[max(at-200, 0):min(at+200, len(text))])
				}
			}
			if !strings.Contains(text, "db_client_connection") && !strings.Contains(text, "maxSize") {
				t.Error("neither metrics nor the pool's page were looked at")
			}
			if name != "it serves" && !strings.Contains(text, "unavailable") {
				t.Errorf("nothing went wrong: %.300s", text)
			}
		})
	}
}

package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const things = `
create table tb_thing (id int primary key, n int not null, spare int);
insert into tb_thing values (1, 2, 3);
comment on table tb_thing is '@fraiseql:type
name: Thing';
create view v_sleep as select 1 as id, pg_sleep(60)::text as z;
comment on view v_sleep is '@fraiseql:type
name: Sleep';`

const (
	askThings = `{ things { id n } }`
	theThings = `{"data":{"things":[{"id":"1","n":2}]}}`
)

// site is an app under a client's eyes.
type site struct {
	app    *fraiseql.App
	url    string
	client *http.Client
	log    *buffer
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// open makes an app, and starts it unless it must not start.
func open(t *testing.T, o fraiseql.Options) (*site, error) {
	t.Helper()
	s := &site{log: &buffer{}, client: &http.Client{Transport: &http.Transport{}}}
	o.Logger = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if s.app, err = fraiseql.New(o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.app)
	s.url = server.URL
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := s.app.Shutdown(ctx); err != nil && !t.Failed() {
			t.Logf("shutdown: %v", err)
		}
		s.client.CloseIdleConnections()
		server.Close()
	})
	return s, s.app.Start(t.Context())
}

// fetch gives what a path answers, or the API to a query.
func (s *site) fetch(t *testing.T, path, query string) (int, http.Header, string) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if query != "" {
		text, _ := json.Marshal(map[string]string{"query": query})
		method, body = http.MethodPost, bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, strings.TrimSpace(string(text))
}

// refuses fails the test unless a query is answered 503, with a reason and without data, and /ready says why.
func (s *site) refuses(t *testing.T, why ...string) {
	t.Helper()
	status, header, body := s.fetch(t, "/graphql", askThings)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || strings.Contains(body, `"data"`) || strings.Count(body, `"message"`) != 1 {
		t.Errorf("got %d %s", status, body)
	}
	status, _, body = s.fetch(t, "/ready", "")
	for _, part := range append(why, `"ready":false`, `"cure"`) {
		if status != http.StatusServiceUnavailable || !strings.Contains(body, part) {
			t.Errorf("/ready does not say %q: %d %s", part, status, body)
		}
	}
}

func (s *site) serves(t *testing.T) bool {
	t.Helper()
	status, _, body := s.fetch(t, "/graphql", askThings)
	return status == http.StatusOK && body == theThings
}

func (s *site) stat() any { return s.app.PoolStat() }

func changed(t *testing.T, address string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// TestRefusedAtStart: what the database refuses at start is told to operators and not to clients; under FailFast it is the
// error of Start.
func TestRefusedAtStart(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, things)
	role := db.Role(t, pgtest.RoleOptions{})
	for name, tt := range map[string]struct {
		url string
		why []string
	}{
		"28P01":  {changed(t, role.URL, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "open-sesame") }), []string{"28P01", "POOL_UNAVAILABLE", "user and password"}},
		"3D000":  {changed(t, db.URL, func(u *url.URL) { u.Path = "/nowhere_to_be_found" }), []string{"3D000", "nowhere_to_be_found"}},
		"absent": {changed(t, db.URL, func(u *url.URL) { u.Host = "127.0.0.1:1" }), []string{"127.0.0.1:1", "cannot be reached"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(t, fraiseql.Options{DatabaseURL: tt.url})
			if err != nil {
				t.Fatalf("it must start all the same: %v", err)
			}
			s.refuses(t, tt.why[0])
			_, _, ready := s.fetch(t, "/ready", "")
			if !strings.Contains(ready, tt.why[1]) && !strings.Contains(s.log.String(), tt.why[1]) {
				t.Errorf("neither /ready nor the log says %q: %s", tt.why[1], ready)
			}
			if status, _, body := s.fetch(t, "/health", ""); status != http.StatusOK {
				t.Errorf("it lives: %d %s", status, body)
			}
			s, err = open(t, fraiseql.Options{DatabaseURL: tt.url, FailFast: true})
			if err == nil || !strings.Contains(err.Error(), tt.why[0]) {
				t.Errorf("under FailFast: %v", err)
			}
			if strings.Contains(s.log.String()+err.Error(), "open-sesame") {
				t.Error("the password is told")
			}
		})
	}
}

// TestStoppingServerAtStart: a server that is about to stop says 57P03. The app waits for the next one by itself.
func TestStoppingServerAtStart(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{SQL: []string{things}})
	held := server.Conn(t) // as long as it is there, the server does not stop
	var file string
	if err := held.QueryRow(t.Context(), "select pg_read_file('postmaster.pid')").Scan(&file); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(file, "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	postmaster, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := postmaster.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s, err := open(t, fraiseql.Options{DatabaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says so", func() bool {
		_, _, body := s.fetch(t, "/ready", "")
		return strings.Contains(body, "57P03")
	}, s.stat)
	s.refuses(t, "57P03", "shutting down")
	server.Stop(pgtest.Fast)
	server.Restart()
	eventually(t, "it heals", func() bool { return s.serves(t) }, s.stat)
}

// TestServerUnderAnApp stops the server in each way under an app that serves: requests fail with a code of their own, and
// when it is back, so is the app.
func TestServerUnderAnApp(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{SQL: []string{things}})
	s, err := open(t, fraiseql.Options{DatabaseURL: server.URL, ConnectionPoolSize: 3, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for name, stop := range map[string]func(){
		"fast":      func() { server.Stop(pgtest.Fast) },
		"immediate": func() { server.Stop(pgtest.Immediate) },
		"SIGKILL":   server.Kill,
	} {
		eventually(t, name+": it serves", func() bool { return s.serves(t) }, s.stat)
		cut := make(chan string, 1)
		go func() {
			status, _, body := s.fetch(t, "/graphql", `{ sleeps { z } }`)
			cut <- strconv.Itoa(status) + " " + body
		}()
		eventually(t, name+": a request is under way", func() bool { return s.app.PoolStat().Leased == 1 }, s.stat)
		stop()
		if got := <-cut; !strings.Contains(got, `"code":"DATABASE_ERROR"`) && !strings.Contains(got, `"code":"POOL_UNAVAILABLE"`) {
			t.Errorf("%s: the request under way: %s", name, got)
		}
		eventually(t, name+": the pool knows", func() bool {
			status, _, body := s.fetch(t, "/graphql", askThings)
			return status == http.StatusServiceUnavailable && strings.Contains(body, `"code":"POOL_UNAVAILABLE"`)
		}, s.stat)
		if status, _, body := s.fetch(t, "/ready", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "POOL_UNAVAILABLE") {
			t.Errorf("%s: /ready: %d %s", name, status, body)
		}
		server.Restart()
	}
	eventually(t, "it serves", func() bool { return s.serves(t) }, s.stat)
	server.Pause()
	// Nobody waits for the frozen server longer than a statement and a wait for a connection may take.
	start := time.Now()
	short, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	r, _ := http.NewRequestWithContext(short, http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"{ things { id } }"}`))
	r.Header.Set("Content-Type", "application/json")
	if answer, err := s.client.Do(r); err == nil {
		answer.Body.Close()
		t.Errorf("a frozen server answered %d", answer.StatusCode)
	}
	eventually(t, "the connection of a client that left is free", func() bool { return s.app.PoolStat().Leased == 0 }, s.stat)
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("after %v", took)
	}
	server.Resume()
	eventually(t, "it serves after a freeze", func() bool { return s.serves(t) }, s.stat)
}

// TestDDLUnderCachedPlans changes a table between requests, on every connection: nobody notices.
func TestDDLUnderCachedPlans(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, things)
	s, err := open(t, fraiseql.Options{DatabaseURL: db.URL, ConnectionPoolSize: 4, ConnectionPoolMaxOverflow: -1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if status, _, body := s.fetch(t, "/graphql", askThings); status != http.StatusOK || body != theThings {
					t.Errorf("change %d: %d %s", i, status, body)
				}
			})
		}
		all.Wait()
		db.Exec(t, "alter table tb_thing alter column n type "+[]string{"smallint", "int"}[i%2])
		if i == 5 {
			db.Exec(t, "alter table tb_thing drop column spare")
		}
	}
	if s := s.app.PoolStat(); s.Closed.Total() != 0 {
		t.Errorf("connections were closed for it: %+v", s.Closed)
	}
}

// TestPanicInResolver: a resolver that panics while it holds the request's connection, in the middle of whatever, costs its
// own field and nothing else.
func TestPanicInResolver(t *testing.T) {
	t.Parallel()
	hold := func(name string, use func(context.Context)) fraiseql.Query {
		return fraiseql.Resolve(name, func(ctx context.Context, _ struct{}) (*int, error) {
			use(ctx)
			panic("oh no")
		})
	}
	s, err := open(t, fraiseql.Options{
		DatabaseURL: pgtest.New(t, things).URL, Production: true, RateLimit: -1, ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 10 * time.Second,
		Queries: []fraiseql.Query{
			hold("afterAStatement", func(ctx context.Context) { _, _ = fraiseql.DB(ctx).Exec(ctx, "select 1") }),
			hold("readingRows", func(ctx context.Context) {
				rows, err := fraiseql.DB(ctx).Query(ctx, "select generate_series(1, 100000)")
				if err == nil {
					rows.Next()
				}
			}),
			hold("inDisorder", func(ctx context.Context) {
				_, _ = fraiseql.DB(ctx).Exec(ctx, "set statement_timeout = 1")
			}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, name := range []string{"afterAStatement", "readingRows", "inDisorder"} {
			if status, _, body := s.fetch(t, "/graphql", "{ "+name+" }"); status != http.StatusOK || !strings.Contains(body, `"`+name+`":null`) || !strings.Contains(body, "INTERNAL") || strings.Contains(body, "oh no") {
				t.Errorf("%s: %d %.300s", name, status, body)
			}
			if !s.serves(t) {
				t.Errorf("%s: the next request is not served: %+v", name, s.stat())
			}
		}
	}
	eventually(t, "nothing is held", func() bool { return s.app.PoolStat().Leased == 0 }, s.stat)
	if n := strings.Count(s.log.String(), "oh no"); n < 9 {
		t.Errorf("the log tells %d of 9 panics", n)
	}
}

package fraiseql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// The promises about the connection pool that the project began with, each with its own name, over HTTP and on PostgreSQL.

// unhurried is people with a view whose every reading takes 50 ms in the database.
const unhurried = people + `
CREATE VIEW v_slow AS SELECT id, name FROM tb_person, LATERAL (SELECT pg_sleep(0.05)) AS wait LIMIT 1;
COMMENT ON VIEW v_slow IS '@fraiseql:type
name: Slow
queries: {one: false, list: slow}';`

// held is people with a view whose readers wait until nobody holds the lock any more.
const held = people + `
CREATE FUNCTION is_free() RETURNS boolean LANGUAGE plpgsql AS
	'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END';
CREATE VIEW v_held AS SELECT id, name FROM tb_person WHERE is_free() LIMIT 1;
COMMENT ON VIEW v_held IS '@fraiseql:type
name: Held
queries: {one: false, list: held}';`

// fill asks so often at once while no answer can be given, until the pool has grown to n connections and all others wait, and
// then lets all go. There are never more than n.
func fill(t *testing.T, db *pgtest.DB, a *fraiseql.App, requests, n int) {
	t.Helper()
	url, client := site(t, a)
	conn := db.Conn(t)
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(1)`); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	asking.Go(func() { atOnce(t, requests, client, url, `{ held { name } }`, "Ada") })
	count := func() int {
		got, err := sessions(conn)
		if err != nil || got > n {
			t.Errorf("%d backends, at most %d are allowed: %v", got, n, err)
		}
		return got
	}
	until(t, fmt.Sprintf("%d backends", n), func() bool { return count() == n })
	until(t, "all others wait", func() bool { return a.PoolStat().Waiting == requests-n })
	count()
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_unlock(1)`); err != nil {
		t.Fatal(err)
	}
	asking.Wait()
	conn.Close(t.Context())
}

// site serves an app over TCP.
func site(t *testing.T, a http.Handler) (url string, client *http.Client) {
	t.Helper()
	server := httptest.NewServer(a)
	transport := &http.Transport{MaxIdleConnsPerHost: 2000}
	t.Cleanup(func() { // before the app's own shutdown
		transport.CloseIdleConnections()
		server.Close()
	})
	return server.URL, &http.Client{Transport: transport}
}

// askOver posts a query and gives the status and the body.
func askOver(ctx context.Context, client *http.Client, url, query string) (int, string, http.Header, error) {
	body, _ := json.Marshal(map[string]string{"query": query})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), answer.Header, err
}

// atOnce sends a query many times at the same time; every answer must be whole and without errors.
func atOnce(t *testing.T, n int, client *http.Client, url, query, want string) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			status, body, _, err := askOver(t.Context(), client, url, query)
			if err != nil || status != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, "errors") {
				errs[i] = fmt.Errorf("request %d: %d %s %v", i, status, body, err)
			}
		})
	}
	close(start)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// sessions counts the database's client backends but the one that asks.
func sessions(conn *pgx.Conn) (n int, err error) {
	err = conn.QueryRow(context.Background(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n)
	return n, err
}

// most watches the database until stop is called, which gives the most backends seen at a time.
func most(t *testing.T, db *pgtest.DB) (stop func() int) {
	t.Helper()
	conn := db.Conn(t)
	done := make(chan struct{})
	seen := 0
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			n, err := sessions(conn)
			if err != nil {
				t.Error(err)
				return
			}
			seen = max(seen, n)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return func() int {
		close(done)
		watching.Wait()
		return seen
	}
}

// until waits for something that will happen by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it did not happen", what)
		}
	}
}

func TestDefaultPool(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		production          bool
		least, kept, atMost int
	}{
		"min 5 max 20 in development": {false, 5, 10, 20},
		"min 10 max 30 in production": {true, 10, 20, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, held)
			o := personOptions(db.URL)
			o.ConnectionPoolSize, o.Production = 0, tt.production
			a := started(t, o)
			if s := a.PoolStat(); s.MinSize != tt.least || s.Size != tt.kept || s.MaxSize != tt.atMost {
				t.Errorf("min %d, size %d, max %d", s.MinSize, s.Size, s.MaxSize)
			}
			conn := db.Conn(t)
			until(t, "the least number is opened without a request", func() bool { n, err := sessions(conn); return err == nil && n == tt.least })
			conn.Close(t.Context())
			fill(t, db, a, 200, tt.atMost)
		})
	}
}

func TestCustomPool(t *testing.T) {
	t.Parallel()
	t.Run("30 + 15 is at most 45", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, held)
		o := personOptions(db.URL)
		o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 30, 15
		a := started(t, o)
		if s := a.PoolStat(); s.MinSize != 15 || s.Size != 30 || s.MaxSize != 45 {
			t.Errorf("min %d, size %d, max %d", s.MinSize, s.Size, s.MaxSize)
		}
		fill(t, db, a, 300, 45)
	})
}

func TestPoolLifeCycle(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, tt := range map[string]struct {
		sql            string
		start, stop    func() error
		startsNormally bool
	}{
		"open at start and closed at shutdown": {sql: people, startsNormally: true},
		"closed when start-up fails":           {sql: people, start: func() error { return boom }},
		"closed when start-up panics":          {sql: people, start: func() error { panic("ouch") }},
		"closed when a view is missing":        {sql: "SELECT 1"},
		"closed when the user's shut-down fails": {
			sql: people, stop: func() error { return boom }, startsNormally: true,
		},
		"closed when the user's shut-down panics": {
			sql: people, stop: func() error { panic("ouch") }, startsNormally: true,
		},
		"closed when both go wrong": {
			sql: people, start: func() error { panic("ouch") }, stop: func() error { panic("ouch again") },
		},
		"closed when the user's shut-down ends its goroutine": {
			sql: people, stop: func() error { runtime.Goexit(); return nil }, startsNormally: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, tt.sql)
			conn := db.Conn(t)
			o := personOptions(db.URL)
			o.OnStart = func(context.Context, *fraiseql.App) error {
				if n, err := sessions(conn); err != nil || n == 0 {
					t.Errorf("the pool is open before the user's start: %d backends, %v", n, err)
				}
				if tt.start != nil {
					return tt.start()
				}
				return nil
			}
			o.OnShutdown = func(_ context.Context, a *fraiseql.App) error {
				if s := a.PoolStat().State; s >= pool.StateClosing {
					t.Errorf("the pool is %v before the user's shut-down", s)
				}
				if tt.stop != nil {
					return tt.stop()
				}
				return nil
			}
			a := newApp(t, o)
			if n, err := sessions(conn); err != nil || n != 0 {
				t.Errorf("New opens nothing: %d backends, %v", n, err)
			}
			if err := a.Start(t.Context()); (err == nil) != tt.startsNormally {
				t.Errorf("start: %v", err)
			}
			if tt.startsNormally {
				until(t, "the pool is open", func() bool { n, err := sessions(conn); return err == nil && n >= a.PoolStat().MinSize })
				if w := ask(a, `{ people { name } }`); w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			if err := a.Shutdown(t.Context()); (err == nil) != (tt.stop == nil) {
				t.Errorf("shutdown: %v", err)
			}
			if s := a.PoolStat(); s.State != pool.StateClosed || s.Idle+s.Leased+s.Tending+s.Connecting+s.Closing != 0 {
				t.Errorf("after the shutdown: %+v", s)
			}
			until(t, "no backend is left", func() bool { n, err := sessions(conn); return err == nil && n == 0 })
		})
	}
}

func Test20ConcurrentRequestsOnSize5(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, unhurried)
	o := personOptions(db.URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 5, -1
	a := started(t, o)
	url, client := site(t, a)
	stop := most(t, db)
	atOnce(t, 20, client, url, `{ slow { name } }`, "Ada")
	if n := stop(); n > 5 {
		t.Errorf("%d backends", n)
	}
	if s := a.PoolStat(); s.MaxSize != 5 || s.Failures != (pool.FailureCounts{}) {
		t.Errorf("%+v", s)
	}
}

func TestExhaustionIsAnsweredGracefullyWithinTheTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		timeout time.Duration
		code    string
	}{
		"after the timeout":                   {300 * time.Millisecond, "POOL_TIMEOUT"},
		"at once when it is told not to wait": {-1, "POOL_SATURATED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holding, release := make(chan struct{}), make(chan struct{})
			o := personOptions(pgtest.New(t, people).URL)
			o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow, o.ConnectionPoolTimeout = 1, -1, tt.timeout
			o.Queries = append(o.Queries, fraiseql.Resolve("hold", func(ctx context.Context, _ struct{}) (bool, error) {
				if _, err := fraiseql.DB(ctx).Exec(ctx, "SELECT 1"); err != nil {
					return false, err
				}
				close(holding)
				<-release
				return true, nil
			}))
			a := started(t, o)
			url, client := site(t, a)
			until(t, "the connection is free", func() bool { return a.PoolStat().Idle == 1 })
			held := make(chan error, 1)
			go func() {
				status, body, _, err := askOver(t.Context(), client, url, `{ hold }`)
				if err != nil || status != http.StatusOK {
					err = fmt.Errorf("%d %s %w", status, body, err)
				}
				held <- err
			}()
			<-holding
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					start := time.Now()
					status, body, header, err := askOver(t.Context(), client, url, `{ people { name } }`)
					took := time.Since(start)
					var answer struct {
						Data   *json.RawMessage
						Errors []struct {
							Message    string
							Extensions struct{ Code string }
						}
					}
					if err == nil {
						err = json.Unmarshal([]byte(body), &answer)
					}
					if after, _ := strconv.Atoi(header.Get("Retry-After")); err != nil || status != http.StatusServiceUnavailable || after < 1 || answer.Data != nil ||
						len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != tt.code || !strings.Contains(answer.Errors[0].Message, "try again") {
						t.Errorf("%d %s %v, Retry-After %q", status, body, err, header.Get("Retry-After"))
					}
					if took < max(tt.timeout, 0) || took > max(tt.timeout, 0)+5*time.Second {
						t.Errorf("answered after %v", took)
					}
				})
			}
			all.Wait()
			close(release)
			if err := <-held; err != nil {
				t.Error(err)
			}
			if status, body, _, err := askOver(t.Context(), client, url, `{ people { name } }`); err != nil || status != http.StatusOK {
				// Told not to wait, it may come while the connection is being reset.
				until(t, "it serves again: "+body, func() bool {
					status, _, _, err := askOver(t.Context(), client, url, `{ people { name } }`)
					return err == nil && status == http.StatusOK
				})
			}
		})
	}
}

func Test1000ConcurrentRequestsWithoutAnErrorAndNeverMoreBackendsThanTheCeiling(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, unhurried)
	o := personOptions(db.URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 20, 10
	a := started(t, o)
	url, client := site(t, a)
	stop := most(t, db)
	atOnce(t, 1000, client, url, `{ slow { name } }`, "Ada")
	if n := stop(); n > 30 || n <= 20 {
		t.Errorf("%d backends", n)
	}
	s := a.PoolStat()
	if s.Failures != (pool.FailureCounts{}) || s.Acquires.Waited == 0 {
		t.Errorf("%+v", s)
	}
}

func TestExistingCodeWithoutPoolOptionsIsUnchanged(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	// A program that does not know the pool.
	before := started(t, fraiseql.Options{
		DatabaseURL: db.URL,
		Types:       []fraiseql.Type{fraiseql.Object[person]("v_person", fraiseql.ObjectOptions{Name: "Person"})},
		Queries:     []fraiseql.Query{fraiseql.List[person]("people"), fraiseql.Get[person]("person")},
	})
	after := personOptions(db.URL)
	after.ConnectionPoolSize, after.ConnectionPoolMaxOverflow, after.ConnectionPoolTimeout, after.ConnectionPoolRecycle = 10, 10, 30*time.Second, time.Hour
	tuned := started(t, after)
	if one, two := before.PoolStat(), tuned.PoolStat(); one.MinSize != two.MinSize || one.Size != two.Size || one.MaxSize != two.MaxSize {
		t.Errorf("without options %d %d %d, with the defaults spelled out %d %d %d", one.MinSize, one.Size, one.MaxSize, two.MinSize, two.Size, two.MaxSize)
	}
	if before.Schema() != tuned.Schema() || before.Schema() == "" {
		t.Errorf("the schemas differ:\n%s\n%s", before.Schema(), tuned.Schema())
	}
	for _, query := range []string{`{ people(orderBy: [{name: ASC}]) { id name age } }`, `{ person(id: "b") { name } }`, `{ person(id: "nobody") { name } }`, `{ nothing }`} {
		if one, two := ask(before, query), ask(tuned, query); one.Code != two.Code || one.Body.String() != two.Body.String() {
			t.Errorf("%s: %d %s\nwith options: %d %s", query, one.Code, one.Body, two.Code, two.Body)
		}
	}
}

func TestTwoAppsWithTwoPools(t *testing.T) {
	t.Parallel()
	first, second := pgtest.New(t, people), pgtest.New(t, people, `UPDATE tb_person SET name = 'Zoe' WHERE id = 'a'`)
	o := personOptions(first.URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1
	holding, release := make(chan struct{}), make(chan struct{})
	o.Queries = append(o.Queries, fraiseql.Resolve("hold", func(ctx context.Context, _ struct{}) (bool, error) {
		_, err := fraiseql.DB(ctx).Exec(ctx, "SELECT 1")
		close(holding)
		<-release
		return true, err
	}))
	one := started(t, o)
	o = personOptions(second.URL)
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 3, 4
	two := started(t, o)
	firstURL, client := site(t, one)
	secondURL, _ := site(t, two)
	held := make(chan string, 1)
	go func() {
		_, body, _, err := askOver(t.Context(), client, firstURL, `{ hold }`)
		held <- fmt.Sprint(body, err)
	}()
	<-holding // all that the first app has
	atOnce(t, 50, client, secondURL, `{ person(id: "a") { name } }`, "Zoe")
	if a, b := one.PoolStat(), two.PoolStat(); a.MaxSize != 1 || b.MaxSize != 7 || a.Leased != 1 || b.Leased != 0 {
		t.Errorf("%+v\n%+v", a, b)
	}
	if err := two.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	close(release)
	if body := <-held; !strings.Contains(body, `{"data":{"hold":true}}`) {
		t.Errorf("the first app, after the second has stopped: %s", body)
	}
	atOnce(t, 20, client, firstURL, `{ person(id: "a") { name } }`, "Ada")
	conn := second.Conn(t)
	until(t, "the second app's connections are gone", func() bool { n, err := sessions(conn); return err == nil && n == 0 })
}

func TestNoDefaultAbove100(t *testing.T) {
	t.Parallel()
	for _, production := range []bool{false, true} {
		limits, err := pool.Options{Production: production}.Resolve()
		if err != nil || limits.MaxSize > 100 {
			t.Errorf("the pool's own, production %t: %d, %v", production, limits.MaxSize, err)
		}
		o := fraiseql.WithDefaults(fraiseql.Options{Production: production})
		if n := o.ConnectionPoolSize + o.ConnectionPoolMaxOverflow; n > 100 || n != limits.MaxSize {
			t.Errorf("the app's, production %t: %d", production, n)
		}
	}
	numbers := 0
	for _, p := range fraiseql.Parameters() {
		if !strings.HasPrefix(p.Name, "connection-pool-") {
			continue
		}
		for _, word := range strings.FieldsFunc(p.Default, func(r rune) bool { return r < '0' || r > '9' }) {
			numbers++
			if n, err := strconv.Atoi(word); err != nil || n > 100 {
				t.Errorf("--%s has the default %s", p.Name, p.Default)
			}
		}
	}
	if numbers < 4 {
		t.Errorf("only %d defaults looked at", numbers)
	}
}

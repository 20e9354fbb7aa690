package pool_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// logLines is a log to look into while others write.
type logLines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// as gives the URL for another user and database, and makes the connections of one application of it.
func as(tb testing.TB, address, user, database, application string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	q := u.Query()
	if user != "" {
		u.User = url.UserPassword(user, "x")
	}
	if database != "" {
		u.Path = "/" + database
	}
	if application != "" {
		q.Set("application_name", application)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// occupy holds n connections until the test or the returned function ends them.
func occupy(tb testing.TB, address string, n int) (leave func()) {
	tb.Helper()
	var all []*pgx.Conn
	leave = func() {
		for _, c := range all {
			_ = c.Close(context.Background())
		}
		all = nil
	}
	tb.Cleanup(leave)
	for range n {
		c, err := pgx.Connect(tb.Context(), address)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, c)
	}
	return leave
}

func budgetOf(tb testing.TB, p *pool.Pool) pool.Budget {
	tb.Helper()
	if err := selectOne(tb.Context(), p); err != nil {
		tb.Fatal(err)
	}
	b, ok := p.Budget()
	if !ok {
		tb.Fatal("the server told nothing")
	}
	return b
}

// budgetServer has 30 connections, 3 of them reserved, a role and a database with limits and ones without.
func budgetServer(t *testing.T) *pgtest.Cluster {
	t.Helper()
	return pgtest.Server(t, pgtest.ServerOptions{
		Settings: map[string]string{"max_connections": "30"},
		SQL: []string{
			`create role plain login password 'x'`, `create role few login password 'x' connection limit 12`, `create role boss superuser login password 'x' connection limit 2`,
			`create database small connection limit 14`,
		},
	})
}

// TestBudgetNumbers: what the server has, by whom it is used, and what is left, for each kind of limit.
func TestBudgetNumbers(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	occupy(t, as(t, server.URL, "plain", "", "elsewhere"), 4)
	occupy(t, as(t, server.URL, "few", "small", "elsewhere"), 3)
	// Replicas of the pools below are told by role, database and name: they are no others, but within each replica's need.
	occupy(t, as(t, server.URL, "plain", "", "shop"), 2)
	for _, c := range []struct {
		user, database string
		want           pool.Budget
		text           string
	}{
		{
			"plain", "", pool.Budget{
				Role: "plain", Database: "postgres", Replicas: 2, Size: 3, MaxSize: 5, RoleLimit: -1, DatabaseLimit: -1, MaxConnections: 30, Reserved: 3,
				Others: 7, OthersOfRole: 4, OthersInDatabase: 4, Usable: 27, Free: 20, Needed: 10, NeededWhileDeploying: 20, Fits: true, FitsWhileDeploying: true,
			}, "2 replicas × (size 3 + overflow 2) may need 10 connections, 20 while a deploy runs old and new processes at once, and the server has 20 left (max_connections 30 − 3 reserved − 7 used by others)",
		},
		{
			"few", "", pool.Budget{
				Role: "few", Database: "postgres", Replicas: 2, Size: 3, MaxSize: 5, RoleLimit: 12, DatabaseLimit: -1, MaxConnections: 30, Reserved: 3,
				Others: 9, OthersOfRole: 3, OthersInDatabase: 6, Usable: 12, Free: 9, Needed: 10, NeededWhileDeploying: 20,
			}, "2 replicas × (size 3 + overflow 2) may need 10 connections, and role few has 9 left (its CONNECTION LIMIT 12 − 3 used by others): lower the size or the overflow, put a pooler such as PgBouncer in front, or raise the limit of the role (ALTER ROLE)",
		},
		{
			"plain", "small", pool.Budget{
				Role: "plain", Database: "small", Replicas: 2, Size: 3, MaxSize: 5, RoleLimit: -1, DatabaseLimit: 14, MaxConnections: 30, Reserved: 3,
				Others: 9, OthersOfRole: 6, OthersInDatabase: 3, Usable: 14, Free: 11, Needed: 10, NeededWhileDeploying: 20, Fits: true,
			}, "2 replicas × (size 3 + overflow 2) may need 20 connections while a deploy runs old and new processes at once, and database small has 11 left (its CONNECTION LIMIT 14 − 3 used by others): stop the old before the new start, lower the size or the overflow, put a pooler such as PgBouncer in front, or raise the limit of the database (ALTER DATABASE)",
		},
		{
			"boss", "small", pool.Budget{
				Role: "boss", Superuser: true, Database: "small", Replicas: 2, Size: 3, MaxSize: 5, RoleLimit: 2, DatabaseLimit: 14, MaxConnections: 30, Reserved: 0,
				Others: 9, OthersOfRole: 0, OthersInDatabase: 3, Usable: 30, Free: 21, Needed: 10, NeededWhileDeploying: 20, Fits: true, FitsWhileDeploying: true,
			}, "the server has 21 left (max_connections 30 − 0 reserved − 9 used by others)",
		},
	} {
		t.Run(c.user+" "+c.database, func(t *testing.T) {
			p, err := pool.Open(t.Context(), as(t, server.URL, c.user, c.database, ""), pool.Options{Name: "shop", Size: 3, MaxOverflow: 2, MaxConnecting: 1, ReplicasHint: 2, Logger: quietLog()})
			if err != nil {
				t.Fatal(err)
			}
			got := budgetOf(t, p)
			if err := p.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got.Alike < 1 || got.Alike > 5 || got.Read.IsZero() || !strings.Contains(got.Text, c.text) {
				t.Errorf("alike %d, read %v: %s", got.Alike, got.Read, got.Text)
			}
			c.want.Alike, c.want.Read, c.want.Text = got.Alike, got.Read, got.Text
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestBudgetWarns: what does not fit is logged once, and refused under StrictBudget; a smaller pool or fewer replicas fit.
func TestBudgetWarns(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	leave := occupy(t, as(t, server.URL, "", "", "elsewhere"), 3)
	t.Cleanup(leave)
	for name, c := range map[string]struct {
		o    pool.Options
		want string // empty: it fits
	}{
		"fits":               {pool.Options{Size: 3, MaxOverflow: -1, ReplicasHint: 4}, ""},
		"one more replica":   {pool.Options{Size: 3, MaxOverflow: -1, ReplicasHint: 5}, "5 replicas × (size 3 + overflow 0) may need 30 connections while a deploy"},
		"no hint":            {pool.Options{Size: 6, MaxOverflow: 6}, ""},
		"no room for deploy": {pool.Options{Size: 7, MaxOverflow: 6}, "size 7 + overflow 6 may need 26 connections while a deploy runs old and new processes at once, and the server has 24 left (max_connections 30 − 3 reserved − 3 used by others)"},
		"no room":            {pool.Options{Size: 3, MaxOverflow: 2, ReplicasHint: 5}, "5 replicas × (size 3 + overflow 2) may need 25 connections, and the server has 24 left"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other, for each counts the others
			for _, strict := range []bool{false, true} {
				var log logLines
				c.o.Name, c.o.StrictBudget, c.o.FailFast, c.o.Logger = "shop", strict, false, slog.New(slog.NewTextHandler(&log, nil))
				address := as(t, server.URL, "plain", "", "")
				p, err := pool.Open(t.Context(), address, c.o)
				if err != nil {
					t.Fatal(err)
				}
				ready := p.Ready(t.Context())
				if err := selectOne(t.Context(), p); err != nil {
					t.Errorf("it serves all the same: %v", err)
				}
				b, known := p.Budget()
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				logged := strings.Count(log.String(), "connection budget exceeded")
				if refused := ready != nil; !known || refused != (strict && c.want != "") || refused && !strings.Contains(ready.Error(), "pool shop: "+c.want) {
					t.Errorf("strict %v: ready: %v", strict, ready)
				}
				if c.want == "" && logged != 0 || c.want != "" && (logged != 1 || !strings.Contains(log.String(), c.want)) || !strings.Contains(b.Text, c.want) {
					t.Errorf("logged %d times: %s\nbudget: %+v", logged, &log, b)
				}
				c.o.FailFast = true
				p, err = pool.Open(t.Context(), address, c.o)
				if refused := err != nil; refused != (strict && c.want != "") || refused && !strings.Contains(err.Error(), c.want) {
					t.Errorf("strict %v, fail fast: %v", strict, err)
				}
				if err == nil {
					if err := p.Close(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestBudgetOfTheRole: the ceiling of a pool above its role's or its database's own limit is never ready, strict or not.
func TestBudgetOfTheRole(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	for _, c := range []struct{ user, database, want string }{
		{"few", "", "size 8 + overflow 8 may need 16 connections, and role few has 12 in all (its CONNECTION LIMIT 12): lower them, or raise the limit of the role (ALTER ROLE)"},
		{"plain", "small", "and database small has 14 in all (its CONNECTION LIMIT 14): lower them, or raise the limit of the database (ALTER DATABASE)"},
		{"few", "small", "and role few has 12 in all"},
		{"boss", "small", ""},
	} {
		p := openPool(t, as(t, server.URL, c.user, c.database, ""), pool.Options{Size: 8, MaxOverflow: 8, Logger: quietLog()})
		if err := p.Ready(t.Context()); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %s: %v", c.user, c.database, err)
		}
	}
}

// TestBudgetFollows: a resize is weighed at once, in both directions.
func TestBudgetFollows(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	var log logLines
	p := openPool(t, as(t, server.URL, "plain", "", ""), pool.Options{Name: "shop", Size: 5, MaxOverflow: 5, StrictBudget: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Resize(10, 4); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "size 10 + overflow 4 may need 28 connections while a deploy") {
		t.Errorf("after a larger size: %v", err)
	}
	// Whoever was writing the log at that moment writes this line, too, perhaps after Resize has returned.
	eventually(t, func() bool { return strings.Contains(log.String(), "connection budget exceeded") }, func() any { return log.String() })
	if n := strings.Count(log.String(), "connection budget exceeded"); n != 1 {
		t.Errorf("logged %d times: %s", n, &log)
	}
	if err := p.Resize(10, 3); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Errorf("after a smaller size: %v", err)
	}
	if b := budgetOf(t, p); b.MaxSize != 13 || b.NeededWhileDeploying != 26 || !b.FitsWhileDeploying {
		t.Errorf("%+v", b)
	}
	if err := p.Resize(20, 20); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "the server has 27 in all") {
		t.Errorf("above all: %v", err)
	}
}

// TestBudgetIsReadAgain: a server that was away may have come back with other limits.
func TestBudgetIsReadAgain(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	p := openPool(t, as(t, server.URL, "few", "", ""), pool.Options{Size: 2, MaxOverflow: 2, Logger: quietLog()})
	if b := budgetOf(t, p); b.RoleLimit != 12 || b.Usable != 12 {
		t.Errorf("%+v", b)
	}
	if _, err := server.Conn(t).Exec(t.Context(), "alter role few connection limit 20"); err != nil {
		t.Fatal(err)
	}
	if b := budgetOf(t, p); b.RoleLimit != 12 {
		t.Errorf("it was read without need: %+v", b)
	}
	server.Stop(pgtest.Fast)
	server.Restart()
	eventually(t, func() bool { return selectOne(t.Context(), p) == nil }, func() any { return p.Stat() })
	if b := budgetOf(t, p); b.RoleLimit != 20 || b.Usable != 20 {
		t.Errorf("%+v", b)
	}
}

// TestBudgetHeals: others that leave make room, and Ready finds out by itself.
func TestBudgetHeals(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	leave := occupy(t, as(t, server.URL, "plain", "", "elsewhere"), 10)
	p := openPool(t, as(t, server.URL, "plain", "", ""), pool.Options{Size: 5, MaxOverflow: 5, StrictBudget: true, Logger: quietLog()})
	if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "17 left") {
		t.Errorf("beside 10 others: %v", err)
	}
	warmUp(t, p, 2)
	leave()
	eventually(t, func() bool { return p.Ready(t.Context()) == nil }, func() any { return p.Ready(t.Context()) })
	if b := budgetOf(t, p); b.Others != 0 || b.Free != 27 {
		t.Errorf("%+v", b)
	}
}

// TestBudgetLeavesNothing: reading it changes no setting of the session, and the server has nothing to remark.
func TestBudgetLeavesNothing(t *testing.T) {
	t.Parallel()
	var notices logLines
	p := openPool(t, pgtest.New(t).URL, pool.Options{
		StatementTimeout: 77 * time.Second, Logger: quietLog(),
		BeforeConnect: func(_ context.Context, config *pgx.ConnConfig) error {
			config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { _, _ = notices.Write([]byte(n.Message)) }
			return nil
		},
	})
	budgetOf(t, p)
	err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
		var got string
		if err := c.QueryRow(ctx, "select current_setting('statement_timeout')").Scan(&got); err != nil || got != "77s" {
			t.Errorf("got %s, %v", got, err)
		}
		return nil
	})
	if err != nil || notices.String() != "" {
		t.Errorf("%v; %s", err, &notices)
	}
}

// TestBudgetUntold: a server that does not tell is left alone.
func TestBudgetUntold(t *testing.T) {
	t.Parallel()
	f := newFakeServer()
	p := openPool(t, fakeURL, f.options(pool.Options{Size: 100, MaxOverflow: 100, StrictBudget: true, Logger: quietLog()}))
	if err := p.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if b, ok := p.Budget(); ok || b != (pool.Budget{}) {
		t.Errorf("%+v", b)
	}
}

func TestBudgetAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(budgetOf(t, openPool(t, pgtest.New(t).URL, pool.Options{Logger: quietLog()})))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"role", "superuser", "database", "pooler", "replicas", "size", "maxSize", "roleLimit", "databaseLimit", "maxConnections", "reserved", "others", "othersOfRole",
		"othersInDatabase", "alike", "usable", "free", "needed", "neededWhileDeploying", "fits", "fitsWhileDeploying", "text", "read",
	} {
		if !strings.Contains(string(text), `"`+key+`":`) {
			t.Errorf("no %s in %s", key, text)
		}
	}
}

// TestBudgetBehindPooler: there the server's limits are the pooler's affair.
func TestBudgetBehindPooler(t *testing.T) {
	t.Parallel()
	server := budgetServer(t)
	p := openPool(t, pgtest.PgBouncer(t, server.URL, nil), pool.Options{Size: 50, MaxOverflow: 50, StrictBudget: true, Logger: quietLog()})
	if err := p.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if b := budgetOf(t, p); !b.Pooler || !b.Fits || !b.FitsWhileDeploying || b.MaxConnections != 30 || !strings.Contains(b.Text, "may need 100 connections to the pooler in front of the server") {
		t.Errorf("%+v", b)
	}
}

package fraiseql_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestADatabaseThatDoesNotFitYet(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{})
	server.Stop(pgtest.Fast)
	var log lockedBuffer
	o := personOptions(server.URL)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	a := started(t, o)
	server.Restart()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if err := a.Ready(t.Context()); err == nil || time.Now().After(end) {
			t.Fatalf("ready: %v, and the log: %s", err, &log)
		} else if strings.Contains(err.Error(), "v_person") && strings.Contains(log.String(), "v_person") {
			break // both tell, the log a moment later
		}
	}
	refused(t, a, "NOT_READY")
	if _, err := server.Conn(t).Exec(t.Context(), people); err != nil {
		t.Fatal(err)
	}
	waitFor(t, a)
}

func TestATakenPort(t *testing.T) {
	t.Parallel()
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a := newApp(t, personOptions("postgres://127.0.0.1:1/none"))
	if err := a.Run(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "address already in use: choose another address") {
		t.Errorf("got %v", err)
	}
}

func TestADatabaseThatComesLater(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, pgtest.ServerOptions{SQL: []string{people}})
	server.Stop(pgtest.Fast)
	withPassword := strings.Replace(server.URL, "@", ":hunter2@", 1)
	if strings.Contains(strings.SplitN(server.URL, "@", 2)[0], ":") && strings.Count(server.URL, ":") > 2 {
		withPassword = server.URL
	}
	var d diary
	o := personOptions(withPassword)
	o.OnStart = func(context.Context, *fraiseql.App) error { d.add("start"); return nil }
	a := started(t, o)
	refused(t, a, "NOT_READY")
	if err := a.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("ready: %v", err)
	}
	if d.String() != "" {
		t.Error("OnStart ran without a database")
	}
	server.Restart()
	waitFor(t, a)
	if w := ask(a, `{ people { name } }`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ada") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if d.String() != "start" {
		t.Errorf("OnStart: %s", &d)
	}
	// It goes again, and comes back, without the app's help.
	server.Stop(pgtest.Immediate)
	if w := ask(a, `{ people { name } }`); w.Code == http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestFailFast(t *testing.T) {
	t.Parallel()
	o := personOptions("postgres://someone:hunter2@127.0.0.1:1/none")
	o.FailFast = true
	a := newApp(t, o)
	err := a.Start(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	refused(t, a, "SHUTTING_DOWN")
}

func TestShutdownEndsTheWaitForADatabase(t *testing.T) {
	t.Parallel()
	a := started(t, personOptions("postgres://127.0.0.1:1/none"))
	if err := a.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := fraiseql.New(personOptions("postgres://someone:hunter2@[::bad")); err == nil || !strings.Contains(err.Error(), "DatabaseURL: ") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a malformed address: %v", err)
	}
}

func TestTwoAppsShareNothing(t *testing.T) {
	t.Parallel()
	one := started(t, personOptions(pgtest.New(t, people).URL))
	other := personOptions(pgtest.New(t, people, `UPDATE tb_person SET name = 'Zoe' WHERE id = 'a'`).URL)
	other.ConnectionPoolSize = 5
	two := started(t, other)
	if w := ask(two, `{ person(id: "a") { name } }`); !strings.Contains(w.Body.String(), "Zoe") {
		t.Errorf("two: %s", w.Body)
	}
	if err := two.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := ask(one, `{ person(id: "a") { name } }`); !strings.Contains(w.Body.String(), "Ada") {
		t.Errorf("one after two ended: %s", w.Body)
	}
	if one.PoolStat().MaxSize != 12 || two.PoolStat().MaxSize != 15 {
		t.Errorf("pools: %d, %d", one.PoolStat().MaxSize, two.PoolStat().MaxSize)
	}
}

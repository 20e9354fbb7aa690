package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// A query here reads a table, waits until the test has let it go on, and reads the table again. "gate" does the waiting: its
// one row comes when nobody else holds the lock.
const moments = `
create table t (id int primary key, n int not null);
insert into t values (1, 0);
create view v_t as select id, n, current_setting('transaction_isolation') as isolation, current_setting('app.who', true) as who from t;
create function pass() returns int language plpgsql volatile as $$ begin perform pg_advisory_lock(7), pg_advisory_unlock(7); return 1; end $$;
create view v_gate as select 1 as id, pass() as n;
create view v_broken as select id, 1 / n as n from (values (1, 0)) x(id, n);
comment on view v_t is E'@fraiseql:type\nname: Thing\nkey: [id]\nqueries: {list: things, connection: thingsConnection, aggregate: thingsAggregate}';
comment on view v_gate is E'@fraiseql:type\nname: Gate\nkey: [id]\nqueries: {list: gates}';
comment on view v_broken is E'@fraiseql:type\nname: Broken\nkey: [id]\nqueries: {list: brokens}';`

// ask posts a query with {"snapshot": true}, or without.
func askAtOnce(t testing.TB, s *apptest.Site, snapshot any, query string) apptest.Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "extensions": map[string]any{"snapshot": snapshot}})
	if err != nil {
		t.Fatal(err)
	}
	return s.Post(t, body)
}

// between asks a query with a gate in it, adds one to the row while it waits there, and gives the answer and the round trips that were made for
// it.
func between(t *testing.T, s *apptest.Site, snapshot bool, query string) (apptest.Answer, int) {
	t.Helper()
	gate := s.DB.Conn(t)
	if _, err := gate.Exec(t.Context(), "select pg_advisory_lock(7)"); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = gate.Exec(context.Background(), "select pg_advisory_unlock_all()") }()
	apptest.Settle(t, s.App)
	leases := s.Leases()
	s.Link.Reset()
	answered := make(chan apptest.Answer, 1)
	go func() { answered <- askAtOnce(t, s, snapshot, query) }()
	apptest.Until(t, "the query waits", func() bool {
		var waiting bool
		err := gate.QueryRow(t.Context(), "select exists (select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database()))").Scan(&waiting)
		return err == nil && waiting
	})
	for _, sql := range []string{"update t set n = n + 1", "select pg_advisory_unlock(7)"} { // sent as one they would be one transaction, saved behind the unlock
		if _, err := gate.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case a := <-answered:
		if got := s.Leases() - leases; got != 1 {
			t.Errorf("%s: %d leases", query, got)
		}
		apptest.Settle(t, s.App)
		sent := s.Link.Statements()
		undone := 0
		for _, sql := range sent {
			if sql == "rollback" { // by the pool: a query ends its transaction otherwise
				undone++
			}
		}
		return a, s.Link.RoundTrips() - apptest.Tending(sent) - undone
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		panic("unreachable")
	}
}

// TestSnapshot: an operation that asks for it sees one moment, in one round trip; one that does not, several.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, moments)
	s := apptest.ServeOn(t, db, "", fraiseql.Options{Session: func(context.Context) (auth.Settings, error) {
		return auth.Settings{Values: map[string]string{"app.who": "ann"}}, nil
	}})
	const query = `{ a: things { n isolation who } gates { n } b: things { n isolation who } c: thingsConnection { nodes { n } totalCount } d: thingsAggregate { sum { n } } }`
	for n, c := range []struct {
		snapshot  bool
		isolation string
		later     int
	}{{false, "read committed", 1}, {true, "repeatable read", 0}, {false, "read committed", 1}} {
		a, trips := between(t, s, c.snapshot, query)
		row := func(n int) string {
			return fmt.Sprintf(`[{"n":%d,"isolation":%q,"who":"ann"}]`, n, c.isolation)
		}
		apptest.Expect(t, fmt.Sprint("snapshot ", c.snapshot), string(a.Data), fmt.Sprintf(`{"a":%s,"gates":[{"n":1}],"b":%s,"c":{"nodes":[{"n":%d}],"totalCount":1},"d":{"sum":{"n":"%d"}}}`,
			row(n), row(n+c.later), n+c.later, n+c.later))
		if trips != 1 {
			t.Errorf("snapshot %v: %d round trips: %q", c.snapshot, trips, s.Link.Statements())
		}
	}
	idle(t, s)
}

// idle fails the test when the app's connection is still in a transaction.
func idle(t *testing.T, s *apptest.Site) {
	t.Helper()
	apptest.Settle(t, s.App)
	var open int
	if err := s.DB.Conn(t).QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'").Scan(&open); err != nil || open != 0 {
		t.Errorf("%d connections are in a transaction (%v)", open, err)
	}
	apptest.Expect(t, "afterwards", s.Query(t, `{ things { isolation } }`, nil), `{"things":[{"isolation":"read committed"}]}`)
}

// TestSnapshotOutlivesFailures: the roots behind one that failed see the same moment and the same settings, whatever fails.
func TestSnapshotOutlivesFailures(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{Session: func(context.Context) (auth.Settings, error) {
		return auth.Settings{Values: map[string]string{"app.who": "bob"}}, nil
	}}, moments)
	for n, query := range []string{
		`{ a: things { n } gates { n } x: brokens { n } b: things { n who } }`,
		`{ a: things { n } x: brokens { n } gates { n } b: things { n who } }`,
		`{ a: things { n } x: brokens { n } y: brokens { n } gates { n } b: things { n who } z: brokens { n } }`,
	} {
		a, trips := between(t, s, true, query)
		var data map[string][]struct {
			N   int
			Who string
		}
		if err := json.Unmarshal(a.Data, &data); err != nil || len(data["a"]) != 1 || len(data["b"]) != 1 || data["x"] != nil {
			t.Fatalf("%s (%v)", a.Body, err)
		}
		if data["a"][0].N != n || data["b"][0].N != n || data["b"][0].Who != "bob" {
			t.Errorf("%s: two moments, or other settings: %s", query, a.Body)
		}
		if want := 1 + len(a.Errors); trips > want {
			t.Errorf("%s: %d round trips, at most %d: %q", query, trips, want, s.Link.Statements())
		}
		idle(t, s)
	}
}

// TestSnapshotInGo: what resolvers read by DB, and the rows that they describe, belong to the same moment.
func TestSnapshotInGo(t *testing.T) {
	t.Parallel()
	type thing struct {
		ID  fraiseql.ID
		N   int
		Who *string
	}
	read := func(ctx context.Context) (n int, err error) {
		err = fraiseql.DB(ctx).QueryRow(ctx, "select n from v_t").Scan(&n)
		return n, err
	}
	s := apptest.Serve(t, fraiseql.Options{
		Types: []fraiseql.Type{fraiseql.Object[thing]("v_t")},
		Queries: []fraiseql.Query{
			fraiseql.List[thing]("things"),
			fraiseql.Resolve("wait", func(ctx context.Context, _ struct{}) (n int, err error) {
				err = fraiseql.DB(ctx).QueryRow(ctx, "select pass()").Scan(&n)
				return n, err
			}),
			fraiseql.Resolve("read", func(ctx context.Context, _ struct{}) (int, error) { return read(ctx) }),
			fraiseql.Resolve("fail", func(ctx context.Context, _ struct{}) (*int, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, "select 1 / 0")
				return nil, err
			}),
			fraiseql.Resolve("described", func(context.Context, struct{}) (*fraiseql.Rows[thing], error) {
				return fraiseql.From[thing]("v_t"), nil
			}),
		},
		Session: func(context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"app.who": "cid"}}, nil
		},
	}, moments)
	for n, query := range []string{
		`{ a: things { n } wait described { n who } read again: described { n } more: read }`,
		`{ a: described { n } wait x: fail described { n who } read more: read }`,
		`{ a: things { n } x: fail wait y: fail read described { n who } }`,
		`{ a: things { n } brokens { n } wait read described { n who } }`,
	} {
		a, _ := between(t, s, true, query)
		var data struct {
			A, Described []struct {
				N   int
				Who string
			}
			Read, More *int
		}
		if err := json.Unmarshal(a.Data, &data); err != nil || len(data.A) != 1 || len(data.Described) != 1 || data.Read == nil {
			t.Fatalf("%s: %s (%v)", query, a.Body, err)
		}
		if data.A[0].N != n || data.Described[0].N != n || data.Described[0].Who != "cid" || *data.Read != n || data.More != nil && *data.More != n {
			t.Errorf("%s: %s, want %d everywhere", query, a.Body, n)
		}
		apptest.Settle(t, s.App)
		if b := s.Send(t, `{ read }`, nil); string(b.Data) != fmt.Sprintf(`{"read":%d}`, n+1) {
			t.Errorf("after %s: %s", query, b.Body)
		}
	}
}

// TestSnapshotRefused: an operation that cannot have it is not run without it.
func TestSnapshotRefused(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{Mutations: []fraiseql.Mutation{
		fraiseql.Resolve("write", func(context.Context, struct{}) (int, error) { return 1, nil }),
	}}, moments)
	for body, want := range map[string]string{
		`{"query":"{things{n}}","extensions":{"snapshot":"yes"}}`:    `"message":"the extension \"snapshot\" of the request is neither true nor false"`,
		`{"query":"{things{n}}","extensions":{"snapshot":1}}`:        `"code":"BAD_USER_INPUT"`,
		`{"query":"{things{n}}","extensions":{"snapshot":false}}`:    `{"data":{"things":[{"n":0}]}}`,
		`{"query":"{things{n}}","extensions":{"snapshot":null}}`:     `{"data":{"things":[{"n":0}]}}`,
		`{"query":"{__typename}","extensions":{"snapshot":true}}`:    `{"data":{"__typename":"Query"}}`,
		`{"query":"mutation{write}","extensions":{"snapshot":true}}`: `"message":"a mutation has transactions of its own`,
	} {
		if a := s.Post(t, []byte(body)); !strings.Contains(string(a.Body), want) {
			t.Errorf("%s: %d %s, want %s", body, a.Status, a.Body, want)
		} else if a.Status != http.StatusOK && a.Code() != "BAD_USER_INPUT" {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
}

// TestDBWithAnEndedContext: a statement whose own context has ended leaves nothing behind on the connection.
func TestDBWithAnEndedContext(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{Queries: []fraiseql.Query{
		fraiseql.Resolve("late", func(ctx context.Context, _ struct{}) (*int, error) {
			ended, end := context.WithCancel(ctx)
			end()
			_, err := fraiseql.DB(ctx).Exec(ended, "select 1")
			return nil, err
		}),
	}}, moments)
	for _, snapshot := range []bool{false, true} {
		if a := askAtOnce(t, s, snapshot, `{ late }`); len(a.Errors) != 1 {
			t.Errorf("%s", a.Body)
		}
		idle(t, s)
	}
}

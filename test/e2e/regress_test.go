package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestUnusedDBIsTakenAwayToo keeps a request's connection without having used it: another
// request's must not answer.
func TestUnusedDBIsTakenAwayToo(t *testing.T) {
	t.Parallel()
	var kept *fraiseql.Lease
	inside, leave := make(chan struct{}), make(chan struct{})
	s := serve(t, fraiseql.Options{ConnectionPoolSize: 2, ConnectionPoolMaxOverflow: -1, Queries: []fraiseql.Query{
		fraiseql.Resolve("keep", func(ctx context.Context, _ struct{}) (int, error) {
			kept = fraiseql.DB(ctx)
			return 1, nil
		}),
		fraiseql.Resolve("stay", func(ctx context.Context, _ struct{}) (n int, err error) {
			err = fraiseql.DB(ctx).QueryRow(ctx, "select 1").Scan(&n)
			close(inside)
			<-leave
			return n, err
		}),
	}}, library)
	s.Send(t, `{ keep }`, nil)
	done := make(chan apptest.Answer, 1)
	go func() { done <- s.Send(t, `{ stay }`, nil) }()
	<-inside
	var pid int
	if err := kept.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); !errors.Is(err, pool.ErrReleased) {
		t.Errorf("got backend %d and %v, want ErrReleased", pid, err)
	}
	close(leave)
	<-done
}

// TestStalePlanBetweenConstants prepares again in the middle of an answer.
func TestStalePlanBetweenConstants(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `create table t (id int primary key, n int); insert into t values (1, 2);
comment on table t is '@fraiseql:type
name: Thing';`)
	const query, want = `{ __typename things { id n } z: __typename }`, `{"__typename":"Query","things":[{"id":"1","n":2}],"z":"Query"}`
	apptest.Expect(t, "first", s.Query(t, query, nil), want)
	apptest.Expect(t, "prepared", s.Query(t, query, nil), want)
	s.DB.Exec(t, `alter table t alter column n type smallint`)
	a := s.Send(t, query, nil)
	apptest.Expect(t, "after the change", string(a.Data), want)
}

// TestDocumentsThatAreNoNumbers must not become JSON that nobody can read.
func TestDocumentsThatAreNoNumbers(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `create table tv_n (id int primary key, data jsonb not null);
insert into tv_n values (1, '{"f": "2026-01-31", "i": "007", "d": "1-2"}'), (2, '{"f": "1.2.3", "i": "-007", "d": "1e"}'), (3, '{"f": "1.50e-3", "i": "-7", "d": "0.10"}');
comment on table tv_n is '@fraiseql:type
name: Num
document: data
fields: {f: Float, i: Int, d: Decimal}';`)
	a := s.Send(t, `{ nums { f i d } }`, nil)
	apptest.Expect(t, "numbers", string(a.Data), `{"nums":[{"f":null,"i":null,"d":null},{"f":null,"i":null,"d":null},{"f":0.0015,"i":-7,"d":"0.10"}]}`)
	if len(a.Errors) != 6 {
		t.Errorf("%d errors, want 6", len(a.Errors))
	}
}

// TestBatchesLargerThanTheSockets sends much SQL while PostgreSQL has much to say.
func TestBatchesLargerThanTheSockets(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MaxCost: -1}, `create view v_echo as select n as id, n as num, repeat('x', 20000) as text from generate_series(1, 1000) n;
comment on view v_echo is '@fraiseql:type
name: Echo
queries: {list: echoes}';`)
	or := make([]any, 8000)
	for i := range or {
		or[i] = map[string]any{"num": map[string]any{"isNull": true}}
	}
	a := s.Send(t, `query($w: EchoWhereInput!) { big: echoes { text } `+aliases("echoes(limit: 1, where: $w) { id }", 20)+`}`, map[string]any{"w": map[string]any{"OR": or}})
	if len(a.Errors) > 0 || len(a.Data) < 20_000_000 || !strings.HasSuffix(string(a.Data), `"a19":[]}`) {
		t.Errorf("%d bytes, errors %+v", len(a.Data), a.Errors)
	}
}

// TestErrorsBehindALostList are told too.
func TestErrorsBehindALostList(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{BufferBytes: 1000}, `create function raise(n int) returns int language plpgsql as $$ begin if n > 1 then raise exception 'no'; end if; return n; end $$;
create view v_quiet as select n as id, nullif(n, 1) as a, raise(n) as b from generate_series(1, 3) n;
comment on view v_quiet is '@fraiseql:type
name: Quiet
not_null: [a]';
create view v_broken as select 1 as id, raise(2) as n;
comment on view v_broken is '@fraiseql:type
name: Broken';
create view v_big as select n as id, repeat('x', 100) as text from generate_series(1, 100) n;
comment on view v_big is '@fraiseql:type
name: Big';`)
	a := s.Send(t, `{ quiets { a b } brokens { n } }`, nil)
	apptest.Expect(t, "data", string(a.Data), `{"quiets":null,"brokens":null}`)
	told := map[string]bool{}
	for _, e := range a.Errors {
		told[fmt.Sprint(e.Path[0])] = true
	}
	if !told["brokens"] || !told["quiets"] {
		t.Errorf("errors %+v", a.Errors)
	}
	// What has left belongs to another root: the answer stays whole.
	a = s.Send(t, `{ bigs { text } brokens { n } }`, nil)
	if !strings.HasSuffix(string(a.Data), `],"brokens":null}`) || len(a.Errors) != 1 {
		t.Errorf("got %s", clip(a.Body))
	}
}

// TestDBAndDescribedRows share a connection, but no transaction.
func TestDBAndDescribedRows(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{fraiseql.Object[author]("author"), fraiseql.Object[book]("book"), fraiseql.Enum[genre]("NOVEL")},
		Queries: []fraiseql.Query{
			fraiseql.List[author]("authors"),
			fraiseql.Resolve("failsInTx", func(ctx context.Context, _ struct{}) (bool, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, "select 1/0")
				return err != nil, nil
			}),
			fraiseql.Resolve("openRows", func(ctx context.Context, _ struct{}) (*fraiseql.Row[author], error) {
				_, err := fraiseql.DB(ctx).Query(ctx, "select generate_series(1, 1000)")
				return fraiseql.From[author]("author").One(), err
			}),
			fraiseql.Resolve("best", func(context.Context, struct{}) (*fraiseql.Rows[author], error) {
				return fraiseql.From[author]("author").Limit(1), nil
			}),
			fraiseql.Resolve("timesOut", func(ctx context.Context, _ struct{}) (int, error) {
				var n int
				err := fraiseql.DB(ctx).Tx(ctx, func(tx pgx.Tx) error {
					return tx.QueryRow(ctx, "select 1/0").Scan(&n)
				})
				return n, err
			}),
		},
	}, library)
	for _, c := range []struct{ query, want, code string }{
		{`{ authors(limit: 1) { name } failsInTx best { id } }`, `{"authors":[{"name":"Ann"}],"failsInTx":true,"best":[{"id":"1"}]}`, ""},
		{`{ openRows { id } authors(limit: 1) { name } }`, `{"openRows":null,"authors":[{"name":"Ann"}]}`, "INTERNAL"},
		{`{ timesOut best { id } }`, `{"timesOut":null,"best":[{"id":"1"}]}`, "DATABASE_ERROR"},
		{`{ best { books(limit: 100000) { title } } }`, `{"best":null}`, ""},
	} {
		a := s.Send(t, c.query, nil)
		if c.code == "" && string(a.Data) != c.want && a.Code() != "BAD_USER_INPUT" || c.code != "" && (string(a.Data) != c.want || a.Code() != c.code) {
			t.Errorf("%s: got %s", c.query, a.Body)
		}
	}
	// The limits of lists hold below described rows as anywhere else, with variables too.
	query := `query($m: Int!) { best { books(limit: $m) { title } } }`
	for m, code := range map[int]string{1: "", 1000: "", 1001: "BAD_USER_INPUT", -1: "BAD_USER_INPUT"} {
		if a := s.Send(t, query, map[string]any{"m": m}); a.Code() != code {
			t.Errorf("limit %d: got %s, want %q", m, a.Body, code)
		}
	}
	if a := s.Send(t, `{ best { books(limit: 1000) { author { books(limit: 1000) { author { books(limit: 1000) { id } } } } } } }`, nil); a.Code() != "QUERY_TOO_COSTLY" {
		t.Errorf("cost: got %s", clip(a.Body))
	}
}

// TestStatementsOfAConnectionAreBounded asks more different things than a connection keeps.
func TestStatementsOfAConnectionAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{
		Queries: []fraiseql.Query{fraiseql.Resolve("prepared", func(ctx context.Context, _ struct{}) (n int, err error) {
			err = fraiseql.DB(ctx).QueryRow(ctx, "select count(*) from pg_prepared_statements where name like 'fq%'").Scan(&n)
			return n, err
		})},
	}, cases)
	for round := range 2 {
		for i := range 15 {
			var roots strings.Builder
			for j := range 40 {
				fmt.Fprintf(&roots, "a%d: people(limit: %d) { id } ", j, 1+i*40+j)
			}
			a := s.Send(t, `{ brokens { n } `+roots.String()+`}`, nil)
			if len(a.Errors) != 1 || strings.Count(string(a.Data), `"a`) != 40 {
				t.Fatalf("round %d: %s", round, clip(a.Body))
			}
		}
	}
	a := s.Send(t, `{ prepared }`, nil)
	var data struct{ Prepared int }
	if err := json.Unmarshal(a.Data, &data); err != nil || data.Prepared > 300 || data.Prepared < 100 {
		t.Errorf("%d prepared statements, want about 256: %s", data.Prepared, a.Body)
	}
}

// move is what an argument holds that only its name makes look like a list's.
type move struct{ By *int }

func TestVariablesInTheirOddForms(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Queries: []fraiseql.Query{
		fraiseql.Resolve("n", func(_ context.Context, a struct{ N int }) (int, error) { return a.N, nil }),
		fraiseql.Resolve("j", func(_ context.Context, a struct{ J json.RawMessage }) (string, error) { return string(a.J), nil }),
		fraiseql.Resolve("moved", func(_ context.Context, a struct{ Offset move }) (*int, error) { return a.Offset.By, nil }),
	}}, cases)
	for body, want := range map[string]string{
		`{"query":"query($n: Int!) { n(n: $n) }","variables":{"n":5.0}}`:                                `{"n":5}`,
		`{"query":"query($limit: Int) { people(limit: $limit) { age } }","variables":{"lim\u0069t":1}}`: `{"people":[{"age":9}]}`,
		`{"query":"query($o: Int) { people(limit: 1, offset: $o) { age } }","variables":{"o":0}}`:       `{"people":[{"age":9}]}`,
		`{"query":"query($o: Int) { people(limit: 1, offset: $o) { age } }","variables":{"o":null}}`:    `{"people":[{"age":9}]}`,
		`{"query":"query($o: Int = 0) { people(limit: 1, offset: $o) { age } }"}`:                       `{"people":[{"age":9}]}`,
		`{"query":"query($x: Int = 5, $y: Int) { j(j: {a: $x, b: $y, c: [$y]}) }"}`:                     `{"j":"{\"a\":5,\"c\":[null]}"}`,
		`{"query":"query($o: move!) { moved(offset: $o) }","variables":{"o":{}}}`:                       `{"moved":null}`,
		`{"query":"query($o: move!) { moved(offset: $o) }","variables":{"o":{"by":0}}}`:                 `{"moved":0}`,
	} {
		if a := s.Post(t, []byte(body)); string(a.Data) != want {
			t.Errorf("%s: got %s, want %s", body, a.Body, want)
		}
	}
}

// TestNumbersBeyondTheColumn asks for what the scalar can be and the column cannot: no SQL is sent for it.
func TestNumbersBeyondTheColumn(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `create table t (id int primary key, short smallint, single float4); insert into t values (1, 2, 0.5);
comment on table t is '@fraiseql:type
name: Thing';`)
	for query, want := range map[string]string{
		`{ thing(id: "99999999999") { id } }`:                       `"99999999999" is not what this field holds: send a whole number from -2147483648 to 2147483647`,
		`{ thing(id: "+5") { id } }`:                                `"+5" is not what this field holds: send a whole number`,
		`{ thing(id: "") { id } }`:                                  `"" is not what this field holds: send a whole number`,
		`{ thing(id: "5x") { id } }`:                                `"5x" is not what this field holds: send a whole number`,
		`{ things(where: {id: {in: ["1", "2147483648"]}}) { id } }`: "from -2147483648 to 2147483647",
		`{ things(where: {short: {lt: 40000}}) { id } }`:            "short: \"40000\" is not what this field holds: send a whole number from -32768 to 32767",
		`{ things(where: {single: {lt: 1e300}}) { id } }`:           "send a number of single precision",
		`{ things(where: {single: {gt: 1e-60}}) { id } }`:           "send a number of single precision",
	} {
		a := s.Send(t, query, nil)
		if len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, want) || a.Errors[0].Extensions["code"] != "BAD_USER_INPUT" {
			t.Errorf("%s: %+v, want %s", query, a.Errors, want)
		}
	}
	apptest.Expect(t, "the ends", s.Query(t, `{ things(where: {short: {lt: 32767, gt: -32768}, single: {lt: 3.4e38, gt: 0.0e5}, id: {nin: ["-2147483648"]}}) { id } }`, nil), `{"things":[{"id":"1"}]}`)
}

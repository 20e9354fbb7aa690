package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// faultsSQL has a function for each way in which PostgreSQL refuses to write.
const faultsSQL = `
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE DOMAIN percent AS int CONSTRAINT percent_range CHECK (VALUE BETWEEN 0 AND 100);
COMMENT ON CONSTRAINT percent_range ON DOMAIN percent IS 'A share is 0 to 100.';
CREATE TABLE tb_secret_room (id int PRIMARY KEY, name text NOT NULL, size int CHECK (size > 0), owner int REFERENCES tb_secret_room (id),
	code text CONSTRAINT room_code UNIQUE, during int4range, small smallint, sign varchar(3), opens date, EXCLUDE USING gist (during WITH &&), UNIQUE (size, owner));
COMMENT ON CONSTRAINT room_code ON tb_secret_room IS 'That code is taken.';
CREATE UNIQUE INDEX room_sign ON tb_secret_room (sign);
COMMENT ON INDEX room_sign IS 'That sign hangs elsewhere.';
INSERT INTO tb_secret_room VALUES (1, 'hidden value', 5, 1, 'x1', '[1,5)', 1, 'q~z');
CREATE TABLE tb_late (room int CONSTRAINT late_room REFERENCES tb_secret_room (id) DEFERRABLE INITIALLY DEFERRED);
CREATE VIEW v_room AS SELECT id, name FROM tb_secret_room;
COMMENT ON VIEW v_room IS '@fraiseql:type';
CREATE VIEW v_big AS SELECT id, name, size FROM tb_secret_room WHERE size > 3 WITH CHECK OPTION;
CREATE TYPE type_place_input AS (size int, owner int);
CREATE TYPE type_room_input AS (id int, name text, size int, owner int, code text, "from" int, "to" int, small text, share int, sign text, opens text, place type_place_input);
CREATE FUNCTION fn_room(input jsonb) RETURNS int LANGUAGE plpgsql AS $$
DECLARE share percent;
BEGIN
	share := (input->>'share')::int;
	INSERT INTO tb_secret_room VALUES ((input->>'id')::int, input->>'name', coalesce(input->>'size', input->'place'->>'size')::int, coalesce(input->>'owner', input->'place'->>'owner')::int, input->>'code',
		CASE WHEN input ? 'from' THEN int4range((input->>'from')::int, (input->>'to')::int) END, (input->>'small')::smallint, input->>'sign', (input->>'opens')::date);
	RETURN 1;
END $$;
COMMENT ON FUNCTION fn_room IS '@fraiseql:mutation
input_type: type_room_input';
CREATE FUNCTION fn_plain_room(input jsonb) RETURNS int LANGUAGE sql AS $$ SELECT fn_room(input) $$;
COMMENT ON FUNCTION fn_plain_room IS '@fraiseql:mutation';
CREATE TYPE type_placed_input AS (id int, name text, place type_place_input);
CREATE FUNCTION fn_placed(input jsonb) RETURNS int LANGUAGE sql AS $$ SELECT fn_room(input) $$;
COMMENT ON FUNCTION fn_placed IS '@fraiseql:mutation
input_type: type_placed_input';
CREATE FUNCTION fn_typed_room(id int, p_code text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$ INSERT INTO tb_secret_room (id, name, code) VALUES (id, 'a', p_code) $$;
COMMENT ON FUNCTION fn_typed_room IS '@fraiseql:mutation';
CREATE FUNCTION fn_share(p percent) RETURNS int LANGUAGE sql AS $$ SELECT p::int $$;
COMMENT ON FUNCTION fn_share IS '@fraiseql:mutation';
CREATE FUNCTION fn_small_room(size int) RETURNS void LANGUAGE sql AS $$ INSERT INTO v_big VALUES (8, 'a', size) $$;
COMMENT ON FUNCTION fn_small_room IS '@fraiseql:mutation';
CREATE FUNCTION fn_raise(state text, message text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', message USING ERRCODE = state, DETAIL = 'secret detail', HINT = 'secret hint', TABLE = 'tb_secret_room'; END $$;
COMMENT ON FUNCTION fn_raise IS '@fraiseql:mutation';
CREATE FUNCTION fn_strict() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN SELECT id INTO STRICT n FROM tb_secret_room WHERE id = 77; RETURN n; END $$;
COMMENT ON FUNCTION fn_strict IS '@fraiseql:mutation';
CREATE FUNCTION fn_sleep() RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(60) $$;
COMMENT ON FUNCTION fn_sleep IS '@fraiseql:mutation';
CREATE FUNCTION fn_forbidden() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE pg_monitor; RETURN (SELECT name FROM tb_secret_room); END $$;
COMMENT ON FUNCTION fn_forbidden IS '@fraiseql:mutation';
CREATE FUNCTION fn_read_only() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL transaction_read_only = on; DELETE FROM tb_secret_room; END $$;
COMMENT ON FUNCTION fn_read_only IS '@fraiseql:mutation';
CREATE FUNCTION fn_zero() RETURNS int LANGUAGE sql AS $$ SELECT 1 / (size - 5) FROM tb_secret_room $$;
COMMENT ON FUNCTION fn_zero IS '@fraiseql:mutation';
CREATE FUNCTION fn_missing() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT n FROM tb_secret_cellar); END $$;
COMMENT ON FUNCTION fn_missing IS '@fraiseql:mutation';
CREATE FUNCTION fn_locked() RETURNS int LANGUAGE sql AS $$ SELECT id FROM tb_secret_room FOR UPDATE NOWAIT $$;
COMMENT ON FUNCTION fn_locked IS '@fraiseql:mutation';
CREATE FUNCTION fn_late() RETURNS void LANGUAGE sql AS $$ INSERT INTO tb_late VALUES (99) $$;
COMMENT ON FUNCTION fn_late IS '@fraiseql:mutation';
`

// refusals are mutations that PostgreSQL refuses, each with the SQLSTATE that it has for the same statement.
var refusals = []struct{ state, mutation, sql, code, field, message string }{
	{"23505", `room(input: {id: 2, name: "a", code: "x1"})`, `fn_room('{"id": 2, "name": "a", "code": "x1"}')`, "CONFLICT", "code", "That code is taken."},
	{"23505", `room(input: {id: 2, name: "a", sign: "q~z"})`, `fn_room('{"id": 2, "name": "a", "sign": "q~z"}')`, "CONFLICT", "sign", "That sign hangs elsewhere."},
	{"23505", `room(input: {id: 1, name: "a"})`, `fn_room('{"id": 1, "name": "a"}')`, "CONFLICT", "id", ""},
	{"23505", `room(input: {id: 3, name: "a", size: 5, owner: 1})`, `fn_room('{"id": 3, "name": "a", "size": 5, "owner": 1}')`, "CONFLICT", "size", ""},
	{"23505", `placed(input: {id: 3, name: "a", place: {size: 5, owner: 1}})`, `fn_placed('{"id": 3, "name": "a", "place": {"size": 5, "owner": 1}}')`, "CONFLICT", "place.size", ""},
	{"23505", `plainRoom(input: {id: 2, name: "a", code: "x1"})`, `fn_room('{"id": 2, "name": "a", "code": "x1"}')`, "CONFLICT", "code", "That code is taken."},
	{"23505", `typedRoom(input: {id: 2, code: "x1"})`, `fn_typed_room(2, 'x1')`, "CONFLICT", "code", "That code is taken."},
	{"23503", `room(input: {id: 3, name: "a", owner: 77})`, `fn_room('{"id": 3, "name": "a", "owner": 77}')`, "CONFLICT", "owner", ""},
	{"23503", `late`, ``, "CONFLICT", "", ""},
	{"23P01", `room(input: {id: 3, name: "a", from: 2, to: 3})`, `fn_room('{"id": 3, "name": "a", "from": 2, "to": 3}')`, "CONFLICT", "", ""},
	{"55P03", `locked`, `fn_locked()`, "CONFLICT", "", ""},
	{"23514", `room(input: {id: 3, name: "a", size: -1})`, `fn_room('{"id": 3, "name": "a", "size": -1}')`, "BAD_USER_INPUT", "size", ""},
	{"23514", `room(input: {id: 3, name: "a", share: 101})`, `fn_room('{"id": 3, "name": "a", "share": 101}')`, "BAD_USER_INPUT", "", "A share is 0 to 100."},
	{"23514", `share(input: {p: 101})`, `fn_share(101)`, "BAD_USER_INPUT", "", "A share is 0 to 100."},
	{"44000", `smallRoom(input: {size: 1})`, `fn_small_room(1)`, "BAD_USER_INPUT", "", ""},
	{"23502", `room(input: {id: 3})`, `fn_room('{"id": 3}')`, "BAD_USER_INPUT", "name", ""},
	{"22003", `room(input: {id: 3, name: "a", small: "70000"})`, `fn_room('{"id": 3, "name": "a", "small": "70000"}')`, "BAD_USER_INPUT", "", ""},
	{"22P02", `room(input: {id: 3, name: "a", small: "many"})`, `fn_room('{"id": 3, "name": "a", "small": "many"}')`, "BAD_USER_INPUT", "", ""},
	{"22P05", `plainRoom(input: {id: 3, name: "a\u0000b"})`, `fn_room('{"id": 3, "name": "a\u0000b"}')`, "BAD_USER_INPUT", "", ""},
	{"22001", `room(input: {id: 3, name: "a", sign: "abcdef"})`, `fn_room('{"id": 3, "name": "a", "sign": "abcdef"}')`, "BAD_USER_INPUT", "", ""},
	{"22007", `room(input: {id: 3, name: "a", opens: "someday"})`, `fn_room('{"id": 3, "name": "a", "opens": "someday"}')`, "BAD_USER_INPUT", "", ""},
	{"22008", `room(input: {id: 3, name: "a", opens: "2026-02-31"})`, `fn_room('{"id": 3, "name": "a", "opens": "2026-02-31"}')`, "BAD_USER_INPUT", "", ""},
	{"P0001", `raise(input: {state: "P0001", message: "no more today"})`, `fn_raise('P0001', 'x')`, "BAD_USER_INPUT", "", "no more today"},
	{"23505", `raise(input: {state: "23505", message: "taken, says the author"})`, `fn_raise('23505', 'x')`, "CONFLICT", "", "taken, says the author"},
	{"P0002", `raise(input: {state: "P0002", message: "nobody there"})`, `fn_raise('P0002', 'x')`, "NOT_FOUND", "", "nobody there"},
	{"AB123", `raise(input: {state: "AB123", message: "the author's own"})`, `fn_raise('AB123', 'x')`, "BAD_USER_INPUT", "", "the author's own"},
	{"40001", `raise(input: {state: "40001", message: "lost"})`, `fn_raise('40001', 'x')`, "SERIALIZATION_FAILURE", "", "lost"},
	{"XX001", `raise(input: {state: "XX001", message: "secret block 7 of tb_secret_room"})`, `fn_raise('XX001', 'x')`, "DATABASE_ERROR", "", ""},
	{"53100", `raise(input: {state: "53100", message: "secret disk"})`, `fn_raise('53100', 'x')`, "DATABASE_ERROR", "", ""},
	{"57014", `raise(input: {state: "57014", message: "secret query"})`, `fn_raise('57014', 'x')`, "STATEMENT_TIMEOUT", "", "the database stopped the statement at its time limit: ask for less"},
	{"P0002", `strict`, `fn_strict()`, "NOT_FOUND", "", "what this needs is not there"},
	{"42501", `forbidden`, `fn_forbidden()`, "FORBIDDEN", "", ""},
	{"25006", `readOnly`, `fn_read_only()`, "READ_ONLY", "", ""},
	{"57014", `sleep`, `set_config('statement_timeout', '10ms', true), fn_sleep()`, "STATEMENT_TIMEOUT", "", ""},
	{"22012", `zero`, `fn_zero()`, "DATABASE_ERROR", "", ""},
	{"42P01", `missing`, `fn_missing()`, "DATABASE_ERROR", "", ""},
}

// TestRefusalsAreReal: each of them has the SQLSTATE that it stands for.
func TestRefusalsAreReal(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, faultsSQL)
	holdRoom(t, db)
	for _, c := range refusals {
		tx, err := db.Conn(t).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec(t.Context(), "SET LOCAL statement_timeout = '1s'")
		if c.sql == "" { // only at COMMIT
			if _, err = tx.Exec(t.Context(), "SELECT fn_late()"); err == nil {
				err = tx.Commit(t.Context())
			}
		} else if err == nil {
			_, err = tx.Exec(t.Context(), "SELECT "+c.sql)
		}
		_ = tx.Rollback(t.Context())
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != c.state {
			t.Errorf("%s: %v, want the SQLSTATE %s", c.sql, err, c.state)
		}
	}
}

// holdRoom has another session hold the only room until the test ends, in a way that hinders nobody but who asks for it.
func holdRoom(t *testing.T, db *pgtest.DB) {
	t.Helper()
	holder, err := db.Conn(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT FROM tb_secret_room FOR KEY SHARE"); err != nil {
		t.Fatal(err)
	}
}

// TestMutationRefused: what the database refuses has the code of its SQLSTATE, names the input field that is to blame, leaves
// nothing behind, and in production tells no value, no table and no SQL.
func TestMutationRefused(t *testing.T) {
	t.Parallel()
	for _, production := range []bool{false, true} {
		t.Run(fmt.Sprintf("production %t", production), func(t *testing.T) {
			t.Parallel()
			s := serve(t, fraiseql.Options{Production: production, StatementTimeout: time.Second, MutationRetries: -1}, faultsSQL)
			holdRoom(t, s.DB)
			for _, c := range refusals {
				a := mutate(t, s, 1, "mutation { it: "+c.mutation+" }", nil)
				same(t, c.mutation, string(a.Data), `{"it": null}`)
				if a.Code() != c.code || len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "[it]" {
					t.Errorf("%s: %s, want the code %s", c.mutation, a.Body, c.code)
					continue
				}
				if field, _ := a.Errors[0].Extensions["field"].(string); field != c.field {
					t.Errorf("%s: field %q, want %q: %s", c.mutation, field, c.field, a.Body)
				}
				if c.message != "" && a.Errors[0].Message != c.message {
					t.Errorf("%s: message %q, want %q", c.mutation, a.Errors[0].Message, c.message)
				}
				for _, secret := range []string{
					"hidden value", "secret", "insert", "select", "room_", "_key", "_fkey", "_check", "late_", "percent", "70000", "many", "someday", "2026-02-31", "q~z", "x1",
					"tb_", "v_big", "fn_", "relation", "constraint", "sqlstate", c.state, "division",
				} {
					if production && strings.Contains(strings.ToLower(string(a.Body)), strings.ToLower(secret)) {
						t.Errorf("%s: %q is told: %s", c.mutation, secret, a.Body)
					}
				}
			}
			if got := count(t, s, "tb_secret_room"); got != 1 {
				t.Errorf("%d rooms are left", got)
			}
			if a := mutate(t, s, 1, `mutation { room(input: {id: 9, name: "whole"}) }`, nil); string(a.Data) != `{"room":1}` {
				t.Errorf("the connection is not whole: %s", a.Body)
			}
		})
	}
}

// raceSQL has a function that changes a row by what it reads.
const raceSQL = `
CREATE TABLE tb_counter (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO tb_counter VALUES (1, 0), (2, 0);
CREATE VIEW v_counter AS SELECT id, n FROM tb_counter;
COMMENT ON VIEW v_counter IS '@fraiseql:type';
CREATE FUNCTION fn_add() RETURNS v_counter LANGUAGE sql AS $$ UPDATE tb_counter SET n = n + 1 WHERE id = 1 RETURNING id, n $$;
COMMENT ON FUNCTION fn_add IS '@fraiseql:mutation';
CREATE FUNCTION fn_both() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE tb_counter SET n = n + 1 WHERE id = 1; UPDATE tb_counter SET n = n + 1 WHERE id = 2; END $$;
COMMENT ON FUNCTION fn_both IS '@fraiseql:mutation';
`

// TestMutationLosesARace: two connections change one row. The one that loses tries again, unless it is told not to.
func TestMutationLosesARace(t *testing.T) {
	t.Parallel()
	for retries, want := range map[int]string{0: `{"add":{"n":11}}`, -1: `{"add":null}`} {
		s := serve(t, fraiseql.Options{MutationIsolation: "repeatable read", MutationRetries: retries, Production: retries < 0}, raceSQL)
		rival, err := s.DB.Conn(t).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rival.Exec(t.Context(), "UPDATE tb_counter SET n = 10 WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
		answered := make(chan apptest.Answer, 1)
		trips := 4 // two of them for the try that lost
		if retries < 0 {
			trips = 2
		}
		go func() { answered <- s.Counted(t, trips, 1, `mutation { add { n } }`, nil) }()
		untilBlocked(t, s)
		if err := rival.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := <-answered
		same(t, fmt.Sprint("retries ", retries), string(a.Data), want)
		if retries < 0 && (a.Code() != "SERIALIZATION_FAILURE" || strings.Contains(string(a.Body), "tb_") || strings.Contains(string(a.Body), "40001")) {
			t.Errorf("got %s", a.Body)
		}
	}
}

// TestMutationDeadlock: PostgreSQL ends one of two transactions that wait for each other. It is ours, which looks for a deadlock
// first, and it is run again.
func TestMutationDeadlock(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, raceSQL)
	s.DB.Exec(t, "ALTER FUNCTION fn_both SET deadlock_timeout = '4s'")
	rival, err := s.DB.Conn(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rival.Exec(t.Context(), "SET LOCAL deadlock_timeout = '1h'; UPDATE tb_counter SET n = 10 WHERE id = 2"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan apptest.Answer, 1)
	go func() { answered <- s.Counted(t, 4, 1, `mutation { both }`, nil) }()
	untilBlocked(t, s)
	if _, err := rival.Exec(t.Context(), "UPDATE tb_counter SET n = 10 WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	if err := rival.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; string(a.Data) != `{"both":true}` {
		t.Errorf("got %s", a.Body)
	}
	if got := count(t, s, "tb_counter WHERE n = 11"); got != 2 {
		t.Errorf("%d counters have both changes, want 2", got)
	}
}

// untilBlocked waits until a statement of the app waits for a lock.
func untilBlocked(t *testing.T, s *site) {
	t.Helper()
	conn := s.DB.Conn(t)
	apptest.Until(t, "a mutation waits for a lock", func() bool {
		var waits bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&waits)
		return err == nil && waits
	})
}

// TestMutationServerDies: the server's process is killed between the call and COMMIT.
func TestMutationServerDies(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Production: true}, raceSQL, `CREATE FUNCTION fn_die() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE tb_counter SET n = 5; PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END $$;
		COMMENT ON FUNCTION fn_die IS '@fraiseql:mutation'`)
	a := s.Send(t, `mutation { die add { n } }`, nil)
	same(t, "die", string(a.Data), `{"die": null, "add": null}`)
	if len(a.Errors) != 2 || a.Code() != "DATABASE_ERROR" || !strings.Contains(a.Errors[0].Message, "send this mutation again") || !strings.Contains(a.Errors[1].Message, "it was not run") {
		t.Errorf("got %s", a.Body)
	}
	if got := count(t, s, "tb_counter WHERE n = 0"); got != 2 {
		t.Errorf("%d counters are unchanged, want 2", got)
	}
}

// TestMutationLosesAtCommit: under serializable isolation PostgreSQL may refuse the COMMIT itself. Then nothing was saved, and
// the mutation is run again.
func TestMutationLosesAtCommit(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{MutationIsolation: "serializable"}, raceSQL, `
CREATE FUNCTION fn_sum(into_id int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE total int;
BEGIN
	SELECT sum(n) INTO total FROM tb_counter;
	PERFORM pg_advisory_xact_lock_shared(1);
	UPDATE tb_counter SET n = total + 1 WHERE id = into_id;
	RETURN total;
END $$;
COMMENT ON FUNCTION fn_sum IS '@fraiseql:mutation';`)
	gate := s.DB.Conn(t)
	if _, err := gate.Exec(t.Context(), "SELECT pg_advisory_lock(1)"); err != nil {
		t.Fatal(err)
	}
	rival, err := s.DB.Conn(t).BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.Serializable})
	if err != nil {
		t.Fatal(err)
	}
	var total int
	if err := rival.QueryRow(t.Context(), "SELECT sum(n) FROM tb_counter").Scan(&total); err != nil {
		t.Fatal(err)
	}
	answered := make(chan apptest.Answer, 1)
	go func() { answered <- s.Counted(t, 4, 1, `mutation { sum(input: {intoId: 1}) }`, nil) }()
	untilBlocked(t, s)
	// Both have read both rows; the rival writes the other one and is saved first.
	if _, err := rival.Exec(t.Context(), "UPDATE tb_counter SET n = $1 + 10 WHERE id = 2", total); err != nil {
		t.Fatal(err)
	}
	if err := rival.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Exec(t.Context(), "SELECT pg_advisory_unlock(1)"); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; string(a.Data) != `{"sum":10}` {
		t.Errorf("got %s", a.Body)
	}
	if got := count(t, s, "tb_counter WHERE n = 11 AND id = 1"); got != 1 {
		t.Error("the second try did not see what the rival has saved")
	}
}

// TestMutationLeavesItsSessionClean: a function may do to its session what no command tag shows. The next request, on the same
// connection, finds nothing of it.
func TestMutationLeavesItsSessionClean(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1}, `
CREATE FUNCTION fn_litter(fails boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('app.tenant', 'mine', false), set_config('statement_timeout', '77s', false), set_config('search_path', 'pg_catalog', false);
	PERFORM pg_advisory_lock(42);
	CREATE TEMP TABLE litter (n int);
	LISTEN litter;
	IF fails THEN
		RAISE EXCEPTION 'no';
	END IF;
	RETURN true;
END $$;
COMMENT ON FUNCTION fn_litter IS '@fraiseql:mutation';
CREATE VIEW v_session AS SELECT pg_backend_pid() AS id, current_setting('app.tenant', true) AS tenant, current_setting('statement_timeout') AS patience,
	current_setting('search_path') AS path, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
	to_regclass('pg_temp.litter')::text AS litter, (SELECT count(*) FROM pg_listening_channels()) AS channels;
COMMENT ON VIEW v_session IS '@fraiseql:type
name: Session
key: [id]
queries: {one: false, list: sessions}';`)
	const look = `{ sessions { id tenant patience path locks litter channels } }`
	want := strings.ReplaceAll(s.Query(t, look, nil), `"tenant":null`, `"tenant":""`) // as a custom setting reads once it was set
	for _, fails := range []bool{false, true} {
		for range 3 { // parsed anew, then prepared
			if a := s.Send(t, fmt.Sprintf(`mutation { litter(input: {fails: %t}) }`, fails), nil); (len(a.Errors) > 0) != fails {
				t.Fatalf("%s", a.Body)
			}
			if got := strings.ReplaceAll(s.Query(t, look, nil), `"tenant":null`, `"tenant":""`); got != want {
				t.Errorf("fails %t: the next request finds\n%s, want\n%s", fails, got, want)
			}
		}
	}
}

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// faultsSQL has a function for each way in which PostgreSQL refuses to write.
const faultsSQL = `
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE DOMAIN percent AS int CONSTRAINT percent_range CHECK (VALUE BETWEEN 0 AND 100);
COMMENT ON CONSTRAINT percent_range ON DOMAIN percent IS 'A share is 0 to 100.';
CREATE TABLE tb_secret_room (id int PRIMARY KEY, name text NOT NULL, size int CHECK (size > 0), owner int REFERENCES tb_secret_room (id),
	code text CONSTRAINT room_code UNIQUE, during int4range, small smallint, EXCLUDE USING gist (during WITH &&), UNIQUE (size, owner));
COMMENT ON CONSTRAINT room_code ON tb_secret_room IS 'That code is taken.';
INSERT INTO tb_secret_room VALUES (1, 'hidden value', 5, 1, 'x1', '[1,5)', 1);
CREATE VIEW v_room AS SELECT id, name FROM tb_secret_room;
COMMENT ON VIEW v_room IS '@fraiseql:type';
CREATE TYPE type_room_input AS (id int, name text, size int, owner int, code text, "from" int, "to" int, small text, share int);
CREATE FUNCTION fn_room(input jsonb) RETURNS int LANGUAGE plpgsql AS $$
DECLARE share percent;
BEGIN
	share := (input->>'share')::int;
	INSERT INTO tb_secret_room VALUES ((input->>'id')::int, input->>'name', (input->>'size')::int, (input->>'owner')::int, input->>'code',
		CASE WHEN input ? 'from' THEN int4range((input->>'from')::int, (input->>'to')::int) END, (input->>'small')::smallint);
	RETURN 1;
END $$;
COMMENT ON FUNCTION fn_room IS '@fraiseql:mutation
input_type: type_room_input';
CREATE FUNCTION fn_raise(state text, message text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', message USING ERRCODE = state, DETAIL = 'secret detail'; END $$;
COMMENT ON FUNCTION fn_raise IS '@fraiseql:mutation';
CREATE FUNCTION fn_sleep() RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(60) $$;
COMMENT ON FUNCTION fn_sleep IS '@fraiseql:mutation';
CREATE FUNCTION fn_forbidden() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE pg_monitor; RETURN (SELECT name FROM tb_secret_room); END $$;
COMMENT ON FUNCTION fn_forbidden IS '@fraiseql:mutation';
CREATE FUNCTION fn_late() RETURNS void LANGUAGE sql AS $$ INSERT INTO tb_late VALUES (99) $$;
`

// TestMutationRefused: what the database refuses has the code of its SQLSTATE, names the input field that is to blame, and in
// production tells no value, no table and no SQL.
func TestMutationRefused(t *testing.T) {
	t.Parallel()
	sql := strings.Replace(faultsSQL, "CREATE FUNCTION fn_late", `CREATE TABLE tb_late (room int CONSTRAINT late_room REFERENCES tb_secret_room (id) DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION fn_late`, 1) + "COMMENT ON FUNCTION fn_late IS '@fraiseql:mutation';"
	for _, production := range []bool{false, true} {
		s := serve(t, fraiseql.Options{Production: production, StatementTimeout: time.Second}, sql)
		for _, c := range []struct{ mutation, code, field, message string }{
			{`room(input: {id: 2, name: "a", code: "x1"})`, "CONFLICT", "code", "That code is taken."},
			{`room(input: {id: 1, name: "a"})`, "CONFLICT", "id", ""},
			{`room(input: {id: 3, name: "a", owner: 77})`, "CONFLICT", "owner", ""},
			{`room(input: {id: 3, name: "a", size: -1})`, "BAD_USER_INPUT", "size", ""},
			{`room(input: {id: 3})`, "BAD_USER_INPUT", "name", ""},
			{`room(input: {id: 3, name: "a", from: 2, to: 3})`, "CONFLICT", "", ""},
			{`room(input: {id: 3, name: "a", size: 5, owner: 1})`, "CONFLICT", "size", ""},
			{`room(input: {id: 3, name: "a", small: "70000"})`, "BAD_USER_INPUT", "", ""},
			{`room(input: {id: 3, name: "a", small: "many"})`, "BAD_USER_INPUT", "", ""},
			{`room(input: {id: 3, name: "a", share: 101})`, "BAD_USER_INPUT", "", "A share is 0 to 100."},
			{`raise(input: {state: "P0001", message: "no more today"})`, "BAD_USER_INPUT", "", "no more today"},
			{`raise(input: {state: "23505", message: "taken, says the author"})`, "CONFLICT", "", "taken, says the author"},
			{`raise(input: {state: "P0002", message: "nobody there"})`, "NOT_FOUND", "", "nobody there"},
			{`raise(input: {state: "40001", message: "lost"})`, "SERIALIZATION_FAILURE", "", "lost"},
			{`forbidden`, "FORBIDDEN", "", ""},
			{`sleep`, "STATEMENT_TIMEOUT", "", ""},
			{`late`, "CONFLICT", "", ""},
		} {
			a := s.Send(t, "mutation { it: "+c.mutation+" }", nil)
			same(t, c.mutation, string(a.Data), `{"it": null}`)
			if a.Code() != c.code || fmt.Sprint(a.Errors[0].Path) != "[it]" {
				t.Errorf("%s: %s, want the code %s", c.mutation, a.Body, c.code)
				continue
			}
			if field, _ := a.Errors[0].Extensions["field"].(string); field != c.field {
				t.Errorf("%s: field %q, want %q: %s", c.mutation, field, c.field, a.Body)
			}
			if c.message != "" && a.Errors[0].Message != c.message {
				t.Errorf("%s: message %q, want %q", c.mutation, a.Errors[0].Message, c.message)
			}
			for _, secret := range []string{"hidden value", "tb_secret_room", "INSERT", "secret detail", "room_code", "select", "70000", "many"} {
				if production && strings.Contains(string(a.Body), secret) {
					t.Errorf("%s: %q is told: %s", c.mutation, secret, a.Body)
				}
			}
		}
		if got := count(t, s, "tb_secret_room"); got != 1 {
			t.Errorf("%d rooms are left", got)
		}
		if a := s.Send(t, `mutation { room(input: {id: 9, name: "whole"}) }`, nil); string(a.Data) != `{"room":1}` {
			t.Errorf("the connection is not whole: %s", a.Body)
		}
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
		s := serve(t, fraiseql.Options{MutationIsolation: "repeatable read", MutationRetries: retries}, raceSQL)
		rival, err := s.DB.Conn(t).Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rival.Exec(t.Context(), "UPDATE tb_counter SET n = 10 WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
		answered := make(chan apptest.Answer, 1)
		go func() { answered <- s.Send(t, `mutation { add { n } }`, nil) }()
		untilBlocked(t, s)
		if err := rival.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := <-answered
		same(t, fmt.Sprint("retries ", retries), string(a.Data), want)
		if retries < 0 && a.Code() != "SERIALIZATION_FAILURE" {
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
	go func() { answered <- s.Send(t, `mutation { both }`, nil) }()
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
	s := serve(t, fraiseql.Options{}, raceSQL, `CREATE FUNCTION fn_die() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE tb_counter SET n = 5; PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END $$;
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
	go func() { answered <- s.Send(t, `mutation { sum(input: {intoId: 1}) }`, nil) }()
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

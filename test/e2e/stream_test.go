package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// numbers is a list of any length. One row of v_poison cannot be made; with a limit PostgreSQL
// makes what is that costly row by row.
const numbers = `
create function checked(n int) returns int stable cost 1000000 language plpgsql as $$ begin if n = 50000 then raise exception 'poison'; end if; return n; end $$;
create view v_number as select n as id, 'a text that makes the row longer ' || n as text from generate_series(1, 100000) n;
comment on view v_number is '@fraiseql:type
name: Number';
create table tn (n int primary key);
insert into tn select generate_series(1, 100000);
analyze tn;
create view v_poison as select n as id, checked(n) as n, 'a text that makes the row longer ' || n as text from tn;
comment on view v_poison is '@fraiseql:type
name: Poison
queries: {list: poisons}';
create view v_hole as select n as id, nullif(n, 50000) as n, 'a text that makes the row longer ' || n as text from tn;
comment on view v_hole is '@fraiseql:type
name: Hole
not_null: [n]';`

func streamOptions() fraiseql.Options {
	return fraiseql.Options{MaxPage: -1, MaxCost: -1, ConnectionPoolSize: 2, ConnectionPoolMaxOverflow: -1, WriteStall: 500 * time.Millisecond, StatementTimeout: 20 * time.Second}
}

func TestLongListStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers)
	a := s.Send(t, `{ numbers { id text } }`, nil)
	var data struct{ Numbers []struct{ ID, Text string } }
	if err := json.Unmarshal(a.Data, &data); err != nil || len(data.Numbers) != 100000 || data.Numbers[99999].ID != "100000" {
		t.Errorf("%d rows, %v", len(data.Numbers), err)
	}
}

// TestFailureAfterBytesHaveLeft must not look like a whole answer.
func TestFailureAfterBytesHaveLeft(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers)
	for _, query := range []string{`{ poisons(limit: 100000) { n text } }`, `{ holes { n text } }`} {
		body, err := raw(t, s, query)
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 || json.Valid(body) {
			t.Errorf("%s: %d bytes, valid %t, %v: want a transfer that is cut", query, len(body), json.Valid(body), err)
		}
	}
	// As long as nothing has left, it is an error at its path.
	a := s.Send(t, `{ poisons(offset: 49990) { n } numbers(limit: 1) { id } }`, nil)
	if string(a.Data) != `{"poisons":null,"numbers":[{"id":"1"}]}` || a.Code() != "DATABASE_ERROR" {
		t.Errorf("got %s", clip(a.Body))
	}
}

func raw(t *testing.T, s *site, query string) ([]byte, error) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// TestSlowClientsDoNotOwnConnections has as many clients that do not read as there are
// connections: the others are served, and the slow ones are cut.
func TestSlowClientsDoNotOwnConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers)
	var slow []net.Conn
	for range 2 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		body := `{"query":"{ numbers { id text a: text b: text c: text d: text } }"}`
		_, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body)
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	// A short answer fits the buffer: its connection is free before the client reads, so this
	// waits for a connection at most as long as the slow clients may stall.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 5 {
		if ctx.Err() != nil {
			t.Fatal("the others are not served")
		}
		s.Send(t, `{ numbers(limit: 2) { id } }`, nil)
	}
	apptest.Settle(t, s.App) // no connection is held, although nobody has read
	for _, conn := range slow {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		all, err := io.ReadAll(bufio.NewReader(conn))
		if strings.HasSuffix(string(all), "0\r\n\r\n") {
			t.Errorf("a client that stalled got a whole answer of %d bytes (%v)", len(all), err)
		}
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// Package security_test attacks a served app from outside, over HTTP, on a real PostgreSQL. Each attack tells what was expected
// and what came of it; "make security" prints them as one table.
package security_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// shown tells what came of an attack, for the table.
func shown(t testing.TB, attack, expected, format string, args ...any) {
	t.Helper()
	result := fmt.Sprintf(format, args...)
	if t.Failed() {
		result = "FAILED: " + result
	}
	t.Logf("attack: %s | %s | %s", attack, expected, result)
}

// shop is what is attacked: columns and documents with texts in every form, a mutation, and a table that nobody may reach.
const shop = `
CREATE TABLE canary (id int PRIMARY KEY, secret text NOT NULL);
INSERT INTO canary SELECT n, 'feathers-' || md5(n::text) FROM generate_series(1, 10) AS n;
CREATE TABLE tb_item (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant text NOT NULL DEFAULT '', name text NOT NULL, note text, tags text[], attrs jsonb, price numeric(10,2), made timestamptz DEFAULT '2026-01-01', words tsvector);
INSERT INTO tb_item (id, tenant, name, note, tags, attrs, price, words) VALUES
	('00000000-0000-0000-0000-000000000001', 'red', 'Apple', 'a fruit', '{fruit,red}', '{"k": "v"}', 1.50, to_tsvector('simple', 'apple fruit')),
	('00000000-0000-0000-0000-000000000002', 'blue', 'Boat', NULL, '{}', '{"k": {"l": 1}}', 200, to_tsvector('simple', 'boat'));
CREATE VIEW v_item AS SELECT id, name, note, tags, attrs, price, made, words FROM tb_item
	WHERE nullif(current_setting('app.tenant', true), '') IS NULL OR tenant = current_setting('app.tenant', true);
COMMENT ON VIEW v_item IS '@fraiseql:type
name: Item
key: [id]
queries: {one: item, list: items, connection: itemsConnection, aggregate: itemsAggregate, groups: itemsGroups}';
CREATE TABLE tv_page (id int PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO tv_page VALUES (1, '{"title": "Hello", "tags": ["a"], "author": {"name": "Ada"}}');
COMMENT ON TABLE tv_page IS '@fraiseql:type
name: Page
fields: {title: String, tags: "[String!]", author: {name: String}}';
CREATE FUNCTION fn_add(input jsonb) RETURNS uuid LANGUAGE sql AS
	$$ INSERT INTO tb_item (name, note, attrs) VALUES (input->>'name', input->>'note', input->'attrs') RETURNING id $$;
CREATE TYPE type_add_input AS (name text, note text, attrs jsonb);
COMMENT ON FUNCTION fn_add IS '@fraiseql:mutation
name: addItem
input_type: type_add_input';
`

// served is an app behind a server of its own, as Run makes it.
type served struct {
	app  *fraiseql.App
	addr string
	log  *text
}

// text is a log that many write.
type text struct {
	lock chan struct{}
	all  strings.Builder
}

func newText() *text { return &text{lock: make(chan struct{}, 1)} }

func (l *text) Write(p []byte) (int, error) {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	return l.all.Write(p)
}

func (l *text) String() string {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	return l.all.String()
}

// serve runs an app as "fraiseql serve" does, on a database made of sql, until the test ends.
func serve(t testing.TB, o fraiseql.Options, sql ...string) *served {
	t.Helper()
	if o.DatabaseURL == "" {
		o.DatabaseURL = pgtest.New(t, sql...).URL
	}
	s := &served{log: newText()}
	o.Logger = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	app, err := fraiseql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.app, s.addr = app, l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, l) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	apptest.Until(t, "the app is ready", func() bool { return app.Ready(t.Context()) == nil && app.Schema() != "" })
	return s
}

// ask sends a request. The headers are pairs of name and value.
func (s *served) ask(t testing.TB, method, path, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r) // redirects are answers too
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(answer)
}

// post sends a body of JSON.
func (s *served) post(t testing.TB, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	return s.ask(t, http.MethodPost, "/graphql", body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// raw sends bytes as they are, and gives what comes back until the server closes. took is how long that was.
func (s *served) raw(t testing.TB, pieces ...string) (answer string, took time.Duration) {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	_ = conn.SetDeadline(began.Add(30 * time.Second)) // on a new connection it cannot fail
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if _, err := io.WriteString(conn, piece); err != nil {
			break // the server has closed: what it said before is still there to be read
		}
	}
	all, _ := io.ReadAll(conn) // a reset after the answer is an end too
	return string(all), time.Since(began)
}

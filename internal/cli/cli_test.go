//go:build unix

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestMain makes this test binary the command itself when a script runs it.
func TestMain(m *testing.M) {
	testscript.Main(apptest.Runner(m), map[string]func(){
		"fraiseql": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			os.Exit(cli.Main(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
		},
	})
}

const shop = `
CREATE TABLE tb_item (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tb_item VALUES (1, 'Anvil'), (2, 'Bucket');
CREATE VIEW v_item AS SELECT id, name FROM tb_item;
COMMENT ON VIEW v_item IS '@fraiseql:type
name: Item';
CREATE VIEW v_slow AS SELECT i.id, i.name FROM tb_item i, LATERAL (SELECT pg_sleep(2)) AS wait;
COMMENT ON VIEW v_slow IS '@fraiseql:type
name: Slow
queries: {one: false, list: slow}';
CREATE FUNCTION sell(id int) RETURNS int LANGUAGE sql AS $$ DELETE FROM tb_item WHERE tb_item.id = $1 RETURNING tb_item.id $$;
CREATE VIEW v_sale AS SELECT sell(id) AS id FROM tb_item;
COMMENT ON VIEW v_sale IS '@fraiseql:type
name: Sale';
CREATE FUNCTION fn_rename(id int, name text) RETURNS SETOF v_item LANGUAGE sql AS
	$$ UPDATE tb_item SET name = $2 WHERE tb_item.id = $1 RETURNING tb_item.id, tb_item.name $$;
COMMENT ON FUNCTION fn_rename IS '@fraiseql:mutation
name: rename';`

func TestScripts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, shop)
	bin := os.Getenv(devpg.BinVariable)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			data, err := devpg.TempDir()
			if err != nil {
				return err
			}
			e.Defer(func() { _ = os.RemoveAll(data) })
			e.Setenv("PGURL", db.URL)
			e.Setenv("PGDATA_DIR", filepath.Join(data, "dev"))
			if bin != "" {
				e.Setenv(devpg.BinVariable, bin)
			}
			port, err := freePort()
			e.Setenv("ADDR", port)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"get": get, "listening": listening, "hold": hold, "said": said, "term": term, "hangup": hangUp, "psql": psql, "page": page},
	})
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

const patience = time.Minute // only a broken program or a dead machine reaches it

// get URL TEXT waits until the answer holds the text.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get url text")
	}
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(args[0])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		last = fmt.Sprint(answer.Status, " ", string(body), err)
		if strings.Contains(string(body), args[1]) {
			return
		}
	}
	ts.Fatalf("%s: no %q in %s", args[0], args[1], last)
}

// listening ADDRESS tells whether anybody listens there.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	c, err := net.Dial("tcp", args[0])
	if err == nil {
		_ = c.Close()
	}
	if neg == (err == nil) {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

// hold ADDRESS takes the address until the script ends.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", args[0])
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}

// term FILE sends SIGTERM to the process whose number is in the file.
func term(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGTERM))
}

// hangUp FILE sends SIGHUP to the process whose number is in the file.
func hangUp(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGHUP))
}

// psql URL-OR-FILE FILE runs a file of SQL on a database; instead of its URL, what dev has printed may be named.
func psql(ts *testscript.TestScript, _ bool, args []string) {
	url := args[0]
	if !strings.HasPrefix(url, "postgres:") {
		_, url, _ = strings.Cut(ts.ReadFile(url), "database  ")
		url, _, _ = strings.Cut(url, "\n")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	ts.Check(err)
	_, err = c.Exec(ctx, ts.ReadFile(args[1]))
	ts.Check(errors.Join(err, c.Close(ctx)))
}

// said FILE TEXT waits until the text is in a file that a command writes.
func said(ts *testscript.TestScript, _ bool, args []string) {
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if last = string(text); err == nil && strings.Contains(last, args[1]) {
			return
		}
	}
	ts.Fatalf("%s: no %q in %s", args[0], args[1], last)
}

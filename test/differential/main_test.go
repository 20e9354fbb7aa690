package differential_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// operationsOfAWorld is how many operations each world gets, unless -rapid.checks says another number.
const operationsOfAWorld = 30

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", strconv.Itoa(operationsOfAWorld)); err != nil {
		panic(err)
	}
	apptest.Main(m)
}

// site is a world served by the app, and by graphql-js.
type site struct {
	url    string
	oracle *oracle
	schema *digest
}

func serve(t *testing.T, w *world) *site {
	t.Helper()
	app := apptest.Start(t, fraiseql.Options{
		DatabaseURL: pgtest.New(t, w.sql()).URL, Types: goTypes(), Queries: goQueries(), ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1,
		MaxAliases: -1, MaxDepth: -1, MaxRootFields: -1, MaxTokens: -1, MaxCost: -1, // GraphQL itself has no limits
	})
	s := &site{url: apptest.Listen(t, app), oracle: startOracle(t, "oracle.mjs", "graphql")}
	s.schema = s.oracle.load(t, w.load(app.Schema()))
	for i := range w.Kinds {
		if k := &w.Kinds[i]; s.schema.types[k.Name] == nil || !k.Union && len(s.schema.types[k.Name].Fields) < 1+len(k.Fields)+len(k.Links) {
			t.Fatalf("%s is not served whole:\n%s", k.Name, app.Schema())
		}
	}
	return s
}

type fieldError struct {
	Message   string
	Path      []any
	Locations []struct{ Line, Column int }
}

// served is the app's answer.
type served struct {
	Data   json.RawMessage
	Errors []fieldError
	body   []byte
}

func (s *site) post(t rapid.TB, q request) served {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+"/graphql", bytes.NewReader(mustJSON(q)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a served
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(a.body, &a); err != nil {
		t.Fatalf("%s is not JSON: %v", a.body, err)
	}
	return a
}

// oracle is a node process that answers line by line.
type oracle struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
	err *bytes.Buffer
}

func startOracle(t *testing.T, script, pkg string) *oracle {
	t.Helper()
	program, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("node_modules/" + pkg + "/package.json")
	}
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatalf("%v: install node, and run npm ci in test/differential", err)
		}
		t.Skipf("%v: install node, and run npm ci in test/differential (FRAISEQL_REQUIRE_PG=1 makes this a failure)", err)
	}
	cmd := exec.CommandContext(context.Background(), program, script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{in: in, out: bufio.NewReaderSize(out, 1<<20), err: &bytes.Buffer{}}
	cmd.Stderr = o.err
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("the oracle: %v\n%s", err, o.err)
		}
	})
	return o
}

func (o *oracle) tell(t rapid.TB, message, answer any) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.in.Write(append(mustJSON(message), '\n'))
	var line []byte
	if err == nil {
		line, err = o.out.ReadBytes('\n')
	}
	if err == nil {
		err = json.Unmarshal(line, answer)
	}
	if err != nil {
		t.Fatalf("the oracle: %v\n%s\n%s", err, line, strings.TrimSpace(o.err.String()))
	}
}

// changes tells what the oracle finds changed between two schemas.
func (o *oracle) changes(t rapid.TB, before, after string) []sdldiff.Change {
	t.Helper()
	var answer struct{ Changes []sdldiff.Change }
	o.tell(t, map[string]string{"before": before, "after": after}, &answer)
	return answer.Changes
}

func (o *oracle) load(t rapid.TB, world map[string]any) *digest {
	t.Helper()
	d := &digest{}
	o.tell(t, world, d)
	d.index()
	return d
}

// expected is graphql-js's answer.
type expected struct {
	Refused, Unmodelled string
	Data                string
	Errors              []fieldError
}

func (o *oracle) ask(t rapid.TB, q request) expected {
	t.Helper()
	var e expected
	o.tell(t, q, &e)
	return e
}

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }

func start(t testing.TB, example string) *engine.Engine {
	t.Helper()
	p, s := read(t, example)
	e, err := engine.New(engine.Config{Pool: p, Schema: s, MaxPage: 1000, MaxCost: 5_000_000, BufferBytes: 256 << 10, Logger: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// read loads an example and makes its schema.
func read(t testing.TB, example string) (*pool.Pool, *schema.Schema) {
	t.Helper()
	files, err := examples.SQL(example)
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, f := range files {
		sql = append(sql, string(f.SQL))
	}
	db := pgtest.New(t, sql...)
	p, err := pool.Open(t.Context(), db.URL, pool.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	conn, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	facts, err := catalog.Read(t.Context(), conn, catalog.Options{Schemas: []string{"public"}})
	conn.Release()
	if err != nil {
		t.Fatal(err)
	}
	s, problems, err := catalog.Build(facts, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p, s
}

// TestContract is what a transport may rely on: an answer with data is written and gives nil, a
// refusal is an error and writes nothing, and what failed on its way to the client is aborted.
func TestContract(t *testing.T) {
	t.Parallel()
	e := start(t, "blog")
	for name, c := range map[string]struct {
		query string
		code  fault.Code // empty: it is answered
		want  string
	}{
		"answered":       {`{ users(limit: 1) { __typename } }`, "", `{"data":{"users":[{"__typename":"User"}]}}`},
		"does not parse": {`{`, fault.ParseFailed, ""},
		"does not fit":   {`{ nothing }`, fault.ValidationFailed, ""},
		"bad value":      {`{ users(limit: -1) { id } }`, fault.BadUserInput, ""},
		"bad id":         {`{ user(id: "x") { id } }`, fault.BadUserInput, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := e.Execute(t.Context(), &gqlop.Request{Query: c.query}, &out)
			if out.String() != c.want || (err == nil) != (c.code == "") || err != nil && fault.Of(err)[0].Code != c.code {
				t.Errorf("wrote %q and gave %v, want %q and %q", out.String(), err, c.want, c.code)
			}
		})
	}
	if err := e.Execute(t.Context(), &gqlop.Request{Query: `{ users { id } }`}, brokenPipe{}); !errors.Is(err, fault.ErrAborted) {
		t.Errorf("a client that is gone: %v, want ErrAborted", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := e.Execute(ctx, &gqlop.Request{Query: `{ users { id } }`}, &out); err == nil || fault.Of(err)[0].Code != fault.DeadlineExceeded || out.Len() > 0 {
		t.Errorf("a request that has ended: %v, wrote %q", err, out.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

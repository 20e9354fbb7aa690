package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func start(t testing.TB, example string) *engine.Engine {
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
	p, err := pool.Open(t.Context(), db.URL, pool.Options{})
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
	for _, p := range problems {
		t.Log(p)
	}
	e, err := engine.New(engine.Config{Pool: p, Schema: s, MaxPage: 1000, BufferBytes: 256 << 10, Logger: slog.Default(), StatementTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	e := start(t, "blog")
	for _, q := range examples.Queries("blog") {
		var out bytes.Buffer
		err := e.Execute(t.Context(), &gqlop.Request{Query: q.Query, Variables: mustJSON(q.Variables)}, &out)
		t.Log(err, out.String()[:min(len(out.String()), 600)])
	}
	for _, q := range []string{
		`{ users(limit: 2, orderBy: [{name: DESC}]) { id name __typename } }`,
		`{ users(limit: 1, where: {name: {contains: "a"}}) { x: name y: name posts(limit: 2) { title author { name } } } }`,
		`{ __schema { queryType { name } types { name } } }`,
		`{ userCards(limit: 2) { id } postSummaries(limit: 1) { id } }`,
	} {
		var out bytes.Buffer
		err := e.Execute(t.Context(), &gqlop.Request{Query: q}, &out)
		t.Log(err, out.String()[:min(len(out.String()), 600)])
	}
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
)

// TestExplainTellsWhatIsSent compares the statements that are told with those that the connection keeps once the request has run:
// those of a query, for after a mutation it forgets them.
func TestExplainTellsWhatIsSent(t *testing.T) {
	t.Parallel()
	p, s := read(t, "blog")
	e, err := engine.New(engine.Config{Pool: p, Schema: s, MaxPage: 1000, MaxCost: 5_000_000, BufferBytes: 256 << 10, Logger: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`{ users(limit: 2, where: {name: {startsWith: "A"}}) { name posts(limit: 1) { title } } n: usersAggregate { count } __typename }`,
		`{ usersConnection(first: 2) { totalCount nodes { name } } }`,
	} {
		_, steps, err := e.Explain(&gqlop.Request{Query: query})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var out bytes.Buffer
		if err := e.Execute(t.Context(), &gqlop.Request{Query: query}, &out); err != nil || bytes.Contains(out.Bytes(), []byte("errors")) {
			t.Errorf("%s: %v, %s", query, err, out.Bytes())
		}
		var kept []string
		err = p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
			rows, err := c.Query(ctx, `SELECT statement FROM pg_catalog.pg_prepared_statements`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var sql string
				if err := rows.Scan(&sql); err != nil {
					return err
				}
				kept = append(kept, sql)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			if s.Part != "" && !slices.Contains(kept, s.SQL) {
				t.Errorf("%s: %s %s is told and was not sent: %s\n%q", query, s.Field, s.Part, s.SQL, kept)
			}
		}
	}
}

// TestExplainRefuses what Execute refuses, in its words.
func TestExplainRefuses(t *testing.T) {
	t.Parallel()
	e := start(t, "blog")
	for _, query := range []string{`{`, `{ nothing }`, `{ users(limit: -1) { id } }`, `{ user(id: "x") { id } }`, `query A { __typename } query B { __typename }`} {
		_, _, told := e.Explain(&gqlop.Request{Query: query})
		var out bytes.Buffer
		refused := e.Execute(t.Context(), &gqlop.Request{Query: query}, &out)
		if told == nil || refused == nil || fault.Of(told).Error() != fault.Of(refused).Error() {
			t.Errorf("%s: told %v, refused %v", query, told, refused)
		}
	}
}

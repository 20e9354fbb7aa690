package execute

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
)

// planTime bounds the asking for a plan: it is told to people, who can ask for it themselves.
const planTime = 5 * time.Second

var errBusy = errors.New("requests wait for connections, or use all of them")

// Explain gives the generic plan of a statement under a request's settings and role. The statement is not run, and the plan has
// no values: it is that for any. It is asked for on a lease of its own, and not at all when requests could miss the connection.
func (r *Runner) Explain(ctx context.Context, settings auth.Settings, statement *compile.Statement) (string, error) {
	if s := r.o.Pool.Stat(); s.Waiting > 0 || s.Idle == 0 {
		return "", errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	return r.explained(ctx, settings, func(conn *pgconn.PgConn) ([]string, error) { return genericPlan(ctx, conn, statement) })
}

// ExplainValues gives the plan of a statement with a request's values, under its settings and role. With analyze the statement is
// run, and the plan tells what each step took. It is asked for on a lease of its own, in a transaction that can only read.
func (r *Runner) ExplainValues(ctx context.Context, settings auth.Settings, sql string, params [][]byte, analyze bool) (string, error) {
	how := "explain "
	if analyze {
		how = "explain (analyze, buffers) "
	}
	return r.explained(ctx, settings, func(conn *pgconn.PgConn) ([]string, error) {
		result := conn.ExecParams(ctx, how+sql, params, nil, nil, nil).Read()
		return firstColumn(nil, result), result.Err
	})
}

// errLooked ends a transaction that was only for looking.
var errLooked = errors.New("rolled back")

// explained asks for a plan under a request's settings and role, in a transaction that is rolled back.
func (r *Runner) explained(ctx context.Context, settings auth.Settings, ask func(*pgconn.PgConn) ([]string, error)) (string, error) {
	var lines []string
	err := r.o.Pool.Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(settings.Values)) {
			if err := set(ctx, tx, name, settings.Values[name]); err != nil {
				return err
			}
		}
		if settings.Role != "" { // last: with it the rights to the rest may go
			if err := set(ctx, tx, "role", settings.Role); err != nil {
				return err
			}
		}
		var err error
		lines, err = ask(tx.Conn().PgConn())
		return cmp.Or(err, errLooked)
	})
	if errors.Is(err, errLooked) {
		err = nil
	}
	return strings.Join(lines, "\n"), err
}

// firstColumn appends the first column of a result.
func firstColumn(lines []string, result *pgconn.Result) []string {
	for _, row := range result.Rows {
		lines = append(lines, string(row[0]))
	}
	return lines
}

// genericPlan prepares the statement in SQL, since a pooler renames what the protocol prepares, and has the plan that does for
// any parameters explained. That works on each version, where EXPLAIN (GENERIC_PLAN) needs PostgreSQL 16.
func genericPlan(ctx context.Context, conn *pgconn.PgConn, statement *compile.Statement) (lines []string, err error) {
	run := func(sql string) error {
		results, err := conn.Exec(ctx, sql).ReadAll()
		for _, result := range results {
			lines = firstColumn(lines, result)
		}
		return err
	}
	if err := run("set local plan_cache_mode = force_generic_plan; prepare fraiseql_plan as " + statement.SQL); err != nil {
		return nil, err
	}
	arguments := ""
	if n := statement.Arity(); n > 0 {
		arguments = "(" + strings.TrimSuffix(strings.Repeat("null,", n), ",") + ")"
	}
	// What is prepared outlives a transaction that fails: the savepoint lets it be dropped on the same connection.
	if err = run("savepoint fraiseql_plan; explain execute fraiseql_plan" + arguments); err != nil {
		err = errors.Join(err, run("rollback to savepoint fraiseql_plan"))
	}
	return lines, errors.Join(err, run("deallocate fraiseql_plan"))
}

func set(ctx context.Context, tx pgx.Tx, name, value string) error {
	_, err := tx.Exec(ctx, "select pg_catalog.set_config($1::text, $2::text, true)", name, value)
	return err
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/sqltext"
	"github.com/fraiseql/fraiseql-go/pool"
)

// sqlFlags are those of sql beside serve's.
type sqlFlags struct {
	options
	variables, operation string
	analyze, asJSON      bool
}

func (p *program) sql() *cobra.Command {
	f := &sqlFlags{}
	cmd := &cobra.Command{
		Use:   "sql QUERY",
		Short: "Show the statements and the plans behind a query",
		Long: `Show the statements that a query sends to the database, in their order, with their parameters,
and the plan that PostgreSQL has for each. QUERY is a GraphQL document; - reads one from standard
input. It takes the flags, variables and file of serve: limits hold, and what serve refuses is
refused in the same words, with line and column. Roles and scopes are not asked for, and what a
program declares in Go is not known to it.

With --analyze the statements of a query are run, in a read-only transaction that is rolled back,
and the plans tell what each step took. A mutation is never run: its function is shown and not
planned, for a function that says it is immutable would be called for the plan.

With --json the answer is {operation, statements: [{field, part, sql, parameters, plan, note}]}, or
{errors}; part is rows, facts (of a connection), call or entity (what a function wrote, read again),
and note tells why there is no plan or no statement.

Exit codes: 0 all is well, 1 the database cannot be asked, 2 a flag, an option or the query is
wrong.`,
		Example: `  fraiseql sql '{ users(limit: 3) { name posts { title } } }'
  fraiseql sql 'query ($id: ID!) { user(id: $id) { name } }' --variables '{"id": "1"}' --analyze`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usage("%s takes a query, such as '{ users { name } }', or - for standard input", cmd.CommandPath())
			case 1:
				return nil
			}
			return usage("%s takes one query, and %q is a second one: quote the whole query", cmd.CommandPath(), args[1])
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.runSQL(cmd, args[0], f) },
	}
	cmd.Flags().StringVar(&f.variables, "variables", "", "the query's variables, a JSON object")
	cmd.Flags().StringVar(&f.operation, "operation", "", "the name of the operation, where the document has several")
	cmd.Flags().BoolVar(&f.analyze, "analyze", false, "run the statements, and tell what each step of their plans took")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "as JSON")
	f.add(cmd)
	return cmd
}

func (p *program) runSQL(cmd *cobra.Command, query string, f *sqlFlags) error {
	ctx := cmd.Context()
	o, err := f.ready(p.environ)
	if err != nil {
		return err
	}
	if query == "-" {
		text, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return fmt.Errorf("reading the query: %w", err)
		}
		query = string(text)
	}
	var variables map[string]json.RawMessage
	if f.variables != "" && json.Unmarshal([]byte(f.variables), &variables) != nil {
		return usage(`--variables: %q is not a JSON object such as {"id": "1"}`, f.variables)
	}
	request := &gqlop.Request{Query: query, OperationName: f.operation}
	if variables != nil {
		request.Variables = json.RawMessage(f.variables)
	}
	var told explained
	err = connected(ctx, o, func(one *pool.Pool) error {
		steps, err := p.explain(ctx, one, o, request, &told)
		if err != nil {
			return err
		}
		return told.plan(ctx, one, steps, f)
	})
	var refused fault.List
	switch {
	case errors.As(err, &refused) && f.asJSON:
		if err := p.refusal(refused); err != nil {
			return err
		}
		return exitCode(exitUsage)
	case errors.As(err, &refused):
		return usageError{inLines(refused)}
	case err != nil:
		return fmt.Errorf("the query cannot be explained: %w", err)
	case f.asJSON:
		return p.json(told)
	}
	p.explanation(told, f.analyze)
	return nil
}

// explain gives the statements of a request. Its error is a fault.List when the request is to blame.
func (p *program) explain(ctx context.Context, one *pool.Pool, o fraiseql.Options, request *gqlop.Request, told *explained) ([]engine.Step, error) {
	s, err := p.read(ctx, one, o)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(engine.Config{
		Schema: s, Limits: limits(o), MaxPage: max(o.MaxPage, 0), MaxCost: max(o.MaxCost, 0), Conceal: o.HideForbidden,
	})
	if err != nil {
		return nil, err
	}
	kind, steps, err := e.Explain(request)
	if err != nil {
		return nil, fault.Of(err)
	}
	told.Operation = kind.String()
	return steps, nil
}

// explained is what sql tells.
type explained struct {
	Operation  string      `json:"operation"` // query or mutation
	Statements []statement `json:"statements"`
}

// statement is one statement of an operation, or a root field without one.
type statement struct {
	Field      string          `json:"field"`
	Part       engine.Part     `json:"part"` // empty: nothing is sent for the field
	SQL        string          `json:"sql"`
	Parameters []*string       `json:"parameters"` // as PostgreSQL reads them; null: NULL, or the request's own context gives it
	Plan       json.RawMessage `json:"plan"`       // as EXPLAIN (FORMAT JSON) gives it; null: there is none
	Note       string          `json:"note"`       // why there is no plan, or no statement; empty: there are both

	own   map[int][]string // parameters that the context gives, and by which names
	lines []string         // of the plan
}

// errUndone ends a transaction of which nothing is to stay.
var errUndone = errors.New("rolled back")

// plan asks for the plan of each statement, in one read-only transaction that is rolled back.
func (e *explained) plan(ctx context.Context, one *pool.Pool, steps []engine.Step, f *sqlFlags) error {
	format := "TEXT"
	if f.asJSON {
		format = "JSON"
	}
	how := "EXPLAIN (FORMAT " + format + ") "
	if f.analyze && e.Operation == gqlop.Query.String() {
		how = "EXPLAIN (ANALYZE, BUFFERS, FORMAT " + format + ") "
	}
	err := one.Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, s := range steps {
			found := newStatement(s)
			if s.Part != "" && s.Part != engine.Call {
				if err := found.explain(ctx, tx, how+s.SQL, s.Params, f.asJSON); err != nil {
					return fmt.Errorf("the plan of %s: %w", s.Field, err)
				}
			}
			e.Statements = append(e.Statements, found)
		}
		return errUndone
	})
	if errors.Is(err, errUndone) {
		return nil
	}
	return err
}

func newStatement(s engine.Step) statement {
	out := statement{Field: s.Field, Part: s.Part, SQL: s.SQL, Parameters: s.Texts(), Note: s.Note(), own: map[int][]string{}}
	for _, c := range s.Own {
		out.own[c.Index] = c.Names
	}
	return out
}

// explain asks for one plan.
func (s *statement) explain(ctx context.Context, tx pgx.Tx, sql string, params [][]byte, asJSON bool) error {
	result := tx.Conn().PgConn().ExecParams(ctx, sql, params, nil, nil, nil).Read()
	if result.Err != nil {
		return result.Err
	}
	for _, row := range result.Rows {
		s.lines = append(s.lines, string(row[0]))
	}
	if asJSON {
		s.Plan = json.RawMessage(strings.Join(s.lines, "\n"))
	}
	return nil
}

// explanation writes the statements for people.
func (p *program) explanation(e explained, analyzed bool) {
	paint := p.painter()
	if e.Operation != gqlop.Query.String() && analyzed {
		p.print("a mutation is not run, with --analyze neither\n\n")
	}
	for i, s := range e.Statements {
		title := s.Field
		if s.Part != "" {
			title += ": " + string(s.Part)
		}
		p.print("%s\n", paint(bold, fmt.Sprintf("%d. %s", i+1, title)))
		if s.SQL != "" {
			p.print("\n  %s\n", strings.ReplaceAll(sqltext.LayOut(s.SQL), "\n", "\n  "))
		}
		for n, value := range s.Parameters {
			if n == 0 {
				p.print("\n")
			}
			p.print("  $%d = %s\n", n+1, shownValue(value, s.own[n]))
		}
		if s.Note != "" {
			p.print("\n  %s\n", s.Note)
		}
		for n, line := range s.lines {
			if n == 0 {
				p.print("\n")
			}
			p.print("  %s\n", paint(blue, line))
		}
		if i < len(e.Statements)-1 {
			p.print("\n")
		}
	}
}

// shownValue writes a parameter on one line.
func shownValue(value *string, own []string) string {
	switch {
	case len(own) > 0:
		return "(the request's own " + strings.Join(own, " or ") + ")"
	case value == nil:
		return "NULL"
	case strings.ContainsFunc(*value, unicode.IsControl) || *value == "" || *value == "NULL":
		return strconv.Quote(*value)
	}
	return *value
}

// inLines writes the errors of a request with their places, one a line.
func inLines(list fault.List) error {
	var all []error
	for _, e := range list {
		all = append(all, errors.New(e.Line()))
	}
	return errors.Join(all...)
}

// refusal writes the errors of a request as the server answers them.
func (p *program) refusal(list fault.List) error {
	out := []byte(`{"errors":[`)
	for i, e := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = e.AppendJSON(out)
	}
	_, err := p.out.Write(append(out, "]}\n"...))
	return err
}

package diagnose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/schema"
)

// compiler makes the statements that a schema's operations send.
type compiler struct {
	docs *gqlop.Documents
	c    *compile.Compiler
}

func newCompiler(s *schema.Schema, maxPage int) (*compiler, error) {
	docs, err := gqlop.New(s, gqlop.Limits{})
	if err != nil {
		return nil, err
	}
	return &compiler{docs: docs, c: compile.New(s, max(maxPage, 0), 0)}, nil
}

// statement gives the SQL of an operation that has one statement, and its parameters.
func (c *compiler) statement(query string) (sql string, params [][]byte, err error) {
	op, err := c.docs.Read(&gqlop.Request{Query: query})
	if err != nil {
		return "", nil, err
	}
	bound, err := c.c.Bind(op, nil, new(compile.Values), compile.Anyone{})
	if err != nil {
		return "", nil, err
	}
	if len(bound.Roots) != 1 || bound.Roots[0].Statement == nil {
		return "", nil, fmt.Errorf("%s is not one statement", query)
	}
	params, err = bound.Params(bound.Roots[0].Statement, nil)
	return bound.Roots[0].Statement.SQL, params, err
}

// within runs what may fail without ending the transaction.
func (d *doctor) within(ctx context.Context, do func(*pgx.Conn) error) error {
	inner, err := d.tx.Begin(ctx)
	if err != nil {
		return err
	}
	conn := inner.Conn()
	if conn == nil {
		return errors.Join(errors.New("the connection is gone"), inner.Rollback(ctx))
	}
	// Functions that a view calls find their tables as they do for requests.
	_, err = conn.Exec(ctx, "set local search_path to default")
	if err == nil {
		err = do(conn)
	}
	return errors.Join(err, inner.Rollback(ctx))
}

const runs = 3 // of a statement that is measured; the fastest counts

// measure gives what a statement costs: the planner's estimate, or under Analyze the milliseconds that it takes.
func (d *doctor) measure(ctx context.Context, sql string, params [][]byte) (cost float64, err error) {
	explain, times := "EXPLAIN (FORMAT JSON) ", 1
	if d.o.Analyze {
		explain, times = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ", runs
	}
	costs := make([]float64, 0, times)
	err = d.within(ctx, func(conn *pgx.Conn) error {
		limit := fmt.Sprintf("set local statement_timeout = %d", max(d.o.StatementTimeout.Milliseconds(), 0))
		if _, err := conn.Exec(ctx, limit); err != nil {
			return err
		}
		for range times {
			result := conn.PgConn().ExecParams(ctx, explain+sql, params, nil, nil, nil).Read()
			if result.Err != nil {
				return result.Err
			}
			if len(result.Rows) != 1 {
				return errors.New("EXPLAIN gave no plan")
			}
			var plans []struct {
				Plan struct {
					Cost float64 `json:"Total Cost"`
				}
				Time float64 `json:"Execution Time"`
			}
			if err := json.Unmarshal(result.Rows[0][0], &plans); err != nil {
				return err
			}
			if d.o.Analyze {
				costs = append(costs, plans[0].Time)
			} else {
				costs = append(costs, plans[0].Plan.Cost)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return slices.Min(costs), nil
}

// unit says what measure gives.
func (d *doctor) unit(cost float64) string {
	if d.o.Analyze {
		return fmt.Sprintf("%.3g ms", cost)
	}
	return fmt.Sprintf("cost %.0f", cost)
}

// probe is an operation whose statement is measured.
type probe struct{ query, what string }

// probes are a small selection of a type's rows, and a look for a value in its document; none when no list leads to it.
func probes(s *schema.Schema, t *schema.Type) []probe {
	i := slices.IndexFunc(s.Query.Fields, func(f *schema.Field) bool { return f.Root != nil && f.Root.Kind == schema.List && f.Root.Of == t })
	if i < 0 {
		return nil
	}
	list := s.Query.Fields[i].Name
	var first, made, text *schema.Field // of the scalars: any, one in the document, and one there that is looked for
	for _, f := range t.Fields {
		if kind := f.Type.Base().Kind; f.Hidden || f.Relation != nil || f.Batch != nil || f.Type.Elem != nil || kind != schema.Scalar && kind != schema.Enum {
			continue
		}
		inDocument := f.Column == nil
		switch {
		case first == nil:
			first = f
		case made == nil && inDocument:
			made = f
		}
		switch f.Type.Base().Name {
		case "String", "ID", "UUID", "Int":
			if text == nil && inDocument && !f.NoFilter && !slices.Contains(t.Key, f) {
				text = f
			}
		}
	}
	if first == nil {
		return nil
	}
	selection := first.Name
	if made != nil {
		selection += " " + made.Name
	}
	all := []probe{{"{ " + list + " { " + selection + " } }", "a list of few fields"}}
	if text != nil {
		value := `"x"`
		switch text.Type.Base().Name {
		case "UUID":
			value = `"00000000-0000-0000-0000-000000000000"`
		case "Int":
			value = "0"
		}
		all = append(all, probe{"{ " + list + "(where: {" + text.Name + ": {eq: " + value + "}}) { " + selection + " } }", "a look for one value"})
	}
	return all
}

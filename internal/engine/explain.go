package engine

import (
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// Part says what a statement does for its root field.
type Part string

// The parts. Rows and Facts read; Call calls a function that may write, and Entity reads again what it wrote.
const (
	Rows   Part = "rows"
	Facts  Part = "facts" // of a connection: its total, and whether there are more pages
	Call   Part = "call"
	Entity Part = "entity"
)

// Step is one statement that a request sends, or a root field that sends none.
type Step struct {
	Field  string // of the answer's root
	Part   Part   // empty: nothing is sent for it
	SQL    string
	Params [][]byte               // as PostgreSQL reads them; nil: NULL
	Own    []compile.ContextParam // parameters that the request's own context gives

	Refused *fault.Error // why the field is null; nil: it is not refused
}

// Explain gives what Execute would send for a request of somebody who may do everything, in its order, and sends nothing.
// It refuses what Execute refuses before it asks the database.
func (e *Engine) Explain(r *gqlop.Request) (kind gqlop.Kind, steps []Step, err error) {
	op, err := e.documents.Read(r)
	if err != nil {
		return 0, nil, err
	}
	plan, err := e.compiler.Bind(op, r.Variables, new(compile.Values), compile.Anyone{})
	if err != nil {
		return op.Kind, nil, err
	}
	for i := range plan.Roots {
		root := &plan.Roots[i]
		sent := len(steps)
		add := func(part Part, s *compile.Statement) error {
			if s == nil {
				return nil
			}
			params, err := plan.Params(s, nil)
			steps = append(steps, Step{Field: root.Name, Part: part, SQL: s.SQL, Params: params, Own: s.Context()})
			return err
		}
		if err := add(Facts, root.Facts); err != nil {
			return op.Kind, nil, err
		}
		if err := add(Rows, root.Statement); err != nil {
			return op.Kind, nil, err
		}
		if root.Call != nil {
			if err := add(Call, root.Call.Function); err != nil {
				return op.Kind, nil, err
			}
			if err := add(Entity, root.Call.Read); err != nil {
				return op.Kind, nil, err
			}
		}
		if len(steps) == sent {
			steps = append(steps, Step{Field: root.Name, Refused: root.Fail})
		}
	}
	return op.Kind, steps, nil
}

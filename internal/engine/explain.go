package engine

import (
	"context"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/sqltext"
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
	Go      bool         // a resolver answers it, by statements of its own if any
}

// Explain gives what Execute would send for a request of somebody who may do everything, in its order, and sends nothing.
// It refuses what Execute refuses before it asks the database.
func (e *Engine) Explain(r *gqlop.Request) (kind gqlop.Kind, steps []Step, err error) {
	op, err := e.documents.Read(r)
	if err != nil {
		return 0, nil, err
	}
	plan, err := e.compiler.Bind(op, r.Variables, new(compile.Values), compile.Anyone{})
	if err == nil {
		steps, err = stepsOf(plan)
	}
	return op.Kind, steps, err
}

// stepsOf are the statements of a plan.
func stepsOf(plan compile.Bound) (steps []Step, err error) {
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
			return nil, err
		}
		if err := add(Rows, root.Statement); err != nil {
			return nil, err
		}
		if root.Call != nil {
			if err := add(Call, root.Call.Function); err != nil {
				return nil, err
			}
			if err := add(Entity, root.Call.Read); err != nil {
				return nil, err
			}
		}
		if len(steps) == sent {
			steps = append(steps, Step{Field: root.Name, Refused: root.Fail, Go: root.Resolver != nil})
		}
	}
	return steps, nil
}

// Note says why a step has no plan, or no statement; empty: it has both.
func (s *Step) Note() string {
	switch {
	case s.Refused != nil:
		return "refused: " + s.Refused.Line()
	case s.Go:
		return "a resolver in Go answers it; its own statements are not shown"
	case s.Part == "":
		return "nothing is sent for it: the answer is known"
	case s.Part == Call:
		return "not planned and not run: a function may write"
	}
	return ""
}

// Texts are the parameters as texts; nil: NULL.
func (s *Step) Texts() []*string {
	texts := make([]*string, len(s.Params))
	for i, param := range s.Params {
		if param != nil {
			text := string(param)
			texts[i] = &text
		}
	}
	return texts
}

// explanation is what an answer tells of the operation behind it.
type explanation struct {
	PoolWait   float64     `json:"poolWaitMs"` // for the connection
	Held       float64     `json:"heldMs"`     // the connection
	Plans      float64     `json:"plansMs"`    // asking for the plans, after all that
	Statements []explained `json:"statements"`
}

// explained is one statement, or a root field without one.
type explained struct {
	Field      string    `json:"field"`
	Part       Part      `json:"part,omitempty"`
	SQL        string    `json:"sql,omitempty"`
	Parameters []*string `json:"parameters,omitempty"`
	Plan       string    `json:"plan,omitempty"`
	Note       string    `json:"note,omitempty"`
}

// explanation asks for the plans of an operation that has run, with its values and under its settings.
func (e *Engine) explanation(ctx context.Context, plan compile.Bound, settings auth.Settings, seen *execute.Seen, analyze bool) *explanation {
	out := &explanation{PoolWait: milliseconds(seen.Waited), Held: milliseconds(seen.Held), Statements: []explained{}}
	start := time.Now()
	steps, err := stepsOf(plan)
	if err != nil { // the operation could not have run
		return out
	}
	for i := range steps {
		s := &steps[i]
		one := explained{Field: s.Field, Part: s.Part, Parameters: s.Texts(), Note: s.Note()}
		if s.SQL != "" {
			one.SQL = sqltext.LayOut(s.SQL)
		}
		if one.Note == "" {
			if one.Plan, err = e.runner.ExplainValues(ctx, settings, s.SQL, s.Params, analyze); err != nil {
				one.Note = "there is no plan: " + err.Error()
			}
		}
		out.Statements = append(out.Statements, one)
	}
	out.Plans = milliseconds(time.Since(start))
	return out
}

// milliseconds to the microsecond.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

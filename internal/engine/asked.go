package engine

import (
	"context"
	"encoding/json"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// asked is what a request's extensions ask for. Names that are not here are somebody else's, and so is a cost of another kind.
type asked struct {
	cost     bool // tell the estimate
	snapshot bool // read the database at one moment
	explain  bool // tell the statements and their plans
	analyze  bool // and what each step of the plans took
}

// ask reads the extensions of a request.
func ask(extensions json.RawMessage) (a asked, err error) {
	if len(extensions) == 0 {
		return a, nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(extensions, &all) != nil {
		return a, nil // it was read as an object before
	}
	a.cost = string(all["cost"]) == "true"
	switch value := string(all["snapshot"]); value {
	case "true":
		a.snapshot = true
	case "", "false", "null":
	default: // a promise that cannot be kept must not look like one
		return a, fault.New(fault.BadUserInput, "the extension \"snapshot\" of the request is neither true nor false")
	}
	switch value := string(all["explain"]); value {
	case "true", `"analyze"`:
		a.explain, a.analyze = true, value != "true"
	case "", "false", "null":
	default:
		return a, fault.New(fault.BadUserInput, "the extension \"explain\" of the request is neither true nor false nor \"analyze\"")
	}
	return a, nil
}

// check refuses what is asked for where it cannot be had.
func (a asked) check(e *Engine, plan compile.Bound) error {
	switch {
	case a.snapshot && plan.Writes:
		return fault.New(fault.BadUserInput, "a mutation has transactions of its own: leave the extension \"snapshot\" out, or ask by a query")
	case a.explain && e.production:
		return fault.New(fault.Forbidden, "the extension \"explain\" of the request shows statements, which production does not: run \"fraiseql sql\" beside the database")
	}
	return nil
}

// answers gives what makes the answer's extensions when the operation has run; nil: there are none.
func (a asked) answers(ctx context.Context, e *Engine, plan compile.Bound, settings auth.Settings, seen *execute.Seen) func() []byte {
	if !a.cost && !a.explain {
		return nil
	}
	return func() []byte {
		var told struct {
			Cost    *cost        `json:"cost,omitempty"`
			Explain *explanation `json:"explain,omitempty"`
		}
		if a.cost {
			told.Cost = &cost{plan.Cost(), e.maxCost}
		}
		if a.explain {
			told.Explain = e.explanation(ctx, plan, settings, seen, a.analyze && !plan.Writes)
		}
		out, err := json.Marshal(told)
		if err != nil { // of numbers and texts
			panic(err)
		}
		return out
	}
}

// cost is the estimate that the limit was compared with, and the limit where there is one.
type cost struct {
	Estimate float64 `json:"estimate"`
	Limit    int     `json:"limit,omitempty"`
}

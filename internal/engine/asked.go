package engine

import (
	"encoding/json"
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// asked is what a request's extensions ask for. Names that are not here are somebody else's, and so is a cost of another kind.
type asked struct {
	cost     bool // tell the estimate
	snapshot bool // read the database at one moment
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
	return a, nil
}

// apply makes a plan what was asked for.
func (a asked) apply(e *Engine, plan *compile.Bound) error {
	if a.snapshot && plan.Writes {
		return fault.New(fault.BadUserInput, "a mutation has transactions of its own: leave the extension \"snapshot\" out, or ask by a query")
	}
	plan.Snapshot = a.snapshot
	if a.cost {
		plan.Extensions = e.costOf(*plan)
	}
	return nil
}

// costOf is the answer's extensions, with the estimate that the limit was compared with, and the limit where there is one.
func (e *Engine) costOf(plan compile.Bound) []byte {
	out := strconv.AppendFloat([]byte(`{"cost":{"estimate":`), plan.Cost(), 'f', 0, 64)
	if e.maxCost > 0 {
		out = append(out, `,"limit":`...)
		out = strconv.AppendInt(out, int64(e.maxCost), 10)
	}
	return append(out, "}}"...)
}

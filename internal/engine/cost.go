package engine

import (
	"encoding/json"
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/compile"
)

// asksCost tells whether a request's extensions have "cost": true. Any other value is somebody else's.
func asksCost(extensions json.RawMessage) bool {
	if len(extensions) == 0 {
		return false
	}
	var asked map[string]json.RawMessage
	return json.Unmarshal(extensions, &asked) == nil && string(asked["cost"]) == "true"
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

package fraiseql

import (
	"context"
	"encoding/json"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// RequestExtensions gives the extensions of the GraphQL request that ctx belongs to, by name, as JSON: what a client sends
// beside the document and its variables for whoever understands it. Resolvers, Options.Session and Options.Context have
// such a ctx; r.Context() is the one in the last. It is nil outside a request and in one without extensions.
//
// The request's body bounds them (Options.MaxBodyBytes). They are the client's own words: believe none that a token
// should vouch for. Three names are FraiseQL's: {"cost": true} asks for the estimate of the operation's cost, which the answer
// then has in its extensions; {"snapshot": true} for a query whose statements, and all that resolvers read by DB(ctx), see
// the database at one moment; and {"explain": true} or {"explain": "analyze"}, which production refuses, for the statements
// behind the answer, their plans and the wait for the connection.
func RequestExtensions(ctx context.Context) map[string]json.RawMessage {
	r, _ := ctx.Value(gqlop.RequestKey{}).(*gqlop.Request)
	if r == nil || len(r.Extensions) == 0 {
		return nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(r.Extensions, &all) != nil {
		return nil // it was read as an object before
	}
	return all
}

// RequestID gives the id of the request that ctx belongs to, which its answer has in X-Request-Id, and the log beside
// every line about it. It is empty outside a request.
func RequestID(ctx context.Context) string { return fault.RequestID(ctx) }

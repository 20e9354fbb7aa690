package engine

import (
	"context"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// authority is what the principal of a request may do.
type authority struct {
	ctx        context.Context
	principal  *auth.Principal
	authorizer auth.Authorizer
}

// authority finds out who asks, if plans depend on it.
func (e *Engine) authority(ctx context.Context) compile.Authority {
	if !e.compiler.Asks() {
		return nil
	}
	return authority{ctx, auth.FromContext(ctx), e.authorizer}
}

// Has tells whether the principal has a role or scope.
func (a authority) Has(roleOrScope string) bool { return a.principal.Has(roleOrScope) }

// Decide asks the API's authorizer. An error of its own is told to the client only when it is meant for it.
func (a authority) Decide(access auth.Access) (auth.Decision, error) {
	d, err := a.authorizer.Authorize(a.ctx, access)
	if err == nil {
		return d, nil
	}
	if f := fault.Of(err); f[0].Code != fault.Internal {
		return auth.Decision{}, f
	}
	return auth.Decision{}, fault.Wrap(err, fault.Internal, "what the request may do could not be found out")
}

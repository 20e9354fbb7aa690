package fraiseqltest

import (
	"crypto/rand"
	"net/http"
	"sync"

	"github.com/fraiseql/fraiseql-go/auth"
)

// actorHeader carries the name under which actors knows a principal.
const actorHeader = "X-Fraiseqltest-Principal"

// actors are the principals that a test has named.
type actors struct {
	mu sync.Mutex // guards by
	by map[string]*auth.Principal
}

func (a *actors) add(p *auth.Principal) string {
	name := rand.Text()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]*auth.Principal{}
	}
	a.by[name] = p.Clone()
	return name
}

// Authenticate finds the principal that a request names.
func (a *actors) Authenticate(r *http.Request) (*auth.Principal, error) {
	values := r.Header[actorHeader]
	if len(values) == 0 {
		return nil, auth.ErrNoCredentials
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.by[values[0]]
	if p == nil || len(values) > 1 {
		return nil, &auth.Error{Reason: "the header " + actorHeader + " is for fraiseqltest alone: use App.As"}
	}
	return p.Clone(), nil
}

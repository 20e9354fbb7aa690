// Package auth says who sends a request and what the database is told about it.
//
// An [Authenticator] turns a request's credentials into a [Principal]. A session function, such as the one
// that [SessionFromClaims] makes, turns the principal into [Settings], which row-level security reads:
//
//	secret, err := auth.ReadSecretFile("/run/secrets/jwt")
//	if err != nil {
//		return err
//	}
//	tokens, err := auth.NewJWT(auth.JWTOptions{Secret: secret, Issuer: "https://id.example.com"})
//	if err != nil {
//		return err
//	}
//	session, err := auth.SessionFromClaims(map[string]string{"app.tenant_id": "tenant.id"})
//	if err != nil {
//		return err
//	}
//
// and in PostgreSQL: using (tenant_id = nullif(current_setting('app.tenant_id', true), ”)::uuid).
package auth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Authenticator finds out who sends a request. It reads headers only, never the body, and is called by many requests at
// once.
//
// It gives (nil, ErrNoCredentials) when the request carries no credentials, an error that matches [ErrInvalid] (such
// as an [*Error], whose Reason the client is told) when it carries bad ones, and any other error when it
// could not find out: one that matches [ErrUnavailable] answers 503 with Retry-After, the others 500, and only the log sees
// them. A principal must not be shared with other requests in a way that a change of it could reach them ([Principal.Clone]).
//
// fraiseqltest.TestAuthenticator checks an implementation.
type Authenticator interface {
	Authenticate(r *http.Request) (*Principal, error)
}

// Challenger is an Authenticator that says how credentials are to be sent: the value of WWW-Authenticate in an answer
// 401, such as `Basic realm="app"`. One without it is taken to want a Bearer token.
type Challenger interface {
	Challenge() string
}

var (
	// ErrNoCredentials says that a request carries no credentials at all.
	ErrNoCredentials = errors.New("no credentials")
	// ErrInvalid says that a request carries credentials that are not accepted.
	ErrInvalid = errors.New("invalid credentials")
	// ErrUnavailable says that credentials cannot be checked at the moment, such as while the keys of their issuer cannot be
	// fetched: neither good nor bad, so that no client takes its token for a bad one.
	ErrUnavailable = errors.New("credentials cannot be checked now")
)

// Error says why credentials were refused. It matches [ErrInvalid].
type Error struct {
	Reason string // for the client: why, and what to do; never a part of the credentials
	Err    error  // the cause, for the log

	// OtherKind says that they are of a kind that this authenticator does not read, such as a password where it wants a token.
	// [First] then asks the next one.
	OtherKind bool
}

// Error gives the reason and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "invalid credentials: " + e.Reason
	}
	return "invalid credentials: " + e.Reason + ": " + e.Err.Error()
}

// Is makes errors.Is(err, ErrInvalid) true.
func (e *Error) Is(target error) bool { return target == ErrInvalid }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ChallengeFor gives the value of WWW-Authenticate for an answer 401 that err, an error of a, led to.
// Source: RFC 6750, section 3.
func ChallengeFor(a Authenticator, err error) string {
	if f, ok := a.(first); ok {
		return f.challengeFor(err)
	}
	if c, ok := a.(Challenger); ok {
		return c.Challenge()
	}
	if !errors.Is(err, ErrInvalid) {
		return "Bearer"
	}
	var e *Error
	if !errors.As(err, &e) || e.Reason == "" {
		return `Bearer error="invalid_token"`
	}
	return `Bearer error="invalid_token", error_description="` + strings.Map(quotable, e.Reason) + `"`
}

// quotable keeps what error_description may hold.
func quotable(r rune) rune {
	switch {
	case r == '"' || r == '\\':
		return '\''
	case r < ' ' || r > '~':
		return '?'
	}
	return r
}

// Principal is who sends a request. It is shared by all that the request does: do not change it.
type Principal struct {
	Subject string // who; empty: anonymous, or a token without sub
	Roles   []string
	Scopes  []string
	Claims  map[string]any // what the credentials say; numbers are json.Number
}

// Anonymous gives a principal about whom nothing is known.
func Anonymous() *Principal { return &Principal{} }

// IsAnonymous tells whether nothing is known about the principal.
func (p *Principal) IsAnonymous() bool {
	return p.Subject == "" && len(p.Roles) == 0 && len(p.Scopes) == 0 && len(p.Claims) == 0
}

// Clone gives a copy that shares nothing with p that could be changed.
func (p *Principal) Clone() *Principal {
	c := &Principal{Subject: p.Subject, Roles: slices.Clone(p.Roles), Scopes: slices.Clone(p.Scopes)}
	if p.Claims != nil {
		c.Claims, _ = cloneClaim(p.Claims).(map[string]any)
	}
	return c
}

// cloneClaim copies what JSON can hold, and lists of texts; other values of an Authenticator's own stay as they are.
func cloneClaim(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for name, inner := range v {
			c[name] = cloneClaim(inner)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, inner := range v {
			c[i] = cloneClaim(inner)
		}
		return c
	case []string:
		return slices.Clone(v)
	}
	return v
}

// Has tells whether the principal has a role or scope of that name.
func (p *Principal) Has(roleOrScope string) bool {
	return slices.Contains(p.Roles, roleOrScope) || slices.Contains(p.Scopes, roleOrScope)
}

// Claim finds a claim by its path: the names of nested objects joined by dots, as in realm_access.roles. A claim whose
// own name contains dots, such as https://example.com/tenant, is found too, and is preferred.
func (p *Principal) Claim(path string) (any, bool) { return claim(p.Claims, path) }

func claim(object map[string]any, path string) (any, bool) {
	if v, ok := object[path]; ok {
		return v, true
	}
	for dot := strings.LastIndexByte(path, '.'); dot >= 0; dot = strings.LastIndexByte(path[:dot], '.') {
		if inner, ok := object[path[:dot]].(map[string]any); ok {
			if v, ok := claim(inner, path[dot+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}

type contextKey struct{}

// principalContext is a context with a principal, in one allocation.
type principalContext struct {
	context.Context
	principal *Principal
}

func (c *principalContext) Value(key any) any {
	if key == (contextKey{}) {
		return c.principal
	}
	return c.Context.Value(key)
}

// NewContext gives a context in which p is the principal; nil is anonymous.
func NewContext(ctx context.Context, p *Principal) context.Context {
	if p == nil {
		p = Anonymous()
	}
	return &principalContext{ctx, p}
}

// FromContext gives the principal of ctx, never nil: without one it is anonymous.
func FromContext(ctx context.Context) *Principal {
	if p, ok := ctx.Value(contextKey{}).(*Principal); ok {
		return p
	}
	return Anonymous()
}

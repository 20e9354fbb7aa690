package fraiseql

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/guard"
)

// validateProtection gives the faults of the options that say who may send what, and how much.
func (o Options) validateProtection(fault func(string, ...any)) {
	if _, err := guard.NewOrigins(o.AllowedOrigins, o.AllowCredentials); err != nil {
		fault("AllowedOrigins: %w", err)
	}
	if _, err := guard.NewProxies(o.TrustedProxies, o.ForwardedHeader); err != nil {
		fault("TrustedProxies and ForwardedHeader: %w", err)
	}
	if o.RateBurst < 0 {
		fault("RateBurst is %d, and at least 1 request must fit: set 1 or more, or leave it out; a negative RateLimit is for no limit", o.RateBurst)
	}
	if o.MaxHeaderBytes < minHeaderBytes {
		fault("MaxHeaderBytes is %d, and the least is %d: a usual browser's header is longer", o.MaxHeaderBytes, minHeaderBytes)
	}
	if o.NoIntrospection && o.AllowIntrospection {
		fault("NoIntrospection and AllowIntrospection are both set: keep one")
	}
	if o.AdminRole != "" && !o.authenticates() {
		fault("AdminRole is %q without Auth, so nobody could have it: set Auth, JWKSURL or the like, or use AdminAddr", o.AdminRole)
	}
	if o.PersistedQueriesBytes > 0 && o.PersistedQueriesBytes < minPersistedBytes {
		fault("PersistedQueriesBytes is %d, and the least is %d: set that or more, or a negative value for none", o.PersistedQueriesBytes, minPersistedBytes)
	}
}

const (
	minHeaderBytes    = 1 << 10
	minPersistedBytes = 64 << 10
)

// authenticates tells whether anything finds out who sends a request.
func (o Options) authenticates() bool {
	return o.Auth != nil || o.InsecureDevAuth.Password != "" || len(o.credentials()) > 0
}

// limiter bounds what one client may send; nil: nothing does.
func (a *App) limiter() (*guard.Limiter, error) {
	if a.o.RateLimit <= 0 {
		return nil, nil //nolint:nilnil // no limit is a choice, not a fault
	}
	proxies, err := guard.NewProxies(a.o.TrustedProxies, a.o.ForwardedHeader)
	if err != nil {
		return nil, err // validate has told it
	}
	return guard.NewLimiter(a.o.RateLimit, a.o.RateBurst, proxies, func(peer string) {
		a.o.Logger.Warn("requests come through a proxy that is not trusted, so all its clients share one rate limit: name it in TrustedProxies (--trusted-proxies), or leave the header out", "proxy", peer)
	}), nil
}

// onlyAdmins lets principals with AdminRole pass; nil lets everybody.
func (a *App) onlyAdmins(l *guard.Limiter) func(http.Header, *http.Request) *fault.Error {
	role, who := a.o.AdminRole, a.authenticator()
	if role == "" || who == nil {
		return nil
	}
	return func(header http.Header, r *http.Request) *fault.Error {
		var meter guard.Meter
		if wait := meter.Begin(l, r); wait > 0 {
			return guard.Limited(wait)
		}
		p, err := who.Authenticate(r)
		switch {
		case errors.Is(err, auth.ErrNoCredentials), errors.Is(err, auth.ErrInvalid):
			if errors.Is(err, auth.ErrInvalid) {
				meter.Refused()
			}
			header.Set("WWW-Authenticate", auth.ChallengeFor(who, err))
			return fault.Wrap(err, fault.Unauthenticated, "credentials of somebody with the role of an administrator are needed")
		case errors.Is(err, auth.ErrUnavailable):
			return fault.Wrap(err, fault.AuthUnavailable, "the credentials cannot be checked now: try again later with the same ones")
		case errors.Is(err, ErrNotStarted):
			return fault.Wrap(err, fault.NotReady, "the server is not ready yet: try again")
		case err != nil:
			a.o.Logger.Error("finding out who asks for the numbers of the pool", "path", r.URL.Path, "error", err)
			return fault.Wrap(err, fault.Internal, "internal error: the server's log tells the cause")
		}
		if p == nil {
			p = auth.Anonymous()
		}
		if wait := meter.Pay(p.Subject); wait > 0 {
			return guard.Limited(wait)
		}
		if !p.Has(role) {
			return fault.Wrap(fmt.Errorf("%q lacks %q", p.Subject, role), fault.Forbidden, "the role of an administrator is needed")
		}
		return nil
	}
}

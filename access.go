package fraiseql

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

// maxLeeway is what package auth allows.
const maxLeeway = 10 * time.Minute

// tokenKeys names the options that say by which keys tokens are verified, of those that are set.
func (o Options) tokenKeys() (set []string) {
	if o.JWTSecretFile != "" {
		set = append(set, "JWTSecretFile")
	}
	if len(o.JWTPublicKeyFiles) > 0 {
		set = append(set, "JWTPublicKeyFiles")
	}
	if o.JWKSURL != "" {
		set = append(set, "JWKSURL")
	}
	return set
}

// credentials names the options that make the app check credentials itself, of those that are set. They add up.
func (o Options) credentials() []string {
	set := o.tokenKeys()
	if o.APIKeysFile != "" {
		set = append(set, "APIKeysFile")
	}
	return set
}

func (o Options) validateAccess(fault func(string, ...any)) {
	ways := o.credentials()
	kinds := min(len(ways), 1)
	if o.InsecureDevAuth.Password != "" {
		ways, kinds = append(ways, "InsecureDevAuth"), kinds+1
	}
	if o.Auth != nil {
		ways, kinds = slices.Insert(ways, 0, "Auth"), kinds+1
	}
	if kinds > 1 {
		fault("%s are all set, and one of them must find out who sends a request: keep one; in Go, auth.First joins several in Auth", strings.Join(ways, " and "))
	}
	if len(ways) == 0 && o.AllowAnonymous {
		fault("AllowAnonymous is set without Auth, where all requests are anonymous anyway: leave it out, or set Auth")
	}
	o.validateTokens(fault)
	if o.InsecureDevAuth.Username != "" && o.InsecureDevAuth.Password == "" {
		fault("InsecureDevAuth has the name %q and no password: set one, or leave both out", o.InsecureDevAuth.Username)
	}
	if o.Production && o.InsecureDevAuth != (auth.InsecureDevAuth{}) {
		fault("InsecureDevAuth is set in Production, which refuses it: use Auth or JWTSecretFile")
	}
	if o.Session != nil && len(o.SessionClaims) > 0 {
		fault("Session and SessionClaims are both set: keep one")
	}
	if len(o.SessionClaims) > 0 {
		if _, err := auth.SessionFromClaims(o.SessionClaims); err != nil {
			fault("SessionClaims: %w", err)
		}
	}
}

// validateTokens refuses rules for tokens that nobody reads.
func (o Options) validateTokens(fault func(string, ...any)) {
	if o.JWKSURL != "" {
		if err := auth.CheckJWKSURL(o.JWKSURL); err != nil {
			fault("JWKSURL: %w", err)
		}
	}
	for i, path := range o.JWTPublicKeyFiles {
		if strings.TrimSpace(path) == "" {
			fault("JWTPublicKeyFiles[%d] is empty: name a file, or leave it out", i)
		}
	}
	if o.JWTLeeway > maxLeeway {
		fault("JWTLeeway is %v, and the limit is %v: keep the clocks of issuer and server in step", o.JWTLeeway, maxLeeway)
	}
	if len(o.tokenKeys()) > 0 {
		return
	}
	var loose []string
	for _, rule := range [...]struct{ name, value string }{
		{"JWTIssuer", o.JWTIssuer}, {"JWTAudience", o.JWTAudience}, {"JWTRolesClaim", o.JWTRolesClaim}, {"JWTScopesClaim", o.JWTScopesClaim},
	} {
		if rule.value != "" {
			loose = append(loose, fmt.Sprintf("%s %q", rule.name, rule.value))
		}
	}
	if o.JWTLeeway > 0 {
		loose = append(loose, fmt.Sprintf("JWTLeeway %v", o.JWTLeeway))
	}
	if len(loose) > 0 {
		fault("%s is set, and no token is read: say by JWKSURL, JWTPublicKeyFiles or JWTSecretFile which keys verify tokens", strings.Join(loose, " and "))
	}
}

// authenticator is what finds out who sends a request; nil for nobody.
func (a *App) authenticator() auth.Authenticator {
	switch {
	case a.o.Auth != nil:
		return a.o.Auth
	case a.o.InsecureDevAuth.Password != "":
		return a.o.InsecureDevAuth
	case len(a.o.credentials()) > 0:
		return fromFiles{a}
	}
	return nil
}

// fromFiles checks credentials by what Start has read: no request gets here before.
type fromFiles struct{ *App }

// Authenticate finds the principal in a request's token or API key.
func (f fromFiles) Authenticate(r *http.Request) (*auth.Principal, error) {
	checks := f.credentials.Load()
	if checks == nil {
		return nil, ErrNotStarted
	}
	return (*checks).Authenticate(r)
}

// openAccess reads the files with secrets and keys, and asks the issuer for its keys. An issuer that does not answer is no
// error: its keys are fetched when a request needs them, and the log tells the reason.
func (a *App) openAccess(ctx context.Context) error {
	var kinds []auth.Authenticator
	if len(a.o.tokenKeys()) > 0 {
		tokens, err := a.openTokens()
		if err != nil {
			return err
		}
		kinds = append(kinds, tokens)
	}
	if a.o.APIKeysFile != "" {
		keys, err := auth.ReadAPIKeyFile(a.o.APIKeysFile)
		if err != nil {
			return fmt.Errorf("APIKeysFile: %w", err)
		}
		known, err := auth.NewAPIKeys(keys)
		if err != nil {
			return fmt.Errorf("APIKeysFile %s: %w", a.o.APIKeysFile, err)
		}
		kinds = append(kinds, known)
	}
	if len(kinds) == 0 {
		return nil
	}
	checks := auth.First(kinds...)
	a.credentials.Store(&checks)
	if a.jwks != nil {
		_ = a.jwks.Refresh(ctx) // it logs
	}
	return nil
}

func (a *App) openTokens() (auth.Authenticator, error) {
	o := auth.JWTOptions{
		Issuer: a.o.JWTIssuer, Audience: a.o.JWTAudience, Leeway: max(a.o.JWTLeeway, 0),
		RolesClaim: a.o.JWTRolesClaim, ScopesClaim: a.o.JWTScopesClaim,
	}
	var err error
	if a.o.JWTSecretFile != "" {
		if o.Secret, err = auth.ReadSecretFile(a.o.JWTSecretFile); err != nil {
			return nil, fmt.Errorf("JWTSecretFile: %w", err)
		}
	}
	for _, path := range a.o.JWTPublicKeyFiles {
		keys, err := auth.ReadPublicKeyFile(path)
		if err != nil {
			return nil, fmt.Errorf("JWTPublicKeyFiles: %w", err)
		}
		o.Keys = append(o.Keys, keys...)
	}
	if a.o.JWKSURL != "" {
		if a.jwks, err = auth.NewJWKS(auth.JWKSOptions{URL: a.o.JWKSURL, Logger: a.o.Logger}); err != nil {
			return nil, fmt.Errorf("JWKSURL: %w", err)
		}
		o.JWKS = a.jwks
	}
	tokens, err := auth.NewJWT(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(a.o.tokenKeys(), " and "), err)
	}
	return tokens, nil
}

// closeAccess ends what openAccess has begun.
func (a *App) closeAccess(ctx context.Context) error {
	if a.jwks == nil {
		return nil
	}
	return a.jwks.Close(ctx)
}

// warnOfAccess tells what is allowed, and yet mostly a mistake in production.
func (a *App) warnOfAccess() {
	switch {
	case !a.o.Production:
	case a.authenticator() == nil:
		a.o.Logger.Warn("production without Auth: every request is anonymous and sees all that the database role sees; set Auth, JWKSURL, JWTPublicKeyFiles, JWTSecretFile or APIKeysFile, unless something in front of this server checks requests")
	case a.o.JWKSURL != "" && a.o.JWTAudience == "":
		a.o.Logger.Warn("JWKSURL without JWTAudience: tokens that the issuer made for other services are accepted here too; set JWTAudience to this service's name")
	}
}

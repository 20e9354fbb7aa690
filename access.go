package fraiseql

import (
	"context"
	"errors"
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
	checks, jwks, err := a.o.readAccess(nil)
	a.jwks = jwks
	if err != nil || checks == nil {
		return err
	}
	a.credentials.Store(&checks)
	if jwks != nil {
		_ = jwks.Refresh(ctx) // it logs
	}
	return nil
}

// readAccess reads the files with secrets and keys. checks is nil when there are none to check; jwks, which is to be closed, when
// no issuer publishes any. It is known when it is there already.
func (o Options) readAccess(known *auth.JWKS) (checks auth.Authenticator, jwks *auth.JWKS, err error) {
	var kinds []auth.Authenticator
	var faults []error
	if len(o.tokenKeys()) > 0 {
		var tokens auth.Authenticator
		if tokens, jwks, err = o.readTokens(known); err != nil {
			faults = append(faults, err)
		}
		kinds = append(kinds, tokens)
	}
	if o.APIKeysFile != "" {
		keys, err := auth.ReadAPIKeyFile(o.APIKeysFile)
		if err != nil {
			faults = append(faults, fmt.Errorf("APIKeysFile: %w", err))
		} else if owners, err := auth.NewAPIKeys(keys); err != nil {
			faults = append(faults, fmt.Errorf("APIKeysFile %s: %w", o.APIKeysFile, err))
		} else {
			kinds = append(kinds, owners)
		}
	}
	if len(faults) > 0 || len(kinds) == 0 {
		return nil, jwks, errors.Join(faults...)
	}
	return auth.First(kinds...), jwks, nil
}

func (o Options) readTokens(known *auth.JWKS) (tokens auth.Authenticator, jwks *auth.JWKS, err error) {
	rules := auth.JWTOptions{
		Issuer: o.JWTIssuer, Audience: o.JWTAudience, Leeway: max(o.JWTLeeway, 0),
		RolesClaim: o.JWTRolesClaim, ScopesClaim: o.JWTScopesClaim,
	}
	var faults []error
	if o.JWTSecretFile != "" {
		if rules.Secret, err = auth.ReadSecretFile(o.JWTSecretFile); err != nil {
			faults = append(faults, fmt.Errorf("JWTSecretFile: %w", err))
		}
	}
	for _, path := range o.JWTPublicKeyFiles {
		keys, err := auth.ReadPublicKeyFile(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("JWTPublicKeyFiles: %w", err))
		}
		rules.Keys = append(rules.Keys, keys...)
	}
	if o.JWKSURL != "" {
		if jwks = known; jwks == nil {
			jwks, err = auth.NewJWKS(auth.JWKSOptions{URL: o.JWKSURL, Logger: o.Logger})
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("JWKSURL: %w", err))
		}
		rules.JWKS = jwks
	}
	if len(faults) > 0 {
		return nil, jwks, errors.Join(faults...)
	}
	if tokens, err = auth.NewJWT(rules); err != nil {
		return nil, jwks, fmt.Errorf("%s: %w", strings.Join(o.tokenKeys(), " and "), err)
	}
	return tokens, jwks, nil
}

// CheckFiles reads the files that the options name, as Start does before it asks anybody: secrets,
// keys, certificates and trusted documents. It gives every fault at once, and keeps nothing of what it reads.
func (o Options) CheckFiles() error {
	_, jwks, err := o.readAccess(nil)
	if jwks != nil {
		err = errors.Join(err, jwks.Close(context.Background()))
	}
	_, documents := o.readDocuments()
	_, certificate := o.readCertificate()
	return errors.Join(err, documents, certificate)
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

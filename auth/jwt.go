package auth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// minSecretBytes is what HS256 asks of its key. Source: RFC 7518, section 3.2.
const minSecretBytes = 32

// JWTOptions says which tokens are accepted.
type JWTOptions struct {
	Secret   []byte        // the HS256 key, raw bytes, at least 32
	Issuer   string        // what iss must be; empty: not checked
	Audience string        // what aud must contain; empty: not checked
	Leeway   time.Duration // how far the clocks of issuer and server may differ; zero: not at all

	RolesClaim  string // path of the claim that lists the roles; default "roles"
	ScopesClaim string // path of the claim that lists the scopes, a list or one text with spaces; default "scope"
}

type jwtAuthenticator struct {
	secret        []byte
	roles, scopes string
	rules         []jwt.ValidateOption
}

// NewJWT makes an Authenticator that reads a JSON Web Token from "Authorization: Bearer …". A token must be signed
// with HS256 under the secret and must have an exp that has not passed; nbf and iat must not lie in the future. Other
// algorithms, none among them, are refused. The principal's Subject is the claim sub.
func NewJWT(o JWTOptions) (Authenticator, error) {
	var errs []error
	if n := len(o.Secret); n < minSecretBytes {
		errs = append(errs, fmt.Errorf("the JWT secret has %d bytes and HS256 needs at least %d (RFC 7518, section 3.2): make one with `openssl rand -hex 32`", n, minSecretBytes))
	}
	if o.Leeway < 0 {
		errs = append(errs, fmt.Errorf("the JWT leeway is %v and must not be negative: leave it out for none", o.Leeway))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	a := &jwtAuthenticator{
		secret: bytes.Clone(o.Secret),
		roles:  cmp.Or(o.RolesClaim, "roles"),
		scopes: cmp.Or(o.ScopesClaim, "scope"),
		rules:  []jwt.ValidateOption{jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithAcceptableSkew(o.Leeway)},
	}
	if o.Issuer != "" {
		a.rules = append(a.rules, jwt.WithIssuer(o.Issuer))
	}
	if o.Audience != "" {
		a.rules = append(a.rules, jwt.WithAudience(o.Audience))
	}
	return a, nil
}

// Authenticate verifies the token of the request.
func (a *jwtAuthenticator) Authenticate(r *http.Request) (*Principal, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return nil, ErrNoCredentials
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	token = strings.TrimSpace(token)
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, &Error{Reason: "send one header of the form \"Authorization: Bearer TOKEN\""}
	}

	var message jws.Message
	payload, err := jws.Verify([]byte(token), jws.WithKey(jwa.HS256(), a.secret), jws.WithCompact(), jws.WithCritValidation(true), jws.WithMessage(&message))
	if err != nil {
		return nil, &Error{Reason: "the token is malformed or its signature does not fit", Err: err}
	}
	// The signature fits, but was the algorithm that the token itself names used?
	for _, s := range message.Signatures() {
		if alg, ok := s.ProtectedHeaders().Algorithm(); !ok || alg != jwa.HS256() {
			return nil, &Error{Reason: "the token's algorithm must be HS256"}
		}
	}
	return a.principal(payload)
}

// principal checks the claims of a token whose signature was verified.
func (a *jwtAuthenticator) principal(payload []byte) (*Principal, error) {
	token := jwt.New()
	if err := json.Unmarshal(payload, token); err != nil {
		return nil, &Error{Reason: "the token's claims are malformed", Err: err}
	}
	if err := jwt.Validate(token, a.rules...); err != nil {
		return nil, &Error{Reason: reasonOf(err), Err: err}
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber() // float64 would round an id beyond 2^53
	if err := d.Decode(&claims); err != nil {
		return nil, &Error{Reason: "the token's claims are malformed", Err: err}
	}
	p := &Principal{Claims: claims}
	p.Subject, _ = token.Subject()
	if v, ok := p.Claim(a.roles); ok {
		if one, ok := v.(string); ok && one != "" {
			p.Roles = []string{one}
		} else {
			p.Roles = texts(v)
		}
	}
	if v, ok := p.Claim(a.scopes); ok {
		if joined, ok := v.(string); ok {
			p.Scopes = strings.Fields(joined)
		} else {
			p.Scopes = texts(v)
		}
	}
	return p, nil
}

// texts takes the texts of a list; other elements name no role.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// reasonOf names the rule that a token breaks, in words for its sender.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return "the token has expired: get a new one"
	case errors.Is(err, jwt.TokenNotYetValidError()):
		return "the token is not valid yet"
	case errors.Is(err, jwt.InvalidIssuedAtError()):
		return "the token was issued in the future: check the issuer's clock"
	case errors.Is(err, jwt.InvalidIssuerError()):
		return "the token is of another issuer"
	case errors.Is(err, jwt.InvalidAudienceError()):
		return "the token is for another audience"
	case errors.Is(err, jwt.MissingRequiredClaimError()):
		return "the token lacks a claim: exp is required, and iss and aud where the server asks for them"
	}
	return "the token's claims are not accepted"
}

// ReadSecretFile reads a secret: the file's raw bytes, less one trailing newline, which editors add.
func ReadSecretFile(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the secret: %w", err) // the path and the reason are in it
	}
	secret = bytes.TrimSuffix(secret, []byte{'\n'})
	if len(secret) == 0 {
		return nil, fmt.Errorf("reading the secret: %s is empty: write the secret's raw bytes into it", path)
	}
	return secret, nil
}

package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// maxTokenBytes bounds a token. Servers mostly take headers of 8 to 64 KiB in all.
const maxTokenBytes = 64 << 10

// JWTOptions says which tokens are accepted: those that one of the keys verifies. Secret, Keys and JWKS add up, so that an issuer
// can move from one to the other; one of them is required.
type JWTOptions struct {
	// Secret is the key of HS256, raw bytes, at least 32; one of 48 bytes and more is accepted for HS384 too, one of 64 and
	// more also for HS512.
	Secret []byte
	// Keys are public keys, such as [ReadPublicKeyFile] reads.
	Keys []PublicKey
	// JWKS are the keys that the issuer publishes.
	JWKS *JWKS

	Issuer   string        // what iss must be; empty: not checked
	Audience string        // what aud must contain; empty: not checked
	Leeway   time.Duration // how far the clocks of issuer and server may differ, at most 10 minutes; zero: not at all

	RolesClaim  string // path of the claim that lists the roles; default "roles"
	ScopesClaim string // path of the claim that lists the scopes, a list or one text with spaces; default "scope"

	// CacheBytes bounds the memory for tokens that were verified, which are not verified again as long as they and their key are
	// valid. Default: 16 MiB; negative: every token is verified each time.
	CacheBytes int
}

const (
	maxLeeway         = 10 * time.Minute
	defaultCacheBytes = 16 << 20
)

type jwtAuthenticator struct {
	fixed         *keySet
	remote        *JWKS
	joined        atomic.Pointer[joinedKeys]
	verified      *verifiedTokens // nil: none are kept
	roles, scopes string
	rules         []jwt.ValidateOption
}

// joinedKeys are the fixed keys and one state of the published ones.
type joinedKeys struct{ remote, all *keySet }

// NewJWT makes an Authenticator that reads a JSON Web Token from "Authorization: Bearer …" (RFC 6750, RFC 7519). The token must
// be signed by one of the keys, under an algorithm that this key is for: what the token says of itself, by alg, kid, jwk, jku,
// x5u or x5c, never makes anything acceptable, and a token with crit is refused. It must have an exp that has not passed; nbf and
// iat must not lie in the future. The principal's Subject is the claim sub.
//
// While the keys that it needs cannot be fetched, the error matches [ErrUnavailable].
func NewJWT(o JWTOptions) (Authenticator, error) {
	var errs []error
	var fixed []*key
	if len(o.Secret) > 0 || len(o.Keys) == 0 && o.JWKS == nil {
		k, err := newKey("", bytes.Clone(o.Secret), nil)
		fixed, errs = append(fixed, k), append(errs, err)
	}
	for i, p := range o.Keys {
		k, err := newPublicKey(p)
		if err != nil {
			err = fmt.Errorf("JWT key %d: %w", i+1, err)
		}
		fixed, errs = append(fixed, k), append(errs, err)
	}
	if o.Leeway < 0 || o.Leeway > maxLeeway {
		errs = append(errs, fmt.Errorf("the JWT leeway is %v, and the limits are 0 and %v: leave it out for none, and keep clocks in step", o.Leeway, maxLeeway))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a := &jwtAuthenticator{
		fixed: newKeySet(fixed...), remote: o.JWKS,
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
	if size := cmp.Or(o.CacheBytes, defaultCacheBytes); size > 0 {
		var err error
		if a.verified, err = newVerifiedTokens(size); err != nil {
			return nil, fmt.Errorf("the cache of tokens: %w", err)
		}
	}
	return a, nil
}

func newPublicKey(p PublicKey) (*key, error) {
	if _, secret := p.Key.([]byte); secret {
		return nil, errors.New("a secret is no public key: set Secret")
	}
	return newKey(p.ID, p.Key, p.Algorithms)
}

const bearerForm = `"Authorization: Bearer TOKEN"`

// Authenticate verifies the token of the request.
func (a *jwtAuthenticator) Authenticate(r *http.Request) (*Principal, error) {
	scheme, token, err := authorization(r, bearerForm)
	if err != nil {
		return nil, err
	}
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return nil, &Error{Reason: "send one header of the form " + bearerForm, OtherKind: true}
	case !likeJWT(token):
		return nil, &Error{Reason: "the token is malformed: it must have three parts joined by dots", OtherKind: true}
	case len(token) > maxTokenBytes:
		return nil, &Error{Reason: fmt.Sprintf("the token is longer than %d bytes: put less into it", maxTokenBytes)}
	}
	keys, outage := a.keys(r.Context())
	if p := a.verified.find(token, keys.all); p != nil {
		return p, nil
	}
	payload, used, err := a.verify(r.Context(), token, keys, outage)
	if err != nil {
		return nil, err
	}
	p, expires, err := a.principal(payload)
	if err != nil {
		return nil, err
	}
	a.verified.keep(token, p, used, expires)
	return p, nil
}

// keys gives the keys that may be used now. An outage hides only the published ones.
func (a *jwtAuthenticator) keys(ctx context.Context) (keys *joinedKeys, outage error) {
	if a.remote == nil {
		return &joinedKeys{all: a.fixed}, nil
	}
	remote, err := a.remote.current(ctx)
	if err != nil {
		return &joinedKeys{all: a.fixed}, err
	}
	return a.join(remote), nil
}

func (a *jwtAuthenticator) join(remote *keySet) *joinedKeys {
	j := a.joined.Load()
	if j == nil || j.remote != remote {
		j = &joinedKeys{remote, newKeySet(slices.Concat(a.fixed.keys, remote.keys)...)}
		a.joined.Store(j)
	}
	return j
}

// verify checks the signature. A token that no key verifies, and that a key published lately might, makes the published
// keys be fetched, within the limits of JWKS.
func (a *jwtAuthenticator) verify(ctx context.Context, token string, keys *joinedKeys, outage error) (payload []byte, used *key, err error) {
	payload, used, unknown, err := verifySignature(token, keys.all)
	if err == nil || !unknown || a.remote == nil {
		return payload, used, err
	}
	if outage != nil {
		return nil, nil, outage
	}
	remote, unavailable := a.remote.newer(ctx, keys.remote)
	switch {
	case unavailable != nil:
		return nil, nil, unavailable
	case remote == nil:
		return nil, nil, err
	}
	payload, used, _, err = verifySignature(token, a.join(remote).all)
	return payload, used, err
}

// verifySignature gives the payload of a token that one of the keys verifies, and that key. Where none does, unknown tells
// that the token may be of a key that is not in the set. Source: RFC 7515, section 5.2.
func verifySignature(token string, keys *keySet) (payload []byte, used *key, unknown bool, err error) {
	text := []byte(token)
	message, err := jws.Parse(text, jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return nil, nil, false, &Error{Reason: "the token is malformed", Err: err}
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if header.Has(jws.CriticalKey) { // we understand no extension, so none can be heeded; source: RFC 7515, section 4.1.11
		return nil, nil, false, &Error{Reason: "the token has a header crit, and no extension is understood"}
	}
	id, _ := header.KeyID()
	algorithm, _ := header.Algorithm()
	fitting := keys.fitting(id, algorithm.String())
	faults := make([]error, 0, len(fitting))
	for _, k := range fitting {
		payload, err := jws.Verify(text, jws.WithKey(algorithm, k.material), jws.WithCompact(), jws.WithCritValidation(true))
		if err == nil {
			return payload, k, false, nil
		}
		faults = append(faults, err)
	}
	unknown = asymmetric(algorithm.String()) && (id == "" || !keys.names(id))
	if len(fitting) > 0 {
		return nil, nil, unknown, &Error{Reason: "the token's signature does not fit", Err: errors.Join(faults...)}
	}
	return nil, nil, unknown, &Error{Reason: "no key is known for the token's kid and algorithm; accepted are " + cmp.Or(keys.algorithms(), "none at the moment")}
}

// principal checks the claims of a token whose signature was verified.
func (a *jwtAuthenticator) principal(payload []byte) (p *Principal, expires time.Time, err error) {
	token := jwt.New()
	if err := json.Unmarshal(payload, token); err != nil {
		return nil, expires, &Error{Reason: "the token's claims are malformed", Err: err}
	}
	if err := jwt.Validate(token, a.rules...); err != nil {
		return nil, expires, &Error{Reason: reasonOf(err), Err: err}
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber() // float64 would round an id beyond 2^53
	if err := d.Decode(&claims); err != nil {
		return nil, expires, &Error{Reason: "the token's claims are malformed", Err: err}
	}
	p = &Principal{Claims: claims}
	expires, _ = token.Expiration()
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
	return p, expires, nil
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

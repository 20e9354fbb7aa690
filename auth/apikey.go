package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// APIKey is a key that a program sends, and who it stands for.
type APIKey struct {
	// SHA256 is the SHA-256 of the key in hexadecimal digits: the key itself is nowhere in the server. This suffices for a
	// random key, which nobody can guess, and for no other: make one with `openssl rand -hex 32`.
	SHA256 string
	// Subject is who sends requests with the key. Required; it is the claim sub too, unless Claims have one.
	Subject string
	Roles   []string
	Scopes  []string
	Claims  map[string]any // for settings of the session, as a token's claims are
	// Expires ends the key. Default: it does not end.
	Expires time.Time
}

// apiKeyHeader is where a key may stand besides Authorization.
const apiKeyHeader = "X-Api-Key"

// maxAPIKeyBytes bounds a key that is sent.
const maxAPIKeyBytes = 1 << 10

type apiKeys struct {
	salt  [sha256.Size]byte
	by    map[[sha256.Size]byte]*apiKey // by place
	equal func(x, y []byte) int         // subtle.ConstantTimeCompare
}

type apiKey struct {
	hash      [sha256.Size]byte
	principal *Principal // what requests get is a copy
	expires   time.Time
}

// NewAPIKeys makes an Authenticator of keys. A request sends one as "X-API-Key: KEY" or, without that header, as "Authorization:
// Bearer KEY". There is no table of sessions and no limit of attempts: a key is as good as it is random.
//
// The time of an answer says nothing about the keys. The table is searched by a hash of the hash with a salt that the process
// makes for itself, so what the search compares is nothing that a client could choose or learn; then one comparison in
// constant time decides, whether a key was found or not.
func NewAPIKeys(keys []APIKey) (Authenticator, error) {
	if len(keys) == 0 {
		return nil, errors.New("there are no API keys: name at least one")
	}
	a := &apiKeys{by: make(map[[sha256.Size]byte]*apiKey, len(keys)), equal: subtle.ConstantTimeCompare}
	_, _ = rand.Read(a.salt[:]) // it never fails
	var errs []error
	for i, k := range keys {
		fault := func(text string) { errs = append(errs, fmt.Errorf("API key %d (%q): %s", i+1, k.Subject, text)) }
		hash, err := hex.DecodeString(k.SHA256)
		if k.Subject == "" {
			fault("there is no subject: say who sends it")
		}
		if err != nil || len(hash) != sha256.Size {
			fault("sha256 is not 64 hexadecimal digits: write what `printf %s KEY | sha256sum` prints")
			continue
		}
		entry := &apiKey{hash: [sha256.Size]byte(hash), expires: k.Expires}
		if entry.hash == sha256.Sum256(nil) {
			fault("sha256 is that of nothing: hash the key without losing it on the way")
		}
		at := a.place(entry.hash)
		if a.by[at] != nil {
			fault("the same key stands there twice: give each subject its own")
		}
		p := (&Principal{Subject: k.Subject, Roles: k.Roles, Scopes: k.Scopes, Claims: maps.Clone(k.Claims)}).Clone()
		if p.Claims == nil {
			p.Claims = map[string]any{}
		}
		if _, ok := p.Claims["sub"]; !ok {
			p.Claims["sub"] = k.Subject
		}
		entry.principal = p
		a.by[at] = entry
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return a, nil
}

// place is where a key of this hash stands in the table.
func (a *apiKeys) place(hash [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat(a.salt[:], hash[:]))
}

// Authenticate finds who sends the request's key.
func (a *apiKeys) Authenticate(r *http.Request) (*Principal, error) {
	sent, other, err := sentAPIKey(r)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(sent))
	found := a.by[a.place(hash)]
	if found == nil {
		found = &apiKey{} // compared all the same; no principal
	}
	switch same := a.equal(found.hash[:], hash[:]); {
	case same != 1 || found.principal == nil:
		return nil, &Error{Reason: "the API key is not known", OtherKind: other}
	case !found.expires.IsZero() && !time.Now().Before(found.expires):
		return nil, &Error{Reason: "the API key has expired: get a new one"}
	}
	return found.principal.Clone(), nil
}

// sentAPIKey takes the key out of a request. other tells that what is no key of ours may be a token.
func sentAPIKey(r *http.Request) (key string, other bool, err error) {
	const form = `"X-API-Key: KEY" or "Authorization: Bearer KEY"`
	switch values := r.Header[apiKeyHeader]; {
	case len(values) > 1:
		return "", false, &Error{Reason: "there are several headers X-API-Key: send one"}
	case len(values) == 1:
		key = strings.TrimSpace(values[0])
	default:
		scheme, credentials, err := authorization(r, form)
		if err != nil {
			return "", false, err
		}
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false, &Error{Reason: "send one header of the form " + form, OtherKind: true}
		}
		key, other = credentials, likeJWT(credentials)
	}
	switch {
	case key == "":
		return "", false, &Error{Reason: "the header X-API-Key is empty: send one of the form " + form}
	case len(key) > maxAPIKeyBytes:
		return "", false, &Error{Reason: fmt.Sprintf("the API key is longer than %d bytes", maxAPIKeyBytes), OtherKind: other}
	}
	return key, other, nil
}

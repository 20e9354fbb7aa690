package auth

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// InsecureDevAuth is one user name and password for all, by HTTP Basic. It is made for development: no accounts, no
// limit of attempts, no expiry. With an empty Password nobody is let in.
type InsecureDevAuth struct {
	Username string // default "admin"
	Password string
}

// Authenticate checks the user name and the password in constant time.
func (a InsecureDevAuth) Authenticate(r *http.Request) (*Principal, error) {
	const form = `"Authorization: Basic …"`
	scheme, _, err := authorization(r, form)
	if err != nil {
		return nil, err
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return nil, &Error{Reason: "send a user name and a password by HTTP Basic", OtherKind: !strings.EqualFold(scheme, "Basic")}
	}
	want := cmp.Or(a.Username, "admin")
	if sameText(name, want)&sameText(password, a.Password) != 1 || a.Password == "" {
		return nil, &Error{Reason: "the user name or the password is wrong"}
	}
	return &Principal{Subject: want, Claims: map[string]any{"sub": want}}, nil
}

// Challenge asks a browser for a name and a password.
func (InsecureDevAuth) Challenge() string {
	return `Basic realm="fraiseql development", charset="UTF-8"`
}

// sameText compares in a time that depends on neither text, their lengths included.
func sameText(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

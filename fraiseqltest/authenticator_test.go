package fraiseqltest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/fraiseqltest"
)

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func token(t *testing.T, algorithm jwa.SignatureAlgorithm, key any, lasts time.Duration) func(*http.Request) {
	t.Helper()
	made, err := jwt.NewBuilder().Subject("ada").Expiration(time.Now().Add(lasts)).Claim("roles", []string{"reader"}).Claim("tenant", map[string]any{"ids": []int{1}}).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(made, jwt.WithKey(algorithm, key))
	if err != nil {
		t.Fatal(err)
	}
	return header("Authorization", "Bearer "+string(signed))
}

const apiKey = "3f1b8a52c07d4e6699aabbccddeeff00112233445566778899aabbccddeeff00"

// own are the authenticators of package auth.
func own(t *testing.T) map[string]fraiseqltest.AuthenticatorTest {
	t.Helper()
	secret := []byte("0123456789abcdef0123456789abcdef")
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jwk.Import(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{public}})
	}))
	t.Cleanup(issuer.Close)
	keys, err := auth.NewJWKS(auth.JWKSOptions{URL: issuer.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close(t.Context()) })
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	bySecret, err := auth.NewJWT(auth.JWTOptions{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	uncached, err := auth.NewJWT(auth.JWTOptions{Secret: secret, CacheBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	byIssuer, err := auth.NewJWT(auth.JWTOptions{JWKS: keys})
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(apiKey))
	byKey, err := auth.NewAPIKeys([]auth.APIKey{{SHA256: hex.EncodeToString(hash[:]), Subject: "robot", Roles: []string{"r"}, Claims: map[string]any{"tenant": map[string]any{"id": "x"}}}})
	if err != nil {
		t.Fatal(err)
	}
	password := auth.InsecureDevAuth{Password: "correct horse"}
	good, expired, foreign := token(t, jwa.HS256(), secret, time.Hour), token(t, jwa.HS256(), secret, -time.Hour), token(t, jwa.HS256(), []byte(strings.Repeat("x", 32)), time.Hour)
	badTokens := map[string]func(*http.Request){"expired": expired, "of another key": foreign, "another scheme": header("Authorization", "Digest "+apiKey), "no token": header("Authorization", "Bearer")}
	badKeys := map[string]func(*http.Request){"unknown": header("X-API-Key", "not "+apiKey), "empty": header("X-API-Key", ""), "as a token": header("Authorization", "Bearer x"+apiKey)}
	badPasswords := map[string]func(*http.Request){
		"wrong":    func(r *http.Request) { r.SetBasicAuth("admin", "wrong battery") },
		"nobody's": func(r *http.Request) { r.SetBasicAuth("nobody", "correct horse") },
	}
	goodPassword := func(r *http.Request) { r.SetBasicAuth("admin", "correct horse") }
	goodKey := header("X-API-Key", apiKey)
	return map[string]fraiseqltest.AuthenticatorTest{
		"secret":                {Authenticator: bySecret, Good: good, Subject: "ada", Bad: badTokens},
		"secret, nothing kept":  {Authenticator: uncached, Good: good, Subject: "ada", Bad: badTokens},
		"issuer":                {Authenticator: byIssuer, Good: token(t, jwa.RS256(), private, time.Hour), Subject: "ada", Bad: badTokens},
		"API key":               {Authenticator: byKey, Good: goodKey, Subject: "robot", Bad: badKeys},
		"API key as a token":    {Authenticator: byKey, Good: header("Authorization", "Bearer "+apiKey), Subject: "robot", Bad: badKeys},
		"password":              {Authenticator: password, Good: goodPassword, Subject: "admin", Bad: badPasswords},
		"first: tokens":         {Authenticator: auth.First(bySecret, byKey, password), Good: good, Subject: "ada", Bad: badTokens},
		"first: keys":           {Authenticator: auth.First(bySecret, byKey, password), Good: goodKey, Subject: "robot", Bad: badKeys},
		"first: passwords":      {Authenticator: auth.First(bySecret, byKey, password), Good: goodPassword, Subject: "admin", Bad: badPasswords},
		"first, the other way":  {Authenticator: auth.First(password, byKey, bySecret), Good: good, Subject: "ada", Bad: badTokens},
		"a user's, in a cookie": {Authenticator: newSessions(), Good: cookie("good-session-0001"), Subject: "eve", Bad: map[string]func(*http.Request){"unknown": cookie("other-session-01")}},
	}
}

func TestOwnAuthenticators(t *testing.T) {
	t.Parallel()
	for name, c := range own(t) {
		t.Run(name, func(t *testing.T) { fraiseqltest.TestAuthenticator(t, c) })
	}
}

// sessions is an authenticator such as a user writes.
type sessions struct {
	mu sync.Mutex // guards by
	by map[string]*auth.Principal
}

func newSessions() *sessions {
	return &sessions{by: map[string]*auth.Principal{"good-session-0001": {Subject: "eve", Roles: []string{"r"}, Claims: map[string]any{"a": []any{"b"}}}}}
}

func cookie(value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: value}) }
}

func (s *sessions) Authenticate(r *http.Request) (*auth.Principal, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return nil, auth.ErrNoCredentials
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.by[c.Value]
	if p == nil {
		return nil, &auth.Error{Reason: "the session has ended: sign in"}
	}
	return p.Clone(), nil
}

// broken wraps a sound authenticator.
type broken struct {
	auth.Authenticator
	change    func(a auth.Authenticator, r *http.Request) (*auth.Principal, error)
	challenge string
}

func (b *broken) Authenticate(r *http.Request) (*auth.Principal, error) {
	return b.change(b.Authenticator, r)
}

func (b *broken) Challenge() string {
	if b.challenge != "" {
		return b.challenge
	}
	return "Key"
}

// The kit finds what is wrong, and says so.
func TestBrokenAuthenticators(t *testing.T) {
	t.Parallel()
	sound := own(t)["API key"]
	shared := &auth.Principal{Subject: "robot", Roles: []string{"r"}}
	type change = func(a auth.Authenticator, r *http.Request) (*auth.Principal, error)
	on := func(which error, p *auth.Principal, instead error) change {
		return func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			found, err := a.Authenticate(r)
			if errors.Is(err, which) {
				return p, instead
			}
			return found, err
		}
	}
	counter, inner := 0, map[string]any{"id": "x"}
	for name, c := range map[string]struct {
		change    change
		challenge string
		want      string
	}{
		"lets everybody in": {func(auth.Authenticator, *http.Request) (*auth.Principal, error) {
			return &auth.Principal{Subject: "robot"}, nil
		}, "", "without credentials gives <nil>"},
		"lets nobody in":  {func(auth.Authenticator, *http.Request) (*auth.Principal, error) { return nil, auth.ErrInvalid }, "", "the good credentials are refused"},
		"somebody else":   {func(auth.Authenticator, *http.Request) (*auth.Principal, error) { return &auth.Principal{}, nil }, "", `are those of "", and should be those of "robot"`},
		"bad is none":     {on(auth.ErrInvalid, nil, auth.ErrNoCredentials), "", "bad credentials give no credentials"},
		"none is bad":     {on(auth.ErrNoCredentials, nil, auth.ErrInvalid), "", "should give auth.ErrNoCredentials"},
		"bad is a fault":  {on(auth.ErrInvalid, nil, errors.New("EOF")), "", "bad credentials give EOF"},
		"a principal too": {on(auth.ErrInvalid, &auth.Principal{}, auth.ErrInvalid), "", "a principal beside the error"},
		"nothing at all":  {on(auth.ErrInvalid, nil, nil), "", "neither a principal nor an error"},
		"reads the body": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return a.Authenticate(r)
		}, "", "the body is read"},
		"reads a form": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			_ = r.FormValue("token")
			return a.Authenticate(r)
		}, "", "read as a form"},
		"replaces the body": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			r.Body = http.NoBody
			return a.Authenticate(r)
		}, "", "the body is replaced"},
		"takes the header away": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			p, err := a.Authenticate(r)
			r.Header.Del("X-API-Key")
			return p, err
		}, "", "headers are changed"},
		"rewrites the path": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			r.URL.Path = "/"
			return a.Authenticate(r)
		}, "", "the request is changed"},
		"tells the key": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			p, err := a.Authenticate(r)
			if errors.Is(err, auth.ErrInvalid) {
				err = fmt.Errorf("%w: %s", err, r.Header.Get("X-API-Key"))
			}
			return p, err
		}, "", "the error repeats a part of the credentials"},
		"tells the client the key": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			p, err := a.Authenticate(r)
			if errors.Is(err, auth.ErrInvalid) {
				err = &auth.Error{Reason: "no such key: " + r.Header.Get("X-API-Key")}
			}
			return p, err
		}, "", "the reason repeats"},
		"shares the principal": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if _, err := a.Authenticate(r); err != nil {
				return nil, err
			}
			return shared, nil
		}, "", "reaches another's"},
		"shares what is inside": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			p, err := a.Authenticate(r)
			if err == nil {
				p.Claims = map[string]any{"tenant": inner}
			}
			return p, err
		}, "", "reaches another's"},
		"a prefix will do": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if v := r.Header.Get("X-API-Key"); len(v) > 8 && strings.HasPrefix(apiKey, v) {
				return &auth.Principal{Subject: "robot"}, nil
			}
			return a.Authenticate(r)
		}, "", "without its second half: it is accepted"},
		"the first letters will do": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if v := r.Header.Get("X-API-Key"); len(v) == len(apiKey) && v[:8] == apiKey[:8] {
				return &auth.Principal{Subject: "robot"}, nil
			}
			return a.Authenticate(r)
		}, "", "another letter in its middle: it is accepted"},
		"panics at odd values": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if strings.Contains(r.Header.Get("X-API-Key"), "\x00") {
				panic("zero byte")
			}
			return a.Authenticate(r)
		}, "", "it panicked: zero byte"},
		"fails at long values": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if len(r.Header.Get("X-API-Key")) > 10_000 {
				return nil, errors.New("value too long for type character varying(255)")
			}
			return a.Authenticate(r)
		}, "", "with a megabyte: it gives value too long"},
		"blames the client that left": {func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
			if r.Context().Err() != nil {
				return nil, fmt.Errorf("%w: %w", auth.ErrInvalid, r.Context().Err())
			}
			return a.Authenticate(r)
		}, "", "of a client that left give invalid credentials"},
		"no scheme":        {auth.Authenticator.Authenticate, `"x"`, "not fit for WWW-Authenticate"},
		"lines":            {auth.Authenticator.Authenticate, "Key realm=\"a\"\r\nX: 1", "not fit for WWW-Authenticate"},
		"a quote too many": {auth.Authenticator.Authenticate, `Key realm="a`, "not fit for WWW-Authenticate"},
		"mixes requests up": {func() change {
			var mu sync.Mutex
			return func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
				mu.Lock()
				defer mu.Unlock()
				if counter++; counter > 150 && r.Header.Get("X-API-Key") == "" && r.Header.Get("Authorization") == "" {
					return &auth.Principal{Subject: "robot"}, nil
				}
				return a.Authenticate(r)
			}
		}(), "", "of many at once, one without credentials gets <nil>"},
	} {
		c2 := sound
		c2.Authenticator = &broken{sound.Authenticator, c.change, c.challenge}
		if err := fraiseqltest.CheckAuthenticator(c2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	tokens := own(t)["secret"]
	tokens.Authenticator = &broken{Authenticator: tokens.Authenticator, change: func(a auth.Authenticator, r *http.Request) (*auth.Principal, error) {
		r = r.Clone(r.Context())
		if v := r.Header.Get("Authorization"); v != "" {
			r.Header.Set("Authorization", v)
		}
		return a.Authenticate(r)
	}}
	if err := fraiseqltest.CheckAuthenticator(tokens); err == nil || !strings.Contains(err.Error(), "a second header Authorization, which is bad: it is accepted") {
		t.Errorf("takes the first of two: %v", err)
	}
	if err := fraiseqltest.CheckAuthenticator(fraiseqltest.AuthenticatorTest{}); err == nil || !strings.Contains(err.Error(), "needs an Authenticator") {
		t.Errorf("nothing to test: %v", err)
	}
}

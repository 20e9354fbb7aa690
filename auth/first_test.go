package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
)

type down struct{}

func (down) Authenticate(r *http.Request) (*auth.Principal, error) {
	if r.Header.Get("X-Session") == "" {
		return nil, auth.ErrNoCredentials
	}
	return nil, errors.New("the session store is down")
}

func (down) Challenge() string { return `Session realm="x"` }

func TestFirst(t *testing.T) {
	t.Parallel()
	tokens := makeJWT(t, auth.JWTOptions{Secret: []byte(secret)})
	keys := makeKeys(t, auth.APIKey{SHA256: hashOf("key"), Subject: "program"}, auth.APIKey{SHA256: hashOf("a.b.c"), Subject: "dotted"})
	password := auth.InsecureDevAuth{Password: "p"}
	good, bad := "Bearer "+sign(hs256, payload("ada"), secret), "Bearer "+sign(hs256, payload("ada"), strings.Repeat("x", 32))
	const basic, wrong = "Basic YWRtaW46cA==", "Basic YWRtaW46cQ=="
	for order, all := range map[string]auth.Authenticator{
		"tokens first": auth.First(tokens, keys, password, down{}), "keys first": auth.First(keys, down{}, tokens, password),
		"nested": auth.First(down{}, auth.First(keys, tokens), auth.First(password)), "passwords first": auth.First(password, tokens, down{}, keys),
	} {
		for name, c := range map[string]struct {
			header []string
			want   string // the subject, or a part of the error
		}{
			"a token":                        {[]string{"Authorization", good}, "ada"},
			"a key":                          {[]string{"X-API-Key", "key"}, "program"},
			"a key as a bearer token":        {[]string{"Authorization", "Bearer key"}, "program"},
			"a password":                     {[]string{"Authorization", basic}, "admin"},
			"a bad token":                    {[]string{"Authorization", bad}, "signature does not fit"},
			"a bad key":                      {[]string{"X-API-Key", "x"}, "not known"},
			"a bad key as a bearer token":    {[]string{"Authorization", "Bearer x"}, "invalid credentials"},
			"a bad password":                 {[]string{"Authorization", wrong}, "password is wrong"},
			"nobody's":                       {[]string{"Authorization", "Digest x"}, "invalid credentials"},
			"two tokens":                     {[]string{"Authorization", good, "Authorization", good}, "several headers"},
			"two headers of two kinds":       {[]string{"Authorization", good, "Authorization", basic}, "several headers"},
			"nothing":                        {nil, "no credentials"},
			"it is down":                     {[]string{"X-Session", "x"}, "store is down"},
			"down, and unread credentials":   {[]string{"X-Session", "x", "Authorization", "Digest x"}, "store is down"},
			"an empty header":                {[]string{"Authorization", ""}, "says nothing"},
			"a scheme alone":                 {[]string{"Authorization", "Bearer"}, "says nothing"},
			"a key and unread Authorization": {[]string{"X-API-Key", "key", "Authorization", "Digest x"}, "program"},
		} {
			p, err := ask(all, c.header...)
			if err == nil && p.Subject != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: got %+v, %v; want %s", order, name, p, err, c.want)
			}
			if err != nil && (name == "nothing") != errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("%s, %s: %v", order, name, err)
			}
		}
	}
	// The order decides where a request has good credentials of two kinds, and bad ones of the first are never made good.
	if p, err := ask(auth.First(tokens, keys), "X-API-Key", "key", "Authorization", good); err != nil || p.Subject != "ada" {
		t.Errorf("got %+v, %v", p, err)
	}
	if p, err := ask(auth.First(keys, tokens), "X-API-Key", "key", "Authorization", good); err != nil || p.Subject != "program" {
		t.Errorf("got %+v, %v", p, err)
	}
	if p, err := ask(auth.First(tokens, keys), "X-API-Key", "key", "Authorization", bad); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := ask(auth.First(nil, keys), "X-API-Key", "key"); err == nil || errors.Is(err, auth.ErrInvalid) || !strings.Contains(err.Error(), "nil as authenticator 1") {
		t.Errorf("nil: %v", err)
	}
	if _, err := ask(auth.First()); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("nobody: %v", err)
	}
}

func TestFirstChallenges(t *testing.T) {
	t.Parallel()
	tokens := makeJWT(t, auth.JWTOptions{Secret: []byte(secret)})
	keys := makeKeys(t, auth.APIKey{SHA256: hashOf("key"), Subject: "program"})
	all := auth.First(tokens, keys, auth.InsecureDevAuth{Password: "p"}, auth.First(down{}))
	const basic, session = `Basic realm="fraiseql development", charset="UTF-8"`, `Session realm="x"`
	for name, c := range map[string]struct {
		header []string
		want   string
	}{
		"nothing":        {nil, "Bearer, " + basic + ", " + session},
		"a bad token":    {[]string{"Authorization", "Bearer " + sign(hs256, `{"exp":1}`, secret)}, `Bearer error="invalid_token", error_description="the token has expired: get a new one", ` + basic + ", " + session},
		"a bad key":      {[]string{"X-API-Key", "x"}, `Bearer error="invalid_token", error_description="the API key is not known", ` + basic + ", " + session},
		"a bad password": {[]string{"Authorization", "Basic YWRtaW46cQ=="}, basic + ", Bearer, " + session},
	} {
		_, err := ask(all, c.header...)
		if got := auth.ChallengeFor(all, err); got != c.want {
			t.Errorf("%s: got %s\nwant %s", name, got, c.want)
		}
	}
}

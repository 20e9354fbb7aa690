package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
)

func TestContext(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	if p := auth.FromContext(ctx); p == nil || !p.IsAnonymous() {
		t.Errorf("without a principal: %+v", p)
	}
	if p := auth.FromContext(auth.NewContext(ctx, nil)); p == nil || !p.IsAnonymous() {
		t.Errorf("nil: %+v", p)
	}
	type (
		key      struct{}
		otherKey struct{}
	)
	ada := &auth.Principal{Subject: "ada"}
	inner := context.WithValue(auth.NewContext(context.WithValue(ctx, key{}, "kept"), ada), otherKey{}, 1)
	if auth.FromContext(inner) != ada || inner.Value(key{}) != "kept" || ada.IsAnonymous() {
		t.Error("the principal or another value is lost")
	}
}

func TestAnonymousIsNotShared(t *testing.T) {
	t.Parallel()
	auth.Anonymous().Roles = []string{"admin"}
	if auth.Anonymous().Has("admin") || auth.FromContext(context.Background()).Has("admin") {
		t.Error("a change to one anonymous principal reached another one")
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	p := &auth.Principal{Roles: []string{"admin"}, Scopes: []string{"posts:write"}}
	for name, want := range map[string]bool{"admin": true, "posts:write": true, "Admin": false, "": false} {
		if p.Has(name) != want {
			t.Errorf("Has(%q) = %v", name, !want)
		}
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	p := &auth.Principal{Claims: map[string]any{
		"sub":                      "ada",
		"realm_access":             map[string]any{"roles": []any{"a"}, "deep": map[string]any{"x.y": 1}},
		"https://example.com/team": map[string]any{"id": "t1"},
		"a.b":                      "whole name",
		"a":                        map[string]any{"b": "nested", "c": nil},
	}}
	for path, want := range map[string]string{
		"sub": "ada true", "realm_access.roles": "[a] true", "realm_access.deep.x.y": "1 true",
		"https://example.com/team.id": "t1 true", "a.b": "whole name true", "a.c": "<nil> true",
		"a.d": "<nil> false", "sub.x": "<nil> false", "": "<nil> false", ".": "<nil> false", "realm_access..roles": "<nil> false",
	} {
		v, ok := p.Claim(path)
		if got := fmt.Sprintf("%v %v", v, ok); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}

type plain struct{}

func (plain) Authenticate(*http.Request) (*auth.Principal, error) { return nil, auth.ErrNoCredentials }

func TestChallengeFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a    auth.Authenticator
		err  error
		want string
	}{
		"none sent":    {plain{}, auth.ErrNoCredentials, "Bearer"},
		"bad":          {plain{}, fmt.Errorf("x: %w", auth.ErrInvalid), `Bearer error="invalid_token"`},
		"bad, told":    {plain{}, &auth.Error{Reason: "say \"please\"\n\\é"}, `Bearer error="invalid_token", error_description="say 'please'?'?"`},
		"its own":      {auth.InsecureDevAuth{}, auth.ErrNoCredentials, `Basic realm="fraiseql development", charset="UTF-8"`},
		"not the user": {plain{}, errors.New("down"), "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := auth.ChallengeFor(c.a, c.err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestInsecureDevAuth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a              auth.InsecureDevAuth
		user, password string
		ok             bool
	}{
		"right":                 {auth.InsecureDevAuth{Username: "ada", Password: "p"}, "ada", "p", true},
		"default name":          {auth.InsecureDevAuth{Password: "p"}, "admin", "p", true},
		"wrong name":            {auth.InsecureDevAuth{Password: "p"}, "Admin", "p", false},
		"wrong password":        {auth.InsecureDevAuth{Password: "p"}, "admin", "pp", false},
		"no password set":       {auth.InsecureDevAuth{}, "admin", "", false},
		"a colon and an ümlaut": {auth.InsecureDevAuth{Password: "p:ü"}, "admin", "p:ü", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
			r.SetBasicAuth(c.user, c.password)
			p, err := c.a.Authenticate(r)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, auth.ErrInvalid) {
				t.Fatalf("error %v", err)
			}
			if c.ok && p.Subject != c.user {
				t.Errorf("subject %q", p.Subject)
			}
		})
	}
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	if _, err := (auth.InsecureDevAuth{Password: "p"}).Authenticate(r); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("nothing sent: %v", err)
	}
	r.Header.Set("Authorization", "Bearer x")
	if _, err := (auth.InsecureDevAuth{Password: "p"}).Authenticate(r); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("another scheme: %v", err)
	}
}

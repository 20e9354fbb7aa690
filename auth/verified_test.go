package auth_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

func TestVerifiedTokensAreKept(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{0: 1, 1 << 20: 1, -1: -1, 100: 0} {
		a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret), CacheBytes: size})
		for range 3 {
			accepted(t, "a token", a, sign(hs256, payload("ada"), secret))
		}
		refused(t, "another key", a, sign(hs256, payload("ada"), strings.Repeat("x", 32)), auth.ErrInvalid)
		refused(t, "another issuer's words", a, "a.b.c", auth.ErrInvalid)
		refused(t, "expired", a, sign(hs256, fmt.Sprintf(`{"exp":%d}`, at(-time.Second)), secret), auth.ErrInvalid)
		if n := auth.TokensKept(a); n != want {
			t.Errorf("of %d bytes: %d tokens are kept, want %d", size, n, want)
		}
	}
}

func TestVerifiedTokensAreBounded(t *testing.T) {
	t.Parallel()
	a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret), CacheBytes: 64 << 10})
	for n := range 1000 {
		accepted(t, "a token", a, sign(hs256, fmt.Sprintf(`{"sub":"ada","n":%d,"exp":%d}`, n, at(time.Hour)), secret))
	}
	// An entry is about 512 bytes and four times a token of some 130.
	if n := auth.TokensKept(a); n < 10 || n > 64<<10/512 {
		t.Errorf("%d tokens are kept", n)
	}
}

// A token that is kept ends when it ends, not when the cache forgets it.
func TestVerifiedTokensEnd(t *testing.T) {
	t.Parallel()
	for _, leeway := range []time.Duration{0, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret), Leeway: leeway})
			token := sign(hs256, payload("ada"), secret)
			accepted(t, "new", a, token)
			time.Sleep(time.Hour + leeway - time.Second)
			accepted(t, "the last second", a, token)
			time.Sleep(time.Second)
			for range 2 {
				refused(t, "ended", a, token, auth.ErrInvalid)
			}
			if n := auth.TokensKept(a); n != 0 {
				t.Errorf("%d tokens are kept", n)
			}
		})
	}
}

// What one request does to its principal, no other one sees.
func TestPrincipalsAreNotShared(t *testing.T) {
	t.Parallel()
	a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret)})
	token := sign(hs256, fmt.Sprintf(`{"sub":"ada","roles":["a"],"scope":"s","tenant":{"id":"t","list":[{"x":1}]},"exp":%d}`, at(time.Hour)), secret)
	var want *auth.Principal
	for n := range 4 { // the first is made, the others are kept ones
		p, err := bearer(a, token)
		if n == 0 && err == nil {
			want = p.Clone()
		}
		if err != nil || !reflect.DeepEqual(p, want) {
			t.Fatalf("got %+v, %v", p, err)
		}
		p.Subject, p.Roles[0], p.Scopes[0], p.Claims["sub"] = "root", "admin", "all", "root"
		tenant := p.Claims["tenant"].(map[string]any)
		tenant["list"].([]any)[0].(map[string]any)["x"] = 2
		tenant["id"] = "other"
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	for _, p := range []*auth.Principal{
		{}, {Subject: "a", Roles: []string{"r"}, Scopes: []string{}, Claims: map[string]any{"l": []string{"x"}, "n": nil, "m": map[string]any{}}},
	} {
		if c := p.Clone(); !reflect.DeepEqual(c, p) {
			t.Errorf("got %+v, want %+v", c, p)
		}
	}
}

func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret)})
	big := func(n int) string {
		return sign(hs256, fmt.Sprintf(`{"sub":"ada","x":%q,"exp":%d}`, strings.Repeat("x", n), at(time.Hour)), secret)
	}
	accepted(t, "40 KB", a, big(40_000))
	_, err := bearer(a, big(50_000))
	var e *auth.Error
	if !errors.As(err, &e) || !strings.Contains(e.Reason, "longer than 65536 bytes") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkJWT(b *testing.B) {
	for name, size := range map[string]int{"kept": 0, "verified": -1} {
		for _, pair := range []string{"secret", "rsa", "p256"} {
			b.Run(pair+"/"+name, func(b *testing.B) {
				o := auth.JWTOptions{CacheBytes: size}
				var token string
				text := fmt.Sprintf(`{"sub":"ada","roles":["reader"],"tenant":{"id":"red"},"iss":"https://id.example.com","aud":"shop","exp":%d}`, at(time.Hour))
				switch pair {
				case "secret":
					o.Secret, token = []byte(secret), sign(hs256, text, secret)
				default:
					o.Keys = []auth.PublicKey{{Key: pairs()[pair].Public()}}
					token = signAs(b, map[string]string{"rsa": "RS256", "p256": "ES256"}[pair], pairs()[pair], nil, text)
				}
				a, err := auth.NewJWT(o)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := bearer(a, token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

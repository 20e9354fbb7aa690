package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

const secret = "0123456789abcdef0123456789abcdef"

// sign makes a token by hand, so that headers which no library writes can be tried too.
func sign(header, payload, key string) string {
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return text + "." + enc.EncodeToString(mac.Sum(nil))
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

func at(d time.Duration) int64 { return time.Now().Add(d).Unix() }

func authenticate(t *testing.T, o auth.JWTOptions, headers ...string) (*auth.Principal, error) {
	t.Helper()
	o.Secret = []byte(secret)
	a, err := auth.NewJWT(o)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	for _, h := range headers {
		r.Header.Add("Authorization", h)
	}
	return a.Authenticate(r)
}

func TestJWTAccepts(t *testing.T) {
	t.Parallel()
	valid := fmt.Sprintf(`"sub":"ada","exp":%d`, at(time.Hour))
	for name, c := range map[string]struct {
		o       auth.JWTOptions
		payload string
		header  string
		roles   []string
		scopes  []string
	}{
		"plain":                   {auth.JWTOptions{}, `{` + valid + `}`, "", nil, nil},
		"scheme in lower case":    {auth.JWTOptions{}, `{` + valid + `}`, "bearer ", nil, nil},
		"issuer and audience":     {auth.JWTOptions{Issuer: "me", Audience: "api"}, `{"iss":"me","aud":["x","api"],` + valid + `}`, "", nil, nil},
		"audience as a text":      {auth.JWTOptions{Audience: "api"}, `{"aud":"api",` + valid + `}`, "", nil, nil},
		"expired within leeway":   {auth.JWTOptions{Leeway: time.Minute}, fmt.Sprintf(`{"sub":"ada","exp":%d}`, at(-30*time.Second)), "", nil, nil},
		"early within leeway":     {auth.JWTOptions{Leeway: time.Minute}, fmt.Sprintf(`{"nbf":%d,%s}`, at(30*time.Second), valid), "", nil, nil},
		"exp with a fraction":     {auth.JWTOptions{}, fmt.Sprintf(`{"sub":"ada","exp":%d.5}`, at(time.Hour)), "", nil, nil},
		"roles and scopes":        {auth.JWTOptions{}, `{"roles":["a","b",1,""],"scope":"s1  s2",` + valid + `}`, "", []string{"a", "b"}, []string{"s1", "s2"}},
		"one role, scopes a list": {auth.JWTOptions{}, `{"roles":"a b","scope":["s1"],` + valid + `}`, "", []string{"a b"}, []string{"s1"}},
		"roles elsewhere":         {auth.JWTOptions{RolesClaim: "realm_access.roles", ScopesClaim: "scp"}, `{"realm_access":{"roles":["a"]},"scp":"s","roles":["no"],` + valid + `}`, "", []string{"a"}, []string{"s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scheme := c.header
			if scheme == "" {
				scheme = "Bearer "
			}
			p, err := authenticate(t, c.o, scheme+sign(hs256, c.payload, secret))
			if err != nil {
				t.Fatal(err)
			}
			if p.Subject != "ada" || !slices.Equal(p.Roles, c.roles) || !slices.Equal(p.Scopes, c.scopes) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestJWTRefuses(t *testing.T) {
	t.Parallel()
	exp := fmt.Sprintf(`"exp":%d`, at(time.Hour))
	valid := sign(hs256, `{`+exp+`}`, secret)
	parts := strings.Split(valid, ".")
	for name, c := range map[string]struct {
		o       auth.JWTOptions
		headers []string
		reason  string
	}{
		"another scheme":     {auth.JWTOptions{}, []string{"Basic YTpi"}, "Authorization: Bearer"},
		"no token":           {auth.JWTOptions{}, []string{"Bearer "}, "Authorization: Bearer"},
		"two headers":        {auth.JWTOptions{}, []string{"Bearer " + valid, "Bearer " + valid}, "one header"},
		"garbage":            {auth.JWTOptions{}, []string{"Bearer a.b"}, "malformed"},
		"JSON serialization": {auth.JWTOptions{}, []string{`Bearer {"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`}, "malformed"},
		"another key":        {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, `{`+exp+`}`, strings.Repeat("x", 32))}, "signature"},
		"changed payload":    {auth.JWTOptions{}, []string{"Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root",`+exp+`}`)) + "." + parts[2]}, "signature"},
		"alg none, unsigned": {auth.JWTOptions{}, []string{"Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."}, "algorithm; accepted are HS256"},
		"alg none, signed":   {auth.JWTOptions{}, []string{"Bearer " + sign(`{"alg":"none"}`, `{`+exp+`}`, secret)}, ""},
		"alg HS512":          {auth.JWTOptions{}, []string{"Bearer " + sign(`{"alg":"HS512"}`, `{`+exp+`}`, secret)}, ""},
		"alg RS256":          {auth.JWTOptions{}, []string{"Bearer " + sign(`{"alg":"RS256"}`, `{`+exp+`}`, secret)}, ""},
		"no alg":             {auth.JWTOptions{}, []string{"Bearer " + sign(`{"typ":"JWT"}`, `{`+exp+`}`, secret)}, ""},
		"unknown crit":       {auth.JWTOptions{}, []string{"Bearer " + sign(`{"alg":"HS256","crit":["x"],"x":1}`, `{`+exp+`}`, secret)}, "crit"},
		"no exp":             {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, `{"sub":"ada"}`, secret)}, "exp is required"},
		"expired":            {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, fmt.Sprintf(`{"exp":%d}`, at(-time.Minute)), secret)}, "expired"},
		"expired, leeway":    {auth.JWTOptions{Leeway: 30 * time.Second}, []string{"Bearer " + sign(hs256, fmt.Sprintf(`{"exp":%d}`, at(-time.Minute)), secret)}, "expired"},
		"too early":          {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, fmt.Sprintf(`{"nbf":%d,%s}`, at(time.Minute), exp), secret)}, "not valid yet"},
		"issued in future":   {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, fmt.Sprintf(`{"iat":%d,%s}`, at(time.Minute), exp), secret)}, "clock"},
		"another issuer":     {auth.JWTOptions{Issuer: "me"}, []string{"Bearer " + sign(hs256, `{"iss":"you",`+exp+`}`, secret)}, "another issuer"},
		"no issuer":          {auth.JWTOptions{Issuer: "me"}, []string{"Bearer " + valid}, "iss"},
		"another audience":   {auth.JWTOptions{Audience: "api"}, []string{"Bearer " + sign(hs256, `{"aud":"web",`+exp+`}`, secret)}, "audience"},
		"no audience":        {auth.JWTOptions{Audience: "api"}, []string{"Bearer " + valid}, "aud"},
		"claims are a list":  {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, `[1]`, secret)}, "malformed"},
		"claims are a token": {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, valid, secret)}, "malformed"},
		"exp is a word":      {auth.JWTOptions{}, []string{"Bearer " + sign(hs256, `{"exp":"soon"}`, secret)}, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := authenticate(t, c.o, c.headers...)
			var e *auth.Error
			if p != nil || !errors.As(err, &e) || !errors.Is(err, auth.ErrInvalid) || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	if _, err := authenticate(t, auth.JWTOptions{}); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("nothing sent: %v", err)
	}
}

func TestJWTKeepsNumbersExact(t *testing.T) {
	t.Parallel()
	p, err := authenticate(t, auth.JWTOptions{}, "Bearer "+sign(hs256, fmt.Sprintf(`{"tenant":9007199254740993,"exp":%d}`, at(time.Hour)), secret))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := p.Claim("tenant"); v != json.Number("9007199254740993") {
		t.Errorf("got %v", v)
	}
}

func TestNewJWTRefuses(t *testing.T) {
	t.Parallel()
	_, err := auth.NewJWT(auth.JWTOptions{Secret: []byte("short"), Leeway: -time.Second})
	if err == nil || !strings.Contains(err.Error(), "5 bytes") || !strings.Contains(err.Error(), "at least 32") || !strings.Contains(err.Error(), "leeway is -1s") {
		t.Errorf("got %v", err)
	}
}

func TestNewJWTKeepsItsOwnSecret(t *testing.T) {
	t.Parallel()
	key := []byte(secret)
	a, err := auth.NewJWT(auth.JWTOptions{Secret: key})
	if err != nil {
		t.Fatal(err)
	}
	clear(key)
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+sign(hs256, fmt.Sprintf(`{"exp":%d}`, at(time.Hour)), secret))
	if _, err := a.Authenticate(r); err != nil {
		t.Error(err)
	}
}

func TestReadSecretFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"as it is":            {"abc", "abc"},
		"one newline dropped": {"abc\n\n", "abc\n"},
		"raw bytes":           {"\x00\xff =\r\n", "\x00\xff =\r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := auth.ReadSecretFile(path)
			if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, dir, filepath.Join(dir, "missing")} {
		if _, err := auth.ReadSecretFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

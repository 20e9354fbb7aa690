package fraiseql_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// signed is "Bearer " and a token.
func signed(t *testing.T, algorithm jwa.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	made := jwt.New()
	for name, value := range claims {
		if err := made.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	token, err := jwt.Sign(made, jwt.WithKey(algorithm, key))
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + string(token)
}

func written(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// publish serves the public part of a key as an issuer does, until down is set.
func publish(t *testing.T, key crypto.Signer) (url string, down func(bool)) {
	t.Helper()
	public, err := jwk.Import(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	gone := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if gone {
			http.Error(w, "maintenance", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{public}})
	}))
	t.Cleanup(server.Close)
	return server.URL, func(is bool) {
		mu.Lock()
		defer mu.Unlock()
		gone = is
	}
}

// whoOptions serve a query that tells who asks.
func whoOptions(url string) fraiseql.Options {
	o := personOptions(url)
	o.Queries = append(o.Queries, fraiseql.Resolve("who", func(ctx context.Context, _ struct{}) (string, error) {
		p := auth.FromContext(ctx)
		return fmt.Sprint(p.Subject, p.Roles, p.Scopes), nil
	}))
	return o
}

func who(a http.Handler, header ...string) *httptest.ResponseRecorder {
	return fetch(a, "/graphql?query=%7Bwho%7D", append([]string{"Apollo-Require-Preflight", "1"}, header...)...)
}

func TestAccessOptions(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(ecKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	const secret = "0123456789abcdef0123456789abcdef"
	keysAt, _ := publish(t, rsaKey)
	secretFile := written(t, "secret", []byte(secret))
	publicFile := written(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	hash := sha256.Sum256([]byte("the key"))
	apiKeys := written(t, "keys.toml", []byte("[[key]]\nsha256 = \""+hex.EncodeToString(hash[:])+"\"\nsubject = \"robot\"\nroles = [\"r\"]\n"))
	claims := func(more ...any) map[string]any {
		c := map[string]any{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"a"}, "scope": "s", "realm": map[string]any{"roles": []string{"b"}}, "scp": []string{"t"}}
		for i := 0; i+1 < len(more); i += 2 {
			c[more[i].(string)] = more[i+1]
		}
		return c
	}
	byURL, byFile, bySecret := signed(t, jwa.RS256(), rsaKey, claims()), signed(t, jwa.ES256(), ecKey, claims()), signed(t, jwa.HS256(), []byte(secret), claims())
	late := signed(t, jwa.HS256(), []byte(secret), claims("exp", time.Now().Add(-20*time.Second).Unix()))
	all := func(o *fraiseql.Options) {
		o.JWKSURL, o.JWTPublicKeyFiles, o.JWTSecretFile, o.APIKeysFile = keysAt, []string{publicFile}, secretFile, apiKeys
	}
	byKey := "key"
	url := pgtest.New(t, people).URL
	for name, c := range map[string]struct {
		change func(*fraiseql.Options)
		want   map[string]string // token → who asks, or the status
	}{
		"nobody checks":    {func(*fraiseql.Options) {}, map[string]string{byURL: "[] []", byKey: "[] []", "": "[] []"}},
		"JWKSURL":          {func(o *fraiseql.Options) { o.JWKSURL = keysAt }, map[string]string{byURL: "ada[a] [s]", byFile: "401", bySecret: "401", byKey: "401", "": "401"}},
		"a public key":     {func(o *fraiseql.Options) { o.JWTPublicKeyFiles = []string{publicFile} }, map[string]string{byURL: "401", byFile: "ada[a] [s]", bySecret: "401", byKey: "401"}},
		"a secret":         {func(o *fraiseql.Options) { o.JWTSecretFile = secretFile }, map[string]string{byURL: "401", byFile: "401", bySecret: "ada[a] [s]", late: "401"}},
		"API keys":         {func(o *fraiseql.Options) { o.APIKeysFile = apiKeys }, map[string]string{byURL: "401", byKey: "robot[r] []", "other": "401", "": "401"}},
		"all":              {all, map[string]string{byURL: "ada[a] [s]", byFile: "ada[a] [s]", bySecret: "ada[a] [s]", byKey: "robot[r] []", "": "401", "Basic YTpi": "401"}},
		"all, anonymous":   {func(o *fraiseql.Options) { all(o); o.AllowAnonymous = true }, map[string]string{byURL: "ada[a] [s]", "": "[] []", "Basic YTpi": "401", "Bearer x": "401"}},
		"all, production":  {func(o *fraiseql.Options) { all(o); o.Production = true }, map[string]string{byURL: "ada[a] [s]", "": "401"}},
		"leeway":           {func(o *fraiseql.Options) { o.JWTSecretFile, o.JWTLeeway = secretFile, 5*time.Minute }, map[string]string{late: "ada[a] [s]"}},
		"no leeway":        {func(o *fraiseql.Options) { o.JWTSecretFile, o.JWTLeeway = secretFile, -1 }, map[string]string{late: "401", bySecret: "ada[a] [s]"}},
		"claims elsewhere": {func(o *fraiseql.Options) { all(o); o.JWTRolesClaim, o.JWTScopesClaim = "realm.roles", "scp" }, map[string]string{byURL: "ada[b] [t]", bySecret: "ada[b] [t]"}},
		"another audience": {func(o *fraiseql.Options) { all(o); o.JWTAudience = "shop" }, map[string]string{byURL: "401", byFile: "401", byKey: "robot[r] []"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := whoOptions(url)
			c.change(&o)
			a := started(t, o)
			for token, want := range c.want {
				var header []string
				switch token {
				case "":
				case "key", "other":
					header = []string{"X-API-Key", "the " + token}
				default:
					header = []string{"Authorization", token}
				}
				w := who(a, header...)
				if got := fmt.Sprint(w.Code); got != want && !strings.Contains(w.Body.String(), `"who":"`+want+`"`) {
					t.Errorf("%.20s: %d %s, want %s", token, w.Code, w.Body, want)
				}
				if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
					t.Errorf("%.20s: %d and WWW-Authenticate %q", token, w.Code, w.Header().Get("WWW-Authenticate"))
				}
			}
		})
	}
	whole := whoOptions(url)
	all(&whole)
	if err = whole.CheckFiles(); err != nil {
		t.Errorf("CheckFiles: %v", err)
	}
	for name, change := range map[string]func(*fraiseql.Options){
		"JWTSecretFile: reading the secret":            func(o *fraiseql.Options) { o.JWTSecretFile = "/does/not/exist" },
		"JWTPublicKeyFiles: reading public keys":       func(o *fraiseql.Options) { o.JWTPublicKeyFiles = []string{publicFile, "/does/not/exist"} },
		"APIKeysFile: reading API keys":                func(o *fraiseql.Options) { o.APIKeysFile = "/does/not/exist" },
		"APIKeysFile " + os.DevNull + ": there are no": func(o *fraiseql.Options) { o.APIKeysFile = os.DevNull },
		"JWTSecretFile: the JWT secret has 2 bytes":    func(o *fraiseql.Options) { o.JWTSecretFile = written(t, "short", []byte("no")) },
	} {
		o := whoOptions(url)
		change(&o)
		if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
		if err := o.CheckFiles(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("CheckFiles: got %v, want %s", err, name)
		}
	}
}

// An issuer that is away at start keeps nobody else out, and is asked again.
func TestIssuerIsAway(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keysAt, down := publish(t, key)
	down(true)
	var log bytes.Buffer
	o := whoOptions(pgtest.New(t, people).URL)
	o.JWKSURL, o.AllowAnonymous, o.Production, o.Logger = keysAt, true, true, slog.New(slog.NewTextHandler(&log, nil))
	a := started(t, o)
	token := signed(t, jwa.RS256(), key, map[string]any{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()})
	w := who(a, "Authorization", token)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "AUTH_UNAVAILABLE") || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), keysAt) || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := who(a); w.Code != 200 {
		t.Errorf("without credentials: %d %s", w.Code, w.Body)
	}
	down(false)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if w = who(a, "Authorization", token); w.Code == 200 {
			break
		}
		if w.Code != 503 || time.Now().After(end) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"keys cannot be fetched", "502", "JWKSURL without JWTAudience"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
}

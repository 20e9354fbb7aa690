package security_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/fraiseql/fraiseql-go"
)

// tokenOf makes a token by the library; header is more of its protected header.
func tokenOf(t testing.TB, algorithm jwa.SignatureAlgorithm, key any, header, claims map[string]any) string {
	t.Helper()
	h := jws.NewHeaders()
	for name, value := range header {
		if err := h.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.Sign(text, jws.WithKey(algorithm, key, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// byHand makes a token of any header: HMAC with SHA-256 under a secret, or RS256 under a private key.
func byHand(t testing.TB, key any, header, claims string) string {
	t.Helper()
	text := b64(header) + "." + b64(claims)
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return text + "." + b64(string(mac.Sum(nil)))
	case crypto.Signer:
		hash := sha256.Sum256([]byte(text))
		signature, err := key.Sign(rand.Reader, hash[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + b64(string(signature))
	}
	return text + "."
}

// issuer publishes a key, and counts how often it is asked.
func issuer(t testing.TB, key crypto.Signer, id string) (url string, asked *atomic.Int64) {
	t.Helper()
	public, err := jwk.Import(key.Public())
	if err == nil {
		err = public.Set(jwk.KeyIDKey, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{public}})
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// TestForgedTokens sends tokens that have opened other servers to one with a public key, one with the issuer's keys and one with a
// secret.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	evilURL, evilAsked := issuer(t, mine, "evil")
	goodURL, goodAsked := issuer(t, key, "one")
	attacker, err := jwk.Import(mine.Public())
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"sub": "root", "roles": []string{"admin"}, "exp": in(time.Hour), "iss": "https://id.example.com", "aud": "shop"}
	with := func(change map[string]any) map[string]any {
		c := map[string]any{}
		for _, from := range []map[string]any{claims, change} {
			for name, value := range from {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
		}
		return c
	}
	plain, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	evil := string(plain)
	rs, hs := jwa.RS256(), jwa.HS256()
	one := map[string]any{"kid": "one"}
	good := tokenOf(t, rs, key, one, claims)
	parts := strings.Split(good, ".")
	forged := map[string]string{
		"alg none":                              byHand(t, nil, `{"alg":"none"}`, evil),
		"alg NONE":                              byHand(t, nil, `{"alg":"NONE","kid":"one"}`, evil),
		"alg none with a signature":             b64(`{"alg":"none"}`) + "." + b64(evil) + "." + parts[2],
		"no alg":                                byHand(t, key, `{"typ":"JWT","kid":"one"}`, evil),
		"alg twice":                             byHand(t, key, `{"alg":"RS256","kid":"one","alg":"none"}`, evil),
		"alg is a number":                       byHand(t, key, `{"alg":256,"kid":"one"}`, evil),
		"HS256 with the public key's PEM":       byHand(t, text, `{"alg":"HS256","kid":"one"}`, evil),
		"HS256 with the public key's DER":       byHand(t, der, `{"alg":"HS256","kid":"one"}`, evil),
		"HS256 with an empty secret":            byHand(t, []byte{}, `{"alg":"HS256"}`, evil),
		"HS256 with a well-known secret":        byHand(t, []byte("secret"), `{"alg":"HS256"}`, evil),
		"the signature left out":                parts[0] + "." + parts[1] + ".",
		"the payload changed":                   parts[0] + "." + b64(strings.Replace(evil, "root", "toor", 1)) + "." + parts[2],
		"the algorithm changed":                 b64(`{"alg":"PS256","kid":"one"}`) + "." + parts[1] + "." + parts[2],
		"another RSA key":                       tokenOf(t, rs, mine, one, claims),
		"an elliptic key":                       tokenOf(t, jwa.ES256(), curve, one, claims),
		"ES256 with r = s = 0":                  b64(`{"alg":"ES256"}`) + "." + b64(evil) + "." + b64(strings.Repeat("\x00", 64)),
		"its own key in jwk":                    tokenOf(t, rs, mine, map[string]any{"jwk": attacker, "kid": "one"}, claims),
		"its own keys by jku":                   tokenOf(t, rs, mine, map[string]any{"jku": evilURL, "kid": "evil"}, claims),
		"its own certificate by x5u":            tokenOf(t, rs, mine, map[string]any{"x5u": evilURL, "kid": "evil"}, claims),
		"kid that is a path":                    tokenOf(t, rs, mine, map[string]any{"kid": "../../../dev/null"}, claims),
		"kid that is a URL":                     tokenOf(t, rs, mine, map[string]any{"kid": evilURL}, claims),
		"kid with SQL":                          tokenOf(t, rs, mine, map[string]any{"kid": "x' UNION SELECT 'key"}, claims),
		"kid that is a list":                    byHand(t, key, `{"alg":"RS256","kid":["one"]}`, evil),
		"crit that nobody knows":                byHand(t, key, `{"alg":"RS256","kid":"one","crit":["x"],"x":1}`, evil),
		"crit with b64 false":                   byHand(t, key, `{"alg":"RS256","kid":"one","crit":["b64"],"b64":false}`, evil),
		"a header that is no JSON":              b64("RS256") + "." + parts[1] + "." + parts[2],
		"deep JSON in the header":               b64(strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)) + "." + parts[1] + "." + parts[2],
		"four parts":                            good + "." + parts[2],
		"the parts of an encrypted token":       good + "." + parts[1] + "." + parts[2],
		"JSON serialization":                    `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"percent-encoded dots":                  strings.ReplaceAll(good, ".", "%2E"),
		"expired":                               tokenOf(t, rs, key, one, with(map[string]any{"exp": in(-time.Minute)})),
		"no exp":                                tokenOf(t, rs, key, one, with(map[string]any{"exp": nil})),
		"exp is a word":                         tokenOf(t, rs, key, one, with(map[string]any{"exp": "tomorrow"})),
		"exp is null":                           byHand(t, key, `{"alg":"RS256","kid":"one"}`, strings.Replace(evil, `"exp":`, `"exp":null,"x":`, 1)),
		"exp is negative":                       tokenOf(t, rs, key, one, with(map[string]any{"exp": -1})),
		"not valid yet":                         tokenOf(t, rs, key, one, with(map[string]any{"nbf": in(time.Hour)})),
		"issued in the future":                  tokenOf(t, rs, key, one, with(map[string]any{"iat": in(time.Hour)})),
		"another issuer":                        tokenOf(t, rs, key, one, with(map[string]any{"iss": "https://id.example.com.evil.example"})),
		"the issuer and a slash":                tokenOf(t, rs, key, one, with(map[string]any{"iss": "https://id.example.com/"})),
		"a list of issuers":                     tokenOf(t, rs, key, one, with(map[string]any{"iss": []string{"https://id.example.com"}})),
		"no issuer":                             tokenOf(t, rs, key, one, with(map[string]any{"iss": nil})),
		"another audience":                      tokenOf(t, rs, key, one, with(map[string]any{"aud": "bank"})),
		"an audience that begins like ours":     tokenOf(t, rs, key, one, with(map[string]any{"aud": []string{"shop2", "Shop", ""}})),
		"no audience":                           tokenOf(t, rs, key, one, with(map[string]any{"aud": nil})),
		"claims that are a list":                byHand(t, key, `{"alg":"RS256","kid":"one"}`, "["+evil+"]"),
		"claims that are a token":               byHand(t, key, `{"alg":"RS256","kid":"one"}`, good),
		"claims that are nothing":               byHand(t, key, `{"alg":"RS256","kid":"one"}`, ""),
		"deep JSON in the claims, unsigned":     parts[0] + "." + b64(strings.Repeat(`[`, 20_000)) + "." + parts[2],
		"signed by a secret under a public key": tokenOf(t, hs, []byte(secret), one, claims),
	}
	rules := fraiseql.Options{JWTIssuer: "https://id.example.com", JWTAudience: "shop"}
	byFile, byURL, bySecret := rules, rules, rules
	byFile.JWTPublicKeyFiles, byURL.JWKSURL, bySecret.JWTSecretFile = []string{file(t, "key.pem", text)}, goodURL, file(t, "secret", text) // a secret that is the public key's very text
	for name, o := range map[string]fraiseql.Options{"public key": byFile, "issuer's keys": byURL} {
		d := open(t, o)
		if status, _, body := d.ask(t, `{ who }`, "Authorization", "Bearer "+good); status != 200 || !strings.Contains(body, `"who":"root"`) {
			t.Fatalf("%s: a good token: %d %s", name, status, body)
		}
		for attack, token := range forged {
			d.keptOut(t, name+": "+attack, "Authorization", "Bearer "+token)
		}
		// What the header names is not heeded where the signature is right.
		for _, extra := range []map[string]any{{"kid": "one", "jku": evilURL}, {"kid": "one", "x5u": evilURL}, {"kid": "one", "jwk": attacker}} {
			if status, _, body := d.ask(t, `{ who }`, "Authorization", "Bearer "+tokenOf(t, rs, key, extra, claims)); status != 200 {
				t.Errorf("%s: %v: %d %s", name, extra, status, body)
			}
		}
	}
	if n := evilAsked.Load(); n != 0 {
		t.Errorf("the attacker's server was asked %d times", n)
	}
	if n := goodAsked.Load(); n < 1 || n > 3 {
		t.Errorf("the issuer was asked %d times", n)
	}
	shown(t, "tokens that name servers and unknown keys", "nobody else is asked, and the issuer at most every 10 s", "%d and %d times", evilAsked.Load(), goodAsked.Load())
	d := open(t, bySecret)
	d.keptOut(t, "secret: RS256 against a secret", "Authorization", "Bearer "+good)
	d.keptOut(t, "secret: alg none", "Authorization", "Bearer "+forged["alg none"])
	d.keptOut(t, "secret: HS256 under its DER", "Authorization", "Bearer "+forged["HS256 with the public key's DER"])
	d.keptOut(t, "secret: RS256 named, HMAC made", "Authorization", "Bearer "+byHand(t, text[:len(text)-1], `{"alg":"RS256"}`, evil))
	if status, _, _ := d.ask(t, `{ who }`, "Authorization", "Bearer "+byHand(t, text[:len(text)-1], `{"alg":"HS256"}`, evil)); status != 200 {
		t.Errorf("the secret itself: %d", status)
	}
}

// While the issuer is away nobody is told that a token is bad.
func TestIssuerOutage(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, fraiseql.Options{JWKSURL: "http://127.0.0.1:1/keys"})
	token := tokenOf(t, jwa.RS256(), key, nil, map[string]any{"sub": "ada", "exp": in(time.Hour)})
	for range 5 {
		status, answer, body := d.ask(t, `{ who }`, "Authorization", "Bearer "+token)
		if status != 503 || answer.Get("Retry-After") == "" || answer.Get("WWW-Authenticate") != "" || !strings.Contains(body, "AUTH_UNAVAILABLE") || strings.Contains(body, "127.0.0.1") {
			t.Errorf("%d %v %s", status, answer, body)
		}
	}
	d.keptOut(t, "alg none in an outage", "Authorization", "Bearer "+byHand(t, nil, `{"alg":"none"}`, `{"sub":"root"}`))
	if d.entered.Load() != 0 {
		t.Error("a resolver was reached")
	}
	shown(t, "a token while the issuer is away", "503 with Retry-After, never let in", "%d", http.StatusServiceUnavailable)
}

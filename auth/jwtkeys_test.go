package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/fraiseql/fraiseql-go/auth"
)

// pairs are private keys, each for some algorithms.
var pairs = sync.OnceValue(func() map[string]crypto.Signer {
	made := map[string]crypto.Signer{}
	note := func(name string, k crypto.Signer, err error) {
		if err != nil {
			panic(err)
		}
		made[name] = k
	}
	for _, name := range []string{"rsa", "other rsa"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		note(name, k, err)
	}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "other p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		note(name, k, err)
	}
	_, k, err := ed25519.GenerateKey(rand.Reader)
	note("ed25519", k, err)
	return made
})

// signAs makes a token with a private key or a secret, by the library; header holds more of the protected header.
func signAs(t testing.TB, algorithm string, key any, header map[string]any, payload string) string {
	t.Helper()
	alg, ok := jwa.LookupSignatureAlgorithm(algorithm)
	if !ok {
		t.Fatalf("no algorithm %s", algorithm)
	}
	h := jws.NewHeaders()
	for name, value := range header {
		if err := h.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	token, err := jws.Sign([]byte(payload), jws.WithKey(alg, key, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func bearer(a auth.Authenticator, token string) (*auth.Principal, error) {
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return a.Authenticate(r)
}

func makeJWT(t *testing.T, o auth.JWTOptions) auth.Authenticator {
	t.Helper()
	a, err := auth.NewJWT(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func payload(sub string) string { return fmt.Sprintf(`{"sub":%q,"exp":%d}`, sub, at(time.Hour)) }

// Every key accepts its own algorithms, and none of the others'.
func TestAlgorithmsFollowFromTheKey(t *testing.T) {
	t.Parallel()
	all := map[string]any{}
	for name, k := range pairs() {
		all[name] = k
	}
	secrets := map[string][]byte{}
	for _, n := range []int{32, 48, 64} {
		secrets[fmt.Sprintf("secret of %d", n)] = []byte(strings.Repeat("0123456789abcdef", n/16))
	}
	accepts := map[string][]string{
		"rsa": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "p256": {"ES256"}, "p384": {"ES384"}, "p521": {"ES512"}, "ed25519": {"EdDSA", "Ed25519"},
		"secret of 32": {"HS256"}, "secret of 48": {"HS256", "HS384"}, "secret of 64": {"HS256", "HS384", "HS512"},
	}
	signers := map[string]string{} // algorithm → who can sign with it
	for name, algorithms := range accepts {
		for _, a := range algorithms {
			if name != "secret of 32" && name != "secret of 48" {
				signers[a] = name
			}
		}
	}
	if len(signers) != 14 {
		t.Fatalf("%d algorithms", len(signers))
	}
	for name, accepted := range accepts {
		o := auth.JWTOptions{Secret: secrets[name]}
		if k, ok := pairs()[name]; ok {
			o.Keys = []auth.PublicKey{{Key: k.Public()}}
		}
		a := makeJWT(t, o)
		for algorithm, signer := range signers {
			key := all[signer]
			if s := secrets[signer]; s != nil {
				key = s
				if own := secrets[name]; own != nil {
					key = own
				}
			}
			p, err := bearer(a, signAs(t, algorithm, key, nil, payload("ada")))
			if want := slices.Contains(accepted, algorithm); want != (err == nil) || want && p.Subject != "ada" {
				t.Errorf("%s, %s: %v", name, algorithm, err)
			}
			if err != nil && !errors.Is(err, auth.ErrInvalid) {
				t.Errorf("%s, %s: %v is no refusal", name, algorithm, err)
			}
		}
		if _, err := bearer(a, signAs(t, accepted[0], orOther(name, secrets), nil, payload("ada"))); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("%s: another key of its kind: %v", name, err)
		}
	}
	// Algorithms of a key narrow what it accepts.
	narrow := makeJWT(t, auth.JWTOptions{Keys: []auth.PublicKey{{Key: pairs()["rsa"].Public(), Algorithms: []string{"PS256"}}}})
	if _, err := bearer(narrow, signAs(t, "PS256", pairs()["rsa"], nil, payload("ada"))); err != nil {
		t.Error(err)
	}
	if _, err := bearer(narrow, signAs(t, "RS256", pairs()["rsa"], nil, payload("ada"))); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("RS256 with a key for PS256: %v", err)
	}
}

// orOther is a key like the one named, and yet another.
func orOther(name string, secrets map[string][]byte) any {
	switch name {
	case "rsa", "p256":
		return pairs()["other "+name]
	case "p384":
		k, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		return k
	case "p521":
		k, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		return k
	case "ed25519":
		_, k, _ := ed25519.GenerateKey(rand.Reader)
		return k
	}
	return []byte(strings.Repeat("x", len(secrets[name])))
}

func pemOf(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// signRS makes an RS256 token of any header, by hand.
func signRS(t *testing.T, key crypto.Signer, header, payload string) string {
	t.Helper()
	text := segment(header) + "." + segment(payload)
	hash := sha256.Sum256([]byte(text))
	signature, err := key.Sign(rand.Reader, hash[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + segment(string(signature))
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// Forgeries that have worked against other servers.
func TestJWTForgeries(t *testing.T) {
	t.Parallel()
	rsaKey := pairs()["rsa"].Public().(*rsa.PublicKey)
	mine := pairs()["other rsa"]
	a := makeJWT(t, auth.JWTOptions{Keys: []auth.PublicKey{{ID: "one", Key: rsaKey}, {Key: pairs()["p256"].Public()}}})
	text := pemOf(t, rsaKey)
	der, _ := pem.Decode(text)
	attacker, err := jwk.Import(mine.Public())
	if err != nil {
		t.Fatal(err)
	}
	evil := payload("root")
	good := signAs(t, "RS256", pairs()["rsa"], map[string]any{"kid": "one"}, payload("ada"))
	parts := strings.Split(good, ".")
	hs := func(key []byte) string {
		return sign(`{"alg":"HS256","kid":"one"}`, evil, string(key))
	}
	forged := map[string]string{
		"alg none":                     segment(`{"alg":"none"}`) + "." + segment(evil) + ".",
		"alg None":                     segment(`{"alg":"None"}`) + "." + segment(evil) + ".",
		"alg nOnE with a signature":    segment(`{"alg":"nOnE"}`) + "." + segment(evil) + "." + parts[2],
		"alg empty":                    segment(`{"alg":""}`) + "." + segment(evil) + "." + parts[2],
		"alg a number":                 segment(`{"alg":1}`) + "." + segment(evil) + "." + parts[2],
		"alg a list":                   segment(`{"alg":["RS256","none"]}`) + "." + segment(evil) + "." + parts[2],
		"alg twice":                    segment(`{"alg":"RS256","alg":"none"}`) + "." + segment(evil) + ".",
		"no signature":                 parts[0] + "." + parts[1] + ".",
		"HS256 by the PEM":             hs(text),
		"HS256 by the PEM, no newline": hs([]byte(strings.TrimSpace(string(text)))),
		"HS256 by the DER":             hs(der.Bytes),
		"HS256 by PKCS #1":             hs(x509.MarshalPKCS1PublicKey(rsaKey)),
		"HS256 by the modulus":         hs(rsaKey.N.Bytes()),
		"HS256 by nothing":             hs(nil),
		"embedded jwk":                 signAs(t, "RS256", mine, map[string]any{"jwk": attacker}, evil),
		"embedded jwk, known kid":      signAs(t, "RS256", mine, map[string]any{"jwk": attacker, "kid": "one"}, evil),
		"jku":                          signAs(t, "RS256", mine, map[string]any{"jku": "https://evil.example.com/keys"}, evil),
		"x5u":                          signAs(t, "RS256", mine, map[string]any{"x5u": "https://evil.example.com/cert"}, evil),
		"kid of a file":                signAs(t, "RS256", mine, map[string]any{"kid": "../../../../dev/null"}, evil),
		"kid with SQL":                 signAs(t, "RS256", mine, map[string]any{"kid": "one' OR '1'='1"}, evil),
		"kid of nobody":                signAs(t, "RS256", pairs()["rsa"], map[string]any{"kid": "two"}, evil),
		"kid a number":                 signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":1}`, evil),
		"kid a list":                   signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":["one"]}`, evil),
		"crit":                         signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","crit":["x"],"x":1}`, evil),
		"crit, empty":                  signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","crit":[]}`, evil),
		"crit, standard":               signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","crit":["alg"]}`, evil),
		"crit b64":                     signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","b64":false,"crit":["b64"]}`, evil),
		"crit b64 true":                signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","b64":true,"crit":["b64"]}`, evil),
		"b64 without crit":             signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","b64":false}`, evil),
		"alg of another key":           signRS(t, pairs()["rsa"], `{"alg":"ES256","kid":"one"}`, evil),
		"alg twice, signed":            signRS(t, pairs()["rsa"], `{"alg":"RS256","kid":"one","alg":"none"}`, evil),
		"another payload":              parts[0] + "." + segment(evil) + "." + parts[2],
		"another header":               segment(`{"alg":"RS384","kid":"one"}`) + "." + parts[1] + "." + parts[2],
		"ES256 with r = s = 0":         segment(`{"alg":"ES256"}`) + "." + segment(evil) + "." + segment(strings.Repeat("\x00", 64)),
		"ES256 with an empty one":      segment(`{"alg":"ES256"}`) + "." + segment(evil) + ".",
		"padding":                      parts[0] + "=." + parts[1] + "." + parts[2],
		"a part too many":              good + "." + parts[2],
		"encrypted form":               good + "." + parts[1] + "." + parts[2],
		"a header that is no JSON":     segment(`alg`) + "." + parts[1] + "." + parts[2],
		"a deep header":                segment(strings.Repeat(`{"a":`, 9000)+"1"+strings.Repeat("}", 9000)) + "." + parts[1] + "." + parts[2],
	}
	for name, token := range forged {
		p, err := bearer(a, token)
		var e *auth.Error
		if p != nil || !errors.As(err, &e) {
			t.Errorf("%s: got %+v, %v", name, p, err)
			continue
		}
		if strings.Contains(e.Reason, "root") || strings.Contains(e.Reason, "evil") || strings.Contains(e.Reason, "null") {
			t.Errorf("%s: the reason repeats the token: %s", name, e.Reason)
		}
	}
	// Headers that name keys are not heeded where the signature is right.
	for name, header := range map[string]map[string]any{
		"plain": {}, "kid": {"kid": "one"}, "jwk": {"jwk": attacker}, "jku": {"jku": "https://evil.example.com/keys"}, "typ": {"typ": "at+jwt"},
	} {
		if p, err := bearer(a, signAs(t, "RS256", pairs()["rsa"], header, payload("ada"))); err != nil || p.Subject != "ada" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A server with a secret does not take it for a public key's, nor the other way round.
	secretOnly := makeJWT(t, auth.JWTOptions{Secret: text})
	for _, algorithm := range []string{"RS256", "PS256"} {
		if _, err := bearer(secretOnly, signAs(t, algorithm, pairs()["rsa"], nil, evil)); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("%s against a secret: %v", algorithm, err)
		}
	}
}

func TestJWTKeysAddUp(t *testing.T) {
	t.Parallel()
	a := makeJWT(t, auth.JWTOptions{Secret: []byte(secret), Keys: []auth.PublicKey{{ID: "a", Key: pairs()["rsa"].Public()}, {ID: "a", Key: pairs()["p256"].Public()}, {Key: pairs()["ed25519"].Public()}}})
	for name, token := range map[string]string{
		"secret":                     sign(hs256, payload("ada"), secret),
		"a secret, with a kid":       sign(`{"alg":"HS256","kid":"any"}`, payload("ada"), secret),
		"rsa":                        signAs(t, "RS256", pairs()["rsa"], map[string]any{"kid": "a"}, payload("ada")),
		"one of two with that kid":   signAs(t, "ES256", pairs()["p256"], map[string]any{"kid": "a"}, payload("ada")),
		"no kid":                     signAs(t, "ES256", pairs()["p256"], nil, payload("ada")),
		"a key without a kid itself": signAs(t, "EdDSA", pairs()["ed25519"], map[string]any{"kid": "b"}, payload("ada")),
	} {
		if p, err := bearer(a, token); err != nil || p.Subject != "ada" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bearer(a, signAs(t, "RS256", pairs()["rsa"], map[string]any{"kid": "b"}, payload("ada"))); err == nil {
		t.Error("a key of another kid was tried")
	}
}

func TestNewJWTRefusesKeys(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  auth.PublicKey
		want string
	}{
		"weak":                {auth.PublicKey{Key: &weak.PublicKey}, "1024 bits"},
		"P-224":               {auth.PublicKey{Key: &p224.PublicKey}, "none of P-256"},
		"private":             {auth.PublicKey{Key: pairs()["rsa"]}, "private key"},
		"a secret":            {auth.PublicKey{Key: []byte(secret)}, "set Secret"},
		"nothing":             {auth.PublicKey{}, "verifies no tokens"},
		"short Ed25519":       {auth.PublicKey{Key: ed25519.PublicKey("x")}, "1 bytes and needs 32"},
		"an algorithm beside": {auth.PublicKey{Key: pairs()["rsa"].Public(), Algorithms: []string{"RS256", "HS256"}}, `"HS256" does not fit`},
		"none":                {auth.PublicKey{Key: pairs()["rsa"].Public(), Algorithms: []string{"none"}}, `"none" does not fit`},
	} {
		_, err := auth.NewJWT(auth.JWTOptions{Keys: []auth.PublicKey{c.key}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "key 1") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := auth.NewJWT(auth.JWTOptions{Secret: []byte(secret), Leeway: time.Hour}); err == nil || !strings.Contains(err.Error(), "limits are 0 and 10m") {
		t.Errorf("leeway: %v", err)
	}
}

func TestReadPublicKeyFile(t *testing.T) {
	t.Parallel()
	rsaKey := pairs()["rsa"].(*rsa.PrivateKey)
	object := func(key any, more map[string]any) map[string]any {
		k, err := jwk.Import(key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		maps.Copy(m, more)
		return m
	}
	set := func(keys ...map[string]any) []byte {
		text, err := json.Marshal(map[string]any{"keys": keys})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	private, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: rsaKey.N}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	one, err := json.Marshal(object(rsaKey.Public(), map[string]any{"kid": "solo"}))
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	for name, c := range map[string]struct {
		text []byte
		n    int
		want string
	}{
		"PEM":                {pemOf(t, rsaKey.Public()), 1, ""},
		"two in one":         {append(pemOf(t, rsaKey.Public()), pemOf(t, pairs()["p384"].Public())...), 2, ""},
		"PKCS #1":            {block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)), 1, ""},
		"certificate":        {block("CERTIFICATE", certificate), 1, ""},
		"Ed25519":            {pemOf(t, pairs()["ed25519"].Public()), 1, ""},
		"a JWK":              {one, 1, ""},
		"a set":              {set(object(rsaKey.Public(), map[string]any{"use": "sig", "alg": "RS256"}), object(pairs()["p521"].Public(), map[string]any{"key_ops": []string{"verify"}})), 2, ""},
		"a private key":      {block("PRIVATE KEY", private), 0, "openssl pkey -pubout"},
		"a private JWK":      {set(object(rsaKey, nil)), 0, "private key"},
		"a private EC JWK":   {set(object(pairs()["p256"], nil)), 0, "private key"},
		"a private OKP JWK":  {set(object(pairs()["ed25519"], nil)), 0, "private key"},
		"a secret JWK":       {set(object([]byte(secret), nil)), 0, "a secret (oct)"},
		"for encryption":     {set(object(rsaKey.Public(), map[string]any{"use": "enc"})), 0, `use is "enc"`},
		"for signing only":   {set(object(rsaKey.Public(), map[string]any{"key_ops": []string{"sign"}})), 0, "key_ops do not have verify"},
		"alg of another key": {set(object(rsaKey.Public(), map[string]any{"alg": "HS256"})), 0, "does not fit"},
		"alg none":           {set(object(rsaKey.Public(), map[string]any{"alg": "none"})), 0, "key 1"},
		"an unknown kind":    {[]byte(`{"keys":[{"kty":"XYZ","x":"1"}]}`), 0, "key 1"},
		"an empty set":       {[]byte(`{"keys":[]}`), 0, "there is no key in it"},
		"another block":      {block("DH PARAMETERS", []byte("x")), 0, `"DH PARAMETERS"`},
		"a broken key":       {block("PUBLIC KEY", []byte("x")), 0, "asn1"},
		"words":              {[]byte("hello"), 0, "there is no key in it"},
		"broken JSON":        {[]byte(`{"keys":`), 0, "no JWK set"},
		"too many":           {set(slices.Repeat([]map[string]any{{"kty": "XYZ"}}, 101)...), 0, "the limit is 100"},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := auth.ReadPublicKeyFile(path)
		if c.want == "" {
			if err != nil || len(keys) != c.n {
				t.Errorf("%s: got %d keys, %v", name, len(keys), err)
			} else if _, err := auth.NewJWT(auth.JWTOptions{Keys: keys}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	if _, err := auth.ReadPublicKeyFile("/does/not/exist"); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v", err)
	}
}

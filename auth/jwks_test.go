package auth_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/fraiseql/fraiseql-go/auth"
)

// issuer publishes keys. It is its own transport too, so that time can be a test's.
type issuer struct {
	mu      sync.Mutex // guards what follows
	keys    map[string]crypto.PublicKey
	control string
	down    error         // nil: it answers
	block   chan struct{} // nil: it answers at once
	status  int
	body    string // instead of the keys

	asked atomic.Int64
}

func (i *issuer) set(change func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	down, block := i.down, i.block
	i.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-r.Context().Done():
			i.asked.Add(1)
			return nil, r.Context().Err()
		}
	}
	if down != nil {
		i.asked.Add(1)
		return nil, down
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Result(), nil
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.asked.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.control != "" {
		w.Header().Set("Cache-Control", i.control)
	}
	if i.status != 0 {
		w.WriteHeader(i.status)
	}
	if i.body != "" {
		_, _ = io.WriteString(w, i.body)
		return
	}
	set := jwk.NewSet()
	for id, public := range i.keys {
		k, err := jwk.Import(public)
		if err == nil {
			err = errors.Join(k.Set(jwk.KeyIDKey, id), set.AddKey(k))
		}
		if err != nil {
			panic(err)
		}
	}
	_ = json.NewEncoder(w).Encode(set)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func makeJWKS(t *testing.T, o auth.JWKSOptions) *auth.JWKS {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet()
	}
	k, err := auth.NewJWKS(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return k
}

// inTime runs a test in a time of its own with an issuer that has one key, "one".
func inTime(t *testing.T, o auth.JWKSOptions, test func(t *testing.T, i *issuer, a auth.Authenticator)) {
	t.Helper()
	i := &issuer{keys: map[string]crypto.PublicKey{"one": pairs()["rsa"].Public()}}
	synctest.Test(t, func(t *testing.T) {
		o.URL, o.Transport = "https://id.example.com/keys", i
		k := makeJWKS(t, o)
		test(t, i, makeJWT(t, auth.JWTOptions{JWKS: k}))
	})
}

// long is a token that outlasts every test here.
func long(t *testing.T, kid, pair string) string {
	t.Helper()
	header := map[string]any{}
	if kid != "" {
		header["kid"] = kid
	}
	return signAs(t, map[string]string{"rsa": "RS256", "other rsa": "RS256", "p256": "ES256"}[pair], pairs()[pair], header,
		fmt.Sprintf(`{"sub":"ada","exp":%d}`, at(1000*time.Hour)))
}

func accepted(t *testing.T, what string, a auth.Authenticator, token string) {
	t.Helper()
	if p, err := bearer(a, token); err != nil || p.Subject != "ada" {
		t.Errorf("%s: %v", what, err)
	}
}

func refused(t *testing.T, what string, a auth.Authenticator, token string, as error) {
	t.Helper()
	other := auth.ErrUnavailable
	if as == auth.ErrUnavailable {
		other = auth.ErrInvalid
	}
	if p, err := bearer(a, token); p != nil || !errors.Is(err, as) || errors.Is(err, other) {
		t.Errorf("%s: got %v, want %v", what, err, as)
	}
}

func (i *issuer) wasAsked(t *testing.T, what string, want int64) {
	t.Helper()
	synctest.Wait()
	if got := i.asked.Load(); got != want {
		t.Errorf("%s: %d fetches, want %d", what, got, want)
	}
}

func TestJWKSAge(t *testing.T) {
	t.Parallel()
	for control, age := range map[string]time.Duration{
		"":                                   15 * time.Minute,
		"public":                             15 * time.Minute,
		"public, max-age=600":                10 * time.Minute,
		"MAX-AGE=\"600\", must-revalidate":   10 * time.Minute,
		"max-age=1":                          time.Minute,
		"max-age=0":                          time.Minute,
		"max-age=-5":                         time.Minute,
		"max-age=soon":                       time.Minute,
		"max-age=600, no-store":              time.Minute,
		"no-cache":                           time.Minute,
		"max-age=86400":                      time.Hour,
		"max-age=99999999999999999999999999": time.Hour,
	} {
		t.Run(control, func(t *testing.T) {
			t.Parallel()
			inTime(t, auth.JWKSOptions{}, func(t *testing.T, i *issuer, a auth.Authenticator) {
				i.set(func(i *issuer) { i.control = control })
				i.wasAsked(t, "nobody needs the keys", 0)
				token := long(t, "one", "rsa")
				accepted(t, "first", a, token)
				time.Sleep(age - time.Second)
				accepted(t, "fresh", a, token)
				i.wasAsked(t, "fresh", 1)
				time.Sleep(time.Second)
				accepted(t, "due", a, token)
				i.wasAsked(t, "due", 2)
			})
		})
	}
}

func TestJWKSBoundsOfAge(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{MinAge: time.Second, MaxAge: 3 * time.Second}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		token := long(t, "one", "rsa")
		for n, control := range []string{"no-store", "max-age=600", "max-age=2"} {
			i.set(func(i *issuer) { i.control = control })
			accepted(t, control, a, token)
			i.wasAsked(t, control, int64(n+1))
			age := []time.Duration{time.Second, 3 * time.Second, 2 * time.Second}[n]
			time.Sleep(age - 1)
			accepted(t, control, a, token)
			i.wasAsked(t, control, int64(n+1))
			time.Sleep(time.Nanosecond)
		}
	})
}

// A key that the issuer took back is believed until the next fetch, and no longer, though the token is in the cache.
func TestJWKSRotation(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		old, next := long(t, "one", "rsa"), long(t, "two", "other rsa")
		accepted(t, "the old key", a, old)
		time.Sleep(time.Minute)
		i.set(func(i *issuer) { i.keys["two"] = pairs()["other rsa"].Public() })
		accepted(t, "the new key, at once", a, next)
		i.wasAsked(t, "rotation", 2)
		accepted(t, "the old key beside it", a, old)
		i.set(func(i *issuer) { delete(i.keys, "one") })
		accepted(t, "the old key until the next fetch", a, old)
		time.Sleep(15 * time.Minute)
		_, _ = bearer(a, old) // this one makes the keys be fetched
		synctest.Wait()
		refused(t, "the old key", a, old, auth.ErrInvalid)
		accepted(t, "the new key", a, next)
	})
}

// The same for an issuer whose keys have no ids, or whose tokens do not name them.
func TestJWKSRotationWithoutKid(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		accepted(t, "the old key", a, long(t, "", "rsa"))
		time.Sleep(time.Minute)
		i.set(func(i *issuer) { i.keys = map[string]crypto.PublicKey{"two": pairs()["other rsa"].Public()} })
		accepted(t, "the new key", a, long(t, "", "other rsa"))
		refused(t, "the old key", a, long(t, "", "rsa"), auth.ErrInvalid)
	})
}

// Tokens of keys that nobody knows cannot make the issuer be asked at will.
func TestJWKSUnknownKeysAreLimited(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		accepted(t, "first", a, long(t, "one", "rsa"))
		time.Sleep(time.Minute)
		for n := range 100 {
			refused(t, "unknown", a, long(t, fmt.Sprint("evil", n), "p256"), auth.ErrInvalid)
		}
		i.wasAsked(t, "within 10 s", 2)
		time.Sleep(10*time.Second - 1)
		refused(t, "unknown", a, long(t, "evil", "p256"), auth.ErrInvalid)
		i.wasAsked(t, "still within", 2)
		time.Sleep(time.Nanosecond)
		refused(t, "unknown", a, long(t, "evil", "p256"), auth.ErrInvalid)
		i.wasAsked(t, "after 10 s", 3)
		time.Sleep(time.Minute)
		refused(t, "a bad signature of a known key", a, long(t, "one", "other rsa"), auth.ErrInvalid)
		refused(t, "an algorithm of no public key", a, sign(`{"alg":"HS256","kid":"evil"}`, payload("ada"), secret), auth.ErrInvalid)
		refused(t, "none", a, segment(`{"alg":"none","kid":"evil"}`)+"."+segment(payload("ada"))+".", auth.ErrInvalid)
		i.wasAsked(t, "what a fetch could not mend", 3)
	})
}

func TestJWKSOneFetchForAll(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		gate := make(chan struct{})
		i.set(func(i *issuer) { i.block = gate })
		token, unknown := long(t, "one", "rsa"), long(t, "two", "p256")
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { accepted(t, "waits", a, token) })
			all.Go(func() { refused(t, "waits too", a, unknown, auth.ErrInvalid) })
		}
		// One whose client leaves: it does not wait, and spoils nothing for the others.
		ctx, leave := context.WithCancel(t.Context())
		all.Go(func() {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", http.NoBody)
			r.Header.Set("Authorization", "Bearer "+token)
			if _, err := a.Authenticate(r); !errors.Is(err, context.Canceled) || errors.Is(err, auth.ErrInvalid) {
				t.Errorf("its client left: %v", err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		i.set(func(i *issuer) { i.block = nil })
		close(gate)
		all.Wait()
		i.wasAsked(t, "a hundred requests", 1)
	})
}

func TestJWKSOutage(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	inTime(t, auth.JWKSOptions{MaxStale: 2 * time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		down := func(err error) { i.set(func(i *issuer) { i.down = err }) }
		token := long(t, "one", "rsa")
		down(errors.New("connection refused"))
		refused(t, "down from the start", a, token, auth.ErrUnavailable)
		refused(t, "what no key could make good", a, sign(hs256, payload("ada"), secret), auth.ErrInvalid)
		i.wasAsked(t, "not again at once", 1)
		time.Sleep(5 * time.Second)
		refused(t, "still down", a, token, auth.ErrUnavailable)
		i.wasAsked(t, "again after a pause", 2)
		time.Sleep(5 * time.Second)
		down(nil)
		accepted(t, "there", a, token)

		down(errors.New("connection refused"))
		for range 8 { // 2 hours, in which each request finds the keys due
			time.Sleep(15 * time.Minute)
			accepted(t, "stale", a, token)
			synctest.Wait()
			refused(t, "stale, a key that only the issuer could know", a, long(t, "two", "p256"), auth.ErrUnavailable)
		}
		time.Sleep(15*time.Minute - 1)
		accepted(t, "the last moment", a, token)
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		refused(t, "beyond the limit, though it is in the cache", a, token, auth.ErrUnavailable)
		time.Sleep(5 * time.Second)
		down(nil)
		accepted(t, "healed", a, token)
	})
	if n := strings.Count(log.String(), "cannot be fetched"); n != 2 {
		t.Errorf("the outages are told %d times, want once each:\n%s", n, log.String())
	}
	if n := strings.Count(log.String(), "fetched again"); n != 2 {
		t.Errorf("the ends of the outages are told %d times:\n%s", n, log.String())
	}
}

func TestJWKSWithoutStale(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{MaxStale: -1}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		token := long(t, "one", "rsa")
		accepted(t, "first", a, token)
		i.set(func(i *issuer) { i.down = errors.New("down") })
		time.Sleep(15 * time.Minute)
		refused(t, "due", a, token, auth.ErrUnavailable)
	})
}

// An issuer that hangs costs the requests that have keys nothing, and the others no more than the timeout.
func TestJWKSHangs(t *testing.T) {
	t.Parallel()
	inTime(t, auth.JWKSOptions{Timeout: 2 * time.Second}, func(t *testing.T, i *issuer, a auth.Authenticator) {
		token := long(t, "one", "rsa")
		gate := make(chan struct{})
		i.set(func(i *issuer) { i.block = gate })
		before := time.Now()
		refused(t, "hangs", a, token, auth.ErrUnavailable)
		if took := time.Since(before); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
		i.set(func(i *issuer) { i.block = nil })
		time.Sleep(5 * time.Second)
		accepted(t, "answers", a, token)
		i.set(func(i *issuer) { i.block = gate })
		time.Sleep(15 * time.Minute)
		before = time.Now()
		for range 20 {
			accepted(t, "hangs, with keys", a, token)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("requests with keys waited %v", took)
		}
		time.Sleep(3 * time.Second)
	})
}

// Answers that are none leave the keys in place.
func TestJWKSBadAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*issuer)
		want   string
	}{
		"404":           {func(i *issuer) { i.status = 404 }, "404"},
		"204":           {func(i *issuer) { i.status = 204 }, "204"},
		"a page":        {func(i *issuer) { i.body = "<html>" }, "no JWK set"},
		"an empty set":  {func(i *issuer) { i.keys = nil }, "no key that verifies"},
		"secrets":       {func(i *issuer) { i.body = `{"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}` }, "a secret (oct)"},
		"half a set":    {func(i *issuer) { i.body = `{"keys":[` }, "no JWK set"},
		"without limit": {func(i *issuer) { i.body = `{"keys":[]` + strings.Repeat(" ", 1<<20) + `}` }, "longer than 524288 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := &issuer{keys: map[string]crypto.PublicKey{"one": pairs()["rsa"].Public()}}
			synctest.Test(t, func(t *testing.T) {
				k := makeJWKS(t, auth.JWKSOptions{URL: "https://id.example.com/keys", Transport: i})
				a := makeJWT(t, auth.JWTOptions{JWKS: k})
				if err := k.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				i.set(c.change)
				if err := k.Refresh(t.Context()); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
				accepted(t, "the keys before", a, long(t, "one", "rsa"))
			})
		})
	}
}

// A set with one odd key serves with the others.
func TestJWKSIgnoresOddKeys(t *testing.T) {
	t.Parallel()
	public, err := jwk.Import(pairs()["p256"].Public())
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	i := &issuer{body: `{"keys":[{"kty":"XYZ"},{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},` + string(good) + `]}`}
	k := makeJWKS(t, auth.JWKSOptions{URL: "https://id.example.com/keys", Transport: i, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	a := makeJWT(t, auth.JWTOptions{JWKS: k})
	accepted(t, "the good key", a, long(t, "", "p256"))
	refused(t, "the secret", a, sign(hs256, payload("ada"), secret), auth.ErrInvalid)
	if err := k.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "are not used"); n != 1 || strings.Contains(log.String(), "MDEyMzQ1") {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

func TestJWKSAndFixedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{keys: map[string]crypto.PublicKey{"one": pairs()["rsa"].Public()}, down: errors.New("down")}
		k := makeJWKS(t, auth.JWKSOptions{URL: "https://id.example.com/keys", Transport: i})
		a := makeJWT(t, auth.JWTOptions{JWKS: k, Secret: []byte(secret), Keys: []auth.PublicKey{{ID: "here", Key: pairs()["p256"].Public()}}})
		own := sign(hs256, payload("ada"), secret)
		accepted(t, "a secret in an outage", a, own)
		accepted(t, "a key in an outage", a, long(t, "here", "p256"))
		refused(t, "a published key in an outage", a, long(t, "one", "rsa"), auth.ErrUnavailable)
		i.set(func(i *issuer) { i.down = nil })
		time.Sleep(5 * time.Second)
		accepted(t, "a published key", a, long(t, "one", "rsa"))
		accepted(t, "the secret", a, own)
	})
}

func TestJWKSClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{block: make(chan struct{})}
		k := makeJWKS(t, auth.JWKSOptions{URL: "https://id.example.com/keys", Transport: i, Timeout: time.Hour})
		a := makeJWT(t, auth.JWTOptions{JWKS: k})
		var all sync.WaitGroup
		all.Go(func() { refused(t, "while it closes", a, long(t, "one", "rsa"), auth.ErrUnavailable) })
		synctest.Wait()
		before := time.Now()
		if err := k.Close(t.Context()); err != nil {
			t.Error(err)
		}
		all.Wait()
		if time.Since(before) != 0 {
			t.Error("it waited for the fetch instead of ending it")
		}
		refused(t, "closed", a, long(t, "one", "rsa"), auth.ErrUnavailable)
		if err := k.Refresh(t.Context()); !errors.Is(err, auth.ErrUnavailable) || i.asked.Load() != 1 {
			t.Errorf("a closed one fetches: %v", err)
		}
	})
}

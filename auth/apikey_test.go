package auth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

func hashOf(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:])
}

func makeKeys(t *testing.T, keys ...auth.APIKey) auth.Authenticator {
	t.Helper()
	a, err := auth.NewAPIKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ask sends pairs of header name and value.
func ask(a auth.Authenticator, header ...string) (*auth.Principal, error) {
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return a.Authenticate(r)
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	a := makeKeys(t,
		auth.APIKey{SHA256: hashOf("red key"), Subject: "red", Roles: []string{"reader"}, Scopes: []string{"posts:read"}, Claims: map[string]any{"tenant": "t1"}},
		auth.APIKey{SHA256: strings.ToUpper(hashOf("blue.key.x")), Subject: "blue", Claims: map[string]any{"sub": "own"}},
		auth.APIKey{SHA256: hashOf("old key"), Subject: "old", Expires: time.Now().Add(-time.Second)},
	)
	for name, c := range map[string]struct {
		header []string
		want   string // the subject, or what is in the reason
	}{
		"own header":               {[]string{"X-API-Key", "red key"}, "red"},
		"spaces around it":         {[]string{"X-API-Key", " red key "}, "red"},
		"as a bearer token":        {[]string{"Authorization", "bearer red key"}, "red"},
		"like a token":             {[]string{"Authorization", "Bearer blue.key.x"}, "blue"},
		"own header goes first":    {[]string{"X-API-Key", "red key", "Authorization", "Bearer blue.key.x"}, "red"},
		"a bad one decides":        {[]string{"X-API-Key", "x", "Authorization", "Bearer red key"}, "not known"},
		"unknown":                  {[]string{"X-API-Key", "red kex"}, "not known"},
		"the hash instead":         {[]string{"X-API-Key", hashOf("red key")}, "not known"},
		"expired":                  {[]string{"X-API-Key", "old key"}, "has expired"},
		"empty":                    {[]string{"X-API-Key", ""}, "is empty"},
		"two":                      {[]string{"X-API-Key", "red key", "X-API-Key", "red key"}, "several headers X-API-Key"},
		"two, Authorization":       {[]string{"Authorization", "Bearer red key", "Authorization", "Bearer red key"}, "several headers Authorization"},
		"another scheme":           {[]string{"Authorization", "Basic YTpi"}, "of the form"},
		"too long":                 {[]string{"X-API-Key", strings.Repeat("x", 2000)}, "longer than 1024 bytes"},
		"two keys in one":          {[]string{"X-API-Key", "red key, old key"}, "not known"},
		"a zero byte":              {[]string{"X-API-Key", "red key\x00"}, "not known"},
		"a prefix":                 {[]string{"X-API-Key", "red"}, "not known"},
		"unknown, as bearer":       {[]string{"Authorization", "Bearer nobody"}, "not known"},
		"unknown and like a token": {[]string{"Authorization", "Bearer a.b.c"}, "not known"},
	} {
		p, err := ask(a, c.header...)
		if err == nil {
			if p.Subject != c.want {
				t.Errorf("%s: %+v", name, p)
			}
			continue
		}
		var e *auth.Error
		if p != nil || !errors.As(err, &e) || !strings.Contains(e.Reason, c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, err := ask(a); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("nothing sent: %v", err)
	}
	p, err := ask(a, "X-API-Key", "red key")
	if want := (&auth.Principal{Subject: "red", Roles: []string{"reader"}, Scopes: []string{"posts:read"}, Claims: map[string]any{"sub": "red", "tenant": "t1"}}); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, %v", p, err)
	}
	p.Roles[0], p.Claims["tenant"] = "admin", "t2"
	if p, _ := ask(a, "X-API-Key", "red key"); p.Roles[0] != "reader" || p.Claims["tenant"] != "t1" {
		t.Error("a change to one principal reached the next")
	}
	if p, _ := ask(a, "X-API-Key", "blue.key.x"); p.Claims["sub"] != "own" {
		t.Errorf("got %+v", p)
	}
}

// Whatever is sent, one comparison in constant time is made: there is nothing that more or less of a key could change.
func TestAPIKeysAreComparedOnce(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("0123456789abcdef", 4)
	for _, size := range []int{1, 2, 1000} {
		keys := []auth.APIKey{{SHA256: hashOf(key), Subject: "x"}}
		for n := range size - 1 {
			keys = append(keys, auth.APIKey{SHA256: hashOf(strings.Repeat("k", n+1)), Subject: "x"})
		}
		a := makeKeys(t, keys...)
		compared := auth.CountComparisons(a)
		for n, sent := range []string{key, "x", key[:1], key[:63] + "0", key + "0", strings.ToUpper(key), "k", "not there"} {
			_, err := ask(a, "X-API-Key", sent)
			if got := compared.Load(); got != int64(n+1) {
				t.Errorf("of %d keys, %q: %d comparisons, want 1 (%v)", size, sent, got-int64(n), err)
				compared.Store(int64(n + 1))
			}
		}
	}
}

func TestAPIKeysExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := makeKeys(t, auth.APIKey{SHA256: hashOf("k"), Subject: "s", Expires: time.Now().Add(time.Hour)})
		time.Sleep(time.Hour - 1)
		if _, err := ask(a, "X-API-Key", "k"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := ask(a, "X-API-Key", "k"); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewAPIKeysRefuses(t *testing.T) {
	t.Parallel()
	good := auth.APIKey{SHA256: hashOf("k"), Subject: "s"}
	for want, keys := range map[string][]auth.APIKey{
		"there are no API keys":                    nil,
		`API key 2 (""): there is no subject`:      {good, {SHA256: hashOf("x")}},
		`API key 1 ("s"): sha256 is not 64`:        {{SHA256: "abc", Subject: "s"}},
		`API key 1 ("t"): sha256 is not 64`:        {{SHA256: hashOf("k") + "00", Subject: "t"}},
		"sha256 is that of nothing":                {{SHA256: hashOf(""), Subject: "s"}},
		`API key 2 ("t"): the same key`:            {good, {SHA256: strings.ToUpper(hashOf("k")), Subject: "t"}},
		`API key 3 ("u"): sha256 is not 64 hexade`: {good, {SHA256: hashOf("2"), Subject: "t"}, {Subject: "u"}},
	} {
		if _, err := auth.NewAPIKeys(keys); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReadAPIKeyFile(t *testing.T) {
	t.Parallel()
	read := func(t *testing.T, text string) ([]auth.APIKey, string, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := auth.ReadAPIKeyFile(path)
		return keys, path, err
	}
	want := []auth.APIKey{
		{SHA256: hashOf("k"), Subject: "s", Roles: []string{"r"}, Scopes: []string{"a", "b"}, Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), Claims: map[string]any{
			"tenant": map[string]any{"id": json.Number("9007199254740993")}, "ok": true, "list": []any{json.Number("1.5"), "x"},
		}},
		{SHA256: hashOf("l"), Subject: "t"},
	}
	for name, text := range map[string]string{
		"TOML": `
[[key]]
sha256 = "` + hashOf("k") + `"
subject = "s"
roles = ["r"]
scopes = ["a", "b"]
expires = 2027-01-31T00:00:00Z
claims = { tenant = { id = 9007199254740993 }, ok = true, list = [1.5, "x"] }
[[key]]
sha256 = "` + hashOf("l") + `"
subject = "t"
`,
		"JSON": ` {"key": [{"sha256": "` + hashOf("k") + `", "subject": "s", "roles": ["r"], "scopes": ["a", "b"], "expires": "2027-01-31T00:00:00Z",
"claims": {"tenant": {"id": 9007199254740993}, "ok": true, "list": [1.5, "x"]}}, {"sha256": "` + hashOf("l") + `", "subject": "t"}]}`,
	} {
		keys, _, err := read(t, text)
		if err != nil || !reflect.DeepEqual(keys, want) {
			t.Errorf("%s: got  %+v, %v\nwant %+v", name, keys, err, want)
		}
	}
	for text, want := range map[string]string{
		"[[key]]\nsubject = \"s\"\nrole = [\"x\"]":          `line 3: "key.role" is not known`,
		"[[keys]]\nsubject = \"s\"":                         `"keys`,
		"[[key]]\nroles = \"x\"":                            "line 2",
		"[[key":                                             "line 1",
		"[[key]]\nclaims = {day = 2027-01-31}":              "key 1, the claim day: a date",
		"[[key]]\nclaims = {a = [{b = 10:00:00}]}":          "the claim a: a date",
		"[[key]]\nclaims = {a = {b = 2027-01-31T00:00:00}}": "the claim a: a date",
		`{"key": [{"rolls": []}]}`:                          "rolls",
		`{"key": []} {}`:                                    "behind the object",
		`{"key": [{"subject": 1}]}`:                         "subject",
	} {
		if _, path, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := auth.ReadAPIKeyFile("/does/not/exist"); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v", err)
	}
	if keys, _, err := read(t, ""); err != nil || len(keys) != 0 {
		t.Errorf("an empty file: %v, %v", keys, err) // NewAPIKeys says that there are none
	}
}

package fraiseqltest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

// AuthenticatorTest says what an Authenticator accepts and refuses.
type AuthenticatorTest struct {
	// Authenticator is what is tested. Required.
	Authenticator auth.Authenticator
	// Good adds credentials to a request that are accepted. Required.
	Good func(r *http.Request)
	// Subject is that of the principal whom Good stands for.
	Subject string
	// Bad add credentials that must be refused, by a word for what is wrong with them: expired, of another issuer, taken back.
	// What is made of Good by changing it is tried besides.
	Bad map[string]func(r *http.Request)
}

// TestAuthenticator checks that an Authenticator keeps what package auth expects of one, each rule in a test of its own:
//
//   - without credentials the error is auth.ErrNoCredentials, with bad ones it matches auth.ErrInvalid, and the principal is nil;
//   - credentials of which a part is changed or cut, and several headers Authorization, are not accepted;
//   - odd values, such as very long ones, are refused, and nothing panics;
//   - a request whose client has left is not told that its credentials are bad;
//   - the body is not read, and the request is not changed;
//   - errors and challenges do not repeat the credentials, and challenges are fit for a header;
//   - what one request does to its principal, no other sees;
//   - many requests at once get their own answers. Run it with -race.
func TestAuthenticator(t *testing.T, c AuthenticatorTest) {
	t.Helper()
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			for _, fault := range c.check(rule) {
				t.Error(fault)
			}
		})
	}
}

// CheckAuthenticator is [TestAuthenticator] without a test: it gives all faults, or nil.
func CheckAuthenticator(c AuthenticatorTest) error {
	var all []error
	for _, rule := range rules() {
		for _, fault := range c.check(rule) {
			all = append(all, fmt.Errorf("%s: %w", rule.name, fault))
		}
	}
	return errors.Join(all...)
}

type rule struct {
	name  string
	check func(*inspection)
}

func rules() []rule {
	return []rule{
		{"no credentials", (*inspection).noCredentials},
		{"good credentials", (*inspection).goodCredentials},
		{"bad credentials", (*inspection).badCredentials},
		{"changed credentials", (*inspection).changedCredentials},
		{"odd values", (*inspection).oddValues},
		{"a client that left", (*inspection).clientLeft},
		{"the request stays as it is", (*inspection).requestStays},
		{"credentials stay secret", (*inspection).secrets},
		{"challenges", (*inspection).challenges},
		{"principals are not shared", (*inspection).notShared},
		{"many at once", (*inspection).concurrent},
	}
}

// inspection checks one rule.
type inspection struct {
	AuthenticatorTest
	mu     sync.Mutex // guards faults
	faults []error
}

func (c AuthenticatorTest) check(r rule) []error {
	if c.Authenticator == nil || c.Good == nil {
		return []error{errors.New("AuthenticatorTest needs an Authenticator, and Good credentials for it")}
	}
	i := &inspection{AuthenticatorTest: c}
	r.check(i)
	return i.faults
}

func (i *inspection) fault(format string, args ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = append(i.faults, fmt.Errorf(format, args...))
}

// request is a POST with credentials; nil: none.
func request(credentials ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://api.example.com/graphql", strings.NewReader(`{"query": "{ __typename }"}`))
	r.Header.Set("Content-Type", "application/json")
	for _, add := range credentials {
		if add != nil {
			add(r)
		}
	}
	return r
}

// ask authenticates; a panic is a fault.
func (i *inspection) ask(what string, r *http.Request) (p *auth.Principal, err error) {
	defer func() {
		if v := recover(); v != nil {
			i.fault("%s: it panicked: %v", what, v)
			p, err = nil, auth.ErrInvalid
		}
	}()
	p, err = i.Authenticator.Authenticate(r)
	switch {
	case err == nil && p == nil:
		i.fault("%s: there is neither a principal nor an error", what)
		err = auth.ErrInvalid
	case err != nil && p != nil:
		i.fault("%s: there is a principal beside the error %v: give nil", what, err)
	}
	return p, err
}

func (i *inspection) noCredentials() {
	_, err := i.ask("no credentials", request())
	if !errors.Is(err, auth.ErrNoCredentials) || errors.Is(err, auth.ErrInvalid) {
		i.fault("a request without credentials gives %v, and should give auth.ErrNoCredentials", err)
	}
}

func (i *inspection) goodCredentials() {
	for range 2 { // the second may come from a cache
		p, err := i.ask("good credentials", request(i.Good))
		if err != nil {
			i.fault("the good credentials are refused: %v", err)
		} else if p.Subject != i.Subject {
			i.fault("the good credentials are those of %q, and should be those of %q", p.Subject, i.Subject)
		}
	}
}

func (i *inspection) badCredentials() {
	for _, name := range slices.Sorted(maps.Keys(i.Bad)) {
		for range 2 {
			_, err := i.ask(name, request(i.Bad[name]))
			if !errors.Is(err, auth.ErrInvalid) || errors.Is(err, auth.ErrNoCredentials) {
				i.fault("%s: bad credentials give %v, and should give an error that matches auth.ErrInvalid, and not auth.ErrNoCredentials", name, err)
			}
		}
	}
}

// sent are the headers that credentials add to a request.
func sent(credentials func(*http.Request)) http.Header {
	plain, full := request(), request(credentials)
	added := http.Header{}
	for name, values := range full.Header {
		if !slices.Equal(values, plain.Header[name]) {
			added[name] = values
		}
	}
	return added
}

// replacing sets one header.
func replacing(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

// refuses asks with what must not be accepted.
func (i *inspection) refuses(what string, credentials ...func(*http.Request)) {
	_, err := i.ask(what, request(credentials...))
	if err == nil {
		i.fault("%s: it is accepted", what)
	} else if !errors.Is(err, auth.ErrInvalid) && !errors.Is(err, auth.ErrNoCredentials) {
		i.fault("%s: it gives %v, and should give an error that matches auth.ErrInvalid: others say that nobody could find out", what, err)
	}
}

func (i *inspection) changedCredentials() {
	for name, values := range sent(i.Good) {
		value := values[len(values)-1]
		changed := []byte(value)
		middle := (strings.LastIndexByte(value, ' ') + 1 + len(value)) / 2
		if middle >= len(value) { // there is nothing to change
			continue
		}
		if changed[middle] != 'A' {
			changed[middle] = 'A'
		} else {
			changed[middle] = 'B'
		}
		i.refuses(name+" with another letter in its middle", i.Good, replacing(name, string(changed)))
		i.refuses(name+" without its second half", i.Good, replacing(name, value[:middle]))
		if name == "Authorization" {
			i.refuses("a second header Authorization, which is bad", i.Good, replacing(name, value, string(changed)))
			i.refuses("a second header Authorization, the first of which is bad", i.Good, replacing(name, string(changed), value))
		}
	}
}

func (i *inspection) oddValues() {
	names := slices.Collect(maps.Keys(sent(i.Good)))
	for _, name := range names {
		scheme, _, ok := strings.Cut(sent(i.Good).Get(name), " ")
		if scheme += " "; !ok {
			scheme = ""
		}
		for what, value := range map[string]string{
			"nothing": "", "a space": " ", "the scheme alone": scheme, "a megabyte": scheme + strings.Repeat("x", 1<<20), "a zero byte": scheme + "x\x00", "lines": scheme + "x\r\nX-Admin: 1",
			"what is no UTF-8": scheme + "\xff\xfe", "dots": scheme + strings.Repeat(".", 1000), "braces": scheme + strings.Repeat(`{"a":[`, 1000),
			"SQL": scheme + "' OR '1'='1", "an encoded zero byte": scheme + base64.StdEncoding.EncodeToString([]byte("\x00:\x00")),
		} {
			i.refuses(name+" with "+what, i.Good, replacing(name, value))
		}
	}
}

// patient is how long an Authenticator may take when nobody waits for it any more.
const patient = 10 * time.Second

func (i *inspection) clientLeft() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done := make(chan error, 1)
	go func() {
		_, err := i.ask("a client that left", request(i.Good).WithContext(ctx))
		done <- err
	}()
	select {
	case err := <-done:
		if errors.Is(err, auth.ErrInvalid) || errors.Is(err, auth.ErrNoCredentials) {
			i.fault("good credentials of a client that left give %v: that nobody could find out must not match auth.ErrInvalid or auth.ErrNoCredentials", err)
		}
	case <-time.After(patient):
		i.fault("a request whose context has ended is not answered within %v", patient)
	}
}

// watched is a body that notes whether it is touched.
type watched struct{ touched bool }

func (w *watched) Read([]byte) (int, error) { w.touched = true; return 0, io.EOF }
func (w *watched) Close() error             { w.touched = true; return nil }

func (i *inspection) requestStays() {
	all := map[string]func(*http.Request){"no credentials": nil, "good credentials": i.Good}
	for name, bad := range i.Bad {
		all[name] = bad
	}
	for name, credentials := range all {
		r, body := request(credentials), &watched{}
		r.Body = body
		before := r.Clone(r.Context())
		before.Body = body
		_, _ = i.ask(name, r)
		if body.touched {
			i.fault("%s: the body is read or closed, and it is the operation's", name)
		}
		if r.Body != io.ReadCloser(body) {
			i.fault("%s: the body is replaced", name)
		}
		if !reflect.DeepEqual(r.Header, before.Header) {
			i.fault("%s: the request's headers are changed", name)
		}
		if !reflect.DeepEqual(r.URL, before.URL) || r.Host != before.Host || r.Method != before.Method || r.RequestURI != before.RequestURI || r.RemoteAddr != before.RemoteAddr || r.ContentLength != before.ContentLength {
			i.fault("%s: the request is changed", name)
		}
		if r.Form != nil || r.PostForm != nil || r.MultipartForm != nil {
			i.fault("%s: the request is read as a form, which its body is not", name)
		}
	}
}

// leastSecret is the length from which on a text is one that nobody writes by chance.
const leastSecret = 8

// secretsOf are the texts of credentials that nobody may repeat.
func secretsOf(credentials func(*http.Request)) (all []string) {
	for name, values := range sent(credentials) {
		for _, v := range values {
			parts := []string{v}
			if _, rest, ok := strings.Cut(v, " "); ok && name == "Authorization" {
				parts = append(append(parts, rest), strings.Split(rest, ".")...)
				if plain, err := base64.StdEncoding.DecodeString(rest); err == nil {
					_, password, _ := strings.Cut(string(plain), ":")
					parts = append(parts, string(plain), password)
				}
			}
			if name == "Cookie" {
				for _, c := range request(credentials).Cookies() {
					parts = append(parts, c.Value)
				}
			}
			for _, p := range parts {
				if len(p) >= leastSecret {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

func (i *inspection) secrets() {
	all := maps.Clone(i.Bad)
	if all == nil {
		all = map[string]func(*http.Request){}
	}
	for name, values := range sent(i.Good) {
		all["the good credentials, changed"] = func(r *http.Request) {
			i.Good(r)
			r.Header[name] = []string{values[0] + "x"}
		}
	}
	for name, credentials := range all {
		_, err := i.ask(name, request(credentials))
		if err == nil {
			continue
		}
		texts := map[string]string{"the error": err.Error(), "the challenge": auth.ChallengeFor(i.Authenticator, err)}
		var told *auth.Error
		if errors.As(err, &told) {
			texts["the reason"] = told.Reason
		}
		for _, secret := range secretsOf(credentials) {
			for where, text := range texts {
				if strings.Contains(text, secret) {
					i.fault("%s: %s repeats a part of the credentials, and will stand in logs and answers: %.200s", name, where, text)
				}
			}
		}
	}
}

func (i *inspection) challenges() {
	all := map[string]func(*http.Request){"no credentials": nil}
	maps.Copy(all, i.Bad)
	for name, credentials := range all {
		_, err := i.ask(name, request(credentials))
		if err == nil {
			continue
		}
		if c := auth.ChallengeFor(i.Authenticator, err); !validChallenge(c) {
			i.fault("%s: the challenge %q is not fit for WWW-Authenticate: it begins with a scheme, such as Bearer, and has printable letters of ASCII only", name, c)
		}
	}
}

// validChallenge tells whether a text is fit for WWW-Authenticate: a scheme, then printable letters, with quotes in pairs.
// Source: RFC 9110, sections 5.5 and 11.3.
func validChallenge(text string) bool {
	scheme, _, _ := strings.Cut(text, " ")
	scheme = strings.TrimSuffix(scheme, ",") // before another challenge
	for _, c := range scheme {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			return false
		}
	}
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return scheme != "" && strings.Count(strings.ReplaceAll(text, `\"`, ""), `"`)%2 == 0
}

// spoil changes all of a principal that may be changed.
func spoil(p *auth.Principal) {
	p.Subject = "spoilt"
	for n := range p.Roles {
		p.Roles[n] = "spoilt"
	}
	for n := range p.Scopes {
		p.Scopes[n] = "spoilt"
	}
	spoilClaim(p.Claims)
	if p.Claims != nil {
		p.Claims["spoilt"] = true
	}
}

func spoilClaim(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			spoilClaim(inner)
			v[name] = "spoilt"
		}
	case []any:
		for n, inner := range v {
			spoilClaim(inner)
			v[n] = "spoilt"
		}
	}
}

// written is all of a principal as text.
func written(p *auth.Principal) string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(p); err != nil {
		return fmt.Sprintf("%+v", *p)
	}
	return b.String()
}

func (i *inspection) notShared() {
	p, err := i.ask("good credentials", request(i.Good))
	if err != nil {
		return // another rule tells it
	}
	want := written(p)
	spoil(p)
	for range 3 {
		if p, err = i.ask("good credentials", request(i.Good)); err != nil {
			return
		}
		if got := written(p); got != want {
			i.fault("a change to one request's principal reaches another's: it is %s, and was %s; give a copy (auth.Principal.Clone)", got, want)
			return
		}
		spoil(p)
	}
}

func (i *inspection) concurrent() {
	const callers, each = 16, 20
	names := slices.Sorted(maps.Keys(i.Bad))
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := range each {
				switch (caller + n) % 3 {
				case 0:
					if p, err := i.ask("good credentials, many at once", request(i.Good)); err != nil || p.Subject != i.Subject {
						i.fault("of many at once, one with good credentials gets another answer: %v", err)
						return
					}
				case 1:
					if _, err := i.ask("no credentials, many at once", request()); !errors.Is(err, auth.ErrNoCredentials) {
						i.fault("of many at once, one without credentials gets %v", err)
						return
					}
				case 2:
					if len(names) == 0 {
						continue
					}
					name := names[n%len(names)]
					if _, err := i.ask(name, request(i.Bad[name])); !errors.Is(err, auth.ErrInvalid) {
						i.fault("of many at once, one with bad credentials (%s) gets %v", name, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxJWKSBytes = 512 << 10
	maxRedirects = 3
)

// fetch gets the keys, and how long the answer may be used. ignored tells why keys of the set are of no use.
func (k *JWKS) fetch(ctx context.Context) (keys *keySet, age time.Duration, ignored []error, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.o.URL, http.NoBody)
	if err != nil {
		return nil, 0, nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("User-Agent", "fraiseql")
	answer, err := k.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, 0, nil, context.Cause(ctx)
		}
		var in *url.Error
		if errors.As(err, &in) {
			err = in.Err // the URL is told beside it
		}
		return nil, 0, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, 0, nil, fmt.Errorf("it is answered %s", answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKSBytes+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, 0, nil, context.Cause(ctx)
	case err != nil:
		return nil, 0, nil, err
	case len(text) > maxJWKSBytes:
		return nil, 0, nil, fmt.Errorf("the answer is longer than %d bytes", maxJWKSBytes)
	}
	found, ignored, err := readJWKS(text)
	if err != nil {
		kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
		return nil, 0, nil, fmt.Errorf("the answer (%.60q): %w", kind, err)
	}
	made := make([]*key, 0, len(found))
	for _, p := range found {
		one, err := newPublicKey(p)
		if err != nil { // it was made once already, to be read
			return nil, 0, nil, err
		}
		made = append(made, one)
	}
	if len(made) == 0 {
		return nil, 0, nil, errors.Join(append([]error{errors.New("the set has no key that verifies tokens")}, ignored...)...)
	}
	return newKeySet(made...), maxAge(answer.Header), ignored, nil
}

// same tells whether two sets have the same keys.
func (s *keySet) same(t *keySet) bool {
	if len(s.known) != len(t.known) {
		return false
	}
	for print := range s.known {
		if !t.known[print] {
			return false
		}
	}
	return true
}

// maxAge is how long an answer says that it may be used: nothing for no-store and no-cache. Source: RFC 9111, sections 4.2.3 and
// 5.2.2.
func maxAge(h http.Header) time.Duration {
	age := unsaidAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			age = seconds(strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return age - seconds(h.Get("Age"))
}

// seconds reads a number of seconds: what is none counts nothing, and what is large is ten years.
func seconds(text string) time.Duration {
	const most = 10 * 365 * 24 * 3600
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > most {
		n = most
	}
	return time.Duration(n) * time.Second
}

// sameHost lets redirects stay on the host, and on its scheme: keys of another one would be somebody else's.
func sameHost(at *url.URL) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		switch {
		case r.URL.Host != at.Host || r.URL.Scheme != at.Scheme:
			return errors.New("it redirects to another host or scheme: give the address of the keys themselves")
		case len(via) > maxRedirects:
			return fmt.Errorf("it redirects more than %d times", maxRedirects)
		}
		return nil
	}
}

package guard

import (
	"mime"
	"net/http"
	"strings"
)

// CSRF finds requests that a page of another site may have made a browser send, with the cookies, the password or the
// certificate that the browser keeps, or from a network that the page's author cannot reach. nil finds none.
//
// A browser asks first (a preflight), and sends nothing without a yes, when a request has a header or a media type that a
// plain form or link could not send; so such a request is not found. Neither is one that the browser itself says comes
// from the same origin, from the address bar, or from an origin that is listed.
// Source: Fetch standard, sections 2.2.2 and 4.8; Fetch Metadata Request Headers, section 2.3.
type CSRF struct {
	Origins *Origins // required

	// Strict also finds requests that say nothing about where they come from: of old browsers, and of all to an address
	// that is neither https nor localhost. Programs that are no browsers then need one of the headers too.
	Strict bool
}

// preflightHeaders are those that clients send to show that no form or link made the request, and one that holds an API key.
// Any other would do, but proxies and programs add some by themselves.
var preflightHeaders = [...]string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Graphql-Require-Preflight", "X-Requested-With", "X-Api-Key"}

// Finds tells whether a request may be forged.
func (c *CSRF) Finds(r *http.Request) bool {
	if c == nil || asksFirst(r) || c.Origins.trusts(r) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		return c.Strict || r.Header["Origin"] != nil // which a GET has from another origin only
	}
	return true
}

// asksFirst tells a request before which browsers send a preflight.
func asksFirst(r *http.Request) bool {
	if kinds := r.Header["Content-Type"]; len(kinds) == 1 {
		kind, _, err := mime.ParseMediaType(kinds[0])
		switch kind {
		case "", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded":
		default:
			if err == nil {
				return true
			}
		}
	}
	for _, name := range preflightHeaders {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	// Scripts alone send a Bearer token; passwords and tickets are added by browsers.
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

package auth

import (
	"net/http"
	"strings"
)

// authorization takes the header Authorization apart. It gives ErrNoCredentials when there is none.
// Source: RFC 9110, section 11.6.2.
func authorization(r *http.Request, want string) (scheme, credentials string, err error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", "", ErrNoCredentials
	}
	if len(values) > 1 { // which of them does a proxy in front look at?
		return "", "", &Error{Reason: "there are several headers Authorization: send one header of the form " + want}
	}
	scheme, credentials, _ = strings.Cut(strings.TrimSpace(values[0]), " ")
	if credentials = strings.TrimSpace(credentials); credentials == "" {
		return "", "", &Error{Reason: "the header Authorization says nothing: send one header of the form " + want}
	}
	return scheme, credentials, nil
}

// likeJWT tells whether credentials have the form of a signed token: three parts joined by dots.
// Source: RFC 7515, section 3.1.
func likeJWT(credentials string) bool { return strings.Count(credentials, ".") == 2 }

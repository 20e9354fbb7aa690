package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// First asks several authenticators in their order, such as one for tokens and one for API keys. The first that finds credentials of
// its own kind decides, whether it accepts or refuses them or cannot tell: bad credentials of one kind are never made good by
// another one's. One that answers [ErrNoCredentials], or an [*Error] with OtherKind, leaves the decision to the next.
//
// A request with credentials that none of them reads is refused, not anonymous.
func First(authenticators ...Authenticator) Authenticator {
	return first(slices.Clone(authenticators))
}

type first []Authenticator

// decided is the error of the authenticator that decided.
type decided struct {
	by  Authenticator
	err error
}

func (d *decided) Error() string { return d.err.Error() }
func (d *decided) Unwrap() error { return d.err }

// Authenticate asks one authenticator after the other.
func (f first) Authenticate(r *http.Request) (*Principal, error) {
	var unread error
	for i, a := range f {
		if a == nil {
			return nil, fmt.Errorf("auth.First was given nil as authenticator %d: leave it out", i+1)
		}
		p, err := a.Authenticate(r)
		var e *Error
		switch {
		case err == nil:
			return p, nil
		case errors.Is(err, ErrNoCredentials):
		case errors.As(err, &e) && e.OtherKind:
			if unread == nil {
				unread = &decided{a, err}
			}
		default:
			return nil, &decided{a, err}
		}
	}
	if unread != nil {
		return nil, unread
	}
	return nil, ErrNoCredentials
}

// challengeFor joins the challenges, one of each scheme. Only that of the one who decided speaks of what was wrong.
// Source: RFC 9110, section 11.6.1.
func (f first) challengeFor(err error) string {
	var by Authenticator
	var d *decided
	if errors.As(err, &d) {
		by = d.by
	}
	var schemes, challenges []string
	add := func(challenge string) {
		scheme, _, _ := strings.Cut(challenge, " ")
		if !slices.Contains(schemes, scheme) {
			schemes, challenges = append(schemes, scheme), append(challenges, challenge)
		}
	}
	if by != nil {
		add(ChallengeFor(by, d.err))
	}
	for _, a := range f {
		add(ChallengeFor(a, ErrNoCredentials))
	}
	return strings.Join(challenges, ", ")
}

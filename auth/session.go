package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// roleSetting is the name under which SessionFromClaims takes the database role.
const roleSetting = "role"

// reservedPrefix is kept for what the project itself sets.
const reservedPrefix = "fraiseql."

// Settings is what a request's database session is set to, for this request only.
type Settings struct {
	// Role is the database role that the request's statements run as; empty: the one that the pool connects as.
	Role string
	// Values are custom settings: names of the form app.tenant_id, which current_setting reads.
	Values map[string]string
}

// Validate refuses what must never reach set_config: a name that is not two identifiers joined by a dot, since the
// server's own parameters (statement_timeout, search_path) have none; a name that begins with "fraiseql."; two
// names that PostgreSQL takes for one; the role none, which would undo a change of role; texts that are not UTF-8 or
// contain a zero byte. It changes and allocates nothing when all is well.
func (s Settings) Validate() error {
	if strings.EqualFold(s.Role, "none") {
		return errors.New(`the database role must not be "none", which stands for the role that connected: name a role, or leave it empty`)
	}
	if err := checkText(roleSetting, s.Role); err != nil {
		return err
	}
	for name, value := range s.Values {
		if err := checkName(name); err != nil {
			return err
		}
		if err := checkText(name, value); err != nil {
			return err
		}
		for other := range s.Values {
			if other != name && strings.EqualFold(other, name) {
				return fmt.Errorf("the settings %q and %q are one to PostgreSQL, which ignores case: keep one of them", name, other)
			}
		}
	}
	return nil
}

func checkName(name string) error {
	first, second, dotted := strings.Cut(name, ".")
	if !dotted || !identifier(first) || !identifier(second) {
		return fmt.Errorf("%q cannot name a session setting: use two identifiers joined by a dot, such as app.tenant_id", name)
	}
	if len(name) >= len(reservedPrefix) && strings.EqualFold(name[:len(reservedPrefix)], reservedPrefix) {
		return fmt.Errorf("the setting %q begins with %q, which is reserved: choose another prefix, such as app", name, reservedPrefix)
	}
	return nil
}

func identifier(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func checkText(name, value string) error {
	if strings.IndexByte(value, 0) >= 0 {
		return fmt.Errorf("the value of the setting %q contains a zero byte, which PostgreSQL does not take", name)
	}
	if !utf8.ValidString(value) {
		return fmt.Errorf("the value of the setting %q is not UTF-8", name)
	}
	return nil
}

// SessionFromClaims makes a session function out of a table: names of settings → paths of claims ([Principal.Claim]).
//
// A claim that is missing or null sets the empty text, so that policies see nothing. Texts are taken as they
// are, numbers digit by digit as the token has them, booleans as true and false, lists and objects as JSON.
//
// The name "role" stands for [Settings.Role]. There an empty role would mean the rights of the connecting role, so a
// request without that claim is refused with FORBIDDEN.
//
// A name that Settings.Validate refuses is an error now, not at the first request.
func SessionFromClaims(claims map[string]string) (func(context.Context) (Settings, error), error) {
	claims = maps.Clone(claims)
	names := Settings{Values: make(map[string]string, len(claims))}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if claims[name] == "" {
			errs = append(errs, fmt.Errorf("the setting %q names no claim: say which one, as in %s=sub", name, name))
		}
		if name != roleSetting {
			names.Values[name] = ""
			errs = append(errs, checkName(name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := names.Validate(); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (Settings, error) {
		p := FromContext(ctx)
		s := Settings{Values: make(map[string]string, len(names.Values))}
		for name, path := range claims {
			text, err := claimText(p, path)
			switch {
			case err != nil:
				return Settings{}, fmt.Errorf("the claim %s: %w", path, err)
			case name != roleSetting:
				s.Values[name] = text
			case text == "":
				return Settings{}, fault.New(fault.Forbidden, "the credentials hold no claim %q, which names the database role", path)
			default:
				s.Role = text
			}
		}
		if err := s.Validate(); err != nil { // the names are sound, so it is a claim
			return Settings{}, fault.Wrap(err, fault.Forbidden, "a claim of the credentials cannot be a setting of the database session: the operator finds which in the log")
		}
		return s, nil
	}, nil
}

// claimText writes a claim as the text of a setting.
func claimText(p *Principal, path string) (string, error) {
	v, _ := p.Claim(path)
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case float64: // from an Authenticator that decodes numbers as floats
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

package cli

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/fraiseql/fraiseql-go/pool"
)

const hidden = "xxxxx"

// withoutSecret hides in an option's value what nobody should read over somebody's shoulder or in a log of builds.
func withoutSecret(option, value string) string {
	switch {
	case value == "":
		return ""
	case option == "database-url":
		return databaseWithoutSecret(value)
	case option == "jwks-url":
		return urlWithoutSecret(value, func(string) bool { return true })
	case strings.HasSuffix(option, "-password"):
		return hidden
	}
	return value
}

// passwordWord is a password among key=value words.
// Source: PostgreSQL documentation, section 34.1.1.1, "Keyword/Value Connection Strings".
var passwordWord = regexp.MustCompile(`(?is)\b(\w*password\s*=\s*)('(?:[^'\\]|\\.)*'?|(?:[^\s\\]|\\.)*)`)

// databaseWithoutSecret hides the passwords of a database URL, or of its key=value form. Of one that cannot be read nothing is
// certain not to be the password.
func databaseWithoutSecret(text string) string {
	if pool.CheckURL(text) != nil {
		return hidden
	}
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return urlWithoutSecret(text, func(key string) bool { return strings.Contains(strings.ToLower(key), "password") })
	}
	return passwordWord.ReplaceAllString(text, "${1}"+hidden)
}

// urlWithoutSecret hides the password of a URL, and the values of its query that are secret by their keys.
func urlWithoutSecret(text string, secret func(key string) bool) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		key, _, valued := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); valued && (err != nil || secret(name)) {
			pairs[i] = key + "=" + hidden
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	return u.String()
}

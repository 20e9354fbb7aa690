package cli

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/pool"
)

const hidden = "xxxxx"

// withoutSecret hides in an option's value what nobody should read over somebody's shoulder or in the log of a build.
func withoutSecret(option, value string) string {
	switch {
	case value == "":
		return ""
	case option == "database-url":
		return databaseWithoutSecret(value)
	case option == "jwks-url":
		return urlWithoutSecret(value, nil)
	case strings.HasSuffix(option, "-password"):
		return hidden
	}
	return value
}

// connectionWords are the words of a database URL that hold no secret. Any other may be the rest of a password that was not
// quoted.
// Source: PostgreSQL documentation, section 34.1.2, "Parameter Key Words".
var connectionWords = [...]string{
	"host", "hostaddr", "port", "dbname", "database", "user", "passfile", "require_auth", "channel_binding", "connect_timeout", "client_encoding",
	"options", "application_name", "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
	"tcp_user_timeout", "sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "sslsni",
	"krbsrvname", "service", "servicefile", "target_session_attrs", "load_balance_hosts", "min_protocol_version", "max_protocol_version",
	"search_path", "statement_timeout", "lock_timeout", "timezone",
}

// connectionWord is one word of the key=value form.
// Source: PostgreSQL documentation, section 34.1.1.1, "Keyword/Value Connection Strings".
var connectionWord = regexp.MustCompile(`(?s)([^\s=]+)(\s*=\s*)('(?:[^'\\]|\\.)*'?|(?:[^\s\\]|\\.)*)`)

// databaseWithoutSecret hides all of a database URL, or of its key=value form, that may be a password. Of one that cannot be
// read nothing is certain not to be.
func databaseWithoutSecret(text string) string {
	if pool.CheckURL(text) != nil {
		return hidden
	}
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return urlWithoutSecret(text, connectionWords[:])
	}
	return connectionWord.ReplaceAllStringFunc(text, func(word string) string {
		parts := connectionWord.FindStringSubmatch(word)
		return withoutValue(parts[1], parts[2], parts[3], connectionWords[:])
	})
}

// withoutValue writes a key with its value as far as they may be shown.
func withoutValue(key, is, value string, shown []string) string {
	switch name := strings.ToLower(key); {
	case slices.Contains(shown, name):
		return key + is + value
	case strings.HasSuffix(name, "password"):
		return key + is + hidden
	}
	return hidden
}

// urlWithoutSecret hides the password of a URL, and what its query has besides the keys that may be shown.
func urlWithoutSecret(text string, shown []string) string {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" {
		return hidden
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	if u.RawQuery == "" {
		return u.String()
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		pairs[i] = withoutValue(key, "=", value, shown)
	}
	u.RawQuery = strings.Join(pairs, "&")
	return u.String()
}

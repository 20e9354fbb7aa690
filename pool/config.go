package pool

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pinned are the settings that every session starts with and that a reset goes back to: values have one form on the
// wire whatever the server's defaults are.
func pinned() map[string]string {
	return map[string]string{
		"DateStyle":          "ISO",
		"IntervalStyle":      "iso_8601",
		"TimeZone":           "UTC",
		"bytea_output":       "hex",
		"extra_float_digits": "1",
		"client_encoding":    "UTF8",
		"jit":                "off",
	}
}

const urlForm = "want postgres://user:password@host:port/database or key=value words, with special characters in user and password percent-encoded"

// Setting is a setting of a session or transaction.
type Setting struct{ Name, Value string }

// chosen are the settings that the options ask for. A session has them from its start; those that it cannot have there
// travel in each transaction.
func (o Options) chosen() (session map[string]string) {
	session = map[string]string{}
	if o.StatementTimeout > 0 {
		session["statement_timeout"] = strconv.FormatInt(max(o.StatementTimeout.Milliseconds(), 1), 10)
	}
	if o.ReadOnly {
		session[defaultReadOnly] = "on"
	}
	return session
}

const (
	defaultReadOnly = "default_transaction_read_only" // of a session
	readOnly        = "transaction_read_only"         // of a transaction
)

// CheckURL tells what is wrong with a database URL, or its key=value form, as Open would. It connects to nothing. The error
// quotes no part of it.
func CheckURL(databaseURL string) error {
	_, _, err := parseURL(databaseURL, Options{})
	return err
}

// parseURL reads the database URL. Its errors say what is wrong without quoting any of it, for no part of a malformed
// URL is certain not to be the password.
//
// travelling are the settings that sessions do not carry.
func parseURL(databaseURL string, o Options) (config *pgx.ConnConfig, travelling []Setting, err error) {
	if strings.TrimSpace(databaseURL) == "" {
		return nil, nil, fmt.Errorf("pool: the database URL is empty: %s", urlForm)
	}
	if straySign(databaseURL) {
		return nil, nil, errors.New("pool: the database URL is malformed: it has an @ behind the one that ends user and password; percent-encode them, and the name of the database (%40 for @, %2F for /)")
	}
	config, err = pgx.ParseConfig(databaseURL)
	if err != nil {
		var pe *pgconn.ParseConfigError
		if errors.As(err, &pe) {
			return nil, nil, errors.New("pool: " + parseFault(pe))
		}
		return nil, nil, fmt.Errorf("pool: the database URL is malformed: %s", urlForm)
	}
	pin := pinned()
	maps.Copy(pin, o.chosen())
	if config.ValidateConnect != nil && pin[defaultReadOnly] != "" {
		// target_session_attrs asks whether sessions can write, so it must see the server's own choice.
		delete(pin, defaultReadOnly)
		travelling = []Setting{{readOnly, "on"}}
	}
	for key := range config.RuntimeParams {
		for pinnedKey := range pin {
			if strings.EqualFold(key, pinnedKey) {
				delete(config.RuntimeParams, key)
			}
		}
	}
	for key, value := range pin {
		config.RuntimeParams[key] = value
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = o.Name
	}
	return config, travelling, nil
}

// straySign tells whether a URL has an @ in its hosts or its path. That is what a password with an @ or a / in it comes to
// when it is not encoded: its rest would be taken for a host or a database, whose names are told in errors.
func straySign(databaseURL string) bool {
	rest, ok := strings.CutPrefix(databaseURL, "postgres://")
	if !ok {
		if rest, ok = strings.CutPrefix(databaseURL, "postgresql://"); !ok {
			return false
		}
	}
	authority, path, _ := strings.Cut(rest, "/")
	if _, hosts, ok := strings.Cut(authority, "@"); ok {
		hosts, _, _ = strings.Cut(hosts, "?")
		if strings.Contains(hosts, "@") {
			return true
		}
	}
	path, _, _ = strings.Cut(path, "?")
	return strings.Contains(path, "@")
}

// parseFault names the part of a database URL that pgx refused, by the words of its message that are known to be free of
// the URL's text.
func parseFault(err *pgconn.ParseConfigError) string {
	full := err.Error()
	for _, part := range []string{
		"failed to read service", "invalid sslcertmode", "invalid connect_timeout", "invalid port", "failed to configure TLS",
		"unknown target_session_attrs", "invalid min_protocol_version", "invalid max_protocol_version",
		"min_protocol_version cannot be greater", "unknown channel_binding", "invalid require_auth",
		"cannot parse statement_cache_capacity", "cannot parse description_cache_capacity", "invalid default_query_exec_mode",
	} {
		if strings.Contains(full, "`: "+part) {
			return fmt.Sprintf("the database URL is refused (%s): correct this setting in the URL", part)
		}
	}
	return "the database URL is malformed: " + urlForm
}

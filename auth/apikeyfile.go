package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// ReadAPIKeyFile reads the keys of a file in TOML, or in JSON when it begins with a brace:
//
//	[[key]]
//	sha256  = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//	subject = "nightly-report"
//	roles   = ["reader"]              # optional, as all that follows
//	scopes  = ["posts:read"]
//	expires = 2027-01-31T00:00:00Z
//	claims  = { tenant = "red" }
//
// In JSON it is {"key": [{"sha256": …}]}, with expires as a text. Names that are not known are errors.
func ReadAPIKeyFile(path string) ([]APIKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading API keys: %w", err)
	}
	read := readAPIKeyTOML
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		read = readAPIKeyJSON
	}
	file, err := read(text)
	if err != nil {
		return nil, fmt.Errorf("reading API keys: %s: %w", path, err)
	}
	keys := make([]APIKey, len(file.Key))
	for i, k := range file.Key {
		keys[i] = APIKey(k)
		for name, value := range k.Claims {
			if keys[i].Claims[name], err = claimOf(value); err != nil {
				return nil, fmt.Errorf("reading API keys: %s: key %d, the claim %s: %w", path, i+1, name, err)
			}
		}
	}
	return keys, nil
}

type apiKeyFile struct {
	Key []apiKeyEntry `toml:"key" json:"key"`
}

// apiKeyEntry is an APIKey with its names in a file.
type apiKeyEntry struct {
	SHA256  string         `toml:"sha256" json:"sha256"`
	Subject string         `toml:"subject" json:"subject"`
	Roles   []string       `toml:"roles" json:"roles"`
	Scopes  []string       `toml:"scopes" json:"scopes"`
	Claims  map[string]any `toml:"claims" json:"claims"`
	Expires time.Time      `toml:"expires" json:"expires"`
}

func readAPIKeyTOML(text []byte) (file apiKeyFile, err error) {
	err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&file)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		return file, fmt.Errorf("line %d: %q is not known: a key has sha256, subject, roles, scopes, claims and expires", row, strings.Join(strict.Errors[0].Key(), "."))
	}
	var place *toml.DecodeError
	if errors.As(err, &place) {
		row, _ := place.Position()
		return file, fmt.Errorf("line %d: %w", row, err)
	}
	return file, err
}

func readAPIKeyJSON(text []byte) (file apiKeyFile, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err = d.Decode(&file); err == nil && d.More() {
		err = errors.New("something stands behind the object")
	}
	return file, err
}

// claimOf gives a value of a file the form that claims of a token have.
func claimOf(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), nil
	case float64:
		return json.Number(strconv.FormatFloat(v, 'g', -1, 64)), nil
	case nil, string, bool, json.Number:
		return v, nil
	case []any:
		c := make([]any, len(v))
		for i, inner := range v {
			var err error
			if c[i], err = claimOf(inner); err != nil {
				return nil, err
			}
		}
		return c, nil
	case map[string]any:
		c := make(map[string]any, len(v))
		for name, inner := range v {
			var err error
			if c[name], err = claimOf(inner); err != nil {
				return nil, err
			}
		}
		return c, nil
	}
	return nil, errors.New("a date is none of JSON's values: write it in quotes")
}

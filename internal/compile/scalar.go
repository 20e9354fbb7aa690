package compile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// tokenKind is what a scalar was written as.
type tokenKind uint8

const (
	intToken tokenKind = iota + 1
	floatToken
	stringToken
	boolToken
	enumToken
)

var (
	wholeForm    = regexp.MustCompile(`^-?[0-9]+$`)
	numberForm   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,5})?$`)
	timeForm     = regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?|24:00(:00)?)$`)
	durationForm = regexp.MustCompile(`^P(-?[0-9]+(\.[0-9]+)?Y)?(-?[0-9]+(\.[0-9]+)?M)?(-?[0-9]+(\.[0-9]+)?W)?(-?[0-9]+(\.[0-9]+)?D)?(T(-?[0-9]+(\.[0-9]+)?H)?(-?[0-9]+(\.[0-9]+)?M)?(-?[0-9]+(\.[0-9]+)?S)?)?$`)
	ltreeForm    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// scalar coerces one value to PostgreSQL's text. The error says what is accepted.
// Source: GraphQL specification, section 3.5, "Input Coercion".
func scalar(t *schema.Type, kind tokenKind, plain []byte) (text []byte, err error) {
	if t.Kind == schema.Enum {
		v, ok := t.Value(string(plain))
		if !ok || (kind != enumToken && kind != stringToken) {
			return nil, fmt.Errorf("%s is not a value of the enum %s", shown(kind, plain), t.Name)
		}
		return []byte(v.Label), nil
	}
	if t.As != nil {
		return declared(t, kind, plain)
	}
	refuse := func(accepted string) ([]byte, error) {
		return nil, fmt.Errorf("%s cannot represent %s: %s", t.Name, shown(kind, plain), accepted)
	}
	switch t.Name {
	case "Int":
		n, ok := whole(kind, plain)
		if _, err := strconv.ParseInt(n, 10, 32); !ok || err != nil {
			return refuse("send a whole number from -2147483648 to 2147483647")
		}
		return []byte(n), nil
	case "Float":
		f, err := strconv.ParseFloat(string(plain), 64)
		if (kind != intToken && kind != floatToken) || err != nil || math.IsInf(f, 0) {
			return refuse("send a number of double precision")
		}
		return strconv.AppendFloat(nil, f, 'g', -1, 64), nil // PostgreSQL refuses what rounds to 0, such as 1e-400
	case "Boolean":
		if kind != boolToken {
			return refuse("send true or false")
		}
		return plain[:1], nil
	case "BigInt":
		n, ok := whole(kind, plain)
		if kind == stringToken {
			n, ok = string(plain), wholeForm.Match(plain)
		}
		if _, err := strconv.ParseInt(n, 10, 64); !ok || err != nil {
			return refuse("send a whole number of 64 bits, as a string or a number")
		}
		return []byte(n), nil
	case "Decimal":
		if (kind != intToken && kind != floatToken && kind != stringToken) || !numberForm.Match(plain) {
			return refuse("send a decimal number, as a string or a number")
		}
	case "ID":
		if kind != stringToken && kind != intToken {
			return refuse("send a string or a whole number")
		}
	case "String":
		if kind != stringToken {
			return refuse("send a string")
		}
	case "Bytes":
		raw, err := base64.StdEncoding.DecodeString(string(plain))
		if kind != stringToken || err != nil {
			return refuse("send a string of base64")
		}
		return append([]byte(`\x`), hex.EncodeToString(raw)...), nil
	default:
		accepted, ok := textual(t.Name, plain)
		if kind != stringToken || !ok {
			return refuse(accepted)
		}
	}
	if kind == stringToken && bytes.IndexByte(plain, 0) >= 0 {
		return refuse("PostgreSQL's text cannot hold the character U+0000")
	}
	return plain, nil
}

// declared coerces a value of a scalar declared in Go: its function reads what was sent, and what it makes of that must be a
// value of the scalar that the database holds.
func declared(t *schema.Type, kind tokenKind, plain []byte) ([]byte, error) {
	if t.Serialize != nil && kind != stringToken {
		return nil, fmt.Errorf("%s cannot represent %s: send a string", t.Name, shown(kind, plain))
	}
	if t.Parse == nil {
		text, err := scalar(t.As, kind, plain)
		if err != nil {
			return nil, fmt.Errorf("%s is a %w", t.Name, err)
		}
		return text, nil
	}
	if t.Serialize == nil && !accepts(t.As.Name, kind) {
		return nil, fmt.Errorf("%s cannot represent %s: send it as %s is sent", t.Name, shown(kind, plain), t.As.Name)
	}
	stored, err := t.Parse(string(plain))
	if err != nil {
		return nil, fmt.Errorf("%s cannot represent %s: %w", t.Name, shown(kind, plain), err)
	}
	text, err := scalar(t.As, kindOf(t.As.Name), []byte(stored))
	if err != nil {
		return nil, fmt.Errorf("%s made %q of %s, which its columns cannot hold: %w", t.Name, stored, shown(kind, plain), err)
	}
	return text, nil
}

// accepts tells whether a scalar is written as such a token.
func accepts(scalar string, kind tokenKind) bool {
	switch scalar {
	case "Int":
		return kind == intToken
	case "Float":
		return kind == intToken || kind == floatToken
	case "BigInt", "Decimal":
		return kind == intToken || kind == floatToken || kind == stringToken
	case "ID":
		return kind == intToken || kind == stringToken
	}
	return kind == stringToken
}

// kindOf is the token that a scalar's text in the database is written as.
func kindOf(scalar string) tokenKind {
	switch scalar {
	case "Int":
		return intToken
	case "Float":
		return floatToken
	}
	return stringToken
}

// textual checks the scalars that are sent as a string of a certain form.
func textual(name string, plain []byte) (accepted string, ok bool) {
	s := string(plain)
	switch name {
	case "Date", "DateTime", "LocalDateTime": // as they are written; see docs/reference/scalars.md
		if s == "infinity" || s == "-infinity" {
			return "", true
		}
	}
	switch name {
	case "UUID":
		return "send a UUID such as 123e4567-e89b-12d3-a456-426614174000", isUUID(plain)
	case "Date":
		m, ok := moment(plain, 5_874_897)
		return "send a date such as 2026-01-31", ok && !m.Clock
	case "Time":
		return "send a time of day such as 13:45:00", timeForm.Match(plain)
	case "DateTime":
		m, ok := moment(plain, lastYear)
		return "send an instant with its offset such as 2026-01-31T13:45:00Z", ok && m.Zone && !m.Spaced
	case "LocalDateTime":
		m, ok := moment(plain, lastYear)
		return "send a date and time without a zone such as 2026-01-31T13:45:00", ok && m.Clock && !m.Zone && !m.Spaced
	case "Duration":
		return "send a duration of ISO 8601 such as P1DT2H", len(plain) > 2 && durationForm.Match(plain)
	case "IpAddress":
		a, err1 := netip.ParseAddr(s)
		_, err2 := netip.ParsePrefix(s)
		return "send an IP address such as 192.0.2.1 or 2001:db8::1", err1 == nil && a.Zone() == "" || err2 == nil
	case "CIDR":
		p, err := netip.ParsePrefix(s)
		return "send a network such as 10.0.0.0/8, with no bits set behind the prefix", err == nil && p.Masked() == p
	case "MacAddress":
		a, err := net.ParseMAC(s)
		return "send a MAC address such as 08:00:2b:01:02:03", err == nil && len(a) <= 8
	case "LTreePath":
		return "send labels joined by dots such as top.science", ltreeForm.Match(plain)
	}
	return "it cannot be sent", false
}

// isUUID tells whether text is a UUID as PostgreSQL writes it, in small letters or large ones. Keys are what queries ask for most,
// and a regular expression for them took a twentieth of all instructions of a query for one row.
func isUUID(text []byte) bool {
	for i, c := range text {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return len(text) == 36
}

// lastYear is the last one of PostgreSQL's timestamps; the first of all is 4713 BC.
const (
	firstYear = 1 - 4713
	lastYear  = 294_276
)

// moment reads a date or a date and time that PostgreSQL can hold.
func moment(text []byte, last int) (jsonw.Moment, bool) {
	m, ok := jsonw.ReadMoment(text)
	return m, ok && m.Time.Year() >= firstYear && m.Time.Year() <= last
}

// whole reads a whole number; a variable's 5.0 is one, as in every JSON reader.
func whole(kind tokenKind, plain []byte) (string, bool) {
	switch kind {
	case intToken:
		return string(plain), true
	case floatToken:
		digits, ok := jsonw.Whole(plain)
		return string(digits), ok
	}
	return "", false
}

// shown repeats what was sent, shortened, as it was written.
func shown(kind tokenKind, plain []byte) string {
	if len(plain) > 40 {
		plain = append(plain[:40:40], "…"...)
	}
	if kind == stringToken {
		return strconv.Quote(string(plain))
	}
	return string(plain)
}

package fraiseql

import "reflect"

// ID identifies an object; in GraphQL it is always a string. PostgreSQL's key columns of any
// type (uuid, int, text) are read into it.
type ID string

// These types name the scalars for which the standard library has no type of its own. Each
// holds the text that clients see, so that nothing is lost between PostgreSQL and JSON.
//
// The other scalars come from ordinary Go types: bool, string, int (and int8 to int32) as Int,
// int64 as BigInt, float64 as Float, time.Time as DateTime, time.Duration as Duration, []byte
// as Bytes, [16]byte types as UUID, netip.Addr and net.IP as IpAddress, netip.Prefix as CIDR,
// net.HardwareAddr as MacAddress, and json.RawMessage, maps and any as JSON. [Scalar] makes
// scalars of types of yours.
type (
	// Decimal is an exact decimal number such as "12.50" (PostgreSQL numeric).
	Decimal string
	// UUID is a universally unique identifier in its canonical form.
	UUID string
	// Date is a calendar date such as "2026-01-31".
	Date string
	// TimeOfDay is a time of day without a zone such as "13:45:00"; GraphQL calls it Time.
	TimeOfDay string
	// LocalDateTime is a date and time without a zone such as "2026-01-31T13:45:00".
	LocalDateTime string
	// Interval is a span of time such as "P1Y2M" or "PT2H", in ISO 8601; GraphQL calls it
	// Duration. A time.Duration is simpler where months and years do not occur.
	Interval string
	// LTreePath is a path of labels such as "top.science" (PostgreSQL ltree).
	LTreePath string
)

// Optional is an argument, or a field of an input, that tells three things apart: left out
// (Set is false), sent as null (Set and Null are true), and sent with a value.
// A pointer is simpler where absent and null mean the same.
type Optional[V any] struct {
	Set   bool // the client sent it, as null or as a value
	Null  bool // the client sent null
	Value V    // the zero value unless Set and not Null
}

// optional marks Optional for reflection, which cannot ask whether a type is an instance of a
// generic one.
func (Optional[V]) optional() {}

type isOptional interface{ optional() }

var optionalType = reflect.TypeFor[isOptional]()

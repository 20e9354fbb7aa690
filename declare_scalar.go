package fraiseql

import (
	"fmt"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// ScalarOptions says what is special about a scalar. Parse and Serialize are called by several
// goroutines at once, and must give the same for the same value: what Parse made of a literal is
// kept with the document that holds it.
type ScalarOptions[T any] struct {
	Description string
	// SpecifiedBy is the address of the scalar's specification, for introspection and the
	// schema. Default: none.
	SpecifiedBy string
	// As names the scalar that the values are in the database; it decides which columns fit and
	// which operators filters have. Default: what T is without a name: String, Int, BigInt or
	// Float. A string type may also be ID, UUID, BigInt, Decimal, Date, Time, DateTime,
	// LocalDateTime, Duration, IpAddress, CIDR, MacAddress or LTreePath, a type of whole numbers
	// BigInt.
	As string
	// Parse reads what a client sent: the content of a string, or a number's digits. What it
	// gives is what the database gets, so it may bring spellings together. The client is told the
	// text of its error, which says what is accepted; an [*Error] travels as it is. Default: every
	// value of As.
	Parse func(text string) (T, error)
	// Serialize makes the string that clients get of what the database holds, and needs a Parse
	// that reads it. It is called for each value of an answer; its error is the value's, null
	// takes its place, and the log has the rest. Default: clients get what the database holds, and
	// no Go runs for it.
	Serialize func(value T) (string, error)
}

// Scalar declares the type T, a string or a number of yours, as a scalar of the API. Struct
// fields, arguments and results of the type T are then of this scalar, and so are columns whose
// comment says so:
//
//	type EmailAddress string
//
//	fraiseql.Scalar("EmailAddress", fraiseql.ScalarOptions[EmailAddress]{
//		Description: "An address for electronic mail.",
//		Parse: func(text string) (EmailAddress, error) {
//			address, err := mail.ParseAddress(text)
//			if err != nil {
//				return "", errors.New("send an address such as ada@example.org")
//			}
//			return EmailAddress(strings.ToLower(address.Address)), nil
//		},
//	})
//
//	COMMENT ON COLUMN v_user.email IS '@fraiseql:field type=EmailAddress!';
//
// Filters parse what they compare with, and have the operators of As. A scalar that nothing uses
// is refused at start. docs/reference/scalars.md tells the rules.
func Scalar[T any](name string, o ...ScalarOptions[T]) Type {
	return scalarType[T]{name: name, options: last(o)}
}

type scalarType[T any] struct {
	name    string
	options ScalarOptions[T]
}

func (s scalarType[T]) head(d *declarer) {
	t, o := reflect.TypeFor[T](), s.options
	call := fmt.Sprintf("fraiseql.Scalar[%s](%q)", t, s.name)
	before := len(d.faults)
	plain := kindScalar(t)
	var may []string
	if plain != nil {
		may = carriers(plain.sdl)
	}
	switch {
	case may == nil || t.PkgPath() == "" || namedScalar(t) != nil:
		d.fault("%s: a scalar needs a type of its own that is a string or a number: declare one (type EmailAddress string)", call)
		return
	case d.scalars[t] != nil || d.enums[t] != nil:
		d.fault("%s: %s is declared already: declare it once", call, t)
		return
	case !schema.ValidName(s.name):
		d.fault("%s: %q cannot be a GraphQL name: use letters, digits and _, and no digit or __ at the beginning", call, s.name)
	case schema.Scalars(false)[s.name] != nil:
		d.fault("%s: there is a scalar %s already: choose another name", call, s.name)
	}
	if o.As != "" && !slices.Contains(may, o.As) {
		d.fault("%s: As is %q, which values of %s cannot be: name one of %s", call, o.As, t, strings.Join(may, ", "))
	}
	if u, err := url.Parse(o.SpecifiedBy); o.SpecifiedBy != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		d.fault("%s: SpecifiedBy is %q, which is no address: write one such as https://example.org/email, or leave it out", call, o.SpecifiedBy)
	}
	if o.Serialize != nil && o.Parse == nil {
		d.fault("%s: it has Serialize and no Parse, so that nobody could send what is shown: add Parse", call)
	}
	f := *plain
	f.sdl = s.name
	f.text = plain.text || o.Serialize != nil
	if plain.text {
		f.read = readStoredText(jsonw.FormOf(or(o.As, may[0])))
	}
	decl := schema.ScalarDecl{Name: s.name, Description: o.Description, SpecifiedBy: o.SpecifiedBy, As: or(o.As, may[0]), Origin: call}
	if o.Parse != nil {
		decl.Parse = func(text string) (string, error) {
			value, err := guarded(call+": Parse", func() (T, error) { return o.Parse(text) })
			return storedText(reflect.ValueOf(&value).Elem()), err
		}
		f.parses = func(text string) error {
			_, err := decl.Parse(text)
			return err
		}
	}
	if o.Serialize != nil {
		decl.Serialize = func(stored string) (string, error) {
			var value T
			if err := readStored(stored, reflect.ValueOf(&value).Elem()); err != nil {
				return "", fmt.Errorf("%s: %w", call, err)
			}
			return guarded(call+": Serialize", func() (string, error) { return o.Serialize(value) })
		}
	}
	d.scalars[t] = &f
	if len(d.faults) == before {
		d.out.Scalars = append(d.out.Scalars, decl)
	}
}

func (s scalarType[T]) body(*declarer) {}

// carriers lists the scalars that values of a kind can be in the database, the usual one first; nil: none.
func carriers(kind string) []string {
	switch kind {
	case "String":
		return []string{
			"String", "ID", "UUID", "BigInt", "Decimal", "Date", "Time", "DateTime", "LocalDateTime", "Duration", "IpAddress", "CIDR", "MacAddress", "LTreePath",
		}
	case "Int":
		return []string{"Int", "BigInt"}
	case "BigInt", "Float":
		return []string{kind}
	}
	return nil
}

// storedText is a value as the database reads it.
func storedText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	}
	return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
}

// readStored reads a value of the database.
func readStored(text string, v reflect.Value) error {
	switch token := []byte(text); {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.CanInt():
		return readInt(token, v)
	case v.CanUint():
		return readUint(token, v)
	default:
		return readFloat(token, v)
	}
}

// readStoredText reads a token of the answer as Parse and Serialize know it.
func readStoredText(as jsonw.Form) readFunc {
	return func(token []byte, v reflect.Value) error {
		text, err := as.AppendJSON(nil, token)
		if err != nil {
			return err
		}
		v.SetString(string(jsonw.AppendUnquoted(nil, text)))
		return nil
	}
}

// guarded calls a function of the developer's; a panic is an error whose cause is for the log only.
func guarded[R any](what string, f func() (R, error)) (result R, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("%s: panic: %v\n%s", what, p, debug.Stack()), fault.Internal, "internal error")
		}
	}()
	result, err = f()
	return result, told(err)
}

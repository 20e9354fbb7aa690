package operator

import (
	"slices"
	"strings"
	"unicode"
)

// Class is a kind of fields that share their operators.
type Class uint8

// The classes of fields.
const (
	Plain    Class = iota + 1 // equality only: identifiers, enums, MAC addresses, bytes
	Flag                      // Boolean
	Text                      // String
	AnyCase                   // String of type citext
	Ordered                   // numbers, dates and times
	Address                   // inet
	Network                   // cidr
	Path                      // ltree, where the extension is installed
	Range                     // ranges
	Dates                     // ranges of dates
	Document                  // JSON
	FullText                  // tsvector
	Tree                      // the identifier of a row that has a path
	List                      // lists of scalars and enums
)

// FullTextName names the scalar that stands for tsvector. It is not in any schema, because
// only filters know it.
const FullTextName = "FullText"

// Subject is what of a field decides its class.
type Subject struct {
	Type      string // the scalar or enum, or the object that stands for a range, by its GraphQL name
	Enum      bool
	List      bool
	Tree      bool // it names rows that have a place in a tree
	Extension bool // the extension that its type comes from is installed
}

// Class gives the class of a field.
func (s Subject) Class() Class {
	switch {
	case s.List:
		return List
	case s.Tree:
		return Tree
	case s.Enum:
		return Plain
	}
	switch s.Type {
	case "Boolean":
		return Flag
	case "String":
		if s.Extension {
			return AnyCase
		}
		return Text
	case "Int", "BigInt", "Decimal", "Float", "Date", "Time", "DateTime", "LocalDateTime", "Duration":
		return Ordered
	case "IpAddress":
		return Address
	case "CIDR":
		return Network
	case "LTreePath":
		if s.Extension {
			return Path
		}
	case "DateRange":
		return Dates
	case "IntRange", "BigIntRange", "DecimalRange", "LocalDateTimeRange", "DateTimeRange":
		return Range
	case "JSON":
		return Document
	case FullTextName:
		return FullText
	}
	return Plain
}

// Operand says what an operator takes.
type Operand uint8

// The kinds of operands. Same, Items, Item and Bound have the type of the field that is
// filtered; the others have a type of their own, which is also that of the SQL parameter.
const (
	Same      Operand = iota + 1 // a value like the field's
	Items                        // a list of such values, or of a list's elements
	Item                         // one element of a list
	Bound                        // a value that lies in a range
	Switch                       // true or false: becomes a part of the SQL
	Count                        // Int
	String                       // String
	Strings                      // a list of String
	JSON                         // JSON
	Subnet                       // CIDR
	Host                         // IpAddress, as a parameter of type inet
	Addresses                    // AddressRange: from one address to another
)

// AddressRange is the name of the input that [Addresses] takes.
const AddressRange = "IpAddressRange"

// Pattern says how a text becomes a LIKE pattern in which it stands for itself.
type Pattern uint8

// The patterns.
const (
	NoPattern Pattern = iota
	Anywhere
	AtStart
	AtEnd
)

// Operator is one condition.
//
// In its SQL, {x} stands for the field's value, {v} for the operand's parameter, {from} and
// {to} for the two of a range of addresses, {ext} for the schema of the field's extension with
// a dot behind it, and {raw} for JSON whose null is not yet that of SQL: a column as it is, so
// that an index on it serves.
type Operator struct {
	Name        string
	Takes       Operand
	SQL         string
	Not         string // of Switch: the SQL for false; empty: not (SQL)
	Cast        string // the parameter's SQL type; empty: as Takes says
	Pattern     Pattern
	Aliases     []string // other spellings, besides those that [Operator.Spellings] derives
	Description string
}

// For lists the operators of a class, in the order in which clients see them.
func For(c Class) []Operator {
	switch c {
	case Plain:
		return slices.Concat(equality(), membership(), null())
	case Flag:
		return slices.Concat(equality(), null())
	case Text:
		return slices.Concat(equality(), membership(), text(), null())
	case AnyCase:
		return ofExtension(slices.Concat(equality(), membership(), text(), null()))
	case Ordered:
		return slices.Concat(equality(), membership(), order(), null())
	case Address:
		return slices.Concat(equality(), membership(), network(addressesFrom), null())
	case Network:
		return slices.Concat(equality(), membership(), network(networksFrom), null())
	case Path:
		return ofExtension(slices.Concat(equality(), membership(), path(), null()))
	case Range:
		return slices.Concat(equality(), membership(), ranges(), null())
	case Dates:
		return slices.Concat(equality(), membership(), dates(), ranges(), null())
	case Document:
		return slices.Concat(equality(), membership(), document(), null())
	case FullText:
		return slices.Concat(fullText(), null())
	case Tree:
		return slices.Concat(equality(), membership(), tree(), null())
	case List:
		return slices.Concat(equality(), lists(), null())
	}
	return nil
}

// Find gives the operator of a class by its name.
func Find(c Class, name string) (Operator, bool) {
	all := For(c)
	i := slices.IndexFunc(all, func(o Operator) bool { return o.Name == name })
	if i < 0 {
		return Operator{}, false
	}
	return all[i], true
}

// Spellings lists the other names that the Python version knows the operator by: in lower
// case, with underscores, and its own.
func (o Operator) Spellings() []string {
	var snake strings.Builder
	for _, r := range o.Name {
		if unicode.IsUpper(r) {
			snake.WriteByte('_')
		}
		snake.WriteRune(unicode.ToLower(r))
	}
	all := slices.Concat([]string{strings.ToLower(o.Name), snake.String()}, o.Aliases)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == o.Name })
}

package differential_test

import (
	"fmt"
	"strconv"
)

// leaf is a value of which column, document and answer have their spellings.
func leaf(sql, doc, wire string) value { return value{SQL: sql, Doc: doc, Wire: wire} }

// text is a value that is spelled alike everywhere, quoted in JSON.
func text(s string) value { return leaf(s, strconv.Quote(s), strconv.Quote(s)) }

// bad is a value of a document that its type cannot hold.
func bad(doc string) value { return value{Doc: doc, Fails: true} }

// broken is a value of a column that GraphQL cannot write.
func broken(sql string) value { return value{SQL: sql, Doc: strconv.Quote(sql), Fails: true} }

func hue(name string) value { return value{SQL: name, Doc: strconv.Quote(name), Name: name} }

// whole is a range of whole numbers, an object in the answer.
func whole(lower, upper int) value {
	sql := fmt.Sprintf("[%d,%d)", lower, upper)
	at := func(n int) value { return value{Wire: strconv.Itoa(n)} }
	truth := func(b bool) value { return value{Wire: strconv.FormatBool(b)} }
	return value{SQL: sql, Doc: strconv.Quote(sql), Object: map[string]value{
		"lower": at(lower), "upper": at(upper), "includesLower": truth(true), "includesUpper": truth(false), "isEmpty": truth(false),
	}}
}

// pools are the values of each type. Those without SQL occur in documents only.
var pools = map[string][]value{
	"Int": {
		leaf("0", "0", "0"), leaf("1", "1", "1"), leaf("2", "2.0", "2"), leaf("-7", "-7", "-7"), leaf("2147483647", "2147483647", "2147483647"),
		bad(`"many"`), bad("2147483648"), bad("1.5"), bad("true"), bad("{}"), bad("[1]"),
	},
	"BigInt": {
		leaf("9223372036854775807", "9223372036854775807", `"9223372036854775807"`), leaf("-1", `"-1"`, `"-1"`), leaf("5", "5", `"5"`),
		bad("9223372036854775808"), bad(`""`),
	},
	"Decimal": {
		leaf("1.50", "1.50", `"1.50"`), leaf("-0.001", `"-0.001"`, `"-0.001"`),
		leaf("12345678901234567890.123456789", "12345678901234567890.123456789", `"12345678901234567890.123456789"`), broken("NaN"), broken("Infinity"),
	},
	"Float": {
		leaf("1.5", "1.5", "1.5"), leaf("0.1", "0.1", "0.1"), leaf("1e+300", `"1e+300"`, "1e+300"), leaf("-2", "-2", "-2"),
		broken("NaN"), broken("Infinity"), broken("-Infinity"),
	},
	"Boolean": {leaf("true", "true", "true"), leaf("false", "false", "false"), bad("1"), bad(`"true"`)},
	"String": {
		text(""), text("plain"), text(`a "b" \c`), text("☃ é"), text("x\ny"), text("$1 {} [] null"), leaf("7", "7", `"7"`), leaf("true", "true", `"true"`),
		bad("{}"), bad("[]"),
	},
	"UUID":          {text("123e4567-e89b-12d3-a456-426614174000"), text("00000000-0000-0000-0000-000000000001")},
	"Date":          {text("2026-01-31"), text("0001-01-01")},
	"DateTime":      {leaf("2026-01-31 13:00:00+01", `"2026-01-31T13:00:00+01:00"`, `"2026-01-31T12:00:00Z"`), leaf("2026-01-31 12:00:00.25+00", `"2026-01-31T12:00:00.25Z"`, `"2026-01-31T12:00:00.25Z"`)},
	"LocalDateTime": {leaf("2026-01-31 12:00:00", `"2026-01-31T12:00:00"`, `"2026-01-31T12:00:00"`)},
	"Time":          {text("13:45:00"), text("00:00:00.5")},
	"Duration":      {leaf("1 day 2 hours", `"P1DT2H"`, `"P1DT2H"`), leaf("-3 seconds", `"PT-3S"`, `"PT-3S"`)},
	"JSON":          {leaf(`{"a": [1, null, "x"], "b": {}}`, `{"a": [1, null, "x"], "b": {}}`, `{"a": [1, null, "x"], "b": {}}`), leaf("1.50", "1.50", "1.50"), leaf(`"s"`, `"s"`, `"s"`)},
	"Bytes":         {leaf(`\x00ff`, `"AP8="`, `"AP8="`), leaf(`\x`, `""`, `""`)},
	"IpAddress":     {text("192.0.2.1"), text("::1"), text("10.0.0.0/8")},
	"CIDR":          {text("10.0.0.0/8")},
	"MacAddress":    {text("08:00:2b:01:02:03")},
	"IntRange":      {whole(1, 5), whole(-3, 0), bad(`"1-5"`), bad("5")},
	"Hue":           {hue("RED"), hue("GREEN"), hue("BLUE"), bad(`"PINK"`), bad("1")},
}

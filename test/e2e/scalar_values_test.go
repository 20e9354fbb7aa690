package e2e_test

import "strings"

// scalarCase is a scalar on a column of a type, with values at its edges and values that it refuses.
type scalarCase struct {
	name   string // of the column
	sql    string
	typ    string // GraphQL
	values []scalarValue
	refuse []string // JSON that clients send
	says   string   // what the refusal tells about what is accepted
}

// scalarValue is a value in PostgreSQL's text, and as clients get it. What they get is also what they may send.
type scalarValue struct {
	text string
	wire string // JSON; empty: it cannot be written, so that it is null with an error
}

const rangeParts = "{lower upper includesLower includesUpper isEmpty}"

func scalarCases() []scalarCase {
	str := func(texts ...string) (all []scalarValue) {
		for _, t := range texts {
			all = append(all, scalarValue{t, `"` + t + `"`})
		}
		return all
	}
	num := func(texts ...string) (all []scalarValue) {
		for _, t := range texts {
			all = append(all, scalarValue{t, t})
		}
		return all
	}
	no := func(all []scalarValue, texts ...string) []scalarValue {
		for _, t := range texts {
			all = append(all, scalarValue{t, ""})
		}
		return all
	}
	word := func(text, wire string) scalarValue { return scalarValue{text, wire} }
	span := func(text, lower, upper, more string) scalarValue {
		return scalarValue{text, `{"lower":` + lower + `,"upper":` + upper + `,` + more + `}`}
	}
	const halfOpen, empty = `"includesLower":true,"includesUpper":false,"isEmpty":false`, `"includesLower":false,"includesUpper":false,"isEmpty":true`
	return []scalarCase{
		{"flag", "bool", "Boolean", []scalarValue{word("true", "true"), word("false", "false")}, []string{`"true"`, "1", "[true, false]"}, "true or false"},
		{
			"whole", "int4", "Int", num("-2147483648", "2147483647", "0"),
			[]string{"2147483648", "-2147483649", "1.5", `"7"`, "true", "1e10", "{}"},
			"send a whole number from -2147483648 to 2147483647",
		},
		{"short", "int2", "Int", num("-32768", "32767"), []string{`"x"`}, "send a whole number"},
		{
			"big", "int8", "BigInt", str("-9223372036854775808", "9223372036854775807", "9007199254740993", "0"),
			[]string{"9223372036854775808", `"9223372036854775808"`, `"1.0"`, "1.5", "false", `"ten"`},
			"send a whole number of 64 bits, as a string or a number",
		},
		{
			"exact", "numeric", "Decimal",
			no(str("12345678901234567890123456789012345678", "0.00000000000000000000000000000000000001", "-99999999999999999999999999999999999999.5", "10.00", "0"), "NaN", "Infinity", "-Infinity"),
			[]string{`"1,5"`, `"NaN"`, `"Infinity"`, `"0x1"`, "true", `""`, `"1e"`},
			"send a decimal number, as a string or a number",
		},
		{
			"rough", "float8", "Float", no(append(num(
				"5e-324", "1.7976931348623157e+308", "0.1", "0.30000000000000004", "100000", "999999999999999", "1e+15", "1.2345678901234568e+17", "1e-05", "0.0001", "-1.5", "123456.789",
			), word("-0", "0"), word("1e30", "1e+30")), "NaN", "Infinity", "-Infinity"),
			[]string{"1e400", `"1"`, "true", `"NaN"`},
			"send a number of double precision",
		},
		{"single", "float4", "Float", no(num("0.1", "1000000", "12345.67", "1e-05", "3.4028235e+38", "16777216"), "NaN", "Infinity"), []string{`"x"`}, "send a number"},
		{
			"word", "text", "String",
			[]scalarValue{
				word("", `""`), word(`"'\{},`, `"\"'\\{},"`), word("NULL", `"NULL"`), word("a\nb\tc\rd\be\ff\x01g\x7f", "\"a\\nb\\tc\\rd\\be\\ff\\u0001g\x7f\""), word("é☃😀\u2028", "\"é☃😀\u2028\""),
				word("</script>&", `"</script>&"`), word("a/b", `"a/b"`), word("12", `"12"`), word("$1 %_", `"$1 %_"`),
			},
			[]string{"5", "true", `"a\u0000b"`},
			"",
		},
		{"ref", "text", "ID", str("", "7", "a b"), []string{"1.5", "true"}, "send a string or a whole number"},
		{
			"unique_id", "uuid", "UUID", str("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "123e4567-e89b-12d3-a456-426614174000"),
			[]string{`"123e4567e89b12d3a456426614174000"`, `"{123e4567-e89b-12d3-a456-426614174000}"`, `""`, "5"},
			"send a UUID such as",
		},
		{
			"day", "date", "Date", str("2026-01-31", "0001-01-01", "0044-03-15 BC", "0001-02-29 BC", "10000-01-01", "5874897-12-31", "4713-01-01 BC", "infinity", "-infinity"),
			[]string{`"2026-02-30"`, `"2025-02-29"`, `"31.01.2026"`, `"2026-1-1"`, `"0000-01-01"`, `"5874898-01-01"`, `"4714-01-01 BC"`, `"2026-01-31T00:00:00"`, `"today"`, "20260131"},
			"send a date such as 2026-01-31",
		},
		{
			"clock", "time", "Time", str("00:00:00", "23:59:59.999999", "13:45:00.5", "24:00:00"),
			[]string{`"24:00:01"`, `"25:00:00"`, `"13:60:00"`, `"1pm"`, `"13:45:00Z"`, `"13"`},
			"send a time of day such as 13:45:00",
		},
		{
			"instant", "timestamptz", "DateTime", append(
				str("2026-01-31T13:45:00Z", "1999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "0044-03-15T12:00:00Z BC", "10000-01-01T00:00:00Z", "294276-12-31T23:59:59.999999Z", "infinity", "-infinity"),
				word("2026-01-31T01:00:00.1+05:30", `"2026-01-30T19:30:00.1Z"`)),
			[]string{`"2026-01-31T13:45:00"`, `"2026-01-31 13:45:00Z"`, `"2026-01-31"`, `"2026-01-31T24:00:00Z"`, `"2026-13-01T00:00:00Z"`, `"294277-01-01T00:00:00Z"`, `"now"`, "1700000000"},
			"send an instant with its offset such as 2026-01-31T13:45:00Z",
		},
		{
			"moment", "timestamp", "LocalDateTime", str("2026-01-31T13:45:00", "1999-12-31T23:59:59.999999", "0044-03-15T12:00:00 BC", "10000-01-01T00:00:00", "294276-12-31T23:59:59.999999", "infinity", "-infinity"),
			[]string{`"2026-01-31T13:45:00Z"`, `"2026-01-31 13:45:00"`, `"2026-01-31"`, `"2026-02-30T00:00:00"`},
			"send a date and time without a zone such as 2026-01-31T13:45:00",
		},
		{
			"span", "interval", "Duration", str("PT0S", "P1Y2M3DT4H5M6.7S", "P-1DT-2H", "PT0.000001S", "P1M", "PT-3.5S", "P178000000Y", "P1DT-1S", "P-1Y-2M"),
			[]string{`"1 day"`, `"P"`, `"PT"`, `"-P1D"`, `"P1.2.3D"`, `"P1H"`, "60"},
			"send a duration of ISO 8601 such as P1DT2H",
		},
		{
			"raw", "bytea", "Bytes",
			[]scalarValue{word(`\x`, `""`), word(`\x00ff10`, `"AP8Q"`), word(`\x5c783431`, `"XHg0MQ=="`)},
			[]string{`"***"`, `"AP8"`, "5"},
			"send a string of base64",
		},
		{"mac", "macaddr", "MacAddress", str("08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"), []string{`"08:00:2b"`, `"zz:00:2b:01:02:03"`, `"00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01"`, "5"}, "send a MAC address such as 08:00:2b:01:02:03"},
		{"mac8", "macaddr8", "MacAddress", str("08:00:2b:01:02:03:04:05"), []string{`"x"`}, "send a MAC address"},
		{"ip", "inet", "IpAddress", str("192.0.2.1", "::1", "10.0.0.5/24", "2001:db8::/32", "::ffff:10.0.0.1"), []string{`"192.0.2.256"`, `"fe80::1%eth0"`, `"10.0.0.1/33"`, `"localhost"`, "5"}, "send an IP address such as 192.0.2.1 or 2001:db8::1"},
		{"net", "cidr", "CIDR", str("10.0.0.0/8", "::1/128", "0.0.0.0/0"), []string{`"10.0.0.1/8"`, `"10.0.0.0"`, `"x"`, "5"}, "send a network such as 10.0.0.0/8, with no bits set behind the prefix"},
		{"place", "ltree", "LTreePath", str("top", "top.science.a_1"), []string{`"top..x"`, `".x"`, `"a b"`, `""`, "5"}, "send labels joined by dots such as top.science"},
		{"mood", "mood", "Mood", str("sad", "happy"), []string{`"SAD"`, `"x"`, "5"}, "not a value of the enum Mood"},
		{
			"doc", "jsonb", "JSON",
			[]scalarValue{
				word(`{"a": [1, null, "x"], "b": {"c": 1.50}}`, `{"a": [1, null, "x"], "b": {"c": 1.50}}`), word(`[]`, `[]`), word(`"é\"\n"`, `"é\"\n"`), word(`12345678901234567890.12345678901234567890`, `12345678901234567890.12345678901234567890`), word(`false`, `false`),
			},
			nil, "",
		},
		{"wholes", "int4range", "IntRange", []scalarValue{span("[1,2147483647)", "1", "2147483647", halfOpen), span("(,5)", "null", "5", `"includesLower":false,"includesUpper":false,"isEmpty":false`), span("empty", "null", "null", empty)}, []string{`{"lower": "1"}`}, "send a whole number"},
		{"bigs", "int8range", "BigIntRange", []scalarValue{span("[1,9223372036854775807)", `"1"`, `"9223372036854775807"`, halfOpen)}, []string{`{"lower": "x"}`}, "send a whole number of 64 bits"},
		{"exacts", "numrange", "DecimalRange", []scalarValue{span("[0.10,12345678901234567890123456789012345678.5)", `"0.10"`, `"12345678901234567890123456789012345678.5"`, halfOpen)}, []string{`{"upper": "x"}`}, "send a decimal number"},
		{"days", "daterange", "DateRange", []scalarValue{span("[0044-03-15 BC,10000-01-01)", `"0044-03-15 BC"`, `"10000-01-01"`, halfOpen), span("[2026-01-01,infinity)", `"2026-01-01"`, `"infinity"`, halfOpen)}, []string{`{"upper": "x"}`}, "send a date"},
		{"moments", "tsrange", "LocalDateTimeRange", []scalarValue{span(`["0044-03-15 12:00:00 BC","10000-01-01 00:00:00.5")`, `"0044-03-15T12:00:00 BC"`, `"10000-01-01T00:00:00.5"`, halfOpen)}, []string{`{"upper": "x"}`}, "send a date and time"},
		{"instants", "tstzrange", "DateTimeRange", []scalarValue{span(`["2026-01-01 00:00:00.5+00","10000-01-01 00:00:00+00")`, `"2026-01-01T00:00:00.5Z"`, `"10000-01-01T00:00:00Z"`, halfOpen)}, []string{`{"upper": "x"}`}, "send an instant"},
	}
}

func (c scalarCase) isRange() bool { return strings.HasSuffix(c.typ, "Range") }

// selection is how a query asks for the column or the list of its type.
func (c scalarCase) selection(name string) string {
	if c.isRange() {
		return name + " " + rangeParts
	}
	return name
}

// rows is how many rows the fixture has: each column has its values in the first ones, and null in the others.
func scalarRows(all []scalarCase) (n int) {
	for _, c := range all {
		n = max(n, len(c.values))
	}
	return n
}

package schema

// Scalars are the scalar types that this project knows, made new on each call so that no two
// schemas share one. With numbers, BigInt and Decimal are written as JSON numbers.
func Scalars(numbers bool) map[string]*Type {
	all := map[string]*Type{}
	for _, t := range builtin() {
		all[t.Name] = t
	}
	for _, row := range [...][3]string{
		{"BigInt", "A whole number of 64 bits", ""},
		{"Decimal", "An exact decimal number", ""},
		{"UUID", "A universally unique identifier in its canonical form.", "https://www.rfc-editor.org/rfc/rfc9562"},
		{"Date", "A calendar date: 2026-01-31.", "https://www.rfc-editor.org/rfc/rfc3339"},
		{"Time", "A time of day without a zone: 13:45:00.", ""},
		{"DateTime", "An instant, written in UTC: 2026-01-31T13:45:00Z.", "https://scalars.graphql.org/andimarek/date-time.html"},
		{"LocalDateTime", "A date and time without a zone: 2026-01-31T13:45:00.", "https://scalars.graphql.org/andimarek/local-date-time.html"},
		{"Duration", "A span of time as ISO 8601 writes it: P1DT2H.", ""},
		{"JSON", "Any JSON value.", "https://www.rfc-editor.org/rfc/rfc8259"},
		{"Bytes", "Binary data in base64.", "https://www.rfc-editor.org/rfc/rfc4648"},
		{"IpAddress", "An IPv4 or IPv6 address, with a prefix length when it is not a single host.", ""},
		{"CIDR", "An IPv4 or IPv6 network: 10.0.0.0/8.", ""},
		{"MacAddress", "A MAC address: 08:00:2b:01:02:03.", ""},
		{"LTreePath", "A path of labels joined by dots: top.science.", ""},
	} {
		all[row[0]] = &Type{Kind: Scalar, Name: row[0], Description: row[1], SpecifiedBy: row[2]}
	}
	how := ", written as a string so that no client rounds it; a number is read too."
	if numbers {
		how = ", written as a number, which clients that read numbers as doubles round; a string is read too."
	}
	for _, name := range [...]string{"BigInt", "Decimal"} {
		all[name].Description += how
		all[name].Numbers = numbers
	}
	return all
}

// builtin makes the five scalars of the specification, section 3.5.
func builtin() []*Type {
	return []*Type{
		{Kind: Scalar, Name: "Int", Description: "A whole number of 32 bits."},
		{Kind: Scalar, Name: "Float", Description: "A number of double precision."},
		{Kind: Scalar, Name: "String", Description: "Text in UTF-8."},
		{Kind: Scalar, Name: "Boolean", Description: "true or false."},
		{Kind: Scalar, Name: "ID", Description: "An identifier, always written as a string."},
	}
}

package matrix_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// kind is a kind of values that share their references.
type kind string

const (
	plain   kind = "plain"
	flag    kind = "flag"
	text    kind = "text"
	ordered kind = "ordered"
	address kind = "address"
	network kind = "network"
	path    kind = "path"
	ranged  kind = "range"
	json_   kind = "json"
	search  kind = "search"
	key     kind = "key"
	list    kind = "list"
)

// field is a column of the fixture, with what its rows hold in PostgreSQL's text; what is
// missing is null.
type field struct {
	name   string
	sql    string // the column's type
	typ    string // the GraphQL type
	kind   kind
	values []string
	read   func(string) any // reads a value, from the column's text or from a client's
	elem   *field           // of a list
	items  [][]string       // of a list: what values holds, element by element; nothing is null
	native bool             // not in documents
	places *field           // of the key: the column with the paths of the rows
}

// scalars are the fields that are no lists.
func scalars() []*field {
	return []*field{
		{name: "flag", sql: "bool", typ: "Boolean", kind: flag, read: readText, values: []string{"true", "false"}},
		{name: "whole", sql: "int4", typ: "Int", kind: ordered, read: readNumber, values: []string{"9", "10", "100", "-2147483648", "2147483647", "0"}},
		{name: "short", sql: "int2", typ: "Int", kind: ordered, read: readNumber, values: []string{"9", "10", "-32768", "32767"}},
		{name: "big", sql: "int8", typ: "BigInt", kind: ordered, read: readNumber, values: []string{"9", "10", "9223372036854775807", "-9223372036854775808", "9223372036854775806"}},
		{name: "exact", sql: "numeric", typ: "Decimal", kind: ordered, read: readNumber, values: []string{"9.5", "10", "100", "0.0000000001", "12345678901234567890123456789.0123456789", "10.00"}},
		{name: "rough", sql: "float8", typ: "Float", kind: ordered, read: readNumber, values: []string{"9", "10", "1e+300", "-1.5", "0.1"}},
		{name: "single", sql: "float4", typ: "Float", kind: ordered, read: readNumber, values: []string{"9", "10", "-1.5", "0.25"}},
		{name: "word", sql: "text", typ: "String", kind: text, read: readText, values: []string{"abc", "ABC", "50%_", "x50%_y", `a\b`, "", "50 percent", "a.c", "it's"}},
		{name: "short_word", sql: "varchar(20)", typ: "String", kind: text, read: readText, values: []string{"abc", "ABC", "50%_", "abd"}},
		{name: "ref", sql: "text", typ: "ID", kind: plain, read: readText, values: []string{"a1", "B2", "7", ""}},
		{name: "unique_id", sql: "uuid", typ: "UUID", kind: plain, read: readUUID, values: []string{"123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}},
		{name: "day", sql: "date", typ: "Date", kind: ordered, read: readTime, values: []string{"2026-01-31", "2026-02-01", "0001-01-01", "9999-12-31", "2024-02-29"}},
		{name: "clock", sql: "time", typ: "Time", kind: ordered, read: readTime, values: []string{"09:00:00", "10:00:00", "00:00:00", "23:59:59.999999"}},
		{name: "instant", sql: "timestamptz", typ: "DateTime", kind: ordered, read: readTime, values: []string{"2026-01-31T09:00:00Z", "2026-01-31T10:00:00+01:00", "2026-01-31T10:00:00Z", "1999-12-31T23:59:59.999999Z"}},
		{name: "moment", sql: "timestamp", typ: "LocalDateTime", kind: ordered, read: readTime, values: []string{"2026-01-31T09:00:00", "2026-01-31T10:00:00", "1999-12-31T23:59:59.999999"}},
		{name: "span", sql: "interval", typ: "Duration", kind: ordered, read: readSpan, values: []string{"P1D", "PT24H", "PT9H", "PT10H", "P1M", "P30D", "P1Y", "PT-1H"}},
		{name: "raw", sql: "bytea", typ: "Bytes", kind: plain, read: readBytes, values: []string{`\x00ff`, `\x`, `\x616263`}},
		{name: "mac", sql: "macaddr", typ: "MacAddress", kind: plain, read: readMAC, values: []string{"08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"}},
		{name: "mood", sql: "mood", typ: "Mood", kind: plain, read: readText, values: []string{"happy", "sad", "odd"}},
		{name: "felt", sql: "feeling", typ: "Mood", kind: plain, read: readText, values: []string{"happy", "sad", "odd"}},
		{name: "few", sql: "few", typ: "Int", kind: ordered, read: readNumber, values: []string{"9", "10", "100", "2147483647"}},
		{name: "slogan", sql: "slogan", typ: "String", kind: text, read: readText, values: []string{"abc", "ABC", "50%_", "x50%_y", `a\b`, "50 percent"}},
		{name: "code", sql: "char(3)", typ: "String", kind: text, read: readText, values: []string{"abc", "ABC", "a%_", "abd"}},
		{name: "label", sql: "name", typ: "String", kind: text, read: readText, values: []string{"abc", "ABC", "50%_", "abd"}},
		{name: "ip", sql: "inet", typ: "IpAddress", kind: address, read: readPrefix, values: []string{
			"192.168.1.1", "8.8.8.8", "::1", "10.0.0.5/24", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1", "192.0.2.7", "240.0.0.1", "100.64.0.1",
			"fec0::1", "fc00::1", "2606:4700::1111", "fe80::1", "2001:db8::1", "ff02::1", "0.0.0.0", "::", "172.32.0.1", "::ffff:10.0.0.1", "4000::1",
		}},
		{name: "net", sql: "cidr", typ: "CIDR", kind: network, read: readPrefix, values: []string{
			"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "8.8.8.0/24", "192.168.0.0/24", "fc00::/7", "::1/128", "2001:db8:1::/48", "2606:4700::/32", "127.0.0.0/8", "224.0.0.0/24", "255.255.255.255/32",
			"169.254.0.0/16", "203.0.113.0/25", "240.0.0.0/5", "100.64.0.0/10", "fec0::/10", "fe80::/64", "8.0.0.0/7", "ff00::/8", "2000::/3", "2001:db8::/32",
		}},
		{name: "place", sql: "ltree", typ: "LTreePath", kind: path, read: readPath, values: []string{"top", "top.science", "top.science.physics", "top.Science", "top.history", "other", "top.scienceX"}},
		{name: "doc", sql: "jsonb", typ: "JSON", kind: json_, read: readJSON, values: docs()},
		{name: "old_doc", sql: "json", typ: "JSON", kind: json_, read: readJSON, values: docs()},
		{name: "wholes", sql: "int4range", typ: "IntRange", kind: ranged, read: rangeReader("int4", readNumber), values: []string{"[1,10)", "[10,20)", "[5,12)", "empty", "(,5)", "[9,)", "(,)"}},
		{name: "bigs", sql: "int8range", typ: "BigIntRange", kind: ranged, read: rangeReader("int8", readNumber), values: []string{"[1,10)", "[10,9223372036854775807)", "[5,12)", "empty", "(,5)"}},
		{name: "exacts", sql: "numrange", typ: "DecimalRange", kind: ranged, read: rangeReader("numeric", readNumber), values: []string{"[1.5,10)", "[10,20.25]", "(10,12)", "empty", "(,5)", "[10,10]"}},
		{name: "days", sql: "daterange", typ: "DateRange", kind: ranged, read: rangeReader("date", readTime), values: []string{"[2026-01-01,2026-02-01)", "[2026-02-01,2026-03-01)", "[2026-01-15,2026-02-15)", "empty", "(,2026-01-01)", "[2026-01-31,)"}},
		{name: "moments", sql: "tsrange", typ: "LocalDateTimeRange", kind: ranged, read: rangeReader("timestamp", readTime), values: []string{`["2026-01-01T00:00:00","2026-02-01T00:00:00")`, `["2026-02-01T00:00:00","2026-02-02T00:00:00"]`, `("2026-02-01T00:00:00",)`, "empty"}},
		{name: "instants", sql: "tstzrange", typ: "DateTimeRange", kind: ranged, read: rangeReader("timestamptz", readTime), values: []string{`["2026-01-01T00:00:00Z","2026-02-01T00:00:00Z")`, `["2026-02-01T01:00:00+01:00","2026-02-02T00:00:00Z"]`, `("2026-02-01T00:00:00Z",)`, "empty"}},
		{name: "prose", sql: "tsvector", typ: "", kind: search, read: readText, native: true, values: []string{"the cat sat on the mat", "a dog and a cat", "dog", "cat the", ""}},
	}
}

func docs() []string {
	return []string{
		`{"size": 12, "tags": ["a", "b"], "in": {"x": 1}}`, `{"size": 9, "tags": []}`, `["a", "b", 1]`, `"a"`, `12`, `null`, `{}`, `[]`, `{"size": null}`, `{"size": 12, "tags": ["b"]}`,
	}
}

// nothing stands for null among a list's elements.
const nothing = "\x00"

// lists makes a list of each scalar that documents can hold.
func lists(all []*field) []*field {
	var out []*field
	for _, f := range all {
		if f.native || f.sql == "int2" || f.sql == "float4" || strings.HasPrefix(f.sql, "varchar") {
			continue
		}
		v := f.values
		l := &field{
			name: f.name + "_list", sql: f.sql + "[]", typ: "[" + f.typ + "]", kind: list, elem: f,
			items: [][]string{{v[0], v[1]}, {v[0]}, {}, {v[1], v[1]}, {v[1], v[0]}, {nothing}, {v[len(v)-1], v[0], nothing}},
		}
		for _, items := range l.items {
			parts := make([]string, len(items))
			for i, item := range items {
				if parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item) + `"`; item == nothing {
					parts[i] = "NULL"
				}
			}
			l.values = append(l.values, "{"+strings.Join(parts, ",")+"}")
		}
		out = append(out, l)
	}
	return out
}

// value is what a row holds, for the references; nil is null.
func (f *field) value(row int) any {
	switch {
	case row >= len(f.values):
		return nil
	case f.kind != list:
		return f.read(f.values[row])
	}
	all := []any{}
	for _, item := range f.items[row] {
		if item == nothing {
			all = append(all, nil)
		} else {
			all = append(all, f.elem.read(item))
		}
	}
	return all
}

// operand reads what a client sends.
func (f *field) operand(o json.RawMessage) any {
	switch {
	case f.kind == list:
		all := []any{}
		for _, item := range items(o) {
			all = append(all, f.elem.operand(item))
		}
		return all
	case f.kind != json_ && o[0] == '"':
		return f.read(word(o))
	}
	return f.read(string(o))
}

// sent writes a row's value as a client sends it; nil when it cannot be sent.
func (f *field) sent(row int) json.RawMessage {
	if f.kind == list {
		all := []json.RawMessage{}
		for i, item := range f.items[row] {
			if item == nothing {
				return nil
			}
			one := *f.elem
			one.values = f.items[row]
			all = append(all, one.sent(i))
		}
		return marshal(all)
	}
	v := f.values[row]
	switch {
	case f.kind == json_ && v == "null":
		return nil
	case f.kind == json_, f.typ == "Int", f.typ == "Float", f.typ == "Boolean":
		return json.RawMessage(v)
	case f.typ == "Bytes":
		return marshal([]byte(f.read(v).(string)))
	case f.kind == ranged:
		return f.sentRange(v)
	}
	return marshal(v)
}

func (f *field) sentRange(v string) json.RawMessage {
	if v == "empty" {
		v = map[string]string{"IntRange": "[1,1)", "BigIntRange": "[1,1)", "DecimalRange": "[1,1)", "DateRange": "[2026-01-01,2026-01-01)"}[f.typ]
		if v == "" {
			v = "[2026-01-01T00:00:00,2026-01-01T00:00:00)"
		}
	}
	low, high, _ := strings.Cut(v[1:len(v)-1], ",")
	out := map[string]any{"includesLower": v[0] == '[', "includesUpper": v[len(v)-1] == ']'}
	for name, bound := range map[string]string{"lower": low, "upper": high} {
		bound = strings.Trim(bound, `"`)
		switch {
		case bound == "":
		case f.typ == "IntRange":
			out[name] = json.Number(bound)
		case f.typ == "DateTimeRange" && !strings.ContainsAny(bound, "Z+"):
			out[name] = bound + "Z"
		default:
			out[name] = bound
		}
	}
	return marshal(out)
}

func marshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// keys is the key of the rows, by which they have a place in a tree where there are paths.
func keys(all []*field, rows int) *field {
	f := &field{name: "id", typ: "ID", kind: key, read: readText}
	for row := range rows {
		f.values = append(f.values, strconv.Itoa(row))
	}
	if i := slices.IndexFunc(all, func(f *field) bool { return f.kind == path }); i >= 0 {
		f.places = all[i]
	}
	return f
}

// tree gives the reference of an operator that compares the places of two rows; nil for others.
func (f *field) tree(op string) reference {
	if op != "descendantOfId" && op != "ancestorOfId" {
		return nil
	}
	return func(_ *field, v any, o json.RawMessage) bool {
		here, err1 := strconv.Atoi(v.(string))
		there, err2 := strconv.Atoi(word(o))
		if err1 != nil || err2 != nil {
			panic(err1)
		}
		a, _ := f.places.value(here).(labels)
		b, _ := f.places.value(there).(labels)
		if op == "ancestorOfId" {
			a, b = b, a
		}
		return len(b) > 0 && len(a) >= len(b) && slices.Equal(a[:len(b)], b)
	}
}

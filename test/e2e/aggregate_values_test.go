package e2e_test

import "strings"

// figure is a column of one scalar: the values that its rows may have, in PostgreSQL's order, each as SQL and as the answer
// shows it. The reference knows nothing else of it, so it compares by places in this order, and adds exact fractions.
type figure struct {
	name, sql, typ string
	values         [][2]string // as SQL; as JSON
	sum, avg       string      // the types' names; empty: it does not add up
	noEnds         bool        // it has neither min nor max
	inDocuments    []int       // the order of the values in a document, when it is another one
}

// figures has every scalar that a column can be sorted by. Floats are sums of powers of two, so that adding them in any order
// gives the same.
func figures() []figure {
	quoted := func(texts ...string) (all [][2]string) {
		for _, s := range texts {
			all = append(all, [2]string{"'" + s + "'", `"` + s + `"`})
		}
		return all
	}
	plain := func(texts ...string) (all [][2]string) {
		for _, s := range texts {
			all = append(all, [2]string{"'" + s + "'", s})
		}
		return all
	}
	return []figure{
		{name: "i2", sql: "int2", typ: "Int", values: plain("-32768", "-1", "0", "32767"), sum: "BigInt", avg: "Decimal"},
		{name: "i4", sql: "int4", typ: "Int", values: plain("-2147483648", "-1", "0", "7", "2147483647"), sum: "BigInt", avg: "Decimal"},
		{name: "i8", sql: "int8", typ: "BigInt", values: quoted("-9223372036854775808", "-1", "0", "9223372036854775807"), sum: "Decimal", avg: "Decimal"},
		{name: "exact", sql: "numeric(38,10)", typ: "Decimal", values: quoted("-9999999999999999999999999999.9999999999", "-0.5000000000", "0.0000000000", "0.1000000000", "1234567890123456789012345678.0123456789"), sum: "Decimal", avg: "Decimal"},
		{name: "f4", sql: "float4", typ: "Float", values: plain("-2.5", "-0.25", "0", "1024"), sum: "Float", avg: "Float"},
		{name: "f8", sql: "float8", typ: "Float", values: plain("-1048576.5", "-0.25", "0", "1099511627776"), sum: "Float", avg: "Float"},
		{name: "flag", sql: "bool", typ: "Boolean", values: plain("false", "true"), noEnds: true},
		{name: "word", sql: "text", typ: "String", values: quoted("", "a", "ab", "b", "bee")},
		{name: "uid", sql: "uuid", typ: "UUID", values: quoted("00000000-0000-0000-0000-000000000000", "7f000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"), noEnds: true},
		{name: "day", sql: "date", typ: "Date", values: quoted("0044-03-15 BC", "1969-12-31", "2026-01-31", "infinity")},
		{name: "clock", sql: "time", typ: "Time", values: quoted("00:00:00", "13:45:00.5", "23:59:59.999999")},
		{name: "instant", sql: "timestamptz", typ: "DateTime", values: [][2]string{{"'0044-03-15 00:00:00+00 BC'", `"0044-03-15T00:00:00Z BC"`}, {"'1969-12-31 23:59:59.999999+00'", `"1969-12-31T23:59:59.999999Z"`}, {"'2026-01-31 13:45+01'", `"2026-01-31T12:45:00Z"`}}},
		{name: "local", sql: "timestamp", typ: "LocalDateTime", values: [][2]string{{"'1969-12-31 23:59:59'", `"1969-12-31T23:59:59"`}, {"'2026-01-31 13:45:00.25'", `"2026-01-31T13:45:00.25"`}}},
		{name: "span", sql: "interval", typ: "Duration", values: [][2]string{{"'-3 hours'", `"PT-3H"`}, {"'0'", `"PT0S"`}, {"'5 hours'", `"PT5H"`}, {"'1 mon'", `"P1M"`}}},
		{name: "bytes", sql: "bytea", typ: "Bytes", values: [][2]string{{`'\x'`, `""`}, {`'\x00'`, `"AA=="`}, {`'\x00ff'`, `"AP8="`}, {`'\xff'`, `"/w=="`}}, noEnds: true},
		{name: "host", sql: "inet", typ: "IpAddress", values: quoted("10.0.0.1", "10.0.0.2", "192.0.2.0/24", "::1")},
		{name: "net", sql: "cidr", typ: "CIDR", values: quoted("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32")},
		{name: "mac", sql: "macaddr", typ: "MacAddress", values: quoted("08:00:2b:01:02:03", "ff:00:2b:01:02:03"), noEnds: true},
		{name: "mood", sql: "mood", typ: "Mood", values: quoted("happy", "sad", "angry"), inDocuments: []int{1, 2, 0}},
	}
}

// modelSource is where the rows are read from, by the name of the queries' type.
type modelSource struct {
	list     string
	document bool
}

var modelSources = []modelSource{{"things", false}, {"storeds", true}, {"computeds", true}}

func modelSQL() string {
	var columns, pairs, shape []string
	for _, f := range figures() {
		columns = append(columns, f.name+" "+f.sql)
		pairs = append(pairs, "'"+f.name+"', "+f.name)
		shape = append(shape, f.name+": "+f.typ)
	}
	document := "jsonb_build_object(" + strings.Join(pairs, ", ") + ")"
	return `create type mood as enum ('happy', 'sad', 'angry');
create table tb_thing (id int generated always as identity primary key, kind int, ` + strings.Join(columns, ", ") + `);
create view v_thing as select * from tb_thing;
comment on view v_thing is '@fraiseql:type';
create view v_computed as select id, kind, ` + document + ` as data from tb_thing;
comment on view v_computed is '@fraiseql:type
document: data
fields: {` + strings.Join(shape, ", ") + `}';
create table tv_stored (id int primary key, kind int, data jsonb not null);
comment on table tv_stored is '@fraiseql:type
name: Stored
document: data
fields: {` + strings.Join(shape, ", ") + `}';
create view v_kind as select * from generate_series(0, 2) as id;
comment on view v_kind is '@fraiseql:type
name: Kind
key: [id]
relations:
  things: {to: Thing, by: {id: kind}, many: true}
  storeds: {to: Stored, by: {id: kind}, many: true}
  computeds: {to: Computed, by: {id: kind}, many: true}';
create function fill() returns void language sql as $$ insert into tv_stored select id, kind, data from v_computed $$;`
}

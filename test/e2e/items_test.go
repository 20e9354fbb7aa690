package e2e_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// items is a table whose columns are of the types that can be sorted, as columns, in stored documents and in documents that a
// view makes.
const items = `
create type grade as enum ('poor', 'fair', 'fine');
create table tb_owner (id int primary key, rank int);
insert into tb_owner values (1, -4), (2, 0), (3, 0), (4, 9), (5, null);
create table tb_item (
	id int primary key, n int, s text collate "C" not null, d numeric, f float8, t timestamptz, b boolean, r bytea, u uuid, m grade, g interval,
	w text collate "C", owner_id int references tb_owner(id));
create view v_owner as select id, rank from tb_owner;
comment on view v_owner is '@fraiseql:type
name: Owner
key: [id]';
create view v_item as select * from tb_item;
comment on view v_item is '@fraiseql:type
name: Item
key: [id]
relations: {owner: {to: Owner, by: {owner_id: id}}}';
create function item_doc(tb_item) returns jsonb language sql as $$
	select jsonb_build_object('id', $1.id, 'n', $1.n, 'd', $1.d, 'f', $1.f, 't', $1.t, 'b', $1.b, 'u', $1.u, 'g', $1.g) $$;
create table tv_item (id int primary key, data jsonb not null);
comment on table tv_item is '@fraiseql:type
name: Stored
key: [id]
document: data
queries: {list: stored}
fields: {id: ID!, n: Int, d: Decimal, f: Float, t: DateTime, b: Boolean, u: UUID, g: Duration}';
create view v_item_doc as select i.id, jsonb_build_object('id', i.id, 'n', i.n, 'd', i.d, 'f', i.f, 't', i.t, 'b', i.b, 'u', i.u, 'g', i.g) as data from tb_item i;
comment on view v_item_doc is '@fraiseql:type
name: Made
key: [id]
document: data
queries: {list: made}
fields: {id: ID!, n: Int, d: Decimal, f: Float, t: DateTime, b: Boolean, u: UUID, g: Duration}';`

// worth is a value as SQL writes it, and its place in the order of its type: equal values share one.
type worth struct {
	sql  string
	rank int
}

// worths are the values of each field, in order. They are written down here, so that no sorting of PostgreSQL or of ours is
// what the walks are compared with.
var worths = map[string][]worth{
	"n": {{"-2147483648", 0}, {"-1", 1}, {"0", 2}, {"7", 3}, {"2147483647", 4}},
	"s": {{"''", 0}, {`'"\{},'`, 1}, {"'$1'", 2}, {"'A'", 3}, {"'Z'", 4}, {"'a'", 5}, {"'a '", 6}, {"'ab'", 7}, {"'é'", 8}, {"'☃'", 9}},
	"d": {
		{"'-99999999999999999999999999999999999999.5'", 0},
		{"'-0.5'", 1},
		{"'0'", 2},
		{"'0.0000000001'", 3},
		{"'1.0'", 4},
		{"'1.00'", 4},
		{"'12345678901234567890.12345678901234567890'", 5},
		{"'12345678901234567890.12345678901234567891'", 6},
		{"'NaN'", 7},
	},
	"f": {
		{"'-infinity'", 0}, {"'-1.5e300'", 1}, {"'-0'", 2}, {"'0'", 2}, {"'5e-324'", 3}, {"'0.1'", 4}, {"'0.30000000000000004'", 5}, {"'infinity'", 6}, {"'NaN'", 7},
	},
	"t": {
		{"'-infinity'", 0},
		{"'0044-03-15 00:00:00+00 BC'", 1},
		{"'2026-01-31 13:45:00.000001+01'", 2},
		{"'2026-01-31 12:45:00.000001+00'", 2},
		{"'2026-01-31 12:45:00.000002+00'", 3},
		{"'12026-01-01 00:00:00+00'", 4},
		{"'infinity'", 5},
	},
	"b": {{"false", 0}, {"true", 1}},
	"r": {{`'\x'`, 0}, {`'\x00'`, 1}, {`'\x00ff'`, 2}, {`'\x5c78'`, 3}, {`'\xff'`, 4}},
	"u": {{"'00000000-0000-0000-0000-000000000000'", 0}, {"'123e4567-e89b-12d3-a456-426614174000'", 1}, {"'ffffffff-ffff-ffff-ffff-ffffffffffff'", 2}},
	"m": {{"'poor'", 0}, {"'fair'", 1}, {"'fine'", 2}},
	"g": {{"'-1 day'", 0}, {"'00:00:00.000001'", 1}, {"'24 hours'", 2}, {"'1 day'", 2}, {"'1 mon'", 3}, {"'30 days'", 3}, {"'1 year 2 mons 3 days 04:05:06.7'", 4}},
	"w": {{"''", 0}, {"'-'", 1}, {"'x'", 2}},
}

// owners are what owner_id leads to: the rank of the owner's rank.
var owners = []worth{{"1", 0}, {"2", 1}, {"3", 1}, {"4", 2}, {"5", -1}}

// item is a row: the index of its value in worths, or in owners; -1 is null.
type item struct {
	id    int
	value map[string]int
}

func (i item) literal(field string) string {
	v := i.value[field]
	switch {
	case v < 0:
		return "null"
	case field == "owner":
		return owners[v].sql
	}
	return worths[field][v].sql
}

// rank is the place of a value in its order; null is -1.
func (i item) rank(field string) int {
	v := i.value[field]
	switch {
	case v < 0:
		return -1
	case field == "owner":
		return owners[v].rank
	}
	return worths[field][v].rank
}

var itemFields = []string{"n", "s", "d", "f", "t", "b", "r", "u", "m", "g", "w", "owner"}

// fillItems replaces the rows of the tables.
func fillItems(t testing.TB, exec func(string), rows []item) {
	t.Helper()
	exec("truncate tb_item, tv_item")
	if len(rows) == 0 {
		return
	}
	var values []string
	for _, r := range rows {
		texts := []string{strconv.Itoa(r.id)}
		for _, f := range itemFields {
			texts = append(texts, r.literal(f))
		}
		values = append(values, "("+strings.Join(texts, ", ")+")")
	}
	exec("insert into tb_item values " + strings.Join(values, ", ") + "; insert into tv_item select i.id, item_doc(i) from tb_item i")
}

// ordering is one element of orderBy.
type ordering struct{ field, direction string }

func (o ordering) String() string {
	if o.field == "owner" {
		return "{owner: {rank: " + o.direction + "}}"
	}
	return "{" + o.field + ": " + o.direction + "}"
}

func written(order []ordering) string {
	texts := make([]string, len(order))
	for i, o := range order {
		texts[i] = o.String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// sorted gives the ids in the order that the specification of orderBy asks for.
func sorted(rows []item, order []ordering) []string { return sortedBy(rows, order, item.rank) }

// sortedBy is told the places of values in their order.
func sortedBy(rows []item, order []ordering, rank func(item, string) int) []string {
	all := slices.Clone(rows)
	slices.SortFunc(all, func(a, b item) int {
		for _, o := range order {
			desc := strings.HasPrefix(o.direction, "DESC")
			if o.field == "id" {
				if desc {
					return b.id - a.id
				}
				return a.id - b.id
			}
			x, y := rank(a, o.field), rank(b, o.field)
			switch {
			case x == y:
				continue
			case x < 0 || y < 0:
				first := desc
				if _, nulls, told := strings.Cut(o.direction, "_NULLS_"); told {
					first = nulls == "FIRST"
				}
				if (x < 0) == first {
					return -1
				}
				return 1
			case desc:
				return y - x
			}
			return x - y
		}
		return a.id - b.id
	})
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = strconv.Itoa(r.id)
	}
	return ids
}

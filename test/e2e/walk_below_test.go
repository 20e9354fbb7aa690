package e2e_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go"
)

// ofOwners has the rows of each kind of source belong to owners: those of the documents all to the first one.
const ofOwners = items + `
alter table tv_item add owner_id int generated always as (1) stored;
create or replace view v_item_doc as select i.id, jsonb_build_object('id', i.id, 'n', i.n, 'd', i.d, 'f', i.f, 't', i.t, 'b', i.b, 'u', i.u, 'g', i.g) as data, 1 as owner_id from tb_item i;
comment on view v_owner is '@fraiseql:type
name: Owner
key: [id]
relations:
  items: {to: Item, by: {id: owner_id}, many: true}
  stored: {to: Stored, by: {id: owner_id}, many: true}
  made: {to: Made, by: {id: owner_id}, many: true}';`

// owned are the rows of the first owner.
func owned(root string, rows []item) []item {
	if root != "items" {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(i item) bool { return i.value["owner"] != 0 })
}

// TestWalksBelowARow goes through rows that belong to a row, with ties and nulls, by every field in every direction, from each
// kind of source, in pages of several sizes. The rows of others are never among them.
func TestWalksBelowARow(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, ofOwners)
	conn := s.DB.Conn(t)
	var rows []item
	for i := range 23 {
		r := item{id: 100 + i*7%23, value: map[string]int{}}
		for at, f := range itemFields {
			pool := len(worths[f])
			r.value[f] = (i*(at+3)+i/5)%(pool+1) - 1
			switch f {
			case "s":
				r.value[f] = max(r.value[f], 0)
			case "owner":
				r.value[f] = i%4%3 - 1 // none, the first, the second
			}
		}
		rows = append(rows, r)
	}
	exec := func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	fillItems(t, exec, rows)
	sizes := []int{1, 2, 5, 22, 100}
	turn := 0
	try := func(root string, order ...ordering) {
		turn++
		want := sorted(owned(root, rows), order)
		below := pages{s, root, "id", "owner(id: 1)"}.walk(t, written(order), sizes[turn%len(sizes)], want)
		if at := turn % 7; at < len(want) && len(below) == len(want) { // a cursor is as good at the root
			args := "orderBy: " + written(order) + ", after: \"" + below[at] + "\""
			if root == "items" {
				args += ", where: {owner: {id: {eq: 1}}}"
			}
			if got := (pages{s, root, "id", ""}).turn(t, args).ids(); !slices.Equal(got, want[at+1:]) {
				t.Errorf("%s(%s): %v, want %v", root, args, got, want[at+1:])
			}
		}
	}
	for _, d := range directions {
		for i, f := range itemFields {
			if f == "owner" { // all the same
				continue
			}
			try("items", ordering{f, d}, ordering{itemFields[(i+4)%len(itemFields)], directions[(i+turn)%len(directions)]})
		}
		for i, f := range inDocuments {
			for _, root := range []string{"stored", "made"} {
				try(root, ordering{f, d}, ordering{inDocuments[(i+3)%len(inDocuments)], directions[turn%len(directions)]})
			}
		}
		try("items", ordering{"id", d})
		try("made")
	}
}

// TestWalksByFigures pages through rows in the order of figures over what belongs to them.
func TestWalksByFigures(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, ofOwners)
	conn := s.DB.Conn(t)
	rapid.Check(t, func(r *rapid.T) {
		drawn := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) item {
			i := item{value: map[string]int{}}
			for _, f := range itemFields {
				i.value[f] = rapid.IntRange(-1, len(worths[f])-1).Draw(r, f)
			}
			i.value["s"] = max(i.value["s"], 0)
			i.value["owner"] = rapid.IntRange(-1, len(owners)-1).Draw(r, "owner")
			return i
		}), 0, 12).Draw(r, "rows")
		for i := range drawn {
			drawn[i].id = i
		}
		fillItems(t, func(sql string) {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				r.Fatal(err)
			}
		}, drawn)
		field := rapid.SampledFrom([]string{"n", "s", "d", "f", "t", "m", "g", "w", "count"}).Draw(r, "field")
		figure := rapid.SampledFrom([]string{"min", "max"}).Draw(r, "figure")
		direction := rapid.SampledFrom(directions).Draw(r, "direction")
		// The owners as rows whose value is the rank of the figure.
		var all []item
		for i := range owners {
			o := item{id: i + 1, value: map[string]int{"figure": -1}}
			count := 0
			for _, row := range drawn {
				if row.value["owner"] != i {
					continue
				}
				count++
				if field == "count" {
					continue
				}
				rank, best := row.rank(field), o.value["figure"]
				if rank >= 0 && (best < 0 || figure == "min" && rank < best || figure == "max" && rank > best) {
					o.value["figure"] = rank
				}
			}
			if field == "count" {
				o.value["figure"] = count
			}
			all = append(all, o)
		}
		order := "[{items: {" + figure + ": {" + field + ": " + direction + "}}}]"
		if field == "count" {
			order = "[{items: {count: " + direction + "}}]"
		}
		want := sortedBy(all, []ordering{{"figure", direction}}, func(i item, f string) int { return i.value[f] })
		pages{s, "owners", "id", ""}.walk(t, order, rapid.IntRange(1, 5).Draw(r, "size"), want)
	})
}

// TestWalksByTypesOfExtensions: their operators are found wherever the extension is, so that citext tells no capitals apart.
func TestWalksByTypesOfExtensions(t *testing.T) {
	t.Parallel()
	needs(t, "select count(*) = 2 from pg_available_extensions where name in ('ltree', 'citext')")
	s := serve(t, fraiseql.Options{}, `create schema ext;
		create extension citext schema ext;
		create extension ltree schema ext;
		create domain label as text;
		create table tb_leaf (id int primary key, name ext.citext, path ext.ltree not null, word label, branch int);
		insert into tb_leaf values (1, 'b', 'top.z', 'x', 1), (2, 'A', 'top', 'y', 1), (3, 'B', 'top.a', 'x', 1), (4, null, 'top.a.b', null, 1), (5, 'a', 'top.z', 'z', 1), (6, null, 'zero', 'y', 1);
		create view v_leaf as select * from tb_leaf;
		comment on view v_leaf is '@fraiseql:type
name: Leaf
key: [id]
queries: {list: leaves}';
		create view v_branch as select 1 as id union all select 2;
		comment on view v_branch is '@fraiseql:type
name: Branch
key: [id]
relations:
  leaves: {to: Leaf, by: {id: branch}, many: true}';`)
	for order, want := range map[string]string{
		`[{name: ASC}]`:              "251346",
		`[{name: DESC}]`:             "461325",
		`[{name: ASC}, {id: DESC}]`:  "523164",
		`[{path: ASC}]`:              "234156",
		`[{path: DESC}, {id: DESC}]`: "651432",
		`[{word: ASC_NULLS_FIRST}, {name: ASC}, {path: ASC}]`: "431265",
	} {
		for size := 1; size < 4; size++ {
			ids := make([]string, len(want))
			for i := range want {
				ids[i] = want[i : i+1]
			}
			pages{s, "leaves", "id", ""}.walk(t, order, size, ids)
			pages{s, "leaves", "id", "branch(id: 1)"}.walk(t, order, size, ids)
		}
	}
	for size := 1; size < 3; size++ {
		pages{s, "branches", "id", ""}.walk(t, `[{leaves: {min: {name: DESC}}}]`, size, []string{"2", "1"})
		pages{s, "branches", "id", ""}.walk(t, `[{leaves: {max: {word: ASC_NULLS_FIRST}}}]`, size, []string{"2", "1"})
	}
}

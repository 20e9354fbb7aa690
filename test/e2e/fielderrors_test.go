package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const tea = `
create table tb_pot (id int primary key, name text, litres numeric);
insert into tb_pot values (1, 'red', 1.5), (2, null, 'NaN');
create table tb_cup (id int primary key, pot_id int, other_id int);
insert into tb_cup values (1, 1, 2), (2, 1, 1), (3, 2, null);
create view v_pot as select id, coalesce(name, null) as name, litres from tb_pot;
create view v_cup as select id, pot_id, other_id from tb_cup;
comment on view v_pot is '@fraiseql:type
name: Pot
key: [id]
fields: {id: ID!, name: String!, litres: Decimal}
relations:
  cups: {to: Cup, by: {id: pot_id}, many: true}';
comment on view v_cup is '@fraiseql:type
name: Cup
key: [id]
relations:
  pot: {to: Pot, by: {pot_id: id}}
  others: {to: Cup, by: {id: other_id}, many: true}';
create view v_go_pot as select * from tb_pot;
create view v_go_cup as select * from tb_cup;
create view v_late as select json_build_object('in', json_build_object('n', 'NaN', 'm', 1 / (3 - id))) as data from generate_series(1, 5) id;
comment on view v_late is '@fraiseql:type
name: Late
document: data
queries: {list: late}
fields: {in: {n: Decimal!}}';`

type cup struct{ ID fraiseql.ID }

type pot struct {
	ID   fraiseql.ID
	Cups []cup `by:"id=pot_id"`
}

// TestErrorsOfFields has errors at their fields: null for each, its path, and where the document asks for it.
func TestErrorsOfFields(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{
		Types: []fraiseql.Type{fraiseql.Object[pot]("v_go_pot", fraiseql.ObjectOptions{Name: "GoPot"}), fraiseql.Object[cup]("v_go_cup", fraiseql.ObjectOptions{Name: "GoCup"})},
		Queries: []fraiseql.Query{
			fraiseql.Resolve("best", func(_ context.Context, a struct{ Limit int }) (*fraiseql.Rows[pot], error) {
				return fraiseql.From[pot]("v_go_pot").Limit(a.Limit), nil
			}),
			fraiseql.Resolve("none", func(context.Context, struct{}) (*fraiseql.Row[pot], error) { return nil, nil }),
		},
	}, tea)
	for name, c := range map[string]struct{ query, variables, data, errors string }{
		"a value that cannot be written": {
			`{ pots { litres } }`, `{}`,
			`{"pots":[{"litres":"1.5"},{"litres":null}]}`, `[pots 1 litres] [{1 10}]`,
		},
		"all places that ask for a field": {
			"query($no: Boolean!) {\n pots { x: name ...F }\n pots { x: name @skip(if: $no) }\n}\nfragment F on Pot {\n  x: name @include(if: true)\n}", `{"no": true}`,
			`{"pots":null}`, `[pots 1 x] [{2 9} {6 3}]`,
		},
		"null for an argument that takes none": {
			`query($id: ID = 1) { pot(id: $id) { name } cups(limit: 1) { id } }`, `{"id": null}`,
			`{"pot":null,"cups":[{"id":"1"}]}`, `[pot] [{1 30}]`,
		},
		"the same beside Go": {
			`query($l: Int = 1) { best(limit: $l) { id } pot(id: 1) { name } none { id } }`, `{"l": null}`,
			`{"best":null,"pot":{"name":"red"},"none":null}`, `[best] [{1 34}]`,
		},
		"null for the condition of a directive": {
			`query($if: Boolean = true) { cups(limit: 2) { id pot { name @skip(if: $if) } } pot(id: 1) { name } }`, `{"if": null}`,
			`{"cups":[{"id":"1","pot":null},{"id":"2","pot":null}],"pot":{"name":"red"}}`, `[cups 0 pot] [{1 71}], [cups 1 pot] [{1 71}]`,
		},
		"where nothing is selected, nothing fails": {
			`query($if: Boolean = true) { pot(id: 9) { name @skip(if: $if) } }`, `{"if": null}`,
			`{"pot":null}`, ``,
		},
		"what is skipped is skipped whatever @include says": {
			`query($if: Boolean = true) { pot(id: 1) { id name @include(if: $if) @skip(if: true) } }`, `{"if": null}`,
			`{"pot":{"id":"1"}}`, ``,
		},
		"a fragment that is there already is so whatever its second spread says": {
			`query($if: Boolean = true) { pot(id: 1) { ...F ...F @skip(if: $if) } } fragment F on Pot { id }`, `{"if": null}`,
			`{"pot":{"id":"1"}}`, ``,
		},
		"a root that fails behind errors of its own": {
			`{ late { in { n } } pot(id: 1) { name } }`, `{}`,
			`{"late":null,"pot":{"name":"red"}}`, `[late] [{1 3}]`,
		},
		"a root that fails behind a null argument": {
			`query($id: ID = 1) { pot(id: $id) { name } late { in { n } } }`, `{"id": null}`,
			`{"pot":null,"late":null}`, `[pot] [{1 30}], [late] [{1 44}]`,
		},
		"no rows, and arguments below them": {
			`{ best(limit: 0) { cups(limit: 1) { id } } none { cups(limit: 1) { id } } }`, `{}`,
			`{"best":[],"none":null}`, ``,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.Post(t, fmt.Appendf(nil, `{"query": %q, "variables": %s}`, c.query, c.variables))
			var errors []string
			for _, e := range a.Errors {
				errors = append(errors, fmt.Sprint(e.Path, " ", e.Locations))
			}
			if got := strings.Join(errors, ", "); string(a.Data) != c.data || got != c.errors {
				t.Errorf("got  %s\n     %s\nwant %s\n     %s", a.Data, got, c.data, c.errors)
			}
		})
	}
}

// A list of a type's own kind, met first from another type, gets one filter.
func TestListsOfTheirOwnKind(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, tea)
	apptest.Expect(t, "it filters", s.Query(t, `{ pots(where: {cups: {some: {others: {some: {id: {eq: 2}}}}}}) { name } }`, nil), `{"pots":[{"name":"red"}]}`)
}

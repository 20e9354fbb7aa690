package e2e_test

import (
	"os"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// needs skips where this PostgreSQL lacks something that Debian's packages have, unless
// PostgreSQL is required.
func needs(t *testing.T, question string) {
	t.Helper()
	has := false
	if err := pgtest.New(t).Conn(t).QueryRow(t.Context(), question).Scan(&has); err != nil {
		t.Fatal(err)
	}
	switch {
	case has:
	case os.Getenv("FRAISEQL_REQUIRE_PG") != "":
		t.Fatalf("this PostgreSQL lacks something: install its contrib package, and one built with ICU: %s", question)
	default:
		t.Skipf("this PostgreSQL lacks something: %s", question)
	}
}

// shopSQL has orders with their lines in a table, in stored documents, and in documents of a view.
const shopSQL = `
create table tb_buyer (id int primary key, name text);
create table tb_order (id int primary key, buyer_id int references tb_buyer, place text);
create table tb_line (id int primary key, order_id int not null references tb_order, label text, size int);
insert into tb_buyer values (1, 'Ann'), (2, 'bob'), (3, null);
insert into tb_order values (1, 1, 'Paris'), (2, 1, 'Lyon'), (3, 2, 'Paris'), (4, null, null), (5, 3, 'Łódź');
insert into tb_line values (1, 1, 'a', 1), (2, 1, 'b', 10), (3, 2, 'a', 9), (4, 3, 'c', null), (5, 3, 'a', 100), (6, 5, null, 5);
comment on table tb_buyer is '@fraiseql:type
name: Buyer
relations:
  orders: {to: Order, by: {id: buyer_id}, many: true}';
create view v_order as select id, buyer_id, place from tb_order;
comment on view v_order is '@fraiseql:type
name: Order
relations:
  buyer: {to: Buyer, by: {buyer_id: id}}
  lines: {to: Line, by: {id: order_id}, many: true}';
comment on table tb_line is '@fraiseql:type
name: Line
relations:
  order: {to: Order, by: {order_id: id}}';
create view v_made as select o.id, jsonb_build_object('place', o.place, 'buyer', (select jsonb_build_object('name', b.name) from tb_buyer b where b.id = o.buyer_id),
	'lines', (select jsonb_agg(jsonb_build_object('label', l.label, 'size', l.size)) from tb_line l where l.order_id = o.id)) as data from tb_order o;
comment on view v_made is '@fraiseql:type
name: Made
fields: {place: String, buyer: {name: String}, lines: [{label: String, size: Int}]}';
create table tv_stored as select id, data from v_made;
alter table tv_stored add primary key (id);
comment on table tv_stored is '@fraiseql:type
name: Stored
fields: {place: String, buyer: {name: String}, lines: [{label: String, size: Int}]}';`

// Rows of a relation and objects in a document are filtered alike.
func TestFiltersAcrossRelationsAndDocuments(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, shopSQL)
	for _, source := range []string{"orders", "storeds", "mades"} {
		for where, want := range map[string]string{
			`{buyer: {name: {eq: "Ann"}}}`:                              "1,2",
			`{buyer: {OR: [{name: {eq: "Ann"}}, {name: {eq: "bob"}}]}}`: "1,2,3",
			`{buyer: {}}`:                                                  "1,2,3,4,5",
			`{buyer: {NOT: {name: {eq: "Ann"}}}}`:                          "3",
			`{lines: {some: {label: {eq: "a"}}}}`:                          "1,2,3",
			`{lines: {some: {label: {eq: "a"}, size: {gt: 9}}}}`:           "3",
			`{lines: {some: {label: {eq: "a"}}, none: {size: {gte: 10}}}}`: "2",
			`{lines: {every: {size: {lt: 10}}}}`:                           "2,4,5", // null does not match
			`{lines: {every: {label: {eq: "a"}}}}`:                         "2,4",
			`{lines: {none: {label: {eq: "a"}}}}`:                          "4,5",
			`{lines: {some: {}}}`:                                          "1,2,3,5",
			`{lines: {none: {}}}`:                                          "4",
			`{lines: {every: {}}}`:                                         "1,2,3,4,5",
			`{lines: {}}`:                                                  "1,2,3,4,5",
			`{NOT: {lines: {some: {label: {eq: "a"}}}}}`:                   "4,5",
			`{lines: {some: {NOT: {label: {eq: "a"}}}}}`:                   "1,3",
			`{lines: {some: {size: {isNull: true}}}}`:                      "3",
			`{AND: [{lines: {some: {label: {eq: "a"}}}}, {lines: {some: {label: {eq: "b"}}}}]}`: "1",
		} {
			if got := s.ids(t, source, "(where: "+where+")", nil); got != want {
				t.Errorf("%s %s: got %s, want %s", source, where, got, want)
			}
		}
	}
	for args, want := range map[string]string{
		`(where: {orders: {some: {lines: {every: {label: {eq: "a"}}}}}})`:             "1",
		`(where: {orders: {none: {lines: {some: {order: {place: {eq: "Paris"}}}}}}})`: "3",
		`(where: {orders: {every: {place: {eq: "Paris"}}}})`:                          "2",
	} {
		if got := s.ids(t, "buyers", args, nil); got != want {
			t.Errorf("buyers%s: got %s, want %s", args, got, want)
		}
	}
	// At every level, by a variable too.
	apptest.Expect(t, "nested", s.Query(t, `query($w: LineWhereInput) { buyers(where: {id: {eq: 1}}) { orders(where: {lines: {some: $w}}) { id lines(where: $w) { id } } } }`,
		map[string]any{"w": map[string]any{"size": map[string]any{"gte": 10}}}), `{"buyers":[{"orders":[{"id":"1","lines":[{"id":"2"}]}]}]}`)
}

func TestOrdersAcrossRelations(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, shopSQL)
	for args, want := range map[string]string{
		`(orderBy: [{buyer: {name: ASC}}, {id: DESC}])`:                "2,1,3,5,4",
		`(orderBy: [{buyer: {name: DESC}}, {id: ASC}])`:                "4,5,3,1,2",
		`(orderBy: [{buyer: {name: DESC_NULLS_LAST}}, {id: ASC}])`:     "3,1,2,4,5",
		`(orderBy: [{lines: {count: DESC}}])`:                          "1,3,2,5,4",
		`(orderBy: [{lines: {count: ASC}}, {place: DESC_NULLS_LAST}])`: "4,5,2,1,3",
		`(orderBy: [{buyer: {orders: {count: DESC_NULLS_LAST}}}])`:     "1,2,3,5,4",
		`(orderBy: [{buyer: {name: null}}, {place: null}])`:            "1,2,3,4,5",
	} {
		if got := s.ids(t, "orders", args, nil); got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
	for _, source := range []string{"storeds", "mades"} {
		if got := s.ids(t, source, `($d: OrderDirection!) |(orderBy: [{buyer: {name: $d}}, {id: ASC}])`, map[string]any{"d": "ASC_NULLS_FIRST"}); got != "4,5,1,2,3" {
			t.Errorf("%s: got %s", source, got)
		}
	}
	apptest.Expect(t, "pages", s.Query(t, `{ ordersConnection(first: 3, orderBy: {lines: {count: DESC}}) { nodes { id } } }`, nil), `{"ordersConnection":{"nodes":[{"id":"1"},{"id":"3"},{"id":"2"}]}}`)
	apptest.Expect(t, "below a parent", s.Query(t, `{ buyers(where: {id: {eq: 1}}) { orders(orderBy: {lines: {count: ASC}}) { id } } }`, nil), `{"buyers":[{"orders":[{"id":"2"},{"id":"1"}]}]}`)
}

const collationsSQL = `
create table tb_word (id int primary key, plain text, german text);
insert into tb_word values (1, 'z', 'z'), (2, 'Ä', 'Ä'), (3, 'a', 'a'), (4, 'B', 'B'), (5, null, null);
comment on table tb_word is '@fraiseql:type
name: Word
collation: C';
comment on column tb_word.german is '@fraiseql:field collation=de-x-icu';
create table tv_word as select id, jsonb_build_object('german', german) as data from tb_word;
alter table tv_word add primary key (id);
comment on table tv_word is '@fraiseql:type
name: Wort
queries: {list: worte}
collation: de-x-icu
fields: {german: String}';`

func TestCollations(t *testing.T) {
	t.Parallel()
	needs(t, "select count(*) > 0 from pg_collation where collname = 'de-x-icu'")
	s := serve(t, fraiseql.Options{}, collationsSQL)
	for list, c := range map[string][2]string{"words": {"plain", "4,3,1,2,5"}, "words ": {"german", "3,2,4,1,5"}, "worte": {"german", "3,2,4,1,5"}} {
		if got := s.ids(t, list, "(orderBy: {"+c[0]+": ASC})", nil); got != c[1] {
			t.Errorf("%s by %s: got %s, want %s", list, c[0], got, c[1])
		}
	}
	// Pages follow each other in the same order.
	apptest.Expect(t, "pages", s.Query(t, `{ wordsConnection(first: 2, orderBy: {german: ASC}) { nodes { german } } }`, nil), `{"wordsConnection":{"nodes":[{"german":"a"},{"german":"Ä"}]}}`)
}

package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestDomainsOverEnums: PostgreSQL compares a domain over an enum only as the enum, also where two columns are joined, where a
// page begins, and in orders and figures.
func TestDomainsOverEnums(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, `
create type "Level" as enum ('low', 'high', 'top');
create domain rank as "Level";
create domain high_rank as rank check (value::"Level" <> 'low');
create table grade (rank rank primary key, word text);
insert into grade values ('low', 'l'), ('high', 'h'), ('top', 't');
comment on table grade is E'@fraiseql:type\nname: Grade\nrelations:\n  members: {to: Member, by: {rank: rank}, many: true}';
create table person (id int primary key, rank high_rank, ranks rank[]);
insert into person values (1, 'top', '{low,top}'), (2, 'high', '{}'), (3, null, null), (4, 'high', '{high,null}');
comment on table person is E'@fraiseql:type\nname: Member';`)
	apptest.Expect(t, "filters", s.Query(t, `{ a: members(where: {rank: {eq: high}}) { id } b: members(where: {rank: {in: [low, top]}}) { id rank } c: members(where: {ranks: {anyEq: high}}) { id } }`, nil),
		`{"a":[{"id":"2"},{"id":"4"}],"b":[{"id":"1","rank":"top"}],"c":[{"id":"4"}]}`)
	apptest.Expect(t, "relations and keys", s.Query(t, `{ grade(rank: high) { word members { id } membersAggregate { count } } grades(where: {members: {some: {id: {eq: 1}}}}) { rank } }`, nil),
		`{"grade":{"word":"h","members":[{"id":"2"},{"id":"4"}],"membersAggregate":{"count":2}},"grades":[{"rank":"top"}]}`)
	apptest.Expect(t, "figures", s.Query(t, `{ membersAggregate { min { rank } max { rank } countDistinct { rank } } membersGroups(by: [rank], having: {min: {rank: {eq: high}}}) { key { rank } count } }`, nil),
		`{"membersAggregate":{"min":{"rank":"high"},"max":{"rank":"top"},"countDistinct":{"rank":2}},"membersGroups":[{"key":{"rank":"high"},"count":2}]}`)
	after := ""
	for _, want := range []string{"2", "4", "1", "3"} {
		var page struct {
			P struct {
				Nodes    []struct{ ID string }
				PageInfo struct{ EndCursor string }
			}
		}
		if err := json.Unmarshal([]byte(s.Query(t, `query($after: String) { p: membersConnection(first: 1, after: $after, orderBy: [{rank: ASC}]) { nodes { id } pageInfo { endCursor } } }`, cursor(after))), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.P.Nodes) != 1 || page.P.Nodes[0].ID != want {
			t.Fatalf("after %q: %+v, want %s", after, page, want)
		}
		after = page.P.PageInfo.EndCursor
	}
}

func cursor(after string) map[string]any {
	if after == "" {
		return nil
	}
	return map[string]any{"after": after}
}

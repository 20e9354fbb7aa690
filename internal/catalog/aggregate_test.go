package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// TestAggregateTypes tells what can be computed from which field, and of what type it is.
func TestAggregateTypes(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE v_all (id uuid PRIMARY KEY, i int, b bigint, d numeric, f real, t text, ok bool, m mood, day date, raw bytea, j jsonb, l int[], net cidr, span interval, secret text, path box);
COMMENT ON TABLE v_all IS '@fraiseql:type
name: All
filters: [i, t]';
COMMENT ON COLUMN v_all.i IS 'How many.';
COMMENT ON COLUMN v_all.secret IS '@fraiseql:field require=admin';
CREATE TABLE v_bare (j jsonb, l int[]);
COMMENT ON TABLE v_bare IS '@fraiseql:type
name: Bare';
CREATE TABLE v_asked (j jsonb);
COMMENT ON TABLE v_asked IS '@fraiseql:type
name: Asked
queries: {groups: askedGroups}';`)
	s, problems := discover(t, f)
	loads(t, s)
	shape := func(name string) string {
		typ := s.Type(name)
		if typ == nil {
			return "none"
		}
		var all []string
		for _, f := range typ.Fields {
			all = append(all, f.Name+": "+f.Type.String())
		}
		for _, v := range typ.Values {
			all = append(all, v.Name)
		}
		return strings.Join(all, ", ")
	}
	const own = "id, i, b, d, f, t, ok, m, day, raw, net, span"
	for name, want := range map[string]string{
		"AllAggregate":                 "count: Int!, countDistinct: AllCountDistinct!, sum: AllSum!, avg: AllAvg!, min: AllMin!, max: AllMax!",
		"AllCountDistinct":             strings.ReplaceAll(own, ",", ": Int!,") + ": Int!",
		"AllSum":                       "i: BigInt, b: Decimal, d: Decimal, f: Float",
		"AllAvg":                       "i: Decimal, b: Decimal, d: Decimal, f: Float",
		"AllMin":                       "i: Int, b: BigInt, d: Decimal, f: Float, t: String, m: Mood, day: Date, net: CIDR, span: Duration",
		"AllMax":                       "i: Int, b: BigInt, d: Decimal, f: Float, t: String, m: Mood, day: Date, net: CIDR, span: Duration",
		"AllGroup":                     "key: AllGroupKey!, count: Int!, countDistinct: AllCountDistinct!, sum: AllSum!, avg: AllAvg!, min: AllMin!, max: AllMax!",
		"AllGroupField":                own,
		"AllGroupKey":                  "id: ID, i: Int, b: BigInt, d: Decimal, f: Float, t: String, ok: Boolean, m: Mood, day: Date, raw: Bytes, net: CIDR, span: Duration",
		"AllHavingInput":               "AND: [AllHavingInput!], OR: [AllHavingInput!], NOT: AllHavingInput, count: IntFilter, countDistinct: AllCountDistinctHavingInput, sum: AllSumHavingInput, avg: AllAvgHavingInput, min: AllMinMaxHavingInput, max: AllMinMaxHavingInput",
		"AllCountDistinctHavingInput":  "i: IntFilter, t: IntFilter",
		"AllSumHavingInput":            "i: BigIntFilter",
		"AllAvgHavingInput":            "i: DecimalFilter",
		"AllMinMaxHavingInput":         "i: IntFilter, t: StringFilter",
		"AllGroupOrderByInput":         "key: AllGroupKeyOrderByInput, count: OrderDirection, countDistinct: AllGroupKeyOrderByInput, sum: AllGroupSumOrderByInput, avg: AllGroupSumOrderByInput, min: AllGroupMinMaxOrderByInput, max: AllGroupMinMaxOrderByInput",
		"AllGroupSumOrderByInput":      "i: OrderDirection, b: OrderDirection, d: OrderDirection, f: OrderDirection",
		"BareAggregate":                "count: Int!",
		"BareGroup":                    "none",
		"AskedGroup":                   "none",
		"AllGroupCountDistinctOrderBy": "none",
	} {
		if got := shape(name); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if f := s.Type("AllSum").Field("i"); f.Description != "How many." {
		t.Errorf("the description of a sum is %q, want the field's", f.Description)
	}
	groups := s.Query.Field("allsGroups")
	var args []string
	for _, a := range groups.Args {
		args = append(args, a.Name+": "+a.Type.String())
	}
	if got := strings.Join(args, ", "); groups.Type.String() != "[AllGroup!]" ||
		got != "by: [AllGroupField!]!, where: AllWhereInput, having: AllHavingInput, orderBy: [AllGroupOrderByInput!], limit: Int, offset: Int" {
		t.Errorf("allsGroups(%s): %s", got, groups.Type)
	}
	if told := texts(problems); !strings.Contains(told, "the query askedGroups has no field of Asked to group by") || strings.Contains(told, "Bare") {
		t.Errorf("problems: %s", told)
	}
}

// TestAggregateNamesGiveWay: a type of the user's keeps its name, and the query that needs it is left out and told.
func TestAggregateNamesGiveWay(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `
CREATE TABLE v_user (id int PRIMARY KEY);
COMMENT ON TABLE v_user IS '@fraiseql:type';
CREATE TABLE v_user_group (id int PRIMARY KEY, name text);
COMMENT ON TABLE v_user_group IS '@fraiseql:type';
CREATE TABLE v_user_sum (id int PRIMARY KEY);
COMMENT ON TABLE v_user_sum IS '@fraiseql:type';
CREATE TABLE v_post (id int PRIMARY KEY);
COMMENT ON TABLE v_post IS '@fraiseql:type
queries: {list: users_groups, aggregate: users}';`)
	s, problems := discover(t, f)
	loads(t, s)
	var names []string
	for _, q := range s.Query.Fields {
		names = append(names, q.Name)
	}
	for name, want := range map[string]bool{
		"users": true, "usersAggregate": false, "usersGroups": false,
		"userGroups": true, "userGroupsAggregate": true, "userGroupsGroups": true, "userSumsGroups": true,
		"users_groups": true, "users_groupsGroups": true,
	} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s: served is %t, want %t: %v", name, !want, want, names)
		}
	}
	told := texts(problems)
	for _, part := range []string{
		"the query usersAggregate is left out: it needs the type name UserSum, which is taken by comment on table public.v_user_sum",
		"the query usersGroups is left out",
		"the query users is there already",
	} {
		if !strings.Contains(told, part) {
			t.Errorf("%q is not told: %s", part, told)
		}
	}
	// Declared in Go it is an error.
	_, _, err := catalog.Build(f, schema.Declarations{
		Types: []schema.TypeDecl{
			{Name: "User", Origin: "Go type User", Source: "v_user", Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "Int!"}}},
			{Name: "UserGroup", Origin: "Go type UserGroup", Source: "v_user_group", Closed: true, Fields: []schema.FieldDecl{{Name: "id", Type: "Int!"}}},
		},
		Queries: []schema.QueryDecl{{Name: "usersBy", Origin: "usersBy in Go", Kind: schema.Groups, Type: "User"}, {Name: "figures", Origin: "figures in Go", Kind: schema.Aggregate, Type: "User"}},
	}, catalog.BuildOptions{})
	if err == nil || !strings.Contains(err.Error(), "usersBy in Go: the query usersBy is left out: it needs the type name UserGroup, which is taken by Go type UserGroup") || strings.Contains(err.Error(), "figures") {
		t.Errorf("got %v", err)
	}
}

// TestFieldsNamedAsLiterals cannot be values of the enum that groups are chosen by.
func TestFieldsNamedAsLiterals(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, `CREATE TABLE odd (id int PRIMARY KEY, "true" int, "null" text)`)
	s, problems := discover(t, f, "*")
	if got := loads(t, s).Types["OddGroupField"].EnumValues; len(got) != 1 || got[0].Name != "id" {
		t.Errorf("grouped by %v, want id alone", got)
	}
	if told := texts(problems); strings.Count(told, "left out of aggregates") != 2 {
		t.Errorf("it is not told: %s", told)
	}
}

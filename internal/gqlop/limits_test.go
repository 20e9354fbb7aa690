package gqlop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// introspectionQuery is the one that clients send to learn a schema, at its longest.
func introspectionQuery() string {
	ofType := "kind name"
	for range 9 {
		ofType = "kind name ofType { " + ofType + " }"
	}
	return `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { ` + ofType + ` }`
}

// bosses nests a user's boss so that the fields come to n levels.
func bosses(n int) string {
	return "{ user(id: 1) " + strings.Repeat("{ boss ", n-2) + "{ id }" + strings.Repeat(" }", n-2) + " }"
}

// bomb doubles its fields n times by fragments.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("{ users { ...F0 } }\n")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on User { a: boss { ...F%d } b: boss { ...F%d } }\n", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on User { id }", n)
	return b.String()
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits  gqlop.Limits
		text    string
		code    fault.Code // empty: accepted
		message string
	}{
		"tokens at the limit": {gqlop.Limits{MaxTokens: 6}, `{ users { id } }`, "", ""},
		"tokens above":        {gqlop.Limits{MaxTokens: 5}, `{ users { id } }`, fault.TooManyTokens, "more than 5 tokens"},
		"tokens by default":   {gqlop.Limits{}, `{ users { ` + strings.Repeat("id ", 15_000) + `} }`, fault.TooManyTokens, "15000"},
		"tokens without":      {gqlop.Limits{MaxTokens: -1}, `{ users { ` + strings.Repeat("id ", 15_000) + `} }`, "", ""},

		"depth by default":       {gqlop.Limits{}, bosses(20), "", ""},
		"depth above":            {gqlop.Limits{}, bosses(21), fault.QueryTooDeep, `nests 21 levels of fields; at most 20`},
		"depth by option":        {gqlop.Limits{MaxDepth: 3}, bosses(4), fault.QueryTooDeep, `"user" nests 4 levels`},
		"depth without":          {gqlop.Limits{MaxDepth: -1}, bosses(900), "", ""},
		"depth by fragments":     {gqlop.Limits{MaxDepth: 3}, `{ users { ...A } } fragment A on User { boss { ...B } } fragment B on User { boss { id } }`, fault.QueryTooDeep, "4 levels"},
		"inline adds no level":   {gqlop.Limits{MaxDepth: 2}, `{ ... { users { ... on User { ... { id } } } } }`, "", ""},
		"the parser's own depth": {gqlop.Limits{MaxDepth: -1}, bosses(1100), fault.QueryTooDeep, "1000 levels"},

		"roots by default":      {gqlop.Limits{}, `{ ` + many(50, "a#: users { id } ") + `}`, "", ""},
		"roots above":           {gqlop.Limits{}, `{ ` + many(51, "a#: users { id } ") + `}`, fault.TooManyFields, "more than 50 fields at its root"},
		"roots merged are one":  {gqlop.Limits{MaxRootFields: 1}, `{ users { id } users { name } ... { users { age } } }`, "", ""},
		"roots by fragments":    {gqlop.Limits{MaxRootFields: 1}, `{ users { id } ...F } fragment F on Query { any { __typename } }`, fault.TooManyFields, "root"},
		"roots without":         {gqlop.Limits{MaxRootFields: -1}, `{ ` + many(300, "a#: users { id } ") + `}`, "", ""},
		"aliases by default":    {gqlop.Limits{}, `{ users { ` + many(500, "a#: id ") + `} }`, "", ""},
		"aliases above":         {gqlop.Limits{}, `{ users { ` + many(501, "a#: id ") + `} }`, fault.TooManyFields, "501 aliases; at most 500"},
		"aliases of fragments":  {gqlop.Limits{MaxAliases: 3}, `{ users { boss { ...F } posts { author { ...F } } } } fragment F on User { a: id b: name }`, fault.TooManyFields, "4 aliases"},
		"an alias of its name":  {gqlop.Limits{MaxAliases: 1}, `{ users { id: id name: name age: age } }`, "", ""},
		"aliases without":       {gqlop.Limits{MaxAliases: -1}, `{ users { ` + many(900, "a#: id ") + `} }`, "", ""},
		"fragments written out": {gqlop.Limits{MaxAliases: -1}, bomb(12), fault.TooManyFields, "with its fragments written out"},
		"a bomb":                {gqlop.Limits{MaxAliases: -1, MaxTokens: -1, MaxDepth: -1}, bomb(800), fault.TooManyFields, "written out"},
		"shared by operations": {
			gqlop.Limits{},
			many(200, "query Q# { users { ...F } } ") + `fragment F on User { ` + strings.Repeat("id ", 1000) + `}`,
			fault.TooManyFields, "the operations of the document",
		},

		"errors by default": {gqlop.Limits{}, `{ ` + many(40, "no# ") + `}`, fault.ValidationFailed, `"no19"`},

		"the usual introspection":   {gqlop.Limits{}, introspectionQuery(), "", ""},
		"at any depth limit":        {gqlop.Limits{MaxDepth: 2}, introspectionQuery(), "", ""},
		"ofType too deep":           {gqlop.Limits{MaxDepth: -1}, `{ __type(name: "User") { ` + strings.Repeat("ofType { ", 14) + "name" + strings.Repeat(" }", 14) + ` } }`, fault.QueryTooDeep, "nests 16 levels; at most 15"},
		"lists of fields":           {gqlop.Limits{}, `{ __type(name: "User") { fields { type { fields { type { fields { name } } } } } } }`, fault.QueryTooDeep, "3 lists"},
		"lists by a fragment":       {gqlop.Limits{}, `{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...U } } } fragment U on __Type { fields { type { inputFields { name } } } }`, fault.QueryTooDeep, "3 lists"},
		"an answer without end":     {gqlop.Limits{}, `{ __schema { types { ` + many(200, "a#: fields { type { fields { name args { name } } } } ") + `} } }`, fault.QueryTooCostly, "introspection would answer"},
		"introspection off, schema": {gqlop.Limits{NoIntrospection: true}, `{ ...F } fragment F on Query { s: __schema { queryType { name } } }`, fault.ValidationFailed, "introspection is switched off"},
		"introspection off, type":   {gqlop.Limits{NoIntrospection: true}, `{ __type(name: "User") { name } }`, fault.ValidationFailed, `"__type"`},
		"__typename stays":          {gqlop.Limits{NoIntrospection: true}, "{ __typename users { __typename } } # __schema", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := blog(t, c.limits).Read(&gqlop.Request{Query: c.text})
			if c.code != "" {
				expect(t, err, c.code, c.message)
				if at := fault.Of(err)[0].Locations; len(at) == 0 && c.code != fault.TooManyTokens {
					t.Errorf("%v has no location", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestMaxErrors(t *testing.T) {
	t.Parallel()
	text := `{ users { ` + many(300, "no# ") + `} }`
	for limit, want := range map[int]int{0: 20, 3: 3, -1: 300} {
		_, err := blog(t, gqlop.Limits{MaxErrors: limit}).Read(&gqlop.Request{Query: text})
		if got := len(fault.Of(err)); got != want {
			t.Errorf("limit %d: %d errors, want %d", limit, got, want)
		}
	}
}

// With introspection off, a fault must not tell the names that introspection would have told.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ user { id } }`:                                 `needs argument "id" of type "ID!"`,
		`{ usres { id } }`:                                `; did you mean "user" or "users"?`,
		`{ users(limt: 1) { id } }`:                       `; did you mean "limit"?`,
		`{ users(where: {nmae: "x"}) { id } }`:            `; did you mean "name"?`,
		`{ users(orderBy: ACS) { id } }`:                  `; did you mean "ASC"?`,
		`query($a: UserWhre) { users(where: $a) { id } }`: `; did you mean "UserWhere"?`,
	} {
		_, err := blog(t, gqlop.Limits{}).Read(&gqlop.Request{Query: text})
		expect(t, err, fault.ValidationFailed, want)
		_, err = blog(t, gqlop.Limits{NoIntrospection: true}).Read(&gqlop.Request{Query: text})
		if err == nil || strings.Contains(err.Error(), "did you mean") {
			t.Errorf("introspection off: %v", err)
		}
	}
}

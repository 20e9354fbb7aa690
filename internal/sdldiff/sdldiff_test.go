package sdldiff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
)

// compare gives the changes as "CRITICALITY TYPE path", in their order.
func compare(t *testing.T, before, after string) []string {
	t.Helper()
	read := func(name, sdl string) *sdldiff.Schema {
		if !strings.Contains(sdl, "type Query") && !strings.Contains(sdl, "schema {") {
			sdl += "\ntype Query { a: Int }"
		}
		s, err := sdldiff.Read(name, sdl)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var all []string
	for _, c := range sdldiff.Compare(read("before", before), read("after", after)) {
		if c.Message == "" {
			t.Errorf("%s %s has no message", c.Type, c.Path)
		}
		all = append(all, fmt.Sprint(c.Criticality, " ", c.Type, " ", c.Path))
	}
	return all
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after string
		want          []string
	}{
		"nothing":                 {`type T { a: Int }`, `type T { a: Int }`, nil},
		"another order":           {`type T { a: Int b: Int } enum E { A B }`, `enum E { B A } type T { b: Int a: Int }`, nil},
		"a type removed":          {`type T { a: Int }`, ``, []string{"BREAKING TYPE_REMOVED T"}},
		"a type added":            {``, `type T { a(b: Int!): Int }`, []string{"NON_BREAKING TYPE_ADDED T"}},
		"another kind":            {`type T { a: Int }`, `scalar T`, []string{"BREAKING TYPE_KIND_CHANGED T"}},
		"a description":           {`scalar T`, `"x" scalar T`, []string{"NON_BREAKING TYPE_DESCRIPTION_ADDED T"}},
		"another description":     {`"y" scalar T`, `"x" scalar T`, []string{"NON_BREAKING TYPE_DESCRIPTION_CHANGED T"}},
		"a field removed":         {`type T { a: Int b: Int }`, `type T { a: Int }`, []string{"BREAKING FIELD_REMOVED T.b"}},
		"a field added":           {`type T { a: Int }`, `type T { a: Int b(c: Int!): Int }`, []string{"NON_BREAKING FIELD_ADDED T.b"}},
		"a field never null":      {`type T { a: Int }`, `type T { a: Int! }`, []string{"NON_BREAKING FIELD_TYPE_CHANGED T.a"}},
		"a field null at times":   {`type T { a: Int! }`, `type T { a: Int }`, []string{"BREAKING FIELD_TYPE_CHANGED T.a"}},
		"a list of what is there": {`type T { a: [Int] }`, `type T { a: [Int!]! }`, []string{"NON_BREAKING FIELD_TYPE_CHANGED T.a"}},
		"a list":                  {`type T { a: Int }`, `type T { a: [Int] }`, []string{"BREAKING FIELD_TYPE_CHANGED T.a"}},
		"another type":            {`type T { a: Int }`, `type T { a: Float }`, []string{"BREAKING FIELD_TYPE_CHANGED T.a"}},
		"deprecated":              {`type T { a: Int }`, `type T { a: Int @deprecated(reason: "b") }`, []string{"NON_BREAKING FIELD_DEPRECATION_ADDED T.a.@deprecated"}},
		"deprecated no more":      {`type T { a: Int @deprecated }`, `type T { a: Int }`, []string{"NON_BREAKING FIELD_DEPRECATION_REMOVED T.a.@deprecated"}},
		"deprecated, and why":     {`type T { a: Int @deprecated }`, `type T { a: Int @deprecated(reason: "b") }`, []string{"NON_BREAKING FIELD_DEPRECATION_REASON_ADDED T.a.@deprecated"}},
		"an argument removed":     {`type T { a(b: Int): Int }`, `type T { a: Int }`, []string{"BREAKING FIELD_ARGUMENT_REMOVED T.a.b"}},
		"an argument required":    {`type T { a: Int }`, `type T { a(b: Int!): Int }`, []string{"BREAKING FIELD_ARGUMENT_ADDED T.a.b"}},
		"an argument added":       {`type T { a: Int }`, `type T { a(b: Int! = 1): Int }`, []string{"DANGEROUS FIELD_ARGUMENT_ADDED T.a.b"}},
		"an argument may be null": {`type T { a(b: Int!): Int }`, `type T { a(b: Int): Int }`, []string{"NON_BREAKING FIELD_ARGUMENT_TYPE_CHANGED T.a.b"}},
		"an argument now needed":  {`type T { a(b: Int): Int }`, `type T { a(b: Int!): Int }`, []string{"BREAKING FIELD_ARGUMENT_TYPE_CHANGED T.a.b"}},
		"another default":         {`type T { a(b: Int = 1): Int }`, `type T { a(b: Int = 2): Int }`, []string{"DANGEROUS FIELD_ARGUMENT_DEFAULT_CHANGED T.a.b"}},
		"a default of null":       {`type T { a(b: Int): Int }`, `type T { a(b: Int = null): Int }`, []string{"DANGEROUS FIELD_ARGUMENT_DEFAULT_CHANGED T.a.b"}},
		"the same default": {
			`type T { a(b: [Float] = 1, c: I = {x: 1}, d: ID = 1, e: S = {p: 1, q: [A]}): Int } input I { x: Int y: Int = 2 } scalar S`,
			`type T { a(b: [Float] = [1.0], c: I = {y: 2, x: 1}, d: ID = "1", e: S = {q: ["A"], p: 1}): Int } input I { x: Int y: Int = 2 } scalar S`, nil,
		},
		"a default within": {
			`type T { a(b: I = {}): Int } input I { x: Int = 1 }`, `type T { a(b: I = {}): Int } input I { x: Int = 2 }`,
			[]string{"DANGEROUS INPUT_FIELD_DEFAULT_VALUE_CHANGED I.x", "DANGEROUS FIELD_ARGUMENT_DEFAULT_CHANGED T.a.b"},
		},
		"an interface": {
			`interface N { a: Int } type T { a: Int }`, `interface N { a: Int } type T implements N { a: Int }`,
			[]string{"DANGEROUS OBJECT_TYPE_INTERFACE_ADDED T"},
		},
		"no interface": {
			`interface N { a: Int } type T implements N { a: Int }`, `interface N { a: Int } type T { a: Int }`,
			[]string{"BREAKING OBJECT_TYPE_INTERFACE_REMOVED T"},
		},
		"members of a union": {
			`union U = S | T type S { a: Int } type T { a: Int } type V { a: Int }`, `union U = S | V type S { a: Int } type T { a: Int } type V { a: Int }`,
			[]string{"BREAKING UNION_MEMBER_REMOVED U", "DANGEROUS UNION_MEMBER_ADDED U"},
		},
		"values of an enum":       {`enum E { A B }`, `enum E { A C }`, []string{"BREAKING ENUM_VALUE_REMOVED E.B", "DANGEROUS ENUM_VALUE_ADDED E.C"}},
		"a value deprecated":      {`enum E { A B }`, `enum E { A B @deprecated }`, []string{"NON_BREAKING ENUM_VALUE_DEPRECATION_REASON_ADDED E.B.@deprecated"}},
		"a value deprecated not":  {`enum E { A @deprecated }`, `enum E { A }`, []string{"NON_BREAKING ENUM_VALUE_DEPRECATION_REASON_REMOVED E.A"}},
		"fields of an input":      {`input I { a: Int b: Int }`, `input I { a: Int c: Int }`, []string{"BREAKING INPUT_FIELD_REMOVED I.b", "NON_BREAKING INPUT_FIELD_ADDED I.c"}},
		"a field required":        {`input I { a: Int }`, `input I { a: Int b: Int! }`, []string{"BREAKING INPUT_FIELD_ADDED I.b"}},
		"a field with a default":  {`input I { a: Int }`, `input I { a: Int b: Int! = 1 }`, []string{"DANGEROUS INPUT_FIELD_ADDED I.b"}},
		"a field that must be":    {`input I { a: Int }`, `input I { a: Int! }`, []string{"BREAKING INPUT_FIELD_TYPE_CHANGED I.a"}},
		"exactly one":             {`input I { a: Int }`, `input I @oneOf { a: Int }`, []string{"BREAKING DIRECTIVE_USAGE_INPUT_OBJECT_ADDED I.@oneOf"}},
		"no longer exactly one":   {`input I @oneOf { a: Int }`, `input I { a: Int }`, []string{"NON_BREAKING DIRECTIVE_USAGE_INPUT_OBJECT_REMOVED I.@oneOf"}},
		"an argument deprecated":  {`type T { a(b: Int): Int }`, `type T { a(b: Int @deprecated): Int }`, []string{"NON_BREAKING DIRECTIVE_USAGE_ARGUMENT_DEFINITION_ADDED T.a.b.@deprecated"}},
		"specified elsewhere":     {`scalar S @specifiedBy(url: "a")`, `scalar S @specifiedBy(url: "b")`, []string{"DANGEROUS DIRECTIVE_USAGE_ARGUMENT_REMOVED S.@specifiedBy.url", "NON_BREAKING DIRECTIVE_USAGE_ARGUMENT_ADDED S.@specifiedBy.url"}},
		"a directive":             {`directive @a on FIELD`, `directive @b on FIELD`, []string{"BREAKING DIRECTIVE_REMOVED @a", "NON_BREAKING DIRECTIVE_ADDED @b"}},
		"where a directive is":    {`directive @a on FIELD`, `directive @a on QUERY`, []string{"BREAKING DIRECTIVE_LOCATION_REMOVED @a", "NON_BREAKING DIRECTIVE_LOCATION_ADDED @a"}},
		"what a directive takes":  {`directive @a(b: Int) on FIELD`, `directive @a(c: Int!) on FIELD`, []string{"BREAKING DIRECTIVE_ARGUMENT_REMOVED @a.b", "BREAKING DIRECTIVE_ARGUMENT_ADDED @a"}},
		"a directive used again":  {`directive @a on FIELD`, `directive @a repeatable on FIELD`, []string{"NON_BREAKING DIRECTIVE_REPEATABLE_ADDED @a"}},
		"a directive used once":   {`directive @a repeatable on FIELD`, `directive @a on FIELD`, []string{"DANGEROUS DIRECTIVE_REPEATABLE_REMOVED @a"}},
		"another query type":      {`schema { query: A } type A { a: Int } type B { a: Int }`, `schema { query: B } type A { a: Int } type B { a: Int }`, []string{"BREAKING SCHEMA_QUERY_TYPE_CHANGED "}},
		"mutations":               {`type Mutation { a: Int }`, ``, []string{"BREAKING SCHEMA_MUTATION_TYPE_CHANGED ", "BREAKING TYPE_REMOVED Mutation"}},
		"what extends is told so": {`type T { a: Int }`, `type T { a: Int } extend type T { b: Int }`, []string{"NON_BREAKING FIELD_ADDED T.b"}},
	} {
		if got := compare(t, c.before, c.after); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestReadTellsWhere(t *testing.T) {
	t.Parallel()
	for sdl, want := range map[string]string{
		"type Query {\n  a: \n}":                       "old.graphql:3:1: ",
		"type Query { a: Nope }":                       "old.graphql:1:",
		"type Query { a: Int }\ntype Query { a: Int }": "old.graphql:2:6: ",
	} {
		if _, err := sdldiff.Read("old.graphql", sdl); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", sdl, err, want)
		}
	}
}

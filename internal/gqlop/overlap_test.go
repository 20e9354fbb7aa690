package gqlop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// mergeSDL has interfaces with several objects whose fields are alike and not.
const mergeSDL = `
type Query { i: I u: U a: A b: B c: C }
interface I { x: Int i: I }
type A implements I { x: Int! s: String i: I a: A l: [Int] n(k: Int): Int }
type B implements I { x: Int s: String i: I a: A l: [Int!] n(k: Int): Int }
type C implements I { x: Int s: Int i: I a: B l: Int n(k: Int): String }
union U = A | B | C
`

// TestMergingAgreesWithTheSpecification compares the verdict with that of the specification's
// own algorithm, pair by pair.
func TestMergingAgreesWithTheSpecification(t *testing.T) {
	t.Parallel()
	v := load(t, mergeSDL)
	limits := gqlop.Limits{MaxTokens: -1, MaxDepth: -1, MaxAliases: -1, MaxRootFields: -1, MaxErrors: -1}
	conflicts, sound := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := document(t)
		parsed, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		got := false
		for _, f := range v.Check(parsed, limits) {
			got = got || f.Rule == "OverlappingFieldsCanBeMerged"
		}
		n := naive{parsed.Fragments}
		want := !n.canMerge(n.collect(parsed.Operations[0].SelectionSet))
		for _, f := range parsed.Fragments {
			want = want || !n.canMerge(n.collect(f.SelectionSet))
		}
		if got != want {
			t.Fatalf("conflict %v, want %v: %s", got, want, text)
		}
		if want {
			conflicts++
		} else {
			sound++
		}
	})
	if conflicts == 0 || sound == 0 {
		t.Errorf("%d conflicts, %d sound: the documents prove nothing", conflicts, sound)
	}
}

// naive is FieldsInSetCanMerge and SameResponseShape as the specification writes them.
type naive struct {
	fragments ast.FragmentDefinitionList
}

func (n naive) collect(sets ...ast.SelectionSet) []*ast.Field {
	var all []*ast.Field
	seen := map[string]bool{}
	var look func(set ast.SelectionSet)
	look = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				all = append(all, s)
			case *ast.InlineFragment:
				look(s.SelectionSet)
			case *ast.FragmentSpread:
				if !seen[s.Name] {
					seen[s.Name] = true
					look(n.fragments.ForName(s.Name).SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		look(set)
	}
	return all
}

func pairs(fields []*ast.Field, ok func(a, b *ast.Field) bool) bool {
	for i, a := range fields {
		for _, b := range fields[:i+1] { // a field is compared with itself too
			if a.Alias == b.Alias && !ok(a, b) {
				return false
			}
		}
	}
	return true
}

func (n naive) canMerge(fields []*ast.Field) bool {
	return pairs(fields, func(a, b *ast.Field) bool {
		if !n.sameShape(a, b) {
			return false
		}
		p, q := a.ObjectDefinition, b.ObjectDefinition
		if p != q && p.Kind == ast.Object && q.Kind == ast.Object {
			return true
		}
		if a.Name != b.Name || len(a.Arguments) != len(b.Arguments) {
			return false
		}
		for _, x := range a.Arguments {
			if y := b.Arguments.ForName(x.Name); y == nil || x.Value.String() != y.Value.String() {
				return false
			}
		}
		return n.canMerge(n.collect(a.SelectionSet, b.SelectionSet))
	})
}

func (n naive) sameShape(a, b *ast.Field) bool {
	s, t := a.Definition.Type, b.Definition.Type
	for s.Elem != nil || t.Elem != nil || s.NonNull || t.NonNull {
		if s.NonNull != t.NonNull || (s.Elem == nil) != (t.Elem == nil) {
			return false
		}
		if s.Elem == nil {
			break
		}
		s, t = s.Elem, t.Elem
	}
	leaf := func(name string) bool { return name == "Int" || name == "String" }
	if leaf(s.NamedType) || leaf(t.NamedType) {
		return s.NamedType == t.NamedType
	}
	return pairs(n.collect(a.SelectionSet, b.SelectionSet), n.sameShape)
}

var mergeFields = map[string][][2]string{ // name and type of the fields of a type
	"Query": {{"i", "I"}, {"u", "U"}, {"a", "A"}, {"b", "B"}, {"c", "C"}},
	"I":     {{"x", ""}, {"i", "I"}},
	"U":     {{"__typename", ""}},
	"A":     {{"x", ""}, {"s", ""}, {"i", "I"}, {"a", "A"}, {"l", ""}, {"n(k: 1)", ""}, {"n(k: 2)", ""}},
	"B":     {{"x", ""}, {"s", ""}, {"i", "I"}, {"a", "A"}, {"l", ""}, {"n(k: 1)", ""}},
	"C":     {{"x", ""}, {"s", ""}, {"i", "I"}, {"a", "B"}, {"l", ""}, {"n(k: 1)", ""}},
}

// document draws a document whose fragments spread only later ones, each of them used.
func document(t *rapid.T) string {
	const fragments = 4
	on := make([]string, fragments)
	for i := range on {
		on[i] = rapid.SampledFrom([]string{"I", "U", "A", "B", "C"}).Draw(t, "on")
	}
	var set func(b *strings.Builder, typ string, depth, next int)
	set = func(b *strings.Builder, typ string, depth, next int) {
		b.WriteString("{ ")
		for range rapid.IntRange(1, 3).Draw(t, "size") {
			kind := rapid.IntRange(0, 5).Draw(t, "kind")
			switch {
			case kind == 0 && depth > 0 && typ != "Query":
				sub := rapid.SampledFrom([]string{"I", "U", "A", "B", "C"}).Draw(t, "type")
				b.WriteString("... on " + sub + " ")
				set(b, sub, depth-1, next)
			case kind == 1 && next < fragments && typ != "Query":
				fmt.Fprintf(b, "...F%d ", rapid.IntRange(next, fragments-1).Draw(t, "spread"))
			default:
				f := rapid.SampledFrom(mergeFields[typ]).Draw(t, "field")
				if f[1] != "" && depth == 0 {
					b.WriteString("__typename ")
					continue
				}
				if rapid.IntRange(0, 3).Draw(t, "aliased") == 0 {
					b.WriteString(rapid.SampledFrom([]string{"x", "p", "i"}).Draw(t, "alias") + ": ")
				}
				b.WriteString(f[0] + " ")
				if f[1] != "" {
					set(b, f[1], depth-1, next)
				}
			}
		}
		b.WriteString("} ")
	}
	var b strings.Builder
	set(&b, "Query", 4, 0)
	for i := range on {
		fmt.Fprintf(&b, "fragment F%d on %s ", i, on[i])
		set(&b, on[i], 2, i+1)
	}
	return b.String()
}

func TestMergingNamesTheFields(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ users { x: id x: name } }`:                                     `"x" cannot be merged, as "id" and "name" are different fields`,
		`{ users(limit: 1) { id } users(limit: 2) { id } }`:               `"users" cannot be merged, as they have different arguments`,
		`{ any { ... on User { age } ... on Post { age } } }`:             `"age" cannot be merged, as their types "Int" and "String" differ`,
		`{ any { ... on User { a: id } ... on Post { a: age } } }`:        `"a" cannot be merged, as their types "ID!" and "String" differ`,
		`{ users(where: {age: 1}) { id } users(where: {on: true}) {id} }`: `different arguments`,
	} {
		_, err := blog(t, gqlop.Limits{}).Read(&gqlop.Request{Query: text})
		expect(t, err, fault.ValidationFailed, want)
	}
	for _, text := range []string{
		`{ any { ... on User { x: name } ... on Post { x: age } } }`,
		`{ users(where: {age: 1, on: true}, limit: 2) { id } users(limit: 2, where: {on: true, age: 1}) { name } }`,
		`{ users { posts { title } posts { author { id } } } users { posts { author { name } } } }`,
	} {
		if _, err := blog(t, gqlop.Limits{}).Read(&gqlop.Request{Query: text}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

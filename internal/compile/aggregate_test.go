package compile_test

import (
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// TestCountsAreChecked: PostgreSQL counts in 64 bits and Int has 32, so counts are read as numbers whose range is checked, and
// not copied as columns of type int4 are.
func TestCountsAreChecked(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	b, err := bind(documents(t, s), compile.New(s, 100, 0), `{ authorsAggregate { count countDistinct { age } max { age } } }`, "")
	if err != nil {
		t.Fatal(err)
	}
	fields := b.Roots[0].Value.Fields
	if count, distinct, greatest := fields[0], fields[1].Value.Fields[0], fields[2].Value.Fields[0]; count.Text || distinct.Text || !greatest.Text {
		t.Errorf("read as text: count %t, countDistinct %t, max %t; want only max", count.Text, distinct.Text, greatest.Text)
	}
}

// TestChoicesMakePlans: fields to group by name parts of the statement, so each choice has a plan, and the same choice again
// has the same.
func TestChoicesMakePlans(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	docs, c := documents(t, s), compile.New(s, 100, 0)
	op, err := docs.Read(&gqlop.Request{Query: `query($by: [AuthorGroupField!]!, $one: AuthorGroupField! = mood) { a: authorsGroups(by: $by) { count } b: authorsGroups(by: [$one]) { count } }`})
	if err != nil {
		t.Fatal(err)
	}
	plan := func(variables string) *compile.Plan {
		t.Helper()
		b, err := c.Bind(op, []byte(variables), new(compile.Values), nil)
		if err != nil {
			t.Fatal(err)
		}
		return b.Plan
	}
	first := plan(`{"by": ["mood", "age"]}`)
	for variables, same := range map[string]bool{
		`{"by": ["mood","age"]}`:                 true,
		`{"by": ["age", "mood"]}`:                false,
		`{"by": ["mood"]}`:                       false,
		`{"by": "mood"}`:                         false,
		`{"by": ["mood", "age"], "one": "mood"}`: false, // it was sent: another shape, whatever the value
		`{"by": ["mood", "age"], "one": "name"}`: false,
		`{"by": ["mood", "age", "mood"]}`:        false,
		`{"by": ["\u006dood", "age"]}`:           true,
	} {
		if got := plan(variables); (got == first) != same {
			t.Errorf("%s: same plan: %t, want %t", variables, !same, same)
		}
	}
	if a, b := plan(`{"by": ["mood"], "one": "name"}`), plan(`{"by": ["mood"], "one": "age"}`); a == b || a.Roots[1].Statement.SQL == b.Roots[1].Statement.SQL {
		t.Error("two choices share a plan")
	}
}

package operator_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/operator"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Every row of the table is whole: it says what it takes, its SQL uses that and nothing else,
// and no spelling stands for two operators.
func TestTable(t *testing.T) {
	t.Parallel()
	for class := operator.Plain; class <= operator.List; class++ {
		all := operator.For(class)
		if len(all) == 0 {
			t.Errorf("class %d has no operators", class)
		}
		spellings := map[string]string{}
		for _, o := range all {
			if found, ok := operator.Find(class, o.Name); !ok || found.Name != o.Name {
				t.Errorf("%s is not found", o.Name)
			}
			if !strings.HasSuffix(o.Description, ".") || o.Takes == 0 || o.SQL == "" {
				t.Errorf("%s is incomplete: %+v", o.Name, o)
			}
			want := []string{"{v}"}
			switch {
			case o.Takes == operator.Switch:
				want = nil
			case o.Takes == operator.Addresses:
				want = []string{"{from}", "{to}"}
			case strings.HasSuffix(o.Name, "OfId"):
				want = nil
			}
			used := placeholder.FindAllString(o.SQL+o.Not, -1)
			for _, p := range want {
				if !slices.Contains(used, p) {
					t.Errorf("%s does not use %s: %s", o.Name, p, o.SQL)
				}
			}
			for _, p := range used {
				if !slices.Contains(append(want, "{x}", "{raw}", "{ext}"), p) {
					t.Errorf("%s uses %s, which it does not take: %s", o.Name, p, o.SQL)
				}
			}
			for _, s := range append(o.Spellings(), o.Name) {
				if other, twice := spellings[s]; twice {
					t.Errorf("class %d: %s stands for %s and %s", class, s, other, o.Name)
				}
				spellings[s] = o.Name
			}
		}
	}
	if operator.For(0) != nil {
		t.Error("no class has operators")
	}
	if _, ok := operator.Find(operator.Flag, "contains"); ok {
		t.Error("a boolean contains nothing")
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"startsWith": "starts_with startswith", "isNull": "is_null isnull", "nin": "notIn not_in notin", "notMatches": "not_matches notmatches", "like": "", "strictlyContains": "strictly_contains strictlycontains",
	} {
		for class := operator.Plain; class <= operator.List; class++ {
			if o, ok := operator.Find(class, name); ok && strings.Join(o.Spellings(), " ") != want {
				t.Errorf("%s: got %v, want %s", name, o.Spellings(), want)
			}
		}
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   operator.Subject
		want operator.Class
	}{
		{operator.Subject{Type: "String"}, operator.Text},
		{operator.Subject{Type: "String", Extension: true}, operator.AnyCase},
		{operator.Subject{Type: "String", Enum: true}, operator.Plain},
		{operator.Subject{Type: "String", List: true, Extension: true}, operator.List},
		{operator.Subject{Type: "LTreePath"}, operator.Plain},
		{operator.Subject{Type: "LTreePath", Extension: true}, operator.Path},
		{operator.Subject{Type: "ID"}, operator.Plain},
		{operator.Subject{Type: "ID", Tree: true}, operator.Tree},
		{operator.Subject{Type: "DateRange"}, operator.Dates},
		{operator.Subject{Type: "IntRange"}, operator.Range},
		{operator.Subject{Type: "Mood"}, operator.Plain},
	} {
		if got := c.of.Class(); got != c.want {
			t.Errorf("%+v: got %d, want %d", c.of, got, c.want)
		}
	}
}

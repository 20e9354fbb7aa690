package gqlop

import (
	"iter"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	maxSuggestions    = 5  // faults of a document that carry one; each is a search through a list
	maxSuggestionName = 48 // longer names are hardly typing errors, and comparing them costs their product
)

func (c *checker) suggestField(on *ast.Definition, name string) string {
	return c.suggest(name, func(yield func(string) bool) {
		for _, f := range on.Fields {
			if !strings.HasPrefix(f.Name, "__") && !yield(f.Name) {
				return
			}
		}
	})
}

func (c *checker) suggestArgument(defs ast.ArgumentDefinitionList, name string) string {
	return c.suggest(name, func(yield func(string) bool) {
		for _, a := range defs {
			if !yield(a.Name) {
				return
			}
		}
	})
}

func (c *checker) suggestValue(enum *ast.Definition, name string) string {
	return c.suggest(name, func(yield func(string) bool) {
		for _, v := range enum.EnumValues {
			if !yield(v.Name) {
				return
			}
		}
	})
}

func (c *checker) suggestType(name string) string {
	return c.suggest(name, func(yield func(string) bool) {
		for n := range c.x.schema.Types {
			if !strings.HasPrefix(n, "__") && !yield(n) {
				return
			}
		}
	})
}

// suggest ends a message with the names most like the one that is unknown, or with nothing.
// Where introspection is off, it is silent too: it would tell the schema name by name.
func (c *checker) suggest(name string, known iter.Seq[string]) string {
	if c.full || c.limits.NoIntrospection || c.limits.NoSuggestions || c.suggestions >= maxSuggestions {
		return ""
	}
	c.suggestions++
	return Nearest(name, known)
}

// Nearest ends a message with the names most like one that is unknown, or with nothing.
func Nearest(name string, known iter.Seq[string]) string {
	if len(name) > maxSuggestionName {
		return ""
	}
	far := len(name)/3 + 1
	type near struct {
		name string
		far  int
	}
	var best []near
	low := strings.ToLower(name)
	for k := range known {
		if len(k) > len(name)+far || len(k) < len(name)-far {
			continue
		}
		if d := distance(low, strings.ToLower(k)); d <= far {
			best = append(best, near{k, d})
		}
	}
	if len(best) == 0 {
		return ""
	}
	slices.SortFunc(best, func(a, b near) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return strings.Compare(a.name, b.name)
	})
	best = best[:min(len(best), 3)]
	names := make([]string, len(best))
	for i, b := range best {
		names[i] = `"` + b.name + `"`
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// distance is how many letters must be put in, taken out or changed to make one word of the
// other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], step
		}
	}
	return row[len(b)]
}

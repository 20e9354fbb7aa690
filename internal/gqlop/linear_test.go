package gqlop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// growing are documents that grow with n, each aimed at a rule that a careless validator pays
// for with the square of it or worse. They may be valid or not.
var growing = map[string]func(n int) string{
	"one field again and again": func(n int) string { return `{ users { ` + strings.Repeat("id ", n) + `} }` },
	"objects again and again":   func(n int) string { return `{ ` + strings.Repeat("users { id } ", n) + `}` },
	"aliases":                   func(n int) string { return `{ users { ` + many(n, "a#: id ") + `} }` },
	"aliases that conflict":     func(n int) string { return `{ users { ` + strings.Repeat("a: id a: name ", n) + `} }` },
	"arguments that differ":     func(n int) string { return `{ ` + many(n, "users(limit: #) { id } ") + `}` },
	"one argument again":        func(n int) string { return `{ users(` + strings.Repeat("limit: 1 ", n) + `) { id } }` },
	"unknown arguments":         func(n int) string { return `{ users(` + many(n, "a#: 1 ") + `) { id } }` },
	"unknown fields":            func(n int) string { return `{ users { ` + many(n, "nam# ") + `} }` },
	"unknown types":             func(n int) string { return `{ users { ` + many(n, "... on Usr# { id } ") + `} }` },
	"unknown fragments":         func(n int) string { return `{ users { ` + many(n, "...F# ") + `} }` },
	"spreads of one fragment": func(n int) string {
		return `{ users { ` + strings.Repeat("...F ", n) + `} } fragment F on User { id name }`
	},
	"fragments side by side": func(n int) string {
		return `{ users { ` + many(n, "...F# ") + `} } ` + many(n, "fragment F# on User { id } ")
	},
	"fragments, unused":     func(n int) string { return `{ users { id } } ` + many(n, "fragment F# on User { id } ") },
	"fragments of one name": func(n int) string { return `{ users { ...F } } ` + strings.Repeat("fragment F on User { id } ", n) },
	"a chain of fragments":  chain,
	"a chain in a list of chains": func(n int) string {
		return `query B { users { ...F0 } } ` + strings.Replace(chain(n), "{", "query A {", 1)
	},
	"fragments that spread two": func(n int) string {
		var b strings.Builder
		b.WriteString("{ users { ...F0 } } ")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on User { id ...F%d ...F%d } ", i, i+1, min(i+2, n))
		}
		fmt.Fprintf(&b, "fragment F%d on User { id }", n)
		return b.String()
	},
	"fragments that spread all that follow": func(n int) string {
		root := 1
		for root*root < 2*n {
			root++
		}
		var b strings.Builder
		b.WriteString("{ users { ...F0 } } ")
		for i := range root {
			fmt.Fprintf(&b, "fragment F%d on User { id ", i)
			for j := i + 1; j < root; j++ {
				fmt.Fprintf(&b, "...F%d ", j)
			}
			b.WriteString("} ")
		}
		return b.String()
	},
	"a ring of fragments": func(n int) string {
		return `{ users { ...F0 } } ` + many(n-1, "fragment F# on User { ...F#x } ") + strings.Repeat(" ", n)
	},
	"rings of one": func(n int) string { return `{ users { ...F0 } } ` + many(n, "fragment F# on User { ...F# } ") },
	"a ring of all": func(n int) string {
		var b strings.Builder
		b.WriteString("{ users { ...F0 } } ")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on User { boss { ...F%d } } ", i, (i+1)%n)
		}
		return b.String()
	},
	"operations":                func(n int) string { return many(n, "query Q# { users { id } } ") },
	"operations of one name":    func(n int) string { return strings.Repeat("query Q { users { id } } ", n) },
	"operations without a name": func(n int) string { return strings.Repeat("{ users { id } } ", n) },
	"operations that share":     func(n int) string { return many(n, "query Q# { users { ...F } } ") + `fragment F on User { id name }` },
	"operations, one fragment": func(n int) string {
		return many(n/2, "query Q# { users { ...F } } ") + `fragment F on User { ` + strings.Repeat("id ", n/2) + `}`
	},
	"variables": func(n int) string {
		return `query(` + many(n, "$v#: Int ") + `) { ` + many(n, "a#: users(limit: $v#) { id } ") + `}`
	},
	"variables, unused":     func(n int) string { return `query(` + many(n, "$v#: Int ") + `) { users { id } }` },
	"variables of one name": func(n int) string { return `query(` + strings.Repeat("$v: Int ", n) + `) { users(limit: $v) { id } }` },
	"variables, undeclared": func(n int) string { return `{ ` + many(n, "a#: users(limit: $v#) { id } ") + `}` },
	"variables in a shared list": func(n int) string {
		return many(n/4, "query Q#($v: String!) { ...F } ") + `fragment F on Query { user(id: 1, tags: [` + strings.Repeat("$v ", n) + `]) { id } }`
	},
	"directives":             func(n int) string { return `{ users { id ` + strings.Repeat("@skip(if: true) ", n) + `} }` },
	"unknown directives":     func(n int) string { return `{ users { id ` + many(n, "@d# ") + `} }` },
	"a list":                 func(n int) string { return `{ user(id: 1, tags: [` + strings.Repeat(`"x" `, n) + `]) { id } }` },
	"a list of wrong values": func(n int) string { return `{ user(id: 1, tags: [` + strings.Repeat(`1 `, n) + `]) { id } }` },
	"lists, deep and wide": func(n int) string {
		return `{ user(id: 1, tags: ` + strings.Repeat("[", 500) + strings.Repeat(`1 `, n) + strings.Repeat("]", 500) + `) { id } }`
	},
	"an object's fields":      func(n int) string { return `{ users(where: {` + many(n, "f#: 1 ") + `}) { id } }` },
	"an object's field again": func(n int) string { return `{ users(where: {` + strings.Repeat("age: 1 ", n) + `}) { id } }` },
	"objects in a list":       func(n int) string { return `{ users(where: {and: [` + strings.Repeat("{age: 1} ", n) + `]}) { id } }` },
	"objects, deep and wide": func(n int) string {
		return `{ users(where: ` + strings.Repeat("{not: ", 400) + `{and: [` + strings.Repeat("{age: true} ", n) + `]}` + strings.Repeat("}", 400) + `) { id } }`
	},
	"large equal arguments": func(n int) string {
		return `{ ` + strings.Repeat(`user(id: 1, tags: [`+strings.Repeat(`"x" `, 50)+`]) { id } `, n/50) + `}`
	},
	"arguments in another order": func(n int) string {
		return `{ json(value: {` + many(n, "a#: 1 ") + `}) json(value: {z: 0 ` + many(n-1, "a#: 1 ") + `}) }`
	},
	"JSON": func(n int) string { return `{ json(value: {` + many(n, "a#: [{b: null}] ") + `}) }` },
	"long names": func(n int) string {
		return `{ ` + strings.Repeat("a", 4*n) + ` ` + strings.Repeat("b", 4*n) + `: users { id } }`
	},
	"long unknown names": func(n int) string { return `{ users { ` + many(n/50, strings.Repeat("name", 50)+"# ") + `} }` },
	"long strings":       func(n int) string { return `{ user(id: "` + strings.Repeat("é", 4*n) + `") { id } }` },
	"many lines":         func(n int) string { return `{ users { ` + strings.Repeat("\n", 4*n) + `id } }` },
	"comments":           func(n int) string { return strings.Repeat("#\n", n) + `{ users { id } }` },
	"inline fragments": func(n int) string {
		return `{ any { ` + strings.Repeat("... on User { id } ... on Post { title } ", n) + `} }`
	},
	"types apart": func(n int) string {
		return `{ any { ` + strings.Repeat("... on User { name } ... on Post { name } ", n) + `} }`
	},
	"types apart, deep":           apart,
	"deep, in steps of fragments": func(n int) string { return steps(min(n, 900)) + strings.Repeat(" ", n) },
	"a bomb of fragments":         bomb,
	"a bomb without aliases": func(n int) string {
		var b strings.Builder
		b.WriteString("{ users { ...F0 } } ")
		for i := range n {
			fmt.Fprintf(&b, "fragment F%d on User { boss { ...F%d } ...F%d } ", i, i+1, i+1)
		}
		fmt.Fprintf(&b, "fragment F%d on User { id }", n)
		return b.String()
	},
	"introspection": func(n int) string { return `{ __schema { types { ` + many(n, "a#: fields { name } ") + `} } }` },
	"introspection by fragments": func(n int) string {
		return `{ ` + many(n, "a#: __schema { ...S } ") + `} fragment S on __Schema { types { name } }`
	},
}

func chain(n int) string {
	return `{ users { ...F0 } } ` + strings.Join(links(n), " ") + fmt.Sprintf(" fragment F%d on User { id }", n)
}

func links(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("fragment F%d on User { ...F%d }", i, i+1)
	}
	return all
}

func steps(n int) string {
	var b strings.Builder
	b.WriteString("{ users { ...F0 } } ")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on User { boss { ...F%d } } ", i, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on User { id }", n)
	return b.String()
}

// apart nests selections on an interface and on one of its objects at each level, which makes
// a set of its own for each way through them.
func apart(n int) string {
	var b strings.Builder
	levels := 0
	for levels*levels < n/4 {
		levels++
	}
	b.WriteString("{ any { ")
	for i := range levels {
		b.WriteString(strings.Repeat("... on User { boss { ", i) + "... on User { boss { id } } ... on Node { id }" + strings.Repeat(" } }", i) + " ")
	}
	b.WriteString("} }")
	return b.String()
}

// products are the documents whose operations share a fragment: the work is the product of
// both, which only the limits bound.
var products = map[string]bool{"operations, one fragment": true, "variables in a shared list": true}

// TestReadingGrowsWithTheLength compares a document with one eight times as long: where the
// work grows with the square, the times differ by 64. The quickest of several tries counts,
// so that another program on the machine does not; it runs alone for the same reason.
func TestReadingGrowsWithTheLength(t *testing.T) {
	const n, factor, most = 300, 8, 28
	for _, bounded := range []bool{true, false} {
		limits := gqlop.Limits{CacheEntries: -1, MaxTokens: -1, MaxDepth: -1, MaxAliases: -1, MaxRootFields: -1, MaxErrors: -1}
		if bounded {
			limits = gqlop.Limits{CacheEntries: -1}
		}
		d := blog(t, limits)
		for name, text := range growing {
			if products[name] && !bounded {
				continue
			}
			small, large := text(n), text(factor*n)
			took := func(text string) time.Duration {
				start := time.Now()
				_, _ = d.Read(&gqlop.Request{Query: text})
				return time.Since(start)
			}
			// A document that is refused at once takes next to no time, whose growth means nothing.
			a := max(min(took(small), took(small), took(small)), 100*time.Microsecond)
			b := took(large)
			for tries := 0; b > most*a && tries < 100; tries++ {
				b = min(b, took(large))
			}
			if b > most*a {
				t.Errorf("bounded %v, %s: %v for %d bytes, but %v for %d", bounded, name, a, len(small), b, len(large))
			}
		}
	}
}

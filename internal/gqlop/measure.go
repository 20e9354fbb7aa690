package gqlop

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// size says what a selection set comes to with its fragments written out in place. Sums stop
// at the largest number, as nested fragments double them without end.
type size struct {
	written int // fields, spreads, inline fragments and values
	aliases int
	depth   int // levels of fields
	deepest *ast.Field

	// Of introspection.
	lists  int // how many lists of type members nest
	answer int // how many fields the answer has, guessed
}

func plus(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

func times(a, b int) int {
	if b != 0 && a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}

func (s *size) take(o *size) {
	s.written = plus(s.written, o.written)
	s.aliases = plus(s.aliases, o.aliases)
	s.answer = plus(s.answer, o.answer)
	if o.depth > s.depth {
		s.depth, s.deepest = o.depth, o.deepest
	}
	s.lists = max(s.lists, o.lists)
}

// measure holds each operation to the limits. Each fragment is measured once, so the work is
// that of reading the document, whatever its fragments come to.
func (c *checker) measure() *finding {
	all := 0
	for _, s := range c.scopes {
		if s.op == nil {
			continue
		}
		total := c.measureSet(s.set)
		if over := c.over(s, total); over != nil {
			return over
		}
		all = plus(all, total.written)
	}
	if most := times(c.limits.written(), maxShared); all > most {
		return limitFault("", fault.TooManyFields, c.doc.Operations[0].Position,
			"the operations of the document with their fragments written out hold more than %d fields and values: send fewer of them in one document", most)
	}
	return nil
}

func (c *checker) over(s *scope, total *size) *finding {
	if total.written > c.limits.written() {
		return limitFault("", fault.TooManyFields, s.op.Position,
			"the operation with its fragments written out holds more than %d fields and values: ask for less at once", c.limits.written())
	}
	if most := orNone(c.limits.MaxDepth); total.depth > most {
		return limitFault("", fault.QueryTooDeep, total.deepest.Position,
			"%s nests %d levels of fields; at most %d are allowed", quoted(total.deepest.Alias), total.depth, most)
	}
	if most := orNone(c.limits.MaxAliases); total.aliases > most {
		return limitFault("", fault.TooManyFields, s.op.Position,
			"the operation has %d aliases; at most %d are allowed", total.aliases, most)
	}
	if most := orNone(c.limits.MaxRootFields); c.rootFields(s) > most {
		return limitFault("", fault.TooManyFields, s.op.Position,
			"the operation has more than %d fields at its root: send several requests", most)
	}
	return c.introspection(s)
}

// introspection looks at the root fields __schema and __type.
func (c *checker) introspection(s *scope) *finding {
	for _, f := range c.collect(s.set) {
		if f.Name != "__schema" && f.Name != "__type" {
			continue
		}
		below := c.measureSet(f.SelectionSet)
		switch {
		case below.lists > maxIntrospectionLists:
			return limitFault("MaxIntrospectionDepth", fault.QueryTooDeep, f.Position,
				"introspection by %s nests %d lists of fields, interfaces or types; at most %d are allowed",
				quoted(f.Alias), below.lists, maxIntrospectionLists)
		case below.depth+1 > maxIntrospectionDepth:
			return limitFault("", fault.QueryTooDeep, f.Position,
				"introspection by %s nests %d levels; at most %d are allowed",
				quoted(f.Alias), below.depth+1, maxIntrospectionDepth)
		}
	}
	if answer := c.introspectionAnswer(s); answer > c.x.scale.most {
		over := limitFault("", fault.QueryTooCostly, s.op.Position,
			"introspection would answer with about %d fields; at most %d are allowed: ask for less at once", answer, c.x.scale.most)
		over.err.Extensions = map[string]any{"cost": answer, "limit": c.x.scale.most}
		return over
	}
	return nil
}

func (c *checker) introspectionAnswer(s *scope) int {
	total := 0
	for _, f := range c.collect(s.set) {
		if f.Name == "__schema" || f.Name == "__type" {
			one := plus(1, c.measureSet(f.SelectionSet).answer)
			total = plus(total, times(one, max(c.x.scale.lists[f.Name], 1)))
		}
	}
	return total
}

func (c *checker) rootFields(s *scope) int {
	keys := map[string]bool{}
	for _, f := range c.collect(s.set) {
		keys[f.Alias] = true
	}
	return len(keys)
}

// collect lists the fields of a selection set, each fragment's once.
func (c *checker) collect(set ast.SelectionSet) []*ast.Field {
	return c.collectInto(nil, set, map[string]bool{})
}

func (c *checker) collectInto(out []*ast.Field, set ast.SelectionSet, seen map[string]bool) []*ast.Field {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			out = append(out, s)
		case *ast.InlineFragment:
			out = c.collectInto(out, s.SelectionSet, seen)
		case *ast.FragmentSpread:
			if target := c.fragments[s.Name]; target != nil && !seen[s.Name] {
				seen[s.Name] = true
				out = c.collectInto(out, target.set, seen)
			}
		}
	}
	return out
}

func (c *checker) measureSet(set ast.SelectionSet) *size {
	total := &size{}
	for _, s := range set {
		total.written = plus(total.written, 1)
		switch s := s.(type) {
		case *ast.Field:
			c.measureField(total, s)
		case *ast.InlineFragment:
			total.written = plus(total.written, directiveValues(s.Directives))
			total.take(c.measureSet(s.SelectionSet))
		case *ast.FragmentSpread:
			total.written = plus(total.written, directiveValues(s.Directives))
			target := c.fragments[s.Name]
			if target == nil {
				continue
			}
			if target.size == nil {
				target.size = c.measureSet(target.set)
			}
			total.take(target.size)
		}
	}
	return total
}

func (c *checker) measureField(total *size, f *ast.Field) {
	total.written = plus(total.written, argumentValues(f.Arguments)+directiveValues(f.Directives))
	if f.Alias != f.Name {
		total.aliases = plus(total.aliases, 1)
	}
	below := c.measureSet(f.SelectionSet)
	sub := *below
	sub.deepest = f
	sub.answer = times(plus(1, below.answer), max(c.x.scale.lists[f.Name], 1))
	switch f.Name {
	case "__schema", "__type":
		sub.depth = 1 // its levels have a rule of their own
	case "fields", "interfaces", "possibleTypes", "inputFields":
		sub.lists++
		sub.depth++
	default:
		sub.depth++
	}
	total.take(&sub)
}

func argumentValues(args ast.ArgumentList) int {
	n := 0
	for _, a := range args {
		n += values(a.Value)
	}
	return n
}

func directiveValues(list ast.DirectiveList) int {
	n := len(list)
	for _, d := range list {
		n += argumentValues(d.Arguments)
	}
	return n
}

func values(v *ast.Value) int {
	if v == nil {
		return 0
	}
	n := 1
	for _, child := range v.Children {
		n += values(child.Value)
	}
	return n
}

func limitFault(rule string, code fault.Code, at *ast.Position, format string, args ...any) *finding {
	err := fault.New(code, format, args...)
	err.Locations = locations(at)
	return &finding{rule, err}
}

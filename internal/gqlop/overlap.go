package gqlop

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// overlap checks that the fields of one response key can be merged into one.
//
// The specification compares each pair, which is quadratic at each level. Here all fields of
// a response key are compared with the first of them, since being the same is transitive, and
// their selections are merged and looked at together, so each field is looked at once. Only
// fields that different object types select under an interface or union are looked at again,
// once per such type; a count of steps bounds that.
// Source: GraphQL specification, section 5.3.2, "Field Selection Merging".
type overlap struct {
	c        *checker
	steps    int
	reported map[[2]*ast.Field]bool
	// merged is not nil when a fragment spreads itself: what has been merged already, so that going round comes to an end.
	merged map[string]bool
}

// maxStepsRound bounds the steps in a document whose fragments spread themselves, which is refused for that anyway.
const maxStepsRound = 20_000

// overlaps checks all operations, and what no operation uses.
func (c *checker) overlaps(sound bool) *finding {
	m := &overlap{c: c, steps: 20 * c.limits.written(), reported: map[[2]*ast.Field]bool{}}
	if !sound {
		m.steps, m.merged = min(m.steps, maxStepsRound), map[string]bool{}
	}
	start := make(map[*scope]bool, len(c.fragments))
	for _, s := range c.fragments {
		start[s] = true
	}
	for _, s := range c.scopes {
		for _, spread := range s.spreads {
			delete(start, c.fragments[spread.Name])
		}
	}
	for _, s := range c.scopes {
		if s.op == nil && !start[s] && sound {
			continue
		}
		if m.merge(c.collect(s.set), true); m.steps < 0 && !sound {
			return nil
		} else if m.steps < 0 {
			at := s.set[0].GetPosition()
			return limitFault("", fault.TooManyFields, at,
				"too many fields share response keys on different types: give them aliases of their own")
		}
	}
	return nil
}

// merge looks at the fields of one merged selection set. With same, fields of one key must be
// the same field with the same arguments wherever one object can have both; without, they
// come from types that no object has in common, and only their shapes must agree.
func (m *overlap) merge(fields []*ast.Field, same bool) {
	if m.steps -= len(fields); m.steps < 0 || m.c.full || m.again(fields, same) {
		return
	}
	for _, group := range byKey(fields) {
		if !same {
			if m.shapes(group) {
				m.below(group, false)
			}
			continue
		}
		parts := apart(group)
		if len(parts) == 1 {
			if m.fields(group) && m.shapes(group) {
				m.below(group, true)
			}
			continue
		}
		for _, part := range parts {
			if m.steps -= len(part); m.steps < 0 {
				return
			}
			if m.fields(part) {
				m.below(part, true)
			}
		}
		if m.shapes(group) {
			m.below(group, false)
		}
	}
}

// again tells whether the same fields have been merged before, in a document in which that can go on for ever.
func (m *overlap) again(fields []*ast.Field, same bool) bool {
	if m.merged == nil {
		return false
	}
	var id strings.Builder
	fmt.Fprint(&id, same)
	for _, f := range fields {
		fmt.Fprintf(&id, " %p", f)
	}
	if m.merged[id.String()] {
		return true
	}
	m.merged[id.String()] = true
	return false
}

func (m *overlap) below(group []*ast.Field, same bool) {
	var all []*ast.Field
	var seen map[string]bool
	for _, f := range group {
		if len(f.SelectionSet) > 0 {
			if seen == nil {
				seen = map[string]bool{}
			}
			all = m.c.collectInto(all, f.SelectionSet, seen)
		}
	}
	if len(all) > 0 {
		m.merge(all, same)
	}
}

// byKey groups fields by response key, in order.
func byKey(fields []*ast.Field) [][]*ast.Field {
	if len(fields) == 1 {
		return [][]*ast.Field{fields}
	}
	at := make(map[string]int, len(fields))
	groups := make([][]*ast.Field, 0, len(fields))
	for i, f := range fields {
		n, ok := at[f.Alias]
		if !ok {
			at[f.Alias] = len(groups)
			groups = append(groups, fields[i:i+1:i+1])
			continue
		}
		groups[n] = append(groups[n], f)
	}
	return groups
}

// apart splits fields of one key into sets that one object can have together: those on one
// object type, with all that are on interfaces and unions. A field that its type does not have
// counts as one of these: where it belongs is not known.
func apart(group []*ast.Field) [][]*ast.Field {
	one := true
	var first *ast.Definition
	for _, f := range group {
		if p := concrete(f); p != nil {
			if first == nil {
				first = p
			}
			one = one && p == first
		}
	}
	if one {
		return [][]*ast.Field{group}
	}
	at := map[*ast.Definition]int{}
	var parts [][]*ast.Field
	var abstract []*ast.Field
	for _, f := range group {
		p := concrete(f)
		if p == nil {
			abstract = append(abstract, f)
			continue
		}
		n, ok := at[p]
		if !ok {
			n = len(parts)
			at[p] = n
			parts = append(parts, nil)
		}
		parts[n] = append(parts[n], f)
	}
	for i := range parts {
		parts[i] = append(parts[i], abstract...)
	}
	return parts
}

// concrete is the object type that a field stands on; nil for any other type.
func concrete(f *ast.Field) *ast.Definition {
	if p := f.ObjectDefinition; f.Definition != nil && p != nil && p.Kind == ast.Object {
		return p
	}
	return nil
}

// fields tells whether all fields are the first one, with its arguments.
func (m *overlap) fields(group []*ast.Field) bool {
	ok := true
	for _, f := range group[1:] {
		switch {
		case f.Name != group[0].Name:
			m.report(group[0], f, fmt.Sprintf("%s and %s are different fields", quoted(group[0].Name), quoted(f.Name)))
		case !m.sameArguments(group[0].Arguments, f.Arguments):
			m.report(group[0], f, "they have different arguments")
		default:
			continue
		}
		ok = false
	}
	return ok
}

// shapes tells whether all fields have answers of one form.
func (m *overlap) shapes(group []*ast.Field) bool {
	var first *ast.Field
	ok := true
	for _, f := range group {
		if f.Definition == nil {
			continue
		}
		if first == nil {
			first = f
			continue
		}
		if !m.sameShape(first.Definition.Type, f.Definition.Type) {
			m.report(first, f, fmt.Sprintf("their types %s and %s differ",
				quoted(first.Definition.Type.String()), quoted(f.Definition.Type.String())))
			ok = false
		}
	}
	return ok
}

func (m *overlap) sameShape(a, b *ast.Type) bool {
	for a.Elem != nil || b.Elem != nil {
		if a.Elem == nil || b.Elem == nil || a.NonNull != b.NonNull {
			return false
		}
		a, b = a.Elem, b.Elem
	}
	if a.NonNull != b.NonNull {
		return false
	}
	if a.NamedType == b.NamedType {
		return true
	}
	x, y := m.c.x.named(a), m.c.x.named(b)
	return x == nil || y == nil || (x.IsCompositeType() && y.IsCompositeType())
}

func (m *overlap) sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	if m.steps -= len(a); m.steps < 0 {
		return true
	}
	return sameNamed(len(a),
		func(i int) (string, *ast.Value) { return a[i].Name, a[i].Value },
		func(i int) (string, *ast.Value) { return b[i].Name, b[i].Value }, m.sameValue)
}

func (m *overlap) sameValue(a, b *ast.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	if m.steps -= len(a.Children); m.steps < 0 {
		return true
	}
	if a.Kind == ast.ObjectValue {
		return sameNamed(len(a.Children),
			func(i int) (string, *ast.Value) { return a.Children[i].Name, a.Children[i].Value },
			func(i int) (string, *ast.Value) { return b.Children[i].Name, b.Children[i].Value }, m.sameValue)
	}
	for i := range a.Children {
		if !m.sameValue(a.Children[i].Value, b.Children[i].Value) {
			return false
		}
	}
	return true
}

// sameNamed compares two lists of n named values, whose order does not count.
func sameNamed(n int, a, b func(int) (string, *ast.Value), same func(x, y *ast.Value) bool) bool {
	var byName map[string]*ast.Value
	for i := range n {
		name, x := a(i)
		other, y := b(i)
		if name != other {
			if byName == nil {
				byName = make(map[string]*ast.Value, n)
				for j := range n {
					k, v := b(j)
					byName[k] = v
				}
			}
			if y = byName[name]; y == nil {
				return false
			}
		}
		if !same(x, y) {
			return false
		}
	}
	return true
}

func (m *overlap) report(a, b *ast.Field, why string) {
	if m.reported[[2]*ast.Field{a, b}] {
		return
	}
	m.reported[[2]*ast.Field{a, b}] = true
	m.c.addAt("OverlappingFieldsCanBeMerged", []*ast.Position{a.Position, b.Position},
		"the fields of %s cannot be merged, as %s: give one of them another alias", quoted(a.Alias), why)
}

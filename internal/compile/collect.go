package compile

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// selected is a field of a merged selection set: fragments are spread, @skip and @include are
// applied, and fields of one response name are merged.
// Source: GraphQL specification, section 6.3.2, "Field Collection".
type selected struct {
	Key  string     // the response name
	Def  *ast.Field // its first occurrence
	Sub  []*selected
	Args func(name string) (value any, ok bool) // the coerced arguments of introspection fields
}

// group gathers the occurrences of one response name.
type group struct {
	key  string
	def  *ast.Field
	sets []ast.SelectionSet
}

func (b *builder) collect(sets ...ast.SelectionSet) ([]*selected, error) {
	c := collector{b: b, index: map[string]int{}, spread: map[string]bool{}}
	for _, set := range sets {
		if err := c.add(set); err != nil {
			return nil, err
		}
	}
	all := make([]*selected, len(c.groups))
	for i, g := range c.groups {
		s := &selected{Key: g.key, Def: g.def}
		s.Args = func(name string) (any, bool) { return b.plainArg(g.def, name) }
		if len(g.sets) > 0 {
			sub, err := b.collect(g.sets...)
			if err != nil {
				return nil, err
			}
			s.Sub = sub
		}
		all[i] = s
	}
	return all, nil
}

type collector struct {
	b      *builder
	groups []group
	index  map[string]int
	spread map[string]bool
}

func (c *collector) add(set ast.SelectionSet) error {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if in, err := c.b.included(sel.Directives); err != nil || !in {
				if err != nil {
					return err
				}
				continue
			}
			i, known := c.index[sel.Alias]
			if !known {
				i = len(c.groups)
				c.index[sel.Alias] = i
				c.groups = append(c.groups, group{key: sel.Alias, def: sel})
			}
			if len(sel.SelectionSet) > 0 {
				c.groups[i].sets = append(c.groups[i].sets, sel.SelectionSet)
			}
		case *ast.InlineFragment:
			if err := c.fragment(sel.Directives, sel.SelectionSet); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if in, err := c.b.included(sel.Directives); err != nil || !in || c.spread[sel.Name] {
				if err != nil {
					return err
				}
				continue
			}
			c.spread[sel.Name] = true
			if err := c.fragment(nil, sel.Definition.SelectionSet); err != nil {
				return err
			}
		}
	}
	return nil
}

// fragment adds the fields of a fragment. Every type of this schema that can be selected on is
// an object type, so that validation has already shown the type condition to hold.
func (c *collector) fragment(directives ast.DirectiveList, set ast.SelectionSet) error {
	if in, err := c.b.included(directives); err != nil || !in {
		return err
	}
	return c.add(set)
}

// included applies @skip and @include.
// Source: GraphQL specification, sections 3.13.1 and 3.13.2.
func (b *builder) included(directives ast.DirectiveList) (bool, error) {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		arg := d.Arguments.ForName("if")
		v, err := b.literal(booleanRef, arg.Value)
		if err != nil {
			return false, err
		}
		if v.kind != leafVal {
			return false, fault.New(fault.BadUserInput, "@%s: the argument \"if\" must not be null", d.Name).
				At(arg.Position.Line, arg.Position.Column)
		}
		if (string(v.text) == "t") == (d.Name == "skip") {
			return false, nil
		}
	}
	return true, nil
}

// plainArg gives an argument of an introspection field as a string or a boolean.
func (b *builder) plainArg(field *ast.Field, name string) (any, bool) {
	arg := field.Arguments.ForName(name)
	if arg == nil {
		return nil, false
	}
	ref := stringRef
	if name == "includeDeprecated" {
		ref = booleanRef
	}
	v, err := b.literal(ref, arg.Value)
	if err != nil || v.kind != leafVal {
		return nil, v != nil && v.kind == nullVal
	}
	if ref == booleanRef {
		return string(v.text) == "t", true
	}
	b.once = b.once || v.leaf > 0
	return string(v.text), true
}

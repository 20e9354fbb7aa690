package compile

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// selected is a field of a merged selection set: fragments are spread, @skip and @include are
// applied, and fields of one response name are merged.
// Source: GraphQL specification, section 6.3.2, "Field Collection".
type selected struct {
	Key  string     // the response name
	Def  *ast.Field // its first occurrence
	At   []fault.Location
	Sub  []*selected
	On   [][]*selected // in place of Sub, of an abstract type: for each of its possible types, in their order
	Fail *fault.Error  // alone in a selection: it is not known what is selected
	// Denied is the error of a field that the sender may not read.
	Denied *fault.Error
	typ    *schema.Ref                            // the field's, when Denied
	Args   func(name string) (value any, ok bool) // the coerced arguments of introspection fields
}

// maxPlaces bounds the places that an error names: a field that is repeated a thousand times, in a list of a thousand that fail,
// makes no answer of a million lines.
const maxPlaces = 50

// group gathers the occurrences of one response name.
type group struct {
	key  string
	all  []*ast.Field
	at   []fault.Location // of the first maxPlaces of them
	sets []ast.SelectionSet
}

// maxCollected bounds the fields of one operation, after merging. Fields that several types share under an interface or union
// are merged for each of the types that select something besides, which multiplies at each level.
const maxCollected = 100_000

// collect gathers what a selection asks of an object; on is nil inside introspection, whose types are all objects.
func (b *builder) collect(on *schema.Type, sets ...ast.SelectionSet) ([]*selected, error) {
	groups, err := b.groups(on, sets)
	if err != nil {
		return nil, err
	}
	all := make([]*selected, len(groups))
	for i := range groups {
		denied, err := b.denied(nil, on, groups[i].all[0])
		if err != nil {
			return nil, err
		}
		if denied != nil {
			all[i] = b.refused(on, &groups[i], denied)
		} else if all[i], err = b.selected(on, &groups[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// denied asks for a field that is selected on an object, and on the interface that it is selected through; nil: for both
// there is no objection.
func (b *builder) denied(through, on *schema.Type, sel *ast.Field) (*fault.Error, error) {
	if on == nil || !b.Asks() { // introspection has its own schema for each
		return nil, nil
	}
	for _, t := range [...]*schema.Type{through, on} {
		if t == nil {
			continue
		}
		f := t.Field(sel.Name)
		if f == nil || f.Hidden {
			continue
		}
		denied, err := b.asker.field(t, f)
		switch {
		case err != nil:
			return nil, err
		case denied != nil && b.Conceals:
			return nil, b.concealed(t, f, denied).At(sel.Position.Line, sel.Position.Column)
		case denied != nil:
			return denied, nil
		}
	}
	return nil, nil
}

// refused is a field that is not looked into.
func (b *builder) refused(on *schema.Type, g *group, denied *fault.Error) *selected {
	return &selected{Key: g.key, Def: g.all[0], At: g.at, Denied: denied, typ: on.Field(g.all[0].Name).Type}
}

// unread is what is written of a field that is not compiled.
func (s *selected) unread() (Field, bool) {
	switch {
	case s.Fail != nil:
		return Field{Fail: s.Fail}, true
	case s.Denied != nil:
		return Field{Name: s.Key, At: s.At, Key: key(s.Key), Fail: s.Denied, Value: valueOf(s.typ, content{})}, true
	}
	return Field{}, false
}

// collectEach does it for each object that an abstract type can be. What is selected of several of them by the same fields of
// the document is collected once.
func (b *builder) collectEach(t *schema.Type, sets []ast.SelectionSet) ([][]*selected, error) {
	shared := map[string]*selected{}
	each := make([][]*selected, len(t.Possible))
	for i, p := range t.Possible {
		if !b.guarded(p.Type.Requires) {
			each[i] = []*selected{{Fail: needs(p.Type.Name, p.Type.Requires, b.Silent || b.Conceals)}}
			continue
		}
		groups, err := b.groups(p.Type, sets)
		if fail := unfilled(err); fail != nil {
			each[i] = []*selected{{Fail: fail}}
			continue
		}
		if err != nil {
			return nil, err
		}
		each[i] = make([]*selected, len(groups))
		for j := range groups {
			id := groups[j].identity()
			denied, err := b.denied(t, p.Type, groups[j].all[0])
			if err != nil {
				return nil, err
			}
			if denied != nil {
				id += "\ndenied"
			}
			if shared[id] == nil {
				if denied != nil {
					shared[id] = b.refused(p.Type, &groups[j], denied)
				} else if shared[id], err = b.selected(p.Type, &groups[j]); err != nil {
					return nil, err
				}
			}
			each[i][j] = shared[id]
		}
	}
	return each, nil
}

// identity names the places of the document that a group is made of.
func (g *group) identity() string {
	var id strings.Builder
	id.WriteString(g.key)
	for _, f := range g.all {
		fmt.Fprintf(&id, "\n%p", f)
	}
	return id.String()
}

func (b *builder) groups(on *schema.Type, sets []ast.SelectionSet) ([]group, error) {
	c := collector{b: b, on: on, index: map[string]int{}, spread: map[string]bool{}}
	for _, set := range sets {
		if err := c.add(set); err != nil {
			return nil, err
		}
	}
	if b.collected += len(c.groups); b.collected > maxCollected {
		return nil, fault.New(fault.TooManyFields, "the operation asks for more than %d fields, counted for each type that has them: write fewer fragments inside one another", maxCollected)
	}
	return c.groups, nil
}

// selected collects what is below a field.
func (b *builder) selected(on *schema.Type, g *group) (*selected, error) {
	s := &selected{Key: g.key, Def: g.all[0], At: g.at}
	s.Args = func(name string) (any, bool) { return b.plainArg(s.Def, name) }
	if len(g.sets) == 0 {
		return s, nil
	}
	var of *schema.Type
	if on != nil {
		if f := on.Field(s.Def.Name); f != nil {
			of = f.Type.Base()
		}
	}
	var err error
	if of != nil && of.Abstract() {
		s.On, err = b.collectEach(of, g.sets)
	} else {
		s.Sub, err = b.collect(of, g.sets...)
		if fail := unfilled(err); fail != nil && of != nil { // introspection has no nulls to spare
			s.Sub, err = []*selected{{Fail: fail}}, nil
		}
	}
	return s, err
}

type collector struct {
	b      *builder
	on     *schema.Type
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
				c.groups = append(c.groups, group{key: sel.Alias})
			}
			c.groups[i].all = append(c.groups[i].all, sel)
			if at := sel.Position; len(c.groups[i].at) < maxPlaces {
				c.groups[i].at = append(c.groups[i].at, fault.Location{Line: at.Line, Column: at.Column})
			}
			if len(sel.SelectionSet) > 0 {
				c.groups[i].sets = append(c.groups[i].sets, sel.SelectionSet)
			}
		case *ast.InlineFragment:
			if err := c.fragment(sel.TypeCondition, sel.Directives, sel.SelectionSet); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if c.spread[sel.Name] { // its fields are there already, whatever this spread's conditions say
				continue
			}
			if in, err := c.b.included(sel.Directives); err != nil || !in {
				if err != nil {
					return err
				}
				continue
			}
			c.spread[sel.Name] = true
			if err := c.fragment(sel.Definition.TypeCondition, nil, sel.Definition.SelectionSet); err != nil {
				return err
			}
		}
	}
	return nil
}

// fragment adds the fields of a fragment, when its type condition holds for the object.
func (c *collector) fragment(condition string, directives ast.DirectiveList, set ast.SelectionSet) error {
	if in, err := c.b.included(directives); err != nil || !in {
		return err
	}
	if condition != "" && c.on != nil && condition != c.on.Name {
		if t := c.b.schema.Type(condition); t == nil || !t.Is(c.on) {
			return nil
		}
	}
	return c.add(set)
}

// included applies @skip and @include.
// Source: GraphQL specification, sections 3.13.1 and 3.13.2.
func (b *builder) included(directives ast.DirectiveList) (bool, error) {
	for _, name := range [...]string{"skip", "include"} { // what is skipped is so whatever @include says
		d := directives.ForName(name)
		if d == nil {
			continue
		}
		arg := d.Arguments.ForName("if")
		v, err := b.literal(booleanRef, arg.Value)
		if err != nil {
			return false, err
		}
		if v.kind != leafVal {
			why := nullFault("the argument \"if\" must not be null")
			return false, fault.Wrap(why, fault.BadUserInput, "@%s: %s", d.Name, why).
				At(arg.Value.Position.Line, arg.Value.Position.Column)
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

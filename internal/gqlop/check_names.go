package gqlop

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// names makes the scopes and checks the names of operations and fragments.
func (c *checker) names() {
	for _, op := range c.doc.Operations {
		s := &scope{op: op, set: op.SelectionSet}
		s.gather(op.SelectionSet)
		c.scopes = append(c.scopes, s)
		if op.Name == "" && len(c.doc.Operations) > 1 {
			c.add("LoneAnonymousOperation", op.Position,
				"an operation without a name must be the only one: name each of the %d", len(c.doc.Operations))
		}
	}
	ops := c.doc.Operations
	repeated(len(ops), func(i int) string { return ops[i].Name }, func(name string, all []int) {
		if name == "" {
			return
		}
		for _, i := range all[1:] {
			c.addAt("UniqueOperationNames", []*ast.Position{ops[all[0]].Position, ops[i].Position},
				"two operations are named %s: rename one", quoted(name))
		}
	})
	for _, f := range c.doc.Fragments {
		s := &scope{fragment: f, set: f.SelectionSet}
		s.gather(f.SelectionSet)
		c.scopes = append(c.scopes, s)
		if first := c.fragments[f.Name]; first != nil {
			c.addAt("UniqueFragmentNames", []*ast.Position{first.fragment.Position, f.Position},
				"two fragments are named %s: rename one", quoted(f.Name))
			continue
		}
		c.fragments[f.Name] = s
	}
}

func (s *scope) gather(set ast.SelectionSet) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			s.gather(sel.SelectionSet)
		case *ast.InlineFragment:
			s.gather(sel.SelectionSet)
		case *ast.FragmentSpread:
			s.spreads = append(s.spreads, sel)
		}
	}
}

// The states of a fragment in the search for cycles.
const (
	unseen uint8 = iota
	open
	closed
)

// cycles tells whether the document is free of fragments that spread themselves. Only then
// may anything follow fragments.
func (c *checker) cycles() bool {
	sound := true
	var path []*ast.FragmentSpread
	depth := map[string]int{} // of the open fragments: where their spreads start in path
	var visit func(s *scope)
	visit = func(s *scope) {
		s.state = open
		depth[s.fragment.Name] = len(path)
		for _, spread := range s.spreads {
			target := c.fragments[spread.Name]
			if target == nil {
				continue
			}
			path = append(path, spread)
			switch target.state {
			case unseen:
				visit(target)
			case open:
				sound = false
				c.cycle(path[depth[spread.Name]:])
			}
			path = path[:len(path)-1]
		}
		s.state = closed
	}
	for _, s := range c.scopes {
		if s.fragment != nil && s.state == unseen {
			visit(s)
		}
	}
	return sound
}

func (c *checker) cycle(around []*ast.FragmentSpread) {
	if c.full {
		return
	}
	last := around[len(around)-1]
	var via strings.Builder
	at := make([]*ast.Position, 0, len(around))
	for i, spread := range around[:min(len(around), 10)] {
		at = append(at, spread.Position)
		if i < len(around)-1 {
			if i == 0 {
				via.WriteString(" by way of ")
			} else {
				via.WriteString(", ")
			}
			via.WriteString(quoted(spread.Name))
		}
	}
	c.addAt("NoFragmentCycles", at, "fragment %s spreads itself%s", quoted(last.Name), via.String())
}

// reach calls visit for an operation and for each fragment that it reaches, once each. It
// keeps a list of its own, as a chain of fragments may be as long as the document.
func (c *checker) reach(from *scope, visit func(*scope)) {
	seen := map[*scope]bool{from: true}
	for todo := []*scope{from}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visit(s)
		for _, spread := range s.spreads {
			if target := c.fragments[spread.Name]; target != nil && !seen[target] {
				seen[target] = true
				todo = append(todo, target)
			}
		}
	}
}

func (c *checker) unusedFragments() {
	used := map[*scope]bool{}
	var todo []*scope
	mark := func(s *scope) {
		for _, spread := range s.spreads {
			if target := c.fragments[spread.Name]; target != nil && !used[target] {
				used[target] = true
				todo = append(todo, target)
			}
		}
	}
	for _, s := range c.scopes {
		if s.op != nil {
			mark(s)
		}
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		mark(s)
	}
	for _, s := range c.scopes {
		if s.fragment != nil && !used[c.fragments[s.fragment.Name]] {
			c.add("NoUnusedFragments", s.fragment.Position,
				"no operation uses fragment %s: spread it or take it out", quoted(s.fragment.Name))
		}
	}
}

// subscriptions holds a subscription to one root field.
// Source: GraphQL specification, section 5.2.4.1, "Single Root Field".
func (c *checker) subscriptions() {
	for _, s := range c.scopes {
		if s.op == nil || s.op.Operation != ast.Subscription || c.x.schema.Subscription == nil {
			continue
		}
		what := "a subscription"
		if s.op.Name != "" {
			what = "subscription " + quoted(s.op.Name)
		}
		c.conditions(what, s)
		var keys []*ast.Field
		seen := map[string]bool{}
		for _, f := range c.collect(s.set) {
			if !seen[f.Alias] {
				seen[f.Alias] = true
				keys = append(keys, f)
			}
		}
		if len(keys) > 1 {
			at := make([]*ast.Position, 0, len(keys))
			for _, f := range keys[1:] {
				at = append(at, f.Position)
			}
			c.addAt("SingleFieldSubscriptions", at, "%s must ask for one field, not %d", what, len(keys))
		}
		for _, f := range keys {
			if strings.HasPrefix(f.Name, "__") {
				c.add("SingleFieldSubscriptions", f.Position, "%s must not ask for %s", what, quoted(f.Name))
			}
		}
	}
}

// conditions refuses @skip and @include at the root of a subscription, which could leave it
// without its field.
func (c *checker) conditions(what string, s *scope) {
	seen := map[string]bool{}
	var look func(set ast.SelectionSet)
	look = func(set ast.SelectionSet) {
		for _, sel := range set {
			var list ast.DirectiveList
			switch sel := sel.(type) {
			case *ast.Field:
				list = sel.Directives
			case *ast.InlineFragment:
				list = sel.Directives
				look(sel.SelectionSet)
			case *ast.FragmentSpread:
				list = sel.Directives
				if target := c.fragments[sel.Name]; target != nil && !seen[sel.Name] {
					seen[sel.Name] = true
					look(target.set)
				}
			}
			for _, d := range list {
				if d.Name == "skip" || d.Name == "include" {
					c.add("SingleFieldSubscriptions", d.Position,
						"%s must not have %s at its root field", what, quoted("@"+d.Name))
				}
			}
		}
	}
	look(s.set)
}

// Package sdldiff tells what has changed between two schemas, and what that means to clients. Changes have the names, the
// criticalities and the paths that GraphQL Inspector gives them, so that what reads its reports reads these.
//
// What is in something new is not told on its own: a new type stands for its fields. @deprecated on a field or on a value of
// an enum is a change of that, and not one more of a directive.
package sdldiff

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// Criticality says what a change means to clients that know the schema before it.
type Criticality string

// The criticalities. A Breaking change refuses some operation that was valid; a Dangerous one lets all run, but what they are
// answered may be what their authors did not think of; a NonBreaking one is seen by nobody who does not ask for it.
const (
	Breaking    Criticality = "BREAKING"
	Dangerous   Criticality = "DANGEROUS"
	NonBreaking Criticality = "NON_BREAKING"
)

func (c Criticality) rank() int {
	return slices.Index([]Criticality{Breaking, Dangerous, NonBreaking}, c)
}

// Change is one difference.
type Change struct {
	Type        string      `json:"type"` // FIELD_REMOVED and the like
	Criticality Criticality `json:"criticality"`
	Path        string      `json:"path"` // User.email, Query.user.id, @tag; empty: the schema's root types
	Message     string      `json:"message"`
}

// Schema is a schema that was read.
type Schema struct{ s *ast.Schema }

// Read reads a schema in GraphQL's schema definition language; name is for errors, which tell line and column.
func Read(name, sdl string) (*Schema, error) {
	s, err := validator.LoadSchema(validator.Prelude, &ast.Source{Name: name, Input: sdl})
	if err == nil {
		return &Schema{s}, nil
	}
	var at *gqlerror.Error
	if errors.As(err, &at) && len(at.Locations) > 0 {
		return nil, fmt.Errorf("%s:%d:%d: %s", name, at.Locations[0].Line, at.Locations[0].Column, at.Message)
	}
	return nil, fmt.Errorf("%s: %w", name, err)
}

// Compare lists what is different in after, the worst first.
func Compare(before, after *Schema) []Change {
	c := &comparison{before: before.s, after: after.s, changes: []Change{}}
	c.directives()
	c.roots()
	c.types()
	c.applied("SCHEMA", "", before.s.SchemaDirectives, after.s.SchemaDirectives)
	slices.SortStableFunc(c.changes, func(a, b Change) int { return a.Criticality.rank() - b.Criticality.rank() })
	return c.changes
}

// comparison is what has been found so far.
type comparison struct {
	before, after *ast.Schema
	changes       []Change
}

func (c *comparison) add(criticality Criticality, change, path, format string, args ...any) {
	c.changes = append(c.changes, Change{change, criticality, path, fmt.Sprintf(format, args...)})
}

// lists compares what has names: first what is gone, then what is new, then what both have.
func lists[T any](before, after []T, name func(T) string, removed, added func(T), both func(before, after T)) {
	at := func(list []T, n string) int { return slices.IndexFunc(list, func(x T) bool { return name(x) == n }) }
	for _, x := range before {
		if at(after, name(x)) < 0 {
			removed(x)
		}
	}
	for _, x := range after {
		if at(before, name(x)) < 0 {
			added(x)
		}
	}
	for _, x := range before {
		if i := at(after, name(x)); i >= 0 {
			both(x, after[i])
		}
	}
}

// described tells a change of a description by one of three names.
func (c *comparison) described(path, before, after, added, removed, changed string) {
	switch {
	case before == after:
	case before == "":
		c.add(NonBreaking, added, path, "%s has a description now", path)
	case after == "":
		c.add(NonBreaking, removed, path, "%s has lost its description", path)
	default:
		c.add(NonBreaking, changed, path, "%s is described in other words", path)
	}
}

// roots compares the types at which operations start.
func (c *comparison) roots() {
	name := func(d *ast.Definition) string {
		if d == nil {
			return ""
		}
		return d.Name
	}
	for _, root := range [...]struct {
		change, operation string
		before, after     *ast.Definition
	}{
		{"SCHEMA_QUERY_TYPE_CHANGED", "queries", c.before.Query, c.after.Query},
		{"SCHEMA_MUTATION_TYPE_CHANGED", "mutations", c.before.Mutation, c.after.Mutation},
		{"SCHEMA_SUBSCRIPTION_TYPE_CHANGED", "subscriptions", c.before.Subscription, c.after.Subscription},
	} {
		switch was, is := name(root.before), name(root.after); {
		case was == is:
		case was == "":
			c.add(NonBreaking, root.change, "", "there are %s now, at %s", root.operation, is)
		case is == "":
			c.add(Breaking, root.change, "", "there are no %s any more", root.operation)
		default:
			c.add(Breaking, root.change, "", "%s start at %s now, no longer at %s", root.operation, is, was)
		}
	}
}

// own are the types that a schema defines itself, by name.
func own(s *ast.Schema) []*ast.Definition {
	var all []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if !s.Types[name].BuiltIn {
			all = append(all, s.Types[name])
		}
	}
	return all
}

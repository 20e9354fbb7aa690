package gqlop

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// checker validates one document. Source: GraphQL specification, section 5; the rules bear
// the names that graphql-js gives them.
type checker struct {
	x      *index
	doc    *ast.QueryDocument
	limits Limits

	fragments map[string]*scope // by name; the first of those that share one
	scopes    []*scope          // of all operations, then of all fragments, in order
	within    *scope            // the one being walked

	found       []finding
	full        bool // as many faults as may be reported
	suggestions int  // how many faults carry a suggestion
}

// finding is a fault and the rule that found it.
type finding struct {
	rule string
	err  *fault.Error
}

// scope is an operation or a fragment: the part of a document that is looked at on its own.
type scope struct {
	op       *ast.OperationDefinition
	fragment *ast.FragmentDefinition
	set      ast.SelectionSet
	spreads  []*ast.FragmentSpread // at any depth
	uses     []*ast.Value          // of variables
	oneOf    []oneOfUse

	size  *size // filled by measure
	state uint8 // of the search for cycles
}

// check gives the faults of a document in the order of their places. A document above a
// limit gets that one fault alone: looking further would cost what the limit is to spare.
func check(x *index, doc *ast.QueryDocument, l Limits) fault.List {
	var out fault.List
	for _, f := range findings(x, doc, l) {
		out = append(out, f.err)
	}
	return out
}

func findings(x *index, doc *ast.QueryDocument, l Limits) []finding {
	c := &checker{x: x, doc: doc, limits: l, fragments: make(map[string]*scope, len(doc.Fragments))}
	c.names()
	sound := c.cycles()
	if sound {
		if over := c.measure(); over != nil {
			return []finding{*over}
		}
	}
	c.walk()
	c.unusedFragments()
	if sound {
		for _, s := range c.scopes {
			if s.op != nil {
				c.variables(s)
			}
		}
		c.subscriptions()
	}
	if over := c.overlaps(sound); over != nil {
		return []finding{*over}
	}
	slices.SortStableFunc(c.found, func(a, b finding) int { return byPlace(a.err.Locations, b.err.Locations) })
	return c.found
}

func byPlace(a, b []fault.Location) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(b), len(a))
	}
	return cmp.Or(cmp.Compare(a[0].Line, b[0].Line), cmp.Compare(a[0].Column, b[0].Column))
}

func (c *checker) add(rule string, at *ast.Position, format string, args ...any) {
	c.addAt(rule, []*ast.Position{at}, format, args...)
}

// addAt keeps at most ten places of a fault, so that a thousand repetitions make no answer of
// a thousand lines.
func (c *checker) addAt(rule string, at []*ast.Position, format string, args ...any) {
	if c.full {
		return
	}
	err := fault.New(fault.ValidationFailed, format, args...)
	err.Locations = locations(at[:min(len(at), 10)]...)
	c.found = append(c.found, finding{rule, err})
	c.full = len(c.found) >= orNone(c.limits.MaxErrors)
}

// walk looks at each node once. A fragment is walked at its definition, on its own type, and
// not where it is spread.
func (c *checker) walk() {
	for _, s := range c.scopes {
		if c.full {
			return
		}
		c.within = s
		if s.op != nil {
			c.operation(s.op)
		} else {
			c.fragment(s.fragment)
		}
	}
}

func (c *checker) operation(op *ast.OperationDefinition) {
	place := ast.LocationQuery
	switch op.Operation {
	case ast.Mutation:
		place = ast.LocationMutation
	case ast.Subscription:
		place = ast.LocationSubscription
	}
	root := c.x.root(op.Operation)
	if root == nil {
		c.add("KnownRootType", op.Position, "this API has no %ss", op.Operation)
	}
	c.variableDefinitions(op)
	c.directives(op.Directives, place)
	c.selections(root, op.SelectionSet)
}

func (c *checker) fragment(f *ast.FragmentDefinition) {
	f.Definition = c.x.schema.Types[f.TypeCondition]
	on := c.condition(f.TypeCondition, f.Position, "fragment "+quoted(f.Name))
	c.directives(f.Directives, ast.LocationFragmentDefinition)
	c.selections(on, f.SelectionSet)
}

// condition finds the type that a fragment stands on; nil when it cannot be selected from.
func (c *checker) condition(name string, at *ast.Position, what string) *ast.Definition {
	def := c.x.schema.Types[name]
	if def == nil {
		c.add("KnownTypeNames", at, "there is no type %s%s", quoted(name), c.suggestType(name))
		return nil
	}
	if !def.IsCompositeType() {
		c.add("FragmentsOnCompositeTypes", at,
			"%s stands on %s, which has no fields: name an object, interface or union", what, quoted(name))
		return nil
	}
	return def
}

// selections walks a selection set; parent is nil when its type is not known or has no fields.
func (c *checker) selections(parent *ast.Definition, set ast.SelectionSet) {
	for _, s := range set {
		if c.full {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			c.field(parent, s)
		case *ast.InlineFragment:
			s.ObjectDefinition = parent
			on := parent
			if s.TypeCondition != "" {
				on = c.condition(s.TypeCondition, s.Position, "an inline fragment")
				if parent != nil && on != nil && !c.x.meet(parent, on) {
					c.add("PossibleFragmentSpreads", s.Position,
						"no %s can be a %s, so this fragment never applies", quoted(parent.Name), quoted(on.Name))
				}
			}
			c.directives(s.Directives, ast.LocationInlineFragment)
			c.selections(on, s.SelectionSet)
		case *ast.FragmentSpread:
			c.spread(parent, s)
		}
	}
}

func (c *checker) spread(parent *ast.Definition, s *ast.FragmentSpread) {
	s.ObjectDefinition = parent
	c.directives(s.Directives, ast.LocationFragmentSpread)
	target := c.fragments[s.Name]
	if target == nil {
		c.add("KnownFragmentNames", s.Position, "there is no fragment %s in the document", quoted(s.Name))
		return
	}
	s.Definition = target.fragment
	on := c.x.schema.Types[target.fragment.TypeCondition]
	if parent != nil && on != nil && on.IsCompositeType() && !c.x.meet(parent, on) {
		c.add("PossibleFragmentSpreads", s.Position, "no %s can be a %s, so fragment %s never applies",
			quoted(parent.Name), quoted(on.Name), quoted(s.Name))
	}
}

func (c *checker) field(parent *ast.Definition, f *ast.Field) {
	f.ObjectDefinition = parent
	var typ *ast.Definition
	if parent != nil {
		f.Definition = c.x.field(parent, f.Name)
		if f.Definition == nil {
			c.add("FieldsOnCorrectType", f.Position, "there is no field %s on type %s%s",
				quoted(f.Name), quoted(parent.Name), c.suggestField(parent, f.Name))
		} else {
			typ = c.x.named(f.Definition.Type)
		}
	}
	if f.Definition != nil {
		c.arguments(owner{field: f}, f.Definition.Arguments, f.Arguments, f.Position)
	} else {
		c.arguments(owner{field: f, unknown: true}, nil, f.Arguments, f.Position)
	}
	c.directives(f.Directives, ast.LocationField)
	if typ == nil {
		c.selections(nil, f.SelectionSet)
		return
	}
	if c.limits.NoIntrospection && (f.Name == "__schema" || f.Name == "__type") {
		c.add("NoSchemaIntrospection", f.Position, "introspection is switched off, so %s cannot be asked for", quoted(f.Name))
	}
	if typ.IsCompositeType() {
		if len(f.SelectionSet) == 0 {
			c.add("ScalarLeafs", f.Position, "field %s is of type %s, so it needs a selection: %s",
				quoted(f.Name), quoted(f.Definition.Type.String()), quoted(f.Name+" { … }"))
		}
		c.selections(typ, f.SelectionSet)
		return
	}
	if len(f.SelectionSet) > 0 {
		c.add("ScalarLeafs", f.Position, "field %s is of type %s, which has no fields to select",
			quoted(f.Name), quoted(typ.Name))
	}
	c.selections(nil, f.SelectionSet)
}

// quoted marks a name in a message, cut when it is long.
func quoted(name string) string { return `"` + short(name) + `"` }

// owner is what arguments are given to.
type owner struct {
	field     *ast.Field
	directive *ast.Directive
	unknown   bool // it is not in the schema, so its arguments cannot be told right from wrong
}

func (o owner) String() string {
	switch {
	case o.directive != nil:
		return fmt.Sprintf("directive %q", "@"+short(o.directive.Name))
	case o.field.ObjectDefinition != nil:
		return fmt.Sprintf("field %q", o.field.ObjectDefinition.Name+"."+short(o.field.Name))
	}
	return "field " + quoted(o.field.Name)
}

func (c *checker) arguments(o owner, defs ast.ArgumentDefinitionList, args ast.ArgumentList, at *ast.Position) {
	for _, a := range args {
		if c.full {
			return
		}
		def := defs.ForName(a.Name)
		switch {
		case def != nil:
			c.value(a.Value, def.Type, def.DefaultValue != nil)
			continue
		case !o.unknown:
			c.add("KnownArgumentNames", a.Position, "%s has no argument %s%s",
				o, quoted(a.Name), c.suggestArgument(defs, a.Name))
		}
		c.value(a.Value, nil, false)
	}
	repeated(len(args), func(i int) string { return args[i].Name }, func(name string, all []int) {
		c.addAt("UniqueArgumentNames", places(all, func(i int) *ast.Position { return args[i].Position }),
			"argument %s is given %d times; once is right", quoted(name), len(all))
	})
	for _, def := range defs {
		if def.Type.NonNull && def.DefaultValue == nil && args.ForName(def.Name) == nil {
			c.add("ProvidedRequiredArguments", at, "%s needs argument %s of type %s",
				o, quoted(def.Name), quoted(def.Type.String()))
		}
	}
}

func (c *checker) directives(list ast.DirectiveList, place ast.DirectiveLocation) {
	for _, d := range list {
		if c.full {
			return
		}
		def := c.x.schema.Directives[d.Name]
		d.Definition, d.Location = def, place
		if def == nil {
			c.add("KnownDirectives", d.Position, "there is no directive %s", quoted("@"+d.Name))
			c.arguments(owner{directive: d, unknown: true}, nil, d.Arguments, d.Position)
			continue
		}
		if !slices.Contains(def.Locations, place) {
			c.add("KnownDirectives", d.Position, "directive %s may not stand on %s", quoted("@"+d.Name), place)
		}
		c.arguments(owner{directive: d}, def.Arguments, d.Arguments, d.Position)
	}
	repeated(len(list), func(i int) string { return list[i].Name }, func(name string, all []int) {
		if def := c.x.schema.Directives[name]; def != nil && def.IsRepeatable {
			return
		}
		for _, i := range all[1:] {
			c.addAt("UniqueDirectivesPerLocation", []*ast.Position{list[all[0]].Position, list[i].Position},
				"directive %s stands here twice; once is right", quoted("@"+name))
		}
	})
}

// repeated reports each name that occurs more than once, with all its places.
func repeated(n int, name func(int) string, report func(string, []int)) {
	if n < 2 {
		return
	}
	if n <= 8 {
		twice := false
		for i := 1; i < n && !twice; i++ {
			for j := range i {
				twice = twice || name(i) == name(j)
			}
		}
		if !twice {
			return
		}
	}
	byName := make(map[string][]int, n)
	for i := range n {
		byName[name(i)] = append(byName[name(i)], i)
	}
	for i := range n {
		if all := byName[name(i)]; len(all) > 1 && all[0] == i {
			report(name(i), all)
		}
	}
}

func places(all []int, at func(int) *ast.Position) []*ast.Position {
	out := make([]*ast.Position, len(all))
	for i, n := range all {
		out[i] = at(n)
	}
	return out
}

package sdldiff

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// directives compares the definitions of directives that the schemas make themselves.
func (c *comparison) directives() {
	defined := func(s *ast.Schema) []*ast.DirectiveDefinition {
		var all []*ast.DirectiveDefinition
		for _, name := range slices.Sorted(maps.Keys(s.Directives)) {
			if d := s.Directives[name]; d.Position == nil || !d.Position.Src.BuiltIn {
				all = append(all, d)
			}
		}
		return all
	}
	lists(
		defined(c.before), defined(c.after), func(d *ast.DirectiveDefinition) string { return d.Name },
		func(d *ast.DirectiveDefinition) {
			c.add(Breaking, "DIRECTIVE_REMOVED", "@"+d.Name, "the directive @%s was removed", d.Name)
		},
		func(d *ast.DirectiveDefinition) {
			c.add(NonBreaking, "DIRECTIVE_ADDED", "@"+d.Name, "the directive @%s was added", d.Name)
		},
		c.directive,
	)
}

func (c *comparison) directive(before, after *ast.DirectiveDefinition) {
	path := "@" + after.Name
	const described = "DIRECTIVE_DESCRIPTION_CHANGED"
	c.described(path, before.Description, after.Description, described, described, described)
	switch {
	case before.IsRepeatable && !after.IsRepeatable:
		c.add(Dangerous, "DIRECTIVE_REPEATABLE_REMOVED", path, "%s may stand once only", path)
	case after.IsRepeatable && !before.IsRepeatable:
		c.add(NonBreaking, "DIRECTIVE_REPEATABLE_ADDED", path, "%s may be repeated", path)
	}
	lists(
		before.Locations, after.Locations, func(l ast.DirectiveLocation) string { return string(l) },
		func(l ast.DirectiveLocation) {
			c.add(Breaking, "DIRECTIVE_LOCATION_REMOVED", path, "%s may not stand on %s any more", path, l)
		},
		func(l ast.DirectiveLocation) {
			c.add(NonBreaking, "DIRECTIVE_LOCATION_ADDED", path, "%s may stand on %s", path, l)
		},
		func(_, _ ast.DirectiveLocation) {},
	)
	lists(
		before.Arguments, after.Arguments, argumentName,
		func(a *ast.ArgumentDefinition) {
			c.add(Breaking, "DIRECTIVE_ARGUMENT_REMOVED", path+"."+a.Name, "%s does not take the argument %s any more", path, a.Name)
		},
		func(a *ast.ArgumentDefinition) {
			level := NonBreaking
			if a.Type.NonNull {
				level = Breaking
			}
			c.add(level, "DIRECTIVE_ARGUMENT_ADDED", path, "%s takes the argument %s: %s now", path, a.Name, a.Type)
		},
		func(was, is *ast.ArgumentDefinition) {
			at := path + "." + is.Name
			const described = "DIRECTIVE_ARGUMENT_DESCRIPTION_CHANGED"
			c.described(at, was.Description, is.Description, described, described, described)
			c.value("DIRECTIVE_ARGUMENT_DEFAULT_VALUE_CHANGED", "DIRECTIVE_ARGUMENT_TYPE_CHANGED", at, was.Type, is.Type, was.DefaultValue, is.DefaultValue)
		},
	)
}

// applied compares the directives that stand at a place, of a name in the order in which they stand.
func (c *comparison) applied(place, path string, before, after ast.DirectiveList) {
	for _, name := range names(before, after) {
		if name == "deprecated" && (place == "FIELD_DEFINITION" || place == "ENUM_VALUE") {
			continue // told as a change of these
		}
		at := path + ".@" + name
		was, is := before.ForNames(name), after.ForNames(name)
		for i := range max(len(was), len(is)) {
			switch {
			case i >= len(was):
				level := Dangerous
				switch name {
				case "deprecated":
					level = NonBreaking
				case "oneOf":
					level = Breaking
				}
				c.add(level, "DIRECTIVE_USAGE_"+place+"_ADDED", at, "%s stands there now", at)
			case i >= len(is):
				level := Dangerous
				if name == "deprecated" || name == "oneOf" {
					level = NonBreaking
				}
				c.add(level, "DIRECTIVE_USAGE_"+place+"_REMOVED", at, "%s does not stand there any more", at)
			default:
				c.arguments(at, was[i].Arguments, is[i].Arguments)
			}
		}
	}
}

// names are those of directives, each once.
func names(lists ...ast.DirectiveList) []string {
	var all []string
	for _, list := range lists {
		for _, d := range list {
			if !slices.Contains(all, d.Name) {
				all = append(all, d.Name)
			}
		}
	}
	return all
}

// arguments compares those of a directive that stands somewhere. Another value is one argument less and one more.
func (c *comparison) arguments(path string, before, after ast.ArgumentList) {
	removed := func(a *ast.Argument) {
		c.add(Dangerous, "DIRECTIVE_USAGE_ARGUMENT_REMOVED", path+"."+a.Name, "%s is without %s: %s", path, a.Name, a.Value)
	}
	added := func(a *ast.Argument) {
		c.add(NonBreaking, "DIRECTIVE_USAGE_ARGUMENT_ADDED", path+"."+a.Name, "%s is with %s: %s", path, a.Name, a.Value)
	}
	lists(
		before, after, func(a *ast.Argument) string { return a.Name }, removed, added,
		func(was, is *ast.Argument) {
			if was.Value.String() != is.Value.String() {
				removed(was)
				added(is)
			}
		},
	)
}

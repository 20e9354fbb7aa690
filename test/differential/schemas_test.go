package differential_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
)

// pairsOfACheck is how many pairs of schemas each check compares.
const pairsOfACheck = 10

// TestSchemaChanges draws pairs of schemas and compares what is told of their differences with what GraphQL Inspector tells:
// the type of each change, its criticality and its path.
func TestSchemaChanges(t *testing.T) {
	t.Parallel()
	inspector := startOracle(t, "inspector.mjs", "@graphql-inspector/core")
	var compared, equal atomic.Int64
	kinds := map[string]bool{}
	rapid.Check(t, func(r *rapid.T) {
		for i := range pairsOfACheck {
			before, after := drawSchema(r, fmt.Sprint("before ", i)), drawSchema(r, fmt.Sprint("after ", i))
			compared.Add(1)
			want := lines(withoutNested(inspector.changes(r, before, after)))
			changes := compareSchemas(r, before, after)
			got := lines(changes)
			for _, c := range changes {
				kinds[c.Type] = true
			}
			if !slices.Equal(got, want) {
				r.Fatalf("only here:\n%s\nonly there:\n%s\nbefore:\n%s\nafter:\n%s", missing(want, got), missing(got, want), before, after)
			}
			equal.Add(1)
		}
	})
	t.Logf("figure: pairs of schemas whose changes GraphQL Inspector names alike: %d of %d", equal.Load(), compared.Load())
	t.Logf("%d types of changes were seen", len(kinds))
	if compared.Load() >= 300 && len(kinds) < 45 {
		t.Error("that is too few")
	}
}

func compareSchemas(t rapid.TB, before, after string) []sdldiff.Change {
	t.Helper()
	was, err := sdldiff.Read("before", before)
	if err != nil {
		t.Fatalf("%v\n%s", err, before)
	}
	is, err := sdldiff.Read("after", after)
	if err != nil {
		t.Fatalf("%v\n%s", err, after)
	}
	return sdldiff.Compare(was, is)
}

func lines(changes []sdldiff.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = fmt.Sprint(c.Type, " ", c.Criticality, " ", c.Path)
	}
	slices.Sort(all)
	return all
}

// missing are the lines of b that a lacks.
func missing(a, b []string) string {
	rest := slices.Clone(a)
	var all []string
	for _, line := range b {
		if i := slices.Index(rest, line); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			all = append(all, "  "+line)
		}
	}
	return strings.Join(all, "\n")
}

// withoutNested leaves out what is told of the inside of something new.
func withoutNested(changes []sdldiff.Change) []sdldiff.Change {
	isNew := func(c sdldiff.Change) bool {
		switch c.Type {
		case "TYPE_ADDED", "FIELD_ADDED", "FIELD_ARGUMENT_ADDED", "INPUT_FIELD_ADDED", "ENUM_VALUE_ADDED", "DIRECTIVE_ADDED":
			return true
		}
		return strings.HasPrefix(c.Type, "DIRECTIVE_USAGE_") && strings.HasSuffix(c.Type, "_ADDED") && c.Type != "DIRECTIVE_USAGE_ARGUMENT_ADDED"
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c sdldiff.Change) bool {
		return slices.ContainsFunc(changes, func(of sdldiff.Change) bool {
			return isNew(of) && (strings.HasPrefix(c.Path, of.Path+".") || c.Path == of.Path && !isNew(c))
		})
	})
}

// drawn is a schema that is being drawn. Its names are few, so that two schemas have most of them in common and nearly
// everything about them different.
type drawn struct {
	r     *rapid.T
	name  string
	kinds map[string]string // of T0 to T7

	defined map[string]bool // directives
	oneOf   map[string]bool // inputs
	demands map[string]bool // inputs of which {} is no value
	fields  map[string][]string
	values  map[string][]string
}

func (d *drawn) pick(what string, of ...string) string {
	return rapid.SampledFrom(of).Draw(d.r, d.name+" "+what)
}

func (d *drawn) chance(what string, of int) bool {
	return rapid.IntRange(1, of).Draw(d.r, d.name+" "+what) == 1
}

// some draws a part of a list, at least one of it.
func (d *drawn) some(what string, of ...string) []string {
	all := slices.DeleteFunc(slices.Clone(of), func(string) bool { return d.chance(what, 3) })
	if len(all) == 0 {
		return of[:1]
	}
	return all
}

var sdlNames = []string{"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7"}

// of are the types of some kinds, behind those that each schema has.
func (d *drawn) of(first []string, kinds ...string) []string {
	all := slices.Clone(first)
	for _, name := range sdlNames {
		if slices.Contains(kinds, d.kinds[name]) {
			all = append(all, name)
		}
	}
	return all
}

func drawSchema(r *rapid.T, name string) string {
	d := &drawn{r: r, name: name, kinds: map[string]string{}, defined: map[string]bool{}, oneOf: map[string]bool{}, demands: map[string]bool{}, fields: map[string][]string{}, values: map[string][]string{}}
	for i, name := range sdlNames {
		usual := []string{"type", "type", "interface", "input", "input", "enum", "scalar", "union"}[i]
		d.kinds[name] = d.pick("kind", usual, usual, usual, usual, "none", "type", "enum", "input")
	}
	var b strings.Builder
	for _, name := range []string{"d0", "d1"} {
		if d.defined[name] = !d.chance("directive", 4); d.defined[name] {
			b.WriteString(d.directive(name))
		}
	}
	for _, name := range d.of(nil, "enum") {
		d.values[name] = d.some("values", "A", "B", "C", "D")
	}
	for _, name := range d.of(nil, "input") {
		d.inputs(name)
	}
	for _, name := range d.of(nil, "interface") {
		d.fields[name] = d.outputs()
	}
	b.WriteString(d.object("type", "Query"))
	if d.chance("mutation", 2) {
		b.WriteString(d.object("type", "Mutation"))
	}
	for _, name := range sdlNames {
		switch kind := d.kinds[name]; kind {
		case "type", "interface":
			b.WriteString(d.object(kind, name))
		case "input":
			b.WriteString(d.input(name))
		case "enum":
			b.WriteString(d.described() + "enum " + name + " {\n")
			for _, v := range d.values[name] {
				// Without a reason, what it tells of a value that is deprecated no longer is that it has one.
				b.WriteString(d.described() + v + d.pick("deprecated", "", "", ` @deprecated(reason: "one")`, ` @deprecated(reason: "two")`) + "\n")
			}
			b.WriteString("}\n")
		case "scalar":
			b.WriteString(d.described() + "scalar " + name + d.pick("url", "", ` @specifiedBy(url: "https://example.com/1")`, ` @specifiedBy(url: "https://example.com/2")`) + "\n")
		case "union":
			b.WriteString(d.described() + "union " + name + d.used() + " = " + strings.Join(d.some("members", d.of([]string{"Query"}, "type")...), " | ") + "\n")
		}
	}
	return b.String()
}

func (d *drawn) described() string { return d.pick("description", "", "", "\"one\"\n", "\"two\"\n") }

// used is a directive that stands somewhere, where it is defined.
func (d *drawn) used() string {
	if !d.defined["d0"] {
		return ""
	}
	return d.pick("use", "", "", " @d0", " @d0(n: 1)", " @d0(n: 2)")
}

func (d *drawn) directive(name string) string {
	args, places := "(n: Int, "+strings.Join(d.some("arguments", "a: "+d.pick("type", "Int", "Int!", "[Int!]", "String")+d.pick("default", "", " = null"), `"one" b: Int`, "b2: Boolean! = true"), ", ")+")", []string(nil)
	if name == "d0" {
		places = []string{"OBJECT", "INTERFACE", "UNION", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"}
		args = "(n: Int)"
	}
	return d.described() + "directive @" + name + strings.ReplaceAll(args, "! = null", "!") + d.pick("repeatable", "", "", " repeatable") + " on " + strings.Join(append(places, d.some("places", "FIELD", "QUERY", "ENUM")...), " | ") + "\n"
}

func (d *drawn) object(kind, name string) string {
	fields := d.fields[name]
	if fields == nil {
		fields = d.outputs()
	}
	head := d.described() + kind + " " + name
	if kind == "type" {
		var of []string
		for _, i := range d.of(nil, "interface") {
			if d.chance("implements", 2) {
				of = append(of, i)
				fields = append(slices.DeleteFunc(slices.Clone(fields), func(f string) bool {
					return slices.ContainsFunc(d.fields[i], func(g string) bool { return nameOf(f) == nameOf(g) })
				}), d.fields[i]...)
			}
		}
		if len(of) > 1 { // two interfaces may want one field to be of two types
			of, fields = of[:0], d.outputs()
		}
		if len(of) > 0 {
			head += " implements " + of[0]
		}
	}
	return head + d.used() + " {\n" + strings.Join(fields, "\n") + "\n}\n"
}

// nameOf is the name of a field as it is written, behind its description.
func nameOf(field string) string {
	at := strings.LastIndex(strings.Split(field, ":")[0], "\n") + 1
	return field[at:][:2]
}

func (d *drawn) outputs() []string {
	var all []string
	for _, name := range d.some("fields", "f0", "f1", "f2", "f3") {
		args := ""
		if !d.chance("arguments", 3) {
			var list []string
			for _, a := range d.some("arguments", "a0", "a1", "a2") {
				list = append(list, d.inputValue(a, true))
			}
			args = "(" + strings.Join(list, ", ") + ")"
		}
		all = append(all, d.described()+name+args+": "+d.wrapped(d.pick("type", d.of([]string{"Int", "String", "ID", "Query"}, "type", "interface", "union", "enum", "scalar")...))+
			d.pick("deprecated", "", "", " @deprecated", ` @deprecated(reason: "one")`, ` @deprecated(reason: "two")`)+d.used())
	}
	return all
}

func (d *drawn) wrapped(name string) string {
	return fmt.Sprintf(d.pick("wrapping", "%s", "%s", "%s!", "[%s]", "[%s!]", "[%s]!", "[[%s]!]"), name)
}

// inputs draws the fields of an input.
func (d *drawn) inputs(name string) {
	d.oneOf[name] = d.chance("oneOf", 4)
	d.demands[name] = d.oneOf[name]
	for _, f := range d.some("fields", "f0", "f1", "f2", "f3") {
		field := d.inputValue(f, false)
		if d.oneOf[name] { // its fields are nullable and have no defaults
			field = f + ": Int"
		}
		d.demands[name] = d.demands[name] || strings.HasSuffix(field, "!") || strings.Contains(field, "! @")
		d.fields[name] = append(d.fields[name], field)
	}
}

func (d *drawn) input(name string) string {
	head := d.described() + "input " + name + d.used()
	if d.oneOf[name] {
		head += " @oneOf"
	}
	return head + " {\n" + strings.Join(d.fields[name], "\n") + "\n}\n"
}

// inputValue draws an argument or an input field with what may stand in it when it is left out.
func (d *drawn) inputValue(name string, argument bool) string {
	base := d.pick("type", d.of([]string{"Int", "Float", "ID", "Boolean"}, "enum", "scalar", "input")...)
	ref, value := d.wrapped(base), ""
	if d.kinds[base] == "input" {
		ref = strings.ReplaceAll(ref, "!", "") // a circle of what is required cannot be sent
	}
	plain := map[string][]string{"Int": {"1", "2"}, "Float": {"1", "1.0", "2.5"}, "ID": {"1", `"1"`, `"x"`}, "Boolean": {"true", "false"}}[base]
	switch d.kinds[base] {
	case "enum":
		plain = d.values[base]
	case "scalar":
		plain = []string{"1", `"x"`, "{a: [1, X], b: true}", "{b: true, a: [1, X]}", "null"}
	case "input":
		plain = []string{"{}"}
	}
	if !argument && d.kinds[base] == "input" || d.chance("default", 2) {
		plain = nil
	}
	if len(plain) > 0 && (d.kinds[base] != "input" || argument && ref == base && !d.demands[base]) {
		value = d.pick("default", plain...)
		if value == "null" && strings.Contains(ref, "!") {
			value = "1"
		}
		switch {
		case strings.HasPrefix(ref, "[["):
			value = "[[" + value + "]]"
		case strings.HasPrefix(ref, "[") && d.chance("list", 2):
			value = "[" + value + ", " + value + "]"
		}
		value = " = " + value
	}
	directives := d.used()
	if !strings.HasSuffix(ref, "!") {
		directives += d.pick("deprecated", "", "", ` @deprecated(reason: "one")`, ` @deprecated(reason: "two")`)
	}
	description := strings.TrimSpace(d.described())
	return description + " " + name + ": " + ref + value + directives
}

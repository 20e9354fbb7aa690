package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// mutation is a field of the mutation type being made.
type mutation struct {
	b     *builder
	decl  schema.MutationDecl
	note  functionNote
	on    string
	fatal bool // declared in Go
	fn    *Function
	call  *schema.Call
	field *schema.Field
}

// addMutations makes the fields of the mutation type: those declared in Go first, then what comments annotate.
func (b *builder) addMutations() {
	declared := map[*Function]bool{}
	for _, d := range b.d.Mutations {
		if d.Resolver != nil {
			b.declareResolver(d)
			continue
		}
		m := &mutation{b: b, decl: d, on: d.Origin, fatal: true}
		if m.fn = m.find(); m.fn == nil {
			continue
		}
		declared[m.fn] = true
		a := readComment(m.fn.Comment)
		if a.kind == "mutation" {
			var err error
			if m.note, err = readFunctionNote(a); err != nil {
				b.report(true, "comment on "+m.fn.String(), "correct the comment", "%s", oneLine(err))
				continue
			}
		}
		for _, name := range d.ContextParams {
			m.note.context = append(m.note.context, [2]string{name})
		}
		m.decl.Description = cmp.Or(d.Description, m.note.description, a.text)
		m.add()
	}
	if !b.o.Discover {
		return
	}
	for _, fn := range b.f.Functions {
		if a := readComment(fn.Comment); a.kind != "" && !declared[fn] {
			b.discoverFunction(fn, a)
		}
	}
}

func (b *builder) discoverFunction(fn *Function, a annotation) {
	on := "comment on " + fn.String()
	if a.kind != "mutation" {
		b.report(false, on, "write @fraiseql:mutation, or remove the annotation", "@fraiseql:%s is not known on a function", a.kind)
		return
	}
	note, err := readFunctionNote(a)
	if err != nil {
		b.report(false, on, "correct the comment", "it is left out: %s", oneLine(err))
		return
	}
	name := note.name
	if name == "" {
		name = camel(strings.TrimPrefix(fn.Name, "fn_"))
	}
	m := &mutation{b: b, note: note, on: on, fn: fn, decl: schema.MutationDecl{
		Name: name, Description: cmp.Or(note.description, a.text), Deprecated: note.deprecated, Origin: on,
		Success: note.success, Error: note.err, CommitOnError: note.commit,
	}}
	m.add()
}

// String names the function for messages.
func (fn *Function) String() string { return "function " + fn.Schema + "." + fn.Name }

func (m *mutation) report(cure, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !m.fatal {
		text = "it is left out: " + text
	}
	m.b.report(m.fatal, m.on, cure, "%s", text)
}

// find finds the function that a declaration made in Go names.
func (m *mutation) find() *Function {
	found, searched := m.b.f.function(m.decl.Function)
	switch len(found) {
	case 0:
		_, name := splitName(m.decl.Function)
		m.report("create it, or name its schema as in app."+name, "there is no function %s in schema %s", m.decl.Function, strings.Join(searched, ", "))
		return nil
	case 1:
		return found[0]
	}
	m.report("give each a name of its own", "there are %d functions named %s", len(found), m.decl.Function)
	return nil
}

// add makes the field, unless something does not fit.
func (m *mutation) add() {
	b, fn := m.b, m.fn
	switch {
	case fn.Kind != 'f':
		m.report("write a function", "%s is a procedure or an aggregate, which cannot be a mutation", fn)
		return
	case !fn.Usage:
		m.report("GRANT USAGE ON SCHEMA "+ident(fn.Schema)+" TO the role that connects", "the role may not use schema %s", fn.Schema)
		return
	case !fn.Allowed:
		m.report("GRANT EXECUTE ON FUNCTION "+ident(fn.Schema)+"."+ident(fn.Name)+" TO the role that connects", "the role may not call %s", fn)
		return
	case !m.free():
		return
	}
	m.call = &schema.Call{Schema: fn.Schema, Name: fn.Name, CommitOnError: m.decl.CommitOnError || m.note.commit}
	m.field = &schema.Field{
		Name: m.decl.Name, Description: m.decl.Description, Deprecated: m.decl.Deprecated,
		Root: &schema.Root{Kind: schema.Function, Call: m.call}, Requires: b.required("comment on "+fn.String(), m.decl.Requires, m.note.requires),
	}
	if m.arguments() && m.result() {
		b.mutation.Fields = append(b.mutation.Fields, m.field)
	}
}

// free tells whether the field's name can be taken.
func (m *mutation) free() bool {
	name := m.decl.Name
	if !schema.ValidName(name) {
		m.report("give it another name", "%q cannot be a mutation's name: it must be letters, digits and _, not starting with a digit or __", name)
		return false
	}
	if slices.ContainsFunc(m.b.mutation.Fields, func(f *schema.Field) bool { return f.Name == name }) {
		m.report("name one of them otherwise, as in `name: …`", "there is a mutation %s already", name)
		return false
	}
	return true
}

// declareResolver takes a mutation that a Go function answers.
func (b *builder) declareResolver(d schema.MutationDecl) {
	m := &mutation{b: b, decl: d, on: d.Origin, fatal: true}
	w, t := b.output(d.Type, d.Origin, true)
	if t == nil || !m.free() {
		return
	}
	f := &schema.Field{
		Name: d.Name, Description: d.Description, Deprecated: d.Deprecated, Type: w.with(t),
		Root: &schema.Root{Kind: schema.Resolve, Resolver: d.Resolver}, Requires: d.Requires,
	}
	for _, a := range d.Args {
		if arg := b.input(a, d.Origin+", argument "+a.Name); arg != nil {
			f.Args = append(f.Args, arg)
		}
	}
	b.mutation.Fields = append(b.mutation.Fields, f)
}

// arguments divides the function's arguments among what the client sends and what the request's own context gives.
func (m *mutation) arguments() bool {
	context := map[string][]string{}
	for _, pair := range m.note.context {
		i := slices.IndexFunc(m.fn.Args, func(a Argument) bool { return a.Name == pair[0] && a.Name != "" })
		if i < 0 {
			m.report("correct context_params", "context_params names %s, which is no argument of %s", pair[0], m.fn)
			return false
		}
		context[pair[0]] = contextNames(pair[0], pair[1])
	}
	var plain []Argument
	document := -1
	for _, a := range m.fn.Args {
		switch {
		case a.Variadic:
			m.report("give it an array instead", "its argument %s is VARIADIC", a.Name)
			return false
		case context[a.Name] != nil:
		case isJSON(m.b.f.base(a.Type)) && document < 0:
			document = len(plain)
			plain = append(plain, a)
		default:
			plain = append(plain, a)
		}
	}
	// A document may stand among typed arguments as one of them, unless it is what `input_type` or the Go type describes or
	// is named so.
	described := m.note.input != "" || m.decl.Input != ""
	if document >= 0 && !described && len(plain) > 1 && !strings.Contains(plain[document].Name, "input") {
		document = -1
	}
	if document >= 0 && m.describesArguments(plain[document]) {
		document = -1
	}
	if described && document < 0 && !m.describesArguments(Argument{Optional: true}) {
		m.report("give the function an argument of type jsonb", "an input type is named, and %s takes no jsonb that it could describe", m.fn)
		return false
	}
	var inside []Argument
	for i, a := range plain {
		if i != document {
			inside = append(inside, a)
		}
	}
	for i, a := range m.fn.Args {
		base := m.b.f.Types[a.Type]
		arg := schema.CallArg{Name: a.Name, Type: m.b.f.sqlName(base), Optional: a.Optional}
		if a.Name == "" && slices.ContainsFunc(m.fn.Args, func(other Argument) bool { return other.Optional }) {
			m.report("give each argument a name", "its argument %d has no name, and another one may be left out", i+1)
			return false
		}
		switch {
		case context[a.Name] != nil:
			arg.Context = context[a.Name]
		case document >= 0 && a == plain[document]:
			arg.Field, arg.Document = "input", true
		default:
			if a.Name == "" {
				m.report("give each argument a name", "its argument %d has no name, and clients need one", i+1)
				return false
			}
			arg.Field, arg.Inside = camel(strings.TrimPrefix(a.Name, "p_")), document < 0
		}
		m.call.Args = append(m.call.Args, arg)
	}
	return m.inputs(inside, document >= 0, document >= 0 && plain[document].Optional)
}

// contextNames are the names under which the request is asked for an argument: the one that is written down, or what is left
// of the argument's own without the word in front of it.
func contextNames(arg, from string) []string {
	if from != "" {
		return []string{from}
	}
	for _, prefix := range [...]string{"auth_", "ctx_", "context_", "input_", "p_", "in_"} {
		if rest, ok := strings.CutPrefix(arg, prefix); ok && rest != "" {
			return []string{arg, rest}
		}
	}
	return []string{arg}
}

// describesArguments tells whether the input type of a declaration made in Go has the function's arguments as its fields, and
// among them one that takes a document.
func (m *mutation) describesArguments(document Argument) bool {
	t := m.b.inputs[m.decl.Input]
	if t == nil {
		return false
	}
	document.Optional = document.Optional && document.Name == ""
	for _, a := range append([]Argument{document}, m.fn.Args...) {
		name := camel(strings.TrimPrefix(a.Name, "p_"))
		found := slices.ContainsFunc(t.Fields, func(f *schema.Field) bool { return f.Name == name })
		if !found && !a.Optional && !slices.ContainsFunc(m.note.context, func(c [2]string) bool { return c[0] == a.Name }) {
			return false
		}
	}
	return true
}

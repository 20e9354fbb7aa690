package catalog

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/schema"
)

// addQueries makes the fields of the query type: those declared in Go first, then those of the
// types that were discovered.
func (b *builder) addQueries() {
	b.claimResolved()
	b.addBeside()
	for _, q := range b.d.Queries {
		b.declareQuery(q)
	}
	for _, o := range b.order {
		if !o.dropped && o.decl.Queries != nil {
			b.addTypeQueries(o)
		}
	}
	for _, o := range b.order {
		if !o.dropped && o.decl.Queries != nil {
			b.addTypeConnection(o)
		}
	}
	for _, o := range b.order {
		if !o.dropped && o.decl.Queries != nil {
			b.addTypeAggregates(o)
		}
	}
}

// claimResolved has what resolvers give and take make its types, before other types are made for lists.
func (b *builder) claimResolved() {
	claim := func(text string) {
		if w, err := parseType(text); err == nil {
			b.lookup(w.base())
		}
	}
	for _, q := range b.d.Queries {
		if q.Kind != schema.Resolve {
			continue
		}
		claim(q.Type)
		for _, a := range q.Args {
			claim(a.Type)
		}
	}
}

func (b *builder) declareQuery(q schema.QueryDecl) {
	f := &schema.Field{Name: q.Name, Description: q.Description, Deprecated: q.Deprecated, Requires: q.Requires, Root: &schema.Root{Kind: q.Kind, Resolver: q.Resolver}}
	if q.Kind == schema.Resolve {
		w, t := b.output(q.Type, q.Origin, true)
		if t == nil {
			return
		}
		f.Type = w.with(t)
		for _, a := range q.Args {
			if arg := b.input(a, q.Origin+", argument "+a.Name); arg != nil {
				f.Args = append(f.Args, arg)
			}
		}
		b.addQuery(f, q.Origin, true)
		return
	}
	o := b.objects[q.Type]
	switch {
	case o == nil:
		cure := "declare the type"
		if near := nearest(q.Type, b.typeNames()); near != "" {
			cure = "did you mean " + near + "?"
		}
		b.report(true, q.Origin, cure, "the query %s gives %s, which is not an object type that is declared", q.Name, q.Type)
	case o.dropped:
		if !o.fatal {
			b.report(true, q.Origin, "see what is said of "+o.decl.Origin, "the query %s gives %s, which cannot be served", q.Name, q.Type)
		}
	case o.decl.Source == "":
		b.report(true, q.Origin, "give the type a source, or answer the query by a resolver", "the query %s gives %s, which has no source", q.Name, q.Type)
	case q.Kind == schema.List:
		b.addList(o, f, q.Origin, true)
	case q.Kind == schema.Aggregate, q.Kind == schema.Groups:
		b.addMeasures(o, f, q.Origin, true, true)
	case len(o.t.Key) == 0 && b.told(o):
	case q.Kind == schema.Connection:
		b.addConnection(o, f, q.Origin, true)
	case q.Kind == schema.One:
		if len(o.t.Key) == 0 {
			b.report(true, q.Origin, "name the key on the type", "the query %s looks for one %s by its key, and it has none", q.Name, q.Type)
			return
		}
		b.addOne(o, f, q.Origin, true)
	}
}

// addTypeQueries makes the queries that a type's names ask for.
func (b *builder) addTypeQueries(o *object) {
	one := oneName(o.t.Name)
	list := plural(one)
	if n := o.decl.Queries.One; n != nil {
		one = *n
	}
	if n := o.decl.Queries.List; n != nil {
		list = *n
	}
	if one != "" && len(o.t.Key) > 0 {
		b.addOne(o, &schema.Field{Name: one, Root: &schema.Root{Kind: schema.One}}, o.decl.Origin, o.fatal)
	}
	if n := o.decl.Queries.One; n != nil && one != "" && len(o.t.Key) == 0 {
		b.report(o.fatal, o.decl.Origin, "name the key, as in `key: [id]`", "the query %s looks for one %s by its key, and it has none", one, o.t.Name)
	}
	if list != "" {
		b.addList(o, &schema.Field{Name: list, Root: &schema.Root{Kind: schema.List}}, o.decl.Origin, o.fatal)
	}
}

func (b *builder) addOne(o *object, f *schema.Field, origin string, fatal bool) {
	f.Root.Of, f.Type = o.t, schema.Of(o.t)
	if f.Description == "" {
		f.Description = "One " + o.t.Name + " by its key, or null."
	}
	for _, k := range o.t.Key {
		f.Args = append(f.Args, &schema.Field{Name: k.Name, Type: schema.NonNull(k.Type), Description: k.Description})
	}
	b.addQuery(f, origin, fatal)
}

func (b *builder) addList(o *object, f *schema.Field, origin string, fatal bool) {
	f.Root.Of, f.Type = o.t, schema.ListOf(schema.NonNull(schema.Of(o.t)))
	if f.Description == "" {
		f.Description = "Rows of " + o.t.Name + "."
	}
	f.Args = b.listArgs(o.t)
	b.addQuery(f, origin, fatal)
}

func (b *builder) addQuery(f *schema.Field, origin string, fatal bool) {
	if !schema.ValidName(f.Name) {
		b.report(fatal, origin, "give it another name", "%q cannot be a query's name: it must be letters, digits and _, not starting with a digit or __", f.Name)
		return
	}
	i := slices.IndexFunc(b.query.Fields, func(other *schema.Field) bool { return other.Name == f.Name })
	if i >= 0 {
		b.report(fatal, origin, "name one of them otherwise, as in `queries: {one: …, list: …}`",
			"the query %s is there already and gives %s, so this one of %s is left out", f.Name, b.query.Fields[i].Type, f.Type)
		return
	}
	b.query.Fields = append(b.query.Fields, f)
}

// declareInputs takes the input objects declared in Go. They may name each other.
func (b *builder) declareInputs() {
	for _, d := range b.d.Inputs {
		if b.claim(d.Name, d.Origin, true) {
			b.inputs[d.Name] = &schema.Type{Kind: schema.Input, Name: d.Name, Description: d.Description, OneOf: d.OneOf}
		}
	}
	for _, d := range b.d.Inputs {
		t := b.inputs[d.Name]
		if t == nil || len(t.Fields) > 0 {
			continue
		}
		for _, a := range d.Fields {
			on := d.Origin + ", field " + a.Name
			f := b.input(a, on)
			if f == nil {
				continue
			}
			if d.OneOf && (f.Type.NonNull || f.Default != "") {
				b.report(true, on, "make it nullable and drop the default", "exactly one field of %s is sent, so none may be required or have a default", d.Name)
			}
			t.Fields = append(t.Fields, f)
		}
		if len(d.Fields) == 0 {
			b.report(true, d.Origin, "give it a field", "the input %s has no fields", d.Name)
		}
	}
}

// input resolves an argument or an input field.
func (b *builder) input(a schema.ArgDecl, on string) *schema.Field {
	w, err := parseType(a.Type)
	if err != nil {
		b.report(true, on, "", "%s", err)
		return nil
	}
	name := w.base()
	t := b.scalars[name]
	if t == nil {
		t = b.inputs[name]
	}
	if t == nil && b.objects[name] == nil {
		if found := b.lookup(name); found != nil && found.Kind == schema.Enum {
			t = found
		}
	}
	switch {
	case t == nil && b.objects[name] != nil:
		b.report(true, on, "declare an input type", "%s is an object type, which cannot be sent", name)
		return nil
	case t == nil:
		b.report(true, on, undeclared, "there is no input type %s", name)
		return nil
	case !schema.ValidName(a.Name):
		b.report(true, on, "give it another name", "%q cannot be the name of an argument or input field", a.Name)
		return nil
	}
	f := &schema.Field{Name: a.Name, Description: a.Description, Deprecated: a.Deprecated, Type: w.with(t), Default: a.Default, Requires: a.Requires}
	if a.Default != "" && !literalFits(a.Default, f.Type) {
		b.report(true, on, "write the default as a GraphQL literal of that type", "the default %s is not a value of %s", a.Default, f.Type)
		return nil
	}
	return f
}

var (
	intLiteral    = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	floatLiteral  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	stringLiteral = regexp.MustCompile(`^"([^"\\\n]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"$`)
)

// literalFits looks at the form of a default. Lists and objects are only looked at from outside.
func literalFits(text string, ref *schema.Ref) bool {
	text = strings.TrimSpace(text)
	if text == "null" {
		return !ref.NonNull
	}
	if ref.Elem != nil {
		return strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") || literalFits(text, ref.Elem)
	}
	t := ref.Named
	switch {
	case t.Kind == schema.Input:
		return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}")
	case t.Kind == schema.Enum:
		return slices.ContainsFunc(t.Values, func(v schema.EnumValue) bool { return v.Name == text })
	}
	if t.Serialize != nil {
		return stringLiteral.MatchString(text)
	}
	switch t.Underlying().Name {
	case "Int":
		return intLiteral.MatchString(text)
	case "Float":
		return floatLiteral.MatchString(text)
	case "Boolean":
		return text == "true" || text == "false"
	case "ID":
		return intLiteral.MatchString(text) || stringLiteral.MatchString(text)
	case "BigInt", "Decimal":
		return floatLiteral.MatchString(text) || stringLiteral.MatchString(text)
	case "JSON":
		return true
	}
	return stringLiteral.MatchString(text) && wordFits(t.Name, text[1:len(text)-1])
}

var (
	uuidWord     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	durationWord = regexp.MustCompile(`^-?P(-?[0-9.]+[YMWD])*(T(-?[0-9.]+[HMS])+)?$`)
	ltreeWord    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// wordFits looks at the text of a default whose scalar is a string in Go, which takes any:
// otherwise each request that leaves the argument out would fail.
func wordFits(scalar, text string) bool {
	var layouts []string
	switch scalar {
	case "UUID":
		return uuidWord.MatchString(text)
	case "Duration":
		return len(text) > 2 && durationWord.MatchString(text)
	case "LTreePath":
		return ltreeWord.MatchString(text)
	case "Date":
		layouts = []string{time.DateOnly}
	case "Time":
		layouts = []string{time.TimeOnly, "15:04"}
	case "LocalDateTime":
		layouts = []string{"2006-01-02T15:04:05"}
	default:
		return true
	}
	return slices.ContainsFunc(layouts, func(layout string) bool {
		_, err := time.Parse(layout, text)
		return err == nil
	})
}

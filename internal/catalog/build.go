package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// BuildOptions says what is served besides the declarations made in Go.
type BuildOptions struct {
	Discover    bool     // serve what comments annotate
	Expose      []string // also serve relations without annotation that match: v_*, app.v_*, as path.Match reads them
	Title       string   // empty: the declarations'
	Description string   // empty: the declarations'

	GlobalNode string // the field of a row's global id, with which node and nodes find it; empty: none

	CompatibleOperators bool // filters also take the spellings of the Python version
	PlainNumbers        bool // BigInt and Decimal are written as JSON numbers
}

// Problem is something that cannot be served as it was declared.
type Problem struct {
	Fatal   bool   // a declaration made in Go that does not fit; otherwise something discovered, left out
	Object  string // what it is about: comment on view public.v_user, field email
	Message string // what is wrong
	Cure    string // what to do
}

// Error writes the problem in one line.
func (p Problem) Error() string {
	text := p.Object + ": " + p.Message
	if p.Cure != "" {
		text += "; " + p.Cure
	}
	return text
}

// ErrNoQuery is returned by [Build] when no query can be served.
var ErrNoQuery = errors.New("the schema has no query: annotate a view (COMMENT ON VIEW v_user IS '@fraiseql:type'), " +
	"expose relations by name (--expose 'v_*'), or declare types and queries in Go")

// Build compares declarations with facts and freezes what can be served. All mismatches are
// reported at once. The error joins the fatal problems; the schema is nil then.
func Build(f *Facts, d schema.Declarations, o BuildOptions) (*schema.Schema, []Problem, error) {
	b := &builder{
		f: f, d: d, o: o,
		scalars: schema.Scalars(o.PlainNumbers), objects: map[string]*object{}, enums: map[string]*schema.Type{}, inputs: map[string]*schema.Type{},
		enumByOID: map[uint32]*schema.Type{}, composites: map[uint32]*schema.Type{}, compositeFaults: map[uint32]string{},
		connections: map[string]*schema.Type{}, measures: map[*schema.Type]*measures{}, counted: map[*schema.Type]bool{}, figured: map[*schema.Type]*measures{}, wheres: map[*schema.Type]*schema.Type{}, orders: map[*schema.Type]*schema.Type{}, filters: map[string]*schema.Type{},
		claims: map[string]string{}, implicit: map[*schema.Field]bool{}, sqlNames: map[*schema.Field]string{},
		query: &schema.Type{Kind: schema.Object, Name: "Query", Description: "What can be asked."},
	}
	b.mutation = &schema.Type{Kind: schema.Object, Name: "Mutation", Description: "What can be changed."}
	b.inputByOID, b.errorTypes, b.outcomes = map[uint32]*schema.Type{}, map[string]*schema.Type{}, map[string]*schema.Type{}
	b.claims["Query"] = "the query type"
	b.claims["Mutation"] = "the mutation type"
	b.declareScalars()
	b.reserve()
	b.findLtree()
	b.declare()
	b.discover()
	for i := 0; i < len(b.order); i++ { // filling one may add shapes behind it
		b.fill(b.order[i])
	}
	b.resolveRelations()
	b.attachBatches()
	b.prune()
	b.attachTypes()
	for b.detachTypes() {
		b.prune()
	}
	b.growTrees()
	b.addQueries()
	b.addMutations()
	b.addGlobal()
	b.describeRows()
	s, err := b.freeze()
	slices.SortStableFunc(b.problems, func(x, y Problem) int {
		if x.Fatal != y.Fatal {
			if x.Fatal {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.Object, y.Object)
	})
	return s, b.problems, err
}

type builder struct {
	f        *Facts
	d        schema.Declarations
	o        BuildOptions
	problems []Problem

	scalars         map[string]*schema.Type
	objects         map[string]*object
	order           []*object
	enums           map[string]*schema.Type // declared in Go or taken from the catalog, by GraphQL name
	enumByOID       map[uint32]*schema.Type
	inputs          map[string]*schema.Type
	composites      map[uint32]*schema.Type
	compositeFaults map[uint32]string
	pending         []pending
	claims          map[string]string // who has a type's name

	implicit map[*schema.Field]bool   // fields whose type nobody declared
	sqlNames map[*schema.Field]string // the database's name of a column or document key

	connections map[string]*schema.Type // the objects that connections are made of, by name
	measures    map[*schema.Type]*measures
	counted     map[*schema.Type]bool      // types whose rows something gives figures over
	figured     map[*schema.Type]*measures // types whose lists can be filtered and ordered by more figures than their number

	dropped int             // see detachTypes
	shapes  map[string]bool // see inDocuments
	wheres  map[*schema.Type]*schema.Type
	orders  map[*schema.Type]*schema.Type
	filters map[string]*schema.Type
	query   *schema.Type

	mutation   *schema.Type
	inputByOID map[uint32]*schema.Type // made of composite types
	errorTypes map[string]*schema.Type // that several mutations may share, by the name they are asked for by
	outcomes   map[string]*schema.Type // of the parts of a mutation's answer, by name
}

// object is an object type being made.
type object struct {
	decl      *schema.TypeDecl
	fatal     bool // declared in Go
	t         *schema.Type
	rel       *Relation // nil for a shape
	notes     map[string]columnNote
	dropped   bool
	relations []string // names of the relations that its comment declares
}

// on names the object or one of its fields for a message.
func (o *object) on(field string) string {
	if field == "" {
		return o.decl.Origin
	}
	return o.decl.Origin + ", field " + field
}

func (b *builder) report(fatal bool, object, cure, format string, args ...any) {
	p := Problem{Fatal: fatal, Object: object, Message: fmt.Sprintf(format, args...), Cure: cure}
	if !slices.Contains(b.problems, p) {
		b.problems = append(b.problems, p)
	}
}

// told tells whether a fatal problem of an object is known already, from which others follow.
func (b *builder) told(o *object) bool {
	return o.fatal && slices.ContainsFunc(b.problems, func(p Problem) bool {
		return p.Fatal && (p.Object == o.decl.Origin || strings.HasPrefix(p.Object, o.decl.Origin+", ") || strings.HasPrefix(p.Object, o.decl.Origin+"."))
	})
}

// claim takes a type's name for one owner.
func (b *builder) claim(name, owner string, fatal bool) bool {
	if !schema.ValidName(name) {
		b.report(fatal, owner, "give it another name", "%q cannot be a type's name: it must be letters, digits and _, not starting with a digit or __", name)
		return false
	}
	if other, taken := b.claims[name]; taken {
		b.report(fatal, owner, "give one of them another name", "the type name %s is taken by %s", name, other)
		return false
	}
	b.claims[name] = owner
	return true
}

// declare takes the declarations made in Go.
func (b *builder) declare() {
	for i := range b.d.Enums {
		b.declareEnum(&b.d.Enums[i])
	}
	for i := range b.d.Types {
		decl := &b.d.Types[i]
		o := &object{decl: decl, fatal: true}
		if decl.Name == "" && decl.Source != "" {
			_, rel := splitName(decl.Source)
			named := *decl
			named.Name = typeName(rel)
			o.decl = &named
		}
		if decl.Source != "" && !b.attach(o) {
			o.dropped = true
		}
		b.addObject(o)
	}
	b.declareInputs()
	for _, o := range b.order {
		if o.rel != nil {
			b.reserveInputs(o) // a clash with another declaration is told when the input is made
		}
	}
}

// addObject claims the type's name and makes room for its fields. A dropped object made in Go
// keeps its name, so that what refers to it is not reported as well.
func (b *builder) addObject(o *object) bool {
	if !b.claim(o.decl.Name, o.decl.Origin, o.fatal) {
		return false
	}
	if !o.fatal {
		if input := b.reserveInputs(o); input != "" {
			b.report(false, o.decl.Origin, "give one of them another name", "it is left out: its filters or orders need the type name %s, which is taken by %s", input, b.claims[input])
			return false
		}
	}
	o.t = &schema.Type{Kind: cmp.Or(o.decl.Kind, schema.Object), Name: o.decl.Name, Description: o.decl.Description, Requires: o.decl.Requires}
	b.objects[o.decl.Name] = o
	b.order = append(b.order, o)
	return true
}

// attach finds the relation behind a declaration made in Go.
func (b *builder) attach(o *object) bool {
	rel, searched := b.f.relation(o.decl.Source)
	if rel == nil {
		var names []string
		for _, r := range b.f.Relations {
			if !r.Inner {
				names = append(names, r.Name)
			}
		}
		_, name := splitName(o.decl.Source)
		cure := "create it, or name its schema as in app." + name
		if near := nearest(name, names); near != "" {
			cure = "did you mean " + near + "?"
		}
		b.report(true, o.decl.Origin, cure, "there is no table or view %s in schema %s", o.decl.Source, strings.Join(searched, ", "))
		return false
	}
	o.rel = rel
	if !b.readable(rel, o.decl.Origin, true) {
		return false
	}
	note := readComment(rel.Comment)
	if typeKinds[note.kind] != 0 {
		n, err := readTypeNote(note)
		if err != nil {
			b.report(true, "comment on "+rel.String(), "correct the comment", "%s", oneLine(err))
			return false
		}
		o.decl = describedBy(o.decl, cmp.Or(n.description, note.text))
		o.decl.Requires = b.required("comment on "+rel.String(), o.decl.Requires, n.requires)
		o.decl.Collation = cmp.Or(o.decl.Collation, n.collation)
	} else if o.decl = describedBy(o.decl, note.text); note.kind != "" {
		b.report(false, "comment on "+rel.String(), "write @fraiseql:type", "@fraiseql:%s is not known on a relation", note.kind)
	}
	o.notes = b.columnNotes(rel)
	return true
}

func describedBy(decl *schema.TypeDecl, text string) *schema.TypeDecl {
	out := *decl
	out.Description = cmp.Or(out.Description, text)
	return &out
}

// required are the roles and scopes that Go or a comment asks for. Where both do, they must agree: which of two lists holds
// must not be a matter of reading the manual.
func (b *builder) required(object string, declared, noted []string) []string {
	switch {
	case len(declared) == 0:
		return noted
	case len(noted) > 0 && !slices.Equal(declared, noted):
		b.report(true, object, "write it in one place", "it requires %s, and in Go %s is required", strings.Join(noted, ", "), strings.Join(declared, ", "))
	}
	return declared
}

// readable reports a relation that the role may not read.
func (b *builder) readable(rel *Relation, object string, fatal bool) bool {
	if !rel.Usage {
		b.report(fatal, object, "GRANT USAGE ON SCHEMA "+ident(rel.Schema)+" TO the role that connects",
			"the role may not use schema %s", rel.Schema)
		return false
	}
	if !rel.Readable && !slices.ContainsFunc(rel.Columns, func(c *Column) bool { return c.Readable }) {
		b.report(fatal, object, "GRANT SELECT ON "+rel.sql()+" TO the role that connects",
			"the role may not read %s", rel)
		return false
	}
	return true
}

// lookup finds an output type by name, or nil.
func (b *builder) lookup(name string) *schema.Type {
	if t := b.scalars[name]; t != nil {
		return t
	}
	if o := b.objects[name]; o != nil {
		return o.t
	}
	if t := b.enums[name]; t != nil {
		return t
	}
	for _, t := range b.catalogTypes(name) {
		var made *schema.Type
		if t.Kind == 'e' {
			made, _ = b.enumOf(t)
		} else {
			made, _ = b.compositeOf(t)
		}
		if made != nil {
			return made
		}
	}
	return b.rangeOf(name)
}

// catalogTypes lists enums and composites that would bear a name, in a fixed order.
func (b *builder) catalogTypes(name string) []*Type {
	var found []*Type
	for _, t := range b.f.Types {
		if (t.Kind == 'e' || t.Kind == 'c') && pascal(t.Name) == name {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(x, y *Type) int {
		return cmp.Or(cmp.Compare(slices.Index(b.f.Schemas, x.Schema), slices.Index(b.f.Schemas, y.Schema)), cmp.Compare(x.OID, y.OID))
	})
	return found
}

// typeNames lists what a field may be declared as, for messages.
func (b *builder) typeNames() []string {
	var names []string
	for name := range b.scalars {
		names = append(names, name)
	}
	for name := range b.objects {
		names = append(names, name)
	}
	for name := range b.enums {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// undeclared is the cure of a name that nothing has.
const undeclared = "declare it in Go (a scalar by fraiseql.Scalar), or use a scalar such as String"

// output resolves a declared type of a field that can be selected.
func (b *builder) output(text, object string, fatal bool) (*written, *schema.Type) {
	w, err := parseType(text)
	if err != nil {
		b.report(fatal, object, "", "%s", err)
		return nil, nil
	}
	t := b.lookup(w.base())
	if t == nil {
		cure := undeclared
		if near := nearest(w.base(), b.typeNames()); near != "" {
			cure = "did you mean " + near + "?"
		}
		b.report(fatal, object, cure, "there is no type %s", w.base())
		return nil, nil
	}
	return w, t
}

// freeze makes the schema, or the error that says why there is none.
func (b *builder) freeze() (*schema.Schema, error) {
	var faults []error
	for _, p := range b.problems {
		if p.Fatal {
			faults = append(faults, p)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if len(b.query.Fields) == 0 {
		faults = append(faults, ErrNoQuery)
		for _, p := range b.problems {
			faults = append(faults, p)
		}
		return nil, errors.Join(faults...)
	}
	var mutation *schema.Type
	if len(b.mutation.Fields) > 0 {
		mutation = b.mutation
	}
	s, err := schema.New(cmp.Or(b.o.Title, b.d.Title), cmp.Or(b.o.Description, b.d.Description), b.query, mutation)
	if err != nil {
		return nil, err
	}
	if err := b.unusedScalars(s); err != nil {
		return nil, err
	}
	for _, o := range b.order {
		if o.rel != nil && !o.dropped && s.Type(o.t.Name) == nil {
			b.report(false, o.decl.Origin, "give it a query, or a relation that leads to it", "no query leads to the type %s", o.t.Name)
		}
	}
	return s, nil
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

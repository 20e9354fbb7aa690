package fraiseql

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// declarer turns Go declarations into the schema's, and collects every fault on the way.
type declarer struct {
	out     schema.Declarations
	faults  []error
	objects map[reflect.Type]*shape
	inputs  map[reflect.Type]*shape
	enums   map[reflect.Type]*enumForm
	scalars map[reflect.Type]*form
	roots   map[string]string // name of a field of the query type, then of the mutation type → who declared it
	later   []func()
	maxPage int
}

// shape is a struct as an object of the API: the one table that names, reading and writing
// share.
type shape struct {
	goType   reflect.Type
	source   string
	input    bool
	oneOf    bool // of an input: exactly one field is sent
	complete bool
	decl     schema.TypeDecl
	args     []schema.ArgDecl // of an input
	fields   []*shapeField
	byName   map[string]*shapeField
	byFolded map[string]*shapeField // names as the database may spell them
}

type shapeField struct {
	name     string // GraphQL
	goName   string // Type.Field, for messages
	index    []int
	form     *form
	relation bool
}

func (s *shape) field(name string) *shapeField { return s.byName[name] }

func (s *shape) names() []string {
	all := make([]string, len(s.fields))
	for i, f := range s.fields {
		all[i] = f.name
	}
	return all
}

// declare reads all declarations, and gives every fault in them at once.
func declare(o Options) (schema.Declarations, error) {
	d := &declarer{
		objects: map[reflect.Type]*shape{},
		inputs:  map[reflect.Type]*shape{},
		enums:   map[reflect.Type]*enumForm{},
		scalars: map[reflect.Type]*form{},
		roots:   map[string]string{},
		maxPage: o.MaxPage,
	}
	d.out.Title, d.out.Description = o.Title, o.Description
	each := func(do func(Type)) {
		for _, t := range o.Types {
			if t != nil {
				do(t)
			}
		}
	}
	for i, t := range o.Types {
		if t == nil {
			d.fault("Options.Types[%d] is nil: leave it out", i)
		}
	}
	each(func(t Type) { t.head(d) })
	each(func(t Type) {
		if a, ok := t.(abstractType); ok {
			a.middle(d)
		}
	})
	each(func(t Type) { t.body(d) })
	for i, q := range o.Queries {
		if q == nil {
			d.fault("Options.Queries[%d] is nil: leave it out", i)
			continue
		}
		if decl, ok := q.root(d); ok {
			d.out.Queries = append(d.out.Queries, decl)
		}
	}
	d.roots = map[string]string{}
	for i, m := range o.Mutations {
		if m == nil {
			d.fault("Options.Mutations[%d] is nil: leave it out", i)
			continue
		}
		if decl, ok := m.mutation(d); ok {
			d.out.Mutations = append(d.out.Mutations, decl)
		}
	}
	for _, do := range d.later {
		do()
	}
	d.oneNameEach()
	for _, s := range d.objects {
		d.out.Types = append(d.out.Types, s.decl)
	}
	for _, s := range d.inputs {
		d.out.Inputs = append(d.out.Inputs, schema.InputDecl{
			Name: s.decl.Name, Description: s.decl.Description, Fields: s.args, Origin: s.decl.Origin, OneOf: s.oneOf,
		})
	}
	slices.SortFunc(d.out.Types, func(a, b schema.TypeDecl) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(d.out.Inputs, func(a, b schema.InputDecl) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(d.faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return d.out, errors.Join(d.faults...)
}

func (d *declarer) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Errorf(format, args...))
}

// rootName takes a name for a field of the query type.
func (d *declarer) rootName(call, name string) bool {
	if !schema.ValidName(name) {
		d.fault("%s: %q cannot be a GraphQL name: use letters, digits and _", call, name)
		return false
	}
	if other, twice := d.roots[name]; twice {
		d.fault("%s: %s has that name already: rename one of them", call, other)
		return false
	}
	d.roots[name] = call
	return true
}

// oneNameEach refuses two Go types behind one GraphQL name.
func (d *declarer) oneNameEach() {
	seen := map[string][]string{}
	add := func(name, origin string) { seen[name] = append(seen[name], origin) }
	for _, s := range d.objects {
		add(s.decl.Name, s.decl.Origin)
	}
	for _, s := range d.inputs {
		add(s.decl.Name, s.decl.Origin+" as an input")
	}
	for _, e := range d.out.Enums {
		add(e.Name, e.Origin)
	}
	for _, s := range d.out.Scalars {
		add(s.Name, s.Origin)
	}
	for name := range schema.Scalars(false) {
		add(name, "the scalar "+name)
	}
	for name, origins := range seen {
		if len(origins) > 1 {
			slices.Sort(origins)
			d.fault("%s would all be named %s in GraphQL: rename all but one, with ObjectOptions.Name or a Go type of another name (type %sInput %s)", strings.Join(origins, ", "), name, name, name)
		}
	}
}

func (d *declarer) newObject(t reflect.Type, name, source string) *shape {
	s := &shape{goType: t, source: source, decl: schema.TypeDecl{
		Name: name, Origin: "Go type " + t.String(), Source: source, Closed: true,
	}}
	d.objects[t] = s
	return s
}

// fill makes the fields of a struct. The shape is known to others before, so that types may
// refer to each other in a circle.
func (d *declarer) fill(s *shape) {
	s.complete = true
	s.byName, s.byFolded = map[string]*shapeField{}, map[string]*shapeField{}
	depths, before := map[string]int{}, len(d.faults)
	d.walk(s, s.goType, nil, depths)
	if len(s.fields) == 0 && len(d.faults) == before {
		d.fault("%s has no exported fields: at least one is needed", s.decl.Origin)
	}
	for _, arg := range s.args {
		if s.oneOf && (strings.HasSuffix(arg.Type, "!") || arg.Default != "") {
			d.fault("%s, field %s: exactly one field is sent, so none may be required or have a default: make it a pointer without one", s.decl.Origin, arg.Name)
		}
	}
	for _, f := range s.fields {
		if key := folded(f.name); s.byFolded[key] == nil {
			s.byFolded[key] = f
		}
	}
}

func (d *declarer) walk(s *shape, t reflect.Type, index []int, depths map[string]int) {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		name, key, err := graphqlTag(f)
		where := fmt.Sprintf("%s, field %s", s.decl.Origin, f.Name)
		switch {
		case err != nil:
			d.fault("%s: %w", where, err)
			continue
		case name == "-":
			continue
		case f.Anonymous && f.Type == reflect.TypeFor[OneOf]():
			if !s.input {
				d.fault("%s: fraiseql.OneOf is for inputs: an object that is one of several is a fraiseql.Union", where)
			}
			s.oneOf = true
			continue
		case f.Anonymous && name == "" && d.scalarOf(f.Type) == nil:
			if f.Type.Kind() == reflect.Struct {
				for _, tag := range []string{"by", "beside", "db", "doc", "deprecated", "default", "requires"} {
					if _, set := f.Tag.Lookup(tag); set || key {
						d.fault("%s: its tags have no effect on an embedded struct, whose fields count one by one: give the field a name, or leave them out", where)
						break
					}
				}
				embedded = append(embedded, f)
				continue
			}
			if f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct {
				d.fault("%s: an embedded pointer cannot be flattened, since it may be nil: embed the struct itself, or give it a name", where)
				continue
			}
		}
		if !f.IsExported() {
			if f.Tag.Get("graphql") != "" || f.Tag.Get("by") != "" || f.Tag.Get("db") != "" {
				d.fault("%s: it has tags but is not exported: begin its name with a capital", where)
			}
			continue
		}
		d.addField(s, f, slices.Concat(index, []int{i}), name, key, where, depths)
	}
	for _, f := range embedded {
		d.walk(s, f.Type, slices.Concat(index, f.Index), depths)
	}
}

func (d *declarer) addField(s *shape, f reflect.StructField, index []int, name string, key bool, where string, depths map[string]int) {
	if name == "" {
		name = lowerCamel(f.Name)
	}
	if !schema.ValidName(name) {
		d.fault("%s: %q cannot be a GraphQL name: give it one by graphql:\"…\"", where, name)
		return
	}
	if depth, twice := depths[name]; twice {
		if depth == len(index) {
			d.fault("%s: another field is named %s too: give one of them another name by graphql:\"…\"", where, name)
		}
		return // the outer field hides the embedded one, as in Go
	}
	depths[name] = len(index)
	by, err := byTag(f.Tag)
	if err != nil {
		d.fault("%s: %w", where, err)
		return
	}
	requires, err := requiresTag(f.Tag)
	if err != nil {
		d.fault("%s: %w", where, err)
		return
	}
	beside, err := besideTag(f.Tag, name)
	if err == nil && beside != (schema.QueryNames{}) && len(by) == 0 {
		err = errors.New("beside is for relations: join the rows by the tag by, or leave it out")
	}
	if err != nil {
		d.fault("%s: %w", where, err)
		return
	}
	made := &shapeField{name: name, goName: or(s.goType.Name(), s.decl.Name) + "." + f.Name, index: index, relation: len(by) > 0}
	at := place{what: where, name: s.decl.Name + f.Name, tag: f.Tag}
	if s.input {
		d.inputField(s, f, made, at, requires)
		return
	}
	if _, set := f.Tag.Lookup("default"); set {
		d.fault("%s: default is for arguments and inputs only: leave it out", where)
	}
	made.form = d.formOf(at, f.Type, false)
	if made.form == nil {
		return
	}
	if made.relation && !d.isRelation(s, made, where) {
		return
	}
	s.fields = append(s.fields, made)
	s.byName[name] = made
	if sql := f.Tag.Get("db"); sql != "" {
		s.byFolded[folded(sql)] = made
	}
	s.decl.Fields = append(s.decl.Fields, schema.FieldDecl{
		Name: name, SQLName: f.Tag.Get("db"), Type: made.form.typeRef(), Description: f.Tag.Get("doc"),
		Deprecated: f.Tag.Get("deprecated"), Key: key, By: by, Beside: beside, Requires: requires, Origin: where,
	})
}

// isRelation refuses by where rows cannot come from.
func (d *declarer) isRelation(s *shape, f *shapeField, where string) bool {
	to := f.form
	if to.elem != nil {
		to = to.elem
	}
	switch {
	case s.source == "":
		d.fault("%s: by joins rows, and %s has no source: declare it by fraiseql.Object, or leave by out", where, s.goType)
	case to.shape == nil || to.shape.source == "":
		d.fault("%s: by leads to %s, which has no source: declare it by fraiseql.Object, or leave by out", where, to.sdl)
	default:
		return true
	}
	return false
}

func (d *declarer) inputField(s *shape, f reflect.StructField, made *shapeField, at place, requires []string) {
	for _, tag := range []string{"by", "beside", "db"} {
		if _, set := f.Tag.Lookup(tag); set {
			d.fault("%s: %s is for objects that are read from the database: leave it out", at.what, tag)
			return
		}
	}
	made.form = d.formOf(at, f.Type, true)
	if made.form == nil {
		return
	}
	arg := schema.ArgDecl{
		Name: made.name, Type: made.form.typeRef(), Description: f.Tag.Get("doc"), Deprecated: f.Tag.Get("deprecated"), Requires: requires,
	}
	if text, set := f.Tag.Lookup("default"); set {
		literal, err := made.form.literal(text)
		if err != nil {
			d.fault("%s: default:%q: %w", at.what, text, err)
			return
		}
		arg.Default = literal
	}
	if arg.Deprecated != "" && strings.HasSuffix(arg.Type, "!") && arg.Default == "" {
		d.fault("%s: it is deprecated and yet required: make it a pointer, or give it a default", at.what)
	}
	s.fields = append(s.fields, made)
	s.byName[made.name] = made
	s.args = append(s.args, arg)
}

// graphqlTag reads graphql:"name,key".
func graphqlTag(f reflect.StructField) (name string, key bool, err error) {
	name, rest, more := strings.Cut(f.Tag.Get("graphql"), ",")
	if !more {
		return name, false, nil
	}
	if rest != "key" {
		return "", false, fmt.Errorf("graphql:%q: %q is not known: the form is graphql:\"name\" or graphql:\"name,key\"", f.Tag.Get("graphql"), rest)
	}
	return name, true, nil
}

// requiresTag reads requires:"editor,admin": roles and scopes, one of which is enough.
func requiresTag(tag reflect.StructTag) ([]string, error) {
	text, set := tag.Lookup("requires")
	if !set {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); names[i] == "" {
			return nil, fmt.Errorf("requires:%q: a name is empty: list roles and scopes, as in requires:\"editor,admin\", or leave it out", text)
		}
	}
	return names, nil
}

// besideTag reads beside:"aggregate=postFigures,groups,connection=-": names of the fields beside a list of rows. Without a name
// it is the list's with the word behind it, and - leaves the field out.
func besideTag(tag reflect.StructTag, list string) (schema.QueryNames, error) {
	var names schema.QueryNames
	text, set := tag.Lookup("beside")
	if !set {
		return names, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		kind, name, named := strings.Cut(strings.TrimSpace(part), "=")
		at := map[string]**string{"aggregate": &names.Aggregate, "groups": &names.Groups, "connection": &names.Connection}[kind]
		switch {
		case at == nil || *at != nil || named && name == "":
			return names, fmt.Errorf("beside:%q: the form is beside:\"aggregate=name,groups=-,connection\", each of them once at most", text)
		case !named:
			name = list + strings.ToUpper(kind[:1]) + kind[1:]
		case name == "-":
			name = ""
		}
		*at = &name
	}
	return names, nil
}

// byTag reads by:"local=remote,local=remote".
func byTag(tag reflect.StructTag) ([]schema.Pair, error) {
	text, set := tag.Lookup("by")
	if !set {
		return nil, nil
	}
	return byPairs(text)
}

// byPairs reads "local=remote,local=remote".
func byPairs(text string) ([]schema.Pair, error) {
	var pairs []schema.Pair
	for part := range strings.SplitSeq(text, ",") {
		local, remote, ok := strings.Cut(part, "=")
		local, remote = strings.TrimSpace(local), strings.TrimSpace(remote)
		if !ok || local == "" || remote == "" {
			return nil, fmt.Errorf("by:%q: the form is by:\"author_id=id\": a column of this source, and one of the other", text)
		}
		pairs = append(pairs, schema.Pair{Local: local, Remote: remote})
	}
	return pairs, nil
}

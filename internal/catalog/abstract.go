package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fraiseql/fraiseql-go/schema"
)

// attachTypes gives interfaces and unions the objects that their values can be, and checks that these have what an interface
// promises.
func (b *builder) attachTypes() {
	for _, o := range b.order {
		if o.dropped || !o.t.Abstract() {
			continue
		}
		if b.setLabel(o) {
			for _, p := range o.decl.Possible {
				b.attachType(o, p)
			}
			b.checkLabels(o)
		}
		if len(o.t.Possible) == 0 {
			o.dropped = true
			if !b.told(o) {
				b.report(o.fatal, o.on(""), "name them, as in `types: {post: Post}`", "%s has no type that a row of it can be", o.t.Name)
			}
			continue
		}
		b.checkShared(o)
	}
}

// detachTypes parts interfaces and unions from objects where one of the two cannot be served. It tells whether a type was
// dropped that was not before, so that what leads to it must go too.
func (b *builder) detachTypes() bool {
	dropped := 0
	for _, o := range b.order {
		if !o.dropped && o.t.Abstract() {
			o.t.Possible = slices.DeleteFunc(o.t.Possible, func(p *schema.Possible) bool { return b.objects[p.Type.Name].dropped })
			if o.dropped = len(o.t.Possible) == 0; o.dropped {
				b.report(o.fatal, o.on(""), "see what is said of its types", "%s has no type that can be served", o.t.Name)
			}
		}
		if o.dropped {
			dropped++
		}
		o.t.Interfaces = slices.DeleteFunc(o.t.Interfaces, func(t *schema.Type) bool { return b.objects[t.Name].dropped })
	}
	changed := dropped != b.dropped
	b.dropped = dropped
	return changed
}

// setLabel finds what tells a row's type.
func (b *builder) setLabel(o *object) bool {
	name := o.decl.Label
	label := &schema.Field{Name: "type", Type: schema.Of(b.scalars["String"])}
	if o.t.Label = label; name == "" {
		b.report(o.fatal, o.on(""), "name it, as in `type_column: kind`", "nothing says which column tells the type of a row of %s", o.t.Name)
		return false
	}
	if o.rel == nil {
		label.Key = name
		b.hideLabel(o, name)
		return true
	}
	if c := o.rel.column(name); c != nil {
		if !c.Readable {
			b.reportUnreadable(o, o.on(""), c)
			return false
		}
		label.Column = o.t.Source.Column(name)
		b.hideLabel(o, name)
		return true
	}
	document, ok := b.document(o)
	keys := documentKeys(o)
	if !ok || document == nil || len(keys) > 0 && !slices.Contains(keys, name) {
		b.report(o.fatal, o.on(""), listed(name, append(o.columnNames(), keys...)), "%s has no column %s to tell the type of a row", o.rel, name)
		return false
	}
	label.Key = name
	b.hideLabel(o, name)
	o.t.Source.Document, o.t.Source.Computed = document.Name, o.rel.Kind == 'v' && document.Origin.Table == 0
	return true
}

// hideLabel leaves what tells the type to filters and orders, unless somebody declared it as a field: __typename tells it.
func (b *builder) hideLabel(o *object, name string) {
	if o.fatal {
		return
	}
	for _, part := range b.order {
		if part.dropped || part != o && part.decl.PartOf != o.t.Name {
			continue
		}
		if f := b.byEither(part, name); f != nil && !slices.ContainsFunc(o.decl.Fields, func(fd schema.FieldDecl) bool { return fd.SQLName == name }) {
			f.Hidden = true
		}
	}
}

func (b *builder) attachType(o *object, p schema.PossibleDecl) {
	of := b.objects[p.Type]
	on := cmp.Or(p.Origin, o.decl.Origin+", type "+p.Type)
	switch {
	case of == nil:
		cure := "declare it, or name its fields in the same row, as in `{name: " + p.Type + ", fields: [url]}`"
		if near := nearest(p.Type, b.objectNames()); near != "" {
			cure = "did you mean " + near + "?"
		}
		b.report(o.fatal, on, cure, "there is no object type %s", p.Type)
		return
	case of.t.Abstract():
		b.report(o.fatal, on, "name its types one by one", "%s is an interface or a union, and a row is of one object type", p.Type)
		return
	case of.dropped:
		if !of.fatal {
			b.report(o.fatal, on, "see what is said of "+of.decl.Origin, "it is left out, because %s cannot be served", p.Type)
		}
		return
	case o.rel == nil && of.rel != nil:
		b.report(o.fatal, on, "declare a type without a source for the object in the document", "%s has rows of its own, so it cannot be a part of a document", p.Type)
		return
	case o.rel != nil && of.rel == nil:
		b.report(o.fatal, on, "give it a source, or name its fields in the same row", "%s has no source that rows could be read from", p.Type)
		return
	}
	if i := slices.IndexFunc(o.t.Possible, func(q *schema.Possible) bool { return q.Type == of.t }); i >= 0 {
		o.t.Possible[i].Labels = append(o.t.Possible[i].Labels, p.Label)
		if of.t.Source != nil && of.t.Source.Only != nil && of.decl.PartOf == o.t.Name {
			of.t.Source.Only.Labels = o.t.Possible[i].Labels
		}
		return
	}
	made := &schema.Possible{Type: of.t, Labels: []string{p.Label}}
	switch {
	case o.rel == nil:
	case of.decl.PartOf == o.t.Name:
		of.t.Source.Only = &schema.Only{Label: o.t.Label, Labels: made.Labels}
		if o.t.Label.Key != "" && of.t.Source.Document == "" {
			of.t.Source.Document, of.t.Source.Computed = o.t.Source.Document, o.t.Source.Computed
		}
	default:
		if made.By = b.typeJoins(o, of, p, on); made.By == nil {
			return
		}
	}
	o.t.Possible = append(o.t.Possible, made)
	if o.t.Kind == schema.Interface {
		of.t.Interfaces = append(of.t.Interfaces, o.t)
	}
}

func (b *builder) objectNames() []string {
	var names []string
	for name, o := range b.objects {
		if !o.t.Abstract() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// typeJoins finds the columns that lead from a row to the row of its own source: those declared, or the columns that are named
// as that one's key.
func (b *builder) typeJoins(o, of *object, p schema.PossibleDecl, on string) []schema.Join {
	pairs := p.By
	if len(pairs) == 0 {
		for _, k := range of.t.Key {
			if k.Column == nil || o.rel.column(k.Column.Name) == nil {
				pairs = nil
				break
			}
			pairs = append(pairs, schema.Pair{Local: k.Column.Name, Remote: k.Column.Name})
		}
		if len(pairs) == 0 {
			b.report(o.fatal, on, "name the columns that join them, as in `"+p.Label+": {name: "+p.Type+", by: {post_id: id}}`",
				"%s has no columns that are named as the key of %s", o.rel, of.t.Name)
			return nil
		}
	}
	var joins []schema.Join
	for _, pair := range pairs {
		j, ok := b.join(pending{o: o, to: of, decl: schema.FieldDecl{Origin: on}}, pair)
		if !ok {
			return nil
		}
		joins = append(joins, j)
	}
	return joins
}

// checkLabels compares the labels with those of the column, when it is an enum.
func (b *builder) checkLabels(o *object) {
	var labels []string
	for _, p := range o.decl.Possible {
		if slices.Contains(labels, p.Label) {
			b.report(o.fatal, o.on(""), "leave one out", "%q stands for two types", p.Label)
		}
		labels = append(labels, p.Label)
	}
	if o.rel == nil || o.t.Label.Column == nil {
		return
	}
	t := b.f.base(o.rel.column(o.decl.Label).Type)
	if t == nil || t.Kind != 'e' {
		return
	}
	for _, l := range labels {
		if !slices.Contains(t.Labels, l) {
			b.report(o.fatal, o.on(""), listed(l, t.Labels), "%q is not a label of the enum %s.%s", l, t.Schema, t.Name)
		}
	}
	for _, l := range t.Labels {
		if !slices.Contains(labels, l) {
			b.report(false, o.on(""), "say which type it stands for", "%q stands for no type of %s: a row with it is answered with an error", l, o.t.Name)
		}
	}
}

// checkShared compares the fields of an interface with those of its types. What was discovered loses the fields that not all
// of them have.
// Source: GraphQL specification, section 3.6.1, "IsValidImplementation".
func (b *builder) checkShared(o *object) {
	if o.t.Kind != schema.Interface {
		return
	}
	shown := 0
	for _, f := range o.t.Fields {
		if f.Hidden {
			continue
		}
		if f.Batch != nil {
			b.report(true, o.on(f.Name), "declare it on each of the types", "a field made in Go cannot be on the interface %s", o.t.Name)
			continue
		}
		for _, p := range o.t.Possible {
			if why := unlike(p.Type, f); why != "" {
				b.report(o.fatal, o.on(f.Name), "give "+p.Type.Name+" the field, or leave it out of the interface", "%s", why)
				f.Hidden = true
			}
		}
		if !f.Hidden {
			shown++
		}
	}
	if shown == 0 && !b.told(o) {
		b.report(o.fatal, o.on(""), "make it a union", "%s has no field that all its types have", o.t.Name)
		o.dropped = true
	}
}

// unlike tells why an object does not have an interface's field.
func unlike(t *schema.Type, f *schema.Field) string {
	i := slices.IndexFunc(t.Fields, func(own *schema.Field) bool { return own.Name == f.Name && !own.Hidden })
	if i < 0 {
		return fmt.Sprintf("%s has no field %s, which the interface promises", t.Name, f.Name)
	}
	own := t.Fields[i]
	many := func(f *schema.Field) bool { return f.Relation != nil && f.Relation.Many }
	if own.Type.Base() != f.Type.Base() || !narrower(own.Type, f.Type) {
		return fmt.Sprintf("%s.%s is %s, where the interface promises %s", t.Name, f.Name, own.Type, f.Type)
	}
	if many(own) != many(f) {
		return fmt.Sprintf("%s.%s takes other arguments than the interface promises, because only one of them is a relation", t.Name, f.Name)
	}
	return ""
}

// narrower tells whether a type may stand where another one is promised, their names aside.
func narrower(own, promised *schema.Ref) bool {
	if promised.NonNull && !own.NonNull || (own.Elem == nil) != (promised.Elem == nil) {
		return false
	}
	return own.Elem == nil || narrower(own.Elem, promised.Elem)
}

// nodeName is the interface of all types that have a global id.
const nodeName = "Node"

// addGlobal gives every type that a query leads to and that has a key a global id, and makes the queries that find a row by it.
// Source: Relay's "GraphQL Server Specification", object identification.
func (b *builder) addGlobal() {
	name := b.o.GlobalNode
	if name == "" {
		return
	}
	const on = "option GlobalNode"
	if !schema.ValidName(name) {
		b.report(true, on, "name it nodeId", "%q cannot be a field's name", name)
		return
	}
	if owner, taken := b.claims[nodeName]; taken {
		b.report(true, on, "give that another name", "the type name %s is taken by %s", nodeName, owner)
		return
	}
	id := schema.NonNull(schema.Of(b.scalars["ID"]))
	field := func() *schema.Field {
		return &schema.Field{Name: name, Type: id, Description: "The id of this row among all rows of the API.", Global: true, NoFilter: true, NoOrder: true}
	}
	node := &schema.Type{Kind: schema.Interface, Name: nodeName, Description: "A row that can be found by its global id.", Fields: []*schema.Field{field()}}
	node.Label = &schema.Field{Name: "type", Type: schema.Of(b.scalars["String"])}
	reached := reach(b.query)
	for _, o := range b.order {
		if o.dropped || o.rel == nil || len(o.t.Key) == 0 || o.t.Abstract() || !reached[o.t] {
			continue
		}
		if o.field(name) != nil {
			b.report(o.fatal, o.on(name), "give the field or the global id another name", "%s has a field %s already, so it gets no global id", o.t.Name, name)
			continue
		}
		o.t.Fields = slices.Insert(o.t.Fields, 0, field())
		o.t.Interfaces = append(o.t.Interfaces, node)
		node.Possible = append(node.Possible, &schema.Possible{Type: o.t, Labels: []string{o.t.Name}})
	}
	if len(node.Possible) == 0 {
		b.report(false, on, "give a type a key, as in `key: [id]`", "no type that can be asked for has a key, so there are no global ids")
		return
	}
	b.claims[nodeName] = reserved
	root := func() *schema.Root { return &schema.Root{Kind: schema.Global, Of: node} }
	b.addQuery(&schema.Field{
		Name: "node", Type: schema.Of(node), Root: root(), Description: "The row of a global id, or null.",
		Args: []*schema.Field{{Name: "id", Type: id, Description: "As " + name + " gave it."}},
	}, on, true)
	b.addQuery(&schema.Field{
		Name: "nodes", Type: schema.NonNull(schema.ListOf(schema.Of(node))), Root: root(), Description: "The rows of global ids, in their order; null for one that is not there.",
		Args: []*schema.Field{{Name: "ids", Type: schema.NonNull(schema.ListOf(id)), Description: "As " + name + " gave them."}},
	}, on, true)
}

// reach finds the types that a query leads to.
func reach(query *schema.Type) map[*schema.Type]bool {
	seen := map[*schema.Type]bool{}
	var add func(t *schema.Type)
	add = func(t *schema.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, p := range t.Possible {
			add(p.Type)
		}
		for _, f := range t.Fields {
			if !f.Hidden {
				add(f.Type.Base())
			}
		}
	}
	add(query)
	return seen
}

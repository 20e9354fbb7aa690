package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/operator"
	"github.com/fraiseql/fraiseql-go/schema"
)

// fill makes an object's fields.
func (b *builder) fill(o *object) {
	if o.dropped {
		return
	}
	if o.rel == nil {
		b.fillShape(o)
		return
	}
	o.t.Source = &schema.Source{Schema: o.rel.Schema, Name: o.rel.Name}
	for _, c := range o.rel.Columns {
		if c.Readable {
			o.t.Source.Columns = append(o.t.Source.Columns, b.column(c))
		}
	}
	document, ok := b.document(o)
	if !ok {
		o.dropped = true
		return
	}
	if o.decl.Closed {
		b.fillDeclared(o, document)
	} else {
		b.fillOpen(o, document)
	}
	b.narrow(o)
	b.setKey(o)
	for _, f := range o.t.Fields {
		if f.Key != "" && f.Column == nil {
			o.t.Source.Document = document.Name
			// A view that only passes a stored document on does not make it.
			o.t.Source.Computed = o.rel.Kind == 'v' && document.Origin.Table == 0
		}
	}
	b.setNotNull(o)
	b.setFilters(o)
	if o.t.Kind == schema.Union { // its rows are filtered by what cannot be selected
		for _, f := range o.t.Fields {
			f.Hidden = true
		}
	}
}

// fillShape makes the fields of a type without a source: keys of a JSON object.
func (b *builder) fillShape(o *object) {
	for _, fd := range o.decl.Fields {
		if len(fd.By) > 0 {
			b.report(o.fatal, fieldOrigin(o, fd), "give the type a source", "a relation needs a source with columns, and %s has none", o.t.Name)
			continue
		}
		b.addDocumentField(o, fd, sqlNameOf(fd))
	}
	if o.t.Kind == schema.Union {
		for _, f := range o.t.Fields {
			f.Hidden = true
		}
	}
}

// document finds the JSON column that holds a row's document; nil when there is none.
func (b *builder) document(o *object) (*Column, bool) {
	name := cmp.Or(o.decl.Document, "data")
	if name == "none" {
		return nil, true
	}
	c := o.rel.column(name)
	if c != nil && isJSON(b.f.base(c.Type)) && c.Readable && !o.notes[name].hidden() {
		return c, true
	}
	if o.decl.Document == "" {
		return nil, true
	}
	switch {
	case c == nil:
		b.report(o.fatal, o.on(""), listed(name, o.columnNames()), "%s has no column %s for the document", o.rel, name)
	case !isJSON(b.f.base(c.Type)):
		b.report(o.fatal, o.on(""), "name a json or jsonb column, or none", "the document's column %s is %s", name, b.f.sqlName(b.f.base(c.Type)))
	case !c.Readable:
		b.reportUnreadable(o, o.on(""), c)
	default:
		b.report(o.fatal, o.on(""), "correct the comment on the column", "the document's column %s is kept back by its comment", name)
	}
	return nil, false
}

func (o *object) columnNames() []string {
	names := make([]string, 0, len(o.rel.Columns))
	for _, c := range o.rel.Columns {
		names = append(names, c.Name)
	}
	return names
}

// fillDeclared serves the declared fields and nothing else.
func (b *builder) fillDeclared(o *object, document *Column) {
	for _, fd := range o.decl.Fields {
		if b.isRelation(o, fd) {
			b.addRelation(o, fd)
			continue
		}
		c, ok := b.columnOf(o, fd)
		switch {
		case !ok:
		case c != nil:
			b.addColumnField(o, fd, c)
		default:
			b.addOutside(o, fd, document)
		}
	}
}

// fillOpen serves every column, changed by what is declared.
func (b *builder) fillOpen(o *object, document *Column) {
	taken := map[string]bool{}
	columns := map[string]schema.FieldDecl{}
	var rest []schema.FieldDecl
	for _, fd := range o.decl.Fields {
		if b.isRelation(o, fd) {
			rest = append(rest, fd)
			continue
		}
		c, ok := b.columnOf(o, fd)
		switch {
		case !ok:
		case c != nil:
			columns[c.Name] = fd
		default:
			rest = append(rest, fd)
		}
	}
	if document != nil && columns[document.Name].Type != "" {
		document = nil // asked for as it is
	}
	var unreadable, quoted []string
	for _, c := range o.rel.Columns {
		fd, declared := columns[c.Name]
		switch {
		case o.notes[c.Name].hidden(), c == document:
			continue
		case !b.exposes(o, c.Name, cmp.Or(fd.Name, camel(c.Name))):
			continue
		case !c.Readable && !declared:
			unreadable, quoted = append(unreadable, c.Name), append(quoted, ident(c.Name))
			continue
		}
		fd.SQLName = c.Name
		b.addColumnField(o, fd, c)
		taken[c.Name] = true
	}
	if len(unreadable) > 0 {
		b.report(false, o.on(""), "GRANT SELECT ("+strings.Join(quoted, ", ")+") ON "+o.rel.sql()+" TO the role that connects, or leave them out by expose_fields",
			"the role may not read the columns %s, so they are left out", strings.Join(unreadable, ", "))
	}
	if document != nil {
		b.addDerived(o, document, taken)
	}
	for _, fd := range rest {
		switch {
		case b.isRelation(o, fd):
			b.addRelation(o, fd)
		default:
			b.addOutside(o, fd, document)
		}
	}
}

// addOutside serves a declared field that is no column: a key of the document, if there is one
// and its shape does not speak against it.
func (b *builder) addOutside(o *object, fd schema.FieldDecl, document *Column) {
	name := cmp.Or(fd.SQLName, fd.Name)
	if document == nil {
		b.report(o.fatal, fieldOrigin(o, fd), listed(name, o.columnNames()), "%s has no column %s", o.rel, sqlNameOf(fd))
		return
	}
	made := o.rel.Document[document.Name]
	known := make([]string, 0, len(made))
	for _, k := range made {
		known = append(known, k.Key)
	}
	if len(known) > 0 && !slices.Contains(known, sqlNameOf(fd)) {
		b.report(o.fatal, fieldOrigin(o, fd), listed(name, known), "neither %s nor the document that it makes in %s has %s", o.rel, document.Name, sqlNameOf(fd))
		return
	}
	b.addDocumentField(o, fd, sqlNameOf(fd))
}

// exposes tells whether expose_fields lets a name through.
func (b *builder) exposes(o *object, names ...string) bool {
	if slices.ContainsFunc(names, func(n string) bool { return slices.Contains(o.decl.Except, n) }) {
		return false
	}
	return len(o.decl.Expose) == 0 || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(o.decl.Expose, n) })
}

// columnOf finds the native column of a declared field. It is not ok when the name stands for
// two of them.
func (b *builder) columnOf(o *object, fd schema.FieldDecl) (*Column, bool) {
	if fd.SQLName != "" {
		return o.rel.column(fd.SQLName), true
	}
	var found *Column
	for _, c := range o.rel.Columns {
		if camel(c.Name) != fd.Name && c.Name != fd.Name {
			continue
		}
		if found != nil {
			b.report(o.fatal, fieldOrigin(o, fd), "name the column", "the columns %s and %s could both be meant", found.Name, c.Name)
			return nil, false
		}
		found = c
	}
	if found == nil {
		found = o.rel.column(snake(fd.Name))
	}
	return found, true
}

func fieldOrigin(o *object, fd schema.FieldDecl) string {
	return cmp.Or(fd.Origin, o.on(cmp.Or(fd.Name, fd.SQLName)))
}

// addColumnField serves a native column.
func (b *builder) addColumnField(o *object, fd schema.FieldDecl, c *Column) {
	on := cmp.Or(fd.Origin, "column "+o.rel.qualified()+"."+c.Name)
	if o.fatal && fd.Type != "" {
		on = fieldOrigin(o, fd)
	}
	note := o.notes[c.Name]
	if note.hidden() {
		b.report(o.fatal, on, "correct the comment on the column "+o.rel.qualified()+"."+c.Name, "the column %s is kept back by its comment", c.Name)
		return
	}
	if !c.Readable {
		b.reportUnreadable(o, on, c)
		return
	}
	f := &schema.Field{
		Name: cmp.Or(fd.Name, camel(c.Name)), Description: cmp.Or(fd.Description, note.description), Deprecated: cmp.Or(fd.Deprecated, note.deprecated),
		Column: o.t.Source.Column(c.Name), Requires: b.required(on, fd.Requires, note.requires),
	}
	if !b.named(o, f, c.Name, on) {
		return
	}
	t := b.f.base(c.Type)
	if fd.Type == "" && isSearch(t) { // only filters know it
		f.Hidden, f.NoOrder = true, true
		f.Type = schema.Of(&schema.Type{Kind: schema.Scalar, Name: operator.FullTextName})
		b.addField(o, f, c.Name)
		return
	}
	if fd.Type == "" {
		ref, why := b.usual(c.Type)
		if ref == nil {
			b.report(false, on, "cast it in a view, as in "+ident(c.Name)+"::text AS "+ident(c.Name)+", or leave it out", "the column is left out: %s", why)
			return
		}
		if c.Null == NotNull {
			ref = schema.NonNull(ref)
		}
		f.Type = ref
		b.implicit[f] = true
	} else {
		w, declared := b.output(fd.Type, on, o.fatal)
		if declared == nil {
			return
		}
		if ok, offer := b.fits(c.Type, w, declared); !ok {
			cure := "cast it in a view, as in " + ident(c.Name) + "::text AS " + ident(c.Name)
			if offer != "" {
				cure = "declare " + offer
			}
			b.report(o.fatal, on, cure, "the column %s is %s, which cannot be served as %s", c.Name, b.f.sqlName(t), fd.Type)
			return
		}
		f.Type = w.with(declared)
	}
	f.NoFilter = nestedList(f.Type)
	f.NoOrder = unordered(f.Type) || !f.Type.Base().Composite() && (!f.Column.Ordered || isJSON(t))
	f.Collation = b.collation(o, f, note.collation, on)
	b.addField(o, f, c.Name)
}

func (b *builder) reportUnreadable(o *object, on string, c *Column) {
	b.report(o.fatal, on, "GRANT SELECT ("+ident(c.Name)+") ON "+o.rel.sql()+" TO the role that connects",
		"the role may not read the column %s", c.Name)
}

// inDocuments names the shapes that stand in a source's document. A shape that only Go makes
// may hold objects that have rows of their own: it holds what Go put there.
func (b *builder) inDocuments() map[string]bool {
	if b.shapes != nil {
		return b.shapes
	}
	b.shapes = map[string]bool{}
	var add func(o *object)
	add = func(o *object) {
		for _, fd := range o.decl.Fields {
			name := strings.Trim(fd.Type, "[]! ")
			inner := b.objects[name]
			if inner != nil && inner.decl.Source == "" && len(fd.By) == 0 && !b.shapes[name] {
				b.shapes[name] = true
				add(inner)
			}
		}
		for _, p := range o.decl.Possible {
			if inner := b.objects[p.Type]; inner != nil && o.rel == nil && !b.shapes[p.Type] {
				b.shapes[p.Type] = true
				add(inner)
			}
		}
	}
	for _, o := range b.order {
		if o.rel != nil {
			add(o)
		}
	}
	return b.shapes
}

// addDocumentField serves a key of a JSON object.
func (b *builder) addDocumentField(o *object, fd schema.FieldDecl, key string) {
	on := fieldOrigin(o, fd)
	f := &schema.Field{Name: cmp.Or(fd.Name, camel(key)), Description: fd.Description, Deprecated: fd.Deprecated, Key: key, Requires: fd.Requires}
	if !b.named(o, f, key, on) {
		return
	}
	w, t := b.output(fd.Type, on, o.fatal)
	if t == nil {
		return
	}
	if inner := b.objects[t.Name]; inner != nil && inner.decl.Source != "" && (o.rel != nil || b.inDocuments()[o.t.Name]) {
		b.report(o.fatal, on, "join it by columns, or declare a type without a source for the object in the document",
			"%s has rows of its own, so it cannot be a part of a document", t.Name)
		return
	}
	f.Type = w.with(t)
	f.NoFilter, f.NoOrder = nestedList(f.Type), unordered(f.Type)
	f.Collation = b.collation(o, f, "", on)
	if path := t.Underlying(); path.Name == "LTreePath" && path.SQL == "" && !f.NoFilter {
		b.report(false, on, "CREATE EXTENSION ltree", "its operators on paths are left out, because the extension ltree is not installed")
	}
	b.addField(o, f, key)
}

// nestedList tells a list of lists, whose elements no operator can take.
func nestedList(ref *schema.Ref) bool { return ref.Elem != nil && ref.Elem.Elem != nil }

// unordered tells a type whose values nothing is sorted by, whatever holds them.
func unordered(ref *schema.Ref) bool {
	t := ref.Base()
	return ref.Elem != nil || t.Range != "" || t.Name == "JSON"
}

// named refuses a field whose name GraphQL does not allow, or which another field has.
func (b *builder) named(o *object, f *schema.Field, sql, on string) bool {
	if !schema.ValidName(f.Name) {
		b.report(o.fatal, on, "give it another name, as in COMMENT … IS '@fraiseql:field name=…'",
			"it is left out: %q cannot be a field's name", f.Name)
		return false
	}
	if other := o.field(f.Name); other != nil {
		first := cmp.Or(b.sqlNames[other], other.Name)
		b.report(o.fatal, on, "give one of them another name, as in COMMENT … IS '@fraiseql:field name=…'",
			"%s and %s would both be named %s, so the second is left out", first, sql, f.Name)
		return false
	}
	return true
}

// field finds a field while the type is being made.
func (o *object) field(name string) *schema.Field {
	for _, f := range o.t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (b *builder) addField(o *object, f *schema.Field, sql string) {
	b.sqlNames[f] = sql
	o.t.Fields = append(o.t.Fields, f)
}

// byEither finds a field by its GraphQL or database name.
func (b *builder) byEither(o *object, name string) *schema.Field {
	for _, f := range o.t.Fields {
		if b.sqlNames[f] == name {
			return f
		}
	}
	return o.field(name)
}

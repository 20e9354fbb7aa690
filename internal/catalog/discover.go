package catalog

import (
	"cmp"
	"path"
	"slices"

	"github.com/fraiseql/fraiseql-go/schema"
)

// columnNote is the comment on a column, read.
type columnNote struct {
	fieldNote
	annotated bool
	broken    bool // the annotation cannot be read; what it guards is not known either
}

// columnNotes reads the comments on a relation's columns. What cannot be read is reported, and
// its column is not served: a guard might have stood there.
func (b *builder) columnNotes(rel *Relation) map[string]columnNote {
	notes := map[string]columnNote{}
	for _, c := range rel.Columns {
		a := readComment(c.Comment)
		on := "comment on column " + rel.qualified() + "." + c.Name
		note := columnNote{annotated: a.kind != ""}
		switch a.kind {
		case "":
		case "field":
			var err error
			if note.fieldNote, err = readFieldNote(a); err != nil {
				b.report(false, on, "correct the comment", "the column is left out: %s", oneLine(err))
				note.broken = true
			}
		default:
			b.report(false, on, "write @fraiseql:field", "the column is left out: @fraiseql:%s is not known on a column", a.kind)
			note.broken = true
		}
		note.description = cmp.Or(note.description, a.text)
		notes[c.Name] = note
	}
	return notes
}

// hidden tells whether a comment keeps a column back.
func (n columnNote) hidden() bool { return n.broken }

// discover takes what comments annotate and what patterns expose.
func (b *builder) discover() {
	for _, name := range b.f.Missing {
		b.report(false, "schema "+name, "create it, or name other schemas", "there is no schema %s", name)
	}
	var plain []*Relation
	matched := make([]bool, len(b.o.Expose))
	for _, rel := range b.f.Relations {
		if rel.Inner {
			continue
		}
		exposed := b.matches(rel, matched)
		declared := slices.ContainsFunc(b.order, func(o *object) bool { return o.rel == rel && o.fatal })
		switch annotated := readComment(rel.Comment).kind != ""; {
		case declared:
		case annotated && (b.o.Discover || exposed):
			b.discoverType(rel)
		case exposed:
			plain = append(plain, rel)
		case b.o.Discover:
			b.reportStray(rel)
		}
	}
	// Annotated types first: they have the better right to a name.
	for _, rel := range plain {
		b.addDiscovered(rel, &typeNote{description: readComment(rel.Comment).text}, rel.String())
	}
	for i, pattern := range b.o.Expose {
		if _, err := path.Match(pattern, ""); err != nil {
			b.report(true, "pattern "+pattern, "write it as v_* or app.v_*", "the pattern cannot be read: %s", err)
		} else if !matched[i] {
			b.report(false, "pattern "+pattern, "correct the pattern, or name the schema among those that are read", "no relation matches it")
		}
	}
}

func (b *builder) matches(rel *Relation, matched []bool) bool {
	found := false
	for i, pattern := range b.o.Expose {
		byName, _ := path.Match(pattern, rel.Name)
		byBoth, _ := path.Match(pattern, rel.qualified())
		if byName || byBoth {
			matched[i], found = true, true
		}
	}
	return found
}

// reportStray names annotated columns of a relation that nothing serves.
func (b *builder) reportStray(rel *Relation) {
	for _, c := range rel.Columns {
		if readComment(c.Comment).kind != "" {
			b.report(false, "comment on column "+rel.qualified()+"."+c.Name,
				"annotate the "+rel.kind()+" too: COMMENT ON "+sqlKind(rel)+" "+rel.sql()+" IS '@fraiseql:type'",
				"the annotation has no effect, because %s is not served", rel)
		}
	}
}

func sqlKind(rel *Relation) string {
	switch rel.Kind {
	case 'v':
		return "VIEW"
	case 'm':
		return "MATERIALIZED VIEW"
	case 'f':
		return "FOREIGN TABLE"
	}
	return "TABLE"
}

func (b *builder) discoverType(rel *Relation) {
	a := readComment(rel.Comment)
	on := "comment on " + rel.String()
	if typeKinds[a.kind] == 0 {
		b.report(false, on, "write @fraiseql:type, @fraiseql:interface or @fraiseql:union", "it is left out: @fraiseql:%s is not known on a relation", a.kind)
		return
	}
	note, err := readTypeNote(a)
	if err != nil {
		b.report(false, on, "correct the comment", "it is left out: %s", oneLine(err))
		return
	}
	note.description = cmp.Or(note.description, a.text)
	b.addDiscovered(rel, note, on)
}

// addDiscovered turns a note into a declaration.
func (b *builder) addDiscovered(rel *Relation, note *typeNote, on string) {
	if !b.readable(rel, on, false) {
		return
	}
	decl := &schema.TypeDecl{
		Name: cmp.Or(note.name, typeName(rel.Name)), Description: note.description, Origin: on,
		Source: rel.qualified(), Document: note.document, Expose: note.expose, Filters: note.filters, Key: note.key, NotNull: note.notNull, Collation: note.collation, Requires: note.requires,
		Closed: len(note.fields) > 0, Queries: &schema.QueryNames{One: note.one, List: note.list, Connection: note.connection, Aggregate: note.aggregate, Groups: note.groups},
	}
	if note.kind > schema.Object {
		abstractDecl(decl, note)
	}
	o := &object{decl: decl, rel: rel, notes: b.columnNotes(rel)}
	if !b.addObject(o) {
		return
	}
	decl.Fields = b.shapeFields(decl, on, note.fields)
	for i := range decl.Fields {
		fd := &decl.Fields[i]
		cn := o.notes[fd.SQLName]
		fd.Name, fd.Description, fd.Deprecated = cn.name, cn.description, cn.deprecated
		if cn.typ != "" && cn.typ != fd.Type {
			b.report(false, fd.Origin, "write the type in one place", "the type is %s in `fields` and %s on the column", fd.Type, cn.typ)
		}
	}
	for _, c := range rel.Columns {
		cn := o.notes[c.Name]
		has := slices.ContainsFunc(decl.Fields, func(fd schema.FieldDecl) bool { return fd.SQLName == c.Name })
		if has || cn.hidden() || decl.Closed && !cn.annotated {
			continue
		}
		if cn.annotated || cn.description != "" {
			decl.Fields = append(decl.Fields, schema.FieldDecl{
				Name: cn.name, SQLName: c.Name, Type: cn.typ, Description: cn.description, Deprecated: cn.deprecated,
				Origin: "column " + rel.qualified() + "." + c.Name,
			})
		}
	}
	b.addRelations(o, note.relations, on)
	if note.kind > schema.Object {
		b.addPossible(o, note, on)
	}
}

// addRelations declares what a comment says of an object's relations.
func (b *builder) addRelations(o *object, notes []relationNote, on string) {
	for _, r := range notes {
		fd := schema.FieldDecl{Name: camel(r.name), Type: r.to, Beside: r.beside, Requires: r.requires, Origin: on + ", relation " + r.name}
		if w, err := parseType(r.to); err != nil || w.elem != nil || w.nonNull {
			b.report(false, fd.Origin, "write a type's name, and `many: true` for a list", "`to: %s` is not a type's name", r.to)
			continue
		}
		if r.many {
			fd.Type = "[" + r.to + "!]!"
		}
		for _, pair := range r.by {
			fd.By = append(fd.By, schema.Pair{Local: pair[0], Remote: pair[1]})
		}
		o.decl.Fields = append(o.decl.Fields, fd)
		o.relations = append(o.relations, fd.Name)
	}
}

// shapeFields declares the fields of a document, and a type for each nested shape.
func (b *builder) shapeFields(of *schema.TypeDecl, on string, notes []fieldNote) []schema.FieldDecl {
	fields := make([]schema.FieldDecl, 0, len(notes))
	for _, n := range notes {
		fd := schema.FieldDecl{SQLName: n.name, Type: n.typ, Origin: on + ", field " + n.name}
		if len(n.fields) > 0 || n.on != "" {
			nested := of.Name + pascal(n.name)
			o := &object{decl: &schema.TypeDecl{Name: nested, Origin: fd.Origin, Collation: of.Collation}}
			if n.on != "" {
				o.decl.Kind, o.decl.Label = schema.Interface, n.on
				if len(n.fields) == 0 {
					o.decl.Kind = schema.Union
				}
			}
			if !b.addObject(o) {
				continue
			}
			o.decl.Fields = b.shapeFields(o.decl, on, n.fields)
			if n.on != "" {
				b.addKinds(o, n)
			}
			fd.Type = nested
			if n.list {
				fd.Type = "[" + nested + "!]"
			}
		}
		fields = append(fields, fd)
	}
	return fields
}

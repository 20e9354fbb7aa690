package catalog

import (
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// typeKinds are the annotations of relations.
var typeKinds = map[string]schema.Kind{"type": schema.Object, "interface": schema.Interface, "union": schema.Union}

// possibleNote is a type that a row of an interface or union can be.
type possibleNote struct {
	label, name, description string

	inRow     bool // it has what the row has: fields, or no source of its own
	columns   []string
	fields    []fieldNote
	relations []relationNote
	by        [][2]string
	queries   typeNote
}

const possibleExample = "an object such as {post: Post, link: {name: Link, fields: [url]}}"

// readPossible reads `types: {post: Post, link: {name: Link, fields: [url]}}`.
func readPossible(k entry) ([]possibleNote, error) {
	m, err := k.mapping(possibleExample)
	if err != nil {
		return nil, err
	}
	var all []possibleNote
	err = m.each(nil, func(k entry) (err error) {
		n := possibleNote{label: k.name}
		none := ""
		n.queries.one, n.queries.list, n.queries.connection, n.queries.aggregate, n.queries.groups = &none, &none, &none, &none, &none
		if k.form() != formMapping {
			n.name, err = k.text()
			all = append(all, n)
			return err
		}
		m, err := k.mapping(possibleExample)
		if err != nil {
			return err
		}
		err = m.each([]string{"name", "description", "fields", "relations", "by", "queries"}, func(k entry) (err error) {
			switch k.name {
			case "name":
				n.name, err = k.text()
			case "description":
				n.description, err = k.text()
			case "fields":
				n.inRow = true
				switch k.form() {
				case formMapping:
					n.fields, err = readShape(k)
				default:
					if empty, is := k.emptyList(); !is || !empty {
						n.columns, err = k.names()
					}
				}
			case "relations":
				n.relations, err = readRelations(k)
			case "by":
				n.by, err = readBy(k)
			case "queries":
				err = readQueries(k, &n.queries)
			}
			return err
		})
		switch {
		case err != nil:
		case n.name == "":
			err = k.fault("has no `name`: name the type")
		case n.inRow && n.by != nil:
			err = k.fault("has both `fields` and `by`: `fields` stand in the same row, `by` leads to another source")
		case !n.inRow && (n.relations != nil || n.description != ""):
			err = k.fault("names a type with a source of its own: describe it there, or name its `fields` in the same row ([] for none)")
		}
		all = append(all, n)
		return err
	})
	if err == nil && len(all) == 0 {
		err = k.fault("is empty: name the types that a row can be")
	}
	return all, err
}

// nest reads the shape of an object in a document.
func (f *fieldNote) nest(k entry) error {
	fields, err := readFields(k)
	for _, inner := range fields {
		key, is := strings.CutPrefix(inner.name, "on ")
		switch {
		case !is:
			f.fields = append(f.fields, inner)
		case f.on != "":
			return k.fault("has `on` twice: one key tells the kind of an object")
		default:
			f.on, f.kinds = strings.TrimSpace(key), inner.fields
		}
	}
	return err
}

// readKinds reads `on kind: {text: {body: String!}, line: {}}`.
func readKinds(k entry) ([]fieldNote, error) {
	const example = "the kinds and their own fields such as {text: {body: String!}, line: {}}"
	m, err := k.mapping(example)
	if err != nil {
		return nil, err
	}
	var kinds []fieldNote
	err = m.each(nil, func(k entry) (err error) {
		kind := fieldNote{name: k.name}
		fields, err := k.mapping(example)
		if err == nil && len(fields.pairs) > 0 {
			kind.fields, err = readShape(k)
		}
		kinds = append(kinds, kind)
		return err
	})
	if err == nil && len(kinds) == 0 {
		err = k.fault("is empty: name the kinds and their own fields")
	}
	return kinds, err
}

// abstractDecl makes a declaration that of an interface or a union.
func abstractDecl(decl *schema.TypeDecl, note *typeNote) {
	decl.Kind, decl.Label = note.kind, note.typeColumn
	if note.kind == schema.Union { // of what is common to its rows, nothing can be selected
		none := ""
		if decl.Queries.Aggregate == nil {
			decl.Queries.Aggregate = &none
		}
		if decl.Queries.Groups == nil {
			decl.Queries.Groups = &none
		}
	}
}

// own lists the columns and document keys that a type does not share with the others of its row.
func (n *possibleNote) own() []string {
	names := slices.Clone(n.columns)
	for _, f := range n.fields {
		names = append(names, f.name)
	}
	return names
}

// addPossible declares the types that a row of an interface or union can be, as far as they are in the same row.
func (b *builder) addPossible(o *object, note *typeNote, on string) {
	all := *o.decl // with all that any of the types has
	var owned []string
	for i := range note.types {
		for _, name := range note.types[i].own() {
			if !slices.Contains(owned, name) {
				owned = append(owned, name)
			}
		}
	}
	without := func(names, except []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(except, n) })
	}
	part := func(d *schema.TypeDecl, except []string) {
		d.Except = except
		d.Expose, d.Filters, d.NotNull = without(all.Expose, except), without(all.Filters, except), without(all.NotNull, except)
		d.Fields = slices.DeleteFunc(slices.Clone(all.Fields), func(fd schema.FieldDecl) bool {
			return len(fd.By) == 0 && slices.Contains(except, fd.SQLName)
		})
	}
	part(o.decl, owned)
	for i := range note.types {
		n := &note.types[i]
		p := schema.PossibleDecl{Label: n.label, Type: n.name, Origin: on + ", type " + n.name}
		for _, pair := range n.by {
			p.By = append(p.By, schema.Pair{Local: pair[0], Remote: pair[1]})
		}
		o.decl.Possible = append(o.decl.Possible, p)
		if !n.inRow {
			continue
		}
		own := n.own()
		d := &schema.TypeDecl{
			Name: n.name, Description: n.description, Origin: p.Origin, Source: all.Source, Document: all.Document, Key: all.Key,
			Collation: all.Collation, Closed: all.Closed, PartOf: all.Name, Requires: all.Requires,
		}
		part(d, without(owned, own))
		if len(d.Expose) > 0 {
			d.Expose = append(d.Expose, without(own, d.Expose)...)
		}
		if len(d.Filters) > 0 {
			d.Filters = append(d.Filters, without(own, d.Filters)...)
		}
		q := n.queries
		d.Queries = &schema.QueryNames{One: q.one, List: q.list, Connection: q.connection, Aggregate: q.aggregate, Groups: q.groups}
		in := &object{decl: d, rel: o.rel, notes: o.notes, relations: slices.Clone(o.relations)}
		if !b.addObject(in) {
			continue
		}
		d.Fields = append(d.Fields, b.shapeFields(d, p.Origin, n.fields)...)
		for _, name := range n.columns {
			has := slices.ContainsFunc(d.Fields, func(fd schema.FieldDecl) bool { return fd.SQLName == name })
			if all.Closed && !has {
				d.Fields = append(d.Fields, schema.FieldDecl{SQLName: name, Name: o.notes[name].name, Type: o.notes[name].typ, Origin: p.Origin + ", field " + name})
			}
			if o.rel.column(name) == nil && !slices.ContainsFunc(documentKeys(o), func(key string) bool { return key == name }) {
				b.report(false, p.Origin, listed(name, o.columnNames()), "%s has no column %s", o.rel, name)
			}
		}
		b.addRelations(in, n.relations, p.Origin)
	}
}

// documentKeys lists the keys that a view's rule shows of its documents.
func documentKeys(o *object) []string {
	var keys []string
	for _, made := range o.rel.Document {
		for _, k := range made {
			keys = append(keys, k.Key)
		}
	}
	return keys
}

// addKinds declares the kinds of an object in a document.
func (b *builder) addKinds(o *object, n fieldNote) {
	for _, kind := range n.kinds {
		d := &schema.TypeDecl{Name: o.decl.Name + pascal(kind.name), Origin: o.decl.Origin + ", kind " + kind.name, Collation: o.decl.Collation}
		o.decl.Possible = append(o.decl.Possible, schema.PossibleDecl{Label: kind.name, Type: d.Name, Origin: d.Origin})
		if !b.addObject(&object{decl: d}) {
			continue
		}
		d.Fields = append(slices.Clone(o.decl.Fields), b.shapeFields(d, d.Origin, kind.fields)...)
	}
}

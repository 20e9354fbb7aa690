package catalog

import (
	"slices"

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

// abstractKeys are what only @fraiseql:interface and @fraiseql:union take.
var abstractKeys = keys[typeNote]{
	{Key{
		Name: "type_column", Form: formOfName, Example: "type_column: kind",
		Meaning: "The column, or the key of the document, whose value tells a row's type. It is no field itself, unless it is annotated.",
	}, into(func(n *typeNote) *string { return &n.typeColumn }, entry.text)},
	{Key{
		Name: "types", Form: formOfMapping, Example: "types: {article: Article, link: {name: Link, fields: [url]}}",
		Meaning: "For each of its values the type: the name of one that has a view of its own, or a mapping.",
		Named:   true, Keys: possibleKeys.told(),
	}, into(func(n *typeNote) *[]possibleNote { return &n.types }, readPossible)},
}

// possibleKeys are those of each of the types.
var possibleKeys = keys[possibleNote]{
	{Key{
		Name: "name", Form: formOfName, Example: "types: {article: {name: Article}, link: {name: Link, fields: [url]}}",
		Meaning: "The type's name.",
	}, into(func(n *possibleNote) *string { return &n.name }, entry.text)},
	{Key{
		Name: "description", Form: formOfText, Example: "types: {article: Article, link: {name: Link, description: A place elsewhere., fields: [url]}}",
		Meaning: "What the schema says of a type in the same row.",
		Default: "nothing",
	}, into(func(n *possibleNote) *string { return &n.description }, entry.text)},
	{Key{
		Name: "fields", Form: "list of names, or mapping", Example: "types: {article: Article, link: {name: Link, fields: {url: String!, clicks: Int}}}",
		Meaning: "What a type in the same row has there beside what all have: columns, or names and types as `fields` of the whole has them. `[]`: nothing.",
		Default: "the type has a view of its own",
	}, readOwn},
	{Key{
		Name: "relations", Form: formOfMapping, Example: "types: {article: Article, link: {name: Link, fields: [url], relations: {poster: {to: User, by: {author_id: id}}}}}",
		Meaning: "Relations that only a type in the same row has, with the keys of `relations`.",
		Default: "no relations",
	}, into(func(n *possibleNote) *[]relationNote { return &n.relations }, readRelations)},
	{Key{
		Name: "by", Form: formOfMapping, Example: "types: {article: {name: Article, by: {article_id: id}}, link: {name: Link, fields: [url]}}",
		Meaning: "How the row of a type with a view of its own is found: which column here equals which one there.",
		Default: "the columns that are named as the type's key",
	}, into(func(n *possibleNote) *[][2]string { return &n.by }, readBy)},
	{Key{
		Name: "queries", Form: "mapping, or `false`", Example: "types: {article: Article, link: {name: Link, fields: [url], queries: {list: links}}}",
		Meaning: "Queries for the rows of a type in the same row, with the keys of `queries`.",
		Default: "it has none",
	}, func(n *possibleNote, k entry) error { return readQueries(k, &n.queries) }},
}

// readOwn reads what a type in the same row has there for itself.
func readOwn(n *possibleNote, k entry) (err error) {
	n.inRow = true
	if k.form() == formMapping {
		n.fields, err = readShape(k)
	} else if empty, is := k.emptyList(); !is || !empty {
		n.columns, err = k.names()
	}
	return err
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
		err = possibleKeys.read(m, &n)
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

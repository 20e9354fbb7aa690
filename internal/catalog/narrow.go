package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// narrow applies expose_fields.
func (b *builder) narrow(o *object) {
	if len(o.decl.Expose) == 0 {
		return
	}
	for _, name := range o.decl.Expose {
		if b.byEither(o, name) == nil && !slices.Contains(o.relations, name) && o.rel.column(name) == nil {
			b.report(o.fatal, o.on(""), listed(name, b.fieldNames(o)), "expose_fields names %s, which is not a field", name)
		}
	}
	o.t.Fields = slices.DeleteFunc(o.t.Fields, func(f *schema.Field) bool {
		return f.Relation == nil && !b.exposes(o, f.Name, b.sqlNames[f])
	})
}

func (b *builder) fieldNames(o *object) []string {
	names := make([]string, 0, len(o.t.Fields))
	for _, f := range o.t.Fields {
		names = append(names, f.Name)
	}
	return names
}

// setKey finds the fields that identify a row.
func (b *builder) setKey(o *object) {
	names, declared := o.decl.Key, true
	if len(names) == 0 {
		for _, fd := range o.decl.Fields {
			if fd.Key {
				names = append(names, cmp.Or(fd.Name, camel(fd.SQLName)))
			}
		}
	}
	if len(names) == 0 {
		declared = false
		if names = o.rel.PrimaryKey; !b.mayKey(o, names) {
			names = []string{"id"}
		}
		if !b.mayKey(o, names) {
			b.tellLostKey(o)
			return
		}
	}
	var key []*schema.Field
	for _, name := range names {
		f := b.byEither(o, name)
		if f == nil && !o.fatal {
			f = b.addKeyColumn(o, name)
		}
		if f == nil {
			if declared {
				b.report(o.fatal, o.on(""), listed(name, b.fieldNames(o)), "the key names %s, which is not a field", name)
			}
			return
		}
		kind := f.Type.Base().Kind
		orderable := f.Column == nil || f.Column.Ordered
		if f.Relation != nil || f.Type.Elem != nil || kind != schema.Scalar && kind != schema.Enum || f.Type.Base().Name == "JSON" || !orderable {
			b.report(o.fatal, o.on(f.Name), "name another key", "it cannot be a key: it has no order")
			return
		}
		key = append(key, f)
	}
	o.t.Key = key
	if len(key) != 1 || !b.implicit[key[0]] {
		return
	}
	switch key[0].Type.Named.Name {
	case "UUID", "String", "Int", "BigInt":
		key[0].Type = &schema.Ref{Named: b.scalars["ID"], NonNull: key[0].Type.NonNull}
	}
}

// mayKey tells whether the columns of a key that nobody declared are served or may be added.
func (b *builder) mayKey(o *object, names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool {
		if b.byEither(o, name) != nil {
			return false
		}
		c := o.rel.column(name)
		return o.fatal || !o.decl.Closed || c == nil || !c.Readable || o.notes[name].hidden() || !b.exposes(o, name, camel(name))
	})
}

// tellLostKey names the column for want of which a primary key is none here. One that is kept back is meant to be.
func (b *builder) tellLostKey(o *object) {
	for _, name := range o.rel.PrimaryKey {
		c := o.rel.column(name)
		if c == nil || !c.Readable || o.fatal || o.decl.Closed || o.notes[name].hidden() || !b.exposes(o, name, camel(name)) || b.byEither(o, name) != nil {
			continue
		}
		b.report(false, o.on(""), "let the column be a field, or name another key, as in `key: [id]`",
			"no query finds one row of it, and it has no connection: its column %s, which is left out, is of the primary key", name)
		return
	}
}

// addKeyColumn serves a key column that a document's shape does not name.
func (b *builder) addKeyColumn(o *object, name string) *schema.Field {
	c := o.rel.column(name)
	if c == nil {
		return nil
	}
	before := len(o.t.Fields)
	b.addColumnField(o, schema.FieldDecl{SQLName: name}, c)
	if len(o.t.Fields) == before {
		return nil
	}
	f := o.t.Fields[before]
	o.t.Fields = slices.Insert(o.t.Fields[:before], 0, f)
	return f
}

// setNotNull applies not_null and refuses a NonNull that the catalog disproves.
func (b *builder) setNotNull(o *object) {
	for _, name := range o.decl.NotNull {
		f := b.byEither(o, name)
		if f == nil || f.Relation != nil {
			b.report(o.fatal, o.on(""), listed(name, b.fieldNames(o)), "not_null names %s, which is not a field", name)
			continue
		}
		f.Type = schema.NonNull(f.Type)
	}
	o.t.Fields = slices.DeleteFunc(o.t.Fields, func(f *schema.Field) bool {
		if f.Column == nil || !f.Type.NonNull {
			return false
		}
		c := o.rel.column(f.Column.Name)
		if c.Null != Nullable || o.decl.PartOf != "" { // null may be there for rows of other types
			return false
		}
		table, column := o.rel, c.Name
		for _, r := range b.f.Relations {
			if r.OID == c.Origin.Table && c.Origin.Table != 0 {
				table, column = r, c.Origin.Column
			}
		}
		b.report(o.fatal, o.on(f.Name), "declare it nullable, or ALTER TABLE "+table.sql()+" ALTER COLUMN "+ident(column)+" SET NOT NULL",
			"it is declared %s, but the column %s.%s may hold null", f.Type, table.qualified(), column)
		if slices.Contains(o.t.Key, f) {
			o.t.Key = nil
		}
		return true
	})
}

// setFilters applies filters.
func (b *builder) setFilters(o *object) {
	if len(o.decl.Filters) == 0 {
		return
	}
	for _, name := range o.decl.Filters {
		if f := b.byEither(o, name); f == nil {
			b.report(o.fatal, o.on(""), listed(name, b.fieldNames(o)), "filters names %s, which is not a field", name)
		}
	}
	for _, f := range o.t.Fields {
		if !slices.Contains(o.decl.Filters, f.Name) && !slices.Contains(o.decl.Filters, b.sqlNames[f]) {
			f.NoFilter = true
		}
	}
}

// addDerived serves the keys of a document whose shape the view's rule tells.
func (b *builder) addDerived(o *object, document *Column, taken map[string]bool) {
	keys := o.rel.Document[document.Name]
	on := "column " + o.rel.qualified() + "." + document.Name
	var untyped []string
	for _, k := range keys {
		if taken[k.Key] || !b.exposes(o, k.Key, camel(k.Key)) {
			continue
		}
		fd, ok := b.derivedField(o.decl, on, k)
		if !ok {
			untyped = append(untyped, k.Key)
			continue
		}
		before := len(o.t.Fields)
		b.addDocumentField(o, fd, k.Key)
		if len(o.t.Fields) > before {
			b.implicit[o.t.Fields[before]] = true
		}
	}
	const example = "say its shape in the comment on the relation, as in `fields: {id: ID!, name: String, items: [{label: String!}]}`"
	switch {
	case len(keys) == 0:
		b.report(false, on, example+", or write `document: none` to serve it as JSON", "the document is left out: nothing says which keys it has")
	case len(untyped) > 0:
		b.report(false, on, example, "these keys of the document are left out, because the view does not tell their types: %s", strings.Join(untyped, ", "))
	}
}

func (b *builder) derivedField(of *schema.TypeDecl, on string, k DocumentKey) (schema.FieldDecl, bool) {
	fd := schema.FieldDecl{SQLName: k.Key, Origin: on + ", key " + k.Key}
	if len(k.Keys) > 0 {
		nested := &object{decl: &schema.TypeDecl{Name: of.Name + pascal(k.Key), Origin: fd.Origin, Collation: of.Collation}}
		for _, inner := range k.Keys {
			if field, ok := b.derivedField(nested.decl, fd.Origin, inner); ok {
				nested.decl.Fields = append(nested.decl.Fields, field)
			} else {
				b.report(false, fd.Origin, "say the document's shape by `fields`", "its key %s is left out, because the view does not tell its type", inner.Key)
			}
		}
		if len(nested.decl.Fields) == 0 || !b.addObject(nested) {
			return fd, false
		}
		fd.Type = nested.decl.Name
		if k.List {
			fd.Type = "[" + fd.Type + "!]"
		}
	} else {
		ref, _ := b.usual(k.Type)
		if k.Type == 0 || ref == nil {
			return fd, false
		}
		fd.Type = ref.String()
	}
	if k.Null == NotNull {
		fd.Type += "!"
	}
	return fd, true
}

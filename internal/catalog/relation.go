package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// pending is a relation whose columns are looked up when all types have theirs.
type pending struct {
	o, to *object
	field *schema.Field
	decl  schema.FieldDecl
}

// isRelation tells whether a declared field leads to rows of another source.
func (b *builder) isRelation(o *object, fd schema.FieldDecl) bool {
	if len(fd.By) > 0 || fd.Name != "" && slices.Contains(o.relations, fd.Name) {
		return true
	}
	w, err := parseType(fd.Type)
	if err != nil {
		return false
	}
	to := b.objects[w.base()]
	return to != nil && to.decl.Source != ""
}

func (b *builder) addRelation(o *object, fd schema.FieldDecl) {
	on := fieldOrigin(o, fd)
	w, t := b.output(fd.Type, on, o.fatal)
	if t == nil {
		return
	}
	to := b.objects[t.Name]
	switch {
	case to == nil || to.decl.Source == "":
		b.report(o.fatal, on, "lead to a type with a source", "%s has no rows of its own, so no columns can lead to it", t.Name)
		return
	case w.elem != nil && w.elem.elem != nil:
		b.report(o.fatal, on, "declare ["+t.Name+"!]!", "a relation is one object or a list of them, not %s", fd.Type)
		return
	}
	f := &schema.Field{
		Name: fd.Name, Description: fd.Description, Deprecated: fd.Deprecated, Type: w.with(t), Requires: fd.Requires,
		Relation: &schema.Relation{To: t, Many: w.elem != nil},
	}
	if !b.named(o, f, fd.Name, on) {
		return
	}
	o.t.Fields = append(o.t.Fields, f)
	b.pending = append(b.pending, pending{o: o, to: to, field: f, decl: fd})
}

func (b *builder) resolveRelations() {
	for _, p := range b.pending {
		if p.o.dropped || p.to.dropped {
			continue // prune tells
		}
		by := p.decl.By
		if len(by) == 0 {
			by = b.inferBy(p)
		}
		joined := len(by) > 0
		for _, pair := range by {
			join, ok := b.join(p, pair)
			if !ok {
				joined = false
				continue
			}
			p.field.Relation.By = append(p.field.Relation.By, join)
		}
		if !joined {
			p.o.t.Fields = slices.DeleteFunc(p.o.t.Fields, func(f *schema.Field) bool { return f == p.field })
		}
	}
}

// join checks that two columns exist and can be equal.
func (b *builder) join(p pending, pair schema.Pair) (schema.Join, bool) {
	on := fieldOrigin(p.o, p.decl)
	local, ok := b.joinColumn(p.o, p.o, pair.Local, on)
	remote, also := b.joinColumn(p.o, p.to, pair.Remote, on)
	if !ok || !also {
		return schema.Join{}, false
	}
	if local.OID != remote.OID || !local.Ordered {
		b.report(p.o.fatal, on, "join columns of one type, or cast one of them in its view",
			"%s.%s is %s and %s.%s is %s, which cannot be compared", p.o.rel.qualified(), local.Name, local.Type, p.to.rel.qualified(), remote.Name, remote.Type)
		return schema.Join{}, false
	}
	return schema.Join{Local: local, Remote: remote}, true
}

func (b *builder) joinColumn(owner, o *object, name, on string) (*schema.Column, bool) {
	c := o.rel.column(name)
	if c == nil {
		if f := o.field(name); f != nil && f.Column != nil {
			c = o.rel.column(f.Column.Name)
		}
	}
	if c == nil {
		b.report(owner.fatal, on, listed(name, o.columnNames()), "%s has no column %s", o.rel, name)
		return nil, false
	}
	if !c.Readable {
		b.report(owner.fatal, on, "GRANT SELECT ("+ident(c.Name)+") ON "+o.rel.sql()+" TO the role that connects",
			"the role may not read the column %s.%s", o.rel.qualified(), c.Name)
		return nil, false
	}
	return o.t.Source.Column(c.Name), true
}

// inferBy finds the one foreign key between the tables behind two sources.
func (b *builder) inferBy(p pending) []schema.Pair {
	var found [][]schema.Pair
	var names []string
	local, remote := p.o.rel, p.to.rel
	add := func(pairs []schema.Pair) {
		if pairs == nil {
			return
		}
		text := make([]string, len(pairs))
		for i, pair := range pairs {
			text[i] = pair.Local + "=" + pair.Remote
		}
		if name := strings.Join(text, ","); !slices.Contains(names, name) {
			found, names = append(found, pairs), append(names, name)
		}
	}
	for _, table := range b.f.Relations {
		for _, fk := range table.ForeignKeys {
			if p.field.Relation.Many {
				add(pairs(local, fk.Table, fk.RemoteColumns, remote, table.OID, fk.Columns))
			} else {
				add(pairs(local, table.OID, fk.Columns, remote, fk.Table, fk.RemoteColumns))
			}
		}
	}
	if len(found) > 1 {
		// author of post: author_id, fk_author.
		name := snake(p.field.Name)
		fitting := slices.DeleteFunc(slices.Clone(found), func(by []schema.Pair) bool {
			return len(by) != 1 || !slices.Contains([]string{name, name + "_id", "id_" + name, "fk_" + name}, by[0].Local)
		})
		if len(fitting) == 1 {
			return fitting[0]
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	on := fieldOrigin(p.o, p.decl)
	if len(found) == 0 {
		b.report(p.o.fatal, on, fmt.Sprintf("name the columns that join them: by local column=remote column, as in %s", exampleBy(p)),
			"no foreign key leads from %s to %s", local, remote)
		return nil
	}
	b.report(p.o.fatal, on, "name the columns that join them: by one of "+strings.Join(names, " or "),
		"several foreign keys lead from %s to %s", local, remote)
	return nil
}

func exampleBy(p pending) string {
	if p.field.Relation.Many {
		return "id=" + cmp.Or(snake(p.o.t.Name), "parent") + "_id"
	}
	return snake(p.field.Name) + "_id=id"
}

// pairs finds the columns of two sources that show the columns of two tables; nil when one of
// them is not shown.
func pairs(local *Relation, localTable uint32, localColumns []string, remote *Relation, remoteTable uint32, remoteColumns []string) []schema.Pair {
	out := make([]schema.Pair, 0, len(localColumns))
	for i := range localColumns {
		l, r := showing(local, localTable, localColumns[i]), showing(remote, remoteTable, remoteColumns[i])
		if l == "" || r == "" {
			return nil
		}
		out = append(out, schema.Pair{Local: l, Remote: r})
	}
	return out
}

func showing(rel *Relation, table uint32, column string) string {
	if rel.OID == table {
		return column
	}
	for _, c := range rel.Columns {
		if c.Origin.Table == table && c.Origin.Column == column {
			return c.Name
		}
	}
	return ""
}

// attachBatches puts Go's fields on their types.
func (b *builder) attachBatches() {
	for _, d := range b.d.Batches {
		o := b.objects[d.On]
		if o == nil {
			cure := "declare the type"
			if near := nearest(d.On, b.typeNames()); near != "" {
				cure = "did you mean " + near + "?"
			}
			b.report(true, d.Origin, cure, "the field %s is on the type %s, which is not there", d.Name, d.On)
			continue
		}
		if o.dropped && o.fatal {
			continue
		}
		w, t := b.output(d.Type, d.Origin, true)
		if t == nil {
			continue
		}
		batch := d.Batch
		batch.Needs = nil
		f := &schema.Field{Name: d.Name, Description: d.Description, Type: w.with(t), Batch: &batch, Requires: d.Requires, NoFilter: true, NoOrder: true}
		for _, name := range d.Needs {
			need := o.field(name)
			if need == nil && b.told(o) {
				continue
			}
			if need == nil || need.Column == nil && need.Key == "" {
				b.report(true, d.Origin, listed(name, b.ownFields(o)), "it reads the field %s of %s, which is not a column or a part of the document", name, d.On)
				continue
			}
			batch.Needs = append(batch.Needs, need)
		}
		if b.named(&object{decl: o.decl, t: o.t, fatal: true}, f, d.Name, d.Origin) {
			o.t.Fields = append(o.t.Fields, f)
		}
	}
}

// ownFields lists the fields whose values are in the parent's row.
func (b *builder) ownFields(o *object) []string {
	var names []string
	for _, f := range o.t.Fields {
		if f.Column != nil || f.Key != "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// prune takes away what leads to a type that cannot be served, until nothing does.
func (b *builder) prune() {
	for changed := true; changed; {
		changed = false
		for _, o := range b.order {
			if o.dropped {
				continue
			}
			before := len(o.t.Fields)
			o.t.Fields = slices.DeleteFunc(o.t.Fields, func(f *schema.Field) bool {
				to := b.objects[f.Type.Base().Name]
				if to == nil || !to.dropped {
					return false
				}
				if !o.fatal || !to.fatal {
					b.report(o.fatal, o.on(f.Name), "see what is said of "+to.decl.Origin, "it is left out, because its type %s cannot be served", to.t.Name)
				}
				return true
			})
			changed = changed || len(o.t.Fields) != before
			if len(o.t.Fields) == 0 && o.t.Kind != schema.Union {
				o.dropped, changed = true, true
				if !b.told(o) {
					b.report(o.fatal, o.on(""), "let it have a column that can be served", "%s has no field that can be served", o.t.Name)
				}
			}
		}
	}
}

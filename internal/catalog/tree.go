package catalog

import "github.com/fraiseql/fraiseql-go/schema"

// findLtree looks where the extension is installed, and with it the operators on paths.
func (b *builder) findLtree() {
	for _, t := range b.f.Types {
		if t.Name == "ltree" && t.Kind == 'b' && t.Elem == 0 {
			b.scalars["LTreePath"].SQL = b.f.sqlName(t)
		}
	}
}

// growTrees finds the fields that name rows with a path of type ltree: the key of a type whose
// source has one, and the columns by which a relation leads to such a key. The path is the
// column of that name, or the only one of that type, and need not be a field.
func (b *builder) growTrees() {
	trees := map[*schema.Type]*schema.Tree{}
	for _, o := range b.order {
		if o.dropped || o.rel == nil || len(o.t.Key) != 1 {
			continue
		}
		if path := b.pathOf(o); path != nil {
			trees[o.t] = &schema.Tree{Of: o.t, Key: o.t.Key[0], Path: path}
		}
	}
	for _, o := range b.order {
		if o.dropped || o.rel == nil {
			continue
		}
		if tree := trees[o.t]; tree != nil {
			grow(tree.Key, tree)
		}
		for _, f := range o.t.Fields {
			if f.Relation == nil || f.Relation.Many || len(f.Relation.By) != 1 {
				continue
			}
			tree, by := trees[f.Relation.To], f.Relation.By[0]
			if tree == nil || tree.Key.Column != by.Remote {
				continue
			}
			for _, local := range o.t.Fields {
				if local.Column == by.Local && local.Tree == nil {
					grow(local, tree)
				}
			}
		}
	}
}

// grow takes only identifiers: what else a key may be has operators of its own.
func grow(f *schema.Field, tree *schema.Tree) {
	if name := f.Type.Base().Name; f.Type.Elem == nil && (name == "ID" || name == "UUID") {
		f.Tree = tree
	}
}

// pathOf finds the column with the paths of a source's rows, or nil.
func (b *builder) pathOf(o *object) *schema.Column {
	var only *schema.Column
	found := 0
	for _, c := range o.rel.Columns {
		t := b.f.base(c.Type)
		if t == nil || t.Name != "ltree" || !c.Readable || o.notes[c.Name].hidden() {
			continue
		}
		column := o.t.Source.Column(c.Name)
		if c.Name == "path" {
			return column
		}
		only, found = column, found+1
	}
	if found != 1 {
		return nil
	}
	return only
}

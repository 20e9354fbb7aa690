package catalog

import "github.com/fraiseql/fraiseql-go/schema"

// pageInfoName is the type that all connections share.
const pageInfoName = "PageInfo"

// addTypeConnection makes the connection that a type's names ask for. A type without a key has none, which is told when it
// was asked for. It comes when all types and the other queries have their names.
func (b *builder) addTypeConnection(o *object) {
	names := o.decl.Queries
	name := plural(oneName(o.t.Name))
	if n := names.List; n != nil && *n != "" {
		name = *n
	}
	name += "Connection"
	if names.Connection != nil {
		name = *names.Connection
	}
	if name == "" || len(o.t.Key) == 0 && names.Connection == nil {
		return
	}
	b.addConnection(o, &schema.Field{Name: name, Root: &schema.Root{Kind: schema.Connection}}, o.decl.Origin, o.fatal)
}

// addConnection makes a root field for pages of an object's rows.
func (b *builder) addConnection(o *object, f *schema.Field, origin string, fatal bool) {
	f.Root.Of = o.t
	if b.asConnection(o, f, origin, fatal, true) {
		b.addQuery(f, origin, fatal)
	}
}

// asConnection gives a field the type and the arguments of pages of an object's rows.
func (b *builder) asConnection(o *object, f *schema.Field, origin string, fatal, asked bool) bool {
	if len(o.t.Key) == 0 {
		b.report(fatal, origin, "name the key, as in `key: [id]`", "%s pages through %s by its key, and it has none", told(f), o.t.Name)
		return false
	}
	for _, name := range [...]string{o.t.Name + "Connection", o.t.Name + "Edge", pageInfoName} {
		if _, is := b.claims[name]; is && b.connections[name] == nil {
			if asked {
				b.report(fatal, origin, "give that another name, or leave the "+noun(f)+" out, as in `connection: false`",
					"%s is left out: it needs the type name %s, which is taken by %s", told(f), name, b.claims[name])
			}
			return false
		}
	}
	f.Type = schema.Of(b.connection(o.t))
	if f.Description == "" {
		f.Description = "Rows of " + o.t.Name + ", page by page."
	}
	integer, text := schema.Of(b.scalars["Int"]), schema.Of(b.scalars["String"])
	f.Args = []*schema.Field{
		{Name: "first", Type: integer, Description: "At most this many rows, the first ones. Without first and last, as many as a page may have."},
		{Name: "after", Type: text, Description: "Only rows behind the one of this cursor."},
		{Name: "last", Type: integer, Description: "At most this many rows, the last ones, in the same order. Not together with first."},
		{Name: "before", Type: text, Description: "Only rows in front of the one of this cursor."},
	}
	for _, arg := range b.listArgs(o.t) {
		if arg.Name == "where" || arg.Name == "orderBy" {
			f.Args = append(f.Args, arg)
		}
	}
	return true
}

// connection makes the types of an object's connections, once.
func (b *builder) connection(t *schema.Type) *schema.Type {
	name := t.Name + "Connection"
	if made := b.connections[name]; made != nil {
		return made
	}
	one := func(t *schema.Type) *schema.Ref { return schema.NonNull(schema.Of(t)) }
	all := func(t *schema.Type) *schema.Ref { return schema.NonNull(schema.ListOf(one(t))) }
	edge := b.paged(&schema.Type{
		Name: t.Name + "Edge", Description: "A row of " + t.Name + " on a page.",
		Fields: []*schema.Field{
			{Name: "cursor", Type: one(b.scalars["String"]), Part: schema.Cursor, Description: "Where the row stands, for after and before under the same order."},
			{Name: "node", Type: one(t), Part: schema.Node, Description: "The row."},
		},
	})
	return b.paged(&schema.Type{
		Name: name, Description: "A page of rows of " + t.Name + ".",
		Fields: []*schema.Field{
			{Name: "edges", Type: all(edge), Part: schema.Edges, Description: "The rows of the page, each with its cursor."},
			{Name: "nodes", Type: all(t), Part: schema.Nodes, Description: "The rows of the page."},
			{Name: "pageInfo", Type: one(b.pageInfo()), Part: schema.PageInfo, Description: "What is before and behind the page."},
			{Name: "totalCount", Type: one(b.scalars["Int"]), Part: schema.TotalCount, Description: "How many rows match, whatever the page. They are counted only when this is asked for."},
		},
	})
}

func (b *builder) pageInfo() *schema.Type {
	if made := b.connections[pageInfoName]; made != nil {
		return made
	}
	flag, cursor := schema.NonNull(schema.Of(b.scalars["Boolean"])), schema.Of(b.scalars["String"])
	return b.paged(&schema.Type{
		Name: pageInfoName, Description: "What is before and behind a page.",
		Fields: []*schema.Field{
			{Name: "hasNextPage", Type: flag, Part: schema.HasNextPage, Description: "Rows follow. With last, whether there are rows from before on; false without before."},
			{Name: "hasPreviousPage", Type: flag, Part: schema.HasPreviousPage, Description: "Rows come before. With first, whether there are rows up to after; false without after."},
			{Name: "startCursor", Type: cursor, Part: schema.StartCursor, Description: "The first row's cursor; null when the page is empty."},
			{Name: "endCursor", Type: cursor, Part: schema.EndCursor, Description: "The last row's cursor; null when the page is empty."},
		},
	})
}

// paged claims the name of an object that connections are made of.
func (b *builder) paged(t *schema.Type) *schema.Type {
	t.Kind = schema.Object
	b.claims[t.Name], b.connections[t.Name] = reserved, t
	return t
}

package catalog

import (
	"slices"

	"github.com/fraiseql/fraiseql-go/schema"
)

// typeNote is what @fraiseql:type says.
type typeNote struct {
	name, description string
	expose, filters   []string
	document          string
	fields            []fieldNote
	key, notNull      []string
	relations         []relationNote
	one, list         *string
	connection        *string
	aggregate, groups *string
	requires          []string
	collation         string

	kind       schema.Kind // of the type: an object, an interface or a union
	typeColumn string
	types      []possibleNote
}

type relationNote struct {
	name, to string
	by       [][2]string
	many     bool
	beside   schema.QueryNames
	requires []string
}

// typeKeys are what @fraiseql:type takes, and @fraiseql:interface and @fraiseql:union.
var typeKeys = keys[typeNote]{
	{Key{
		Name: "name", Form: formOfName, Example: "name: Entry",
		Meaning: "The type's name in GraphQL, from which its queries have theirs.",
		Default: "that of the view or table without `v_`, `tv_` or `tb_`: `v_post_status` is `PostStatus`",
	}, into(func(n *typeNote) *string { return &n.name }, entry.text)},
	{Key{
		Name: "description", Form: formOfText, Example: "description: What has been written.",
		Meaning: "What the schema says of the type.",
		Default: "the text in front of the marker",
	}, into(func(n *typeNote) *string { return &n.description }, entry.text)},
	{Key{
		Name: "expose_fields", Form: formOfNames, Example: "expose_fields: [id, title, author_id]",
		Meaning: "The only columns and keys of the document that are fields; relations are fields all the same.",
		Default: "all of them",
	}, into(func(n *typeNote) *[]string { return &n.expose }, entry.names)},
	{Key{
		Name: "filters", Form: formOfNames, Example: "filters: [title, author]",
		Meaning: "The only fields, relations among them, that `where` takes.",
		Default: "all of them",
	}, into(func(n *typeNote) *[]string { return &n.filters }, entry.names)},
	{Key{
		Name: "document", Form: formOfName, Example: "document: body",
		Meaning: "The column of type json or jsonb whose keys are fields beside the columns; `none` serves every such column as JSON.",
		Default: "`data`, where there is such a column",
	}, into(func(n *typeNote) *string { return &n.document }, entry.text)},
	{Key{
		Name: "fields", Form: formOfMapping, Example: "fields: {id: ID!, title: String!, places: [{city: String!}]}",
		Meaning: "The columns and keys of the document that are fields, each with its type, or with a mapping when it is an object; other columns are fields only when they are annotated.",
		Default: "all columns, and of a document the keys that the view is seen to make",
	}, into(func(n *typeNote) *[]fieldNote { return &n.fields }, readShape)},
	{Key{
		Name: "key", Form: formOfNames, Example: "key: [slug]",
		Meaning: "The fields that tell one row from all others: the query of one row, connections and mutations find it by them.",
		Default: "a table's primary key, otherwise `id`",
	}, into(func(n *typeNote) *[]string { return &n.key }, entry.names)},
	{Key{
		Name: "not_null", Form: formOfNames, Example: "not_null: [rating]",
		Meaning: "Fields that never hold null although the catalog cannot prove it, as those of an outer join or an expression.",
		Default: "what is proved: `NOT NULL`, seen through views",
	}, into(func(n *typeNote) *[]string { return &n.notNull }, entry.names)},
	{Key{
		Name: "relations", Form: formOfMapping, Example: "relations: {author: {to: User, by: {author_id: id}}}",
		Meaning: "Fields that lead to rows of other types, by their names.",
		Default: "no relations", Named: true, Keys: relationKeys.told(),
	}, into(func(n *typeNote) *[]relationNote { return &n.relations }, readRelations)},
	{Key{
		Name: "queries", Form: "mapping, or `false`", Example: "queries: false",
		Meaning: "What the queries for the type's rows are named; `false` leaves out all of them, so that only relations and mutations lead to the type.",
		Default: "every query has its usual name", Keys: queryKeys.told(),
	}, func(n *typeNote, k entry) error { return readQueries(k, n) }},
	{Key{
		Name: "requires", Form: formOfNames, Example: "requires: [editor, admin]",
		Meaning: "The role or scope that it takes to read anything of the type; of several, one is enough.",
		Default: "none",
	}, into(func(n *typeNote) *[]string { return &n.requires }, entry.required)},
	{Key{
		Name: "collation", Form: formOfName, Example: "collation: de-x-icu",
		Meaning: "What all the type's fields of type String are sorted by.",
		Default: "the columns' own collations",
	}, into(func(n *typeNote) *string { return &n.collation }, entry.text)},
}

// relationKeys are those of each of the relations.
var relationKeys = keys[relationNote]{
	{Key{
		Name: "to", Form: formOfName, Example: "relations: {author: {to: User}}",
		Meaning: "The type that it leads to.",
	}, into(func(r *relationNote) *string { return &r.to }, entry.text)},
	{Key{
		Name: "by", Form: formOfMapping, Example: "relations: {editor: {to: User, by: {editor_id: id}}}",
		Meaning: "Which column of this row equals which one of the other, one pair or several.",
		Default: "the foreign key between the tables behind both; of several, the one whose column is named after the field",
	}, into(func(r *relationNote) *[][2]string { return &r.by }, readBy)},
	{Key{
		Name: "many", Form: formOfBoolean, Example: "relations: {comments: {to: Comment, many: true}}",
		Meaning: "It leads to a list of rows.",
		Default: "`false`: to one row, or null",
	}, into(func(r *relationNote) *bool { return &r.many }, entry.boolean)},
	{Key{
		Name: "connection", Form: formOfQuery, Example: "relations: {comments: {to: Comment, many: true, connection: false}}",
		Meaning: "The field beside the list that gives it page by page.",
		Default: "`commentsConnection` beside `comments`, when the other type has a connection",
	}, besideOf("Connection", func(q *schema.QueryNames) **string { return &q.Connection })},
	{Key{
		Name: "aggregate", Form: formOfQuery, Example: "relations: {comments: {to: Comment, many: true, aggregate: commentFigures}}",
		Meaning: "The field beside the list that has figures over it.",
		Default: "`commentsAggregate`, when the other type has such a query",
	}, besideOf("Aggregate", func(q *schema.QueryNames) **string { return &q.Aggregate })},
	{Key{
		Name: "groups", Form: formOfQuery, Example: "relations: {comments: {to: Comment, many: true, groups: false}}",
		Meaning: "The field beside the list that has figures over groups of it.",
		Default: "`commentsGroups`, when the other type has such a query",
	}, besideOf("Groups", func(q *schema.QueryNames) **string { return &q.Groups })},
	{Key{
		Name: "requires", Form: formOfNames, Example: "relations: {editor: {to: User, by: {editor_id: id}, requires: admin}}",
		Meaning: "The role or scope that it takes to follow the relation.",
		Default: "none",
	}, into(func(r *relationNote) *[]string { return &r.requires }, entry.required)},
}

// besideOf reads the name of a field beside a list, whose usual one is the list's with a word behind it.
func besideOf(word string, place func(*schema.QueryNames) **string) func(*relationNote, entry) error {
	return func(r *relationNote, k entry) (err error) {
		*place(&r.beside), err = k.beside(r.name + word)
		return err
	}
}

// queryKeys are those of `queries`.
var queryKeys = keys[typeNote]{
	{Key{
		Name: "one", Form: formOfQuery, Example: "queries: {one: findPost}",
		Meaning: "The query of one row, by its key.",
		Default: "`post`, when the type has a key",
	}, into(func(n *typeNote) **string { return &n.one }, entry.query)},
	{Key{
		Name: "list", Form: formOfQuery, Example: "queries: {list: allPosts}",
		Meaning: "The query of rows, after which those below are named too.",
		Default: "`posts`",
	}, into(func(n *typeNote) **string { return &n.list }, entry.query)},
	{Key{
		Name: "connection", Form: formOfQuery, Example: "queries: {connection: false}",
		Meaning: "The query of rows page by page.",
		Default: "`postsConnection`, when the type has a key",
	}, into(func(n *typeNote) **string { return &n.connection }, entry.query)},
	{Key{
		Name: "aggregate", Form: formOfQuery, Example: "queries: {aggregate: postFigures}",
		Meaning: "The query of figures over rows.",
		Default: "`postsAggregate`; of a union none",
	}, into(func(n *typeNote) **string { return &n.aggregate }, entry.query)},
	{Key{
		Name: "groups", Form: formOfQuery, Example: "queries: {groups: false}",
		Meaning: "The query of figures over groups of rows.",
		Default: "`postsGroups`; of a union none",
	}, into(func(n *typeNote) **string { return &n.groups }, entry.query)},
}

func readTypeNote(a annotation) (*typeNote, error) {
	m, err := parseMapping(a)
	if err != nil {
		return nil, err
	}
	n := &typeNote{kind: typeKinds[a.kind]}
	known := typeKeys
	if n.kind != schema.Object {
		known = slices.Concat(typeKeys, abstractKeys)
	}
	return n, known.read(m, n)
}

func readRelations(k entry) ([]relationNote, error) {
	m, err := k.mapping("an object such as {author: {to: User, by: {author_id: id}}}")
	if err != nil {
		return nil, err
	}
	var relations []relationNote
	err = m.each(nil, func(k entry) error {
		r := relationNote{name: k.name}
		m, err := k.mapping("an object such as {to: User, by: {author_id: id}}")
		if err != nil {
			return err
		}
		err = relationKeys.read(m, &r)
		if err == nil && r.to == "" {
			err = k.fault("has no `to`: name the type that it leads to")
		}
		relations = append(relations, r)
		return err
	})
	return relations, err
}

func readBy(k entry) (pairs [][2]string, err error) {
	by, err := k.mapping("local and remote columns such as {author_id: id}")
	if err != nil {
		return nil, err
	}
	err = by.each(nil, func(k entry) error {
		remote, err := k.text()
		pairs = append(pairs, [2]string{k.name, remote})
		return err
	})
	return pairs, err
}

func readQueries(k entry, n *typeNote) error {
	if k.form() == formFalse {
		none := ""
		n.one, n.list, n.connection, n.aggregate, n.groups = &none, &none, &none, &none, &none
		return nil
	}
	m, err := k.mapping("an object such as {one: user, list: users}, or false")
	if err != nil {
		return err
	}
	return queryKeys.read(m, n)
}

// query reads a query's name: nil is the default, the empty one leaves the query out.
func (k entry) query() (*string, error) {
	name := ""
	switch k.form() {
	case formFalse:
	case formTrue:
		return nil, nil
	default:
		var err error
		if name, err = k.text(); err == nil && name == "" {
			err = k.fault("is empty: write a name, or false to leave it out")
		}
		return &name, err
	}
	return &name, nil
}

// beside reads the name of a field beside a list of related rows: true is the usual name, false leaves the field out.
func (k entry) beside(usual string) (*string, error) {
	name, err := k.query()
	if name == nil && err == nil {
		usual = camel(usual)
		name = &usual
	}
	return name, err
}

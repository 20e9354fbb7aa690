package fraiseql

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// Type declares a type of the API, or a field of one, for Options.Types: [Object], [Interface],
// [Union], [Enum], [Scalar] and [Field] make them.
type Type interface {
	head(*declarer) // what others refer to: names
	body(*declarer) // what refers to others: fields
}

// Query declares a field of the query type for Options.Queries: [List], [Get], [Connection],
// [Aggregate], [Groups] and [Resolve] make them.
type Query interface {
	root(*declarer) (schema.QueryDecl, bool)
}

// Mutation declares a field of the mutation type for Options.Mutations: [Function] and [Resolve] make them.
type Mutation interface {
	mutation(*declarer) (schema.MutationDecl, bool)
}

// Resolver is a field that a Go function answers; see [Resolve]. It can stand among the queries and among the mutations.
type Resolver interface {
	Query
	Mutation
}

// ObjectOptions says what the fields of a struct cannot say about its type.
type ObjectOptions struct {
	Name        string // in GraphQL; default: the Go type's name
	Description string
	// Document is the JSON column that holds what no column of its own holds. Default: "data"
	// when the source has such a column; "none": columns only.
	Document string
	// Key names the fields that identify a row. Default: the fields tagged graphql:",key",
	// else the table's primary key, else the column id.
	Key []string
	// Filters names the fields that clients may filter by. Default: all of them.
	Filters []string
	// Requires are roles and scopes of which a principal must have one to read anything of the type, or to filter, order or
	// count by it. Default: none is needed.
	Requires []string
}

// QueryOptions describes a field of the query type.
type QueryOptions struct {
	Description string
	Deprecated  string   // the reason; empty: not deprecated
	Requires    []string // roles and scopes of which a principal must have one; default: none is needed
}

// FieldOptions describes a field made in Go.
type FieldOptions struct {
	Description string
	// Needs names the parent's fields that the function reads, in GraphQL. They are read from
	// the database whether or not the client selects them; the others stay zero. Default: all
	// fields of the struct but relations.
	Needs    []string
	Requires []string // roles and scopes of which a principal must have one; default: none is needed
}

// Object declares the rows of a view, table or materialized view as the object type T, a
// struct. source is its name, with its schema when it is not in the first of Options.Schemas.
//
// Each exported field of T becomes a field: UserID is userId and reads the column user_id, or
// the key user_id of the document. A pointer is nullable; everything else is never null, but
// for JSON (json.RawMessage, maps, any), which holds null itself. The fields of embedded
// structs count as T's own. A struct as a field is an object inside the document, unless by
// says that its rows come from another source:
//
//	type Post struct {
//		ID       fraiseql.ID `graphql:",key"`          // identifies a row
//		Title    string      `graphql:"headline"`      // another name in GraphQL
//		Body     *string     `db:"content"`            // another name in the database
//		Author   User        `by:"author_id=id"`       // the row of User's source whose id is author_id
//		Comments []Comment   `by:"id=post_id"`         // all rows that match; pairs are joined by commas
//		Likes    []Like      `by:"id=post_id" beside:"aggregate=liking,groups=-"` // see below
//		Rank     int         `doc:"From 1, the best."` // the description
//		Votes    int         `deprecated:"Use rank."`
//		Notes    *string     `requires:"editor,admin"` // only for principals with one of these roles or scopes
//		Internal string      `graphql:"-"`             // not in the API
//	}
//
// Beside a list of rows stand what the rows' type has queries for: commentsAggregate and commentsGroups with figures over
// them, and commentsConnection with pages of them. The tag beside names these otherwise, leaves them out by -, or adds them
// where there is no such query, as in beside:"connection".
func Object[T any](source string, o ...ObjectOptions) Type {
	return objectType{of: reflect.TypeFor[T](), source: source, options: last(o)}
}

// List declares the rows of T as a list: users(where, orderBy, limit, offset): [User!]
func List[T any](name string, o ...QueryOptions) Query {
	return rowsQuery{kind: schema.List, of: reflect.TypeFor[T](), name: name, options: last(o)}
}

// Get declares a single row of T, found by its key: user(id: ID!): User
func Get[T any](name string, o ...QueryOptions) Query {
	return rowsQuery{kind: schema.One, of: reflect.TypeFor[T](), name: name, options: last(o)}
}

// Connection declares the rows of T as pages that follow each other by cursors, as Relay and Apollo Client read them:
// usersConnection(first, after, last, before, where, orderBy): UserConnection
//
// T needs a key, which comes last in every order, so that a walk gives each row once. docs/reference/connections.md tells
// the rules.
func Connection[T any](name string, o ...QueryOptions) Query {
	return rowsQuery{kind: schema.Connection, of: reflect.TypeFor[T](), name: name, options: last(o)}
}

// Aggregate declares figures over all rows of T that match: usersAggregate(where): UserAggregate
//
// They are count, countDistinct, sum, avg, min and max of T's own fields; docs/reference/aggregates.md tells their types.
func Aggregate[T any](name string, o ...QueryOptions) Query {
	return rowsQuery{kind: schema.Aggregate, of: reflect.TypeFor[T](), name: name, options: last(o)}
}

// Groups declares the same figures for each group of T's rows that have fields in common:
// usersGroups(by, where, having, orderBy, limit, offset): [UserGroup!]
func Groups[T any](name string, o ...QueryOptions) Query {
	return rowsQuery{kind: schema.Groups, of: reflect.TypeFor[T](), name: name, options: last(o)}
}

// Resolve declares a field of the query type, or of the mutation type, that a Go function answers.
//
// A is a struct whose fields are the arguments, named as an [Object]'s fields are; struct{}
// takes none. A pointer may be left out or null, default:"10" gives a default, [Optional]
// tells absent from null, and a struct inside becomes an input type of its name.
//
// R is a scalar, an enum, a struct, a slice of these, or a description of rows: *[Rows] or
// *[Row], made by [From]. The field is nullable whatever R is, so that its error leaves the
// other root fields of the request alone. [DB] gives f the request's own connection. Among Options.Mutations, what f does on it
// is one transaction, saved when f returns without an error.
func Resolve[A, R any](name string, f func(ctx context.Context, args A) (R, error), o ...QueryOptions) Resolver {
	return resolveQuery[A, R]{name: name, f: f, options: last(o)}
}

// Field declares a field of T that a Go function makes. The function is called once with the
// parents of a whole list and gives one value for each, in the same order, so it can fetch
// what it needs in one go. Pass it in Options.Types, beside T's own [Object].
func Field[T, R any](name string, f func(ctx context.Context, parents []T) ([]R, error), o ...FieldOptions) Type {
	return batchField[T, R]{name: name, f: f, options: last(o)}
}

// Enum declares a string type as an enum with the values given. Each value is named in GraphQL
// as it is spelled; one that GraphQL does not allow needs a name by [EnumType.Named].
func Enum[T ~string](values ...T) EnumType[T] { return EnumType[T]{values: values} }

// EnumType is an enum; see [Enum].
type EnumType[T ~string] struct {
	values      []T
	named       []named
	description string
}

type named struct{ label, name, doc, deprecated string }

// Named gives a value its name in GraphQL: Enum(Open, InWork).Named(InWork, "IN_WORK")
func (e EnumType[T]) Named(value T, name string) EnumType[T] {
	e.named = append(slices.Clip(e.named), named{label: string(value), name: name})
	return e
}

// Describe gives a value its description; without a value it describes the enum itself.
func (e EnumType[T]) Describe(text string, values ...T) EnumType[T] {
	if len(values) == 0 {
		e.description = text
	}
	for _, v := range values {
		e.named = append(slices.Clip(e.named), named{label: string(v), doc: text})
	}
	return e
}

// Deprecate marks a value as not to be used any more, for the reason given.
func (e EnumType[T]) Deprecate(value T, reason string) EnumType[T] {
	e.named = append(slices.Clip(e.named), named{label: string(value), deprecated: reason})
	return e
}

func last[T any](o []T) T {
	var zero T
	if len(o) == 0 {
		return zero
	}
	return o[len(o)-1]
}

type objectType struct {
	of      reflect.Type
	source  string
	options ObjectOptions
}

func (o objectType) head(d *declarer) {
	where := "Go type " + o.of.String()
	switch {
	case o.of.Kind() != reflect.Struct || d.scalarOf(o.of) != nil:
		d.fault("fraiseql.Object[%s]: an object is made of a struct: give it a struct type", o.of)
		return
	case o.source == "":
		d.fault("%s: fraiseql.Object has no source: name the view or table that holds its rows", where)
		return
	}
	if known := d.objects[o.of]; known != nil {
		d.fault("%s is declared by fraiseql.Object twice (on %q and %q): declare it once, and a second struct type for the second source", where, known.source, o.source)
		return
	}
	name := o.options.Name
	if name == "" {
		name = o.of.Name()
	}
	if !schema.ValidName(name) {
		d.fault("%s: %q cannot be a GraphQL name: set ObjectOptions.Name", where, name)
		return
	}
	d.newObject(o.of, name, o.source)
}

func (o objectType) body(d *declarer) {
	s := d.objects[o.of]
	if s == nil || s.source != o.source || s.complete {
		return // its fault was reported by head
	}
	s.decl.Description = o.options.Description
	s.decl.Document = o.options.Document
	s.decl.Key = o.options.Key
	s.decl.Filters = o.options.Filters
	s.decl.Requires = o.options.Requires
	d.fill(s)
	for list, names := range map[string][]string{"Key": o.options.Key, "Filters": o.options.Filters} {
		for _, n := range names {
			if s.field(n) == nil {
				d.fault("Go type %s: ObjectOptions.%s names %q, which is no field of it: its fields are %s", o.of, list, n, strings.Join(s.names(), ", "))
			}
		}
	}
}

func (e EnumType[T]) head(d *declarer) {
	t := reflect.TypeFor[T]()
	where := "Go type " + t.String()
	switch {
	case t == reflect.TypeFor[string]() || d.scalarOf(t) != nil && t.PkgPath() == reflect.TypeFor[ID]().PkgPath():
		d.fault("fraiseql.Enum[%s]: an enum needs a string type of its own: declare one (type Status string)", t)
		return
	case d.enums[t] != nil:
		d.fault("%s is declared by fraiseql.Enum twice: declare it once with all values", where)
		return
	}
	en := &enumForm{name: t.Name(), labels: map[string]string{}, values: map[string]string{}}
	decl := schema.EnumDecl{Name: t.Name(), Description: e.description, Origin: where}
	for _, v := range e.values {
		decl.Values = append(decl.Values, schema.EnumValue{Name: string(v), Label: string(v)})
	}
	for _, n := range e.named {
		i := slices.IndexFunc(decl.Values, func(v schema.EnumValue) bool { return v.Label == n.label })
		if i < 0 {
			d.fault("%s: %q is not among the values given to fraiseql.Enum: add it there", where, n.label)
			continue
		}
		v := &decl.Values[i]
		v.Name, v.Description, v.Deprecated = or(n.name, v.Name), or(n.doc, v.Description), or(n.deprecated, v.Deprecated)
	}
	if len(decl.Values) == 0 {
		d.fault("%s: fraiseql.Enum has no values: list them", where)
	}
	for _, v := range decl.Values {
		if !schema.ValidName(v.Name) || v.Name == "true" || v.Name == "false" || v.Name == "null" {
			d.fault("%s: %q cannot be a GraphQL name: add .Named(%q, \"…\")", where, v.Name, v.Label)
		}
		if _, twice := en.labels[v.Name]; twice {
			d.fault("%s: the value %s stands twice: leave one out", where, v.Name)
		}
		en.labels[v.Name], en.values[v.Label] = v.Label, v.Name
	}
	for _, v := range decl.Values {
		if other, is := en.labels[v.Label]; is && other != v.Label {
			d.fault("%s: %q is both a value and the name of another one: name it differently", where, v.Label)
		}
	}
	d.enums[t] = en
	d.out.Enums = append(d.out.Enums, decl)
}

func (e EnumType[T]) body(*declarer) {}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type rowsQuery struct {
	kind    schema.RootKind
	of      reflect.Type
	name    string
	options QueryOptions
}

func (q rowsQuery) call() string {
	verb := "List"
	switch q.kind {
	case schema.One:
		verb = "Get"
	case schema.Connection:
		verb = "Connection"
	case schema.Aggregate:
		verb = "Aggregate"
	case schema.Groups:
		verb = "Groups"
	}
	return fmt.Sprintf("fraiseql.%s[%s](%q)", verb, q.of, q.name)
}

func (q rowsQuery) root(d *declarer) (schema.QueryDecl, bool) {
	if !d.rootName(q.call(), q.name) {
		return schema.QueryDecl{}, false
	}
	s := d.objects[q.of]
	if s == nil || s.source == "" {
		d.fault("%s: %s has no source: add fraiseql.Object[%s](\"…\") to Options.Types", q.call(), q.of, q.of)
		return schema.QueryDecl{}, false
	}
	return schema.QueryDecl{
		Name: q.name, Description: q.options.Description, Deprecated: q.options.Deprecated,
		Origin: q.call(), Kind: q.kind, Type: s.decl.Name, Requires: q.options.Requires,
	}, true
}

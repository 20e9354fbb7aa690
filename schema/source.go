package schema

import (
	"context"
	"encoding/json"
)

// Source is the relation that an object type's rows are read from.
type Source struct {
	Schema   string
	Name     string
	Document string // the JSON or JSONB column that holds a row's document; empty: columns only
	// Computed says that the document is made by a view when it is read. Such a source is read
	// behind a barrier, or PostgreSQL would make the whole document again for each key.
	Computed bool
	Columns  []*Column // all that a statement may name, exposed or not
	Only     *Only     // which of the relation's rows are the type's; nil: all of them
}

// Column finds a column by its database name, or nil.
func (s *Source) Column(name string) *Column {
	for _, c := range s.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Column is a native column.
type Column struct {
	Name    string
	Type    string // ready for SQL, without modifiers: int4, "app"."status", text[]
	OID     uint32
	Array   bool
	Cast    bool // a domain over an enum, which PostgreSQL compares only as that
	NotNull bool // proven by the catalog
	Ordered bool // has a default btree order, so it can be sorted and compared
}

// Relation joins a source to another one.
type Relation struct {
	To   *Type
	Many bool
	By   []Join
	As   RootKind // what a field makes of many rows: Aggregate, Groups or Connection; 0: the rows themselves
}

// Join is one pair of columns that must be equal.
type Join struct {
	Local  *Column // of the parent's source
	Remote *Column // of the related type's source
}

// RootKind says what a field of the query type does.
type RootKind uint8

// The kinds of root fields.
const (
	List       RootKind = iota + 1 // rows of a source: where, orderBy, limit, offset
	One                            // a row of a source by its key
	Resolve                        // a Go function
	Aggregate                      // measures over the rows of a source: where
	Groups                         // the same for each group of rows: by, where, having, orderBy, limit, offset
	Connection                     // a page of the rows of a source, from a cursor on: first, after, last, before, where, orderBy
	Global                         // rows of any source by their global ids: id, or ids
	Function                       // what a database function gives, on the mutation type
)

// Root is what stands behind a field of the query or the mutation type.
type Root struct {
	Kind     RootKind
	Of       *Type    // of all but Resolve and Function: the type of the rows
	Resolver Resolver // Resolve
	Call     *Call    // Function
}

// Resolver answers a root field in Go. args is a JSON object of the coerced arguments; absent
// ones are absent.
type Resolver func(ctx context.Context, args json.RawMessage) (Result, error)

// Result is what a resolver found: a JSON value in the schema's names, or a description of
// rows that is compiled together with the selection.
type Result struct {
	JSON json.RawMessage
	Rows *Rows
}

// Rows describes rows of a type's source in the terms of a list query.
type Rows struct {
	Type    string          // the GraphQL type's name
	Source  string          // as declared; must be the type's own
	Where   json.RawMessage // as the argument where; nil: all rows
	OrderBy json.RawMessage // as the argument orderBy; nil: by key
	Limit   int             // 0: the largest page; 1 is enough for a single object
	Offset  int
}

// Batch is a Go function behind an object's field. It is called once for all parents of a
// place in the answer, so that N+1 cannot happen.
type Batch struct {
	Needs []*Field // the parent's own fields that the function reads
	// Resolve takes one JSON object for each parent, with the fields in Needs, and gives one
	// JSON value for each, in the same order.
	Resolve func(ctx context.Context, parents []json.RawMessage) ([]json.RawMessage, error)
}

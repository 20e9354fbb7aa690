package auth

import (
	"context"
	"encoding/json"
	"maps"
)

// Authorizer decides what the sender of a request may do, beside the roles and scopes that types and fields require. It is
// asked before any SQL is made, once for each [Access] of an operation, with the request's context, which holds the
// principal ([FromContext]); and by many requests at once.
//
// Whatever it does not allow is denied: the zero [Decision] is a denial, and an error refuses the whole request. It is answered
// 500 and only the log sees it, unless it is meant for the client.
type Authorizer interface {
	Authorize(ctx context.Context, a Access) (Decision, error)
}

// AuthorizerFunc is a function that is an [Authorizer].
type AuthorizerFunc func(ctx context.Context, a Access) (Decision, error)

// Authorize calls the function.
func (f AuthorizerFunc) Authorize(ctx context.Context, a Access) (Decision, error) { return f(ctx, a) }

// Access is something that an operation would do. One of three things is meant:
//
//   - Without a Type, the operation as a whole.
//   - With Type and Field, that a field is selected, or that rows are filtered, ordered, grouped or computed by it. The fields of
//     the types Query and Mutation are what an operation begins with.
//   - With Type alone, that rows of the type are read from its source, wherever that is: by a query, a connection and its total,
//     an aggregate, a relation, a filter or an order through one, a global id, or after a mutation. Only this one
//     can be answered by a filter.
type Access struct {
	Mutation  bool   // the operation changes data
	Operation string // its name; empty: it has none
	Type      string // a type's name in GraphQL
	Field     string // a field's name in GraphQL
}

// Decision is the answer to an [Access]. The zero value denies it.
type Decision struct {
	allowed bool
	reason  string
	where   json.RawMessage
	columns map[string]any
	fault   error
}

// Allow allows the access.
func Allow() Decision { return Decision{allowed: true} }

// Deny denies the access. The client is told the reason; empty: that it is forbidden.
func Deny(reason string) Decision { return Decision{reason: reason} }

// Where allows reading the rows for which a condition holds, and no others. The condition has the form of the argument where,
// as a value that encoding/json writes: map[string]any{"status": map[string]any{"eq": "published"}}. It can name
// the fields that clients can filter by.
func Where(condition any) Decision {
	text, err := json.Marshal(condition)
	return Decision{allowed: err == nil, where: text, fault: err}
}

// Columns allows reading the rows whose columns have these values, and no others. The columns are named as in the database and
// need not be served. A value is a string, a bool, a number, a json.Number, or something with a method String or MarshalText;
// nil equals nothing, so that a claim that is missing shows no rows.
func Columns(values map[string]any) Decision {
	return Decision{allowed: true, columns: maps.Clone(values)}
}

// Allowed tells whether the access is allowed, to some rows at least.
func (d Decision) Allowed() bool { return d.allowed }

// Reason is what the client is told of a denial.
func (d Decision) Reason() string { return d.reason }

// Filter gives what [Where] and [Columns] were given: the condition in JSON, or the columns. Both are empty when all rows are
// allowed. The error says that the condition cannot be written as JSON.
func (d Decision) Filter() (where json.RawMessage, columns map[string]any, err error) {
	return d.where, d.columns, d.fault
}

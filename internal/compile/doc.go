// Package compile turns an operation into a plan: SQL statements, where their parameters come
// from, and the shape of the answer. It is pure: it reads no clock, no network and no context.
//
// A plan belongs to a document, an operation and the shape of its variables (which keys are
// present, which values are null, which booleans are true, which offsets are 0), never to the variables' values:
// those travel as typed parameters. No text of a user ever reaches SQL.
package compile

// Package gqlop reads GraphQL requests: it parses the document, validates it against the
// schema, holds it to limits, and keeps what it read by the document's text, so that a
// document which comes again costs one look-up.
//
// The parser is gqlparser's. The validation is our own, because a validator stands open to
// everybody who can reach the server: it looks at each node of a document once, follows
// fragments only through sums made once per fragment, and stops at a fixed number of faults,
// so its cost grows with the length of the document and never with what fragments make of it.
package gqlop

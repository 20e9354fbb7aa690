package gqlop

import "encoding/json"

// Request is a GraphQL request as it came over a transport, nothing of it checked.
// Source: GraphQL over HTTP, section "Request Parameters".
type Request struct {
	Query         string          // empty: DocumentID names it
	DocumentID    string          // of a persisted document, less the prefix "sha256:"; empty: none
	OperationName string          // empty: the document's only operation
	Variables     json.RawMessage // a JSON object; nil or null: none
	Extensions    json.RawMessage // a JSON object; nil: none
	QueriesOnly   bool            // the transport may only read (GET)

	// Meter is told what the request costs beyond its first root field. nil: nobody counts.
	Meter interface{ Charge(rootFields int) }

	persist bool // Query is the document that DocumentID stands for
	known   bool // Query was found by its id
}

// Known tells whether the document was found by its id, as a persisted or a trusted one: clients that send texts may name
// operations as they like, without end.
func (r *Request) Known() bool { return r.known }

// RequestKey is the key under which the context of a request holds it, a *Request.
type RequestKey struct{}

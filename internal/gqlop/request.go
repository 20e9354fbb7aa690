package gqlop

import "encoding/json"

// Request is a GraphQL request as it came over a transport, nothing of it checked.
// Source: GraphQL over HTTP, section "Request Parameters".
type Request struct {
	Query         string
	OperationName string          // empty: the document's only operation
	Variables     json.RawMessage // a JSON object; nil or null: none
	Extensions    json.RawMessage // a JSON object; nil: none
	QueriesOnly   bool            // the transport may only read (GET)
}

// RequestKey is the key under which the context of a request holds it, a *Request.
type RequestKey struct{}

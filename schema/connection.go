package schema

// Part is a place in the answer of a connection, whose rows PostgreSQL gives and whose pages are made of them.
// Source: Relay's "GraphQL Cursor Connections Specification".
type Part uint8

// The parts of a connection and of the objects in it.
const (
	Edges           Part = iota + 1 // a list with an object for each row of the page
	Node                            // of an edge: the row itself
	Cursor                          // of an edge: where it stands in the order
	Nodes                           // the page's rows
	PageInfo                        // an object about the page
	HasNextPage                     // of the page's object
	HasPreviousPage                 // of the page's object
	StartCursor                     // of the page's object: the first row's cursor; null when there are no rows
	EndCursor                       // of the page's object: the last row's cursor; null when there are no rows
	TotalCount                      // how many rows match, whatever the page
)

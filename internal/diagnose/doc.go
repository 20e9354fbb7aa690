// Package diagnose looks for what keeps a database from being served well or safely: a pool that the server has no room
// for, documents that a view makes when it is read, relations and filters without an index, row-level security that does
// not hold, and objects that cannot be served.
//
// [Run] reads the catalog and asks for plans, in one read-only transaction, and changes nothing. Each [Finding] says what
// it is about, what was measured or read and where, and what to paste to mend it.
package diagnose

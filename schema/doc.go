// Package schema is the frozen description of an API: its types, their fields, and for each
// field the place its value comes from.
//
// Two things live here. [Declarations] are what a developer says: Go structs and comments in
// the database both end as declarations. A [Schema] is what came of them after they were
// checked against the live catalog: it is never changed again, so any number of requests may
// read it at once, and it prints itself as SDL.
package schema

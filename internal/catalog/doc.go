// Package catalog turns what PostgreSQL knows about its relations, the comments on them and
// the declarations made in Go into one frozen [schema.Schema].
//
// [Read] asks pg_catalog, in five queries whatever the number of tables, and gives [Facts].
// [Build] is pure: it compares the declarations with the facts and reports every mismatch at
// once. Types come from the catalog and from declarations, never from rows, so an empty view
// makes the same schema as a full one.
package catalog

// Package ramp loads a GraphQL server with rates that rise from step to step, and says which size of the connection pool fits
// what it measured.
//
// The load is open: requests fall due at a constant rate, whether or not the answers to earlier ones are in, so that a server
// that stands still is charged for all who would have waited. What the pool did in a step is the difference of two looks at its
// numbers; a server whose numbers cannot be had is measured without them.
package ramp

// Package operator is the table of what a field can be filtered by: for each class of fields
// the operators, what each takes, how it is written in SQL, and what clients are told of it.
// The catalog makes the inputs of filters from it, and the compiler the conditions, so that an
// operator is offered and understood in one and the same way.
//
// A new kind of values, such as vectors or places, gets a class with its rows here and its
// scalar in Subject.Class.
package operator

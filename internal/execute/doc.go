// Package execute runs a plan on a lent connection and writes the answer.
//
// The statements of a request travel in one batch with its session settings, and PostgreSQL
// answers them in one go (wire.go). Rows become JSON as they arrive (writer.go, answer.go); when Go has a part in the
// answer they are kept until it has run (resolve.go).
package execute

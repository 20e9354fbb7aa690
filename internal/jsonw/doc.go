// Package jsonw is the path of bytes: it writes JSON from what PostgreSQL sends, without
// building values in between.
//
// A [Form] is a scalar's one wire form. It is written from two sources: from PostgreSQL's text
// format, which root columns travel in, and from a JSON token, which nested rows, documents
// and Go values travel in. Both give the same bytes for the same value.
//
// A [Cursor] walks JSON that is already known to be well formed. On JSON that is not, it stops
// early instead of failing, and never reads past the end.
package jsonw

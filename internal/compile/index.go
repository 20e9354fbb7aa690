package compile

import "github.com/fraiseql/fraiseql-go/schema"

// IndexExpression writes a field's value as filters and orders write it, for an index on the table that holds the document:
// the planner takes an index only when the words are the same. document is the document's column in that table. It is not
// ok for a value that no index can hold: one that depends on the session, as a date in text does, or a list.
func IndexExpression(f *schema.Field, document string) (sql string, ok bool) {
	t := f.Type.Base()
	if f.Column != nil || f.Key == "" || f.Type.Elem != nil || t.Kind == schema.Object {
		return "", false
	}
	cast := documentType(t)
	switch cast {
	case "date", "time", "timestamp", "timestamptz", "interval", "jsonb":
		return "", false
	}
	return "(" + document + "->>" + quoteLiteral(f.Key) + ")::" + cast, true
}

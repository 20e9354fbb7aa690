package schema

import (
	"strings"
	"unicode"
)

// ColumnName is the database's name for a GraphQL name when nothing else is said: an underscore before each capital, and before
// a run of digits that follows a letter: dns1Id → dns_1_id.
func ColumnName(name string) string {
	var b strings.Builder
	before := '_'
	for _, r := range name {
		if unicode.IsUpper(r) && before != '_' || unicode.IsDigit(r) && unicode.IsLetter(before) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

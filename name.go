package fraiseql

import (
	"strings"
	"unicode"
)

// lowerCamel makes a GraphQL name of a Go name: ID is id, UserID is userId, HTMLBody is
// htmlBody, UserIDs is userIds.
func lowerCamel(name string) string {
	var b strings.Builder
	for i, word := range words(name) {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	return b.String()
}

// words cuts a Go name where a word begins: at a capital behind a small letter or a digit, at
// the last capital of several when a small letter follows (HTML|Body), and at underscores. A
// plural s belongs to the initials before it (IDs).
func words(name string) []string {
	r := []rune(name)
	var all []string
	start := 0
	cut := func(i int) {
		if i > start {
			all = append(all, string(r[start:i]))
		}
		start = i
	}
	for i := 1; i < len(r); i++ {
		switch {
		case r[i] == '_':
			cut(i)
			start = i + 1
		case !unicode.IsUpper(r[i]):
		case !unicode.IsUpper(r[i-1]):
			cut(i)
		case i+1 < len(r) && unicode.IsLower(r[i+1]) && !pluralS(r, i+1):
			cut(i)
		}
	}
	cut(len(r))
	return all
}

func pluralS(r []rune, i int) bool {
	return r[i] == 's' && (i+1 == len(r) || unicode.IsUpper(r[i+1]) || r[i+1] == '_')
}

// folded is what a GraphQL name and the database names it may stand for have in common:
// dns1Id, dns1_id and dns_1_id are all dns1id.
func folded(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

func title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

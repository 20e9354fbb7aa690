package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/schema"
)

// camel turns a database name into a GraphQL name: dns_1_id → dns1Id. A leading underscore
// stays, and so does a capital that is there already.
func camel(name string) string {
	body := strings.TrimLeft(name, "_")
	var b strings.Builder
	b.WriteString(name[:len(name)-len(body)])
	for i, part := range strings.Split(body, "_") {
		if i == 0 {
			b.WriteString(part)
		} else {
			b.WriteString(upperFirst(part))
		}
	}
	return b.String()
}

// pascal turns a database name into a type's name: post_status → PostStatus.
func pascal(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(upperFirst(part))
	}
	return b.String()
}

// snake turns a GraphQL name into a database name: an underscore before each capital, and
// before a run of digits that follows a letter: dns1Id → dns_1_id.
func snake(name string) string { return schema.ColumnName(name) }

// typeName makes a type's name from its source's: v_user → User.
func typeName(source string) string {
	for _, prefix := range [...]string{"tb_", "tv_", "v_"} {
		if rest, ok := strings.CutPrefix(source, prefix); ok && rest != "" {
			source = rest
			break
		}
	}
	return pascal(source)
}

// oneName makes the name of the query for one object: PostStatus → postStatus, URL → url.
func oneName(typeName string) string {
	end := 0
	for end < len(typeName) && typeName[end] >= 'A' && typeName[end] <= 'Z' {
		end++
	}
	if end > 1 && end < len(typeName) && typeName[end] >= 'a' && typeName[end] <= 'z' {
		end-- // the last capital begins the next word
	}
	return strings.ToLower(typeName[:end]) + typeName[end:]
}

// plural makes the English plural of a name's last word. Irregular words are named by the
// user, so there is no list of them.
func plural(name string) string {
	if name == "" {
		return ""
	}
	last := name[len(name)-1]
	switch {
	case last == 'y' && len(name) > 1 && !strings.ContainsRune("aeiouAEIOU", rune(name[len(name)-2])):
		return name[:len(name)-1] + "ies"
	case strings.ContainsRune("sxz", rune(last)), strings.HasSuffix(name, "ch"), strings.HasSuffix(name, "sh"):
		return name + "es"
	}
	return name + "s"
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// nearest finds the candidate that is most like a name, or nothing when none is close.
func nearest(name string, candidates []string) string {
	best, distance := "", 1+max(2, len(name)/3)
	if len(name) <= 3 {
		distance = 2
	}
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// listed writes names for a message, with the nearest one first in a question.
func listed(name string, candidates []string) string {
	text := "it has " + strings.Join(candidates, ", ")
	if len(candidates) == 0 {
		text = "it has none"
	}
	if near := nearest(name, candidates); near != "" {
		return "did you mean " + near + "? " + text
	}
	return text
}

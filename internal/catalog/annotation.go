package catalog

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// annotation is a comment taken apart.
type annotation struct {
	text string // before the marker: the description of an object without one
	kind string // type, field, mutation, …; empty when there is no marker
	body string // after the marker
	line int    // the comment's line on which body begins, from 1
}

var marker = regexp.MustCompile(`@fraiseql:([A-Za-z_]*)`)

func readComment(comment string) annotation {
	at := marker.FindStringSubmatchIndex(comment)
	if at == nil {
		return annotation{text: strings.TrimSpace(comment)}
	}
	return annotation{
		text: strings.TrimSpace(comment[:at[0]]),
		kind: cmp.Or(comment[at[2]:at[3]], "…"), // a marker without a word is one that nobody knows
		body: comment[at[1]:],
		line: 1 + strings.Count(comment[:at[1]], "\n"),
	}
}

func unknownKey(line int, key string, known []string) error {
	hint := ""
	if near := nearest(key, known); near != "" {
		hint = "did you mean " + near + "? "
	}
	return fmt.Errorf("line %d: unknown key %q: %sthe keys are %s", line, key, hint, strings.Join(known, ", "))
}

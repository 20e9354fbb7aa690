package e2e_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// literalOf writes JSON as a GraphQL literal: keys without quotes; the escapes of strings are the same.
func literalOf(c scalarCase, text string) string {
	if unquoted, err := strconv.Unquote(text); err == nil && c.typ == "Mood" {
		return unquoted
	}
	return jsonKey.ReplaceAllString(text, "$1:")
}

var jsonKey = regexp.MustCompile(`"([a-zA-Z]+)":`)

// sendable is what a client sends for a value that it got.
func (c scalarCase) sendable(wire string) string {
	if !c.isRange() {
		return wire
	}
	if strings.Contains(wire, `"isEmpty":true`) {
		return `{"lower":1,"upper":1}`
	}
	return wire[:strings.Index(wire, `,"isEmpty"`)] + "}"
}

// What a client got, it may send: as a literal, in a variable and in a list, about a column and about documents.
func TestScalarsComeBack(t *testing.T) {
	t.Parallel()
	all := scalarCases()
	s := serveScalars(t, all)
	for _, list := range []string{"columns", "storeds", "mades"} {
		for _, c := range all {
			name := camelName(c.name)
			typ := c.typ
			if c.isRange() {
				typ += "Input"
			}
			for i, v := range c.values {
				if v.wire == "" || c.name == "mac8" && list != "columns" { // a document's addresses are compared as macaddr
					continue
				}
				inName, in := name, "in"
				if c.typ == "Boolean" { // which has no in
					inName, in = name+"List", "contains"
				}
				sent, row := c.sendable(v.wire), fmt.Sprintf(`[{"id":"%d"}]`, i)
				query := fmt.Sprintf("query($v: %s, $l: [%s!]) { literal: %s(where: {%s: {eq: %s}}) { id } variable: %s(where: {%s: {eq: $v}}) { id } list: %s(where: {%s: {%s: $l}}) { id } }",
					typ, typ, list, name, literalOf(c, sent), list, name, list, inName, in)
				got := s.Query(t, query, map[string]any{"v": json.RawMessage(sent), "l": json.RawMessage("[" + sent + "]")})
				if want := `{"literal":` + row + `,"variable":` + row + `,"list":` + row + `}`; got != want {
					t.Errorf("%s: %s %s: got %s, want %s", list, c.typ, sent, got, want)
				}
			}
		}
	}
}

// What a scalar does not accept is refused before any SQL, as a literal and in a variable, by an error that says what is
// accepted.
func TestScalarsRefuse(t *testing.T) {
	t.Parallel()
	all := scalarCases()
	s := serveScalars(t, all)
	for _, c := range all {
		typ, name := c.typ, camelName(c.name)
		if c.isRange() {
			typ += "Input"
		}
		for _, sent := range c.refuse {
			a := s.Counted(t, 0, 0, fmt.Sprintf("query($v: %s) { columns(where: {%s: {eq: $v}}) { id } }", typ, name), map[string]any{"v": json.RawMessage(sent)})
			if a.Code() != "BAD_USER_INPUT" || a.Data != nil {
				t.Errorf("%s in a variable: %s: got %s", c.typ, sent, a.Body)
			}
			if sent[0] != '[' && sent[0] != '{' || c.isRange() {
				mustContain(t, c.typ+" in a variable: "+sent, a.Errors[0].Message, c.says, `variable "$v`)
			} else {
				mustContain(t, c.typ+" in a variable: "+sent, a.Errors[0].Message, "is a single value")
			}
			a = s.Counted(t, 0, 0, fmt.Sprintf("{ columns(where: {%s: {eq: %s}}) { id } }", name, literalOf(c, sent)), nil)
			if code := a.Code(); code != "BAD_USER_INPUT" && code != "GRAPHQL_VALIDATION_FAILED" || a.Data != nil {
				t.Errorf("%s as a literal: %s: got %s", c.typ, sent, a.Body)
			}
		}
	}
}

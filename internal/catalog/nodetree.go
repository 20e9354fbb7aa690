package catalog

import (
	"errors"
	"strconv"
	"strings"
)

// node is a node of a rule as PostgreSQL writes it: {NAME :field value … :field value …}. The
// fields differ between versions, so nothing here knows them; a reader asks for what it needs
// and takes what is missing as unknown.
type node struct {
	name   string
	fields map[string][]any // each value a *node, a list or a string
}

// list is what stands in parentheses.
type list []any

var errNodeTree = errors.New("not a node tree")

// The parser's recursion ends here; no view that a person wrote comes near it.
const maxNodeDepth = 2000

// parseNodes reads a node tree.
func parseNodes(text string) (list, error) {
	p := nodeParser{text: text}
	v, err := p.value(p.next(), 0)
	if err != nil {
		return nil, err
	}
	if l, ok := v.(list); ok {
		return l, nil
	}
	return list{v}, nil
}

type nodeParser struct {
	text string
	at   int
}

// next gives a brace, a parenthesis or a word; empty at the end.
func (p *nodeParser) next() string {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t') {
		p.at++
	}
	start := p.at
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case '(', ')', '{', '}':
			if p.at == start {
				p.at++
			}
			return p.text[start:p.at]
		case ' ', '\n', '\t':
			return p.text[start:p.at]
		case '\\':
			p.at++
		}
		p.at++
	}
	p.at = min(p.at, len(p.text))
	return p.text[start:p.at]
}

func (p *nodeParser) value(token string, depth int) (any, error) {
	if depth > maxNodeDepth {
		return nil, errNodeTree
	}
	switch token {
	case "{":
		return p.node(depth)
	case "(":
		out := list{}
		for {
			token := p.next()
			if token == ")" {
				return out, nil
			}
			v, err := p.value(token, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	case "", ")", "}":
		return nil, errNodeTree
	}
	return token, nil
}

func (p *nodeParser) node(depth int) (*node, error) {
	n := &node{name: p.next(), fields: map[string][]any{}}
	field := ""
	for {
		token := p.next()
		if token == "}" {
			return n, nil
		}
		if name, ok := strings.CutPrefix(token, ":"); ok {
			field = name
			n.fields[field] = nil
			continue
		}
		v, err := p.value(token, depth+1)
		if err != nil {
			return nil, err
		}
		n.fields[field] = append(n.fields[field], v)
	}
}

// one gives a field's only value, or nil.
func (n *node) one(field string) any {
	if n == nil || len(n.fields[field]) == 0 {
		return nil
	}
	return n.fields[field][0]
}

func (n *node) node(field string) *node {
	child, _ := n.one(field).(*node)
	return child
}

// list gives a field's list. PostgreSQL writes an empty one as <>.
func (n *node) list(field string) list {
	l, _ := n.one(field).(list)
	return l
}

// empty tells whether a field is there and holds nothing. A field that is not there is not
// empty: then nothing is known about it.
func (n *node) empty(field string) bool {
	switch v := n.one(field).(type) {
	case string:
		return v == "<>"
	case list:
		return len(v) == 0
	}
	return false
}

// number gives a field's whole number, or -1.
func (n *node) number(field string) int {
	if n == nil {
		return -1
	}
	word, _ := n.one(field).(string)
	i, err := strconv.Atoi(word)
	if err != nil {
		return -1
	}
	return i
}

func (n *node) is(field, word string) bool {
	got, _ := n.one(field).(string)
	return got == word
}

// text gives the value of a constant of type text, or of one whose type nobody told.
func (n *node) text() (string, bool) {
	const textOID, unknownOID = 25, 705
	raw, ok := n.bytes()
	if typ := n.number("consttype"); typ != textOID && typ != unknownOID {
		return "", false
	}
	return string(raw), ok
}

// bytes gives what a constant of variable length holds.
func (n *node) bytes() ([]byte, bool) {
	if n == nil || n.name != "CONST" || !n.is("constisnull", "false") {
		return nil, false
	}
	var raw []byte
	for _, v := range n.fields["constvalue"] {
		word, _ := v.(string)
		if i, err := strconv.Atoi(word); err == nil {
			raw = append(raw, byte(i))
		}
	}
	// The first number is the count of the bytes that follow.
	const count, header, terminator = 1, 4, 1
	switch n.number("constlen") {
	case -1: // their length stands before them once more
		if len(raw) >= count+header {
			return raw[count+header:], true
		}
	case -2: // a C string
		if len(raw) >= count+terminator {
			return raw[count : len(raw)-terminator], true
		}
	}
	return nil, false
}

// emptyArray tells whether an expression is plainly a JSON array without elements.
func (n *node) emptyArray() bool {
	const jsonOID, jsonbOID, jsonBuildArray, jsonbBuildArray = 114, 3802, 3199, 3272
	if n != nil && n.name == "FUNCEXPR" {
		f := n.number("funcid")
		return f == jsonBuildArray || f == jsonbBuildArray
	}
	raw, ok := n.bytes()
	if !ok {
		return false
	}
	switch n.number("consttype") {
	case jsonOID:
		return strings.TrimSpace(string(raw)) == "[]"
	case jsonbOID:
		// The count of no elements and the array's flag, in either order of bytes.
		return string(raw) == "\x00\x00\x00\x40" || string(raw) == "\x40\x00\x00\x00"
	}
	return false
}

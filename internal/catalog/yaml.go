package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// mapping is a YAML mapping whose keys keep their order and their lines.
type mapping struct {
	pairs []*ast.MappingValueNode
	first int // what is added to a node's line to have the comment's
}

// entry is a key of a mapping with its value.
type entry struct {
	name  string
	line  int
	value ast.Node
	first int
}

type form uint8

const (
	formText form = iota + 1
	formMapping
	formList
	formTrue
	formFalse
	formNull
	formOther
)

var yamlPosition = regexp.MustCompile(`^\[(\d+):\d+\] ?`)

// parseMapping reads an annotation's body. Lines in errors are those of the whole comment.
func parseMapping(a annotation) (mapping, error) {
	m := mapping{first: a.line - 1}
	file, err := parser.ParseBytes([]byte(a.body), 0)
	if err != nil {
		message, _, _ := strings.Cut(err.Error(), "\n")
		if at := yamlPosition.FindStringSubmatch(message); at != nil {
			var line int
			_, _ = fmt.Sscan(at[1], &line) // digits, by the pattern
			message = fmt.Sprintf("line %d: %s", line+m.first, message[len(at[0]):])
		}
		return m, fmt.Errorf("this is not YAML: %s", message)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		return m, nil
	}
	body, err := plainer{anchors: map[string]ast.Node{}, first: m.first}.plain(bodies[0])
	if err != nil {
		return m, err
	}
	pairs, ok := mappingOf(body)
	if !ok || len(bodies) > 1 {
		return m, fmt.Errorf("line %d: only lines of the form `key: value` may stand here", bodies[len(bodies)-1].GetToken().Position.Line+m.first)
	}
	m.pairs = pairs
	return m, nil
}

func mappingOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// each calls do for every key, refusing those that are not known (nil: all are) or stand twice.
func (m mapping) each(known []string, do func(entry) error) error {
	var faults []error
	seen := map[string]bool{}
	for _, pair := range m.pairs {
		k := entry{value: pair.Value, first: m.first, line: pair.Key.GetToken().Position.Line + m.first}
		if scalar, ok := pair.Key.(ast.ScalarNode); ok {
			k.name = fmt.Sprint(scalar.GetValue())
		}
		switch {
		case k.name == "":
			faults = append(faults, fmt.Errorf("line %d: a key must be a word", k.line))
		case known != nil && !slices.Contains(known, k.name):
			faults = append(faults, unknownKey(k.line, k.name, known))
		case seen[k.name]:
			faults = append(faults, fmt.Errorf("line %d: %s stands twice", k.line, k.name))
		default:
			if err := do(k); err != nil {
				faults = append(faults, err)
			}
		}
		seen[k.name] = true
	}
	return errors.Join(faults...)
}

// textEntry is a key whose value is plain text, outside of YAML.
func textEntry(name string, line int, text string) entry {
	return entry{name: name, line: line, value: &ast.StringNode{Value: text}}
}

func (k entry) fault(format string, args ...any) error {
	return fmt.Errorf("line %d: %s %s", k.line, k.name, fmt.Sprintf(format, args...))
}

func (k entry) form() form {
	switch v := k.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return formMapping
	case *ast.SequenceNode:
		return formList
	case *ast.BoolNode:
		if v.Value {
			return formTrue
		}
		return formFalse
	case *ast.NullNode:
		return formNull
	case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode:
		return formText
	}
	return formOther
}

func (k entry) text() (string, error) {
	switch v := k.value.(type) {
	case *ast.StringNode:
		return strings.TrimSpace(v.Value), nil
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return k.value.GetToken().Value, nil
	case *ast.NullNode:
		return "", k.fault("has no value")
	}
	return "", k.fault("must be a text; put it in quotes when it begins with a sign that YAML keeps for itself")
}

// required is a text or a list of texts; a guard that is written down must never be read as none.
func (k entry) required() ([]string, error) {
	names, err := k.names()
	if err == nil && (len(names) == 0 || slices.Contains(names, "")) {
		err = k.fault("is empty: name the role or scope, or a list of which one is enough")
	}
	return names, err
}

func (k entry) boolean() (bool, error) {
	switch k.form() {
	case formTrue:
		return true, nil
	case formFalse:
		return false, nil
	}
	return false, k.fault("must be true or false")
}

// names reads a list of names, or a single one.
func (k entry) names() ([]string, error) {
	seq, ok := k.value.(*ast.SequenceNode)
	if !ok {
		name, err := k.text()
		return []string{name}, err
	}
	if len(seq.Values) == 0 {
		return nil, k.fault("is empty: name something, or leave the key out")
	}
	names := make([]string, 0, len(seq.Values))
	for _, v := range seq.Values {
		name, err := entry{name: k.name, line: k.line, first: k.first, value: v}.text()
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, k.fault("names %s twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

func (k entry) mapping(wanted string) (mapping, error) {
	pairs, ok := mappingOf(k.value)
	if !ok {
		return mapping{}, k.fault("must be %s", wanted)
	}
	return mapping{pairs: pairs, first: k.first}, nil
}

// emptyList tells whether the value is a list, and one of nothing.
func (k entry) emptyList() (empty, is bool) {
	seq, is := k.value.(*ast.SequenceNode)
	return is && len(seq.Values) == 0, is
}

// single gives the only element of a list.
func (k entry) single() (entry, error) {
	seq, ok := k.value.(*ast.SequenceNode)
	if !ok || len(seq.Values) != 1 {
		return entry{}, k.fault("must hold one element, the shape of all: [{…}] or [String!]")
	}
	return entry{name: k.name, line: k.line, first: k.first, value: seq.Values[0]}, nil
}

package catalog

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// plainer takes what YAML has for writers out of a tree, so that readers meet values only: an alias
// is the value of its anchor, and anchors, tags and the sign of a long key are gone.
type plainer struct {
	anchors map[string]ast.Node
	first   int // what is added to a node's line to have the comment's
}

func (p plainer) plain(n ast.Node) (ast.Node, error) {
	var err error
	switch n := n.(type) {
	case *ast.AnchorNode:
		value, err := p.plain(n.Value)
		// Known only from here on, so that no value can hold itself.
		p.anchors[n.Name.GetToken().Value] = value
		return value, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		value, ok := p.anchors[name]
		if !ok {
			return nil, fmt.Errorf("line %d: *%s stands for nothing: write &%[2]s in front of a value above it", n.GetToken().Position.Line+p.first, name)
		}
		return value, nil
	case *ast.TagNode:
		return p.plain(n.Value)
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if err := p.pair(pair); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		err = p.pair(n)
	case *ast.SequenceNode:
		for i, value := range n.Values {
			if n.Values[i], err = p.plain(value); err != nil {
				return nil, err
			}
		}
	}
	return n, err
}

func (p plainer) pair(n *ast.MappingValueNode) (err error) {
	if long, ok := n.Key.(*ast.MappingKeyNode); ok {
		if key, ok := long.Value.(ast.MapKeyNode); ok {
			n.Key = key
		}
	}
	n.Value, err = p.plain(n.Value)
	return err
}

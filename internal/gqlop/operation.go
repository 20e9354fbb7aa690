package gqlop

import (
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
)

// Kind tells reading operations from writing ones.
type Kind uint8

// The kinds of operations.
const (
	Query Kind = iota + 1
	Mutation
	Subscription
)

// String is the keyword that starts such an operation.
func (k Kind) String() string {
	switch k {
	case Mutation:
		return "mutation"
	case Subscription:
		return "subscription"
	}
	return "query"
}

// Operation is a validated operation. As long as its document is kept, each request for it
// gets the same pointer. Only Plans may be changed.
//
// The nodes carry what validation knows: a field's Definition and ObjectDefinition, a
// spread's Definition, a variable's Definition, a value's ExpectedType and Definition. A
// value's VariableDefinition stays nil: operations share fragments, so a variable is looked
// up by its name in Def.
type Operation struct {
	Def       *ast.OperationDefinition
	Fragments ast.FragmentDefinitionList // of the document; each spread also points to its own
	Schema    *ast.Schema
	Kind      Kind
	Name      string // empty: the document's only operation, without a name
	Label     string // names it to operators: its kind with its name or, without one, the start of the document's SHA-256
	Roots     int    // fields of the answer at the root, those of fragments included

	// Plans is where the compiler keeps what it made of the operation; this package does not
	// look at it.
	Plans atomic.Value
}

// document is a validated document.
type document struct {
	operations []*Operation
	weight     uint32
}

func newDocument(text string, parsed *ast.QueryDocument, schema *ast.Schema) *document {
	d := &document{weight: retained(text)}
	for _, def := range parsed.Operations {
		kind := Query
		switch def.Operation {
		case ast.Mutation:
			kind = Mutation
		case ast.Subscription:
			kind = Subscription
		}
		d.operations = append(d.operations, &Operation{
			Def: def, Fragments: parsed.Fragments, Schema: schema, Kind: kind, Name: def.Name,
			Label: label(kind, def.Name, text),
			Roots: countRoots(def.SelectionSet),
		})
	}
	return d
}

const (
	mostLabel  = 64 // letters of a name
	hashDigits = 12
)

// label never holds a value: a name is letters, digits and underscores. The hash is that by which a persisted document is
// asked for.
func label(kind Kind, name, text string) string {
	switch {
	case name == "":
		sum := sha256.Sum256([]byte(text))
		name = "#" + hex.EncodeToString(sum[:])[:hashDigits]
	case len(name) > mostLabel:
		name = name[:mostLabel] + "…"
	}
	return kind.String() + " " + name
}

// countRoots counts the response keys at the root of a valid operation, each fragment looked at once.
func countRoots(set ast.SelectionSet) int {
	keys, seen := map[string]bool{}, map[*ast.FragmentDefinition]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				keys[s.Alias] = true
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := s.Definition; f != nil && !seen[f] {
					seen[f] = true
					collect(f.SelectionSet)
				}
			}
		}
	}
	collect(set)
	return len(keys)
}

// retained guesses how many bytes a document holds: a token takes about four letters of text,
// and its node with its position about 250 bytes.
func retained(text string) uint32 {
	return uint32(4096 + 64*len(text))
}

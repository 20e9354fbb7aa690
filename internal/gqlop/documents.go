package gqlop

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Documents reads requests against one schema. It is safe for concurrent use, starts no
// goroutine and needs no closing.
type Documents struct {
	index  *index
	limits Limits
	cache  *otter.Cache[string, *document] // nil: nothing is kept
}

// New loads the schema. It fails only when the schema's SDL is not valid GraphQL.
func New(s *schema.Schema, l Limits) (*Documents, error) {
	loaded, err := loadSchema(s.SDL())
	if err != nil {
		return nil, fmt.Errorf("the schema is not valid GraphQL: %w", err)
	}
	d, err := newDocuments(loaded, l)
	if err == nil {
		d.index.addHidden(s)
	}
	return d, err
}

func newDocuments(s *ast.Schema, l Limits) (*Documents, error) {
	d := &Documents{index: newIndex(s), limits: l.withDefaults()}
	var err error
	if d.cache, err = newCache(d.limits); err != nil {
		return nil, fmt.Errorf("document cache: %w", err)
	}
	return d, nil
}

// Schema is the schema that operations point into.
func (d *Documents) Schema() *ast.Schema { return d.index.schema }

// Read finds the operation that a request asks for. What it refuses is a *fault.Error or a
// fault.List with locations: GRAPHQL_PARSE_FAILED, TOO_MANY_TOKENS, QUERY_TOO_DEEP,
// TOO_MANY_FIELDS, QUERY_TOO_COSTLY, GRAPHQL_VALIDATION_FAILED, OPERATION_NOT_FOUND or
// METHOD_NOT_ALLOWED. Only documents without a fault are kept.
func (d *Documents) Read(r *Request) (*Operation, error) {
	if d.cache != nil {
		if doc, ok := d.cache.GetIfPresent(r.Query); ok {
			return doc.choose(r)
		}
	}
	doc, err := d.load(r.Query)
	if err != nil {
		return nil, err
	}
	return doc.choose(r)
}

func (d *Documents) load(text string) (*document, error) {
	keeps := d.cache != nil && len(text) <= maxCachedText
	if keeps {
		// The nodes point into the text; a copy keeps them from holding a whole request body.
		text = strings.Clone(text)
	}
	parsed, refused := parse(text, d.limits.MaxTokens)
	if refused != nil {
		return nil, refused
	}
	if faults := check(d.index, parsed, d.limits); len(faults) > 0 {
		return nil, faults
	}
	doc := newDocument(text, parsed, d.index.schema)
	if keeps {
		// Two requests may read one new document at once: both take the value kept first.
		doc, _ = d.cache.SetIfAbsent(text, doc)
	}
	return doc, nil
}

func (d *document) choose(r *Request) (*Operation, error) {
	op := d.find(r.OperationName)
	if op == nil {
		return nil, d.notFound(r.OperationName)
	}
	if r.QueriesOnly && op.Kind != Query {
		return nil, fault.New(fault.MethodNotAllowed, "a %s cannot be sent by GET: send it by POST", op.Kind)
	}
	return op, nil
}

func (d *document) find(name string) *Operation {
	if name == "" {
		if len(d.operations) == 1 {
			return d.operations[0]
		}
		return nil
	}
	for _, op := range d.operations {
		if op.Name == name {
			return op
		}
	}
	return nil
}

func (d *document) notFound(name string) *fault.Error {
	const most = 10
	var there []string
	for i, op := range d.operations {
		if i == most {
			there = append(there, "…")
			break
		}
		if op.Name != "" {
			there = append(there, strconv.Quote(short(op.Name)))
		}
	}
	list := strings.Join(there, ", ")
	switch {
	case name == "":
		return fault.New(fault.OperationNotFound,
			"the document holds %d operations: choose one by operationName: %s", len(d.operations), list)
	case list == "":
		return fault.New(fault.OperationNotFound,
			"the document has no operation %q: its only one has no name, so leave operationName out", short(name))
	}
	return fault.New(fault.OperationNotFound, "the document has no operation %q; it has %s", short(name), list)
}

// newCache bounds the documents kept by number and by memory at once: each counts for what
// it holds, but at least for its share of the whole.
func newCache(l Limits) (*otter.Cache[string, *document], error) {
	if l.CacheEntries < 0 {
		return nil, nil //nolint:nilnil // no cache is a choice, not a fault
	}
	o := &otter.Options[string, *document]{
		Executor: func(fn func()) { fn() },
		Logger:   &otter.NoopLogger{},
	}
	if l.CacheBytes < 0 {
		o.MaximumSize = l.CacheEntries
		return otter.New(o)
	}
	share := uint32(min(l.CacheBytes/l.CacheEntries, 1<<30))
	o.MaximumWeight = uint64(l.CacheBytes)
	o.Weigher = func(_ string, d *document) uint32 { return max(d.weight, share) }
	return otter.New(o)
}

func loadSchema(sdl string) (*ast.Schema, error) {
	s, err := validator.LoadSchema(
		&ast.Source{Name: "specification", Input: prelude, BuiltIn: true},
		&ast.Source{Input: sdl},
	)
	if err == nil {
		dropUnused(s)
	}
	return s, err
}

// dropUnused takes away the built-in scalars that nothing in a schema is of: it does not have them.
// Source: GraphQL specification, section 3.5, "Scalars".
func dropUnused(s *ast.Schema) {
	used := map[string]bool{}
	arguments := func(args ast.ArgumentDefinitionList) {
		for _, a := range args {
			used[a.Type.Name()] = true
		}
	}
	for _, def := range s.Types {
		for _, f := range def.Fields {
			used[f.Type.Name()] = true
			arguments(f.Arguments)
		}
	}
	for _, d := range s.Directives {
		arguments(d.Arguments)
	}
	maps.DeleteFunc(s.Types, func(name string, def *ast.Definition) bool {
		return def.BuiltIn && def.Kind == ast.Scalar && !used[name]
	})
}

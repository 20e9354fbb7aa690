package gqlop

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// Finding is a finding for tests.
type Finding struct {
	Rule string
	Err  *fault.Error
}

// Validator checks documents against any schema in SDL, also one that this project cannot
// serve yet.
type Validator struct{ x *index }

func NewValidator(sdl string) (*Validator, error) {
	s, err := loadSchema(sdl)
	if err != nil {
		return nil, err
	}
	return &Validator{newIndex(s)}, nil
}

// Check parses without the demands on executable documents, as the cases have documents of
// fragments alone.
func (v *Validator) Check(doc *ast.QueryDocument, l Limits) []Finding {
	var out []Finding
	for _, f := range findings(v.x, doc, l.withDefaults()) {
		out = append(out, Finding{f.rule, f.err})
	}
	return out
}

// Documents reads requests against the validator's schema.
func (v *Validator) Documents(l Limits) (*Documents, error) { return newDocuments(v.x.schema, l) }

// Cached is the number of documents kept.
func (d *Documents) Cached() int {
	d.cache.CleanUp()
	return d.cache.EstimatedSize()
}

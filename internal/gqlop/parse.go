package gqlop

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

func parse(text string, maxTokens int) (*ast.QueryDocument, *fault.Error) {
	if !utf8.ValidString(text) {
		return nil, fault.New(fault.ParseFailed, "the document is not UTF-8: send it in UTF-8")
	}
	source := &ast.Source{Input: text}
	var doc *ast.QueryDocument
	var err error
	if maxTokens < 0 {
		doc, err = parser.ParseQuery(source)
	} else {
		doc, err = parser.ParseQueryWithTokenLimit(source, maxTokens)
	}
	if err != nil {
		return nil, parseFault(err, maxTokens)
	}
	if len(doc.Operations) == 0 {
		refused := fault.New(fault.ParseFailed, "the document holds no operation: write a query or a mutation")
		if len(doc.Fragments) > 0 {
			refused.Locations = locations(doc.Fragments[0].Position)
		}
		return nil, refused
	}
	for _, f := range doc.Fragments {
		if len(f.VariableDefinition) > 0 {
			refused := fault.New(fault.ParseFailed,
				"fragment %q declares variables: only operations may, so declare them there", short(f.Name))
			refused.Locations = locations(f.VariableDefinition[0].Position)
			return nil, refused
		}
	}
	return doc, nil
}

// parseFault sorts the parser's errors, which differ by their texts only.
func parseFault(err error, maxTokens int) *fault.Error {
	var e *gqlerror.Error
	if !errors.As(err, &e) {
		return fault.Wrap(err, fault.ParseFailed, "the document is not GraphQL: %s", short(err.Error()))
	}
	var out *fault.Error
	switch {
	case strings.Contains(e.Message, "token limit"):
		out = fault.New(fault.TooManyTokens, "the document has more than %d tokens: split it", maxTokens)
	case strings.Contains(e.Message, "maximum nesting depth"):
		out = fault.New(fault.QueryTooDeep, "the document nests deeper than %d levels: split it", parser.MaxNestingDepth)
	default:
		out = fault.New(fault.ParseFailed, "the document is not GraphQL: %s", cut(e.Message, 200))
	}
	for _, at := range e.Locations {
		out.Locations = append(out.Locations, fault.Location{Line: at.Line, Column: at.Column})
	}
	return out
}

func locations(at ...*ast.Position) []fault.Location {
	out := make([]fault.Location, 0, len(at))
	for _, p := range at {
		if p != nil {
			out = append(out, fault.Location{Line: p.Line, Column: p.Column})
		}
	}
	return out
}

// short keeps a name that a client sent from filling a message.
func short(name string) string { return cut(name, 64) }

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

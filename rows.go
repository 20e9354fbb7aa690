package fraiseql

import (
	"encoding/json"
	"fmt"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Where filters rows as the argument where does, in the names of the schema:
//
//	fraiseql.Where{"status": fraiseql.Where{"eq": "published"}, "OR": []fraiseql.Where{…}}
//
// Values are Go values, written as JSON. They travel as parameters and never become SQL text.
type Where map[string]any

// Order sorts rows as an element of the argument orderBy does: one field and its direction
// (ASC, DESC, ASC_NULLS_FIRST, ASC_NULLS_LAST, DESC_NULLS_FIRST, DESC_NULLS_LAST).
//
//	fraiseql.Order{"publishedAt": "DESC"}
type Order map[string]any

// Rows describes rows of a declared object: a resolver that returns them runs no query of its
// own, since they are compiled together with what the client selected into one statement.
// Each method gives a changed copy, so a description may be kept and used again.
type Rows[T any] struct {
	source string
	where  []Where
	order  []Order
	limit  *int
	offset int
}

// From describes all rows of a source, which must be the one that T is declared on.
func From[T any](source string) *Rows[T] { return &Rows[T]{source: source} }

// Where keeps only the rows that match; called again, rows must match all.
func (r *Rows[T]) Where(w Where) *Rows[T] {
	c := *r
	c.where = append(c.where[:len(c.where):len(c.where)], w)
	return &c
}

// OrderBy sorts the rows, by the first order and then the others; called again, it replaces
// the orders before. Rows that are still equal come by key.
func (r *Rows[T]) OrderBy(by ...Order) *Rows[T] {
	c := *r
	c.order = by
	return &c
}

// Limit gives at most n rows. Without it, the largest page is the limit; a negative n, or one
// above the largest page, is an error for the client.
func (r *Rows[T]) Limit(n int) *Rows[T] {
	c := *r
	c.limit = &n
	return &c
}

// Offset leaves out the first n rows; a negative n is an error for the client.
func (r *Rows[T]) Offset(n int) *Rows[T] {
	c := *r
	c.offset = n
	return &c
}

// One turns a description of rows into one of its first row, or null when there is none.
func (r *Rows[T]) One() *Row[T] { return &Row[T]{rows: r.Limit(1)} }

// Row describes a single row; see [Rows.One].
type Row[T any] struct{ rows *Rows[T] }

// described is what a resolver may return instead of a plain value.
type described interface {
	describe(answer) (schema.Result, error)
}

func (r *Rows[T]) describe(a answer) (schema.Result, error) {
	if r == nil {
		return schema.Result{JSON: json.RawMessage("null")}, nil
	}
	if r.source != a.source {
		return schema.Result{}, sourceFault(a.typeName, a.source, r.source)
	}
	rows := &schema.Rows{Type: a.typeName, Source: r.source, Offset: r.offset}
	if r.offset < 0 {
		return schema.Result{}, fault.New(fault.BadUserInput, "offset is %d: it must be 0 or more", r.offset)
	}
	if r.limit != nil {
		switch {
		case *r.limit < 0:
			return schema.Result{}, fault.New(fault.BadUserInput, "limit is %d: it must be 0 or more", *r.limit)
		case a.maxPage > 0 && *r.limit > a.maxPage:
			return schema.Result{}, fault.New(fault.BadUserInput, "limit is %d, and the most rows of a list are %d: ask for several pages", *r.limit, a.maxPage)
		case *r.limit == 0:
			return schema.Result{JSON: json.RawMessage("[]")}, nil
		}
		rows.Limit = *r.limit
	}
	var where any
	switch len(r.where) {
	case 0:
	case 1:
		where = r.where[0]
	default:
		where = Where{"AND": r.where}
	}
	var err error
	if where != nil {
		if rows.Where, err = json.Marshal(where); err != nil {
			return schema.Result{}, fmt.Errorf("where of rows of %s: %w", r.source, err)
		}
	}
	if len(r.order) > 0 {
		if rows.OrderBy, err = json.Marshal(r.order); err != nil {
			return schema.Result{}, fmt.Errorf("orderBy of rows of %s: %w", r.source, err)
		}
	}
	return schema.Result{Rows: rows}, nil
}

func (r *Row[T]) describe(a answer) (schema.Result, error) {
	if r == nil {
		return schema.Result{JSON: json.RawMessage("null")}, nil
	}
	return r.rows.describe(a)
}

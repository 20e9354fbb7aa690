package compile

import (
	"slices"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// directionType is the enum of orders.
const directionType = "OrderDirection"

// order compiles orderBy. The key always comes last, so that pages are stable.
func (q *query) order(sc scope, v *val) ([]term, error) {
	var terms []term
	items := v.items
	if v.kind == objectVal {
		items = []*val{v}
	}
	for _, item := range items {
		for _, m := range item.fields {
			t, err := q.term(sc, m)
			if err != nil {
				return nil, err
			}
			terms = append(terms, t...)
		}
	}
	seen := map[string]bool{}
	for _, t := range terms {
		seen[t.expr] = true
	}
	last := func(expr string, native bool) {
		if !seen[expr] {
			terms = append(terms, term{expr: expr, native: native})
		}
	}
	for _, k := range sc.t.Key {
		q.docUsed = false
		expr := q.expr(sc, k)
		last(expr, !q.docUsed)
	}
	if len(sc.t.Key) == 0 && sc.t.Source != nil {
		for _, c := range sc.t.Source.Columns {
			if c.Ordered {
				last(sc.alias+"."+quoteIdent(c.Name), true)
			}
		}
	}
	return terms, nil
}

// directions are the values of the enum OrderDirection in SQL.
var directions = map[string]string{
	"ASC": "", "DESC": " desc",
	"ASC_NULLS_FIRST": " asc nulls first", "ASC_NULLS_LAST": " asc nulls last",
	"DESC_NULLS_FIRST": " desc nulls first", "DESC_NULLS_LAST": " desc nulls last",
}

func (q *query) term(sc scope, m member) ([]term, error) {
	if !m.val.given() {
		return nil, nil
	}
	f := sc.t.Field(m.name)
	if err := q.b.use(sc.t, f); err != nil {
		return nil, err
	}
	if f.Relation != nil && f.Relation.Many {
		return q.orderByList(sc, f, m.val)
	}
	if f.Relation != nil {
		return q.orderThrough(sc, f, m.val)
	}
	if m.val.kind == objectVal {
		inner := q.inside(sc, f)
		var all []term
		for _, sub := range m.val.fields {
			terms, err := q.term(inner, sub)
			if err != nil {
				return nil, err
			}
			for _, t := range terms {
				t.nullable = true // the object may lack the key
				all = append(all, t)
			}
		}
		return all, nil
	}
	direction, err := directed(m.val)
	if err != nil {
		return nil, err
	}
	q.docUsed = false
	t := term{expr: q.expr(sc, f) + collated(f), direction: direction, cast: castOf(f), home: home(f), collation: f.Collation}
	t.native = !q.docUsed
	t.nullable = !slices.Contains(sc.t.Key, f) && (f.Column == nil || !f.Column.NotNull)
	return []term{t}, nil
}

// below puts terms into sub-selects, whose rows need not be there.
func below(terms []term, rows string) []term {
	for i, t := range terms {
		t.expr, t.native, t.nullable = "(select "+t.expr+rows+")", true, true
		terms[i] = t
	}
	return terms
}

// orderThrough orders by a field of the row that a relation leads to.
func (q *query) orderThrough(sc scope, f *schema.Field, v *val) ([]term, error) {
	var all []term
	for _, m := range v.fields {
		remote := q.scope(f.Relation.To)
		terms, err := q.term(remote, m)
		if err != nil {
			return nil, err
		}
		p := part{conds: q.join(sc, remote, f.Relation), limit: "1"}
		all = append(all, below(terms, q.from(remote, p, false))...)
	}
	return all, nil
}

// orderByList orders by figures over the rows that a relation leads to.
func (q *query) orderByList(sc scope, f *schema.Field, v *val) ([]term, error) {
	remote := q.scope(f.Relation.To)
	a := &aggregation{q: q, sc: remote, used: map[string]bool{}}
	terms, err := a.order(f.Relation.To.Figures, v)
	if err != nil {
		return nil, err
	}
	counts := make([]bool, len(terms))
	for i, t := range terms {
		counts[i] = !t.nullable
	}
	terms = below(terms, q.from(remote, part{conds: q.join(sc, remote, f.Relation)}, false))
	for i := range terms {
		terms[i].nullable = !counts[i] // of no rows there is a count too
	}
	return terms, nil
}

func directed(v *val) (string, error) {
	direction, ok := directions[string(v.plain)]
	if !ok {
		return "", fault.New(fault.BadUserInput, "orderBy: %q is not a direction", v.plain)
	}
	return direction, nil
}

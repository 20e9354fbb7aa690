package compile

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// directionType is the enum of orders.
const directionType = "OrderDirection"

// where compiles a filter; the conditions must all hold.
func (q *query) where(sc scope, w *val) ([]cond, error) {
	var all []cond
	for _, m := range w.fields {
		if m.val.kind == absentVal {
			continue
		}
		conds, err := q.filter(sc, m)
		if err != nil {
			return nil, err
		}
		all = append(all, conds...)
	}
	return all, nil
}

func (q *query) filter(sc scope, m member) ([]cond, error) {
	switch m.name {
	case "AND":
		var all []cond
		for _, item := range m.val.items {
			conds, err := q.where(sc, item)
			if err != nil {
				return nil, err
			}
			all = append(all, conds...)
		}
		return all, nil
	case "OR":
		if m.val.kind == nullVal {
			return nil, nil
		}
		native := true
		texts := []string{}
		for _, item := range m.val.items {
			conds, err := q.where(sc, item)
			if err != nil {
				return nil, err
			}
			texts = append(texts, "("+and(conds)+")")
			for _, c := range conds {
				native = native && c.native
			}
		}
		if len(texts) == 0 { // any of nothing
			return []cond{{"false", true}}, nil
		}
		return []cond{{"(" + strings.Join(texts, " or ") + ")", native}}, nil
	case "NOT":
		if m.val.kind == nullVal {
			return nil, nil
		}
		conds, err := q.where(sc, m.val)
		if err != nil {
			return nil, err
		}
		native := true
		for _, c := range conds {
			native = native && c.native
		}
		return []cond{{"not (" + and(conds) + ")", native}}, nil
	}
	f := sc.t.Field(m.name)
	if m.val.kind == nullVal {
		return nil, fault.New(fault.BadUserInput, "the filter %q is null: leave it out, or ask for {isNull: true}", m.name)
	}
	switch {
	case f.Relation != nil:
		return q.through(sc, f, m.val)
	case f.Type.Base().Kind == schema.Object:
		return q.where(q.inside(sc, f), m.val)
	}
	var all []cond
	for _, op := range m.val.fields {
		if op.val.kind == absentVal {
			continue
		}
		c, err := q.compare(sc, f, op.name, op.val)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// inside is the scope of an object in a document or in a column of its own.
func (q *query) inside(sc scope, f *schema.Field) scope {
	doc := "(" + sc.doc + "->" + quoteLiteral(f.Key) + ")"
	if f.Column != nil {
		doc = "pg_catalog.to_jsonb(" + q.expr(sc, f) + ")"
	} else {
		q.docUsed = true
	}
	return scope{t: f.Type.Base(), alias: sc.alias, doc: doc}
}

// through filters by the row that a relation leads to.
func (q *query) through(sc scope, f *schema.Field, w *val) ([]cond, error) {
	remote := q.scope(f.Relation.To)
	conds, err := q.where(remote, w)
	if err != nil {
		return nil, err
	}
	p := part{conds: append(q.join(sc, remote, f.Relation), conds...)}
	return []cond{{"exists (select 1" + q.from(remote, p, false) + ")", true}}, nil
}

func (q *query) join(local, remote scope, r *schema.Relation) []cond {
	conds := make([]cond, len(r.By))
	for i, j := range r.By {
		conds[i] = cond{remote.alias + "." + quoteIdent(j.Remote.Name) + " = " + local.alias + "." + quoteIdent(j.Local.Name), true}
	}
	return conds
}

var comparisons = map[string]string{"eq": " = ", "neq": " <> ", "gt": " > ", "gte": " >= ", "lt": " < ", "lte": " <= "}

// compare compiles one operator on one field.
func (q *query) compare(sc scope, f *schema.Field, op string, v *val) (cond, error) {
	if v.kind == nullVal {
		return cond{}, fault.New(fault.BadUserInput, "%s: {%s: null} matches nothing in SQL: ask for {isNull: true} or {isNull: false}", f.Name, op)
	}
	q.docUsed = false
	expr := q.expr(sc, f)
	p := param{leaf: v.leaf, text: v.text, cast: castOf(f), field: f.Name}
	if v.leaf > 0 {
		p.text = nil
	}
	sql := ""
	switch op {
	case "isNull":
		sql = expr + " is not null"
		if string(v.text) == "t" {
			sql = expr + " is null"
		}
	case "in", "nin":
		p.cast += "[]"
		if v.kind == listVal {
			p.array = true
			for _, item := range v.items {
				p.parts = append(p.parts, param{leaf: item.leaf, text: item.text, cast: castOf(f), field: f.Name})
			}
		}
		quantified := map[string]string{"in": " = any(", "nin": " <> all("}[op]
		sql = expr + quantified + q.param(p) + ")"
	case "contains", "startsWith":
		p.cast = "text"
		p.like = map[string]like{"contains": containsLike, "startsWith": startsLike}[op]
		sql = expr + " like " + q.param(p)
	default:
		sign, ok := comparisons[op]
		if !ok {
			return cond{}, fault.New(fault.BadUserInput, "%s: there is no operator %q", f.Name, op)
		}
		sql = expr + sign + q.param(p)
	}
	return cond{sql, !q.docUsed}, nil
}

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
			all = append(all, terms...)
		}
		return all, nil
	}
	direction, ok := directions[string(m.val.plain)]
	if !ok {
		return nil, fault.New(fault.BadUserInput, "orderBy: %q is not a direction", m.val.plain)
	}
	q.docUsed = false
	expr := q.expr(sc, f)
	return []term{{expr, direction, !q.docUsed}}, nil
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
		for _, t := range terms {
			all = append(all, term{"(select " + t.expr + q.from(remote, p, false) + ")", t.direction, true})
		}
	}
	return all, nil
}

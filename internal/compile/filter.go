package compile

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

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
	if err := q.b.use(sc.t, f); err != nil {
		return nil, err
	}
	if m.val.kind == nullVal {
		return nil, fault.New(fault.BadUserInput, "the filter %q is null: leave it out, or ask for {isNull: true}", m.name)
	}
	object := f.Type.Base().Composite()
	switch {
	case object && f.Type.Elem != nil:
		return q.quantified(sc, f, m.val)
	case f.Relation != nil:
		return q.through(sc, f, m.val)
	case object:
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

// through filters by the row that a relation leads to; without conditions there need be none.
func (q *query) through(sc scope, f *schema.Field, w *val) ([]cond, error) {
	remote := q.scope(f.Relation.To)
	conds, err := q.where(remote, w)
	if err != nil || len(conds) == 0 {
		return nil, err
	}
	p := part{conds: append(q.join(sc, remote, f.Relation), conds...)}
	return []cond{{"exists (select 1" + q.from(remote, p, false) + ")", true}}, nil
}

// quantified filters by a list of objects: the rows of a relation, or a list in a document. Of a relation, where chooses the
// rows that the other conditions look at, and figures over these are conditions too.
func (q *query) quantified(sc scope, f *schema.Field, w *val) ([]cond, error) {
	var all []cond
	figures := &val{kind: objectVal}
	for _, m := range w.fields {
		if m.val.kind == absentVal || m.name == "where" {
			continue
		}
		if f.Relation != nil && m.name != "some" && m.name != "every" && m.name != "none" {
			figures.fields = append(figures.fields, m)
			continue
		}
		if m.val.kind == nullVal {
			return nil, fault.New(fault.BadUserInput, "%s: the filter %q is null: leave it out, or send {}", f.Name, m.name)
		}
		exists := q.rowsOf
		if f.Relation == nil {
			exists = q.elementsOf
		}
		found, conds, err := exists(sc, f, w.member("where"), m)
		if err != nil {
			return nil, err
		}
		switch {
		case m.name == "some":
			all = append(all, found)
		case m.name == "every" && conds == 0: // all of them match nothing in particular
		default:
			all = append(all, cond{"not " + found.sql, found.native})
		}
	}
	if len(figures.fields) > 0 {
		remote, conds, err := q.chosen(sc, f, w.member("where"))
		if err != nil {
			return nil, err
		}
		a := &aggregation{q: q, clause: f.Name, sc: remote, used: map[string]bool{}}
		having, err := a.having(f.Relation.To.Figures, figures)
		if err != nil {
			return nil, err
		}
		if len(having) > 0 {
			all = append(all, cond{"(select " + and(having) + q.from(remote, part{conds: conds}, false) + ")", true})
		}
	}
	return all, nil
}

// chosen are the rows that a relation leads to and where asks for.
func (q *query) chosen(sc scope, f *schema.Field, where *val) (scope, []cond, error) {
	remote := q.scope(f.Relation.To)
	conds := q.join(sc, remote, f.Relation)
	if !where.given() {
		return remote, conds, nil
	}
	more, err := q.where(remote, where)
	return remote, append(conds, more...), err
}

// wanted gives the conditions on the elements that decide: for every, those that do not match,
// among which null is.
func wanted(quantifier string, conds []cond) []cond {
	if quantifier != "every" || len(conds) == 0 {
		return conds
	}
	native := true
	for _, c := range conds {
		native = native && c.native
	}
	return []cond{{"(" + and(conds) + ") is not true", native}}
}

func (q *query) rowsOf(sc scope, f *schema.Field, where *val, m member) (cond, int, error) {
	remote, chosen, err := q.chosen(sc, f, where)
	if err != nil {
		return cond{}, 0, err
	}
	conds, err := q.where(remote, m.val)
	if err != nil {
		return cond{}, 0, err
	}
	p := part{conds: append(chosen, wanted(m.name, conds)...)}
	return cond{"exists (select 1" + q.from(remote, p, false) + ")", true}, len(conds), nil
}

func (q *query) elementsOf(sc scope, f *schema.Field, _ *val, m member) (cond, int, error) {
	list := "pg_catalog.to_jsonb(" + q.expr(sc, f) + ")"
	if f.Column == nil {
		list = "(" + sc.doc + "->" + quoteLiteral(f.Key) + ")::jsonb"
	}
	element := q.alias("e")
	conds, err := q.where(scope{t: f.Type.Base(), alias: element, doc: element}, m.val)
	if err != nil {
		return cond{}, 0, err
	}
	sql := "exists (select 1 from pg_catalog.jsonb_array_elements(case when pg_catalog.jsonb_typeof(" + list + ") = 'array' then " + list + " else '[]' end) as " +
		element + where(wanted(m.name, conds)) + ")"
	return cond{sql, f.Column != nil}, len(conds), nil
}

func (q *query) join(local, remote scope, r *schema.Relation) []cond {
	conds := make([]cond, len(r.By))
	for i, j := range r.By {
		conds[i] = cond{native(remote, j.Remote) + " = " + native(local, j.Local), true}
	}
	return conds
}

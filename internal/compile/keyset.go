package compile

import "strings"

// orderKey is a term of a connection's order, and what comparing by it needs.
type orderKey struct {
	term
	path       string // in the schema's names
	desc       bool
	nullsFirst bool
}

// written gives the direction in SQL, or that of the reverse order. Nulls are told only where there may be any and they are
// not where PostgreSQL puts them: an index without them then fits.
func (k orderKey) written(reverse bool) string {
	desc, nullsFirst := k.desc != reverse, k.nullsFirst != reverse
	sql := ""
	if desc {
		sql = " desc"
	}
	switch {
	case !k.nullable || nullsFirst == desc:
	case nullsFirst:
		sql += " nulls first"
	default:
		sql += " nulls last"
	}
	return sql
}

// operator writes one that compares.
func (k orderKey) operator(sign string) string {
	if k.home == "" {
		return " " + sign + " "
	}
	return " operator(" + k.home + sign + ") "
}

// orderKeys reads orderBy, and puts the key behind it as every list does. A second mention of the same value decides nothing.
func (q *query) orderKeys(sc scope, v *val) ([]orderKey, error) {
	var keys []orderKey
	seen := map[string]bool{}
	add := func(k orderKey) {
		if !seen[k.expr] {
			seen[k.expr] = true
			keys = append(keys, k)
		}
	}
	items := v.items
	if v.kind == objectVal {
		items = []*val{v}
	}
	for _, item := range items {
		for _, m := range item.fields {
			for _, single := range singles(m) {
				k, err := q.orderKey(sc, single)
				if err != nil {
					return nil, err
				}
				add(k)
			}
		}
	}
	for _, f := range sc.t.Key {
		q.docUsed = false
		t := term{expr: q.expr(sc, f), cast: castOf(f), home: home(f)}
		t.native = !q.docUsed
		add(orderKey{term: t, path: f.Name})
	}
	return keys, nil
}

// singles takes an element of orderBy apart, so that each gives one term.
func singles(m member) []member {
	if !m.val.given() {
		return nil
	}
	if m.val.kind != objectVal {
		return []member{m}
	}
	var all []member
	for _, inner := range m.val.fields {
		for _, s := range singles(inner) {
			all = append(all, member{m.name, &val{kind: objectVal, ref: m.val.ref, fields: []member{s}}})
		}
	}
	return all
}

// orderKey compiles one member of orderBy that leads to one direction.
func (q *query) orderKey(sc scope, m member) (orderKey, error) {
	k := orderKey{path: m.name}
	for v := m.val; v.kind == objectVal; v = v.fields[0].val {
		k.path += "." + v.fields[0].name
	}
	terms, err := q.term(sc, m)
	if err != nil {
		return k, err
	}
	k.term = terms[0]
	k.desc = strings.HasPrefix(k.direction, " desc")
	k.nullsFirst = strings.HasSuffix(k.direction, "nulls first") || k.desc && !strings.HasSuffix(k.direction, "nulls last")
	if !k.nullable {
		k.nullsFirst = k.desc
	}
	k.direction = k.written(false)
	return k, nil
}

// beyond is the condition on rows behind a cursor in the order, or in front of it; with itself, the cursor's own row too.
// When all keys have one direction and no nulls it is a comparison of rows, which an index on them answers. Otherwise it is
// taken apart, with a bound on the first key where there can be one, so that at least an index on that one helps.
func (q *query) beyond(keys []orderKey, cursor *cursorUse, behind, itself bool) cond {
	values := make([]string, len(keys))
	exprs := make([]string, len(keys))
	native, alike := true, true
	for i, k := range keys {
		values[i] = q.param(param{leaf: cursor.leaf, text: cursor.text, cursor: cursor.form, part: i, cast: k.cast, field: k.path})
		exprs[i] = k.expr
		native = native && k.native
		alike = alike && !k.nullable && k.desc == keys[0].desc && (k.home == "" || len(keys) == 1) // a row has no operators of two schemas
	}
	sign := func(k orderKey) string {
		if k.desc == behind {
			return k.operator("<")
		}
		return k.operator(">")
	}
	orEqual := func(k orderKey) string {
		if k.desc == behind {
			return k.operator("<=")
		}
		return k.operator(">=")
	}
	if alike {
		s := sign(keys[0])
		if itself {
			s = orEqual(keys[0])
		}
		if len(keys) == 1 {
			return cond{exprs[0] + s + values[0], native}
		}
		return cond{"(" + strings.Join(exprs, ", ") + ")" + s + "(" + strings.Join(values, ", ") + ")", native}
	}
	sql := ""
	for i := len(keys) - 1; i >= 0; i-- {
		k, e, v := keys[i], exprs[i], values[i]
		last := i == len(keys)-1
		past, same := e+sign(k)+v, e+k.operator("=")+v
		if k.nullable {
			if same = e + " is not distinct from " + v; k.home != "" {
				same = "(" + e + k.operator("=") + v + " or (" + e + " is null and " + v + " is null))"
			}
			if k.nullsFirst == behind { // the nulls are on the side that is left behind
				past = "(" + past + " or (" + v + " is null and " + e + " is not null))"
			} else {
				past = "(" + past + " or (" + e + " is null and " + v + " is not null))"
			}
		}
		switch {
		case last && itself && !k.nullable:
			sql = e + orEqual(k) + v
		case last && itself:
			sql = "(" + past + " or " + same + ")"
		case last:
			sql = past
		default:
			sql = "(" + past + " or (" + same + " and " + sql + "))"
		}
	}
	switch k := keys[0]; {
	case !k.nullable:
		sql = exprs[0] + orEqual(k) + values[0] + " and " + sql
	case k.nullsFirst == behind:
		sql = "(" + values[0] + " is null or " + exprs[0] + orEqual(k) + values[0] + ") and " + sql
	}
	return cond{sql, native}
}

package compile

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/operator"
	"github.com/fraiseql/fraiseql-go/schema"
)

// compare compiles one operator on one field.
func (q *query) compare(sc scope, f *schema.Field, name string, v *val) (cond, error) {
	if v.kind == nullVal {
		return cond{}, fault.New(fault.BadUserInput, "%s: {%s: null} matches nothing in SQL: ask for {isNull: true} or {isNull: false}", f.Name, name)
	}
	base := f.Type.Base().Underlying()
	ext := extension(castOf(f))
	class := operator.Subject{
		Type: base.Name, Enum: base.Kind == schema.Enum, List: f.Type.Elem != nil, Tree: f.Tree != nil, Extension: home(f) != "",
	}.Class()
	op, ok := operator.Find(class, name)
	switch {
	case !ok:
		return cond{}, fault.New(fault.BadUserInput, "%s: there is no operator %q", f.Name, name)
	case name == "descendantOfId" || name == "ancestorOfId":
		return q.inTree(sc, f, op.SQL, v)
	}
	q.docUsed = false
	x, raw := q.subject(sc, f, class)
	native := !q.docUsed
	sql := op.SQL
	pairs := []string{"{x}", x, "{raw}", raw, "{ext}", ext}
	switch op.Takes {
	case operator.Switch:
		if string(v.text) != "t" {
			if sql = op.Not; sql == "" {
				sql = "not (" + op.SQL + ")"
			}
		}
	case operator.Addresses:
		pairs = append(pairs, "{from}", q.param(single(v.member("from"), op.Cast, f)), "{to}", q.param(single(v.member("to"), op.Cast, f)))
	default:
		pairs = append(pairs, "{v}", q.param(operand(op, f, class, v)))
	}
	return cond{strings.NewReplacer(pairs...).Replace(sql), native}, nil
}

// subject writes what an operator looks at: a field's value with its type, and of JSON also the value whose null may still
// be that of JSON. Lists in documents become arrays, so that their elements are compared as their type.
func (q *query) subject(sc scope, f *schema.Field, class operator.Class) (x, raw string) {
	stored := f.Column != nil && f.Column.Array
	switch {
	case class == operator.Document:
		raw = q.json(sc, f)
		if x = "nullif(" + raw + ", 'null')"; f.Column == nil {
			raw = x
		}
		return x, raw
	case class == operator.List && stored && f.Type.Base().Name == "JSON":
		x = "(" + q.expr(sc, f) + ")::jsonb[]"
	case class == operator.List && !stored:
		list, e := q.json(sc, f), q.alias("e")
		value, elements := e+"::"+documentType(f.Type.Base()), "jsonb_array_elements_text"
		if f.Type.Base().Name == "JSON" {
			value, elements = "nullif("+e+", 'null')", "jsonb_array_elements"
		}
		x = "(case when pg_catalog.jsonb_typeof(" + list + ") = 'array' then array(select " + value + " from pg_catalog." + elements + "(" + list + ") as " + e + ") end)"
	default:
		x = q.expr(sc, f)
	}
	return x, x
}

// json writes a field's value as JSON: a part of the document, or a column of such a type.
func (q *query) json(sc scope, f *schema.Field) string {
	if f.Column == nil {
		q.docUsed = true
		return "(" + sc.doc + "->" + quoteLiteral(f.Key) + ")::jsonb"
	}
	if f.Column.Type == "json" {
		return "(" + q.expr(sc, f) + ")::jsonb"
	}
	return q.expr(sc, f)
}

// operand makes the parameter that an operator takes.
func operand(op operator.Operator, f *schema.Field, class operator.Class, v *val) param {
	cast := castOf(f)
	element := strings.TrimSuffix(cast, "[]")
	switch op.Takes {
	case operator.Same:
		if class == operator.List {
			return list(v, element, f)
		}
		return single(v, cast, f)
	case operator.Items:
		return list(v, cast, f)
	case operator.Item:
		return single(v, element, f)
	case operator.Bound:
		return single(v, documentType(f.Type.Base().Fields[0].Type.Named), f)
	case operator.Count:
		return single(v, "int4", f)
	}
	cast = strings.ReplaceAll(op.Cast, "{ext}", extension(castOf(f)))
	if op.Takes == operator.Strings {
		return list(v, cast, f)
	}
	p := single(v, cast, f)
	p.like = op.Pattern
	return p
}

// single is a parameter with one value.
func single(v *val, cast string, f *schema.Field) param {
	if v.kind == objectVal {
		return bounds(v, cast, f)
	}
	p := param{leaf: v.leaf, text: v.text, cast: cast, field: f.Name}
	if v.leaf > 0 {
		p.text = nil
	}
	return p
}

// list is a parameter with an array; one variable holds all of it, or each element is a value.
func list(v *val, cast string, f *schema.Field) param {
	p := single(v, cast+"[]", f)
	if v.kind == listVal {
		p.array = true
		for _, item := range v.items {
			p.parts = append(p.parts, single(item, cast, f))
		}
	}
	return p
}

// bounds is a parameter with a range.
func bounds(v *val, cast string, f *schema.Field) param {
	p := param{cast: cast, field: f.Name, ends: "()"}
	within := documentType(f.Type.Base().Fields[0].Type.Named)
	for i, name := range [...]string{"lower", "upper"} {
		bound := param{}
		if b := v.member(name); b.given() {
			bound = single(b, within, f)
		}
		p.parts = append(p.parts, bound)
		if string(v.member([...]string{"includesLower", "includesUpper"}[i]).text) == "t" {
			p.ends = [...]string{"[" + p.ends[1:], p.ends[:1] + "]"}[i]
		}
	}
	return p
}

// extension gives the schema of an extension's type, quoted and with a dot.
func extension(sqlType string) string {
	return sqlType[:strings.LastIndex(sqlType, `."`)+1]
}

// home gives the schema of the operators that compare a field, quoted and with a dot, when its type is an extension's, which
// need not be on the search path; nothing for types of PostgreSQL itself.
func home(f *schema.Field) string {
	if base := f.Type.Base().Underlying(); base.SQL != "" || base.Name == "String" {
		return extension(castOf(f))
	}
	return ""
}

// inTree compares the places of two rows in a tree: that of the row which the field names, and
// of the one which the client names.
func (q *query) inTree(sc scope, f *schema.Field, sign string, v *val) (cond, error) {
	tree := f.Tree
	path := "." + quoteIdent(tree.Path.Name)
	sign = " operator(" + extension(tree.Path.Type) + sign + ") "
	named := q.scope(tree.Of)
	same, err := q.compare(named, tree.Key, "eq", v)
	if err != nil {
		return cond{}, err
	}
	place := "(select " + named.alias + path + q.from(named, part{conds: []cond{same}, limit: "1"}, false) + ")"
	if f == tree.Key {
		return cond{sc.alias + path + sign + place, true}, nil
	}
	rows := q.scope(tree.Of)
	inside := part{conds: []cond{{rows.alias + path + sign + place, true}}}
	return cond{q.expr(sc, f) + " in (select " + q.expr(rows, tree.Key) + q.from(rows, inside, false) + ")", f.Column != nil}, nil
}

package compile

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// aggregation writes what one statement computes over rows: a figure once, however often it is named.
type aggregation struct {
	q      *query
	clause string // where the conditions stand, for messages
	sc     scope
	cols   *columns
	keys   []*schema.Field // the rows' fields that groups are made by; none: all rows are one
	used   map[string]bool // the figures, wherever they are used
}

// aggregate compiles a root field whose rows PostgreSQL puts together: into one, or into groups.
func (b *builder) aggregate(root *schema.Field, args *val, sub []*selected) (*Statement, []Field, error) {
	q := &query{b: b, shared: map[string]int{}}
	cols := &columns{index: map[string]int{}}
	sql, fields, costs, err := q.figures(root, root.Root.Kind, q.scope(root.Root.Of), nil, args, sub, cols, rootRows)
	if err == nil {
		err = q.checkParams()
	}
	if err != nil {
		return nil, nil, err
	}
	b.plan.cost = append(b.plan.cost, costs...)
	return newStatement(sql, q.params, root.Root.Kind == schema.Groups), fields, nil
}

// figures writes the select of what is computed over rows: those of a source, or under a parent those that are joined to it.
// unbounded is how many there are taken to be.
func (q *query) figures(f *schema.Field, kind schema.RootKind, sc scope, joined []cond, args *val, sub []*selected, cols *columns, unbounded int64) (string, []Field, []cost, error) {
	a := &aggregation{q: q, clause: "having", sc: sc, cols: cols, used: map[string]bool{}}
	p := part{conds: joined}
	var err error
	if kind == schema.Groups {
		if a.keys, err = q.b.groupedBy(f.Name, sc.t, args.member("by")); err != nil {
			return "", nil, nil, err
		}
	}
	if w := args.member("where"); w.given() {
		conds, err := q.where(sc, w)
		if err != nil {
			return "", nil, nil, err
		}
		p.conds = append(p.conds, conds...)
	}
	t := f.Type.Base()
	fields, err := a.fields(t, sub)
	if err != nil {
		return "", nil, nil, err
	}
	rows := number{value: 1}
	tail := ""
	switch {
	case kind == schema.Groups:
		if tail, err = a.groups(t, args, &rows, unbounded); err != nil {
			return "", nil, nil, err
		}
	case len(cols.exprs) == 0: // only __typename was asked for, and there is one row whatever the table holds
		tail = " having true"
	}
	// Every figure reads the rows, whose number nothing tells; and each group is a row of the answer.
	costs := []cost{{rows: number{value: unbounded}, fields: max(1, len(a.used))}, {rows: rows, fields: len(sub)}}
	return "select " + cols.list() + q.from(sc, p, false) + tail, fields, costs, nil
}

// groupedBy reads the argument by. A variable's choice is in the plan's shape.
func (b *builder) groupedBy(name string, t *schema.Type, v *val) ([]*schema.Field, error) {
	names, err := chosen(v)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fault.New(fault.BadUserInput, "%s: the argument \"by\" is empty: name a field to group by, or ask for the aggregate of all rows", name)
	}
	var keys []*schema.Field
	for _, name := range names {
		f := t.Field(name)
		if err := b.use(t, f); err != nil {
			return nil, err
		}
		keys = append(keys, f)
	}
	return keys, nil
}

// chosen reads a list of fields' names, each once.
func chosen(v *val) ([]string, error) {
	var names []string
	switch {
	case v.kind == listVal:
		for _, item := range v.items {
			names = append(names, string(item.plain))
		}
	case v.ref.Elem != nil:
		if err := json.Unmarshal(v.plain, &names); err != nil {
			return nil, err
		}
	default:
		names = append(names, string(v.plain))
	}
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// fields compiles a selection on an object of figures. The objects in it take their values from the same row.
func (a *aggregation) fields(t *schema.Type, sub []*selected) ([]Field, error) {
	fields := make([]Field, 0, len(sub))
	for _, sel := range sub {
		if f, unread := sel.unread(); unread {
			fields = append(fields, f)
			continue
		}
		out := Field{Name: sel.Key, At: sel.At, Key: key(sel.Key)}
		f := t.Field(sel.Def.Name)
		switch {
		case sel.Def.Name == "__typename":
			out.Const = jsonw.AppendString(nil, t.Name)
		case f.Measure.Kind == schema.Measures:
			inner, err := a.fields(f.Type.Base(), sel.Sub)
			if err != nil {
				return nil, err
			}
			out.Value, out.Inline = valueOf(f.Type, content{fields: inner}), true
		case f.Measure.Kind == schema.GroupKey && !a.grouped(f.Measure.Of):
			out.Const = []byte("null")
		default:
			out.Value, out.Origin = valueOf(f.Type, content{}), a.column(f)
		}
		fields = append(fields, out)
	}
	return fields, nil
}

func (a *aggregation) grouped(f *schema.Field) bool {
	for _, k := range a.keys {
		if k == f {
			return true
		}
	}
	return false
}

// column has the select return a figure. Counts are read as JSON numbers are, which checks their range.
func (a *aggregation) column(f *schema.Field) Origin {
	expr, _ := a.expr(f.Measure)
	switch {
	case f.Measure.Kind == schema.RowCount, f.Measure.Kind == schema.DistinctCount:
		return a.cols.add(expr, false)
	case f.Measure.Kind == schema.GroupKey && f.Measure.Of.Column == nil && f.Type.Base().Name == "Bytes":
		return a.cols.add("pg_catalog.to_json("+expr+")", false) // a document holds them in a form of its own
	}
	return a.cols.add(expr, true)
}

// expr writes a figure, and tells its SQL type.
func (a *aggregation) expr(m *schema.Measure) (expr, cast string) {
	expr, cast = a.figure(m)
	a.used[expr] = true
	return expr, cast
}

func (a *aggregation) figure(m *schema.Measure) (expr, cast string) {
	if m.Kind == schema.RowCount {
		return "pg_catalog.count(*)", "int8"
	}
	x, base := a.q.expr(a.sc, m.Of), m.Of.Type.Base().Underlying()
	switch m.Kind {
	case schema.DistinctCount:
		return "pg_catalog.count(distinct " + x + ")", "int8"
	case schema.Sum:
		switch base.Name {
		case "Int":
			return "pg_catalog.sum(" + x + ")", "int8"
		case "Float": // a sum of float4 would be rounded to that after each row
			return "pg_catalog.sum(" + x + "::float8)", "float8"
		}
		return "pg_catalog.sum(" + x + ")", "numeric"
	case schema.Avg:
		cast = "numeric"
		if base.Name == "Float" {
			cast = "float8"
		}
		return "pg_catalog.avg(" + x + ")", cast
	case schema.Min:
		return a.end("min", x, m.Of)
	case schema.Max:
		return a.end("max", x, m.Of)
	}
	return x, castOf(m.Of)
}

// end writes the least or the greatest value of a field.
func (a *aggregation) end(function, x string, f *schema.Field) (expr, cast string) {
	cast = castOf(f)
	home := "pg_catalog."
	if schemaOf, is := strings.CutSuffix(cast, `."citext"`); is { // the extension has its own, which knows its order
		home = schemaOf + "."
	}
	if f.Type.Base().Underlying().Name == "CIDR" { // inet's serves it
		return home + function + "(" + x + ")::cidr", cast
	}
	return home + function + "(" + x + collated(f) + ")", cast
}

// collated writes what the texts of a field are sorted by, unless it is the database's own.
func collated(f *schema.Field) string {
	if f.Collation == "" {
		return ""
	}
	return " collate " + f.Collation
}

// groups writes what stands behind the rows: how they are put together, which groups are wanted, and in what order.
func (a *aggregation) groups(t *schema.Type, args *val, rows *number, unbounded int64) (string, error) {
	keys := make([]string, len(a.keys))
	for i, k := range a.keys {
		keys[i], _ = a.expr(&schema.Measure{Kind: schema.GroupKey, Of: k})
	}
	sql := " group by " + strings.Join(keys, ", ")
	if w := args.member("having"); w.given() {
		conds, err := a.having(t, w)
		if err != nil {
			return "", err
		}
		if len(conds) > 0 {
			sql += " having " + and(conds)
		}
	}
	order, err := a.order(t, args.member("orderBy"))
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	for _, o := range order {
		seen[o.expr] = true
	}
	last := func(expr string) {
		if !seen[expr] {
			seen[expr] = true
			order = append(order, term{expr: expr, native: true})
		}
	}
	for i, k := range a.keys {
		last(keys[i] + collated(k))
	}
	for _, k := range keys { // a collation may count different texts as equal
		last(k)
	}
	var p part
	if err := a.q.pages(&p, t.Name, args, rows, unbounded); err != nil {
		return "", err
	}
	return sql + orderBy(order) + paging(p), nil
}

// having compiles conditions on groups; all of them must hold.
func (a *aggregation) having(t *schema.Type, w *val) ([]cond, error) {
	var all []cond
	for _, m := range w.fields {
		var conds []cond
		var err error
		switch {
		case m.val.kind == absentVal:
			continue
		case m.name == "AND" || m.name == "OR" || m.name == "NOT":
			conds, err = a.junction(t, m)
		default:
			conds, err = a.conditions(t, t.Field(m.name), m)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, conds...)
	}
	return all, nil
}

func (a *aggregation) junction(t *schema.Type, m member) ([]cond, error) {
	if m.val.kind == nullVal {
		return nil, nil
	}
	if m.name == "NOT" {
		conds, err := a.having(t, m.val)
		return []cond{{"not (" + and(conds) + ")", true}}, err
	}
	var all []cond
	texts := []string{}
	for _, item := range m.val.items {
		conds, err := a.having(t, item)
		if err != nil {
			return nil, err
		}
		all = append(all, conds...)
		texts = append(texts, "("+and(conds)+")")
	}
	switch {
	case m.name == "AND":
		return all, nil
	case len(texts) == 0: // any of nothing
		return []cond{{"false", true}}, nil
	}
	return []cond{{"(" + strings.Join(texts, " or ") + ")", true}}, nil
}

// conditions compiles those on one figure, or on the figures of an object.
func (a *aggregation) conditions(t *schema.Type, f *schema.Field, m member) ([]cond, error) {
	if m.val.kind == nullVal {
		return nil, fault.New(fault.BadUserInput, "%s: the condition %q is null: leave it out, or ask for {isNull: true}", a.clause, m.name)
	}
	if err := a.q.b.use(t, f); err != nil {
		return nil, err
	}
	var all []cond
	if f.Measure.Kind == schema.Measures {
		for _, inner := range m.val.fields {
			if inner.val.kind == absentVal {
				continue
			}
			conds, err := a.conditions(f.Type.Base(), f.Type.Base().Field(inner.name), member{m.name + "." + inner.name, inner.val})
			if err != nil {
				return nil, err
			}
			all = append(all, conds...)
		}
		return all, nil
	}
	expr, cast := a.expr(f.Measure)
	value := &schema.Field{Name: m.name, Type: schema.Of(f.Type.Base()), Column: &schema.Column{Type: cast, Ordered: true}}
	sc := a.sc
	sc.made = map[*schema.Field]string{value: expr}
	for _, op := range m.val.fields {
		if op.val.kind == absentVal {
			continue
		}
		c, err := a.q.compare(sc, value, op.name, op.val)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// order compiles the order of groups, or of parents by figures over what belongs to them.
func (a *aggregation) order(t *schema.Type, v *val) ([]term, error) {
	var terms []term
	items := v.items
	if v.kind == objectVal {
		items = []*val{v}
	}
	for _, item := range items {
		for _, m := range item.fields {
			all, err := a.term(t, t.Field(m.name), m)
			if err != nil {
				return nil, err
			}
			terms = append(terms, all...)
		}
	}
	return terms, nil
}

func (a *aggregation) term(t *schema.Type, f *schema.Field, m member) ([]term, error) {
	if !m.val.given() {
		return nil, nil
	}
	if err := a.q.b.use(t, f); err != nil {
		return nil, err
	}
	if m.val.kind == objectVal {
		var all []term
		for _, inner := range m.val.fields {
			terms, err := a.term(f.Type.Base(), f.Type.Base().Field(inner.name), inner)
			if err != nil {
				return nil, err
			}
			all = append(all, terms...)
		}
		return all, nil
	}
	if f.Measure.Kind == schema.GroupKey && !a.grouped(f.Measure.Of) {
		return nil, fault.New(fault.BadUserInput, "orderBy: the groups have no key %q: name it in \"by\" too, or order by another figure", f.Name)
	}
	direction, err := directed(m.val)
	if err != nil {
		return nil, err
	}
	expr, cast := a.expr(f.Measure)
	out := term{expr: expr, direction: direction, native: true, cast: cast}
	switch f.Measure.Kind {
	case schema.GroupKey:
		out.expr += collated(f.Measure.Of)
		out.nullable = true
	case schema.Min, schema.Max:
		out.collation, out.home, out.nullable = f.Measure.Of.Collation, home(f.Measure.Of), true
	default:
		out.nullable = cast != "int8" || f.Measure.Kind == schema.Sum
	}
	return []term{out}, nil
}

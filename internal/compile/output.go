package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// columns gathers what a select returns. At the root they are the columns of the wire's rows;
// below it each row becomes one JSON object, whose short keys never hold a name of a user.
type columns struct {
	exprs  []string
	index  map[string]int
	nested bool
	heavy  bool // one of them reads rows of another source
}

func (c *columns) add(expr string, text bool) Origin {
	i, known := c.index[expr]
	if !known {
		i = len(c.exprs)
		c.index[expr] = i
		c.exprs = append(c.exprs, expr)
	}
	return Origin{Slot: i, Text: text && !c.nested}
}

// members are the keys of the JSON objects that nested rows become, in the order of the columns.
func (c *columns) members() []string {
	if !c.nested {
		return nil
	}
	all := make([]string, len(c.exprs))
	for i := range all {
		all[i] = "f" + strconv.Itoa(i)
	}
	return all
}

// shape is that of rows of these columns, or of one.
func (c *columns) shape(ref *schema.Ref, inner content) *Value {
	v := valueOf(ref, inner)
	row := v
	for row.Elem != nil {
		row = row.Elem
	}
	row.Members = c.members()
	return v
}

// inJSON makes one value of what a select gives: a list with an object for each row, or the object of its only row.
func inJSON(rows string, many bool) string {
	if many {
		return "(select coalesce(pg_catalog.json_agg(x), '[]') from (" + rows + ") as x)"
	}
	return "(select pg_catalog.row_to_json(x) from (" + rows + ") as x)"
}

func (c *columns) list() string {
	if len(c.exprs) == 0 { // only __typename was asked for: the row itself is the answer
		return "1"
	}
	if !c.nested {
		return strings.Join(c.exprs, ", ")
	}
	texts := make([]string, len(c.exprs))
	for i, e := range c.exprs {
		texts[i] = e + " as f" + strconv.Itoa(i)
	}
	return strings.Join(texts, ", ")
}

// fields compiles a selection on a row.
func (q *query) fields(sc scope, sub []*selected, cols *columns, c *cost) ([]Field, error) {
	fields := make([]Field, 0, len(sub))
	for _, sel := range sub {
		if f, unread := sel.unread(); unread {
			fields = append(fields, f)
			continue
		}
		out := Field{Name: sel.Key, At: sel.At, Key: key(sel.Key)}
		c.fields++
		f := sc.t.Field(sel.Def.Name)
		var err error
		switch {
		case sel.Def.Name == "__typename":
			out.Const = jsonw.AppendString(nil, sc.t.Name)
		case f.Batch != nil:
			out.Value, out.Batch, err = q.b.batch(f, sel, func(need *schema.Field) Origin {
				return cols.add(q.value(sc, need, true), false)
			})
		case f.Global:
			out.Value, out.Global = valueOf(f.Type, content{}), q.globalID(sc, cols)
		case f.Relation != nil:
			out.Value, out.Origin, err = q.relation(sc, f, sel, cols, c)
			if fail := unfilled(err); fail != nil {
				out.Fail, out.Value, err = fail, valueOf(f.Type, content{}), nil
			}
		default:
			var inner content
			inner, err = q.b.members(f.Type.Base(), sel, false)
			out.Value = valueOf(f.Type, inner)
			text := f.Column != nil && f.Type.Elem == nil && !out.Value.Object
			out.Origin = cols.add(q.value(sc, f, !text), text)
		}
		if err != nil {
			return nil, err
		}
		fields = append(fields, out)
	}
	return fields, nil
}

// value writes a field's value for output: as it is, or as JSON.
func (q *query) value(sc scope, f *schema.Field, asJSON bool) string {
	if f.Column == nil {
		return "(" + sc.doc + "->" + quoteLiteral(f.Key) + ")"
	}
	expr := q.expr(sc, f)
	if asJSON && f.Column.Type != "json" && f.Column.Type != "jsonb" {
		return "pg_catalog.to_json(" + expr + ")"
	}
	return expr
}

// relation compiles the rows behind a relation, or what is made of them, into one JSON value.
func (q *query) relation(sc scope, f *schema.Field, sel *selected, cols *columns, c *cost) (*Value, Origin, error) {
	args, err := q.b.args(f, sel.Def)
	if err != nil {
		return nil, Origin{}, err
	}
	cols.heavy = true
	if f.Relation.As == schema.Connection {
		return q.connection(sc, f, args, sel, cols, c)
	}
	remote, inner := q.scope(f.Relation.To), &columns{index: map[string]int{}, nested: true}
	joined := q.join(sc, remote, f.Relation)
	var rows string
	var fields content
	var below []cost
	if f.Relation.As != 0 {
		rows, fields.fields, below, err = q.figures(f, f.Relation.As, remote, joined, args, sel.Sub, inner, nestedRows)
	} else {
		rows, fields, below, err = q.related(f, remote, joined, args, sel, inner)
	}
	if err != nil {
		return nil, Origin{}, err
	}
	c.below = append(c.below, below...)
	return inner.shape(f.Type, fields), cols.add(sc.guarded(inJSON(rows, f.Type.Elem != nil)), false), nil
}

// related compiles the rows behind a relation.
func (q *query) related(f *schema.Field, sc scope, joined []cond, args *val, sel *selected, cols *columns) (string, content, []cost, error) {
	c := cost{rows: number{value: 1}}
	p := part{limit: "1"}
	var err error
	if f.Relation.Many {
		if p, err = q.list(sc, args, &c.rows, nestedRows); err != nil {
			return "", content{}, nil, err
		}
	}
	p.conds = append(joined, p.conds...)
	fields, err := q.content(sc, sel, cols, &c)
	if err != nil {
		return "", content{}, nil, err
	}
	return "select " + cols.list() + q.from(sc, p, cols.heavy), fields, []cost{c}, nil
}

// members compiles a selection on a JSON object: a part of a document, or, byName, what Go
// gave, whose keys are the fields' own names.
func (b *builder) members(t *schema.Type, sel *selected, byName bool) (content, error) {
	if !t.Abstract() {
		fields, err := b.memberFields(t, sel.Sub, byName)
		return content{fields: fields}, err
	}
	if byName {
		return content{}, fault.New(fault.BadUserInput, "%s: its values come from Go here, which does not tell their types: have the resolver describe rows", sel.Def.Name).
			At(sel.Def.Position.Line, sel.Def.Position.Column)
	}
	out := &Variants{Label: Origin{member: escapedKey(t.Label.Key)}, byLabel: map[string]*Variant{}}
	for i, p := range t.Possible {
		fields, err := b.memberFields(p.Type, sel.On[i], false)
		if err != nil {
			return content{}, err
		}
		out.add(p, &Variant{Fields: fields})
	}
	return content{variants: out}, nil
}

func (b *builder) memberFields(t *schema.Type, sub []*selected, byName bool) ([]Field, error) {
	origin := func(f *schema.Field) Origin {
		if byName || f.Key == "" {
			return Origin{member: f.Name}
		}
		return Origin{member: escapedKey(f.Key)}
	}
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
		case f.Batch != nil:
			var err error
			if out.Value, out.Batch, err = b.batch(f, sel, origin); err != nil {
				return nil, err
			}
		default:
			if len(sel.Def.Arguments) > 0 {
				return nil, fault.New(fault.BadUserInput, "%s: its values come from Go here, which no argument can select from: leave the arguments out", f.Name).
					At(sel.Def.Position.Line, sel.Def.Position.Column)
			}
			inner, err := b.members(f.Type.Base(), sel, byName)
			if err != nil {
				return nil, err
			}
			out.Value, out.Origin = valueOf(f.Type, inner), origin(f)
		}
		fields = append(fields, out)
	}
	return fields, nil
}

// escapedKey writes a document's key as it stands between the quotes of JSON.
func escapedKey(k string) string {
	quoted := jsonw.AppendString(nil, k)
	return string(quoted[1 : len(quoted)-1])
}

// batch compiles a Go field.
func (b *builder) batch(f *schema.Field, sel *selected, origin func(*schema.Field) Origin) (*Value, *Batch, error) {
	inner, err := b.members(f.Type.Base(), sel, true)
	if err != nil {
		return nil, nil, err
	}
	out := &Batch{Index: b.plan.Batches, Def: f.Batch}
	b.plan.Batches++
	for _, need := range f.Batch.Needs {
		out.Needs = append(out.Needs, Need{need.Name, origin(need)})
	}
	return valueOf(f.Type, inner), out, nil
}

// Rows compiles the rows that a resolver described, together with the selection on them.
// batches is the number of places of the answer that Go fills so far.
func (b Bound) Rows(r *Root, rows *schema.Rows, batches int) (Bound, *Statement, *Value, error) {
	refuse := func(format string, args ...any) (Bound, *Statement, *Value, error) {
		cause := fmt.Errorf("%s: "+format, append([]any{r.field.Name}, args...)...)
		return Bound{}, nil, nil, fault.Wrap(cause, fault.Internal, "the resolver described rows that cannot be read")
	}
	t := r.field.Type.Base()
	if t.Name != rows.Type || t.Source == nil {
		return refuse("the resolver describes rows of %s, but the field is of type %s", rows.Type, r.field.Type)
	}
	if rows.Source != t.Source.Name && rows.Source != t.Source.Schema+"."+t.Source.Name {
		return refuse("the resolver reads %s, but the source of %s is %s.%s", rows.Source, t.Name, t.Source.Schema, t.Source.Name)
	}
	next := Bound{Plan: &Plan{Batches: batches}, values: &Values{leaves: slices.Clone(b.values.leaves)}, who: b.who}
	args := &val{kind: objectVal}
	for _, a := range []struct {
		name  string
		ref   *schema.Ref
		token []byte
	}{
		{"where", schema.Of(t.Filter), rows.Where},
		{"orderBy", schema.ListOf(schema.Of(t.Order)), rows.OrderBy},
	} {
		if jsonw.IsNull(a.token) {
			continue
		}
		if a.ref.Base() == nil {
			return refuse("%s has nothing that %s can name", t.Name, a.name)
		}
		at := place{variable: a.name}
		v, err := next.values.value(a.ref, a.token, true, &at)
		if err != nil {
			return refuse("%s", at.fault(err))
		}
		args.fields = append(args.fields, member{a.name, v})
	}
	builder := &builder{
		Compiler: r.build.Compiler, op: r.build.op, vars: r.build.vars, plan: next.Plan,
		asker: r.build.Compiler.asker(r.build.op, next.values, b.who),
	}
	builder.trusted = true // the description is the API's own
	q := &query{b: builder, shared: map[string]int{}}
	sc := q.scope(t)
	c := cost{}
	p, err := q.list(sc, args, &c.rows, rootRows)
	if err != nil {
		return refuse("%s", err)
	}
	builder.trusted = false
	many := r.field.Type.Elem != nil
	if rows.Limit > 0 {
		p.limit = strconv.Itoa(rows.Limit)
	}
	if rows.Offset > 0 {
		p.offset = strconv.Itoa(rows.Offset)
	}
	if !many {
		p.limit = "1"
	}
	if rows.Limit > 0 {
		c.rows = number{value: int64(rows.Limit)}
	}
	if !many {
		c.rows = number{value: 1}
	}
	stmt, fields, err := q.finish(sc, p, c, r.sel, many)
	if err == nil {
		err = builder.failed
	}
	if err == nil {
		err = next.Plan.check(next.values.leaves, r.build.Compiler)
	}
	if err != nil {
		return Bound{}, nil, nil, err
	}
	return next, stmt, valueOf(r.field.Type, fields), nil
}

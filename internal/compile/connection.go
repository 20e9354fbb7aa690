package compile

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Page says how a connection is made of the rows of its page, and of the row of facts, which tells what is known besides. At
// the root each of the two is a statement. Below it the facts are a JSON object, and the rows a list of JSON objects in it.
type Page struct {
	Backward bool // the rows come last first
	Extra    bool // there may be a row more than the page holds: it tells that others follow

	Rows    int      // below the root: the member of the facts that is the list of rows; negative: nobody asked for them
	Members []string // below the root: the keys of the rows' values

	bounded bool
	size    number
	form    *cursorForm
	slots   []int // the columns that a cursor is made of
}

// PageSize is how many rows a page holds at most; negative: any number.
func (b Bound) PageSize(p *Page) int {
	if !p.bounded {
		return -1
	}
	return int(p.size.in(b.values.leaves))
}

// AppendCursor writes the cursor of a row.
func (p *Page) AppendCursor(dst []byte, cells [][]byte) []byte {
	return p.form.append(dst, cells, p.slots, p.Members != nil)
}

// Paged says which part of a connection a field is, where the row of facts does not tell its value.
type Paged uint8

// The parts of a connection that are made of the page's rows.
const (
	PageRows    Paged = iota + 1 // a list with an object for each row, whose values are the row's columns
	ExtraRow                     // whether there is a row more than the page holds
	RowCursor                    // the cursor of the row that is being written
	FirstCursor                  // of the page's first row, or null
	LastCursor                   // of the page's last row, or null
)

// pager compiles one connection.
type pager struct {
	b         *builder
	field     *schema.Field
	of        *schema.Type
	joined    func(scope) []cond // what ties the rows to their parent; at the root nothing
	unbounded int64              // how many rows there are taken to be
	args      *val
	page      *Page
	after     *cursorUse // nil: not given
	until     *cursorUse // before; nil: not given

	q     *query // of the rows
	sc    scope
	keys  []orderKey
	cols  *columns
	limit string
	cost  cost
	rows  bool // a part of the answer is made of the rows

	facts *query // of what is known besides the page's rows; below the root the same as that of the rows
	known *columns
	told  map[schema.Part]Origin // the facts that have been asked for
	costs []cost
}

// connection compiles a root field that gives pages of rows.
func (b *builder) connection(r *Root, args *val, sel *selected) ([]Field, error) {
	p := &pager{
		field: r.field, of: r.field.Root.Of, joined: func(scope) []cond { return nil }, unbounded: rootRows,
		q: &query{b: b, shared: map[string]int{}}, facts: &query{b: b, shared: map[string]int{}},
		cols: &columns{index: map[string]int{}}, known: &columns{index: map[string]int{}},
	}
	fields, rows, err := p.compile(b, args, sel, []any{sel.Key})
	if err != nil {
		return nil, err
	}
	if p.rows {
		r.Statement = newStatement(rows, p.q.params, true)
	}
	if len(p.known.exprs) > 0 || !p.rows {
		r.Facts = newStatement("select "+p.known.list(), p.facts.params, false)
	}
	r.Page = p.page
	b.plan.cost = append(b.plan.cost, p.costs...)
	for _, q := range []*query{p.q, p.facts} {
		if err := q.checkParams(); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// connection compiles pages of the rows behind a relation into one JSON value.
func (q *query) connection(sc scope, f *schema.Field, args *val, sel *selected, cols *columns, c *cost) (*Value, Origin, error) {
	p := &pager{
		field: f, of: f.Relation.To, unbounded: nestedRows, q: q, facts: q,
		joined: func(remote scope) []cond { return q.join(sc, remote, f.Relation) },
		cols:   &columns{index: map[string]int{}, nested: true}, known: &columns{index: map[string]int{}, nested: true},
	}
	fields, rows, err := p.compile(q.b, args, sel, nil)
	if err != nil {
		return nil, Origin{}, err
	}
	if p.page.Rows = -1; p.rows {
		p.page.Rows, p.page.Members = p.known.add(inJSON(rows, true), false).Slot, p.cols.members()
	}
	c.below = append(c.below, p.costs...)
	v := p.known.shape(f.Type, content{fields: fields})
	v.Page = p.page
	return v, cols.add(sc.guarded(inJSON("select "+p.known.list(), false)), false), nil
}

// compile compiles the arguments and the selection, and gives the select of the page's rows, if there is a need for them.
// path is where a cursor that cannot be used is told of.
func (p *pager) compile(b *builder, args *val, sel *selected, path []any) (fields []Field, rows string, err error) {
	p.b, p.args, p.page, p.told = b, args, &Page{}, map[schema.Part]Origin{}
	p.sc = p.q.scope(p.of)
	if p.keys, err = p.q.orderKeys(p.sc, args.member("orderBy")); err != nil {
		return nil, "", err
	}
	p.page.form = newCursorForm(p.of.Name, p.keys)
	p.after, p.until = p.cursor(path, sel.Def.Position, "after"), p.cursor(path, sel.Def.Position, "before")
	if p.limit, err = p.size(sel.Def.Position); err != nil {
		return nil, "", err
	}
	if fields, err = p.fields(p.field.Type.Base(), sel.Sub); err != nil {
		return nil, "", err
	}
	if p.rows {
		if rows, err = p.statement(); err != nil {
			return nil, "", err
		}
		p.cost.fields = max(p.cost.fields, 1)
		p.costs = append(p.costs, p.cost)
	}
	return fields, rows, nil
}

// cursor takes an argument that is a cursor. It is read with each request's values, before any SQL.
func (p *pager) cursor(path []any, at *ast.Position, arg string) *cursorUse {
	v := p.args.member(arg)
	if !v.given() {
		return nil
	}
	u := cursorUse{form: p.page.form, leaf: v.leaf, path: path, at: at, name: p.field.Name + ": the argument \"" + arg + "\""}
	if v.leaf == 0 {
		u.text = v.text
	}
	p.b.plan.cursors = append(p.b.plan.cursors, u)
	return &u
}

// size reads first and last, and gives the SQL of the number of rows; empty: any number. With neither, the first rows are
// given, as many as a page may have. The specification discourages both at once, since they mean little together.
func (p *pager) size(at *ast.Position) (string, error) {
	first, last := p.args.member("first"), p.args.member("last")
	name, v := "first", first
	switch {
	case first.given() && last.given():
		return "", fault.New(fault.BadUserInput, "%s: first and last are both given: leave one of them out", p.field.Name).At(at.Line, at.Column)
	case last.given():
		name, v, p.page.Backward = "last", last, true
	case !first.given():
		p.cost.rows.value = p.unbounded
		if p.b.maxPage == 0 {
			return "", nil
		}
		p.page.bounded, p.page.size.value = true, int64(p.b.maxPage)
		p.cost.rows.value = min(p.unbounded, int64(p.b.maxPage))
		return strconv.Itoa(p.b.maxPage), nil
	}
	limit, n, err := p.q.number(p.field.Name, name, v)
	p.page.bounded, p.page.size, p.cost.rows = true, n, n
	return limit, err
}

// fields compiles the selection on a connection, or on one of the objects in it.
func (p *pager) fields(t *schema.Type, sub []*selected) ([]Field, error) {
	fields := make([]Field, 0, len(sub))
	for _, sel := range sub {
		if f, unread := sel.unread(); unread {
			fields = append(fields, f)
			continue
		}
		out := Field{Name: sel.Key, At: sel.At, Key: key(sel.Key)}
		if sel.Def.Name == "__typename" {
			out.Const = jsonw.AppendString(nil, t.Name)
			fields = append(fields, out)
			continue
		}
		f := t.Field(sel.Def.Name)
		var inner content
		var err error
		switch f.Part {
		case schema.Node, schema.Nodes:
			inner, err = p.q.content(p.sc, sel, p.cols, &p.cost)
		default:
			inner.fields, err = p.fields(f.Type.Base(), sel.Sub)
		}
		if err == nil {
			out.Value = valueOf(f.Type, inner)
			err = p.part(f.Part, &out)
		}
		if err != nil {
			return nil, err
		}
		fields = append(fields, out)
	}
	return fields, nil
}

// part says where the value of a part is.
func (p *pager) part(part schema.Part, out *Field) (err error) {
	switch part {
	case schema.Edges, schema.Nodes:
		out.Paged, p.rows = PageRows, true
	case schema.Node, schema.PageInfo:
		out.Inline = true
	case schema.Cursor, schema.StartCursor, schema.EndCursor:
		out.Paged = map[schema.Part]Paged{schema.Cursor: RowCursor, schema.StartCursor: FirstCursor, schema.EndCursor: LastCursor}[part]
		p.rows = true
		p.cost.fields++
		if p.page.slots == nil {
			for _, k := range p.keys {
				expr := k.expr
				if p.cols.nested { // in JSON too, the value as PostgreSQL writes it
					expr = "(" + expr + ")::pg_catalog.text"
				}
				p.page.slots = append(p.page.slots, p.cols.add(expr, true).Slot)
			}
		}
	case schema.HasNextPage, schema.HasPreviousPage:
		if p.page.Backward == (part == schema.HasPreviousPage) {
			out.Paged, p.rows, p.page.Extra = ExtraRow, true, true
			break
		}
		cursor := p.after
		if p.page.Backward {
			cursor = p.until
		}
		if cursor == nil { // nothing bounds that side
			out.Const = []byte("false")
			break
		}
		out.Origin, err = p.fact(part, func() (Origin, error) { return p.beside(cursor) })
	case schema.TotalCount:
		out.Origin, err = p.fact(part, p.total)
	}
	return err
}

// fact compiles a fact once, however often it is asked for.
func (p *pager) fact(part schema.Part, make func() (Origin, error)) (Origin, error) {
	if o, ok := p.told[part]; ok {
		return o, nil
	}
	o, err := make()
	p.told[part] = o
	return o, err
}

// statement writes the select of the page's rows.
func (p *pager) statement() (string, error) {
	var s part
	var err error
	if s.conds, err = p.matching(p.q, p.sc); err != nil {
		return "", err
	}
	if p.after != nil {
		s.conds = append(s.conds, p.q.beyond(p.keys, p.after, true, false))
	}
	if p.until != nil {
		s.conds = append(s.conds, p.q.beyond(p.keys, p.until, false, false))
	}
	for _, k := range p.keys {
		t := k.term
		t.direction = k.written(p.page.Backward)
		s.order = append(s.order, t)
	}
	if s.limit = p.limit; p.page.Extra && p.limit != "" {
		s.limit += " + 1"
		if p.page.size.leaf == 0 {
			s.limit = strconv.FormatInt(p.page.size.value+1, 10)
		}
	}
	return "select " + p.cols.list() + p.q.from(p.sc, s, p.cols.heavy), nil
}

// matching are the conditions on all rows, whatever the page.
func (p *pager) matching(q *query, sc scope) ([]cond, error) {
	all := p.joined(sc)
	if w := p.args.member("where"); w.given() {
		conds, err := q.where(sc, w)
		return append(all, conds...), err
	}
	return all, nil
}

// total counts the rows that match.
func (p *pager) total() (Origin, error) {
	sc := p.facts.scope(p.of)
	conds, err := p.matching(p.facts, sc)
	if err != nil {
		return Origin{}, err
	}
	p.costs = append(p.costs, cost{rows: number{value: p.unbounded}, fields: 1})
	return p.known.add("(select pg_catalog.count(*)"+p.facts.from(sc, part{conds: conds}, false)+")", false), nil
}

// beside looks whether there are rows on the other side of the cursor that the page begins at, its own row included.
func (p *pager) beside(cursor *cursorUse) (Origin, error) {
	sc := p.facts.scope(p.of)
	conds, err := p.matching(p.facts, sc)
	if err != nil {
		return Origin{}, err
	}
	keys, err := p.facts.orderKeys(sc, p.args.member("orderBy"))
	if err != nil {
		return Origin{}, err
	}
	conds = append(conds, p.facts.beyond(keys, cursor, p.page.Backward, true))
	return p.known.add("exists (select 1"+p.facts.from(sc, part{conds: conds}, false)+")", true), nil
}

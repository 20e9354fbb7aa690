package compile

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Page says how a connection is made of the rows that Statement gives and of the row that Facts gives.
type Page struct {
	Backward bool // the rows come last first
	Extra    bool // there may be a row more than the page holds: it tells that others follow

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
	return p.form.append(dst, cells, p.slots)
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
	b     *builder
	root  *schema.Field
	args  *val
	page  *Page
	after *cursorUse // nil: not given
	until *cursorUse // before; nil: not given

	q    *query // of the rows
	sc   scope
	keys []orderKey
	cols *columns
	cost cost
	rows bool // a part of the answer is made of the rows

	facts *query // of what is known besides the page's rows
	known columns
	told  map[schema.Part]Origin // the facts that have been asked for
}

// connection compiles a root field that gives pages of rows.
func (b *builder) connection(r *Root, args *val, sel *selected) ([]Field, error) {
	p := &pager{
		b: b, root: r.field, args: args, page: &Page{},
		q: &query{b: b, shared: map[string]int{}}, facts: &query{b: b, shared: map[string]int{}},
		cols: &columns{index: map[string]int{}}, known: columns{index: map[string]int{}}, told: map[schema.Part]Origin{},
	}
	p.sc = p.q.scope(r.field.Root.Of)
	var err error
	if p.keys, err = p.q.orderKeys(p.sc, args.member("orderBy")); err != nil {
		return nil, err
	}
	p.page.form = newCursorForm(p.sc.t.Name, p.keys)
	p.after, p.until = p.cursor(sel.Key, "after"), p.cursor(sel.Key, "before")
	limit, err := p.size(sel.Def.Position)
	if err != nil {
		return nil, err
	}
	fields, err := p.fields(r.field.Type.Base(), sel.Sub)
	if err != nil {
		return nil, err
	}
	if p.rows {
		if r.Statement, err = p.statement(limit); err != nil {
			return nil, err
		}
		p.cost.fields = max(p.cost.fields, 1)
		b.plan.cost = append(b.plan.cost, p.cost)
	}
	if len(p.known.exprs) > 0 || !p.rows {
		r.Facts = newStatement("select "+p.known.list(), p.facts.params, false)
	}
	r.Page = p.page
	for _, q := range []*query{p.q, p.facts} {
		if err := q.checkParams(); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// cursor takes an argument that is a cursor. It is read with each request's values, before any SQL.
func (p *pager) cursor(root, arg string) *cursorUse {
	v := p.args.member(arg)
	if !v.given() {
		return nil
	}
	u := cursorUse{form: p.page.form, leaf: v.leaf, root: root, name: p.root.Name + ": the argument \"" + arg + "\""}
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
		return "", fault.New(fault.BadUserInput, "%s: first and last are both given: leave one of them out", p.root.Name).At(at.Line, at.Column)
	case last.given():
		name, v, p.page.Backward = "last", last, true
	case !first.given():
		p.cost.rows.value = rootRows
		if p.b.maxPage == 0 {
			return "", nil
		}
		p.page.bounded, p.page.size.value = true, int64(p.b.maxPage)
		p.cost.rows.value = min(rootRows, int64(p.b.maxPage))
		return strconv.Itoa(p.b.maxPage), nil
	}
	limit, n, err := p.q.number(p.root.Name, name, v)
	p.page.bounded, p.page.size, p.cost.rows = true, n, n
	return limit, err
}

// fields compiles the selection on a connection, or on one of the objects in it.
func (p *pager) fields(t *schema.Type, sub []*selected) ([]Field, error) {
	fields := make([]Field, 0, len(sub))
	for _, sel := range sub {
		if sel.Fail != nil {
			fields = append(fields, Field{Fail: sel.Fail})
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
				p.page.slots = append(p.page.slots, p.cols.add(k.expr, true).Slot)
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
func (p *pager) statement(limit string) (*Statement, error) {
	var s part
	var err error
	if s.conds, err = p.matching(p.q, p.sc); err != nil {
		return nil, err
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
	if s.limit = limit; p.page.Extra && limit != "" {
		s.limit += " + 1"
		if p.page.size.leaf == 0 {
			s.limit = strconv.FormatInt(p.page.size.value+1, 10)
		}
	}
	sql := "select " + p.cols.list() + p.q.from(p.sc, s, p.cols.heavy)
	return newStatement(sql, p.q.params, true), nil
}

func (p *pager) matching(q *query, sc scope) ([]cond, error) {
	if w := p.args.member("where"); w.given() {
		return q.where(sc, w)
	}
	return nil, nil
}

// total counts the rows that match.
func (p *pager) total() (Origin, error) {
	sc := p.facts.scope(p.sc.t)
	conds, err := p.matching(p.facts, sc)
	if err != nil {
		return Origin{}, err
	}
	p.b.plan.cost = append(p.b.plan.cost, cost{rows: number{value: rootRows}, fields: 1})
	return p.known.add("(select pg_catalog.count(*)"+p.facts.from(sc, part{conds: conds}, false)+")", false), nil
}

// beside looks whether there are rows on the other side of the cursor that the page begins at, its own row included.
func (p *pager) beside(cursor *cursorUse) (Origin, error) {
	sc := p.facts.scope(p.sc.t)
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

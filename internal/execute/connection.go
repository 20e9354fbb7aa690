package execute

import (
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// page is the rows of a connection, in the order of the answer.
type page struct {
	plan *compile.Page
	rows [][][]byte // as they came
	more bool       // PostgreSQL gave a row more than the page holds
}

// row gives a row by its place on the page.
func (p *page) row(i int) [][]byte {
	if p.plan.Backward {
		i = len(p.rows) - 1 - i
	}
	return p.rows[i]
}

// connection writes a page of rows. The connection's own values are the cells of its facts, and what is made of the rows
// asks the page. Nothing of it leaves before it is whole, which the size of a page bounds.
func (x *run) connection(root *compile.Root, k *kept) error {
	w := &x.writer
	w.page = w.pageOf(root.Page, k.rows)
	w.path = append(w.path[:0], step{root: root})
	ok := w.row(root.Value, k.facts)
	w.path, w.page = w.path[:0], page{}
	if !ok {
		return errNoData
	}
	return nil
}

// pageOf makes a page of the rows that PostgreSQL gave.
func (w *writer) pageOf(plan *compile.Page, rows [][][]byte) page {
	p := page{plan: plan, rows: rows}
	if size := w.plan.PageSize(plan); size >= 0 && len(rows) > size {
		p.rows, p.more = rows[:size], true
	}
	return p
}

// pageBelow makes a page of rows that came as JSON, among the facts of their connection.
func (w *writer) pageBelow(plan *compile.Page, facts [][]byte) page {
	if plan.Rows < 0 {
		return page{plan: plan}
	}
	var rows [][][]byte
	list := jsonw.At(facts[plan.Rows])
	for list.Enter(); list.More(); {
		rows = append(rows, appendMembers(make([][]byte, 0, len(plan.Members)), plan.Members, &list))
	}
	return w.pageOf(plan, rows)
}

// paged writes a part of a connection that is made of the page's rows.
func (w *writer) paged(f *compile.Field, base int) bool {
	switch n := len(w.page.rows); {
	case f.Paged == compile.PageRows:
		return w.pageRows(f.Value)
	case f.Paged == compile.ExtraRow:
		w.buf = strconv.AppendBool(w.buf, w.page.more)
	case f.Paged == compile.RowCursor:
		w.cursor(w.cells[base:])
	case n == 0:
		return w.null(f.Value)
	case f.Paged == compile.FirstCursor:
		w.cursor(w.page.row(0))
	default:
		w.cursor(w.page.row(n - 1))
	}
	return true
}

func (w *writer) cursor(cells [][]byte) {
	w.buf = append(w.buf, '"')
	w.buf = append(w.page.plan.AppendCursor(w.buf, cells), '"')
}

// pageRows writes a list with an object for each row.
func (w *writer) pageRows(v *compile.Value) bool {
	start := len(w.buf)
	w.buf = append(w.buf, '[')
	w.path = append(w.path, step{})
	at := len(w.path) - 1
	ok := true
	for i := range w.page.rows {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.path[at].index = i
		if !w.row(v.Elem, w.page.row(i)) {
			ok = w.lose(ok)
		}
	}
	w.path = w.path[:at]
	w.found(ok)
	if ok {
		w.buf = append(w.buf, ']')
		return true
	}
	w.buf = w.buf[:start]
	return w.null(v)
}

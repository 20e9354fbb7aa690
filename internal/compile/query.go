package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/schema"
)

// query writes one statement.
type query struct {
	b       *builder
	params  []param
	shared  map[string]int
	aliases int
	docUsed bool // an expression has read the document since this was last cleared
}

// scope is a row that expressions can name.
type scope struct {
	t     *schema.Type
	alias string
	doc   string                   // the JSON that the fields' keys are in; empty: none
	made  map[*schema.Field]string // the SQL of values that the statement itself computes
	guard string                   // a condition without which the row is not of the type; empty: it always is
}

// part is what a select reads, besides its columns.
type part struct {
	conds         []cond
	order         []term
	limit, offset string // SQL; empty: none
}

// cond is a condition; native says that it needs no document.
type cond struct {
	sql    string
	native bool
}

// term is a part of an order.
type term struct {
	expr      string
	direction string
	native    bool
	cast      string // the SQL type
	home      string // the schema of the operators that compare it; see [home]
	collation string // ready for SQL; empty: the value's own
	nullable  bool
}

// rows compiles the rows of a root field.
func (b *builder) rows(root *schema.Root, args *val, sel *selected) (*Statement, content, error) {
	q := &query{b: b, shared: map[string]int{}}
	sc := q.scope(root.Of)
	c := cost{rows: number{value: 1}}
	var p part
	var err error
	if root.Kind == schema.One { // no limit: the runner takes one row, and PostgreSQL is faster without
		p.conds, err = q.byKey(sc, args)
	} else {
		p, err = q.list(sc, args, &c.rows, rootRows)
	}
	if err != nil {
		return nil, content{}, err
	}
	return q.finish(sc, p, c, sel, root.Kind == schema.List)
}

func (q *query) finish(sc scope, p part, c cost, sel *selected, many bool) (*Statement, content, error) {
	cols := &columns{index: map[string]int{}}
	fields, err := q.content(sc, sel, cols, &c)
	if err != nil {
		return nil, content{}, err
	}
	sql := "select " + cols.list() + q.from(sc, p, cols.heavy)
	if err := q.checkParams(); err != nil {
		return nil, content{}, err
	}
	q.b.plan.cost = append(q.b.plan.cost, c)
	return newStatement(sql, q.params, many), fields, nil
}

func (q *query) checkParams() error {
	if len(q.params) > maxParameters {
		return fault.New(fault.QueryTooCostly, "the operation holds %d values, the most is %d: send lists to in", len(q.params), maxParameters)
	}
	return nil
}

// alias makes a name that the statement does not have yet.
func (q *query) alias(letter string) string {
	q.aliases++
	return letter + strconv.Itoa(q.aliases-1)
}

func (q *query) scope(t *schema.Type) scope {
	sc := scope{t: t, alias: q.alias("t")}
	if t.Source.Document != "" {
		sc.doc = sc.alias + "." + quoteIdent(t.Source.Document)
	}
	return sc
}

// from writes everything behind the columns. When a row is costly to make, the page is found
// first, behind a barrier: a document that a view makes when it is read is then made once for
// each row that is left, and heavy columns, which read other rows, not at all for the rows that
// offset skips.
func (q *query) from(sc scope, p part, heavy bool) string {
	src := sc.t.Source
	permitted, err := q.permitted(sc)
	if err != nil && q.b.failed == nil {
		q.b.failed = err
	}
	p.conds = slices.Concat(permitted, p.conds)
	if src.Only != nil {
		p.conds = append([]cond{q.only(sc, src.Only)}, p.conds...)
	}
	table := quoteIdent(src.Schema) + "." + quoteIdent(src.Name)
	if !src.Computed && (!heavy || p.offset == "") {
		return " from " + table + " as " + sc.alias + where(p.conds) + orderBy(p.order) + paging(p)
	}
	var inside, outside []cond
	for _, c := range p.conds {
		if c.native || !src.Computed {
			inside = append(inside, c)
		} else {
			outside = append(outside, c)
		}
	}
	whole := len(outside) == 0
	for _, t := range p.order {
		whole = whole && (t.native || !src.Computed)
	}
	inner := "select * from " + table + " as " + sc.alias + where(inside)
	if whole {
		page := paging(p)
		if page == "" {
			page = " offset 0"
		}
		return " from (" + inner + orderBy(p.order) + page + ") as " + sc.alias + orderBy(p.order)
	}
	return " from (" + inner + " offset 0) as " + sc.alias + where(outside) + orderBy(p.order) + paging(p)
}

func where(conds []cond) string {
	if len(conds) == 0 {
		return ""
	}
	return " where " + and(conds)
}

func and(conds []cond) string {
	if len(conds) == 0 {
		return "true"
	}
	texts := make([]string, len(conds))
	for i, c := range conds {
		texts[i] = c.sql
	}
	return strings.Join(texts, " and ")
}

func orderBy(terms []term) string {
	if len(terms) == 0 {
		return ""
	}
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.expr + t.direction
	}
	return " order by " + strings.Join(texts, ", ")
}

func paging(p part) string {
	s := ""
	if p.limit != "" {
		s += " limit " + p.limit
	}
	if p.offset != "" {
		s += " offset " + p.offset
	}
	return s
}

// list reads the arguments of a list field or of a list relation.
func (q *query) list(sc scope, args *val, rows *number, unbounded int64) (part, error) {
	var p part
	var err error
	if w := args.member("where"); w.given() {
		if p.conds, err = q.where(sc, w); err != nil {
			return p, err
		}
	}
	if p.order, err = q.order(sc, args.member("orderBy")); err != nil {
		return p, err
	}
	err = q.pages(&p, sc.t.Name, args, rows, unbounded)
	return p, err
}

// pages reads limit and offset. rows becomes what is estimated, unbounded when nothing bounds it.
func (q *query) pages(p *part, name string, args *val, rows *number, unbounded int64) (err error) {
	*rows = number{value: unbounded}
	if q.b.maxPage > 0 {
		p.limit = strconv.Itoa(q.b.maxPage)
		rows.value = min(unbounded, int64(q.b.maxPage))
	}
	if v := args.member("limit"); v.given() {
		if p.limit, *rows, err = q.number(name, "limit", v); err != nil {
			return err
		}
	}
	if v := args.member("offset"); v.given() && !v.zero {
		p.offset, _, err = q.number(name, "offset", v)
	}
	if p.offset == "0" {
		p.offset = ""
	}
	return err
}

// number writes a limit or an offset: the digits of a literal, so that PostgreSQL plans for
// them, or a parameter.
func (q *query) number(field, arg string, v *val) (string, number, error) {
	pg := page{field: field, arg: arg, number: number{leaf: v.leaf}}
	if v.leaf == 0 {
		pg.number.value, _ = strconv.ParseInt(string(v.text), 10, 64)
		if err := pg.check(nil, q.b.maxPage); err != nil {
			return "", number{}, err
		}
		return strconv.FormatInt(pg.number.value, 10), pg.number, nil
	}
	q.b.plan.pages = append(q.b.plan.pages, pg)
	return q.param(param{leaf: v.leaf, cast: "pg_catalog.int8", field: arg}), pg.number, nil
}

func (q *query) byKey(sc scope, args *val) ([]cond, error) {
	conds := make([]cond, 0, len(sc.t.Key))
	for _, k := range sc.t.Key {
		c, err := q.compare(sc, k, "eq", args.member(k.Name))
		if err != nil {
			return nil, err
		}
		conds = append(conds, c)
	}
	return conds, nil
}

// param writes a parameter with its type; the same value of the same type is sent once.
func (q *query) param(p param) string {
	k := p.key()
	n, known := q.shared[k]
	if !known || k == "" {
		q.params = append(q.params, p)
		n = len(q.params)
		q.shared[k] = n
	}
	return fmt.Sprintf("$%d::%s", n, p.cast)
}

// expr writes a field's value with its own type.
func (q *query) expr(sc scope, f *schema.Field) string {
	if made, ok := sc.made[f]; ok {
		return made
	}
	if f.Column != nil {
		return native(sc, f.Column)
	}
	q.docUsed = true
	return "(" + sc.doc + "->>" + quoteLiteral(f.Key) + ")::" + documentType(f.Type.Base())
}

// native writes a column's value as it is compared.
func native(sc scope, c *schema.Column) string {
	value := sc.alias + "." + quoteIdent(c.Name)
	if c.Cast {
		value += "::" + c.Type
	}
	return value
}

// castOf names the SQL type that a field is compared as.
func castOf(f *schema.Field) string {
	base := f.Type.Base()
	switch array := f.Type.Elem != nil; {
	case array && (f.Column == nil || !f.Column.Array || base.Name == "JSON"):
		return documentType(base) + "[]"
	case f.Column == nil, base.Name == "JSON":
		return documentType(base)
	}
	return f.Column.Type
}

// documentType is the SQL type of a scalar or range that stands in a document.
func documentType(t *schema.Type) string {
	switch t = t.Underlying(); {
	case t.SQL != "":
		return t.SQL
	case t.Range != "":
		return t.Range
	}
	switch t.Name {
	case "Int":
		return "int4"
	case "BigInt":
		return "int8"
	case "Decimal":
		return "numeric"
	case "Float":
		return "float8"
	case "Boolean":
		return "bool"
	case "UUID":
		return "uuid"
	case "Date":
		return "date"
	case "Time":
		return "time"
	case "DateTime":
		return "timestamptz"
	case "LocalDateTime":
		return "timestamp"
	case "Duration":
		return "interval"
	case "IpAddress":
		return "inet"
	case "CIDR":
		return "cidr"
	case "MacAddress":
		return "macaddr"
	case "JSON":
		return "jsonb"
	}
	return "text"
}

// quoteIdent quotes a name of the database.
func quoteIdent(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteLiteral quotes a document's key, which comes from a declaration.
func quoteLiteral(text string) string {
	s := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(s, `\`, `\\`)
	}
	return s
}

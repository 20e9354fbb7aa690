package compile

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// content is what is written of an object: its fields, or, of an abstract type, its variants.
type content struct {
	fields   []Field
	variants *Variants
}

// Variants say what is written of an object of an abstract type, by the label that comes with it.
// Source: GraphQL specification, section 6.4.3, "Resolving Abstract Types".
type Variants struct {
	Label  Origin
	Absent bool // a row that the label names and that is not there is null, and no fault

	byLabel map[string]*Variant
	all     []*Variant
}

// Variant is what is written of one of the objects.
type Variant struct {
	Fields  []Field
	Own     *Origin  // the JSON object of the values that come from the object's own source; nil: none do
	Members []string // the keys to look for in it
}

// Of finds what is written under a label; nil when it stands for no type.
func (v *Variants) Of(label []byte) *Variant { return v.byLabel[string(label)] }

func (v *Variants) add(p *schema.Possible, variant *Variant) {
	v.all = append(v.all, variant)
	for _, label := range p.Labels {
		v.byLabel[label] = variant
	}
}

func (v *Variants) number(m *members) {
	m.slot(&v.Label)
	for _, variant := range v.all {
		m.slots(variant.Fields)
		if variant.Own != nil {
			m.slot(variant.Own)
		}
	}
}

// content compiles a selection on a row. Of an abstract type, the fields that all its objects share and those that stand in
// the same row are columns like any other, and those of an object with a source of its own are one more column, a JSON object
// that is read only for the rows that have it.
func (q *query) content(sc scope, sel *selected, cols *columns, c *cost) (content, error) {
	if !sc.t.Abstract() {
		fields, err := q.fields(sc, sel.Sub, cols, c)
		return content{fields: fields}, err
	}
	out := &Variants{
		Label: cols.add(q.label(sc, sc.t.Label), true), Absent: sc.t.Source == nil, byLabel: map[string]*Variant{},
	}
	shared := map[*selected]Field{}
	for i, p := range sc.t.Possible {
		v, err := q.variant(sc, p, sel.On[i], cols, c, shared)
		if err != nil {
			return content{}, err
		}
		out.add(p, v)
	}
	return content{variants: out}, nil
}

// variant compiles a selection on one of the objects. shared holds the fields of the abstract type that are compiled already.
func (q *query) variant(sc scope, p *schema.Possible, sub []*selected, cols *columns, c *cost, shared map[*selected]Field) (*Variant, error) {
	v := &Variant{Fields: make([]Field, len(sub))}
	inRow := sc.t.Source != nil && len(p.By) == 0
	guard := q.labelled(sc, sc.t.Label, p.Labels)
	row := scope{t: p.Type, alias: sc.alias, doc: sc.doc, guard: guard}
	var own []*selected
	var places []int
	for i, sel := range sub {
		common := false
		if sel.Fail == nil {
			f := sc.t.Field(sel.Def.Name)
			common = sc.t.Source != nil && f != nil && !f.Hidden
		}
		switch done, is := shared[sel]; {
		case sel.Fail == nil && sel.Def.Name == "__typename":
			v.Fields[i] = Field{Name: sel.Key, Key: key(sel.Key), Const: jsonw.AppendString(nil, p.Type.Name)}
			c.fields++
		case is:
			v.Fields[i] = done
		case common, inRow:
			from := row
			if common {
				from = sc
			}
			fields, err := q.fields(from, []*selected{sel}, cols, c)
			if err != nil {
				return nil, err
			}
			v.Fields[i] = fields[0]
			if common {
				shared[sel] = fields[0]
			}
		default:
			own, places = append(own, sel), append(places, i)
		}
	}
	if len(own) == 0 && sc.t.Source != nil {
		return v, nil
	}
	return v, q.own(sc, p, guard, own, places, v, cols, c)
}

// own compiles the fields that are read from an object's own source.
func (q *query) own(sc scope, p *schema.Possible, guard string, sub []*selected, places []int, v *Variant, cols *columns, c *cost) error {
	remote := q.scope(p.Type)
	inner := &columns{index: map[string]int{}, nested: true}
	below := cost{rows: number{value: 1}}
	fields, err := q.fields(remote, sub, inner, &below)
	if err != nil {
		return err
	}
	found := part{conds: q.join(sc, remote, &schema.Relation{By: p.By}), limit: "1"}
	if sc.t.Source == nil {
		found.conds = q.byGlobalID(sc, remote)
	}
	c.below = append(c.below, below)
	cols.heavy = true
	sql := "(select pg_catalog.row_to_json(x) from (select " + inner.list() + q.from(remote, found, inner.heavy) + ") as x)"
	o := cols.add("case when "+guard+" then "+sql+" end", false)
	v.Own, v.Members = &o, inner.members()
	for i := range fields {
		fields[i].origins(func(o *Origin) { o.Own = true })
		v.Fields[places[i]] = fields[i]
	}
	return nil
}

// label writes a label as text.
func (q *query) label(sc scope, f *schema.Field) string {
	if made, ok := sc.made[f]; ok {
		return made
	}
	if f.Column != nil {
		return "(" + sc.alias + "." + quoteIdent(f.Column.Name) + ")::text"
	}
	q.docUsed = true
	return "(" + sc.doc + "->>" + quoteLiteral(f.Key) + ")"
}

// labelled is the condition that a label is one of several.
func (q *query) labelled(sc scope, f *schema.Field, labels []string) string {
	texts := make([]string, len(labels))
	for i, l := range labels {
		texts[i] = quoteLiteral(l)
	}
	return q.label(sc, f) + " in (" + strings.Join(texts, ", ") + ")"
}

// only is the condition that a row is of the type.
func (q *query) only(sc scope, o *schema.Only) cond {
	return cond{q.labelled(sc, o.Label, o.Labels), o.Label.Column != nil}
}

// guarded has an expression computed for rows of the type only.
func (sc scope) guarded(sql string) string {
	if sc.guard == "" {
		return sql
	}
	return "case when " + sc.guard + " then " + sql + " end"
}

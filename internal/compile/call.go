package compile

import (
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// EntitySetting carries the keys of the rows that a function has written to the statement that reads them again. One statement
// does not see what a function in it writes.
const EntitySetting = "fraiseql.id"

// Call is what a mutation does: two statements of one transaction.
type Call struct {
	Def      *schema.Call
	Function *Statement // calls the function
	Read     *Statement // reads its rows again; nil: nothing of them was asked for

	Entities int // how many columns Read gives

	Name  string       // the field's, for messages
	Input *schema.Type // the input object that the client sends; nil: none
}

// ContextParam is a parameter that the request's own context gives.
type ContextParam struct {
	Index int
	Names []string // the ways to ask for it
}

// The cells of a mutation's answer, in front of what Read gives. Those of the function's row come first, as it gives them.
const (
	CellStatus = iota
	CellMessage
	CellID
	CellEntity
	CellUpdated
	CellCascade
	CellMetadata
	CellSucceeded
	CellErrorClass
	CellDetail
	CellHTTPStatus
	CellErrorDetail
	CellLabel // made of the others
	CellCode
	CellErrors
	CellRead
)

// responseColumns are the names of the first cells.
var responseColumns = [...]string{
	CellStatus: "status", CellMessage: "message", CellID: "entity_id", CellEntity: "entity", CellUpdated: "updated_fields", CellCascade: "cascade",
	CellMetadata: "metadata", CellSucceeded: "succeeded", CellErrorClass: "error_class", CellDetail: "status_detail", CellHTTPStatus: "http_status",
	CellErrorDetail: "error_detail",
}

// call compiles a mutation that a function of the database answers.
func (b *builder) call(r *Root, args *val, sel *selected) (*Value, error) {
	def := r.field.Root.Call
	r.Call = &Call{Def: def, Name: r.field.Name}
	if in := r.field.Arg("input"); in != nil && in.Type.Base().Kind == schema.Input {
		r.Call.Input = in.Type.Base()
	}
	c := &caller{builder: b, def: def, root: r}
	var inner content
	var out *Value
	var err error
	switch def.Gives {
	case schema.Response:
		inner, err = c.response(sel)
	case schema.Entities:
		out, _, err = c.entity(sel, r.field.Type)
	case schema.Objects:
		inner, err = b.members(r.field.Type.Base(), sel, false)
	}
	if err != nil {
		return nil, err
	}
	if out == nil {
		out = valueOf(r.field.Type, inner)
	}
	q := &query{b: b, shared: map[string]int{}}
	from, err := q.function(def, args)
	if err != nil {
		return out, err
	}
	if r.Call.Function, err = c.statement(q, from); err != nil {
		return out, err
	}
	if r.Call.Entities = len(c.read); len(c.read) > 0 {
		keys := "pg_catalog.json_array_elements(coalesce(nullif(pg_catalog.current_setting(" + quoteLiteral(EntitySetting) + ", true), ''), '[]')::json) with ordinality as e(k, n)"
		r.Call.Read = newStatement("select "+strings.Join(c.read, ", ")+" from "+keys+" order by e.n", c.q.params, def.Many)
		b.plan.cost = append(b.plan.cost, c.cost)
	}
	return out, q.checkParams()
}

// caller compiles what is read of one function.
type caller struct {
	*builder
	def     *schema.Call
	root    *Root
	q       *query // of read
	read    []string
	cost    cost
	cascade bool // was asked for
	whole   bool // the entity as the function gives it was asked for
}

// entity compiles a selection on the rows that are read again: one column of them.
func (c *caller) entity(sel *selected, ref *schema.Ref) (*Value, Origin, error) {
	if c.q == nil {
		c.q = &query{b: c.builder, shared: map[string]int{}}
		c.cost = cost{rows: number{value: 1}}
		if c.def.Many {
			c.cost.rows.value = rootRows
		}
	}
	t := c.def.Entity
	sc := c.q.scope(t)
	var p part
	for i, k := range t.Key {
		p.conds = append(p.conds, cond{c.q.expr(sc, k) + " = (e.k->>" + strconv.Itoa(i) + ")::" + castOf(k), k.Column != nil})
	}
	p.limit = "1"
	cols := &columns{index: map[string]int{}, nested: true}
	below := cost{rows: number{value: 1}}
	out, err := c.q.content(sc, sel, cols, &below)
	if err != nil {
		return nil, Origin{}, err
	}
	c.cost.below = append(c.cost.below, below)
	c.read = append(c.read, inJSON("select "+cols.list()+c.q.from(sc, p, cols.heavy), false))
	return cols.shape(ref, out), Origin{Slot: CellRead + len(c.read) - 1}, nil
}

// response compiles a selection on a union of a success and an error.
func (c *caller) response(sel *selected) (content, error) {
	out := &Variants{Label: Origin{Slot: CellLabel, Text: true}, byLabel: map[string]*Variant{}}
	for i, p := range c.root.field.Type.Base().Possible {
		v := &Variant{}
		for _, sub := range sel.On[i] {
			f, err := c.outcome(p.Type, sub, v)
			if err != nil {
				return content{}, err
			}
			v.Fields = append(v.Fields, f)
		}
		if v.Own != nil {
			v.Members = content{fields: ownFields(v.Fields)}.numberMembers()
			for j := range v.Fields {
				v.Fields[j].origins(func(o *Origin) { o.own(v.Members) })
			}
		}
		out.add(p, v)
	}
	return content{variants: out}, nil
}

// outcome compiles one field of a success or an error.
func (c *caller) outcome(t *schema.Type, sel *selected, v *Variant) (Field, error) {
	if f, unread := sel.unread(); unread {
		return f, nil
	}
	out := Field{Name: sel.Key, At: sel.At, Key: key(sel.Key)}
	if sel.Def.Name == "__typename" {
		out.Const = jsonw.AppendString(nil, t.Name)
		return out, nil
	}
	f := t.Field(sel.Def.Name)
	origin := func(f *schema.Field) Origin {
		switch f.Outcome {
		case schema.OutcomeStatus:
			return Origin{Slot: CellStatus, Text: true}
		case schema.OutcomeMessage:
			return Origin{Slot: CellMessage, Text: true}
		case schema.OutcomeID:
			return Origin{Slot: CellID, Text: true}
		case schema.OutcomeUpdated:
			return Origin{Slot: CellUpdated}
		case schema.OutcomeCode:
			return Origin{Slot: CellCode}
		case schema.OutcomeErrors:
			return Origin{Slot: CellErrors}
		case schema.OutcomeCascade:
			c.cascade = true
			return Origin{Slot: CellCascade}
		case schema.OutcomeEntity:
			c.whole = true
			return Origin{Slot: CellEntity}
		}
		if v.Own == nil {
			v.Own = &Origin{Slot: CellMetadata}
		}
		return Origin{member: escapedKey(f.Key)}
	}
	var err error
	switch {
	case f.Batch != nil:
		out.Value, out.Batch, err = c.batch(f, sel, origin)
	case f.Outcome == schema.OutcomeEntity && c.def.Entity != nil && f.Type.Base() == c.def.Entity:
		out.Value, out.Origin, err = c.entity(sel, f.Type)
	default:
		var inner content
		inner, err = c.members(f.Type.Base(), sel, false)
		out.Value, out.Origin = valueOf(f.Type, inner), origin(f)
	}
	return out, err
}

// ownFields are the fields whose values are keys of the metadata.
func ownFields(fields []Field) []Field {
	var own []Field
	for _, f := range fields {
		has := false
		f.origins(func(o *Origin) { has = has || o.member != "" })
		if has {
			own = append(own, Field{Origin: f.Origin, Batch: f.Batch})
		}
	}
	return own
}

// own places a key of the metadata among those that are looked for.
func (o *Origin) own(keys []string) {
	for i, k := range keys {
		if o.member != "" && k == o.member {
			o.Slot, o.Own = i, true
		}
	}
}

// statement writes the select around the function's call. What it gives of the rows' keys goes into the setting.
func (c *caller) statement(q *query, call string) (*Statement, error) {
	name := "r"
	if c.def.JSON || c.def.Gives == schema.Values {
		name = "t(r)"
	}
	var cols []string
	switch c.def.Gives {
	case schema.Response:
		for i, column := range responseColumns {
			cols = append(cols, c.column(i, column))
		}
	case schema.Objects:
		cols = []string{"case when not (r is null) then pg_catalog.to_json(r) end"}
	case schema.Values:
		cols = []string{"pg_catalog.to_json(r.r)"}
		name = "r(r)"
	case schema.Nothing:
		cols = []string{"1"}
	}
	if len(c.read) > 0 {
		cols = append(cols, "pg_catalog.set_config("+quoteLiteral(EntitySetting)+", "+c.keys()+"::text, true)")
	}
	return newStatement("select "+strings.Join(cols, ", ")+" from "+call+" as "+name, q.params, c.def.Many), q.checkParams()
}

// column writes a column of a response; what nobody asked for is not read.
func (c *caller) column(i int, name string) string {
	switch {
	case i == CellCascade && !c.cascade, i == CellEntity && !c.whole:
		return "null"
	case c.def.JSON && (i == CellUpdated || i == CellCascade || i == CellMetadata || i == CellEntity || i == CellErrorDetail):
		return "r->" + quoteLiteral(name)
	case c.def.JSON:
		return "r->>" + quoteLiteral(name)
	}
	for _, has := range c.def.Columns {
		if has != name {
			continue
		}
		expr := "r." + quoteIdent(name)
		switch i {
		case CellUpdated, CellCascade, CellMetadata, CellEntity, CellErrorDetail:
			return "pg_catalog.to_json(" + expr + ")"
		}
		return expr + "::text"
	}
	return "null"
}

// keys writes the keys of the function's rows as a JSON list of lists.
func (c *caller) keys() string {
	part := make([]string, len(c.def.Keys))
	for i, k := range c.def.Keys {
		if part[i] = "r." + quoteIdent(k); c.def.JSON {
			part[i] = "r->>" + quoteLiteral(k)
		}
	}
	if c.def.Gives == schema.Entities {
		return "coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(" + strings.Join(part, ", ") + ")) filter (where " + part[0] + " is not null), '[]')"
	}
	has := map[string]bool{}
	for _, column := range c.def.Columns {
		has[column] = true
	}
	for i, k := range c.def.Keys {
		var ways []string
		if i == 0 && len(c.def.Keys) == 1 {
			if c.def.JSON {
				ways = append(ways, "r->>'entity_id'")
			} else if has["entity_id"] {
				ways = append(ways, "r.entity_id::text")
			}
		}
		if c.def.JSON {
			ways = append(ways, "r->'entity'->>"+quoteLiteral(k))
		} else if has["entity"] {
			ways = append(ways, "pg_catalog.to_jsonb(r.entity)->>"+quoteLiteral(k))
		}
		part[i] = "coalesce(" + strings.Join(append(ways, "null"), ", ") + ")"
	}
	return "case when " + part[0] + " is null then '[]'::json else pg_catalog.json_build_array(pg_catalog.json_build_array(" + strings.Join(part, ", ") + ")) end"
}

// function writes the call itself.
func (q *query) function(def *schema.Call, args *val) (string, error) {
	named := true
	for _, a := range def.Args {
		named = named && a.Name != ""
	}
	var parts []string
	for i := range def.Args {
		a := &def.Args[i]
		sql, sent := q.argument(a, args)
		if !sent {
			continue
		}
		if named {
			sql = quoteIdent(a.Name) + " => " + sql
		}
		parts = append(parts, sql)
	}
	return quoteIdent(def.Schema) + "." + quoteIdent(def.Name) + "(" + strings.Join(parts, ", ") + ")", nil
}

// argument writes one argument; one that was not sent and has a default is left out.
func (q *query) argument(a *schema.CallArg, args *val) (sql string, sent bool) {
	if a.Context != nil {
		return q.param(param{context: a.Context, cast: a.Type}), true
	}
	v := args.member(a.Field)
	if a.Inside {
		v = args.member("input").member(a.Field)
	}
	f := &schema.Field{Name: a.Field}
	switch {
	case v.kind == absentVal && a.Optional:
		return "", false
	case !v.given():
		return "null::" + a.Type, true
	case a.Document:
		return q.param(param{document: v, cast: a.Type, field: a.Field}), true
	case v.kind == objectVal:
		return "pg_catalog.jsonb_populate_record(null::" + a.Type + ", " + q.param(param{document: v, cast: "jsonb", field: a.Field}) + ")", true
	case v.kind == listVal && v.ref.Base().Kind == schema.Input:
		elem := strings.TrimSuffix(a.Type, "[]")
		return "array(select x from pg_catalog.jsonb_populate_recordset(null::" + elem + ", " + q.param(param{document: v, cast: "jsonb", field: a.Field}) + ") as x)", true
	case v.ref.Elem != nil:
		return q.param(list(v, strings.TrimSuffix(a.Type, "[]"), f)), true
	}
	return q.param(single(v, a.Type, f)), true
}

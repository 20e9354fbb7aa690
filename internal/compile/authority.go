package compile

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Authority tells what the sender of one request may do. Without one, whatever requires a role or a scope is denied.
type Authority interface {
	// Has tells whether the sender has a role or scope.
	Has(roleOrScope string) bool
	// Decide answers what is asked of an API's own authorizer, if it has one.
	Decide(auth.Access) (auth.Decision, error)
}

// Anyone may do everything: for plans that are made to be looked at.
type Anyone struct{}

// Has tells that the sender has every role and scope.
func (Anyone) Has(string) bool { return true }

// Decide allows everything.
func (Anyone) Decide(auth.Access) (auth.Decision, error) { return auth.Allow(), nil }

// asker asks for one request what it may do, and notes the answers: the plan that was made under them serves the requests that
// get the same ones.
type asker struct {
	c      *Compiler
	who    Authority
	op     auth.Access // the operation
	values *Values     // where the values of filters go
	given  map[auth.Access]auth.Decision
	rows   map[*schema.Type]*filter // of each type whose rows are read; nil: all of them may be
	notes  []note
	noted  map[question]bool

	trusted bool // a filter of the API's own is being compiled
}

// note is a question and its answer.
type note struct {
	access  auth.Access // when there is an authorizer
	guard   []string    // or: whether the sender has one of these
	allowed bool
	rows    *schema.Type // the type that a filter is on
	shape   string       // of the filter
}

// filter is what rows of a type must be like to be read.
type filter struct {
	where   *val
	columns []columnValue
}

// columnValue is a column and the place of its value among the leaves; 0: nothing equals it.
type columnValue struct {
	column *schema.Column
	leaf   int
}

func (c *Compiler) asker(op *gqlop.Operation, values *Values, who Authority) *asker {
	return &asker{c: c, who: who, values: values, op: auth.Access{Mutation: op.Kind == gqlop.Mutation, Operation: op.Name}}
}

// Asks tells whether plans depend on who sends a request.
func (c *Compiler) Asks() bool { return c.guards || c.Authorized }

// Guards tells whether anything in the schema requires a role or a scope.
func (c *Compiler) Guards() bool { return c.guards }

// holds tells whether the notes of a plan are right for this request. The values of filters are then among the leaves, in the
// order in which the plan has them.
func (a *asker) holds(notes []note) (bool, error) {
	leaves := len(a.values.leaves)
	for i := range notes {
		n := &notes[i]
		same := false
		if n.guard != nil {
			same = a.has(n.guard) == n.allowed
		} else {
			d, err := a.decide(n.access)
			if err != nil {
				return false, err
			}
			if same = d.Allowed() == n.allowed; same && n.rows != nil {
				_, shape, err := a.read(n.rows, d)
				if err != nil {
					return false, err
				}
				same = shape == n.shape
			}
		}
		if !same {
			a.values.leaves = a.values.leaves[:leaves]
			return false, nil
		}
	}
	return true, nil
}

func (a *asker) has(guard []string) bool {
	return a.who != nil && slices.ContainsFunc(guard, a.who.Has)
}

// decide asks the authorizer, once for each access.
func (a *asker) decide(access auth.Access) (auth.Decision, error) {
	if d, known := a.given[access]; known {
		return d, nil
	}
	if a.who == nil {
		return auth.Deny(""), nil
	}
	d, err := a.who.Decide(access)
	if err != nil {
		return auth.Decision{}, err
	}
	if a.given == nil {
		a.given = map[auth.Access]auth.Decision{}
	}
	a.given[access] = d
	return d, nil
}

// guarded asks whether the sender has one of the roles and scopes that something requires.
func (a *asker) guarded(guard []string) bool {
	if len(guard) == 0 {
		return true
	}
	allowed := a.has(guard)
	a.note(note{guard: guard, allowed: allowed})
	return allowed
}

// question tells notes apart.
type question struct {
	access auth.Access
	guard  string
	rows   *schema.Type
}

func (a *asker) note(n note) {
	q := question{n.access, strings.Join(n.guard, "\n"), n.rows}
	if a.noted[q] {
		return
	}
	if a.noted == nil {
		a.noted = map[question]bool{}
	}
	a.noted[q] = true
	a.notes = append(a.notes, n)
}

// allows asks the authorizer for something that is allowed or not.
func (a *asker) allows(access auth.Access) (*fault.Error, error) {
	if !a.c.Authorized {
		return nil, nil
	}
	access.Mutation, access.Operation = a.op.Mutation, a.op.Operation
	d, err := a.decide(access)
	if err != nil {
		return nil, err
	}
	a.note(note{access: access, allowed: d.Allowed()})
	if d.Allowed() {
		if where, columns, err := d.Filter(); err != nil || where != nil || columns != nil {
			return nil, fmt.Errorf("the authorizer answers %+v by a filter, which only the rows of a type can have", access)
		}
		return nil, nil
	}
	what := access.Type + "." + access.Field
	if access.Type == "" {
		what = "this operation"
	}
	if d.Reason() != "" {
		return fault.New(fault.Forbidden, "%s: %s", what, d.Reason()), nil
	}
	return fault.New(fault.Forbidden, "%s is not allowed", what), nil
}

// operation asks for the operation as a whole.
func (a *asker) operation() error {
	denied, err := a.allows(auth.Access{})
	if denied != nil {
		return denied
	}
	return err
}

// field asks for a field of a type, and what it leads to. Of a figure, the field that it is computed from is meant.
func (a *asker) field(t *schema.Type, f *schema.Field) (*fault.Error, error) {
	if !a.c.Asks() {
		return nil, nil
	}
	if f.Measure != nil {
		if f.Measure.Of == nil {
			return nil, nil
		}
		f = f.Measure.Of
		if t = a.c.owners[f]; t == nil {
			return nil, fmt.Errorf("%s has no type", f.Name)
		}
	}
	if !a.guarded(f.Requires) {
		return needs(t.Name+"."+f.Name, f.Requires, a.c.Silent), nil
	}
	for _, to := range leads(f) {
		if !a.guarded(to.Requires) {
			return needs(t.Name+"."+f.Name+", which leads to "+to.Name+",", to.Requires, a.c.Silent), nil
		}
	}
	return a.allows(auth.Access{Type: t.Name, Field: f.Name})
}

// leads are the types that a field's value is of or made of.
func leads(f *schema.Field) []*schema.Type {
	all := []*schema.Type{f.Type.Base()}
	if f.Root != nil && f.Root.Of != nil && f.Root.Of != all[0] {
		all = append(all, f.Root.Of)
	}
	if f.Relation != nil && f.Relation.To != all[0] {
		all = append(all, f.Relation.To)
	}
	return all
}

func needs(what string, guard []string, silent bool) *fault.Error {
	if silent {
		return fault.New(fault.Forbidden, "%s is not allowed", strings.TrimSuffix(what, ","))
	}
	return fault.New(fault.Forbidden, "%s needs the role or scope %s", what, strings.Join(guard, " or "))
}

// use refuses an operation that filters, orders, groups or computes by a field that its sender may not read: the order
// of the rows, or which there are, would tell what is in it.
func (a *asker) use(t *schema.Type, f *schema.Field) error {
	if a.trusted {
		return nil
	}
	denied, err := a.field(t, f)
	if denied != nil {
		return a.c.concealed(t, f, denied)
	}
	return err
}

// concealed is what the sender is told of a field that is denied.
func (c *Compiler) concealed(t *schema.Type, f *schema.Field, denied *fault.Error) *fault.Error {
	if !c.Conceals {
		return denied
	}
	return fault.New(fault.ValidationFailed, "there is no field %q on type %q", f.Name, t.Name)
}

// send refuses input fields and arguments that the sender may not send.
func (a *asker) send(f *schema.Field, owner string, v *val) error {
	if !a.c.Asks() || v.kind == absentVal {
		return nil
	}
	if !a.guarded(f.Requires) {
		return needs(owner+"."+f.Name, f.Requires, a.c.Silent)
	}
	base := f.Type.Base()
	if base.Kind != schema.Input {
		return nil
	}
	return a.sendObject(base, v)
}

func (a *asker) sendObject(t *schema.Type, v *val) error {
	for _, item := range v.items {
		if err := a.sendObject(t, item); err != nil {
			return err
		}
	}
	for _, m := range v.fields {
		if f := t.Field(m.name); f != nil {
			if err := a.send(f, t.Name, m.val); err != nil {
				return err
			}
		}
	}
	return nil
}

// filterOf asks which rows of a type may be read. All that a type shares its rows with are asked for as well.
func (a *asker) filterOf(t *schema.Type) (*filter, error) {
	if !a.c.Authorized {
		return nil, nil
	}
	if f, known := a.rows[t]; known {
		return f, nil
	}
	access := auth.Access{Mutation: a.op.Mutation, Operation: a.op.Operation, Type: t.Name}
	d, err := a.decide(access)
	if err != nil {
		return nil, err
	}
	f := &filter{columns: []columnValue{{}}} // denied: no row is like that
	shape := ""
	if d.Allowed() {
		if f, shape, err = a.read(t, d); err != nil {
			return nil, err
		}
	}
	a.note(note{access: access, allowed: d.Allowed(), rows: t, shape: shape})
	if a.rows == nil {
		a.rows = map[*schema.Type]*filter{}
	}
	a.rows[t] = f
	return f, nil
}

// read takes a decision's filter, whose values become leaves.
func (a *asker) read(t *schema.Type, d auth.Decision) (*filter, string, error) {
	where, columns, err := d.Filter()
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("the authorizer's filter of %s cannot be written as JSON: %w", t.Name, err)
	case where == nil && columns == nil:
		return nil, "", nil
	case where != nil && t.Filter == nil:
		return nil, "", fmt.Errorf("the authorizer filters %s by fields, and it has none to filter by: filter by columns", t.Name)
	}
	f := &filter{}
	before := len(a.values.shape)
	if where != nil {
		at := place{variable: "where"}
		if f.where, err = a.values.value(schema.NonNull(schema.Of(t.Filter)), where, true, &at); err != nil {
			return nil, "", fmt.Errorf("the authorizer's filter of %s: %w", t.Name, at.fault(err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		c := t.Source.Column(name)
		if c == nil {
			return nil, "", fmt.Errorf("the authorizer filters %s by the column %s, which %s.%s does not have", t.Name, name, t.Source.Schema, t.Source.Name)
		}
		text, given, err := columnText(columns[name])
		if err != nil {
			return nil, "", fmt.Errorf("the authorizer filters %s by the column %s: %w", t.Name, name, err)
		}
		value := columnValue{column: c}
		if given {
			a.values.leaves = append(a.values.leaves, leaf{text: []byte(text)})
			value.leaf = len(a.values.leaves)
		}
		f.columns = append(f.columns, value)
		a.values.shape = strconv.AppendBool(append(append(a.values.shape, name...), '='), given)
	}
	shape := string(a.values.shape[before:])
	a.values.shape = a.values.shape[:before]
	return f, shape, nil
}

// columnText writes a value that a column is compared with; it is not given when it is nil.
func columnText(v any) (text string, given bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case string:
		text = v
	case json.Number:
		text = v.String()
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		text = fmt.Sprint(v)
	case encoding.TextMarshaler:
		out, err := v.MarshalText()
		if err != nil {
			return "", false, err
		}
		text = string(out)
	case fmt.Stringer:
		text = v.String()
	default:
		return "", false, fmt.Errorf("a %T cannot be compared with a column: give a string, a bool or a number", v)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", false, fmt.Errorf("the value holds a zero byte, which PostgreSQL does not take")
	}
	return text, true, nil
}

// permitted are the conditions on the rows of a scope that the request may read. They stand wherever rows are read.
func (q *query) permitted(sc scope) ([]cond, error) {
	c := q.b.Compiler
	if !c.Authorized || q.b.trusted {
		return nil, nil
	}
	all, err := q.filtered(sc)
	if err != nil {
		return nil, err
	}
	for _, whole := range c.wholes[sc.t] { // what the rows are besides
		conds, err := q.filtered(scope{t: whole, alias: sc.alias, doc: sc.doc})
		if err != nil {
			return nil, err
		}
		all = append(all, conds...)
	}
	if !sc.t.Abstract() || sc.t.Source == nil {
		return all, nil
	}
	for _, p := range sc.t.Possible { // what some of the rows are
		if len(p.By) > 0 || p.Type.Source == nil {
			continue
		}
		conds, err := q.filtered(scope{t: p.Type, alias: sc.alias, doc: sc.doc})
		if err != nil {
			return nil, err
		}
		if len(conds) > 0 {
			other := q.only(sc, &schema.Only{Label: sc.t.Label, Labels: p.Labels})
			native := other.native
			for _, c := range conds {
				native = native && c.native
			}
			all = append(all, cond{"((" + other.sql + ") is not true or (" + and(conds) + "))", native})
		}
	}
	return all, nil
}

// filtered are the conditions of one type.
func (q *query) filtered(sc scope) ([]cond, error) {
	f, err := q.b.filterOf(sc.t)
	if err != nil || f == nil {
		return nil, err
	}
	var all []cond
	if f.where != nil {
		q.b.trusted = true // the filter is the API's own: it may look at what the sender may not
		all, err = q.where(sc, f.where)
		q.b.trusted = false
		if err != nil {
			return nil, err
		}
	}
	for _, v := range f.columns {
		if v.leaf == 0 {
			all = append(all, cond{"false", true})
			continue
		}
		all = append(all, cond{sc.alias + "." + quoteIdent(v.column.Name) + " = " + q.param(param{leaf: v.leaf, cast: v.column.Type, field: sc.t.Name}), true})
	}
	return all, nil
}

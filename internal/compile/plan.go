package compile

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

const (
	maxPlans      = 64   // plans kept for an operation
	maxKeptShape  = 1024 // bytes; longer shapes are planned anew each time
	maxParameters = 30_000
)

// Plan is what is done for an operation, whatever the values of its variables.
type Plan struct {
	Roots   []Root // in the order of the answer
	Batches int    // how many places of the answer Go fields fill
	Writes  bool   // the operation is a mutation: its roots run one after another, each in a transaction
	Go      bool   // Go has a part in the answer, so that rows are kept until it has run
	Label   string // names the operation to operators

	pages   []page
	cursors []cursorUse
	globals []*globalIDs
	cost    []cost
	notes   []note // what its requests may do
}

// Root is a root field's part of a plan.
type Root struct {
	Name string
	At   []fault.Location // see Field
	Key  []byte

	Const     []byte       // the whole answer, known already: __typename and introspection
	Fail      *fault.Error // the answer is null and this error
	Statement *Statement   // the rows, from PostgreSQL
	Facts     *Statement   // of a connection: one row of what is known besides the page's rows; the answer to it comes first
	Page      *Page        // of a connection: how the two become the answer
	Resolver  schema.Resolver
	Call      *Call // of a mutation: the function of the database
	NoValue   error // why the resolver can only describe rows for this selection; nil: it may give a value

	Value *Value // List: of the list; One: of the object; Resolve: of what is returned
	args  *val
	build *builder // to compile the rows that a resolver describes
	sel   *selected
	field *schema.Field
}

// Bound is a plan with the values of one request.
type Bound struct {
	*Plan
	Extensions func() []byte // an object for the answer's extensions, as JSON, called when the connection is given back; nil: it has none
	Snapshot   bool          // all statements see the database at one moment; not for an operation that writes
	values     *Values
	who        Authority
}

// Cost estimates the operation: rows times fields, which the compiler's limit is compared with.
func (b Bound) Cost() float64 { return b.sum(b.values.leaves) }

// Compiler plans the operations of one schema.
type Compiler struct {
	schema  *schema.Schema
	maxPage int     // rows in a list; 0: no limit
	maxCost float64 // 0: no limit

	// Silent keeps the names of fields out of messages about fields that are not there, for an API that hides its schema.
	Silent bool
	// Authorized has each request's [Authority] decide, besides the roles and scopes that types and fields require.
	Authorized bool
	// Conceals has fields that a sender may not read not be there for him, in introspection too.
	Conceals bool

	guards bool                            // something requires a role or a scope
	owners map[*schema.Field]*schema.Type  // the type that a field is of
	wholes map[*schema.Type][]*schema.Type // the interfaces and unions whose rows a type's are
}

// New makes a compiler. maxPage bounds the rows of a list, maxCost the estimated rows times
// fields of an operation; zero means no limit.
func New(s *schema.Schema, maxPage, maxCost int) *Compiler {
	c := &Compiler{schema: s, maxPage: maxPage, maxCost: float64(maxCost)}
	c.lookAt(s)
	return c
}

// kept is what the compiler keeps with an operation.
type kept struct {
	defs  []variable
	plans atomic.Pointer[map[string][]*Plan] // of each shape, those for senders who may do different things
}

// Bind coerces the variables and gives the plan for their shape and for what the sender may do, made now or kept from an
// earlier request. values holds the coerced variables until the request ends. who may be nil: nobody in particular.
func (c *Compiler) Bind(op *gqlop.Operation, variables []byte, values *Values, who Authority) (Bound, error) {
	k, ok := op.Plans.Load().(*kept)
	if !ok {
		defs, err := c.variables(op.Def)
		if err != nil {
			return Bound{}, err
		}
		k = &kept{defs: defs}
		k.plans.Store(&map[string][]*Plan{})
		if !op.Plans.CompareAndSwap(nil, k) {
			k = op.Plans.Load().(*kept)
		}
	}
	if _, err := values.read(c, k.defs, variables, false); err != nil {
		return Bound{}, err
	}
	plan, err := c.known(op, (*k.plans.Load())[string(values.shape)], values, who)
	if err != nil {
		return Bound{}, err
	}
	if plan == nil {
		vals, err := values.read(c, k.defs, variables, true)
		if err != nil {
			return Bound{}, err
		}
		shape, once := string(values.shape), false
		if plan, once, err = c.plan(op, k.defs, vals, c.asker(op, values, who)); err != nil {
			return Bound{}, err
		}
		if !once {
			k.keep(shape, plan)
		}
	}
	b := Bound{Plan: plan, values: values, who: who}
	if err := plan.check(values.leaves, c); err != nil {
		return Bound{}, err
	}
	return b, nil
}

// known finds the plan that was made for what the sender may do; nil when there is none.
func (c *Compiler) known(op *gqlop.Operation, plans []*Plan, values *Values, who Authority) (*Plan, error) {
	if len(plans) == 0 {
		return nil, nil
	}
	if !c.Asks() {
		return plans[0], nil
	}
	a := c.asker(op, values, who)
	for _, p := range plans {
		if fits, err := a.holds(p.notes); fits || err != nil {
			return p, err
		}
	}
	return nil, nil
}

func (k *kept) keep(shape string, p *Plan) {
	for len(shape) <= maxKeptShape {
		old := k.plans.Load()
		n := 0
		for _, all := range *old {
			n += len(all)
		}
		if n >= maxPlans {
			return
		}
		next := maps.Clone(*old)
		next[shape] = append(slices.Clone(next[shape]), p)
		if k.plans.CompareAndSwap(old, &next) {
			return
		}
	}
}

// variables looks up the types of an operation's variables.
func (c *Compiler) variables(def *ast.OperationDefinition) ([]variable, error) {
	all := make([]variable, 0, len(def.VariableDefinitions))
	global, skips := c.globalVariables(def), offsets(def)
	for _, d := range def.VariableDefinitions {
		ref, err := c.ref(d.Type)
		if err != nil {
			return nil, err
		}
		skips := skips[d.Variable] && ref.Elem == nil && ref.Named.Name == "Int" // a Go function may have an argument of that name
		all = append(all, variable{d.Variable, ref, d.DefaultValue, d.Position, global[d.Variable], skips})
	}
	return all, nil
}

func (c *Compiler) ref(t *ast.Type) (*schema.Ref, error) {
	if t.Elem != nil {
		elem, err := c.ref(t.Elem)
		return &schema.Ref{Elem: elem, NonNull: t.NonNull}, err
	}
	named := c.schema.Type(t.NamedType)
	if named == nil {
		return nil, fault.New(fault.ValidationFailed, "unknown type %q", t.NamedType)
	}
	return &schema.Ref{Named: named, NonNull: t.NonNull}, nil
}

// builder makes one plan.
type builder struct {
	*Compiler
	*asker
	op   *gqlop.Operation
	vars map[string]*val
	plan *Plan
	on   *schema.Type // where the operation starts

	collected int // fields, so far

	once bool // a variable's value has become part of the plan: it serves this request only

	failed error // of what had no way to tell it
}

func (c *Compiler) plan(op *gqlop.Operation, defs []variable, vars map[string]*val, a *asker) (p *Plan, once bool, err error) {
	for _, d := range defs {
		if _, sent := vars[d.name]; sent {
			continue
		}
		x, err := coerceLiteral(d.ref, d.def, nil)
		if err != nil {
			return nil, false, fault.New(fault.BadUserInput, "the default of the variable \"$%s\": %s", d.name, err)
		}
		vars[d.name] = x
	}
	b := &builder{Compiler: c, asker: a, op: op, vars: vars, plan: &Plan{Label: op.Label}, on: c.schema.Query}
	if op.Kind == gqlop.Mutation {
		b.on, b.plan.Writes, b.plan.Go = c.schema.Mutation, true, true
	}
	if err := a.operation(); err != nil {
		return nil, false, err
	}
	fields, err := b.collect(b.on, op.Def.SelectionSet)
	if err != nil {
		return nil, false, err
	}
	for _, sel := range fields {
		root, err := b.root(sel)
		if err != nil {
			return nil, false, err
		}
		b.plan.Roots = append(b.plan.Roots, root)
	}
	if b.failed != nil {
		return nil, false, b.failed
	}
	b.plan.notes = a.notes
	b.plan.Go = b.plan.Go || b.plan.Batches > 0
	return b.plan, b.once, nil
}

func (b *builder) root(sel *selected) (Root, error) {
	r := Root{Name: sel.Key, At: sel.At, Key: key(sel.Key), sel: sel}
	switch sel.Def.Name {
	case "__typename":
		r.Const = jsonw.AppendString(nil, b.on.Name)
		return r, nil
	case "__schema", "__type":
		visible, err := b.visible(b.op.Schema)
		if err != nil {
			return Root{}, err
		}
		r.Const = introspection(visible, sel, nil)
		return r, nil
	}
	r.field = b.on.Field(sel.Def.Name)
	if r.Fail = sel.Denied; r.Fail != nil {
		r.Value = valueOf(r.field.Type, content{})
		return r, nil
	}
	args, err := b.args(r.field, sel.Def)
	if r.Fail = unfilled(err); r.Fail != nil {
		r.Value = valueOf(r.field.Type, content{})
		return r, nil
	}
	if err != nil {
		return Root{}, err
	}
	var fields content
	switch root := r.field.Root; root.Kind {
	case schema.List, schema.One:
		r.Statement, fields, err = b.rows(root, args, sel)
	case schema.Aggregate, schema.Groups:
		r.Statement, fields.fields, err = b.aggregate(r.field, args, sel.Sub)
	case schema.Connection:
		fields.fields, err = b.connection(&r, args, sel)
	case schema.Global:
		r.Statement, fields, err = b.global(r.field, args, sel)
	case schema.Function:
		r.args = args
		r.Value, err = b.call(&r, args, sel)
		return r, err
	case schema.Resolve:
		b.plan.Go = true
		r.Resolver, r.args, r.build = root.Resolver, args, b
		fields, r.NoValue = b.members(r.field.Type.Base(), sel, true)
	default:
		err = fmt.Errorf("root field %s has no kind", r.field.Name)
	}
	if err != nil {
		return Root{}, err
	}
	r.Value = valueOf(r.field.Type, fields)
	return r, nil
}

// args coerces the arguments of a field into one object, in the order of the definition.
func (b *builder) args(f *schema.Field, sel *ast.Field) (*val, error) {
	out := &val{kind: objectVal}
	for _, def := range f.Args {
		x := absent
		if arg := sel.Arguments.ForName(def.Name); arg != nil {
			var err error
			if x, err = b.literal(def.Type, arg.Value); err != nil {
				return nil, argFault(err, f.Name, def.Name)
			}
			if err := b.send(def, f.Name, x); err != nil {
				return nil, err
			}
		}
		if x.kind == absentVal && def.Default != "" {
			var err error
			if x, err = defaultValue(def); err != nil {
				return nil, err
			}
		}
		if !x.given() && def.Type.NonNull {
			return nil, fault.New(fault.BadUserInput, "%s: the argument %q of type %s is required", f.Name, def.Name, def.Type).
				At(sel.Position.Line, sel.Position.Column)
		}
		out.fields = append(out.fields, member{def.Name, x})
	}
	return out, nil
}

func argFault(err error, field, arg string) error {
	f := *fault.Of(err)[0]
	f.Message = fmt.Sprintf("%s: the argument %q: %s", field, arg, f.Message)
	return &f
}

// Args writes the arguments of a root field that a function answers, in Go or of the database, as a JSON object.
func (b Bound) Args(r *Root) []byte { return r.args.appendJSON(nil, b.values.leaves) }

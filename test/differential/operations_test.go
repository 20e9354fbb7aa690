package differential_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// request is an operation as it is sent.
type request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName,omitempty"`
	Variables     map[string]any `json:"variables,omitempty"`
}

// digest is what the oracle read out of the schema: what can be selected.
type digest struct {
	Query string
	Types []*selectable
	types map[string]*selectable

	ambiguous map[string]bool   // fields of one name and several shapes
	families  map[string]string // by type: the first type that can be the same object
}

func (d *digest) index() {
	d.types, d.ambiguous, d.families = map[string]*selectable{}, map[string]bool{}, map[string]string{}
	shapes := map[string]string{}
	for _, s := range d.Types {
		d.types[s.Name], d.families[s.Name] = s, s.Name
		if strings.HasPrefix(s.Name, "__") {
			continue
		}
		for _, f := range s.Fields {
			if known, has := shapes[f.Name]; has && known != f.Shape {
				d.ambiguous[f.Name] = true
			}
			shapes[f.Name] = f.Shape
		}
	}
	for _, s := range d.Types {
		for _, p := range s.Possible {
			if len(s.Possible) > 1 && d.families[p] == p {
				d.families[p] = s.Name
			}
		}
	}
}

// selectable is an object type, or one that is one of several objects.
type selectable struct {
	Name     string
	Fields   []selectField
	Possible []string
}

type selectField struct {
	Name, Type, Shape string
	Leaf, List        bool
	Args              []struct{ Name, Type string }
}

// writer writes a random document.
type writer struct {
	r         *rapid.T
	w         *world
	schema    *digest
	roots     []selectField        // those that the oracle knows
	numbers   map[string][]string  // by type: the fields that can be filtered and sorted by
	fragments []*piece             // whole ones, in order
	vars      map[string]*variable // declared so far
	args      map[string]string    // by type and response name: what must be repeated
	uses      map[string]bool      // the variables and fragments of what is being written
	mirror    bool                 // introspection is being written
}

// piece is a part of a document that stands on its own: an operation or a fragment.
type piece struct {
	name, on, text string
	uses           map[string]bool // variables with $, fragments with their names
}

type variable struct {
	declaration string
	value       any
	sent        bool
}

// one is true once in n times. What is seldom is away from the ends of the range, which rapid draws more often.
func (a *writer) one(n int, what string) bool { return rapid.IntRange(0, n-1).Draw(a.r, what) == n/2 }
func (a *writer) upTo(n int, what string) int { return rapid.IntRange(0, n).Draw(a.r, what) }

func pick[T any](a *writer, from []T, what string) T { return rapid.SampledFrom(from).Draw(a.r, what) }

// operations draws requests to a world.
func operations(w *world, schema *digest) *rapid.Generator[request] {
	numbers := map[string][]string{}
	for _, k := range w.Kinds {
		// PostgreSQL reads 2.0 in a document as no whole number when it compares.
		gather := func(name string, from []field) {
			for _, f := range from {
				sound := !slices.ContainsFunc(k.Rows, func(r row) bool { v := r.Values[f.Name]; return v.Fails || v.Doc == "2.0" })
				if (f.Type == "Int" || f.Type == "Int!") && sound {
					numbers[name] = append(numbers[name], f.Name)
				}
			}
		}
		gather(k.Name, k.Fields)
		for _, v := range k.Variants {
			if !v.Own {
				gather(v.Name, append(slices.Clone(k.Fields), v.Fields...))
			}
		}
	}
	known := w.load("")["roots"].(map[string]any)
	for _, q := range []string{"boxes", "say", "boom", "lightest", "first"} {
		known[q] = true
	}
	var roots []selectField
	for _, f := range schema.types[schema.Query].Fields {
		if known[f.Name] != nil {
			roots = append(roots, f)
		}
	}
	return rapid.Custom(func(r *rapid.T) request {
		a := &writer{r: r, w: w, schema: schema, roots: roots, numbers: numbers, vars: map[string]*variable{}, args: map[string]string{}}
		q := a.document()
		if a.one(12, "spoil") {
			q.Query = spoil(r, q.Query)
		}
		return q
	})
}

func (a *writer) document() request {
	n := pick(a, []int{1, 1, 1, 1, 2, 3}, "operations")
	var ops []*piece
	for i := range n {
		op := &piece{uses: map[string]bool{}}
		if n > 1 || a.one(3, "named") {
			op.name = fmt.Sprintf("Op%d", i)
		}
		a.uses = op.uses
		op.text = a.selection(a.schema.types[a.schema.Query], 0)
		ops = append(ops, op)
	}
	q := request{}
	var text strings.Builder
	for _, op := range ops {
		var declared []string
		for _, name := range slices.Sorted(maps.Keys(a.reached(op))) {
			if v := a.vars[name]; v != nil {
				declared = append(declared, name+": "+v.declaration)
			}
		}
		head := "query " + op.name
		if len(declared) > 0 {
			head += "(" + strings.Join(declared, ", ") + ")"
		} else if op.name == "" {
			head = ""
		}
		text.WriteString(head + op.text + "\n")
	}
	for _, f := range a.fragments {
		text.WriteString("fragment " + f.name + " on " + f.on + f.text + "\n")
	}
	q.Query = text.String()
	if chosen := pick(a, ops, "chosen"); n > 1 || a.one(2, "name it") {
		q.OperationName = chosen.name
	}
	if a.one(40, "misname") {
		q.OperationName = pick(a, []string{"", "Other"}, "another name")
	}
	for name, v := range a.vars {
		if v.sent {
			if q.Variables == nil {
				q.Variables = map[string]any{}
			}
			q.Variables[name[1:]] = v.value
		}
	}
	return q
}

// reached gathers what an operation and its fragments use.
func (a *writer) reached(p *piece) map[string]bool {
	all := maps.Clone(p.uses)
	for i := len(a.fragments) - 1; i >= 0; i-- { // a fragment uses only those before it
		if f := a.fragments[i]; all[f.name] {
			maps.Copy(all, f.uses)
		}
	}
	return all
}

// selection writes { … } of a type. It always holds a field.
func (a *writer) selection(t *selectable, depth int) string {
	var items []string
	for range 1 + a.upTo(4, "selections") {
		items = append(items, a.item(t, depth))
	}
	if slices.IndexFunc(items, func(s string) bool { return s != "" }) < 0 {
		items = append(items, "__typename")
	}
	return " { " + strings.Join(slices.DeleteFunc(items, func(s string) bool { return s == "" }), " ") + " }"
}

const deepest = 5

func (a *writer) item(t *selectable, depth int) string {
	if len(t.Possible) > 1 && depth < deepest && !a.one(3, "field of all") {
		on := a.condition(t)
		return "... on " + on + a.directives() + a.selection(a.schema.types[on], depth+1)
	}
	switch a.upTo(11, "item") {
	case 0:
		return a.alias("__typename", "t") + "__typename" + a.directives()
	case 1, 2:
		if depth < deepest {
			on := ""
			if !a.one(3, "no condition") {
				on = " on " + a.condition(t)
			}
			return "..." + on + a.directives() + a.selection(a.conditioned(t, on), depth+1)
		}
	case 3, 4:
		if depth < deepest {
			return a.spread(t, depth)
		}
	}
	return a.field(t, depth)
}

// condition picks a type that a value of t can have.
func (a *writer) condition(t *selectable) string {
	meet := []string{t.Name}
	for _, other := range a.schema.Types {
		if other != t && slices.ContainsFunc(other.Possible, func(p string) bool { return slices.Contains(t.Possible, p) }) {
			meet = append(meet, other.Name)
		}
	}
	return pick(a, meet, "condition")
}

func (a *writer) conditioned(t *selectable, on string) *selectable {
	if on == "" {
		return t
	}
	return a.schema.types[strings.TrimPrefix(on, " on ")]
}

func (a *writer) spread(t *selectable, depth int) string {
	on := a.condition(t)
	var there []*piece
	for _, f := range a.fragments {
		if f.on == on {
			there = append(there, f)
		}
	}
	var f *piece
	if len(there) > 0 && !a.one(3, "new fragment") {
		f = pick(a, there, "fragment")
	} else {
		f = &piece{on: on, uses: map[string]bool{}}
		outer := a.uses
		a.uses = f.uses
		f.text = a.directiveless(on, depth)
		a.uses = outer
		f.name = fmt.Sprintf("F%d", len(a.fragments))
		a.fragments = append(a.fragments, f)
	}
	a.uses[f.name] = true
	return "..." + f.name + a.directives()
}

func (a *writer) directiveless(on string, depth int) string {
	return a.selection(a.schema.types[on], depth+1)
}

// alias writes a response name that is mostly the field's own, so that fields merge, and seldom one that clashes.
func (a *writer) alias(field, other string) string {
	switch a.upTo(9, "alias") {
	case 0, 1:
		return other + "_" + field + ": "
	case 2:
		return other + "2_" + field + ": "
	case 3:
		if a.one(6, "clash") {
			return other + ": "
		}
	}
	return ""
}

func (a *writer) field(t *selectable, depth int) string {
	fields := t.Fields
	if t.Name == a.schema.Query {
		if a.one(10, "introspection") {
			return a.introspection()
		}
		fields = a.roots
	}
	if depth >= deepest {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f selectField) bool { return !f.Leaf })
	}
	if len(fields) == 0 {
		return ""
	}
	f := pick(a, fields, "field")
	alias := a.alias(f.Name, "x")
	if a.schema.ambiguous[f.Name] && !a.one(10, "clash of shapes") { // under disjoint types it cannot be merged
		alias = a.alias(f.Name+f.Shape, "x")
		if alias == "" {
			alias = f.Name + f.Shape + ": "
		}
	}
	out := alias + f.Name + a.arguments(t, f, alias) + a.directives()
	if f.Leaf {
		return out
	}
	return out + a.selection(a.schema.types[f.Type], depth+1)
}

func (a *writer) directives() string {
	switch a.upTo(11, "directive") {
	case 0:
		return " @skip(if: " + a.boolean() + ")"
	case 1:
		return " @include(if: " + a.boolean() + ")"
	case 2:
		if a.one(3, "both") {
			return " @include(if: " + a.boolean() + ") @skip(if: " + a.boolean() + ")"
		}
	}
	return ""
}

// use declares a variable the first time.
func (a *writer) use(name string, make func() *variable) string {
	if a.vars[name] == nil {
		a.vars[name] = make()
	}
	a.uses[name] = true
	return name
}

func (a *writer) boolean() string {
	if a.one(4, "literal") {
		return pick(a, []string{"true", "false"}, "boolean")
	}
	if a.mirror { // where null would be the end of the whole answer
		return a.use(fmt.Sprintf("$m%d", a.upTo(1, "variable")), func() *variable {
			return &variable{"Boolean!", rapid.Bool().Draw(a.r, "value"), true}
		})
	}
	return a.use(fmt.Sprintf("$b%d", a.upTo(2, "variable")), func() *variable {
		v := &variable{value: rapid.Bool().Draw(a.r, "value"), sent: true}
		switch a.upTo(4, "sort of variable") {
		case 0:
			v.declaration = fmt.Sprintf("Boolean! = %t", rapid.Bool().Draw(a.r, "default"))
			v.sent = rapid.Bool().Draw(a.r, "sent")
		case 1:
			v.declaration = fmt.Sprintf("Boolean = %t", rapid.Bool().Draw(a.r, "default"))
			v.sent = rapid.Bool().Draw(a.r, "sent")
			if a.one(4, "null") {
				v.value = nil
			}
		default:
			v.declaration = "Boolean!"
		}
		return v
	})
}

package compile

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// A global id is, in base64url without padding: a version, the type's name and the texts of its key, each behind its length,
// and a checksum. It holds no secret: what it leads to is read under the same rights as everything else.
// Source: Relay's "GraphQL Server Specification", object identification.
const globalVersion = 1

var globalCode = base64.RawURLEncoding.Strict()

// GlobalID says how the global id of a row is made.
type GlobalID struct {
	Key  []Origin // the texts of the row's key
	head []byte
}

// globalID compiles the global id of a row.
func (q *query) globalID(sc scope, cols *columns) *GlobalID {
	g := &GlobalID{head: appendSized([]byte{globalVersion}, []byte(sc.t.Name))}
	for _, k := range sc.t.Key {
		g.Key = append(g.Key, cols.add("("+q.expr(sc, k)+")::text", true))
	}
	return g
}

func appendSized(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// Append writes the global id of a row with this key as a JSON string.
func (g *GlobalID) Append(dst []byte, key [][]byte) []byte {
	raw := append(make([]byte, 0, 64), g.head...)
	for _, text := range key {
		raw = appendSized(raw, text)
	}
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return append(globalCode.AppendEncode(append(dst, '"'), raw), '"')
}

// readGlobalID takes a global id apart.
func (c *Compiler) readGlobalID(text []byte) (*schema.Possible, [][]byte, error) {
	broken := func() (*schema.Possible, [][]byte, error) {
		return nil, nil, fault.New(fault.BadUserInput, "%s is not a global id: send one as it was given", shown(stringToken, text))
	}
	raw, err := globalCode.AppendDecode(nil, text)
	if err != nil || len(raw) < 1+crc32.Size || raw[0] != globalVersion {
		return broken()
	}
	body, sum := raw[1:len(raw)-crc32.Size], raw[len(raw)-crc32.Size:]
	if crc32.ChecksumIEEE(raw[:len(raw)-crc32.Size]) != binary.BigEndian.Uint32(sum) {
		return broken()
	}
	var parts [][]byte
	for len(body) > 0 {
		n, size := binary.Uvarint(body)
		if size <= 0 || n > uint64(len(body)-size) {
			return broken()
		}
		parts, body = append(parts, body[size:size+int(n)]), body[size+int(n):]
	}
	if len(parts) == 0 || slices.ContainsFunc(parts, func(p []byte) bool { return bytes.IndexByte(p, 0) >= 0 }) {
		return broken()
	}
	for _, p := range c.nodes() {
		if p.Type.Name != string(parts[0]) {
			continue
		}
		key := parts[1:]
		if len(key) != len(p.Type.Key) {
			return broken()
		}
		for i, k := range p.Type.Key {
			check := param{cast: castOf(k), field: p.Type.Name + "." + k.Name}
			if err := check.fits(key[i]); err != nil {
				return broken()
			}
		}
		return p, key, nil
	}
	return nil, nil, fault.New(fault.BadUserInput, "%s is the global id of a type that this API does not have: send one that it gave", shown(stringToken, text))
}

// nodes are the types that have global ids.
func (c *Compiler) nodes() []*schema.Possible {
	for _, f := range c.schema.Query.Fields {
		if f.Root != nil && f.Root.Kind == schema.Global {
			return f.Root.Of.Possible
		}
	}
	return nil
}

// globalIDs are the ids that one root field is given.
type globalIDs struct {
	c       *Compiler
	field   *schema.Field
	sources []idSource
	key     string // the response name
}

// idSource is a place of a request that holds an id, or a list of them.
type idSource struct {
	leaf int
	list bool
	text []byte // leaf is 0: the id
}

func newGlobalIDs(c *Compiler, f *schema.Field, key string, v *val) *globalIDs {
	g := &globalIDs{c: c, field: f, key: key}
	var add func(v *val)
	add = func(v *val) {
		if v.kind == listVal {
			for _, item := range v.items {
				add(item)
			}
			return
		}
		s := idSource{leaf: v.leaf, list: v.ref.Elem != nil}
		if v.leaf == 0 {
			s.text = v.text
		}
		g.sources = append(g.sources, s)
	}
	add(v)
	return g
}

// each calls do for every id, in order.
func (g *globalIDs) each(leaves []leaf, do func(id []byte) error) error {
	for _, s := range g.sources {
		id := s.text
		if s.leaf > 0 {
			id = leaves[s.leaf-1].text
		}
		if !s.list {
			if err := do(id); err != nil {
				return err
			}
			continue
		}
		if err := eachOf(leaves[s.leaf-1].plain, do); err != nil {
			return err
		}
	}
	return nil
}

// eachOf calls do for every string of a JSON list.
func eachOf(list []byte, do func(id []byte) error) error {
	cur := jsonw.At(list)
	for cur.Enter(); cur.More(); {
		if err := do(jsonw.AppendUnquoted(nil, cur.Value())); err != nil {
			return err
		}
	}
	return nil
}

func (g *globalIDs) check(leaves []leaf) error {
	n := 0
	err := g.each(leaves, func(id []byte) error {
		n++
		_, _, err := g.c.readGlobalID(id)
		return err
	})
	if err == nil && g.c.maxPage > 0 && n > g.c.maxPage {
		err = fault.New(fault.BadUserInput, "%d ids: the maximum is %d", n, g.c.maxPage)
	}
	if err == nil {
		return nil
	}
	f := *fault.Of(err)[0]
	f.Message, f.Path = g.field.Name+": the argument \""+g.field.Args[0].Name+"\": "+f.Message, []any{g.key}
	return &f
}

// count is how many ids there are.
func (g *globalIDs) count(leaves []leaf) (n int64) {
	_ = g.each(leaves, func([]byte) error { n++; return nil })
	return n
}

// global compiles a root field that finds rows of several types by their global ids: a row for each id, in their order. Which
// types there are has become part of the plan's shape.
func (b *builder) global(f *schema.Field, args *val, sel *selected) (*Statement, content, error) {
	arg := args.member(f.Args[0].Name)
	leaves := b.leavesOf(arg)
	ids := newGlobalIDs(b.Compiler, f, sel.Key, arg)
	if err := ids.check(leaves); err != nil {
		return nil, content{}, err
	}
	b.plan.globals = append(b.plan.globals, ids)
	node := *f.Root.Of // with the types that are asked for, and no other
	node.Possible = nil
	here := &selected{Key: sel.Key, Def: sel.Def}
	keys := 0
	for i, p := range f.Root.Of.Possible {
		asked := false
		_ = ids.each(leaves, func(id []byte) error {
			if of, _, err := b.readGlobalID(id); err == nil {
				asked = asked || of == p
			}
			return nil
		})
		if asked {
			node.Possible, here.On = append(node.Possible, p), append(here.On, sel.On[i])
			keys = max(keys, len(p.Type.Key))
		}
	}
	q := &query{b: b, shared: map[string]int{}}
	alias := q.alias("t")
	sc := scope{t: &node, alias: alias, made: map[*schema.Field]string{node.Label: alias + ".f0"}}
	var lists []string
	names := ""
	for i := range keys + 1 {
		lists = append(lists, "pg_catalog.unnest("+q.param(param{global: ids, part: i, cast: "text[]"})+")")
		names += "f" + strconv.Itoa(i) + ", "
	}
	cols := &columns{index: map[string]int{}}
	c := cost{rows: number{ids: ids}}
	fields, err := q.content(sc, here, cols, &c)
	if err == nil {
		err = q.checkParams()
	}
	if err != nil {
		return nil, content{}, err
	}
	b.plan.cost = append(b.plan.cost, c)
	from := " from rows from ("
	for i, l := range lists {
		from += [...]string{"", ", "}[min(i, 1)] + l
	}
	sql := "select " + cols.list() + from + ") with ordinality as " + alias + " (" + names + "n) order by " + alias + ".n"
	return newStatement(sql, q.params, f.Type.Elem != nil), fields, nil
}

// byGlobalID finds the row whose key stands in the row of ids.
func (q *query) byGlobalID(sc, remote scope) []cond {
	conds := make([]cond, len(remote.t.Key))
	for i, k := range remote.t.Key {
		q.docUsed = false
		expr := q.expr(remote, k)
		conds[i] = cond{expr + " = " + sc.alias + ".f" + strconv.Itoa(i+1) + "::" + castOf(k), !q.docUsed}
	}
	return conds
}

// bindGlobal writes the array of the labels, or of one of the keys' parts, of all ids.
func (p *param) bindGlobal(leaves []leaf) ([]byte, error) {
	var a arrayLiteral
	a.open()
	first := true
	err := p.global.each(leaves, func(id []byte) error {
		of, key, err := p.global.c.readGlobalID(id)
		if err != nil {
			return err
		}
		if !first {
			a.comma()
		}
		first = false
		switch {
		case p.part == 0:
			a.element([]byte(of.Type.Name))
		case p.part <= len(key):
			a.element(key[p.part-1])
		default:
			a.null()
		}
		return nil
	})
	a.close()
	return a.dst, err
}

// leavesOf makes the leaves of the request that is being planned, as far as a value holds them.
func (b *builder) leavesOf(v *val) []leaf {
	var leaves []leaf
	var add func(v *val)
	add = func(v *val) {
		for _, item := range v.items {
			add(item)
		}
		if v.leaf > 0 {
			for len(leaves) < v.leaf {
				leaves = append(leaves, leaf{})
			}
			leaves[v.leaf-1] = leaf{v.text, v.plain}
		}
	}
	add(v)
	return leaves
}

// globalVariables finds the variables whose values are global ids: the types in them choose the plan.
func (c *Compiler) globalVariables(def *ast.OperationDefinition) map[string]bool {
	if len(c.nodes()) == 0 || def.Operation != ast.Query {
		return nil
	}
	found := map[string]bool{}
	var note func(v *ast.Value)
	note = func(v *ast.Value) {
		if v.Kind == ast.Variable {
			found[v.Raw] = true
		}
		for _, child := range v.Children {
			note(child.Value)
		}
	}
	eachField(def.SelectionSet, func(sel *ast.Field) (below bool) {
		if f := c.schema.Query.Field(sel.Name); f != nil && f.Root != nil && f.Root.Kind == schema.Global {
			for _, arg := range sel.Arguments {
				note(arg.Value)
			}
		}
		return false
	})
	return found
}

// types adds to a plan's shape which types the global ids in a leaf are of.
func (v *Values) types(c *Compiler, ref *schema.Ref, l leaf) error {
	seen := map[string]bool{}
	add := func(id []byte) error {
		p, _, err := c.readGlobalID(id)
		if err == nil {
			seen[p.Type.Name] = true
		}
		return err
	}
	var err error
	if ref.Elem != nil {
		err = eachOf(l.plain, add)
	} else {
		err = add(l.text)
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	for _, name := range names {
		v.shape = append(append(v.shape, name...), ';')
	}
	if err != nil {
		return errors.New(fault.Of(err)[0].Message)
	}
	return nil
}

package catalog

import "slices"

// applyRules follows the rules of views down to the tables: which column shows a table's column
// unchanged, whether null is excluded or plainly possible there, and which documents are made
// of typed columns. Whatever is not plainly so stays unknown.
func (r *reader) applyRules() {
	for _, rel := range r.f.Relations {
		for _, c := range rel.Columns {
			// A domain may exclude null where the column does not.
			if t := r.f.Types[c.Type]; c.Null == Nullable && t != nil && t.Kind == 'd' {
				c.Null = Unknown
			}
		}
	}
	e := &evaluator{reader: r, state: map[uint32]int{}}
	for _, rel := range r.f.Relations {
		e.resolve(rel)
	}
}

type evaluator struct {
	*reader
	state map[uint32]int // of a view: 1 being read, 2 done
}

// finding is what is known about an expression.
type finding struct {
	null   Nullness
	origin Origin
	typ    uint32        // 0: not known
	column bool          // plainly a column
	keys   []DocumentKey // of a document made of typed values
	list   bool          // keys are those of each element of a list
}

func (e *evaluator) resolve(rel *Relation) {
	text := e.rules[rel.OID]
	if text == "" || e.state[rel.OID] != 0 {
		return
	}
	e.state[rel.OID] = 1
	defer func() { e.state[rel.OID] = 2 }()
	tree, err := parseNodes(text)
	if err != nil || len(tree) != 1 {
		return
	}
	query, _ := tree[0].(*node)
	s := newScope(query, nil)
	if s == nil {
		return
	}
	for i, c := range rel.Columns {
		found := e.target(s, e.numbers[rel.OID][i])
		c.Origin = found.origin
		if rel.Kind == 'v' {
			// A materialized view holds rows of the past, of which today's constraints prove nothing.
			c.Null = found.null
		}
		if found.keys != nil && !found.list {
			if rel.Document == nil {
				rel.Document = map[string][]DocumentKey{}
			}
			rel.Document[c.Name] = found.keys
		}
	}
}

// scope is a query whose expressions are looked at.
type scope struct {
	query    *node
	parent   *scope
	nullable map[int]bool // range table entries on the nullable side of an outer join
	plain    bool         // one relation and no condition, so that nothing takes null rows away
}

// newScope gives nil for a query of which nothing can be said.
func newScope(query *node, parent *scope) *scope {
	const selects = 1
	if query == nil || query.name != "QUERY" || query.number("commandType") != selects ||
		!query.empty("setOperations") || !query.empty("groupingSets") {
		return nil
	}
	s := &scope{query: query, parent: parent, nullable: map[int]bool{}}
	from := query.node("jointree")
	if from == nil {
		return nil
	}
	for _, item := range from.list("fromlist") {
		if !s.join(item, false) {
			return nil
		}
	}
	items := from.list("fromlist")
	if len(items) == 1 {
		single, _ := items[0].(*node)
		s.plain = single.name == "RANGETBLREF" && from.empty("quals") && query.empty("havingQual")
	}
	return s
}

// join marks the entries that an outer join may fill with nulls.
// Source: PostgreSQL's nodes.h, JoinType.
func (s *scope) join(item any, nullable bool) bool {
	n, _ := item.(*node)
	if n == nil {
		return false
	}
	index := n.number("rtindex")
	switch n.name {
	case "RANGETBLREF":
		s.nullable[index] = nullable
		return index > 0
	case "JOINEXPR":
		left, right := nullable, nullable
		switch n.number("jointype") {
		case 0: // inner
		case 1:
			right = true
		case 2:
			left, right = true, true
		case 3:
			left = true
		default:
			return false
		}
		return s.join(n.one("larg"), left) && s.join(n.one("rarg"), right)
	}
	return false
}

// target finds out about a result column by its number.
func (e *evaluator) target(s *scope, number int) finding {
	if s == nil {
		return finding{}
	}
	for _, item := range s.query.list("targetList") {
		entry, _ := item.(*node)
		if entry != nil && entry.number("resno") == number && entry.is("resjunk", "false") {
			return e.expression(s, entry.node("expr"))
		}
	}
	return finding{}
}

func (e *evaluator) expression(s *scope, n *node) finding {
	if n == nil {
		return finding{}
	}
	switch n.name {
	case "VAR":
		found := finding{typ: oid(n, "vartype")}
		if n.is("varlevelsup", "0") && n.number("varattno") > 0 {
			known := e.variable(s, n.number("varno"), n.number("varattno"))
			found.null, found.origin, found.keys = known.null, known.origin, known.keys
		}
		found.column = true
		return found
	case "RELABELTYPE":
		found := e.expression(s, n.node("arg"))
		found.typ, found.keys = oid(n, "resulttype"), nil
		return found
	case "CONST":
		found := finding{typ: oid(n, "consttype")}
		if n.is("constisnull", "false") {
			found.null = NotNull
		}
		return found
	case "FUNCEXPR":
		found := finding{typ: oid(n, "funcresulttype"), keys: e.document(s, n)}
		if found.keys != nil {
			found.null = NotNull
		}
		return found
	case "AGGREF":
		return finding{typ: oid(n, "aggtype"), keys: e.elements(s, n), list: true}
	case "COALESCE", "COALESCEEXPR":
		return e.coalesce(s, n)
	}
	for _, field := range [...]string{
		"opresulttype", "casetype", "resulttype", "wintype", "minmaxtype", "array_typeid",
	} {
		if typ := oid(n, field); typ != 0 {
			return finding{typ: typ}
		}
	}
	return e.special(s, n)
}

// special knows the expressions whose type is not written in the tree.
func (e *evaluator) special(s *scope, n *node) finding {
	const boolOID, exists, single = 16, 0, 4
	switch n.name {
	case "BOOLEXPR", "NULLTEST", "BOOLEANTEST", "SCALARARRAYOPEXPR":
		return finding{typ: boolOID}
	case "SUBLINK":
		switch n.number("subLinkType") {
		case exists:
			return finding{typ: boolOID}
		case single:
			// Without a row it is null, whatever its column holds.
			found := e.target(newScope(n.node("subselect"), s), 1)
			return finding{typ: found.typ, keys: found.keys, list: found.list}
		}
	}
	return finding{}
}

// variable follows a column of a range table entry.
// Source: PostgreSQL's parsenodes.h, RTEKind.
func (e *evaluator) variable(s *scope, index, number int) finding {
	table := s.query.list("rtable")
	if index < 1 || index > len(table) {
		return finding{}
	}
	entry, _ := table[index-1].(*node)
	if entry == nil {
		return finding{}
	}
	var found finding
	switch entry.number("rtekind") {
	case 0:
		found = e.ofRelation(oid(entry, "relid"), number)
	case 1:
		found = e.target(newScope(entry.node("subquery"), s), number)
	case 2:
		found = e.nth(s, entry.list("joinaliasvars"), number)
	case 6:
		found = e.ofCommonTable(s, entry, number)
	case 9:
		found = e.nth(s, entry.list("groupexprs"), number)
	}
	if s.nullable[index] && found.null == NotNull || !s.plain && found.null == Nullable {
		found.null = Unknown
	}
	return found
}

func (e *evaluator) nth(s *scope, items list, number int) finding {
	if number > len(items) {
		return finding{}
	}
	n, _ := items[number-1].(*node)
	found := e.expression(s, n)
	if !found.column {
		return finding{}
	}
	return found
}

func (e *evaluator) ofRelation(table uint32, number int) finding {
	rel := e.relations[table]
	if rel == nil {
		return finding{}
	}
	e.resolve(rel)
	for i, c := range rel.Columns {
		if e.numbers[table][i] != number {
			continue
		}
		found := finding{null: c.Null, origin: c.Origin, keys: rel.Document[c.Name]}
		if rel.Kind != 'v' && rel.Kind != 'm' {
			found.origin = Origin{Table: table, Column: c.Name}
		}
		return found
	}
	return finding{}
}

func (e *evaluator) ofCommonTable(s *scope, entry *node, number int) finding {
	name, _ := entry.one("ctename").(string)
	for range entry.number("ctelevelsup") {
		if s = s.parent; s == nil {
			return finding{}
		}
	}
	for _, item := range s.query.list("cteList") {
		cte, _ := item.(*node)
		if cte != nil && cte.is("ctename", name) && cte.is("cterecursive", "false") {
			return e.target(newScope(cte.node("ctequery"), s), number)
		}
	}
	return finding{}
}

// document reads a jsonb_build_object whose keys are constants; nil when it is none.
func (e *evaluator) document(s *scope, n *node) []DocumentKey {
	const jsonBuildObject, jsonbBuildObject, jsonOID, jsonbOID = 3200, 3273, 114, 3802
	if f := n.number("funcid"); f != jsonBuildObject && f != jsonbBuildObject || !n.is("funcvariadic", "false") {
		return nil
	}
	args := n.list("args")
	if len(args)%2 != 0 {
		return nil
	}
	keys := make([]DocumentKey, 0, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		name, _ := args[i].(*node)
		key, ok := name.text()
		if !ok {
			return nil
		}
		value, _ := args[i+1].(*node)
		found := e.expression(s, value)
		entry := DocumentKey{Key: key, Type: found.typ, Null: found.null, Keys: found.keys, List: found.list}
		if (found.typ == jsonOID || found.typ == jsonbOID) && !found.column {
			entry.Type = 0 // JSON that an expression makes has a shape that nobody told
		}
		// Of a key that stands twice, the last value is the one that is read.
		keys = slices.DeleteFunc(keys, func(k DocumentKey) bool { return k.Key == key })
		keys = append(keys, entry)
	}
	return keys
}

// elements reads a jsonb_agg of documents.
func (e *evaluator) elements(s *scope, n *node) []DocumentKey {
	const jsonAgg, jsonbAgg = 3175, 3267
	args := slices.DeleteFunc(slices.Clone(n.list("args")), func(arg any) bool {
		entry, _ := arg.(*node)
		return entry.is("resjunk", "true") // what ORDER BY sorts by
	})
	if f := n.number("aggfnoid"); f != jsonAgg && f != jsonbAgg || len(args) != 1 {
		return nil
	}
	entry, _ := args[0].(*node)
	if entry == nil {
		return nil
	}
	element := e.expression(s, entry.node("expr"))
	if element.list || element.null != NotNull {
		return nil
	}
	return element.keys
}

// coalesce reads coalesce(list, '[]'), which is how a view makes an empty list of no rows.
func (e *evaluator) coalesce(s *scope, n *node) finding {
	found := finding{typ: oid(n, "coalescetype")}
	args := n.list("args")
	if len(args) != 2 {
		return found
	}
	first, _ := args[0].(*node)
	second, _ := args[1].(*node)
	if list := e.expression(s, first); list.list && list.keys != nil && second.emptyArray() {
		found.keys, found.list, found.null = list.keys, true, NotNull
	}
	return found
}

func oid(n *node, field string) uint32 {
	if i := n.number(field); i > 0 {
		return uint32(i)
	}
	return 0
}

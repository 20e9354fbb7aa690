package differential_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// world is a database and the API over it, as data: SQL for PostgreSQL and rows for graphql-js are both written from it.
type world struct {
	Kinds  []kind
	Broken bool `json:",omitempty"` // a view over the first kind's rows fails when it is read
}

// The shapes of sources.
const (
	columns = "columns" // a view's columns
	stored  = "stored"  // a table's JSONB column
	made    = "made"    // a document that a view makes
	inGo    = "go"      // a view's columns, declared in Go
)

// kind is an object type with its rows. The key is id, from 1 on in the order of Rows.
type kind struct {
	Name   string
	Shape  string
	Fields []field
	Links  []link `json:",omitempty"`
	Rows   []row

	Union    bool      `json:",omitempty"`
	Variants []variant `json:",omitempty"` // of an interface or a union
}

// field is a field of an object or of a nested one.
type field struct {
	Name   string
	Type   string  // as SDL writes it; of a nested object: empty
	Nested []field `json:",omitempty"`
	List   bool    `json:",omitempty"` // of a nested object: they stand in a list

	On []variant `json:",omitempty"` // of a nested object: the kinds that it can be, by its member kind
}

// link is a relation by a column of the kind's own, and the list that leads back.
type link struct {
	Name string
	To   string
	Back string `json:",omitempty"` // the name of the list; empty: none
}

type row struct {
	Values map[string]value
	Links  map[string]int // by the link's name: an id, which may be nobody's; 0: null
	Label  string         `json:",omitempty"` // of an interface or a union; empty: null
	Own    int            `json:",omitempty"` // the id of the row in the source of its own; 0: null
}

// value is a value of a field: null, a leaf, a list or an object.
type value struct {
	Null   bool             `json:",omitempty"`
	SQL    string           `json:",omitempty"` // a leaf or range in a column, as a literal
	Doc    string           `json:",omitempty"` // a leaf or range in a document, as JSON
	Wire   string           `json:",omitempty"` // a leaf in the answer, as JSON
	Name   string           `json:",omitempty"` // an enum's value in the answer
	Fails  bool             `json:",omitempty"` // it cannot be answered
	Items  []value          `json:",omitempty"`
	List   bool             `json:",omitempty"`
	Object map[string]value `json:",omitempty"`
	Label  string           `json:",omitempty"` // of an object that is one of several kinds
}

func base(sdl string) string { return strings.Trim(sdl, "[]!") }

// sqlTypes are the columns' types.
var sqlTypes = map[string]string{
	"Int": "int4", "BigInt": "int8", "Decimal": "numeric", "Float": "float8", "Boolean": "bool", "String": "text", "UUID": "uuid", "Date": "date",
	"DateTime": "timestamptz", "LocalDateTime": "timestamp", "Time": "time", "Duration": "interval", "JSON": "jsonb", "Bytes": "bytea",
	"IpAddress": "inet", "CIDR": "cidr", "MacAddress": "macaddr", "IntRange": "int4range", "Hue": "hue",
}

func (f field) sqlType() string {
	t := sqlTypes[base(f.Type)]
	if strings.HasPrefix(f.Type, "[") {
		t += "[]"
	}
	return t
}

func literal(v value, sqlType string) string {
	if v.Null {
		return "null"
	}
	if !v.List {
		return "'" + strings.ReplaceAll(v.SQL, "'", "''") + "'::" + sqlType
	}
	items := make([]string, len(v.Items))
	for i, item := range v.Items {
		items[i] = literal(item, strings.TrimSuffix(sqlType, "[]"))
	}
	return "array[" + strings.Join(items, ", ") + "]::" + sqlType
}

// document writes a value as JSON. A member of an object that is null may be left out.
func document(v value) string {
	switch {
	case v.Null:
		return "null"
	case v.Doc != "":
		return v.Doc
	case v.List:
		items := make([]string, len(v.Items))
		for i, item := range v.Items {
			items[i] = document(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var members []string
	for _, k := range slices.Sorted(maps.Keys(v.Object)) {
		if m := v.Object[k]; !m.Null || m.Doc != "" {
			members = append(members, strconv.Quote(k)+": "+document(m))
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// sql makes the database.
func (w *world) sql() string {
	var b strings.Builder
	b.WriteString("create type hue as enum ('RED', 'GREEN', 'BLUE');\n")
	for i := range w.Kinds {
		w.Kinds[i].sql(&b)
	}
	for i := range w.Kinds {
		if k := &w.Kinds[i]; k.Shape != inGo {
			w.comment(&b, k)
		}
	}
	if w.Broken {
		k := &w.Kinds[0]
		b.WriteString("create view v_broken as select id, 'x'::text as name from " + k.source() + " where 1 / (id - id) = 1;\n" +
			"comment on view v_broken is '@fraiseql:type\nname: Broken\nqueries: {list: broken, one: false}';\n")
	}
	return b.String()
}

func (k *kind) source() string {
	if k.Shape == stored {
		return "tv_" + strings.ToLower(k.Name)
	}
	return "v_" + strings.ToLower(k.Name)
}

func (k *kind) sql(b *strings.Builder) {
	table := "tb_" + strings.ToLower(k.Name)
	if k.Shape == stored {
		table = k.source()
	}
	b.WriteString("create table " + table + " (id int primary key")
	for _, l := range k.Links {
		b.WriteString(", " + l.Name + "_id int")
	}
	if k.abstract() {
		b.WriteString(", own_id int")
	}
	inColumns := k.Shape == columns || k.Shape == inGo
	if inColumns {
		if k.abstract() {
			b.WriteString(", label text")
		}
		for _, f := range k.held() {
			b.WriteString(", " + f.Name + " " + f.sqlType())
		}
	} else {
		b.WriteString(", data jsonb not null")
	}
	b.WriteString(");\n")
	for i, r := range k.Rows {
		cells := []string{strconv.Itoa(i + 1)}
		for _, l := range k.Links {
			cell := "null"
			if id := r.Links[l.Name]; id > 0 {
				cell = strconv.Itoa(id)
			}
			cells = append(cells, cell)
		}
		label := value{Null: true}
		if r.Label != "" {
			label = text(r.Label)
		}
		if k.abstract() {
			own := "null"
			if r.Own > 0 {
				own = strconv.Itoa(r.Own)
			}
			cells = append(cells, own)
		}
		if inColumns {
			if k.abstract() {
				cells = append(cells, literal(label, "text"))
			}
			for _, f := range k.held() {
				cells = append(cells, literal(r.Values[f.Name], f.sqlType()))
			}
		} else {
			members := maps.Clone(r.Values)
			if k.abstract() {
				members["label"] = label
			}
			cells = append(cells, "'"+strings.ReplaceAll(document(value{Object: members}), "'", "''")+"'")
		}
		b.WriteString("insert into " + table + " values (" + strings.Join(cells, ", ") + ");\n")
	}
	// The view hides from the catalog which columns may hold null, so that any of them can be declared non-null.
	switch {
	case inColumns:
		b.WriteString("create view " + k.source() + " as select id")
		for _, l := range k.Links {
			b.WriteString(", " + l.Name + "_id")
		}
		if k.abstract() {
			b.WriteString(", own_id, label")
		}
		for _, f := range k.held() {
			b.WriteString(", coalesce(" + f.Name + ", null) as " + f.Name)
		}
		b.WriteString(" from " + table + ";\n")
	case k.Shape == made:
		b.WriteString("create view " + k.source() + " as select id")
		for _, l := range k.Links {
			b.WriteString(", " + l.Name + "_id")
		}
		if k.abstract() {
			b.WriteString(", own_id")
		}
		b.WriteString(", data || '{}'::jsonb as data from " + table + ";\n")
	}
}

func (w *world) comment(b *strings.Builder, k *kind) {
	what := "view "
	if k.Shape == stored {
		what = "table "
	}
	as := "type"
	switch {
	case k.Union:
		as = "union"
	case k.abstract():
		as = "interface"
	}
	root := strings.ToLower(k.Name)
	b.WriteString("comment on " + what + k.source() + " is '@fraiseql:" + as + "\nname: " + k.Name + "\nkey: [id]\nqueries: {one: " + root + ", list: " + root + "s}\n")
	if k.Shape != columns {
		b.WriteString("document: data\n")
	}
	b.WriteString(k.types())
	b.WriteString("fields: {id: ID!" + shapes(k.Fields) + "}\n")
	if len(k.Links)+len(w.back(k)) > 0 {
		b.WriteString("relations:\n")
	}
	for _, l := range k.Links {
		b.WriteString("  " + l.Name + ": {to: " + l.To + ", by: {" + l.Name + "_id: id}}\n")
	}
	for _, l := range w.back(k) {
		b.WriteString("  " + l.Back + ": {to: " + l.To + ", by: {id: " + l.Name + "_id}, many: true}\n")
	}
	b.WriteString("';\n")
}

// back lists the links that lead to a kind and back, To being where they come from.
func (w *world) back(k *kind) []link {
	var all []link
	for _, other := range w.Kinds {
		for _, l := range other.Links {
			if l.To == k.Name && l.Back != "" {
				all = append(all, link{l.Name, other.Name, l.Back})
			}
		}
	}
	return all
}

func shapes(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(", " + f.Name + ": ")
		switch {
		case f.Type != "":
			b.WriteString(strconv.Quote(f.Type))
		case f.List:
			b.WriteString("[" + shape(f) + "]")
		default:
			b.WriteString(shape(f))
		}
	}
	return b.String()
}

// shape writes a nested object.
func shape(f field) string {
	members := shapes(f.Nested)
	if len(f.On) > 0 {
		kinds := make([]string, len(f.On))
		for i, v := range f.On {
			kinds[i] = v.Labels[0] + ": {" + strings.TrimPrefix(shapes(v.Fields), ", ") + "}"
		}
		members += ", on kind: {" + strings.Join(kinds, ", ") + "}"
	}
	return "{" + members[2:] + "}"
}

// load is what the oracle is told of a world.
func (w *world) load(sdl string) map[string]any {
	rows, plains, roots, relations := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	for i := range w.Kinds {
		k := &w.Kinds[i]
		list := make([]map[string]any, len(k.Rows))
		for j, r := range k.Rows {
			id := strconv.Itoa(j + 1)
			list[j] = map[string]any{"id": map[string]any{"raw": strconv.Quote(id)}, "#id": id, "#key": id}
			for _, l := range k.Links {
				list[j]["#"+l.Name+"_id"] = nil
				if id := r.Links[l.Name]; id > 0 {
					list[j]["#"+l.Name+"_id"] = strconv.Itoa(id)
				}
			}
			for _, f := range k.held() {
				list[j][f.Name] = told(r.Values[f.Name])
			}
		}
		rows[k.Name] = list
		names := []string{"id"}
		for _, f := range k.Fields {
			names = append(names, f.Name)
		}
		plains[k.Name] = names
		of := map[string]any{}
		for _, l := range k.Links {
			of[l.Name] = map[string]any{"to": l.To, "local": l.Name + "_id", "remote": "key"}
		}
		for _, l := range w.back(k) {
			of[l.Back] = map[string]any{"to": l.To, "many": true, "local": "id", "remote": l.Name + "_id"}
		}
		relations[k.Name] = of
		root := strings.ToLower(k.Name)
		roots[root] = map[string]any{"of": k.Name}
		roots[root+"s"] = map[string]any{"of": k.Name, "many": true}
		k.tell(list, rows, map[string]map[string]any{"plains": plains, "roots": roots, "relations": relations})
	}
	if w.Broken {
		roots["broken"] = map[string]any{"of": w.Kinds[0].Name, "fails": true}
	}
	return map[string]any{"sdl": sdl, "rows": rows, "plains": plains, "roots": roots, "relations": relations}
}

func told(v value) any {
	switch {
	case v.Fails:
		return map[string]any{"fails": "it cannot be answered"}
	case v.Null:
		return nil
	case v.Name != "":
		return map[string]any{"name": v.Name}
	case v.Wire != "":
		return map[string]any{"raw": v.Wire}
	case v.List:
		items := make([]any, len(v.Items))
		for i, item := range v.Items {
			items[i] = told(item)
		}
		return items
	}
	members := map[string]any{}
	for k, m := range v.Object {
		members[k] = told(m)
	}
	if v.Label != "" {
		members["#label"] = v.Label
	}
	return map[string]any{"o": members}
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

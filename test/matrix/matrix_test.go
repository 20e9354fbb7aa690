package matrix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// client asks a served app.
type client struct {
	url   string
	graph map[string]map[string]string // the fields of input types, with the names of their types
	names []string                     // of all scalars
}

type response struct {
	Data   json.RawMessage
	Errors []struct{ Message string }
}

func (c *client) ask(t testing.TB, query string, variables any, into any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var r response
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%s is not JSON: %v", raw, err)
	}
	for _, e := range r.Errors {
		t.Errorf("%.2000s\n%s", query, e.Message)
	}
	if err := json.Unmarshal(r.Data, into); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

// fixture is a table with a row for each value, the same rows as stored documents, and a view
// that makes the documents.
func fixture(all []*field, rows int) string {
	var sql, shape strings.Builder
	sql.WriteString("create type mood as enum ('happy', 'sad', 'odd'); create domain feeling as mood;\n" +
		"create domain natural_number as int check (value >= 0); create domain few as natural_number; create domain slogan as text check (length(value) > 0);\ncreate table tb_all (id int primary key")
	for _, f := range all {
		if f.kind == key {
			continue
		}
		fmt.Fprintf(&sql, ", %s %s", f.name, f.sql)
		if !f.native {
			fmt.Fprintf(&shape, "\n  %s: %q", f.name, f.typ)
		}
	}
	sql.WriteString(");\n")
	literal := func(s string) string { return "E'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	for row := range rows {
		fmt.Fprintf(&sql, "insert into tb_all values (%d", row)
		for _, f := range all {
			switch {
			case f.kind == key:
			case row >= len(f.values):
				sql.WriteString(", null")
			case f.kind == search:
				fmt.Fprintf(&sql, ", to_tsvector('simple', %s)", literal(f.values[row]))
			default:
				fmt.Fprintf(&sql, ", %s::%s", literal(f.values[row]), f.sql)
			}
		}
		sql.WriteString(");\n")
	}
	fmt.Fprintf(&sql, `create view v_native as select * from tb_all;
comment on view v_native is '@fraiseql:type
name: Native';
comment on column v_native.ref is '@fraiseql:field type=ID';
create table tv_stored (id int primary key, data jsonb not null);
insert into tv_stored select id, to_jsonb(a) - 'prose' from tb_all as a;
comment on table tv_stored is '@fraiseql:type
name: Stored
document: data
fields:%[1]s';
create view v_made as select id, to_jsonb(a) - 'prose' as data from tb_all as a;
comment on view v_made is '@fraiseql:type
name: Made
document: data
fields:%[1]s';
comment on column v_native.ref_list is '@fraiseql:field type=[ID]';
`, strings.ReplaceAll(shape.String(), "'", "''"))
	return sql.String()
}

func serve(t *testing.T, sql string) *client {
	t.Helper()
	simple, err := url.Parse(pgtest.New(t, sql).URL)
	if err != nil {
		t.Fatal(err)
	}
	words := simple.Query()
	words.Set("default_text_search_config", "simple")
	simple.RawQuery = words.Encode()
	app := apptest.Start(t, fraiseql.Options{DatabaseURL: simple.String(), MaxCost: -1, MaxTokens: -1})
	c := &client{url: apptest.Listen(t, app) + "/graphql", graph: map[string]map[string]string{}}
	var seen struct {
		Schema struct {
			Types []struct {
				Kind, Name  string
				InputFields []struct {
					Name string
					Type struct{ Name string }
				}
			}
		} `json:"__schema"`
	}
	c.ask(t, `{__schema{types{kind name inputFields{name type{name}}}}}`, nil, &seen)
	for _, typ := range seen.Schema.Types {
		if typ.Kind == "SCALAR" {
			c.names = append(c.names, typ.Name)
		}
		if typ.Kind == "INPUT_OBJECT" {
			c.graph[typ.Name] = map[string]string{}
			for _, f := range typ.InputFields {
				c.graph[typ.Name][f.Name] = f.Type.Name
			}
		}
	}
	return c
}

// cell is one condition on one source.
type cell struct {
	source  string // the query's name
	filter  string // the filter's type
	f       *field
	op      string
	operand json.RawMessage
	negated bool // inside NOT, where null matches no more than without
	want    []string
}

func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}

// extensions tells whether ltree can be installed; where PostgreSQL is required, so is it.
func ltree(t *testing.T) bool {
	t.Helper()
	ok := false
	if err := pgtest.New(t).Conn(t).QueryRow(t.Context(), "select count(*) > 0 from pg_available_extensions where name = 'ltree'").Scan(&ok); err != nil {
		t.Fatal(err)
	}
	if !ok && os.Getenv("FRAISEQL_REQUIRE_PG") != "" {
		t.Fatal("the extension ltree is not available: install PostgreSQL's contrib package")
	}
	return ok
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	all := scalars()
	setup := "create schema ext;\ncreate extension ltree schema ext;\nset search_path = public, ext;\n"
	if !ltree(t) {
		t.Log("the extension ltree is not available: paths are left out")
		setup = ""
		all = slices.DeleteFunc(all, func(f *field) bool { return f.kind == path })
	}
	all = append(all, lists(all)...)
	rows := 0
	for _, f := range all {
		rows = max(rows, len(f.values)+1) // everybody has a null
	}
	all = append(all, keys(all, rows))
	c := serve(t, setup+fixture(all, rows))
	cells := plan(t, c, all, rows)
	const batch = 40
	for i := 0; i < len(cells); i += batch {
		run(t, c, cells[i:min(i+batch, len(cells))], i)
	}
	t.Logf("%d conditions, each on %d rows with nulls among them: %d cells", len(cells), rows, len(cells)*rows)
}

// plan makes the cells of all operators that the schema offers.
func plan(t *testing.T, c *client, all []*field, rows int) []cell {
	t.Helper()
	refs, operands := references(), chosen()
	covered := map[string]bool{}
	var cells []cell
	for _, source := range []string{"Native", "Stored", "Made"} {
		for _, f := range all {
			filter := c.graph[source+"WhereInput"][camel(f.name)]
			if filter == "" {
				if source == "Native" || !f.native {
					t.Errorf("%s cannot be filtered by %s", source, camel(f.name))
				}
				continue
			}
			covered[filter] = true
			for _, op := range slices.Sorted(maps.Keys(c.graph[filter])) {
				ref := refs[string(f.kind)+"."+op]
				if f.kind == key {
					ref = f.tree(op)
				}
				if ref == nil {
					ref = refs[op]
				}
				if op == "isNull" {
					ref = nil
				} else if ref == nil {
					t.Errorf("%s.%s has no reference: write one", filter, op)
					continue
				}
				some := false
				for i, o := range operandsOf(f, op, operands) {
					one := cell{source: strings.ToLower(source) + "s", filter: filter, f: f, op: op, operand: o, want: []string{}}
					for row := range rows {
						v := f.value(row)
						if ref == nil && (v == nil) == (string(o) == "true") || ref != nil && (v != nil || op == "nin" && string(o) == "[]") && ref(f, v, o) {
							one.want = append(one.want, fmt.Sprint(row))
						}
					}
					some = some || len(one.want) > 0 && len(one.want) < rows
					cells = append(cells, one)
					if other, ok := one.negative(rows); ok && i < 2 {
						cells = append(cells, other)
					}
				}
				if !some && (op != "isNull" || f.kind != key) {
					t.Errorf("%s.%s: no operand tells rows of %s apart: choose one", filter, op, f.name)
				}
			}
		}
	}
	for name := range c.graph {
		if strings.HasSuffix(name, "Filter") && !covered[name] {
			t.Errorf("no field of the fixture has the filter %s: add one", name)
		}
	}
	for name := range schema.Scalars(false) {
		if !slices.ContainsFunc(all, func(f *field) bool { return f.typ == name }) && (name != "LTreePath" || slices.Contains(c.names, name)) {
			t.Errorf("no field of the fixture is %s: add one", name)
		}
	}
	return cells
}

// negative is the same condition inside NOT: the rows that do not match, without those of which
// it is not known. It gives none for a JSON null in a column of its own, which an index has no
// word for, and for places in a tree, of which nothing is known where there is no path.
func (c cell) negative(rows int) (cell, bool) {
	if c.f.kind == key || c.f.kind == json_ && c.source == "natives" {
		return c, false
	}
	total := c.op == "isNull" || (c.op == "in" || c.op == "nin") && string(c.operand) == "[]"
	matched := c.want
	c.negated, c.want = true, []string{}
	for row := range rows {
		if !slices.Contains(matched, fmt.Sprint(row)) && (total || c.f.value(row) != nil) {
			c.want = append(c.want, fmt.Sprint(row))
		}
	}
	return c, true
}

// run asks for several cells at once: half of them by variables.
func run(t *testing.T, c *client, cells []cell, first int) {
	t.Helper()
	var query, head strings.Builder
	variables := map[string]any{}
	for i, one := range cells {
		operand := literal(one.f, one.operand)
		where := fmt.Sprintf("{%s: {%s: %s}}", camel(one.f.name), one.op, operand)
		if (first+i)/2%2 == 1 {
			name := fmt.Sprintf("v%d", i)
			fmt.Fprintf(&head, "$%s: %s ", name, one.filter)
			variables[name] = map[string]json.RawMessage{one.op: one.operand}
			where = fmt.Sprintf("{%s: $%s}", camel(one.f.name), name)
		}
		if one.negated {
			where = "{NOT: " + where + "}"
		}
		fmt.Fprintf(&query, "c%d: %s(where: %s) { id }\n", i, one.source, where)
	}
	var data map[string][]struct{ ID string }
	text := "query"
	if head.Len() > 0 {
		text += "(" + head.String() + ")"
	}
	c.ask(t, text+" {\n"+query.String()+"}", variables, &data)
	for i, one := range cells {
		got := []string{}
		for _, row := range data[fmt.Sprintf("c%d", i)] {
			got = append(got, row.ID)
		}
		if !slices.Equal(got, one.want) {
			t.Errorf("%s, %s: {%s: %s}, negated %t: got the rows %v, want %v", one.source, one.f.name, one.op, one.operand, one.negated, got, one.want)
		}
	}
}

// literal writes JSON as GraphQL does.
func literal(f *field, raw json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("%s: %v", raw, err))
	}
	enum := strings.Contains(f.typ, "Mood")
	var write func(v any) string
	write = func(v any) string {
		switch v := v.(type) {
		case map[string]any:
			var parts []string
			for _, k := range slices.Sorted(maps.Keys(v)) {
				parts = append(parts, k+": "+write(v[k]))
			}
			return "{" + strings.Join(parts, ", ") + "}"
		case []any:
			var parts []string
			for _, item := range v {
				parts = append(parts, write(item))
			}
			return "[" + strings.Join(parts, ", ") + "]"
		case string:
			if enum {
				return v
			}
			return string(marshal(v))
		case nil:
			return "null"
		}
		return fmt.Sprint(v)
	}
	return write(v)
}

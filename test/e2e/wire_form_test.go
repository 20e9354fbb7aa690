package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

// camelName is the GraphQL name of a column of the fixture.
func camelName(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

func sqlText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// scalarFixture has all scalars as columns, in a stored document, in one of type json, in a document that a view makes, and
// behind relations to one row and to many. The documents are stored by a session that is set up unlike ours.
func scalarFixture(all []scalarCase) string {
	var columns, shape []string
	n := scalarRows(all)
	values := make([][]string, n)
	for _, c := range all {
		columns = append(columns, c.name+" "+c.sql, c.name+"_list "+c.sql+"[]")
		shape = append(shape, fmt.Sprintf("%s: %s, %s: \"[%s]\"", camelName(c.name), c.typ, camelName(c.name)+"List", c.typ))
		for i := range n {
			v, list := "null", "null"
			if i < len(c.values) {
				v = sqlText(c.values[i].text) + "::" + c.sql
				list = "array[" + v + ", null, " + v + "]"
			}
			values[i] = append(values[i], v, list)
		}
	}
	var rows []string
	for i, v := range values {
		rows = append(rows, fmt.Sprintf("(%d, %d, %s)", i, i, strings.Join(v, ", ")))
	}
	fields := strings.Join(shape, ", ")
	described := func(kind, relation, name, source, list, more string) string {
		return fmt.Sprintf("%s\ncomment on %s %s is '@fraiseql:type\nname: %s\nkey: [id]\n%s%s';\n", relation, kind, source, name, list, more)
	}
	queries := func(list string) string { return "queries: {list: " + list + "}\n" }
	return `create extension ltree; create type mood as enum ('sad', 'happy');
create table tb_scalar (id int primary key, parent int, ` + strings.Join(columns, ", ") + `);
insert into tb_scalar values ` + strings.Join(rows, ", ") + `;
` + described("view", "create view v_scalar as select * from tb_scalar;", "Scalar", "v_scalar", queries("columns"), "") +
		"comment on column v_scalar.ref is '@fraiseql:field type=ID';\ncomment on column v_scalar.ref_list is '@fraiseql:field type=[ID]';\n" +
		described("view", "create view v_parent as select id from tb_scalar;", "Parent", "v_parent", queries("parents"), "relations: {rows: {to: Scalar, by: {id: parent}, many: true}, row: {to: Scalar, by: {id: id}}}") +
		`set timezone = 'Asia/Kolkata'; set intervalstyle = 'postgres'; set extra_float_digits = 3;
create table tv_scalar (id int primary key, data jsonb not null);
insert into tv_scalar select s.id, ` + documentOf(all, "s") + ` from tb_scalar s;
create table tv_text (id int primary key, data json not null);
insert into tv_text select id, data::json from tv_scalar;
reset timezone; reset intervalstyle; reset extra_float_digits;
` + described("table", "", "Stored", "tv_scalar", queries("storeds"), "fields: {id: ID!, "+fields+"}") +
		described("table", "", "Text", "tv_text", queries("texts"), "fields: {id: ID!, "+fields+"}") +
		described("view", "create view v_made as select s.id, "+documentOf(all, "s")+" as data from tb_scalar s;", "Made", "v_made", queries("mades"), "fields: {id: ID!, "+fields+"}")
}

// documentOf makes a document whose keys are the GraphQL names; PostgreSQL's functions take 50 of them at once.
func documentOf(all []scalarCase, row string) string {
	parts := []string{"jsonb_build_object('id', " + row + ".id)"}
	for _, c := range all {
		parts = append(parts, fmt.Sprintf("jsonb_build_object('%s', %s.%s, '%sList', %s.%s_list)", camelName(c.name), row, c.name, camelName(c.name), row, c.name))
	}
	return strings.Join(parts, " || ")
}

// scalarWay is a way to a value: a query around a selection, where its answer has the list of rows, and where in a row the
// object of the selection is.
type scalarWay struct {
	source, query string
	rows, inner   []string
}

func scalarWays() []scalarWay {
	return []scalarWay{
		{"a column", "{ rows: columns { %s } }", []string{"rows"}, nil},
		{"a column kept for Go", "{ rows: columns { %s } go }", []string{"rows"}, nil},
		{"a nested list", "{ rows: parents { rows { %s } } }", []string{"rows"}, []string{"rows", "0"}},
		{"a nested row", "{ rows: parents { row { %s } } }", []string{"rows"}, []string{"row"}},
		{"a connection", "{ page: columnsConnection { nodes { %s } } }", []string{"page", "nodes"}, nil},
		{"a stored document", "{ rows: storeds { %s } }", []string{"rows"}, nil},
		{"a document of type json", "{ rows: texts { %s } }", []string{"rows"}, nil},
		{"a document of a view", "{ rows: mades { %s } }", []string{"rows"}, nil},
	}
}

// token is a part of an answer as its bytes stand there.
func token(t *testing.T, raw []byte, path ...string) []byte {
	t.Helper()
	for _, step := range path {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(raw, &object) == nil && object != nil:
			raw = object[step]
		case json.Unmarshal(raw, &list) == nil && len(list) > 0:
			raw = list[0]
		default:
			t.Fatalf("%s has no %s", raw, step)
		}
	}
	return raw
}

func serveScalars(t *testing.T, all []scalarCase) *site {
	t.Helper()
	return serve(t, fraiseql.Options{Queries: []fraiseql.Query{
		fraiseql.Resolve("go", func(context.Context, struct{}) (bool, error) { return true, nil }),
	}}, scalarFixture(all))
}

// Each scalar has one form, byte for byte, whatever its value comes from; and a value that cannot be written is null with an
// error at its path, everywhere.
func TestOneWireForm(t *testing.T) {
	t.Parallel()
	all := scalarCases()
	s := serveScalars(t, all)
	for _, way := range scalarWays() {
		for _, c := range all {
			c.oneForm(t, s, way)
		}
	}
}

func (c scalarCase) oneForm(t *testing.T, s *site, way scalarWay) {
	t.Helper()
	name := camelName(c.name)
	query := fmt.Sprintf(way.query, c.selection(name)+" "+c.selection(name+"List"))
	a := s.Send(t, query, nil)
	var rows []json.RawMessage
	if err := json.Unmarshal(token(t, a.Data, way.rows...), &rows); err != nil {
		t.Errorf("%s: %s: %s", way.source, query, a.Body)
		return
	}
	wrong := 0
	for i, v := range c.values {
		row := token(t, rows[i], way.inner...)
		got, list := string(token(t, row, name)), string(token(t, row, name+"List"))
		want, wantList := v.wire, "["+v.wire+",null,"+v.wire+"]"
		if v.wire == "" {
			want, wantList, wrong = "null", "[null,null,null]", wrong+3
		}
		if got != want || list != wantList {
			t.Errorf("%s: %s %s:\n got %s and %s\nwant %s", way.source, c.typ, v.text, got, list, want)
		}
	}
	if len(a.Errors) != wrong {
		t.Errorf("%s: %s: %d errors, want %d: %s", way.source, c.typ, len(a.Errors), wrong, a.Body)
	}
	for _, e := range a.Errors {
		mustContain(t, way.source, e.Message, c.typ+": ", "is not a number that can be written")
		if last := fmt.Sprint(e.Path[len(e.Path)-1]); len(e.Path) < 3 || last != name && last != "0" && last != "2" {
			t.Errorf("%s: %s: the path is %v", way.source, c.typ, e.Path)
		}
	}
}

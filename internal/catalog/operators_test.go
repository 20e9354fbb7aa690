package catalog_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

func TestCollationsAreLookedUp(t *testing.T) {
	t.Parallel()
	f, err := catalog.Read(t.Context(), connect(t, `
create collation backwards from "POSIX";
create schema other;
create collation other.hidden from "POSIX";
create table word (id int primary key, one text, two text, three text, four int, five text);
comment on table word is '@fraiseql:type
collation: C';
comment on column word.two is '@fraiseql:field collation=backwards';
comment on column word.three is '@fraiseql:field collation=klingon';
comment on column word.four is '@fraiseql:field collation=C';
comment on column word.five is '@fraiseql:field collation=other.hidden';
create table loose (id int primary key, one text);
comment on table loose is '@fraiseql:type
collation: hidden';`), catalog.Options{Schemas: []string{"public"}})
	if err != nil {
		t.Fatal(err)
	}
	s, problems := discover(t, f)
	for field, want := range map[string]string{"id": "", "one": `"pg_catalog"."C"`, "two": `"public"."backwards"`, "three": "", "four": "", "five": `"other"."hidden"`} {
		if got := s.Type("Word").Field(field).Collation; got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
	if len(problems) != 3 {
		t.Errorf("got %d problems:\n%s", len(problems), texts(problems))
	}
	for _, part := range []string{
		"column public.word.three: there is no collation klingon", "column public.word.four: the collation C sorts texts, and the field is Int", "there is no collation hidden",
	} {
		if !strings.Contains(texts(problems), part) {
			t.Errorf("%q is missing in:\n%s", part, texts(problems))
		}
	}
}

// The name of a range is taken only where a range is used.
func TestNamesOfRanges(t *testing.T) {
	t.Parallel()
	s, problems := discover(t, read(t, catalog.Options{}, `
create table date_range (id int primary key, label text);
comment on table date_range is '@fraiseql:type';
create table stay (id int primary key, wholes int4range[], odd json, days daterange);
comment on table stay is '@fraiseql:type';
comment on column stay.odd is '@fraiseql:field type=IntRange';`))
	if s.Type("DateRange").Range != "" || s.Type("IntRange").Range != "int4range" || s.Type("Stay").Field("wholes").Type.String() != "[IntRange]" {
		t.Error(s.SDL())
	}
	if len(problems) != 2 || !strings.Contains(texts(problems), "the column odd is json, which cannot be served as IntRange") ||
		!strings.Contains(texts(problems), "column public.stay.days: the column is left out: no GraphQL type stands for PostgreSQL's daterange") {
		t.Error(texts(problems))
	}
}

func TestTreesNeedAPath(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Types[60000] = &catalog.Type{OID: 60000, Schema: "ext", Name: "ltree", Kind: 'b', Ordered: true}
	add := func(names ...string) *schema.Schema {
		keyed := *f
		rel := *f.Relations[0]
		for _, name := range names {
			rel.Columns = append(rel.Columns[:len(rel.Columns):len(rel.Columns)], &catalog.Column{Name: name, Type: 60000, Readable: name != "kept"})
		}
		keyed.Relations = append([]*catalog.Relation{&rel}, f.Relations[1:]...)
		s, _, err := catalog.Build(&keyed, schema.Declarations{}, catalog.BuildOptions{Expose: []string{rel.Name}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		columns []string
		path    string
	}{
		{nil, ""}, {[]string{"place"}, "place"}, {[]string{"place", "path"}, "path"}, {[]string{"place", "spot"}, ""}, {[]string{"kept"}, ""}, {[]string{"kept", "place"}, "place"},
	} {
		s := add(c.columns...)
		for _, typ := range s.Types() {
			if typ.Source == nil || len(typ.Key) == 0 {
				continue
			}
			got := ""
			if tree := typ.Key[0].Tree; tree != nil {
				got = tree.Path.Name
			}
			if got != c.path {
				t.Errorf("%v: the path is %q, want %q", c.columns, got, c.path)
			}
		}
	}
}

func TestHiddenSpellings(t *testing.T) {
	t.Parallel()
	f := facts()
	build := func(compatible bool) *schema.Schema {
		s, _, err := catalog.Build(f, schema.Declarations{}, catalog.BuildOptions{Expose: []string{"*"}, CompatibleOperators: compatible})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plain, both := build(false), build(true)
	if plain.SDL() != both.SDL() {
		t.Error("the other spellings are shown")
	}
	if f := plain.Type("StringFilter").Field("startswith"); f != nil {
		t.Error("another spelling is taken without being asked for")
	}
	if f := both.Type("StringFilter").Field("startswith"); f == nil || !f.Hidden || f.Alias != "startsWith" || f.Type != both.Type("StringFilter").Field("startsWith").Type {
		t.Errorf("got %+v", f)
	}
}

// The types that are made for Todo leave the names alone that TodoList needs for itself.
func TestATypeAndItsList(t *testing.T) {
	t.Parallel()
	s, problems := discover(t, read(t, catalog.Options{}, `
create table todo_list (id int primary key);
create table todo (id int primary key, todo_list_id int references todo_list);
comment on table todo_list is '@fraiseql:type
relations: {todos: {to: Todo, by: {id: todo_list_id}, many: true}}';
comment on table todo is '@fraiseql:type
relations: {lists: {to: TodoList, by: {todo_list_id: id}, many: true}}';`))
	if len(problems) > 0 {
		t.Error(texts(problems))
	}
	loaded := loads(t, s)
	for name, field := range map[string]string{"TodoListWhereInput": "todos", "TodoListOrderByInput": "todos", "TodoListMatchInput": "every", "TodoListOrderInput": "count", "TodoListListMatchInput": "some"} {
		if def := loaded.Types[name]; def == nil || def.Fields.ForName(field) == nil {
			t.Errorf("%s has no %s", name, field)
		}
	}
}

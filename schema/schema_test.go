package schema_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fraiseql/fraiseql-go/schema"
)

// query makes a query type over fields that need no source of their own.
func query(fields ...*schema.Field) *schema.Type {
	for _, f := range fields {
		f.Root = &schema.Root{Kind: schema.Resolve}
	}
	return &schema.Type{Kind: schema.Object, Name: "Query", Fields: fields}
}

func of(name string) *schema.Ref { return schema.Of(schema.Scalars(false)[name]) }

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	key := func(name string) *schema.Field { return &schema.Field{Name: name, Type: of("Int"), Key: "k"} }
	for _, test := range []struct {
		name string
		typ  *schema.Type
		want string
	}{
		{"no fields", &schema.Type{Kind: schema.Object, Name: "T"}, "T has no fields"},
		{"no input fields", &schema.Type{Kind: schema.Input, Name: "T"}, "T has no fields"},
		{"no values", &schema.Type{Kind: schema.Enum, Name: "T"}, "enum T has no values"},
		{"no source", &schema.Type{Kind: schema.Object, Name: "T", Fields: []*schema.Field{{Name: "x", Type: of("Int")}}}, "T.x: nothing says where its value comes from"},
		{"field twice", &schema.Type{Kind: schema.Object, Name: "T", Fields: []*schema.Field{key("x"), key("x")}}, "T.x stands twice: rename one of them"},
		{"value twice", &schema.Type{Kind: schema.Enum, Name: "T", Values: []schema.EnumValue{{Name: "A"}, {Name: "A"}}}, "enum T: A stands twice"},
		{"value null", &schema.Type{Kind: schema.Enum, Name: "T", Values: []schema.EnumValue{{Name: "null"}}}, `enum T: "null" cannot be a value's name`},
		{"value with a sign", &schema.Type{Kind: schema.Enum, Name: "T", Values: []schema.EnumValue{{Name: "a-b"}}}, `enum T: "a-b" cannot be a value's name`},
		{"field name", &schema.Type{Kind: schema.Object, Name: "T", Fields: []*schema.Field{key("__x")}}, "T.__x: the name must be letters"},
		{"type name", &schema.Type{Kind: schema.Object, Name: "1T", Fields: []*schema.Field{key("x")}}, `type "1T": the name must be letters`},
		{"taken", &schema.Type{Kind: schema.Object, Name: "Query", Fields: []*schema.Field{key("x")}}, "two types are named Query"},
		{"builtin", &schema.Type{Kind: schema.Object, Name: "Int", Fields: []*schema.Field{key("x")}}, "two types are named Int"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := &schema.Field{Name: "t", Type: of("Int")}
			if test.typ.Kind == schema.Input {
				root.Args = []*schema.Field{{Name: "a", Type: schema.Of(test.typ)}}
			} else {
				root.Type = schema.Of(test.typ)
			}
			s, err := schema.New("", "", query(root), nil)
			if err == nil || s != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestNewReportsAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := schema.New("", "", query(
		&schema.Field{Name: "a", Type: schema.Of(&schema.Type{Kind: schema.Enum, Name: "E"})},
		&schema.Field{Name: "b", Type: schema.Of(&schema.Type{Kind: schema.Object, Name: "O"})},
		&schema.Field{Name: "b", Type: of("Int")},
	), nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v, want three faults", err)
	}
}

func TestValidName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a": true, "_": true, "_a1": true, "A_b": true, "": false, "1a": false, "a-b": false, "__a": false, "é": false, "a b": false, "a\n": false,
	} {
		if schema.ValidName(name) != want {
			t.Errorf("ValidName(%q) = %v", name, !want)
		}
	}
}

func TestRef(t *testing.T) {
	t.Parallel()
	post := &schema.Type{Kind: schema.Object, Name: "Post"}
	inner := schema.NonNull(schema.Of(post))
	ref := schema.NonNull(schema.ListOf(schema.ListOf(inner)))
	if ref.String() != "[[Post!]]!" || ref.Base() != post {
		t.Errorf("got %s of %s", ref, ref.Base().Name)
	}
	if nullable := schema.Of(post); schema.NonNull(nullable) == nullable || nullable.NonNull {
		t.Error("NonNull changed its argument")
	}
}

func TestScalarsAreNew(t *testing.T) {
	t.Parallel()
	a, b := schema.Scalars(false), schema.Scalars(false)
	for name, s := range a {
		if s == b[name] || s.Kind != schema.Scalar || s.Name != name || s.Description == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

const wanted = `"""The "best" API."""
schema {
  query: Query
}

scalar Date @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")

enum E {
  """One."""
  A
  B @deprecated(reason: "say \"A\"\nor nothing")
}

"""
Exactly one field.
"quoted"
"""
input Pick @oneOf {
  id: ID
  """
  ends in a backslash\
  """
  at: Date
}

type Query {
  plain(a: Int = 1, b: [E!] = [A]): Int!
  """Has \""" inside."""
  told(
    """What to pick."""
    pick: Pick!
    old: Int @deprecated(reason: "unused")
  ): [E!]! @deprecated(reason: "use plain")
}
`

func TestSDL(t *testing.T) {
	t.Parallel()
	date := schema.Scalars(false)["Date"]
	date.Description = ""
	enum := &schema.Type{Kind: schema.Enum, Name: "E", Values: []schema.EnumValue{{Name: "A", Label: "a", Description: "One."}, {Name: "B", Deprecated: "say \"A\"\nor nothing"}}}
	pick := &schema.Type{Kind: schema.Input, Name: "Pick", OneOf: true, Description: "Exactly one field.\n\"quoted\"", Fields: []*schema.Field{
		{Name: "id", Type: of("ID")}, {Name: "at", Type: schema.Of(date), Description: `ends in a backslash\`},
	}}
	s, err := schema.New("T", `The "best" API.`, query(
		&schema.Field{Name: "plain", Type: schema.NonNull(of("Int")), Args: []*schema.Field{
			{Name: "a", Type: of("Int"), Default: "1"}, {Name: "b", Type: schema.ListOf(schema.NonNull(schema.Of(enum))), Default: "[A]"},
		}},
		&schema.Field{Name: "told", Type: schema.NonNull(schema.ListOf(schema.NonNull(schema.Of(enum)))), Description: `Has """ inside.`, Deprecated: "use plain", Args: []*schema.Field{
			{Name: "pick", Type: schema.NonNull(schema.Of(pick)), Description: "What to pick."}, {Name: "old", Type: of("Int"), Deprecated: "unused"},
		}},
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.SDL() != wanted {
		t.Errorf("got:\n%s\nwant:\n%s", s.SDL(), wanted)
	}
	loaded, err := gqlparser.LoadSchema(&ast.Source{Name: "x", Input: s.SDL()})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Pick": pick.Description, "E": ""} {
		if got := loaded.Types[name].Description; got != want {
			t.Errorf("%s: read back as %q, want %q", name, got, want)
		}
	}
	if got := loaded.Query.Fields.ForName("told"); got.Description != `Has """ inside.` || got.Directives.ForName("deprecated") == nil {
		t.Errorf("told: read back as %+v", got)
	}
	if got := loaded.Types["Pick"].Fields.ForName("at").Description; got != `ends in a backslash\` {
		t.Errorf("read back as %q", got)
	}
	if s.Type("Pick") != pick || s.Type("Nothing") != nil || s.Query.Field("told").Arg("pick").Type.Base() != pick || s.Query.Field("x") != nil || s.Query.Field("told").Arg("x") != nil {
		t.Error("look-ups by name")
	}
	if v, ok := enum.Value("A"); !ok || v.Label != "a" {
		t.Errorf("got %+v", v)
	}
	if _, ok := enum.Value("a"); ok {
		t.Error("a label is not a name")
	}
	names := make([]string, 0, len(s.Types()))
	for _, typ := range s.Types() {
		names = append(names, typ.Name)
	}
	if got := strings.Join(names, " "); got != "Boolean Date E Float ID Int Pick Query String" {
		t.Errorf("types: %s", got)
	}
}

// Whatever a description holds, the reader of the SDL gets it back, but for the blank lines at
// its ends and the indentation that all lines share (specification, "BlockStringValue").
func FuzzDescription(f *testing.F) {
	for _, text := range []string{"a", `a"`, `"""`, `\`, `a\"""b`, "a\nb", "\x01", "é ☃ 😀", "a\tb", "\ta", "a\r\nb", "\u2028", "\x1f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schema.New("", "", query(&schema.Field{Name: "a", Type: of("Int"), Description: text, Deprecated: text}), nil)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := gqlparser.LoadSchema(&ast.Source{Name: "x", Input: s.SDL()})
		if err != nil {
			t.Fatalf("%q: %v\n%s", text, err, s.SDL())
		}
		if strings.TrimSpace(text) == text && !strings.ContainsAny(text, "\n\r\x00") && strings.ToValidUTF8(text, "") == text {
			if got := loaded.Query.Fields.ForName("a").Description; got != text {
				t.Errorf("%q is read back as %q", text, got)
			}
		}
	})
}

// A hidden field is found by its name, and nobody is told of it.
func TestHiddenFields(t *testing.T) {
	t.Parallel()
	in := &schema.Type{Kind: schema.Input, Name: "In", Fields: []*schema.Field{
		{Name: "shown", Type: of("Int")}, {Name: "other", Type: of("Int"), Hidden: true, Alias: "shown"}, {Name: "unseen", Type: of("Date"), Hidden: true},
	}}
	s, err := schema.New("", "", query(&schema.Field{Name: "f", Type: of("Int"), Args: []*schema.Field{{Name: "in", Type: schema.Of(in)}}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Type("In").Field("other") == nil || strings.Contains(s.SDL(), "other") || s.Type("Date") != nil {
		t.Error(s.SDL())
	}
	in = &schema.Type{Kind: schema.Input, Name: "In", Fields: []*schema.Field{{Name: "other", Type: of("Int"), Hidden: true}}}
	if _, err := schema.New("", "", query(&schema.Field{Name: "f", Type: of("Int"), Args: []*schema.Field{{Name: "in", Type: schema.Of(in)}}}), nil); err == nil {
		t.Error("an input without a field to be seen is accepted")
	}
}

package execute_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

// article is a stored document of the size and mix that projected tables have, as jsonb prints it.
func article() []byte {
	var comments []string
	for i := range 4 {
		comments = append(comments, fmt.Sprintf(`{"id": "6f1c2a4e-0b7d-8e11-a2d3-00000000000%d", "body": "%s", "score": %d}`,
			i, strings.Repeat("words in a row ", 6), i*7))
	}
	return []byte(`{"id": "6f1c2a4e-0b7d-8e11-a2d3-4c5b6a798801", "slug": "an-article-about-connections", ` +
		`"tags": ["postgresql", "go", "graphql"], "title": "What a \"connection\" costs", "views": 120834, ` +
		`"author": {"id": "6f1c2a4e-0b7d-8e11-a2d3-4c5b6a798802", "name": "Ada", "email": "ada@example.org"}, ` +
		`"summary": "` + strings.Repeat("A sentence that says little. ", 8) + `", "comments": [` + strings.Join(comments, ", ") + `], ` +
		`"published": true, "createdAt": "2026-01-02T03:04:05.678901Z"}`)
}

// leaf is a field whose value is the i-th member that is looked for.
func leaf(i int, name string, form jsonw.Form) compile.Field {
	return compile.Field{
		Name: name, Key: []byte(`"` + name + `":`),
		Origin: compile.Origin{Slot: i}, Value: &compile.Value{Type: name, Form: form},
	}
}

// selection asks for most of an article, in another order than it is stored in.
func selection() *compile.Value {
	comment := &compile.Value{
		Object: true, Type: "Comment", Members: []string{"id", "body"},
		Fields: []compile.Field{leaf(0, "id", jsonw.Text), leaf(1, "body", jsonw.Text)},
	}
	comments := leaf(3, "comments", jsonw.Text)
	comments.Value = &compile.Value{Elem: comment}
	author := leaf(4, "author", jsonw.Text)
	author.Value = &compile.Value{
		Object: true, Type: "Author", Members: []string{"name"},
		Fields: []compile.Field{leaf(0, "name", jsonw.Text)},
	}
	article := &compile.Value{
		Object: true, Type: "Article", Members: []string{"id", "title", "summary", "comments", "author", "views", "published"},
		Fields: []compile.Field{
			leaf(0, "id", jsonw.Text), leaf(1, "title", jsonw.Text), leaf(2, "summary", jsonw.Text), comments, author,
			leaf(5, "views", jsonw.Int), leaf(6, "published", jsonw.Boolean),
		},
	}
	article.Arrange()
	return article
}

func TestProjectAllocatesNothing(t *testing.T) {
	document, shape := article(), selection()
	var p execute.Projection
	out, ok := p.Project(shape, document)
	if want := `{"id":"6f1c2a4e-0b7d-8e11-a2d3-4c5b6a798801","title":"What a \"connection\" costs","summary":"A sentence`; !ok || !strings.HasPrefix(string(out), want) {
		t.Fatalf("%v: %s", ok, out)
	}
	if n := testing.AllocsPerRun(100, func() { p.Project(shape, document) }); n != 0 {
		t.Errorf("%v allocations for a document, want none", n)
	}
}

// TestProjectKeepsTheOrderOfFields: whatever order a document has, fields and errors come in that of the selection, the last of two
// members of one name counts, and a member may be for two fields.
func TestProjectKeepsTheOrderOfFields(t *testing.T) {
	t.Parallel()
	object := func(slot int, name string, required bool) compile.Field {
		f := leaf(slot, name, jsonw.Text)
		x := leaf(0, "x", jsonw.Int)
		x.Value.NonNull = required
		f.Value = &compile.Value{Object: true, Type: "Part", Members: []string{"x"}, Fields: []compile.Field{x}}
		f.Value.Arrange()
		return f
	}
	two := &compile.Value{Object: true, Type: "Whole", Members: []string{"a", "b"}, Fields: []compile.Field{object(0, "a", false), object(1, "b", true)}}
	same := &compile.Value{Object: true, Type: "Whole", Members: []string{"a"}, Fields: []compile.Field{object(0, "a", false), object(0, "again", true)}}
	two.Arrange()
	same.Arrange()
	for _, c := range []struct {
		shape          *compile.Value
		document, want string
		failed         []string
	}{
		{two, `{"b": {"x": 2}, "a": {"x": 1}}`, `{"a":{"x":1},"b":{"x":2}}`, nil},
		{two, `{"b": {"x": "no"}, "c": [{}], "a": {"x": "no"}}`, `{"a":{"x":null},"b":null}`, []string{"[a x]", "[b x]"}},
		{two, `{"b": null, "a": [1]}`, `{"a":null,"b":null}`, []string{"[a]"}},
		{two, `{"a": {"x": 1}, "b": {"x": 2}, "a": {"x": 3}, "b": null}`, `{"a":{"x":3},"b":null}`, nil},
		{two, `{"a": null, "a": {"x": 4}}`, `{"a":{"x":4},"b":null}`, nil},
		{same, `{"a": {"x": 1}}`, `{"a":{"x":1},"again":{"x":1}}`, nil},
		{same, `{"a": {"x": "no"}}`, `{"a":{"x":null},"again":null}`, []string{"[a x]", "[again x]"}},
	} {
		var p execute.Projection
		out, ok := p.Project(c.shape, []byte(c.document))
		if failed := p.Failed(); !ok || string(out) != c.want || !slices.Equal(failed, c.failed) {
			t.Errorf("%s: %v %s, errors at %q; want %s, errors at %q", c.document, ok, out, failed, c.want, c.failed)
		}
	}
}

// TestProjectOfDeepFaults: a fault in the depth is found once for each level above it, and not twice as often with each.
func TestProjectOfDeepFaults(t *testing.T) {
	const depth = 24
	shape := &compile.Value{Object: true, Type: "Leaf", Members: []string{"x"}, Fields: []compile.Field{leaf(0, "x", jsonw.Int)}}
	for range depth {
		f := leaf(0, "in", jsonw.Text)
		f.Value = shape
		shape = &compile.Value{Object: true, Type: "Level", Members: []string{"in"}, Fields: []compile.Field{f}}
		shape.Arrange()
	}
	document := []byte(strings.Repeat(`{"in": `, depth) + `{"x": "no"}` + strings.Repeat("}", depth))
	want := strings.Repeat(`{"in":`, depth) + `{"x":null}` + strings.Repeat("}", depth)
	var p execute.Projection
	if out, ok := p.Project(shape, document); !ok || string(out) != want || len(p.Failed()) != 1 {
		t.Fatalf("%v %s, errors at %q", ok, out, p.Failed())
	}
	if n := testing.AllocsPerRun(1, func() { p.Project(shape, document) }); n > 100*depth { // an error has some
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkProject reads the document's bytes and writes the selected ones.
func BenchmarkProject(b *testing.B) {
	document, shape := article(), selection()
	var p execute.Projection
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		p.Project(shape, document)
	}
}

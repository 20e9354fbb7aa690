package execute_test

import (
	"fmt"
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
	return &compile.Value{
		Object: true, Type: "Article", Members: []string{"id", "title", "summary", "comments", "author", "views", "published"},
		Fields: []compile.Field{
			leaf(0, "id", jsonw.Text), leaf(1, "title", jsonw.Text), leaf(2, "summary", jsonw.Text), comments, author,
			leaf(5, "views", jsonw.Int), leaf(6, "published", jsonw.Boolean),
		},
	}
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

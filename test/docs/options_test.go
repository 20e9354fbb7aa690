package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

// parts are the headings of the page of options, each in front of the field that it names.
var parts = []struct{ field, title string }{
	{"DatabaseURL", "The database and what is served"},
	{"PlainNumbers", "Answers"},
	{"Title", "The API's name"},
	{"Production", "Where and how it is served"},
	{"Auth", "Who asks"},
	{"Context", "What a request carries"},
	{"Authorizer", "What it may do"},
	{"OnStart", "Start and end"},
	{"ConnectionPoolName", "The pool"},
	{"StatementTimeout", "Time and memory of an answer"},
	{"BodyTimeout", "Transport"},
	{"AllowedOrigins", "Other sites, and too many requests"},
	{"MutationsAllOrNothing", "Mutations"},
	{"MaxPage", "Limits and documents"},
	{"SchemaRegistry", "The schema's history"},
	{"MeterProvider", "Watching"},
}

// TestOptionsPageIsCurrent keeps docs/reference/options.md equal to the code.
func TestOptionsPageIsCurrent(t *testing.T) {
	t.Parallel()
	current(t, "../../docs/reference/options.md", "TestOptionsPageIsCurrent", optionsPage(t))
}

// current compares a page that is written from the code with the file.
func current(t *testing.T, path, test, page string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(path)
	if err != nil || string(found) != page {
		t.Errorf("%s is not current (%v): go test ./test/docs -run %s -update", path, err, test)
	}
}

func optionsPage(t *testing.T) string {
	const file = "../../options.go"
	docs, types := fieldDocs(t, file), fieldTypes(t, file)
	parameters := map[string][]fraiseql.Parameter{}
	for _, p := range fraiseql.Parameters() {
		field, _, _ := strings.Cut(p.Field, ".")
		parameters[field] = append(parameters[field], p)
	}
	var table, entries strings.Builder
	titles, of := slices.Clone(parts), reflect.TypeFor[fraiseql.Options]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		if len(titles) > 0 && titles[0].field == name {
			fmt.Fprintf(&entries, "\n## %s\n", titles[0].title)
			titles = titles[1:]
		}
		doc := docs["Options."+name]
		if doc == "" && i > 0 { // two fields under one comment
			doc = docs["Options."+of.Field(i-1).Name]
		}
		if doc == "" {
			t.Errorf("Options.%s has no comment", name)
		}
		meaning, byDefault := split(doc)
		var flags, names []string
		for _, p := range parameters[name] {
			flags = append(flags, "`--"+p.Name+"`")
			names = append(names, "`--"+p.Name+"` · `"+p.Variable()+"` · `"+p.Key()+"`")
		}
		short := strings.TrimSuffix(byDefault, ".")
		before, both, negative := strings.Cut(meaning, "Default, and negative: ")
		switch {
		case negative:
			meaning, byDefault = strings.TrimSpace(before), both+" So it is with a negative value."
			short, _, _ = strings.Cut(strings.TrimSuffix(both, "."), ". ")
		case byDefault == "" && of.Field(i).Type.Kind() == reflect.Bool:
			byDefault, short = "off.", "off"
		case byDefault == "":
			byDefault, short = "none.", "none"
		}
		if before, _, more := strings.Cut(short, ". "); more {
			short = before
		}
		fmt.Fprintf(&table, "| [%s](#%s) | %s | %s |\n", name, strings.ToLower(name), strings.Join(flags, ", "), inTable(short))
		fmt.Fprintf(&entries, "\n### %s\n\n`%s`\n\n%s\n\n- **Default:** %s\n", name, types[name], meaning, byDefault)
		if len(names) > 0 {
			fmt.Fprintf(&entries, "- **Names:** %s\n", strings.Join(names, ", "))
		}
	}
	if len(titles) > 0 {
		t.Errorf("%s is no field, or not in this order", titles[0].field)
	}
	return `# Options

All fields of ` + "`fraiseql.Options`" + `, in the order of the code from which this page is written. Most are flags of ` + "`fraiseql serve`" + `, too, environment variables, and keys
of ` + "`fraiseql.toml`" + `: a flag goes before the environment, that before the file, and the file before the default. In Go zero means the default, and a negative
number none or off; in text a literal 0 means zero. Durations are written ` + "`200ms`, `30s`, `1h`" + `. ` + "`fraiseql config print`" + ` shows what came of all this, and
` + "`fraiseql config check`" + ` whether it can work. How to choose the pool's numbers is in its [own reference](pool.md).

| option | flag | default |
|---|---|---|
` + table.String() + entries.String()
}

// fieldTypes reads the types of the fields of Options as they are written.
func fieldTypes(t *testing.T, name string) map[string]string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	spec := file.Scope.Lookup("Options").Decl.(*ast.TypeSpec)
	for _, f := range spec.Type.(*ast.StructType).Fields.List {
		for _, id := range f.Names {
			types[id.Name] = string(text[files.Position(f.Type.Pos()).Offset:files.Position(f.Type.End()).Offset])
		}
	}
	return types
}

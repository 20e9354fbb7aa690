package docs_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// packages are those that a fragment of Go may use by name without importing them.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "slog": "log/slog", "http": "net/http", "os": "os", "signal": "os/signal",
	"syscall": "syscall", "time": "time", "strings": "strings", "strconv": "strconv", "sql": "database/sql", "json": "encoding/json", "net": "net", "sync": "sync",
	"fraiseql": "github.com/fraiseql/fraiseql-go", "pool": "github.com/fraiseql/fraiseql-go/pool", "auth": "github.com/fraiseql/fraiseql-go/auth",
	"pgx": "github.com/jackc/pgx/v5", "pgconn": "github.com/jackc/pgx/v5/pgconn", "pgxpool": "github.com/jackc/pgx/v5/pgxpool",
	"otel": "go.opentelemetry.io/otel", "testing": "testing",
	"fraiseqltest": "github.com/fraiseql/fraiseql-go/fraiseqltest",
}

// wrapper is the function that the statements of a fragment stand in: these names, and its declarations before it, are
// what they may use.
const wrapper = `
func fragment(ctx context.Context, app *fraiseql.App, p *pool.Pool, c pool.Conn, tx pgx.Tx, o fraiseql.Options,
	mux *http.ServeMux, w http.ResponseWriter, r *http.Request, databaseURL string, n int, id int64, name string) error {
`

// types are those of the example blog, for fragments that use them without declaring them.
var types = map[string]string{
	"User": "type User struct {\n\tID fraiseql.ID\n\tName string\n\tEmail *string\n\tPosts []Post `by:\"id=author_id\"`\n}\n",
	"Post": "type Post struct {\n\tID fraiseql.ID\n\tTitle string\n}\n",
}

// fragment makes a Go file of a block that is no whole program: its declarations stay outside of the wrapper, its
// statements go inside. A block of "Field: value," lines stands for fields of fraiseql.Options.
func (b block) fragment() (string, error) {
	if text := "_ = fraiseql.Options{\n" + b.text + "}\n"; parses("package x\nfunc _() {\n" + text + "}") {
		b.text, b.line = text, b.line-1
	}
	var declarations, statements, chunk strings.Builder
	first := 0
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		if chunk.Len() == 0 {
			if strings.TrimSpace(line) == "" {
				continue
			}
			first = i
		}
		chunk.WriteString(line + "\n")
		into := &declarations
		if !parses("package x\n" + chunk.String()) {
			into = &statements
			if !parses("package x\nfunc _() {\n" + chunk.String() + "}") {
				continue
			}
		}
		fmt.Fprintf(into, "//line %s:%d\n%s", b.page, b.line+first, chunk.String())
		chunk.Reset()
	}
	if chunk.Len() > 0 {
		_, err := parser.ParseFile(token.NewFileSet(), "", "package x\nfunc _() {\n"+chunk.String()+"}", 0)
		return "", fmt.Errorf("neither declarations nor statements: %w", err)
	}
	body := wrapper + statements.String()
	file, err := parser.ParseFile(token.NewFileSet(), "", "package x\n"+declarations.String()+body+"}", 0)
	if err != nil {
		return "", err
	}
	if missing := missingTypes(file); missing != "" {
		declarations.WriteString("//line types:1\n" + missing)
		if file, err = parser.ParseFile(token.NewFileSet(), "", "package x\n"+declarations.String()+body+"}", 0); err != nil {
			return "", err
		}
	}
	imports, unknown := importsOf(file)
	if len(unknown) > 0 {
		return "", errors.New("nothing is known of " + strings.Join(unknown, ", ") + ": a fragment uses the packages and variables of fragment_test.go")
	}
	var out strings.Builder
	out.WriteString("package fragment\n")
	for _, path := range imports {
		fmt.Fprintf(&out, "import %q\n", path)
	}
	out.WriteString(declarations.String() + body + "//line wrapper:1\n")
	for _, name := range made(file) {
		fmt.Fprintf(&out, "\t_ = %s\n", name)
	}
	out.WriteString("\treturn nil\n}\n\nvar _ = fragment\n")
	return out.String(), nil
}

func parses(file string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", file, 0)
	return err == nil
}

// missingTypes declares those of types that a file uses and has not; User needs Post.
func missingTypes(file *ast.File) string {
	used := map[string]bool{}
	for _, id := range file.Unresolved {
		used[id.Name] = true
	}
	var out string
	if used["User"] {
		out, used["Post"] = types["User"], file.Scope.Lookup("Post") == nil
	}
	if used["Post"] {
		out += types["Post"]
	}
	return out
}

// importsOf finds what a file uses from packages that it does not import, and what nobody knows.
func importsOf(file *ast.File) (paths, unknown []string) {
	loose := map[*ast.Ident]bool{}
	for _, id := range file.Unresolved {
		loose[id] = true
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && loose[id] {
				used[id.Name] = true
			}
		}
		return true
	})
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if path, ok := packages[name]; ok {
			paths = append(paths, path)
		} else {
			unknown = append(unknown, name)
		}
	}
	return paths, unknown
}

// made are the variables that the statements of the wrapper make: Go refuses those that nobody uses.
func made(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "fragment" {
			continue
		}
		for _, s := range f.Body.List {
			if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
				for _, left := range a.Lhs {
					if id, ok := left.(*ast.Ident); ok && id.Name != "_" {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

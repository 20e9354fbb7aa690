package fraiseql_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingIsSkippedWhereItIsRequired: what skips a test asks first whether FRAISEQL_REQUIRE_PG makes that a failure.
func TestNothingIsSkippedWhereItIsRequired(t *testing.T) {
	t.Parallel()
	files, skips := gotoken.NewFileSet(), 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			var at []gotoken.Pos
			asks := false
			ast.Inspect(function, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					of, plain := n.X.(*ast.Ident)
					if plain && (of.Name == "t" || of.Name == "tb" || of.Name == "b" || of.Name == "f") &&
						(n.Sel.Name == "Skip" || n.Sel.Name == "Skipf" || n.Sel.Name == "SkipNow") {
						at = append(at, n.Pos())
					}
				case *ast.BasicLit:
					asks = asks || strings.Contains(n.Value, "FRAISEQL_REQUIRE_PG") && !strings.Contains(n.Value, " ")
				}
				return true
			})
			skips += len(at)
			for _, pos := range at {
				if !asks {
					t.Errorf("%s: %s skips without asking for FRAISEQL_REQUIRE_PG: make that a failure there, with the cure", files.Position(pos), function.Name.Name)
				}
			}
		}
		return nil
	})
	if err != nil || skips == 0 {
		t.Errorf("%d skips found, %v", skips, err)
	}
}

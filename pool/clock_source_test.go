package pool_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestClockJumps: when somebody sets the clock of the machine, no deadline, age or backoff of the pool moves. Go's times hold
// a monotonic reading that sees to that as long as nothing strips it, so this reads the pool's source: a time may come only
// from time.Now, and only what keeps the reading may be done with it. All else is counted in instants, which time.Since takes
// from that reading.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	var files []string
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Export, Dir string
			GoFiles                 []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ImportPath+"." == poolPath {
			for _, name := range p.GoFiles {
				files = append(files, filepath.Join(p.Dir, name))
			}
		}
	}
	if len(files) < 10 {
		t.Fatalf("the pool has the files %v: this does not look at it", files)
	}
	fset := token.NewFileSet()
	from := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	parse := func(name string, text any) *ast.File {
		f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var source []*ast.File
	for _, name := range files {
		source = append(source, parse(name, nil))
	}
	found, looked := wallClock(t, fset, from, source)
	for _, fault := range found {
		t.Error(fault)
	}
	if looked < 10 {
		t.Errorf("%d uses of times looked at: this does not see the pool's", looked)
	}
	// What it is there to find.
	found, _ = wallClock(t, fset, from, []*ast.File{parse("bad.go", `package bad
import "time"
type stamp = time.Time
func bad(a, b time.Time, c stamp) (bool, time.Duration) {
	_ = a.Round(0)
	_ = time.Unix(0, 1)
	_ = b.UTC().Sub(c)
	_ = a.AddDate(0, 0, 1)
	f := a.UnixNano
	_ = f
	_, _ = time.Parse("", "")
	return a == c, a.Sub(b)
}`)})
	for _, want := range []string{"Round", "time.Unix:", "UTC", "AddDate", "UnixNano", "time.Parse", "=="} {
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, want) }) {
			t.Errorf("%s is not found in %q", want, found)
		}
	}
	if len(found) != 7 {
		t.Errorf("found %q", found)
	}
}

const poolPath = "github.com/fraiseql/fraiseql-go/pool."

// wallClock finds what makes or uses a time without its monotonic reading, and counts the uses of times.
func wallClock(t *testing.T, fset *token.FileSet, from types.Importer, files []*ast.File) (found []string, looked int) {
	t.Helper()
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: from}
	if _, err := config.Check("looked-at", fset, files, info); err != nil {
		t.Fatal(err)
	}
	isTime := func(of types.Type) bool {
		if p, ok := types.Unalias(of).(*types.Pointer); ok {
			of = p.Elem()
		}
		n, ok := types.Unalias(of).(*types.Named)
		return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time" && n.Obj().Name() == "Time"
	}
	keeps := []string{"Add", "Sub", "Before", "After", "Equal", "Compare", "IsZero"}
	makes := []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			fault := func(format string, args ...any) {
				found = append(found, fset.Position(n.Pos()).String()+": "+fmt.Sprintf(format, args...))
			}
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if s := info.Selections[n]; s != nil && s.Kind() != types.FieldVal && isTime(s.Recv()) {
					looked++
					if !slices.Contains(keeps, n.Sel.Name) {
						fault("Time.%s: it gives up the monotonic reading, or lives by the wall clock", n.Sel.Name)
					}
				}
				f, ok := info.Uses[n.Sel].(*types.Func)
				if ok && f.Pkg() != nil && f.Pkg().Path() == "time" && f.Signature().Recv() == nil && f.Exported() {
					looked++
					if f.Name() != "ParseDuration" && !slices.Contains(makes, f.Name()) {
						fault("time.%s: a time must come from time.Now", f.Name())
					}
				}
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && isTime(info.Types[n.X].Type) {
					fault("%s of two times compares their wall clocks: use Equal", n.Op)
				}
			}
			return true
		})
	}
	return found, looked
}

package fraiseql_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/importer"
	gotoken "go/token"
	"go/types"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestNoRawPoolIsReachableFromAnyPublicName walks over every exported function, method, field and type of the package, and on
// through what these give and take: none leads to a pool, to a lease that the request does not own, or to a connection.
func TestNoRawPoolIsReachableFromAnyPublicName(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	from := importer.ForCompiler(gotoken.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	load := func(path string) *types.Package {
		p, err := from.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	w := walker{seen: map[string]bool{}}
	w.pkg(load(module))
	for _, path := range w.found {
		t.Errorf("a raw connection is reachable: %s", path)
	}
	if len(w.seen) < 40 {
		t.Errorf("only %d types seen: %v", len(w.seen), w.seen)
	}
	// What it is there to find: package pool does hand out pools, leases and connections, and so would one field of a type.
	w = walker{seen: map[string]bool{}}
	poolPackage := load(module + "/pool")
	w.pkg(poolPackage)
	for _, want := range []string{"pool.Pool", "pool.Conn", "pgx/v5.Conn"} {
		if !strings.Contains(strings.Join(w.found, "\n"), want) {
			t.Errorf("in package pool, %s is not found: %q", want, w.found)
		}
	}
	leaky := types.NewPackage("leaky", "leaky")
	raw := poolPackage.Scope().Lookup("Pool").Type()
	deep := types.NewStruct([]*types.Var{types.NewField(0, leaky, "M", types.NewMap(types.Typ[types.String], types.NewSlice(types.NewPointer(raw))), false)}, nil)
	leaky.Scope().Insert(types.NewTypeName(0, leaky, "Deep", nil))
	types.NewNamed(leaky.Scope().Lookup("Deep").(*types.TypeName), deep, nil)
	w = walker{seen: map[string]bool{}}
	w.pkg(leaky)
	if len(w.found) != 1 || !strings.Contains(w.found[0], "Deep.M") {
		t.Errorf("a pool inside a map inside a field: found %q", w.found)
	}
}

// walker goes from names to types and on.
type walker struct {
	seen  map[string]bool
	found []string
}

// raw are the types that nobody may be led to.
func raw(n *types.TypeName) bool {
	if n.Pkg() == nil {
		return false
	}
	switch path := n.Pkg().Path(); {
	case path == module+"/pool":
		return n.Name() == "Pool" || n.Name() == "Conn"
	case strings.HasSuffix(path, "/pgxpool"), strings.HasSuffix(path, "/puddle/v2"):
		return true
	case strings.HasSuffix(path, "pgx/v5"):
		return n.Name() == "Conn"
	case strings.HasSuffix(path, "pgx/v5/pgconn"):
		return n.Name() == "PgConn" || n.Name() == "HijackedConn" || n.Name() == "Pipeline"
	}
	return false
}

// givesNothing are methods of pgx's own interfaces that can name a connection, and give nil in what the package hands out:
// see TestWhatAResolverGetsHidesTheConnection. The pool itself is held to no such thing.
func givesNothing(n *types.TypeName, method string) bool {
	return n.Pkg() != nil && strings.HasSuffix(n.Pkg().Path(), "pgx/v5") && (n.Name() == "Rows" || n.Name() == "Tx") && method == "Conn"
}

func (w *walker) pkg(p *types.Package) {
	for _, name := range p.Scope().Names() {
		if o := p.Scope().Lookup(name); o.Exported() {
			w.walk(p.Name()+"."+name, o.Type())
		}
	}
}

func (w *walker) walk(path string, t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		w.named(path, t)
	case *types.Pointer:
		w.walk(path, t.Elem())
	case *types.Slice:
		w.walk(path, t.Elem())
	case *types.Array:
		w.walk(path, t.Elem())
	case *types.Chan:
		w.walk(path, t.Elem())
	case *types.Map:
		w.walk(path, t.Key())
		w.walk(path, t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(path, v.Type())
		}
	case *types.Signature:
		w.walk(path, t.Params())
		w.walk(path, t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				w.walk(path+"."+f.Name(), f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				w.walk(path+"."+m.Name(), m.Type())
			}
		}
	case *types.TypeParam:
		w.walk(path, t.Constraint())
	}
}

func (w *walker) named(path string, t *types.Named) {
	if args := t.TypeArgs(); args != nil {
		for arg := range args.Types() {
			w.walk(path, arg)
		}
	}
	o := t.Obj()
	if raw(o) {
		w.found = append(w.found, path+" is "+t.String())
		return
	}
	// What the standard library can lead to, it got from us.
	inside := o.Pkg() != nil && strings.Contains(strings.SplitN(o.Pkg().Path(), "/", 2)[0], ".") || o.Pkg() != nil && o.Pkg().Path() == "leaky"
	if key := t.String(); !inside || w.seen[key] {
		return
	} else {
		w.seen[key] = true
	}
	if i, ok := t.Underlying().(*types.Interface); ok {
		for m := range i.Methods() {
			if m.Exported() && !givesNothing(o, m.Name()) {
				w.walk(path+"."+m.Name(), m.Type())
			}
		}
		return
	}
	methods := types.NewMethodSet(types.NewPointer(t))
	for m := range methods.Methods() {
		if m.Obj().Exported() {
			w.walk(path+"."+m.Obj().Name(), m.Type())
		}
	}
	w.walk(path, t.Underlying())
}

// TestWhatAResolverGetsHidesTheConnection: the values behind pgx's interfaces do not give the connection away either.
func TestWhatAResolverGetsHidesTheConnection(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("look", func(ctx context.Context, _ struct{}) (int, error) {
		looked := 0
		rowsOf := func(what string, rows pgx.Rows, err error) error {
			if err != nil {
				return err
			}
			looked++
			if rows.Conn() != nil {
				t.Errorf("the rows of %s give the connection away", what)
			}
			if _, ok := rows.(interface{ Unwrap() pgx.Rows }); ok {
				t.Errorf("the rows of %s can be unwrapped", what)
			}
			rows.Close()
			return rows.Err()
		}
		rows, err := fraiseql.DB(ctx).Query(ctx, "SELECT 1")
		if err := rowsOf("Query", rows, err); err != nil {
			return looked, err
		}
		return looked, fraiseql.DB(ctx).Tx(ctx, func(tx pgx.Tx) error {
			deeper, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			for _, tx := range []pgx.Tx{deeper, tx} {
				looked++
				if tx.Conn() != nil {
					t.Error("a transaction gives the connection away")
				}
				rows, err := tx.Query(ctx, "SELECT 1")
				if err := rowsOf("Tx", rows, err); err != nil {
					return err
				}
				b := &pgx.Batch{}
				b.Queue("SELECT 1")
				results := tx.SendBatch(ctx, b)
				rows, err = results.Query()
				if err := errors.Join(rowsOf("a batch", rows, err), results.Close()); err != nil {
					return err
				}
				b = &pgx.Batch{}
				b.Queue("SELECT 1").Query(func(rows pgx.Rows) error { return rowsOf("a batch's function", rows, nil) })
				if err := tx.SendBatch(ctx, b).Close(); err != nil {
					return err
				}
			}
			return deeper.Commit(ctx)
		})
	}))
	if w := ask(started(t, o), `{ look }`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"look":9`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

package fraiseql_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fraiseql/fraiseql-go"

// floors says which packages may import which: only from lower floors, and on the same floor
// only where it is listed in sameFloor.
var floors = [][]string{
	0: {"internal/fault", "internal/jsonw", "internal/devpg", "internal/loadgen", "internal/page", "internal/page/pagetest", "internal/operator", "internal/coding", "internal/sdldiff", "internal/registry", "internal/sqltext", "examples"},
	1: {"pool", "schema", "auth", "internal/guard", "internal/pgtest", "internal/explorer"},
	2: {"internal/gqlop", "internal/catalog", "internal/console", "internal/ramp"},
	3: {"internal/compile"},
	4: {"internal/execute", "internal/diagnose"}, // diagnose measures the statements that compile makes
	5: {"internal/engine", "internal/httpapi", "internal/ops"},
	6: {""},
	7: {"internal/cli", "fraiseqltest", "test/gotest"},
	8: {"test/apptest"},
	9: {"cmd/fraiseql", "bench", "examples/world", "examples/blog", "examples/app", "test/e2e", "test/security", "test/browser", "test/audit", "test/clients", "test/load", "test/chaos", "test/docs", "test/matrix", "test/differential", "test/conformance", "test/attacks", "bench/poolreport", "bench/curve"},
}

// narrowed are packages that may import less than their floor allows.
var narrowed = map[string][]string{
	"internal/pgtest":  {"internal/devpg"}, // a broken pool must not break its own tests
	"internal/console": {"pool", "internal/page"},
	"internal/ramp":    {"pool", "internal/loadgen"},
	"internal/gqlop":   {"schema", "internal/fault", "internal/jsonw"},
	"internal/catalog": {"pool", "schema", "internal/fault", "internal/operator"},
	"cmd/fraiseql":     {"internal/cli"},
}

// outside are libraries that only some packages may import.
var outside = map[string][]string{
	"github.com/jackc/pgx/":     {"pool", "internal/execute", "internal/catalog", "internal/diagnose", "internal/registry", "internal/pgtest", "", "internal/cli", "bench", "bench/", "test/"},
	"github.com/vektah/":        {"internal/gqlop", "internal/compile", "internal/sdldiff"},
	"github.com/spf13/cobra":    {"internal/cli"},
	"github.com/prometheus/":    {"internal/ops"},
	"go.opentelemetry.io/":      {"internal/ops", "internal/execute", "internal/engine", "internal/cli", ""},
	"github.com/lestrrat-go/":   {"auth"},
	"github.com/goccy/go-yaml":  {"internal/catalog"},
	"github.com/maypok86/otter": {"internal/gqlop", "auth"},
	"github.com/klauspost/":     {"internal/coding"},
	"github.com/rs/cors":        {"internal/guard"},
	"golang.org/x/time":         {"internal/guard"},
	"github.com/fergusstrange/": {"internal/devpg"},
	"github.com/pelletier/":     {"", "auth"},
	"gonum.org/":                {"internal/ramp"},
	"github.com/schollz/":       {"internal/cli"},
}

func TestFloors(t *testing.T) {
	t.Parallel()
	floorOf := map[string]int{}
	for floor, packages := range floors {
		for _, p := range packages {
			floorOf[p] = floor
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := within(p.ImportPath)
		floor, known := floorOf[name]
		if !known {
			t.Errorf("%q is on no floor: add it to the table in this test, where it belongs", name)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module) {
				target := within(imported)
				if below, ok := floorOf[target]; !ok || below >= floor {
					t.Errorf("%q (floor %d) imports %q (floor %d): only lower floors may be imported", name, floor, target, below)
				}
				if allowed, ok := narrowed[name]; ok && !slices.Contains(allowed, target) {
					t.Errorf("%q imports %q, but may import only %q", name, target, allowed)
				}
			}
			for library, users := range outside {
				if strings.HasPrefix(imported, library) && !mayUse(users, name) {
					t.Errorf("%q imports %s: only %q may", name, imported, users)
				}
			}
		}
	}
}

// TestCodeMapIsCurrent: the page about the architecture names every package of the library, and none that is not there.
func TestCodeMapIsCurrent(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/explain/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(floors...) {
		library := strings.HasPrefix(p, "internal/") && strings.Count(p, "/") == 1 || slices.Contains([]string{"pool", "schema", "auth", "fraiseqltest"}, p)
		if library && !strings.Contains(string(page), "| `"+p+"`") && !strings.Contains(string(page), ", `"+p+"`") {
			t.Errorf("docs/explain/architecture.md does not say what %s has", p)
		}
	}
	for _, named := range regexp.MustCompile("`(internal/[^`]+)`").FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(named[1]); err != nil {
			t.Errorf("docs/explain/architecture.md names what is not there: %v", err)
		}
	}
}

func mayUse(users []string, name string) bool {
	return slices.ContainsFunc(users, func(u string) bool {
		return u == name || strings.HasSuffix(u, "/") && strings.HasPrefix(name, u)
	})
}

// within gives a package's path inside the module; the root is the empty string.
func within(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

//go:build unix

// Package docs_test runs what the documents show: every fenced block of README.md and of docs/ is executed, compiled,
// loaded or compared, or says why it cannot be. See mark for how a page tells.
package docs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// TestDocs runs the pages, each on a database of its own.
func TestDocs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal("curl is not installed, and the documents use it")
		}
		t.Skip("curl is not installed, and the documents use it")
	}
	pgtest.New(t) // where there is no PostgreSQL, nothing is built either
	shared := &tools{root: root(t), bin: t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", shared.bin, "./cmd/fraiseql")
	build.Dir = shared.root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var ran, notRun atomic.Int64
	t.Cleanup(func() { t.Logf("%d blocks ran, %d cannot run and say why", ran.Load(), notRun.Load()) })
	for name, all := range pages(t, shared.root) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPage(t, shared, all)
			for _, b := range all {
				if _, ok := b.mark("not run"); ok {
					notRun.Add(1)
				}
				if err := p.run(b); err != nil {
					t.Fatalf("%s: %v", b.where(), err)
				}
			}
			ran.Add(int64(p.ran))
		})
	}
}

// TestFragmentsCompile compiles the blocks of Go that are no whole programs, all at once.
func TestFragmentsCompile(t *testing.T) {
	t.Parallel()
	dir, here := t.TempDir(), root(t)
	if err := module(here, dir); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, all := range pages(t, here) {
		for _, b := range all {
			_, not := b.mark("not run")
			_, file := b.mark("file")
			if b.language != "go" || not || file || b.isProgram() {
				continue
			}
			text, err := b.fragment()
			if err != nil {
				t.Errorf("%s: %v", b.where(), err)
				continue
			}
			n++
			writeFragment(t, dir, b, text)
		}
	}
	if out, err := compile(t, dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d fragments compiled", n)
}

func writeFragment(t *testing.T, dir string, b block, text string) {
	t.Helper()
	folder := filepath.Join(dir, strings.NewReplacer("/", "_", ".", "_", ":", "_").Replace(b.where()))
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "fragment.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func compile(t *testing.T, dir string) (string, error) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "./...")
	build.Dir, build.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod -buildvcs=false")
	out, err := build.CombinedOutput()
	return string(out), err
}

// root is the folder of the checkout.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// pages are README.md and the pages of docs/ with their blocks.
func pages(t *testing.T, root string) map[string][]block {
	t.Helper()
	names := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
			name, err := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]block{}
	for _, name := range names {
		found, err := blocks(name, read(t, root, name))
		if err != nil {
			t.Errorf("%v", err)
		}
		all[name] = found
	}
	if len(names) < 2 {
		t.Fatal("no pages in docs/")
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(?:db_client_connection|fraiseql_pool)(?:_[a-z]+)+\b`)
	variable   = regexp.MustCompile(`\bFRAISEQL_[A-Z_]+\b`)
	relative   = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	code       = regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]+`") // blocks, and code within a line
	heading    = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestNamesExist looks at what pages name outside of blocks too: metrics, variables, and other pages with their headings.
func TestNamesExist(t *testing.T) {
	t.Parallel()
	here := root(t)
	metrics := map[string]bool{}
	for _, m := range ops.PoolMetrics() {
		name := m.Prometheus()
		metrics[name] = true
		if m.Kind == ops.Histogram {
			metrics[name+"_sum"], metrics[name+"_count"], metrics[name+"_bucket"] = true, true, true
		}
		for _, attribute := range m.Attributes() {
			metrics[strings.ReplaceAll(attribute, ".", "_")] = true
		}
	}
	variables := map[string]bool{"FRAISEQL_REQUIRE_PG": true, "FRAISEQL_SLOW": true, "FRAISEQL_A_B": true, "FRAISEQL_CONFIG": true}
	for _, p := range fraiseql.Parameters() {
		variables[p.Variable()] = true
	}
	for name := range pages(t, here) {
		text := read(t, here, name)
		for _, found := range metricName.FindAllString(text, -1) {
			if !metrics[found] {
				t.Errorf("%s: there is no metric %s", name, found)
			}
		}
		for _, found := range variable.FindAllString(text, -1) {
			if !variables[found] {
				t.Errorf("%s: there is no variable %s", name, found)
			}
		}
		for _, found := range relative.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			target := filepath.Join(filepath.Dir(name), found[1])
			if found[1] == "" {
				target = name
			}
			if _, err := os.Stat(filepath.Join(here, target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, found[0])
			} else if found[2] != "" && !slices.Contains(anchors(read(t, here, target)), found[2]) {
				t.Errorf("%s: the link %s leads to no heading", name, found[0])
			}
		}
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchors are the names under which the headings of a page can be linked to.
func anchors(text string) (all []string) {
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, found[1]))
	}
	return all
}

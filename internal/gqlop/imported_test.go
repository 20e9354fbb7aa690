package gqlop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// importedCase is one of graphql-js's validation cases, which gqlparser's module carries.
type importedCase struct {
	Name   string `yaml:"name"`
	Rule   string `yaml:"rule"`
	Schema string `yaml:"schema"`
	Query  string `yaml:"query"`
	Errors []struct {
		Message   string `yaml:"message"`
		Locations []struct {
			Line   int `yaml:"line"`
			Column int `yaml:"column"`
		} `yaml:"locations"`
	} `yaml:"errors"`
}

var definition = regexp.MustCompile(`(?m)^\s*(extend |type |schema )`)

// deviations are the cases whose verdict differs, each with its reason.
var deviations = map[string]string{
	"ValuesOfCorrectTypeRule/Invalid input object value/reports error for custom scalar that returns undefined": "a custom scalar's literal is read when arguments are coerced, with an error of its own",
}

// outside are the files whose rules do not concern executable documents of this edition.
var outside = map[string]string{
	"NoDeprecatedCustomRule":          "optional, not in the specification: a deprecated field may be asked for",
	"NoSchemaIntrospectionCustomRule": "optional, not in the specification: ours reports __schema and __type, not each field below them; tested on its own",
}

func TestImportedCases(t *testing.T) {
	t.Parallel()
	dir := importedDir(t)
	var sdls []string
	readYAML(t, filepath.Join(dir, "schemas.yml"), &sdls)
	validators := make([]*gqlop.Validator, len(sdls))
	for i, sdl := range sdls {
		validators[i] = load(t, sdl)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.spec.yml"))
	own, _ := filepath.Glob(filepath.Join(dir, "..", "..", "spec", "*.spec.yml"))
	if len(files) < 30 || len(own) < 5 {
		t.Fatalf("%d and %d files", len(files), len(own))
	}
	files = append(files, own...)
	var all, same atomic.Int64
	t.Cleanup(func() {
		t.Logf("figure: validation cases of graphql-js and gqlparser with the same verdict: %d of %d", same.Load(), all.Load())
	})
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".spec.yml")
		if _, skip := outside[name]; skip {
			continue
		}
		var cases []importedCase
		readYAML(t, file, &cases)
		for _, c := range cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				v := (*gqlop.Validator)(nil)
				if i, err := strconv.Atoi(c.Schema); err == nil {
					v = validators[i]
				} else {
					v = load(t, c.Schema)
				}
				faults := runImported(v, c)
				if all.Add(1); len(faults) == 0 {
					same.Add(1)
				}
				if why := deviations[name+"/"+c.Name]; why != "" {
					if len(faults) == 0 {
						t.Errorf("it fits: take it out of the deviations (%s)", why)
					}
					t.Logf("deviation: %s/%s: %s", name, c.Name, why)
					return
				}
				for _, fault := range faults {
					t.Error(fault)
				}
			})
		}
	}
}

// runImported tells in what the verdict differs.
func runImported(v *gqlop.Validator, c importedCase) (faults []string) {
	differs := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	doc, err := parser.ParseQuery(&ast.Source{Input: c.Query})
	if err != nil {
		// Type definitions in a request are refused by the parser, for what they are.
		if len(c.Errors) == 0 && !definition.MatchString(c.Query) {
			differs("it does not parse: %v", err)
		}
		return faults
	}
	limits := gqlop.Limits{MaxTokens: -1, MaxDepth: -1, MaxAliases: -1, MaxRootFields: -1, MaxErrors: -1}
	var got []gqlop.Finding
	for _, f := range v.Check(doc, limits) {
		if c.Rule == "" || f.Rule == c.Rule {
			got = append(got, f)
		}
	}
	var lines [][]int
	for _, e := range c.Errors {
		var of []int
		for _, at := range e.Locations {
			of = append(of, at.Line)
		}
		lines = append(lines, of)
	}
	// graphql-js reports a conflict at the outermost pair of fields and for each pair; here
	// it stands at the fields that differ, once for each that differs from the first.
	// A limit stops at the first place that is above it.
	// gqlparser's own cases name no rule, and count a fragment's faults for each of its uses.
	verdict := c.Rule == "OverlappingFieldsCanBeMerged" || c.Rule == "MaxIntrospectionDepth" || c.Rule == ""
	if len(got) != len(c.Errors) && !(verdict && len(got) > 0 && len(c.Errors) > 0) {
		differs("%d faults, want %d", len(got), len(c.Errors))
	}
	for _, f := range got {
		if len(f.Err.Locations) == 0 {
			differs("%s: no location", f.Err.Message)
			continue
		}
		// gqlparser's own cases of merging name the outermost field only.
		if verdict && len(lines) > 0 && len(lines[0]) == 1 {
			continue
		}
		if !slices.ContainsFunc(lines, func(of []int) bool {
			return len(of) == 0 || c.Rule == "" || slices.Contains(of, f.Err.Locations[0].Line)
		}) {
			differs("%s: at line %d, want one of %v", f.Err.Message, f.Err.Locations[0].Line, lines)
		}
	}
	if len(faults) > 0 {
		for _, e := range c.Errors {
			differs("want %v", e)
		}
		for _, f := range v.Check(doc, limits) {
			differs("got %s %v %v", f.Rule, f.Err, f.Err.Locations)
		}
		differs("%s", c.Query)
	}
	return faults
}

func load(t *testing.T, sdl string) *gqlop.Validator {
	t.Helper()
	v, err := gqlop.NewValidator(sdl)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func importedDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/vektah/gqlparser/v2").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "validator", "imported", "spec")
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

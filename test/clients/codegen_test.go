package clients_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTypeScript has graphql-codegen type the documents of an app by the schema, and TypeScript compile the app.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	sdl := sdl(t)
	code, err := os.ReadFile("typed.ts")
	if err != nil {
		t.Fatal(err)
	}
	compile := func(replace ...string) (types int, faults []string) {
		t.Helper()
		dir := t.TempDir()
		for name, text := range map[string]string{"schema.graphql": string(sdl), "typed.ts": strings.NewReplacer(replace...).Replace(string(code))} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var v struct {
			Types  int
			Faults []string
		}
		if out := node(t, "@graphql-codegen/cli", dir, "codegen.mjs"); json.Unmarshal(out, &v) != nil {
			t.Fatalf("codegen.mjs printed %s", out)
		}
		return v.Types, v.Faults
	}
	types, faults := compile()
	for _, fault := range faults {
		t.Error(fault)
	}
	if types < 50 {
		t.Errorf("only %d types were made", types)
	}
	if documents := strings.Count(string(code), "graphql(`"); len(faults) == 0 {
		t.Logf("figure: documents typed by graphql-codegen that TypeScript compiles: %d of %d", documents, documents)
	}
	// What takes everything tells nothing.
	for _, c := range [...]struct{ replace, want []string }{
		{[]string{"const title: string", "const title: number", `icontains: "index"`, "icontains: 3"}, []string{"'string' is not assignable to type 'number'", "'number' is not assignable to type"}},
		{[]string{"      publishedAt\n", "      publishedOn\n"}, []string{`Cannot query field "publishedOn" on type "Post"`}},
	} {
		_, faults := compile(c.replace...)
		for _, want := range c.want {
			if !strings.Contains(strings.Join(faults, "\n"), want) {
				t.Errorf("with %q the faults are %q, want %s", c.replace, faults, want)
			}
		}
	}
}

// Package pagetest holds what is demanded of every page: nothing from elsewhere, nothing inline, text never read as code, and
// scripts whose own tests pass, on the sources and on what is served.
package pagetest

import (
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Files are the files of a folder by name, as a browser gets them from h.
func Files(t testing.TB, h http.Handler, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/any/"+entry.Name(), nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: status %d", entry.Name(), w.Code)
		}
		files[entry.Name()] = w.Body.String()
	}
	if len(files) < 5 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

var (
	address = regexp.MustCompile(`(?i)https?:|["'(=]//\w|@import|\bwss?:`)
	danger  = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|createContextualFragment|javascript:|setAttribute\(["']style`)
	inline  = regexp.MustCompile(`\son\w+=|\sstyle=|<style`)
)

// Harmless fails the test when a page or one of its files names another host, has inline code or style, or can read text as
// code.
func Harmless(t testing.TB, page string, files map[string]string) {
	t.Helper()
	all := maps.Clone(files)
	all["the page"] = page
	for name, body := range all {
		body = strings.ReplaceAll(body, `xmlns="http://www.w3.org/2000/svg"`, "") // the name of a language, never loaded
		body = strings.ReplaceAll(body, `"http://www.w3.org/2000/svg"`, "")       // the same in a script
		if found := address.FindString(body); found != "" {
			t.Errorf("%s mentions another address: %q", name, found)
		}
		if found := danger.FindString(body); found != "" {
			t.Errorf("%s uses %s", name, found)
		}
	}
	if found := inline.FindString(page); found != "" {
		t.Errorf("the page has inline code or style, which its policy forbids: %q", found)
	}
}

// Modules runs the scripts' own tests, those of the folder jstest, on the sources in assets and on the files as they are served. The tests
// find the scripts in the folder that PAGE_ASSETS names.
func Modules(t *testing.T, files map[string]string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" { // nothing may be skipped then
			t.Fatal("node is not installed, and runs the scripts' tests")
		}
		t.Skip("node is not installed")
	}
	squeezed := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(squeezed, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(squeezed, "package.json"), []byte(`{"type": "module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Abs("assets")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := fs.Glob(os.DirFS("."), "jstest/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests of the modules found: %v", err)
	}
	for name, folder := range map[string]string{"sources": sources, "served": squeezed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scripts, _ := filepath.Glob(filepath.Join(folder, "*.js"))
			const parse = `const {readFileSync} = require("fs"), {SourceTextModule} = require("vm");
				for (const file of process.argv.slice(1)) new SourceTextModule(readFileSync(file, "utf8"), {identifier: file});`
			args := append([]string{"--no-warnings", "--experimental-vm-modules", "-e", parse}, scripts...)
			if out, err := exec.CommandContext(t.Context(), node, args...).CombinedOutput(); err != nil {
				t.Errorf("a module cannot be read: %v\n%s", err, out)
			}
			command := exec.CommandContext(t.Context(), node, append([]string{"--test"}, tests...)...)
			command.Env = append(os.Environ(), "PAGE_ASSETS="+folder)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("node --test: %v\n%s", err, out)
			}
		})
	}
}

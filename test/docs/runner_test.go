//go:build unix

package docs_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestBlocks: what a page may say about its blocks, and what is refused.
func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no language":      {"```\nx\n```", "nothing is known about running"},
		"unknown language": {"```yaml\nx: 1\n```", `nothing is known about running "yaml"`},
		"loose output":     {"```text\nx\n```", "a text block is the output"},
		"no reason":        {"<!-- not run -->\n```yaml\nx: 1\n```", `"not run" needs a value`},
		"unknown mark":     {"<!-- sever -->\n```sh\ntrue\n```", `"sever" is not known`},
		"no end":           {"```sh\ntrue", "has no end"},
		"tildes":           {"~~~sh\ntrue\n~~~", "use ```"},
		"odd fence":        {"```sh title=x\ntrue\n```", "is not understood"},
		"a mark too far":   {"<!-- not run: x -->\nwords\n```yaml\nx: 1\n```", "nothing is known"},
	} {
		if _, err := blocks("page.md", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	all, err := blocks("page.md", "<!-- not run: needs\na cluster -->\n<!-- exit: 3 -->\n\n```yaml\nx: 1\n```\n\n- item\n\n  ```sh\n  true\n  ```\n")
	if err != nil || len(all) != 2 || all[0].line != 6 || all[1].text != "true\n" || len(all[1].marks) != 0 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if reason, ok := all[0].mark("not run"); !ok || reason != "needs\na cluster" {
		t.Errorf("got %q", reason)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, got string
		same       bool
	}{
		{"a\nb\n", "a\nb", true},
		{"a  \n\n", "a", true},
		{"a", "b", false},
		{"a", "a\nb", false},
		{"a…c", "abc", true},
		{"a…c", "ab\nc", false},
		{"a\n…\nd", "a\nb\nc\nd", true},
		{"a\n…\nd", "a\nd", true},
		{"a\n…\nd", "a\nb", false},
		{"a.c", "abc", false},
		{"", "a", false},
		{"…", "", true},
	} {
		if err := compare(c.shown, c.got); (err == nil) != c.same {
			t.Errorf("%q and %q: %v", c.shown, c.got, err)
		}
	}
}

func TestCompareJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, got string
		same       bool
	}{
		{"{ \"a\":\n[1, 2] }", `{"a":[1,2]}`, true},
		{`{"a": "x y"}`, `{"a":"xy"}`, false},
		{`{"a": "\" x"}`, `{"a":"\" x"}`, true},
		{`{"a": "\" x"}`, `{"a":"\"x"}`, false},
		{`{"a": [1, …, 4]}`, `{"a":[1,2,3,4]}`, true},
		{`{"a": [1, …, 4]}`, `{"a":[1,2,3]}`, false},
		{`{"a": 1}`, `{"a":1,"b":2}`, false},
		{`{"a": 1.5}`, `{"a":1x5}`, false},
	} {
		if err := compareJSON(c.shown, c.got); (err == nil) != c.same {
			t.Errorf("%s and %s: %v", c.shown, c.got, err)
		}
	}
}

// TestFaultsOfBlocksAreFound: a page that tells what is not so fails.
func TestFaultsOfBlocksAreFound(t *testing.T) {
	t.Parallel()
	p := newPage(t, &tools{root: root(t), bin: t.TempDir()}, nil)
	for name, c := range map[string]struct{ text, want string }{
		"another output":       {"```console\n$ echo a\nb\n```", "it prints"},
		"an output too many":   {"```console\n$ true\nb\n```", "it prints"},
		"a command that fails": {"```sh\nfalse\ntrue\n```", "exit status 1"},
		"the wrong code":       {"<!-- exit: 2 -->\n```sh\nexit 3\n```", "exit status 3"},
		"no code":              {"<!-- exit: 2 -->\n```sh\ntrue\n```", "ended with code 0"},
		"no command":           {"```console\necho a\n```", "begins with a command"},
		"bad JSON":             {"```json\n{\"a\": …}\n```", "not JSON"},
		"an unknown option":    {"```toml\nconection_pool_size = 3\n```", "did you mean connection_pool_size"},
		"a bad program":        {"```go\npackage main\n\nfunc main() { nothing() }\n```", "undefined: nothing"},
		"a program that fails": {"```go\npackage main\n\nimport \"os\"\n\nfunc main() { os.Exit(4) }\n```", "exit status 4"},
		"a server that ends":   {"<!-- server -->\n```sh\necho over\n```", "the server ended"},
		"bad shell, not run":   {"<!-- not run: x -->\n```sh\nif true\n```", "exit status 2"},
		"a query to nobody":    {"```graphql\n{ a }\n```", "no server of the page is running"},
		"no such target":       {"<!-- not run: x -->\n```sh\nmake no-such-target\n```", "no-such-target"},
		"no such program":      {"<!-- not run: x -->\n```sh\ngo run ./no/such\n```", "no such file"},
	} {
		all, err := blocks(name+".md", c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range all {
			all[i].line += len(name) * 100 // each has a folder of its own
		}
		for _, b := range all {
			err = p.run(b)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestFaultsOfFragmentsAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := module(root(t), dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"x := foo(\n", "neither declarations nor statements"},
		{"Queries: nonsense here,\n", "neither declarations nor statements"},
		{"nobody.Knows()\n", "nothing is known of nobody"},
	} {
		if _, err := (block{page: "page.md", line: 1, language: "go", text: c.text}).fragment(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	b := block{page: "docs/page.md", line: 7, language: "go", text: "type A struct{ B []B }\n\ntype B struct{}\n\na, err := A{}, p.Close(ctx)\nif err != nil {\n\treturn err\n}\no.ConnectionPoolSise = 3\n"}
	text, err := b.fragment()
	if err != nil {
		t.Fatal(err)
	}
	writeFragment(t, dir, b, text)
	fields := block{page: "docs/page.md", line: 30, language: "go", text: "Queries: []fraiseql.Query{fraiseql.List[User](\"users\")},\nConnectionPoolSise: 3,\n"}
	if text, err = fields.fragment(); err != nil {
		t.Fatal(err)
	}
	writeFragment(t, dir, fields, text)
	out, err := compile(t, dir)
	if err == nil || !strings.Contains(out, "page.md:15: o.ConnectionPoolSise undefined") || !strings.Contains(out, "page.md:31: unknown field ConnectionPoolSise") || strings.Count(out, "page.md:") != 2 {
		t.Errorf("got %v\n%s", err, out)
	}
}

// TestAddresses: a page's addresses stand for the test's.
func TestAddresses(t *testing.T) {
	t.Parallel()
	p := &page{t: t, ports: map[string]string{"8000": "41000", "8080": "42000"}, db: &pgtest.DB{URL: "postgres://postgres:pw@127.0.0.1:5555/test_x?sslmode=disable"}}
	for text, want := range map[string]string{
		"http://127.0.0.1:8000/pool":               "http://127.0.0.1:41000/pool",
		`app.Run(ctx, ":8080")`:                    `app.Run(ctx, ":42000")`,
		"--database-url postgres://localhost/shop": "--database-url postgres://postgres:pw@127.0.0.1:5555/test_x?sslmode=disable",
		"postgres://api:change-me@localhost/shop'": "postgres://api:change-me@127.0.0.1:5555/test_x?sslmode=disable'",
		"n := 18000": "n := 18000",
	} {
		if got := p.here(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := p.there("GraphQL  http://127.0.0.1:41000/graphql"); got != "GraphQL  http://127.0.0.1:8000/graphql" {
		t.Errorf("got %s", got)
	}
}

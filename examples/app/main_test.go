package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsThisProgram keeps the README's program equal to the one that is compiled.
func TestReadmeShowsThisProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```go\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !ok || !closed {
		t.Fatal("the README has no Go code")
	}
	rest := words(string(program))
	for line := range strings.Lines(block) {
		_, behind, found := strings.Cut(rest, words(line))
		if !found {
			t.Fatalf("the README shows %q, which does not follow in main.go", line)
		}
		rest = behind
	}
}

// words leaves layout out.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

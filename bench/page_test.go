package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of the page anew from its figures")

// The page that quotes the figures, and the run they come from: go run ./bench -json docs/explain/performance.json
const (
	page        = "../docs/explain/performance.md"
	pageFigures = "../docs/explain/performance.json"
	tableStart  = "### As measured\n\n"
	tableEnd    = "### How to read it\n"
)

// TestPageQuotesTheFigures holds the table of the page to the run that is kept beside it.
func TestPageQuotesTheFigures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(pageFigures)
	if err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) == 0 || r.Rounds < 3 {
		t.Fatalf("%s holds %d targets of %d rounds: keep a whole run", pageFigures, len(r.Targets), r.Rounds)
	}
	markdown, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(markdown), tableStart)
	table, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q … %q", page, tableStart, tableEnd)
	}
	want := r.markdown() + "\n"
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the table is not that of %s: go test ./bench -run PageQuotes -update", pageFigures)
	}
	if err := os.WriteFile(page, []byte(before+tableStart+want+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// markdown is the same table for a page of the documentation, under a line that says how it was measured.
func (r result) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, PostgreSQL %s, %d CPUs, pools of %d, %d rounds of %s, %s:\n\n", r.Go, r.Postgres, r.CPUs, r.Pool, r.Rounds, r.Slot,
		r.At.Format("January 2006"))
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(targetHead, " | "), strings.Repeat("---|", len(targetHead)))
	for _, v := range r.Targets {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(v.row(), " | "))
	}
	return b.String()
}

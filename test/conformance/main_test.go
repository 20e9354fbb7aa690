package main

import (
	"strings"
	"testing"
)

// TestTable: a figure that is missing, too small or below its target is seen.
func TestTable(t *testing.T) {
	t.Parallel()
	all := map[string][2]int{}
	for _, f := range figures {
		all[f.name] = [2]int{f.least, f.least}
	}
	var out strings.Builder
	if !table(&out, all, 0) || strings.Contains(out.String(), "MISSED") {
		t.Errorf("all is well, but it says\n%s", &out)
	}
	first := figures[0]
	for name, change := range map[string]func(map[string][2]int){
		"missing":   func(m map[string][2]int) { delete(m, first.name) },
		"too few":   func(m map[string][2]int) { m[first.name] = [2]int{1, 1} },
		"one wrong": func(m map[string][2]int) { m[first.name] = [2]int{first.least - 1, first.least} },
	} {
		told := map[string][2]int{}
		for k, v := range all {
			told[k] = v
		}
		change(told)
		out.Reset()
		if table(&out, told, 0) || strings.Count(out.String(), "MISSED") != 1 {
			t.Errorf("%s: it says\n%s", name, &out)
		}
	}
}

func TestFigureLines(t *testing.T) {
	t.Parallel()
	got := figureLine.FindStringSubmatch("    audit_test.go:32: figure: checks passed: 60 of 61")
	if len(got) != 4 || got[1] != "checks passed" || got[2] != "60" || got[3] != "61" {
		t.Errorf("got %q", got)
	}
	if n := noteLine.FindStringSubmatch("x_test.go:3: deviation: a/b: why"); len(n) != 2 || n[1] != "a/b: why" {
		t.Errorf("got %q", n)
	}
}

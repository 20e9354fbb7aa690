package main

import (
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	t.Parallel()
	var c collector
	c.line("TestA/sub", "x_test.go:3: attack: a hash of another | refused | 3 of 3")
	c.line("TestB", "x_test.go:4: attack: slow | cut | FAILED: held for an hour")
	c.line("TestC", "something else")
	c.ended("TestA/sub", "pass")
	c.ended("TestA", "pass")
	c.ended("TestB", "fail")
	c.ended("TestJWTForgeries", "pass")
	c.ended("TestSkipped", "skip")
	want := []row{
		{"a hash of another", "refused", "3 of 3", false},
		{"slow", "cut", "held for an hour", true},
		{"b", "as the test says", "the test failed", true},
		{"jwt forgeries", "as the test says", "passed", false},
		{"skipped", "as the test says", "skipped", true},
	}
	if len(c.rows) != len(want) {
		t.Fatalf("got %+v", c.rows)
	}
	for i, r := range c.rows {
		if r != want[i] {
			t.Errorf("got %+v, want %+v", r, want[i])
		}
	}
	var out strings.Builder
	if table(&out, c.rows) || strings.Count(out.String(), "FAILED") != 3 {
		t.Errorf("got\n%s", &out)
	}
	if !table(&out, c.rows[:1]) {
		t.Error("all is well, but it says otherwise")
	}
	if table(&out, nil) {
		t.Error("no attack at all is well")
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for test, want := range map[string]string{"TestHashPoisoning": "hash poisoning", "FuzzNoUserTextInSQL": "fuzz no user text in sql", "TestA": "a", "TestAProxyOfOne": "a proxy of one"} {
		if got := words(test); got != want {
			t.Errorf("%s: %q, want %q", test, got, want)
		}
	}
}

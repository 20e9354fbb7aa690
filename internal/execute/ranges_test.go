package execute_test

import (
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/execute"
)

func TestRangeText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"empty":         "null null false false true",
		"[1,10)":        `"1" "10" true false false`,
		"(,)":           "null null false false false",
		"[,5]":          `null "5" true true false`,
		`["a,b","c)d"]`: `"a,b" "c)d" true true false`,
		`["a""b","c\"]`: "error",
		`["a""b",c\"d]`: `"a\"b" "c\"d" true true false`,
		`["",x)`:        `"" "x" true false false`,
		"[1,2":          "error",
		"[1)":           "error",
		"1,2":           "error",
		"[1,2,3)":       "error",
		"[1,2)x":        "error",
		"":              "error",
		`["2026-01-01 00:00:00+00","2026-01-01 10:00:00.5-03:30")`: `"2026-01-01T00:00:00+00:00" "2026-01-01T10:00:00.5-03:30" true false false`,
		`["0044-03-15 00:00:00+00 BC",infinity)`:                   `"0044-03-15T00:00:00+00 BC" "infinity" true false false`,
	} {
		got := "error"
		if parts, err := execute.RangeParts([]byte(text)); err == nil {
			got = fmt.Sprintf("%s %s %s %s %s", parts[0], parts[1], parts[2], parts[3], parts[4])
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// Whatever a document holds, reading it as a range ends in parts or in an error.
func FuzzRange(f *testing.F) {
	for _, text := range []string{"empty", "[1,2)", `["a""b",\)`, "(,", `["`, "[,]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if parts, err := execute.RangeParts([]byte(text)); err == nil && len(parts) != 5 {
			t.Errorf("%q: %q", text, parts)
		}
	})
}

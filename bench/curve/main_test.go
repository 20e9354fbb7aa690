package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

func TestMeasure(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var out strings.Builder
	o, err := parseFlags([]string{"-database-url", db.URL, "-sizes", "1,3", "-rounds", "2", "-slot", "20ms", "-workers", "5"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it leaves nothing behind
		out.Reset()
		if err := measure(t.Context(), o, &out); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "5 callers") || strings.Fields(lines[3])[0] != "1" || strings.Fields(lines[4])[0] != "3" || !strings.Contains(out.String(), "100 %") {
		t.Errorf("got\n%s", &out)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	var messages strings.Builder
	for _, bad := range [][]string{{"x"}, {"-sizes", "2,0"}, {"-sizes", "a"}, {"-rounds", "0"}, {"-nonsense"}} {
		if _, err := parseFlags(bad, &messages); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if o, err := parseFlags([]string{"-quick"}, &messages); err != nil || o.rounds != 3 || o.slot != 300*time.Millisecond || len(o.sizes) != 6 {
		t.Errorf("got %+v, %v", o, err)
	}
}

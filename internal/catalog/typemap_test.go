package catalog_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

// TestScalarsPage: the page about scalars has each of PostgreSQL's types in the row of the scalar that it usually is.
func TestScalarsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reference/scalars.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // PostgreSQL's types by scalar
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.HasPrefix(cells[1], " `") {
			rows[strings.Trim(cells[1], " `")] = cells[2]
		}
	}
	for _, name := range catalog.BuiltinNames() {
		shown := name
		if name == "bpchar" {
			shown = "char" // as SQL spells it
		}
		scalars := catalog.ScalarsFor(name)
		if len(scalars) == 0 || !strings.Contains(rows[scalars[0]], "`"+shown+"`") {
			t.Errorf("docs/reference/scalars.md does not have %s in the row of %v: it has %q", shown, scalars, rows)
		}
	}
}

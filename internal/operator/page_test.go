package operator_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/operator"
)

// The page about filters names every operator.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reference/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	for class := operator.Plain; class <= operator.List; class++ {
		for _, o := range operator.For(class) {
			if !strings.Contains(string(page), "`"+o.Name+"`") {
				t.Errorf("docs/reference/filters.md does not name %s", o.Name)
			}
		}
	}
}

package fault_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

var update = flag.Bool("update", false, "write the reference page")

// TestPageIsCurrent keeps docs/reference/errors.md equal to the table.
func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Error codes

Each GraphQL error has its code in ` + "`extensions.code`" + `. The HTTP status is that of an answer that has no data because of the
error, for clients that accept ` + "`application/graphql-response+json`" + `; an error beside data does not change the status. With
503 comes ` + "`Retry-After`" + `. ` + "`INTERNAL` and `DATABASE_ERROR`" + ` carry ` + "`extensions.requestId`" + `, under which the log has the cause.

| code | status | meaning | cure |
|---|---|---|---|
`)
	for _, row := range fault.Table() {
		fmt.Fprintf(&page, "| `%s` | %d | %s | %s |\n", row.Code, row.Status, row.Meaning, row.Cure)
	}
	const path = "../../docs/reference/errors.md"
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(path)
	if err != nil || string(found) != page.String() {
		t.Errorf("%s is not current (%v): go test ./internal/fault -update", path, err)
	}
}

// Package matrix_test runs every operator of every filter that the schema offers on a real
// PostgreSQL: on native columns, on a stored document and on a document that a view makes. What
// comes back is compared with the same condition evaluated in Go. The fields and the operators
// are read from the served schema, so that one without a reference here fails the test.
package matrix_test

import (
	"testing"

	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

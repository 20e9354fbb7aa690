package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// read gives a file of deploy/.
func read(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

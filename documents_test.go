package fraiseql_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// byHash asks by GET for the document of a hash.
func byHash(h http.Handler, text string) (int, string) {
	sum := sha256.Sum256([]byte(text))
	w := fetch(h, "/graphql?documentId=sha256:"+hex.EncodeToString(sum[:]), "Content-Type", "application/json")
	return w.Code, w.Body.String()
}

func TestPersistedQueriesBytes(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	const query = `{people{name}}`
	for bytes, want := range map[int]string{0: `"Ada"`, 1 << 20: `"Ada"`, -1: "PERSISTED_QUERY_NOT_SUPPORTED"} {
		o := personOptions(url)
		o.PersistedQueriesBytes = bytes
		a := started(t, o)
		sum := sha256.Sum256([]byte(query))
		register := fmt.Sprintf(`/graphql?query=%s&extensions={"persistedQuery":{"version":1,"sha256Hash":"%s"}}`, query, hex.EncodeToString(sum[:]))
		if w := fetch(a, strings.ReplaceAll(register, `"`, "%22")); w.Code != 200 || !strings.Contains(w.Body.String(), "Ada") {
			t.Errorf("%d: %d %s", bytes, w.Code, w.Body)
		}
		if code, body := byHash(a, query); !strings.Contains(body, want) {
			t.Errorf("%d: %d %s, want %s", bytes, code, body, want)
		}
	}
}

func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	file := filepath.Join(t.TempDir(), "manifest.json")
	const good, old = `query Names { people { name } }`, `query Old { people { shoeSize } }`
	manifest := fmt.Sprintf(`{"sha256:%x": "%s", "old": "%s"}`, sha256.Sum256([]byte(good)), good, old)
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	o := personOptions(url)
	o.TrustedDocuments, o.Logger = file, slog.New(slog.NewTextHandler(&log, nil))
	a := started(t, o)
	for _, want := range []string{"name=Old", "id=old", "shoeSize", "count=1 of=2"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, &log)
		}
	}
	if strings.Contains(log.String(), "name=Names") {
		t.Errorf("a good document is told:\n%s", &log)
	}
	if code, body := byHash(a, good); code != 200 || !strings.Contains(body, "Ada") {
		t.Errorf("trusted: %d %s", code, body)
	}
	if code, body := byHash(a, `{ people { id } }`); !strings.Contains(body, "PERSISTED_QUERY_NOT_FOUND") {
		t.Errorf("another one: %d %s", code, body)
	}
	if w := ask(a, good); !strings.Contains(w.Body.String(), "PERSISTED_QUERY_ID_REQUIRED") {
		t.Errorf("the text: %s", w.Body)
	}
	if w := fetch(a, "/graphql?documentId=old", "Content-Type", "application/json"); !strings.Contains(w.Body.String(), "GRAPHQL_VALIDATION_FAILED") {
		t.Errorf("one that does not fit: %s", w.Body)
	}
	if w := fetch(a, "/graphql", "Accept", "text/html"); strings.Contains(w.Body.String(), "<html") {
		t.Error("the explorer is served, whose queries would all be refused")
	}

	for text, want := range map[string]string{"{}": "no documents", "": "no JSON object"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "TrustedDocuments: "+file) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	o.TrustedDocuments = "/does/not/exist"
	if err := newApp(t, o).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "TrustedDocuments: open /does/not/exist") {
		t.Errorf("no file: %v", err)
	}
}

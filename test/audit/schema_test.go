package audit_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fraiseql/fraiseql-go/examples"
)

// verdict is what schema.mjs prints.
type verdict struct {
	Types  int
	Faults []string
	SDL    string
}

// TestGraphQLJSReadsTheSchema has the reference implementation build a schema out of introspection and another out of
// /schema.graphql, and compare them.
func TestGraphQLJSReadsTheSchema(t *testing.T) {
	t.Parallel()
	var alike atomic.Int64
	t.Cleanup(func() {
		t.Logf("figure: schemas that graphql-js reads alike by introspection and as SDL: %d of %d", alike.Load(), len(examples.Names()))
	})
	for _, name := range examples.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if !t.Failed() {
					alike.Add(1)
				}
			}()
			v := judge(t, serve(t, name, nil))
			for _, fault := range v.Faults {
				t.Error(fault)
			}
			want := map[string][]string{
				"blog":  {"What \"blog\" tells.", "type Query {", "input PostWhereInput {", "enum PostStatus {", "Tips received, exact to the cent."},
				"world": {"What \"world\" tells.", "type Country {", "input CountryOrderByInput", "ISO 3166-1, two letters."},
			}[name]
			for _, part := range want {
				if !strings.Contains(v.SDL, part) {
					t.Errorf("%q is not in the schema that introspection tells", part)
				}
			}
			if v.Types < 20 {
				t.Errorf("the schema has %d types, want 20 or more", v.Types)
			}
		})
	}
}

// TestGraphQLJSFindsFaults puts each kind of fault between the app and graphql-js: a comparison that finds none of them
// compares nothing.
func TestGraphQLJSFindsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, old, new, fault string }{
		"another description": {"/schema.graphql", "ISO 3166-1, two letters.", "ISO 3166-1.", `line `},
		"a field too few":     {"/graphql", `"name":"capital",`, `"name":"capitals",`, `line `},
		"a reference to none": {"/graphql", `"name":"Continent","ofType"`, `"name":"Contingent","ofType"`, "introspection: "},
		"no SDL":              {"/schema.graphql", "type Country ", "typ Country ", "schema.graphql: Syntax Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, "world", func(app http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != c.path {
						app.ServeHTTP(w, r)
						return
					}
					r.Header.Del("Accept-Encoding")
					answer := httptest.NewRecorder()
					app.ServeHTTP(answer, r)
					body := answer.Body.String()
					if !strings.Contains(body, c.old) {
						t.Errorf("%s is not at %s", c.old, c.path)
					}
					w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
					w.WriteHeader(answer.Code)
					_, _ = w.Write([]byte(strings.ReplaceAll(body, c.old, c.new))) // what the script got it says itself
				})
			})
			v := judge(t, url)
			if !strings.Contains(strings.Join(v.Faults, "\n"), c.fault) {
				t.Errorf("the faults are %q, want one with %q", v.Faults, c.fault)
			}
		})
	}
}

func judge(t *testing.T, url string) verdict {
	t.Helper()
	var v verdict
	if out := node(t, "graphql", "schema.mjs", url); json.Unmarshal(out, &v) != nil {
		t.Fatalf("schema.mjs printed %s", out)
	}
	return v
}

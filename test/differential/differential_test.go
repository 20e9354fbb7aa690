// Package differential_test compares the app with graphql-js: random operations over random schemas and rows go to both,
// to the app over HTTP on a real PostgreSQL and to graphql-js on the same rows as plain data. The data must be the same to
// the byte, and the errors must have the same paths and locations in the same order. It needs node, and "npm ci" in this
// folder.
package differential_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// differences are those that are meant to be, by a part of what tells them, with the reason. There is none.
var differences = map[string]string{}

// found is a world with operations, as the corpus keeps it.
type found struct {
	About      string `json:",omitempty"`
	World      *world
	Operations []request
}

// TestRandomOperations draws worlds, and operations for each.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	n := 10
	if os.Getenv("FRAISEQL_SLOW") == "1" {
		n = 10_000 / operationsOfAWorld
	}
	seed := time.Now().UnixNano()
	t.Logf("worlds from seed %d", seed)
	var compared, equal, refused, failing atomic.Int64
	t.Run("worlds", func(t *testing.T) {
		for i := range n {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				w := worlds().Example(int(uint64(seed)>>16) + i)
				s := serve(t, w)
				file := filepath.Join("testdata", "failed", fmt.Sprintf("%d-%d.json", seed, i))
				ops := operations(w, s.schema)
				rapid.Check(t, func(r *rapid.T) {
					q := ops.Draw(r, "operation")
					verdict := s.compare(r, q)
					compared.Add(1)
					switch {
					case verdict.refused:
						refused.Add(1)
					case verdict.errors > 0:
						failing.Add(1)
					}
					if verdict.difference == "" {
						equal.Add(1)
					} else {
						keep(r, file, found{World: w, Operations: []request{q}})
						r.Fatalf("%s\n%s\nthe world and the operation are in %s: once mended, keep it in testdata", q.Query, verdict.difference, file)
					}
				})
			})
		}
	})
	t.Logf("figure: random operations answered as graphql-js answers them: %d of %d", equal.Load(), compared.Load())
	t.Logf("of these, %d are refused by both and %d have errors beside the data", refused.Load(), failing.Load())
	if all := compared.Load(); !t.Failed() && (refused.Load() > all/3 || failing.Load() < all/10 || refused.Load() == 0) {
		t.Errorf("too many operations are refused, or too few: the generator has lost its way")
	}
}

// keep writes what differs where the next look finds it.
func keep(r *rapid.T, file string, f found) {
	text, err := json.MarshalIndent(f, "", "\t")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		r.Fatal(err)
	}
}

// TestCorpus replays what was found before. REPLAY names one file in its place.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if one := os.Getenv("REPLAY"); one != "" {
		files = []string{one}
	}
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata: %v", err)
	}
	var same atomic.Int64
	t.Cleanup(func() {
		t.Logf("figure: worlds of the corpus answered as graphql-js answers them: %d of %d", same.Load(), len(files))
	})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var f found
			if err := json.Unmarshal(text, &f); err != nil {
				t.Fatal(err)
			}
			s := serve(t, f.World)
			for _, q := range f.Operations {
				if v := s.compare(t, q); v.difference != "" || v.unmodelled {
					t.Errorf("%s\n%s", q.Query, v.difference)
				}
			}
			if !t.Failed() {
				same.Add(1)
			}
		})
	}
}

// verdict is what a comparison came to.
type verdict struct {
	refused, unmodelled bool
	errors              int
	difference          string
}

func (s *site) compare(t rapid.TB, q request) verdict {
	t.Helper()
	want := s.oracle.ask(t, q)
	if want.Unmodelled != "" {
		return verdict{unmodelled: true}
	}
	got := s.post(t, q)
	v := verdict{refused: want.Refused != "", errors: len(want.Errors)}
	differ := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		for part := range differences {
			if strings.Contains(text, part) {
				return
			}
		}
		v.difference += text + "\n"
	}
	refused := got.Data == nil
	if want.Data == "null" && len(want.Errors[0].Path) == 0 {
		// graphql-js decides the root's @skip and @include when it runs, and gives data: null for those it cannot.
		want.Refused = want.Errors[0].Message
	}
	switch {
	case refused && want.Refused == "":
		differ("refused: %s\ngraphql-js: %s", got.body, want.Data)
		return v
	case !refused && want.Refused != "":
		differ("graphql-js refuses it: %s\ngot %s", want.Refused, got.body)
		return v
	case refused:
		return v
	}
	if string(got.Data) != want.Data {
		g, w := around(string(got.Data), want.Data)
		differ("got  %s\nwant %s", g, w)
	}
	if g, w := places(got.Errors), places(want.Errors); !slices.Equal(g, w) {
		differ("errors:\ngot  %v\nwant %v\n%s", strings.Join(g, " "), strings.Join(w, " "), got.body[max(0, len(got.body)-1000):])
	}
	return v
}

// around cuts two texts to where they begin to differ.
func around(a, b string) (string, string) {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	cut := func(s string) string { return s[max(at-300, 0):min(at+100, len(s))] }
	return cut(a), cut(b)
}

// maxPlaces is how many locations an error has at most, on purpose. graphql-js has no bound.
const maxPlaces = 50

// places writes where errors stand: their paths and locations.
func places(errors []fieldError) []string {
	out := make([]string, len(errors))
	for i, e := range errors {
		var path strings.Builder
		for _, step := range e.Path {
			fmt.Fprintf(&path, "/%v", step)
		}
		out[i] = path.String()
		for _, at := range e.Locations[:min(len(e.Locations), maxPlaces)] {
			out[i] += fmt.Sprintf("@%d:%d", at.Line, at.Column)
		}
	}
	return out
}

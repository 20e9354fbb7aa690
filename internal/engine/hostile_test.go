package engine_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// hostile are the shapes of documents that make a careless server work or grow out of proportion. Each makes a document
// of about the size given, in bytes.
var hostile = map[string]func(size int) string{
	"aliases":          func(size int) string { return around(size, `{users(limit:1){`, "a%d:id ", `}}`) },
	"fields":           func(size int) string { return around(size, `{users(limit:1){`, "id ", `}}`) },
	"fields, all rows": func(size int) string { return around(size, `{users{`, "id ", `}}`) },
	"one alias":        func(size int) string { return around(size, `{users(limit:1){`, "a:id a:name ", `}}`) },
	"roots":            func(size int) string { return around(size, `{`, "users{id} ", `}`) },
	"fragments": func(size int) string {
		return around(size/4, `{users(limit:1){`, "...f%d ", `}} `) + around(3*size/4, "", "fragment f%d on User{id} ", "")
	},
	"spreads": func(size int) string {
		return around(size, `{users(limit:1){`, "...f ", `}} fragment f on User{id name}`)
	},
	"spreads doubled": doubled,
	"directives":      func(size int) string { return around(size, `{users(limit:1){id `, "@include(if:true)", `}}`) },
	"lists of values": func(size int) string {
		return `{users(limit:` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2) + `){id}}`
	},
	"a wide list": func(size int) string { return around(size, `{users(limit:[`, "1,", `]){id}}`) },
	"lists of types": func(size int) string {
		return `query($v:` + strings.Repeat("[", size/2) + `Int` + strings.Repeat("]", size/2) + `){users(limit:$v){id}}`
	},
	"lists of types, shorter": func(size int) string {
		n := min(size/2, 7000)
		return around(size-2*n, `query($v:`+strings.Repeat("[", n)+`Int`+strings.Repeat("]", n)+`){users(limit:$v){id `, "#", "\n}}")
	},
	"depth":             func(size int) string { return strings.Repeat("{posts", size/7) + strings.Repeat("}", size/7) },
	"inline fragments":  func(size int) string { return strings.Repeat("{...", size/5) + strings.Repeat("}", size/5) },
	"errors":            func(size int) string { return around(size, `{users(limit:1){`, "x%d ", `}}`) },
	"errors, unlike":    func(size int) string { return around(size, `{users(limit:1){`, "x%d(a%d:$v%d)@d%d ", `}}`) },
	"a long name":       func(size int) string { return `{users{` + strings.Repeat("n", size) + `}}` },
	"long names":        func(size int) string { return around(size, `{users{`, strings.Repeat("n", 100)+"%d ", `}}`) },
	"a long string":     func(size int) string { return `{user(id:"` + strings.Repeat("s", size) + `"){id}}` },
	"a block of lines":  func(size int) string { return `{user(id:"""` + strings.Repeat("\n", size) + `"""){id}}` },
	"comments":          func(size int) string { return around(size, `{users(limit:1){id `, "#\n", `}}`) },
	"a comment":         func(size int) string { return `{users(limit:1){id #` + strings.Repeat("c", size) + "\n}}" },
	"blanks":            func(size int) string { return `{users(limit:1){id ` + strings.Repeat(",", size) + `}}` },
	"variables":         func(size int) string { return around(size, `query(`, "$v%d:Int ", `){users(limit:1){id}}`) },
	"variables, unlike": func(size int) string { return around(size, `query(`, "$v%d:Int=%d ", `){users(limit:$v0){id}}`) },
	"operations":        func(size int) string { return around(size, ``, "query Q%d{users{id}} ", ``) },
	"operations, alike": func(size int) string { return around(size, ``, "query Q{users{id}} ", ``) },
	"introspection": func(size int) string {
		return around(size, `{__schema{types{`, "a%d:fields{type{fields{type{name}}}} ", `}}}`)
	},
	"introspection, deep": func(size int) string {
		return `{__type(name:"User")` + strings.Repeat("{ofType", size/8) + "{name}" + strings.Repeat("}", size/8) + `}`
	},
	"not GraphQL": func(size int) string { return strings.Repeat("\\u0000}", size/7) },
}

// around repeats a part, in which %d is its number, between two others.
func around(size int, before, part, after string) string {
	var b strings.Builder
	b.WriteString(before)
	numbered := strings.Contains(part, "%d")
	for n := 0; b.Len() < size-len(after)-len(part); n++ {
		if numbered {
			b.WriteString(strings.ReplaceAll(part, "%d", fmt.Sprint(n)))
		} else {
			b.WriteString(part)
		}
	}
	b.WriteString(after)
	return b.String()
}

// doubled is a chain of fragments of which each spreads the next one twice.
func doubled(size int) string {
	var b strings.Builder
	b.WriteString(`{users(limit:1){...f0}} `)
	n := 0
	for ; b.Len() < size-100; n++ {
		fmt.Fprintf(&b, "fragment f%d on User{...f%d ...f%d} ", n, n+1, n+1)
	}
	fmt.Fprintf(&b, "fragment f%d on User{id}", n)
	return b.String()
}

// hostileBody is the body of a POST with a document, of at most size bytes.
func hostileBody(t testing.TB, shape func(int) string, size int) string {
	t.Helper()
	for document := size - 20; ; document -= document / 8 {
		body, err := json.Marshal(map[string]string{"query": shape(document)})
		if err != nil {
			t.Fatal(err)
		}
		if len(body) <= size || document < 100 {
			return string(body)
		}
	}
}

// receive serves a body as a client would have sent it.
func receive(h http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// api is an engine behind its transport, as an app has it by default.
func api(t testing.TB) http.Handler {
	t.Helper()
	return httpapi.New(httpapi.Options{Executor: start(t, "blog"), Logger: slog.New(slog.DiscardHandler)})
}

// allocated is how many bytes f has allocated, by this goroutine or another one: at least as many as were live at once.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// FuzzHostile builds bodies of a shape and a size: none may make the server panic, be without an answer, or allocate more
// than a constant and a multiple of its length.
func FuzzHostile(f *testing.F) {
	var names []string
	for name := range hostile {
		names = append(names, name)
	}
	for i := range names {
		f.Add(uint8(i), uint8(i*7), uint32(1000))
		f.Add(uint8(i), uint8(i), uint32(20_000))
	}
	h := api(f)
	f.Fuzz(func(t *testing.T, first, second uint8, size uint32) {
		size = 100 + size%(256<<10)
		// One shape in another: the second's text follows in the same document.
		body := hostileBody(t, func(n int) string {
			return hostile[names[int(first)%len(names)]](n/2) + " " + hostile[names[int(second)%len(names)]](n/2)
		}, int(size))
		bytes := allocated(func() {
			w := receive(h, body)
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("the answer to %.100s… is %.200s", body, w.Body)
			}
		})
		if most := int64(8<<20) + 64*int64(len(body)); bytes > most {
			t.Errorf("%d bytes for a body of %d, at most %d: %.200s…", bytes, len(body), most, body)
		}
	})
}

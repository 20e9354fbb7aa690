package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// seen records the request that reached the Executor.
func seen(to *string) execute {
	return func(_ context.Context, r *gqlop.Request, out io.Writer) error {
		*to = fmt.Sprintf("%q %q %s %s %v", r.Query, r.OperationName, r.Variables, r.Extensions, r.QueriesOnly)
		return write(out, `{"data":null}`)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	for name, c := range map[string]struct {
		body string
		want string // what the Executor sees, or a part of the message
		code int    // 0: the Executor sees it
		late int    // the status under the draft; 0: the same
	}{
		"query":              {`{"query":"{a}"}`, `"{a}" ""   false`, 0, 0},
		"all":                {` { "query" : "{a}" , "operationName":"A","variables": {"x" : [1,-0.5e+3,true,false,null,{}]} , "extensions":{} } `, `"{a}" "A" {"x" : [1,-0.5e+3,true,false,null,{}]} {} false`, 0, 0},
		"nulls":              {`{"query":"{a}","operationName":null,"variables":null,"extensions":null}`, `"{a}" ""   false`, 0, 0},
		"escapes":            {`{"\u0071uery":"{a\n\t\"\\\/\u00e9\ud83c\udfc3}","operationName":"\u0041"}`, `"{a\n\t\"\\/é🏃}" "A"   false`, 0, 0},
		"lone surrogate":     {`{"query":"\ud800"}`, "\"\uFFFD\" \"\"   false", 0, 0},
		"the last one wins":  {`{"query":"{a}","variables":{"a":1},"query":"{b}","variables":{"b":2}}`, `"{b}" "" {"b":2}  false`, 0, 0},
		"null wins too":      {`{"query":"{a}","operationName":"A","variables":{"a":1},"operationName":null,"variables":null}`, `"{a}" ""   false`, 0, 0},
		"other keys":         {`{"id":[{"query":1}],"Query":3,"query":"{a}","":{}}`, `"{a}" ""   false`, 0, 0},
		"empty query":        {`{"query":""}`, `"" ""   false`, 0, 0},
		"raw UTF-8":          {`{"query":"é🏃"}`, `"é🏃" ""   false`, 0, 0},
		"empty":              {``, "ends too early", 400, 0},
		"blank":              {" \n", "ends too early", 400, 0},
		"no JSON":            {`NONSENSE`, "a value is missing at byte 0, at 'N'", 400, 0},
		"cut key":            {`{ "not a JSON`, "ends too early", 400, 0},
		"cut":                {`{"query":"{a}"`, "ends too early", 400, 0},
		"garbage behind":     {`{"query":"{a}"} x`, "more behind its end, at byte 16", 400, 0},
		"second object":      {`{"query":"{a}"}{}`, "more behind its end", 400, 0},
		"zero byte behind":   {"{\"query\":\"{a}\"}\x00", "more behind its end", 400, 0},
		"comma at the end":   {`{"query":"{a}",}`, "a comma stands before the end", 400, 0},
		"comma at the start": {`{,"query":"{a}"}`, "a key must be a string", 400, 0},
		"no comma":           {`{"query":"{a}" "x":1}`, "a comma or the end", 400, 0},
		"no colon":           {`{"query" "{a}"}`, "a colon is missing", 400, 0},
		"bare key":           {`{query:"{a}"}`, "a key must be a string", 400, 0},
		"line in a string":   {"{\"query\":\"{\na}\"}", "control character", 400, 0},
		"bad escape":         {`{"query":"\x"}`, "an escape is wrong", 400, 0},
		"bad hex":            {`{"query":"\u12g4"}`, "an escape is wrong", 400, 0},
		"leading zero":       {`{"query":"{a}","variables":{"a":01}}`, "a comma or the end", 400, 0},
		"no digit":           {`{"query":"{a}","variables":{"a":-}}`, "a digit is missing", 400, 0},
		"half a word":        {`{"query":"{a}","variables":{"a":nul}}`, "a value is missing", 400, 0},
		"too deep":           {`{"query":"{a}","variables":{"a":` + deep + `}}`, "nest too deep", 400, 0},
		"not UTF-8":          {"{\"query\":\"\xff\"}", "not UTF-8", 400, 0},
		"byte order mark":    {"\uFEFF{\"query\":\"{a}\"}", "a value is missing at byte 0", 400, 0},
		"batch":              {`[{"query":"{a}"}]`, "batches are not served", 400, 422},
		"a string":           {`"{a}"`, "the body is a string", 400, 422},
		"null":               {`null`, "the body is null", 400, 422},
		"a cut batch":        {`[{"query":"{a}"}`, "ends too early", 400, 0},
		"no query":           {`{"notquery":"{a}"}`, `no "query"`, 400, 422},
		"query null":         {`{"query":null}`, `"query" is null: it must be a string`, 400, 422},
		"query an object":    {`{"query":{}}`, `"query" is an object`, 400, 422},
		"operation a number": {`{"query":"{a}","operationName":0}`, `"operationName" is a number: it must be a string or null`, 400, 422},
		"variables a list":   {`{"query":"{a}","variables":[1]}`, `"variables" is a list: it must be an object`, 400, 422},
		"variables a string": {`{"query":"{a}","variables":"{}"}`, `"variables" is a string`, 400, 422},
		"extensions false":   {`{"query":"{a}","extensions":false}`, `"extensions" is a boolean`, 400, 422},
		"syntax is graver":   {`{"query":1,"x":}`, "not JSON", 400, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for profile, want := range map[string]int{"": c.code, "draft-2026": max(c.late, c.code)} {
				var got string
				o := quiet(seen(&got))
				o.Profile = profile
				w := post(o, c.body, "Accept", "application/graphql-response+json")
				if c.code == 0 {
					if w.Code != 200 || got != c.want {
						t.Errorf("%s: %d, got  %s\nwant %s", profile, w.Code, got, c.want)
					}
					continue
				}
				code, message := firstError(t, w.Body.String())
				if w.Code != want || code != "BAD_USER_INPUT" || !strings.Contains(message, c.want) || got != "" {
					t.Errorf("%s: %d %s %q, reached the Executor: %q", profile, w.Code, code, message, got)
				}
			}
		})
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		want  string
		code  int
	}{
		"query":             {"query=%7Ba%7D", `"{a}" ""   true`, 0},
		"all":               {"query={a}&operationName=A&variables={%22x%22:1}&extensions=%20{}%20", `"{a}" "A" {"x":1} {} true`, 0},
		"empty parameters":  {"query={a}&operationName=&variables=&extensions=", `"{a}" ""   true`, 0},
		"null":              {"query={a}&variables=null&operationName=null", `"{a}" "null"   true`, 0},
		"plus is a space":   {"query={a+b}", `"{a b}" ""   true`, 0},
		"none":              {"", `"query" is missing`, 400},
		"twice":             {"query={a}&query={b}", "more than once", 400},
		"bad escape":        {"query=%zz", "percent-encode", 400},
		"variables no JSON": {"query={a}&variables={", `the parameter "variables" is not JSON`, 400},
		"a list":            {"query={a}&variables=[]", `"variables" is a list`, 400},
		"a string":          {"query={a}&extensions=%22x%22", `"extensions" is a string`, 400},
		"trailing":          {"query={a}&extensions={}1", "more behind its end", 400},
		"not UTF-8":         {"query=%ff", "not UTF-8", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			w := send(quiet(seen(&got)), http.MethodGet, "/graphql?"+c.query, "")
			if c.code == 0 {
				if w.Code != 200 || got != c.want {
					t.Errorf("%d, got %s, want %s (%s)", w.Code, got, c.want, w.Body)
				}
				return
			}
			_, message := firstError(t, w.Body.String())
			if w.Code != c.code || !strings.Contains(message, c.want) || got != "" {
				t.Errorf("%d %q", w.Code, message)
			}
		})
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	body := document(strings.Repeat("x", 100))
	for name, c := range map[string]struct {
		limit int64
		hide  bool // no Content-Length
		code  int
	}{
		"exact":             {int64(len(body)), false, 200},
		"announced":         {int64(len(body)) - 1, false, 413},
		"exact, chunked":    {int64(len(body)), true, 200},
		"too long, chunked": {int64(len(body)) - 1, true, 413},
		"none":              {-1, true, 200},
		"default":           {0, false, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			o := quiet(seen(&got))
			o.MaxBodyBytes = c.limit
			w := roundTrip(o, body, c.hide)
			if w.Code != c.code {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if c.code == 413 {
				code, message := firstError(t, w.Body.String())
				if code != "REQUEST_TOO_LARGE" || !strings.Contains(message, "--max-body-bytes") || w.Header().Get("Connection") != "close" || got != "" {
					t.Errorf("%s %q %v", code, message, w.Header())
				}
			}
		})
	}
	var got string
	if w := roundTrip(quiet(seen(&got)), document(strings.Repeat("x", 1<<20)), false); w.Code != 413 {
		t.Errorf("the default limit: %d", w.Code)
	}
}

// TestBodyLimitOnTheWire proves that a client which is still sending gets the answer, and that the connection ends.
func TestBodyLimitOnTheWire(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(httpapi.New(quiet(scripted)))
	defer server.Close()
	conn := dial(t, server)
	if _, err := fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"query\":", 100<<20); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 413 ") || !strings.Contains(string(answer), "REQUEST_TOO_LARGE") {
		t.Errorf("%q %v", answer, err)
	}
}

// FuzzBody compares the reader with encoding/json.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"query":"{a}"}`, `{"query":"\u00e9\ud800","variables":{"a":[1e5,-0.1,{"b":null}]},"operationName":"x"}`,
		`{"query":"a","query":"b","extensions":{}}`, `[{}]`, `{"query":1}`, `{"query":"a"} 1`, `{"variables":{"a":01}}`, "{\"query\":\"\x01\"}", `nul`, `-`, `"\u12`, `{"a":tru`,
		`{"documentId":"sha256:a"}`, `{"documentId":null}`, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"a"}}}`, `{"extensions":{"persistedQuery":null},"query":"{a}"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got gqlop.Request
		reached := false
		w := post(quiet(func(_ context.Context, r *gqlop.Request, out io.Writer) error {
			reached = true
			got = *r
			got.Variables = append(json.RawMessage(nil), r.Variables...)
			got.Extensions = append(json.RawMessage(nil), r.Extensions...)
			return write(out, `{"data":{}}`)
		}), string(body))
		want, ok := reference(body)
		if reached != ok || (w.Code == 200) != ok {
			t.Fatalf("%q: reached %v, want %v: %s", body, reached, ok, w.Body)
		}
		if !ok {
			if code, _ := firstError(t, w.Body.String()); code != "BAD_USER_INPUT" {
				t.Fatalf("%q: %s", body, w.Body)
			}
			return
		}
		if got.Query != want.Query || got.DocumentID != want.DocumentID || got.OperationName != want.OperationName || string(got.Variables) != string(want.Variables) || string(got.Extensions) != string(want.Extensions) {
			t.Fatalf("%q: got %+v, want %+v", body, got, want)
		}
	})
}

// FuzzURL proves that no query component crashes the reader, and that what reaches the Executor is JSON.
func FuzzURL(f *testing.F) {
	f.Add("query={a}&variables={}")
	f.Add("query=%7Ba%7D&variables=%7B%22a%22%3A1%7D&extensions=[")
	f.Fuzz(func(t *testing.T, raw string) {
		u := &url.URL{Path: "/graphql", RawQuery: raw}
		if _, err := url.ParseRequestURI(u.String()); err != nil {
			return // no client sends that
		}
		reached := false
		w := serveURL(quiet(func(_ context.Context, r *gqlop.Request, out io.Writer) error {
			reached = true
			for _, j := range []json.RawMessage{r.Variables, r.Extensions} {
				if j != nil && !json.Valid(j) {
					t.Fatalf("%q reached the Executor as %q", raw, j)
				}
			}
			return write(out, `{"data":{}}`)
		}), u)
		if reached != (w.Code == 200) {
			t.Fatalf("%d, reached %v", w.Code, reached)
		}
	})
}

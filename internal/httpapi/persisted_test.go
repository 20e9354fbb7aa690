package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// TestDocumentIDs sends ids in each way, by POST and by GET.
func TestDocumentIDs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		documentID, extensions, query string
		want                          string // the id and the text that the Executor sees
		refused                       string
	}{
		"a hash":                {documentID: `sha256:abc`, want: "abc "},
		"an id of their own":    {documentID: `0ca1`, want: "0ca1 "},
		"Apollo's":              {extensions: `{"persistedQuery":{"version":1,"sha256Hash":"abc"}}`, want: "abc "},
		"with the text":         {extensions: `{"persistedQuery":{"version":1,"sha256Hash":"abc"}}`, query: "{a}", want: "abc {a}"},
		"both, alike":           {documentID: "sha256:abc", extensions: `{"persistedQuery":{"version":1,"sha256Hash":"abc"}}`, want: "abc "},
		"both, not alike":       {documentID: "abd", extensions: `{"persistedQuery":{"version":1,"sha256Hash":"abc"}}`, refused: "name two documents"},
		"another version":       {extensions: `{"persistedQuery":{"version":2,"sha256Hash":"abc"}}`, refused: "send version 1"},
		"no version":            {extensions: `{"persistedQuery":{"sha256Hash":"abc"}}`, refused: "send version 1"},
		"no hash":               {extensions: `{"persistedQuery":{"version":1}}`, refused: "no sha256Hash"},
		"a hash that is none":   {extensions: `{"persistedQuery":{"version":1,"sha256Hash":["abc"]}}`, refused: "no sha256Hash"},
		"no object":             {extensions: `{"persistedQuery":true}`, refused: "must be an object"},
		"null":                  {extensions: `{"persistedQuery":null}`, query: "{a}", want: " {a}"},
		"somebody else's":       {extensions: `{"other":{"persistedQuery":{"version":9}}}`, query: "{a}", want: " {a}"},
		"neither id nor text":   {extensions: `{"other":1}`, refused: "query"},
		"an empty id, no text":  {documentID: "sha256:", refused: "query"},
		"the name in two cases": {extensions: `{"PersistedQuery":{"version":9}}`, query: "{a}", want: " {a}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			o := quiet(func(_ context.Context, r *gqlop.Request, out io.Writer) error {
				got = r.DocumentID + " " + r.Query
				return write(out, `{"data":{}}`)
			})
			members, values := []string{`"operationName":null`}, url.Values{}
			for key, value := range map[string]string{"documentId": c.documentID, "query": c.query} {
				if value != "" {
					members = append(members, `"`+key+`":"`+value+`"`)
					values.Set(key, value)
				}
			}
			if c.extensions != "" {
				members = append(members, `"extensions":`+c.extensions)
				values.Set("extensions", c.extensions)
			}
			for method, w := range map[string]func() (int, string){
				"POST": func() (int, string) {
					w := post(o, "{"+strings.Join(members, ",")+"}")
					return w.Code, w.Body.String()
				},
				"GET": func() (int, string) {
					w := send(o, http.MethodGet, "/graphql?"+values.Encode(), "")
					return w.Code, w.Body.String()
				},
			} {
				got = ""
				status, body := w()
				if c.refused == "" {
					if status != http.StatusOK || got != c.want {
						t.Errorf("%s: %d, got %q, want %q: %s", method, status, got, c.want, body)
					}
					continue
				}
				if code, message := firstError(t, body); status != 400 || code != "BAD_USER_INPUT" || !strings.Contains(message, c.refused) || got != "" {
					t.Errorf("%s: %d %s", method, status, body)
				}
			}
		})
	}
}

// TestAnUnknownIDIsNoTransportFault holds the status that clients of persisted queries go on from.
func TestAnUnknownIDIsNoTransportFault(t *testing.T) {
	t.Parallel()
	o := quiet(func(context.Context, *gqlop.Request, io.Writer) error {
		return fault.New(fault.PersistedQueryNotFound, "PersistedQueryNotFound")
	})
	for accept, want := range map[string]int{"application/json": 200, "application/graphql-response+json": 400} {
		w := send(o, http.MethodGet, "/graphql?documentId=x", "", "Accept", accept)
		if _, message := firstError(t, w.Body.String()); w.Code != want || message != "PersistedQueryNotFound" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", accept, w.Code, w.Header(), w.Body)
		}
	}
}

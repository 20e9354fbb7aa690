package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// TestEveryStatus has each situation under both profiles, in both media types. docs/reference/http.md has the same table.
func TestEveryStatus(t *testing.T) {
	t.Parallel()
	refuse := func(code fault.Code) func(*httpapi.Options) {
		return func(o *httpapi.Options) {
			o.Executor = execute(func(context.Context, *gqlop.Request, io.Writer) error { return fault.New(code, "m") })
		}
	}
	partial := func(answer string) func(*httpapi.Options) {
		return func(o *httpapi.Options) {
			o.Executor = execute(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
				out.(interface{ MarkPartial() }).MarkPartial()
				return write(out, answer)
			})
		}
	}
	get := func(target string) func() *http.Request {
		return func() *http.Request { return httptest.NewRequest(http.MethodGet, target, http.NoBody) }
	}
	posted := func(body string, headers ...string) func() *http.Request {
		return func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			return r
		}
	}
	good := posted(document("{a}"))
	type four struct{ compatJSON, compatGQL, draftJSON, draftGQL int }
	all := func(status int) four { return four{status, status, status, status} }
	refused, unshaped := four{200, 400, 200, 422}, four{400, 400, 422, 422}
	for name, c := range map[string]struct {
		request func() *http.Request
		change  func(*httpapi.Options)
		want    four
	}{
		"data":                          {good, nil, all(200)},
		"data by GET":                   {get(query), nil, all(200)},
		"data beside errors":            {good, partial(`{"errors":[{"message":"x"}],"data":{"a":null}}`), four{200, 200, 200, 294}},
		"data beside errors by GET":     {get(query), partial(`{"errors":[{"message":"x"}],"data":{"a":null}}`), four{200, 200, 200, 294}},
		"data that is null":             {good, partial(`{"errors":[{"message":"x"}],"data":null}`), four{200, 200, 200, 294}},
		"a document that does no parse": {good, refuse(fault.ParseFailed), four{200, 400, 200, 400}},
		"a document that does not fit":  {good, refuse(fault.ValidationFailed), refused},
		"a value that does not fit":     {good, refuse(fault.BadUserInput), refused},
		"no such operation":             {good, refuse(fault.OperationNotFound), refused},
		"too many tokens":               {good, refuse(fault.TooManyTokens), refused},
		"too many fields":               {good, refuse(fault.TooManyFields), refused},
		"too deep":                      {good, refuse(fault.QueryTooDeep), refused},
		"too costly":                    {good, refuse(fault.QueryTooCostly), refused},

		"no JSON":                        {posted(`{"query":`), nil, all(400)},
		"no UTF-8":                       {posted("{\"query\":\"\xff\"}"), nil, all(400)},
		"a list":                         {posted(`[{"query":"{a}"}]`), nil, unshaped},
		"no query":                       {posted(`{}`), nil, unshaped},
		"a query that is no string":      {posted(`{"query":1}`), nil, unshaped},
		"variables that are no object":   {posted(`{"query":"{a}","variables":[]}`), nil, unshaped},
		"extensions that are no object":  {posted(`{"query":"{a}","extensions":"x"}`), nil, unshaped},
		"an operationName of a number":   {posted(`{"query":"{a}","operationName":1}`), nil, unshaped},
		"no query in the URL":            {get("/graphql"), nil, unshaped},
		"a URL that cannot be read":      {get("/graphql?query=%zz"), nil, all(400)},
		"variables of the URL, no JSON":  {get(query + "&variables={"), nil, all(400)},
		"variables of the URL, a string": {get(query + "&variables=%22a%22"), nil, unshaped},

		"a mutation by GET":       {get("/graphql?query=mutation%7Ba%7D"), nil, all(405)},
		"another method":          {func() *http.Request { return httptest.NewRequest(http.MethodPut, "/graphql", http.NoBody) }, nil, all(405)},
		"another type of body":    {posted("a", "Content-Type", "text/plain"), nil, all(415)},
		"another charset":         {posted(document("{a}"), "Content-Type", "application/json; charset=utf-16"), nil, all(415)},
		"a compressed body":       {posted(document("{a}"), "Content-Encoding", "gzip"), nil, all(415)},
		"too long a body":         {good, func(o *httpapi.Options) { o.MaxBodyBytes = 3 }, all(413)},
		"no credentials":          {good, func(o *httpapi.Options) { o.Auth = auth.InsecureDevAuth{Password: "p"} }, all(401)},
		"not allowed":             {good, refuse(fault.Forbidden), all(403)},
		"not there":               {good, refuse(fault.NotFound), all(404)},
		"a conflict":              {good, refuse(fault.Conflict), all(409)},
		"a failure":               {good, refuse(fault.Internal), all(500)},
		"the database refuses":    {good, refuse(fault.DatabaseError), all(500)},
		"no connection":           {good, refuse(fault.PoolTimeout), all(503)},
		"not ready":               {good, func(o *httpapi.Options) { o.Unready = func() *fault.Error { return fault.New(fault.NotReady, "m") } }, all(503)},
		"too long a statement":    {good, refuse(fault.StatementTimeout), all(504)},
		"the request's own limit": {good, refuse(fault.DeadlineExceeded), all(504)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, want := range []int{c.want.compatJSON, c.want.compatGQL, c.want.draftJSON, c.want.draftGQL} {
				o := quiet(scripted)
				o.Profile = []string{httpapi.ProfileCompat2025, httpapi.ProfileDraft2026}[i/2]
				if c.change != nil {
					c.change(&o)
				}
				r := c.request()
				contentType := []string{jsonType, gqlType}[i%2]
				r.Header.Set("Accept", strings.TrimSuffix(contentType, "; charset=utf-8"))
				w := httptest.NewRecorder()
				httpapi.New(o).ServeHTTP(w, r)
				if w.Code != want || w.Header().Get("Content-Type") != contentType {
					t.Errorf("%s, %s: %d %s, want %d: %s", o.Profile, contentType, w.Code, w.Header().Get("Content-Type"), want, w.Body)
				}
			}
		})
	}
}

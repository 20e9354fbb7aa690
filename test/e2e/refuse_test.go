package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestRefused sends what cannot be answered. Nothing of it borrows a connection.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	deep := strings.Repeat("team{members{", 12) + "id" + strings.Repeat("}}", 12)
	for name, c := range map[string]struct {
		query     string
		variables any
		code      string
		message   string
	}{
		"syntax":                     {`{ people { name `, nil, "GRAPHQL_PARSE_FAILED", ""},
		"empty":                      {``, nil, "", ""},
		"unknown field":              {`{ people { nome } }`, nil, "GRAPHQL_VALIDATION_FAILED", "nome"},
		"unknown root":               {`{ persons { name } }`, nil, "GRAPHQL_VALIDATION_FAILED", "persons"},
		"unknown argument":           {`{ people(first: 3) { name } }`, nil, "GRAPHQL_VALIDATION_FAILED", "first"},
		"unknown variable":           {`{ people(limit: $n) { name } }`, nil, "GRAPHQL_VALIDATION_FAILED", "$n"},
		"unknown operator":           {`{ people(where: {name: {sounds: "x"}}) { name } }`, nil, "GRAPHQL_VALIDATION_FAILED", "sounds"},
		"operator of another type":   {`{ people(where: {age: {contains: "x"}}) { name } }`, nil, "GRAPHQL_VALIDATION_FAILED", "contains"},
		"unknown filter":             {`query($w: PersonWhereInput!) { people(where: $w) { name } }`, map[string]any{"w": map[string]any{"nome": map[string]any{"eq": "x"}}}, "BAD_USER_INPUT", "nome"},
		"no selection":               {`{ people }`, nil, "GRAPHQL_VALIDATION_FAILED", "people"},
		"literal Int too large":      {`{ people(limit: 3000000000) { name } }`, nil, "", "3000000000"},
		"eq null":                    {`{ people(where: {age: {eq: null}}) { name } }`, nil, "BAD_USER_INPUT", "isNull"},
		"page too large":             {`{ people(limit: 1001) { name } }`, nil, "BAD_USER_INPUT", "1000"},
		"negative limit":             {`query($n: Int) { people(limit: $n) { name } }`, map[string]any{"n": -1}, "BAD_USER_INPUT", "negative"},
		"negative offset":            {`{ people(offset: -1) { name } }`, nil, "BAD_USER_INPUT", "negative"},
		"nested page too large":      {`{ teams { members(limit: 5000) { name } } }`, nil, "BAD_USER_INPUT", "1000"},
		"too deep":                   {`{ people { ` + deep + ` } }`, nil, "QUERY_TOO_DEEP", "20"},
		"too many tokens":            {`{ ` + strings.Repeat("people{id} ", 4000) + `}`, nil, "TOO_MANY_TOKENS", "15000"},
		"too many roots":             {`{ ` + aliases("people(limit:1){id}", 51) + `}`, nil, "TOO_MANY_FIELDS", "50"},
		"too many aliases":           {`{ people { ` + aliases("id", 501) + `} }`, nil, "TOO_MANY_FIELDS", "500"},
		"too costly":                 {`{ teams { members(limit: 1000) { team { members(limit: 1000) { name } } } } }`, nil, "QUERY_TOO_COSTLY", "5000000"},
		"a subscription":             {`subscription { people { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", ""},
		"a mutation":                 {`mutation { people { id } }`, nil, "GRAPHQL_VALIDATION_FAILED", ""},
		"fragment cycle":             {`{ people { ...A } } fragment A on Person { ...A }`, nil, "GRAPHQL_VALIDATION_FAILED", "A"},
		"fields that do not merge":   {`{ people { x: name x: age } }`, nil, "GRAPHQL_VALIDATION_FAILED", "x"},
		"variables that are no JSON": {`{ people { name } }`, "x", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Counted(t, 0, 0, c.query, c.variables)
			if a.Data != nil || len(a.Errors) == 0 || c.code != "" && a.Code() != c.code || a.Status != 400 {
				t.Errorf("status %d, want 400 and %s: %s", a.Status, c.code, clip(a.Body))
				return
			}
			mustContain(t, "the message", a.Errors[0].Message, c.message)
		})
	}
}

func aliases(field string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: %s ", i, field)
	}
	return b.String()
}

func clip(b []byte) []byte { return b[:min(len(b), 400)] }

// TestManyFieldsAreMerged is a document whose naive validation takes seconds.
func TestManyFieldsAreMerged(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	apptest.Expect(t, "5000 times id", s.Query(t, `{people(limit:1){`+strings.Repeat("id ", 5000)+`}}`, nil), `{"people":[{"id":"00000000-0000-0000-0000-000000000001"}]}`)
}

func TestLimitsCanBeSet(t *testing.T) {
	t.Parallel()
	o := fraiseql.Options{MaxPage: 2, MaxDepth: 3, MaxTokens: 60, MaxRootFields: 2, MaxAliases: 2, MaxCost: 30, MaxBodyBytes: 600}
	s := serve(t, o, cases)
	for name, c := range map[string]struct{ good, bad, code string }{
		"page":    {`{ people(limit: 2) { id } }`, `{ people(limit: 3) { id } }`, "BAD_USER_INPUT"},
		"depth":   {`{ people(limit: 1) { team { id } } }`, `{ people(limit: 1) { team { members { id } } } }`, "QUERY_TOO_DEEP"},
		"tokens":  {`{ people(limit: 1) { ` + strings.Repeat("id ", 40) + `} }`, `{ people(limit: 1) { ` + strings.Repeat("id ", 60) + `} }`, "TOO_MANY_TOKENS"},
		"roots":   {`{ people { id } teams { id } }`, `{ people { id } teams { id } cards { id } }`, "TOO_MANY_FIELDS"},
		"aliases": {`{ a: people { b: id } }`, `{ a: people { b: id c: id } }`, "TOO_MANY_FIELDS"},
		"cost":    {`{ people { id name } }`, `{ people { ` + "id name email age mood born big exact ratio tags secret meta seen address teamId home { city } team { id name } __typename" + ` } }`, "QUERY_TOO_COSTLY"},
		"body":    {`{ people { id } }`, `{ people { id } } #` + strings.Repeat("x", 600), "REQUEST_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			if a := s.Send(t, c.good, nil); len(a.Errors) > 0 {
				t.Errorf("within the limit: %s", a.Body)
			}
			if a := s.Send(t, c.bad, nil); a.Code() != c.code {
				t.Errorf("above the limit: got %s, want %s", clip(a.Body), c.code)
			}
		})
	}
	// Without a limit a list is as long as its table.
	all := serve(t, fraiseql.Options{MaxPage: -1, MaxCost: -1}, `create view v_n as select n as id from generate_series(1, 1500) n;
comment on view v_n is '@fraiseql:type
name: N
queries: {list: ns}';`)
	if got := all.Query(t, `{ ns { id } }`, nil); strings.Count(got, "id") != 1500 {
		t.Errorf("%d rows, want 1500", strings.Count(got, "id"))
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		code   string
	}{
		"not JSON":           {`{"query": `, nil, 400, ""},
		"a batch":            {`[{"query": "{ __typename }"}]`, nil, 400, ""},
		"query is a number":  {`{"query": 1}`, nil, 400, ""},
		"variables a list":   {`{"query": "{ __typename }", "variables": []}`, nil, 400, ""},
		"another media type": {`{ __typename }`, []string{"Content-Type", "application/graphql"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"nothing acceptable": {`{"query": "{ __typename }"}`, []string{"Accept", "text/csv"}, 406, "NOT_ACCEPTABLE"},
		"too large":          {`{"query": "` + strings.Repeat("#", 1<<20) + `"}`, nil, 413, "REQUEST_TOO_LARGE"},
		"unknown operation":  {`{"query": "query A { __typename }", "operationName": "B"}`, nil, 400, "OPERATION_NOT_FOUND"},
		"which of two":       {`{"query": "query A { __typename } query B { __typename }"}`, nil, 400, "OPERATION_NOT_FOUND"},
		"chosen of two":      {`{"query": "query A { __typename } query B { __typename }", "operationName": "B"}`, nil, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Post(t, []byte(c.body), c.header...)
			if a.Status != c.status || a.Code() != c.code && c.code != "" || (c.status != 200) == (len(a.Errors) == 0) {
				t.Errorf("status %d, want %d %s: %s", a.Status, c.status, c.code, clip(a.Body))
			}
		})
	}
}

// TestIntrospection is off in one place and whole in all others.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, cases)
	a := s.Counted(t, 0, 0, `{ __schema { queryType { name } types { name } } __type(name: "Person") { fields { name } } __typename }`, nil)
	mustContain(t, "introspection", string(a.Body), `"queryType":{"name":"Query"}`, `"PersonWhereInput"`, `"fields":[{"name":"id"}`)
	closed := serve(t, fraiseql.Options{NoIntrospection: true}, cases)
	if a := closed.Send(t, `{ __schema { queryType { name } } }`, nil); a.Code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("off: %s", clip(a.Body))
	}
	closed.Query(t, "{ people(limit: 1) { __typename } } # __schema", nil)
	for path, want := range map[string][2]int{"/schema.graphql": {200, 404}, "/health": {200, 200}, "/ready": {200, 200}, "/metrics": {200, 200}, "/pool": {200, 200}, "/version": {200, 200}, "/nowhere": {404, 404}} {
		for i, site := range []*site{s, closed} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			_, _ = body.ReadFrom(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != want[i] {
				t.Errorf("%s: status %d, want %d: %s", path, resp.StatusCode, want[i], clip(body.Bytes()))
			}
			switch path {
			case "/pool":
				var stat map[string]any
				if err := json.Unmarshal(body.Bytes(), &stat); err != nil || stat["maxSize"] != 1.0 || stat["state"] == nil {
					t.Errorf("/pool: %s %v", body.Bytes(), err)
				}
			case "/metrics":
				mustContain(t, path, body.String(), "db_client_connection_count", "db_client_connection_max")
			}
		}
	}
}

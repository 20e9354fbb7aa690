package fraiseql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// give posts a whole request.
func give(h http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestRequestExtensions: what a client sends reaches all functions of the user's, by POST and by GET, and stays true in a
// context that is kept for longer than the request.
func TestRequestExtensions(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]string{}
	var kept context.Context
	note := func(where string, ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		seen[where] = string(fraiseql.RequestExtensions(ctx)["trace"])
		kept = ctx
	}
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("trace", func(ctx context.Context, _ struct{}) (string, error) {
		note("resolver", ctx)
		return fraiseql.RequestID(ctx), nil
	}))
	o.Session = func(ctx context.Context) (auth.Settings, error) { note("session", ctx); return auth.Settings{}, nil }
	o.Context = func(r *http.Request) (context.Context, error) { note("context", r.Context()); return r.Context(), nil }
	a := started(t, o)
	for i, send := range []func(extensions string) *httptest.ResponseRecorder{
		func(e string) *httptest.ResponseRecorder { return give(a, `{"query":"{trace}","extensions":`+e+`}`) },
		func(e string) *httptest.ResponseRecorder {
			return fetch(a, "/graphql?query=%7Btrace%7D&extensions="+url.QueryEscape(e))
		},
	} {
		clear(seen)
		w := send(fmt.Sprintf(`{"trace": {"id": %d}, "other": [1]}`, i))
		want := fmt.Sprintf(`{"id": %d}`, i)
		if w.Code != 200 || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) || seen["resolver"] != want || seen["session"] != want || seen["context"] != want {
			t.Errorf("%d %s: %q", w.Code, w.Body, seen)
		}
		held := kept
		for range 3 {
			give(a, `{"query":"{trace}","extensions":{"trace":"another request's, in the same memory"}}`)
		}
		if got := string(fraiseql.RequestExtensions(held)["trace"]); got != want {
			t.Errorf("afterwards: %s", got)
		}
	}
	if w := give(a, `{"query":"{trace}","extensions":[]}`); w.Code != 400 || !strings.Contains(w.Body.String(), `\"extensions\" is a list`) {
		t.Errorf("a list: %d %s", w.Code, w.Body)
	}
	if got := fraiseql.RequestExtensions(t.Context()); got != nil {
		t.Errorf("outside a request: %v", got)
	}
	if got := fraiseql.RequestID(t.Context()); got != "" {
		t.Errorf("outside a request: %v", got)
	}
}

func TestCostIsTold(t *testing.T) {
	t.Parallel()
	o := personOptions(pgtest.New(t, people).URL)
	o.Queries = append(o.Queries, fraiseql.Resolve("one", func(context.Context, struct{}) (int, error) { return 1, nil }))
	o.MaxCost = 100
	a := started(t, o)
	o.MaxCost = -1
	unlimited := started(t, o)
	for name, c := range map[string]struct{ body, want string }{
		"asked":         {`{"query":"{people(limit:5){name age}}","extensions":{"cost":true}}`, `,"extensions":{"cost":{"estimate":10,"limit":100}}}`},
		"by a variable": {`{"query":"query($n:Int){people(limit:$n){name}}","variables":{"n":7},"extensions":{"cost":true,"x":1}}`, `,"extensions":{"cost":{"estimate":7,"limit":100}}}`},
		"with Go":       {`{"query":"{one people(limit:3){name}}","extensions":{"cost":true}}`, `,"extensions":{"cost":{"estimate":3,"limit":100}}}`},
		"nothing read":  {`{"query":"{__typename}","extensions":{"cost":true}}`, `{"data":{"__typename":"Query"},"extensions":{"cost":{"estimate":0,"limit":100}}}`},
		"not asked":     {`{"query":"{__typename}","extensions":{"cost":"true"}}`, `{"data":{"__typename":"Query"}}`},
		"too much":      {`{"query":"{people(limit:51){name age}}"}`, `"extensions":{"code":"QUERY_TOO_COSTLY","cost":102,"limit":100}`},
	} {
		w := give(a, c.body)
		if !strings.Contains(w.Body.String(), c.want) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %s, want %s", name, w.Body, c.want)
		}
	}
	if w := give(unlimited, `{"query":"{people(limit:500){name}}","extensions":{"cost":true}}`); !strings.Contains(w.Body.String(), `"extensions":{"cost":{"estimate":500}}`) {
		t.Errorf("without a limit: %s", w.Body)
	}
}

// TestEachLimitExactly: what reaches a limit is answered, and one more is refused with its code.
func TestEachLimitExactly(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, people).URL
	body := func(query string) string { return `{"query":"` + query + `"}` }
	for name, c := range map[string]struct {
		set     func(*fraiseql.Options)
		at, one string
		code    string
	}{
		"page":        {func(o *fraiseql.Options) { o.MaxPage = 7 }, body(`{people(limit:7){name}}`), body(`{people(limit:8){name}}`), "BAD_USER_INPUT"},
		"depth":       {func(o *fraiseql.Options) { o.MaxDepth = 1 }, body(`{__typename}`), body(`{people{name}}`), "QUERY_TOO_DEEP"},
		"tokens":      {func(o *fraiseql.Options) { o.MaxTokens = 6 }, body(`{people{name}}`), body(`{people{name,id}}`), "TOO_MANY_TOKENS"},
		"root fields": {func(o *fraiseql.Options) { o.MaxRootFields = 2 }, body(`{__typename people{name}}`), body(`{__typename people{name} a:__typename}`), "TOO_MANY_FIELDS"},
		"aliases":     {func(o *fraiseql.Options) { o.MaxAliases = 1 }, body(`{a:__typename}`), body(`{a:__typename b:__typename}`), "TOO_MANY_FIELDS"},
		"body":        {func(o *fraiseql.Options) { o.MaxBodyBytes = int64(len(body(`{__typename}`))) }, body(`{__typename}`), body(`{__typename} `), "REQUEST_TOO_LARGE"},
		"cost":        {func(o *fraiseql.Options) { o.MaxCost = 14 }, body(`{people(limit:7){name age}}`), body(`{people(limit:7){name age id}}`), "QUERY_TOO_COSTLY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := personOptions(url)
			c.set(&o)
			a := started(t, o)
			if w := give(a, c.at); w.Code != 200 || strings.Contains(w.Body.String(), "errors") {
				t.Errorf("at the limit: %d %s", w.Code, w.Body)
			}
			if w := give(a, c.one); !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) || strings.Contains(w.Body.String(), `"data"`) {
				t.Errorf("one more: %d %s, want %s", w.Code, w.Body, c.code)
			}
		})
	}
}

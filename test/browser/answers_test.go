package browser_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func errorsShown(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.fill("query", "{\n  users { id nothing }\n}")
	p.press("Enter", ctrl)
	p.wait(`document.querySelector("#errors .card strong")?.textContent.includes("nothing")`)
	if status := p.text("#status"); !strings.Contains(status, "1 error") {
		t.Errorf("status %q", status)
	}
	p.shot("errors")
	p.click("#errors .where button")
	if got := eval[string](p, `(() => { const q = document.activeElement; return q.value.slice(q.selectionStart, q.selectionEnd) })()`); got != "nothing" {
		t.Errorf("the error's place leads to %q", got)
	}
}

// behindAnswer looks at the tabs beside the answer: they tell of the query just run, and the answer does not show that it was asked.
func behindAnswer(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.fill("query", `query ($n: String) { users(where: {name: {neq: $n}}, limit: 2) { name posts { title } } }`)
	p.click("#tab-variables")
	p.fill("variables", `{"n": "No\"body"}`)
	p.run("200 OK")
	if body := p.text("#body"); strings.Contains(body, "explain") || strings.Contains(body, "extensions") || !strings.Contains(body, `"title"`) {
		t.Errorf("the answer is\n%s", body)
	}
	p.click("#tab-statements")
	p.wait(`document.querySelector("#panel-statements").innerText.includes("v_user")`)
	if got := p.text("#panel-statements"); !strings.Contains(got, "1. users: rows") || !strings.Contains(got, "\nfrom ") || !strings.Contains(got, `No"body`) {
		t.Errorf("the statements are\n%s", got)
	}
	p.shot("statements")
	p.press("ArrowRight", 0)
	if got := p.focused(); got != "tab-plan" {
		t.Errorf("the arrow leads to %s", got)
	}
	if got := p.text("#panel-plan"); !strings.Contains(got, "Scan") || strings.Contains(got, "actual") {
		t.Errorf("the plan is\n%s", got)
	}
	p.click("#analyze")
	p.click("#query")
	p.run("200 OK")
	p.wait(`document.querySelector("#panel-plan").innerText.includes("actual")`)
	p.shot("plan")
	p.click("#tab-pool")
	if got := p.text("#panel-pool"); !strings.Contains(got, "Waited for a connection") || !strings.Contains(got, " ms") {
		t.Errorf("the wait is\n%s", got)
	}
	p.shot("pool-wait")
	p.fill("query", "{ __typename }")
	p.run("200 OK")
	p.wait(`document.querySelector("#panel-pool").innerText.includes("took no connection")`)
	p.fill("query", "{ nothing }")
	p.press("Enter", ctrl)
	p.wait(`document.querySelector("#panel-pool").innerText.includes("refused before it ran")`)
}

func headersStayInTheTab(t *testing.T, browser context.Context) {
	var seen atomic.Value
	address := startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(_ http.ResponseWriter, r *http.Request, body string) bool {
			if !strings.Contains(body, "__schema") {
				seen.Store(r.Header.Clone())
			}
			return false
		})
	})
	p := open(t, browser, address)
	p.fill("query", "{ users(limit: 1) { id } }")
	p.click("#tab-headers")
	p.fill("headers", "X-Trace: abc\nHost")
	p.wait(`document.querySelector("#tab-headers.wrong")`)
	p.run("Not sent")
	p.fill("headers", "X-Trace: secret-token")
	p.run("200 OK")
	sent, _ := seen.Load().(http.Header)
	if sent.Get("X-Trace") != "secret-token" || sent.Get("Content-Type") != "application/json" || sent.Get("Accept") != "application/graphql-response+json, application/json;q=0.9" {
		t.Errorf("sent headers: %v", sent)
	}
	if kept := eval[string](p, `JSON.stringify(localStorage)`); strings.Contains(kept, "secret-token") {
		t.Errorf("localStorage holds the token: %s", kept)
	}
	p.do(chromedp.Reload())
	p.wait(`document.getElementById("headers")?.value === "X-Trace: secret-token"`)
	other := open(t, browser, address)
	if got := other.value("headers"); got != "" {
		t.Errorf("another tab has the headers %q", got)
	}
}

func introspectionRefused(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(w http.ResponseWriter, _ *http.Request, body string) bool {
			if !strings.Contains(body, "__schema") {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"errors": [{"message": "introspection is <b>off</b>"}]}`))
			return true
		})
	}))
	p.wait(`!document.getElementById("notice").hidden`)
	if notice := p.text("#notice"); !strings.Contains(notice, "refuses to show its schema (400): introspection is <b>off</b>") {
		t.Errorf("the notice is %q", notice)
	}
	p.shot("refused")
	p.fill("query", "{ anything { ")
	p.wait(`document.querySelectorAll("#problems li").length === 2`)
	p.fill("query", "{ users(limit: 1) { name } }")
	p.wait(`document.querySelectorAll("#problems li").length === 0 && document.querySelectorAll("#query-host .t-field").length === 2`)
	p.run("200 OK")
}

func serverDown(t *testing.T, browser context.Context) {
	var down atomic.Bool
	down.Store(true)
	p := open(t, browser, startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(http.ResponseWriter, *http.Request, string) bool {
			if down.Load() {
				panic(http.ErrAbortHandler)
			}
			return false
		})
	}))
	p.wait(`document.getElementById("notice").textContent.includes("cannot be reached")`)
	p.fill("query", "{ users(limit: 1) { name } }")
	p.run("No answer")
	down.Store(false)
	p.click("#retry")
	p.wait(`document.getElementById("notice").hidden && document.getElementById("schema-state").textContent.includes("types")`)
	p.run("200 OK")
}

func stopped(t *testing.T, browser context.Context) {
	began, ended := make(chan struct{}), make(chan struct{})
	p := open(t, browser, startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(_ http.ResponseWriter, r *http.Request, body string) bool {
			if !strings.Contains(body, "Slow") {
				return false
			}
			close(began)
			<-r.Context().Done()
			close(ended)
			return true
		})
	}))
	p.fill("query", "query Slow { users { id } }")
	p.click("#run")
	await(t, began, "the request")
	p.wait(`document.querySelector("#status .badge").textContent === "Running…"`)
	p.click("#stop")
	await(t, ended, "the end of the request")
	p.wait(`document.querySelector("#status .badge").textContent === "Stopped" && document.getElementById("stop").hidden && !document.getElementById("run").hidden`)
}

func await(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatalf("waited for %s", what)
	}
}

func subscription(t *testing.T, browser context.Context) {
	next := make(chan struct{})
	p := open(t, browser, startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(w http.ResponseWriter, r *http.Request, body string) bool {
			if !strings.Contains(body, "subscription") || !strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
				return false
			}
			w.Header().Set("Content-Type", "text/event-stream")
			out := http.NewResponseController(w)
			send := func(text string) {
				_, _ = w.Write([]byte(text))
				_ = out.Flush()
			}
			send(": hello\n\nevent: next\ndata: {\"data\":{\"n\":1}}\n\n")
			select {
			case <-next:
			case <-r.Context().Done():
				return true
			}
			send("event: next\ndata: {\"data\":\ndata: {\"n\":2}}\n\nevent: complete\ndata:\n\n")
			return true
		})
	}))
	p.fill("query", "subscription { n }")
	p.press("Enter", ctrl)
	p.wait(`document.querySelectorAll("#body .event").length === 1 && document.querySelector("#status .badge").textContent === "Running…"`)
	close(next)
	p.wait(`document.querySelectorAll("#body .event").length === 2 && document.querySelector("#status .badge").textContent === "200 OK"`)
	if body := p.text("#body"); !strings.HasPrefix(body, "Event 2") || !strings.Contains(body, `"n": 2`) {
		t.Errorf("the newest event is not first:\n%s", body)
	}
}

func hostileText(t *testing.T, browser context.Context) {
	const hostile = `<img src=x onerror=document.title='broken'><script>document.title='broken'</script>`
	quoted, _ := json.Marshal(hostile)
	address := startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(w http.ResponseWriter, _ *http.Request, body string) bool {
			w.Header().Set("Content-Type", "application/json")
			if strings.Contains(body, "__schema") {
				_, _ = w.Write([]byte(`{"data": {"__schema": {"description": ` + string(quoted) + `, "queryType": {"name": "Q"}, "directives": [], "types": [
					{"kind": "OBJECT", "name": "Q", "description": ` + string(quoted) + `, "fields": [{"name": "a", "description": ` + string(quoted) + `, "isDeprecated": true, "deprecationReason": ` + string(quoted) + `, "args": [], "type": {"kind": "SCALAR", "name": ` + string(quoted) + `}}]}]}}}`))
			} else {
				_, _ = w.Write([]byte(`{"data": ` + string(quoted) + `, "errors": [{"message": ` + string(quoted) + `, "path": [` + string(quoted) + `], "extensions": {"code": ` + string(quoted) + `}}]}`))
			}
			return true
		})
	})
	p := open(t, browser, address+"#query="+strings.ReplaceAll(strings.ReplaceAll(hostile, " ", "%20"), "#", "%23"))
	p.wait(`document.querySelector(".docs .prose")?.textContent.includes("onerror")`)
	p.press("Enter", ctrl)
	p.wait(`document.querySelector("#errors strong")?.textContent.includes("onerror")`)
	p.click(".docs .row .link")
	p.click("#tab-history")
	p.wait(`document.querySelector("#panel-history li")?.textContent.includes("onerror")`)
	if title := eval[string](p, "document.title"); title != "Blog <API>" {
		t.Errorf("hostile text ran: the title is %q", title)
	}
	if n := eval[int](p, `document.querySelectorAll("img[src=x], body script").length`); n != 0 {
		t.Errorf("hostile text became %d elements", n)
	}
}

func largeAnswer(t *testing.T, browser context.Context) {
	rows := strings.Repeat(`{"id":12345678901234567890,"name":"a name that is long enough"},`, 40_000)
	p := open(t, browser, startApp(t, func(app http.Handler) http.Handler {
		return onQuery(app, func(w http.ResponseWriter, _ *http.Request, body string) bool {
			if !strings.Contains(body, "Many") {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"data":{"rows":[` + strings.TrimSuffix(rows, ",") + `]}}`))
			return true
		})
	}))
	p.fill("query", "query Many { rows { id name } }")
	p.run("200 OK")
	if got := p.text("#status .numbers"); !strings.Contains(got, "2.6 MB") {
		t.Errorf("size: %q", got)
	}
	if !eval[bool](p, `document.getElementById("body").textContent.startsWith('{\n  "data": {\n    "rows": [\n      {\n        "id": 12345678901234567890,\n')`) {
		t.Error("the answer is not laid out, or lost digits")
	}
}

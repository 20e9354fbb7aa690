package browser_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestExplorer drives one browser; each subtest has its own app, so its own origin and its own memory.
func TestExplorer(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	tests := map[string]func(*testing.T, context.Context){
		"a query is typed with completion and run":         typedWithCompletion,
		"arguments, input fields and enums are completed":  completedArguments,
		"mistakes are marked while typing":                 mistakesMarked,
		"variables are checked and one operation is run":   variablesAndOperations,
		"errors of the server are shown":                   errorsShown,
		"what is behind an answer is shown":                behindAnswer,
		"headers are sent and stay in the tab":             headersStayInTheTab,
		"the keyboard is enough":                           keyboardOnly,
		"the documentation leads to a query":               documentation,
		"a link carries query and variables":               shareLink,
		"history keeps what was run":                       history,
		"dark and light":                                   darkAndLight,
		"a phone shows one pane at a time":                 phone,
		"prettify, curl and undo":                          prettifyCurlUndo,
		"refused introspection leaves an editor":           introspectionRefused,
		"a server that is down is named, and comes back":   serverDown,
		"a running request is stopped":                     stopped,
		"a subscription's events are shown as they arrive": subscription,
		"hostile text stays text":                          hostileText,
		"large answers are shown":                          largeAnswer,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, browser)
		})
	}
}

// run sends the query and waits for the answer's badge.
func (p *tab) run(badge string) {
	p.t.Helper()
	p.press("Enter", ctrl)
	p.wait(`document.querySelector("#status .badge")?.textContent === ` + quote(badge))
}

func typedWithCompletion(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.getElementById("schema-state").textContent.includes("types")`)
	if title := eval[string](p, "document.title"); title != "Blog <API>" {
		t.Errorf("title %q", title)
	}
	p.click("#query")
	p.write("{\nuse")
	p.wait(`document.querySelector("#query-list [aria-selected]")?.textContent.startsWith("user")`)
	p.press("ArrowDown", 0)
	p.wait(`document.querySelector("#query-list [aria-selected] span").textContent === "users"`)
	if active := eval[string](p, `document.getElementById("query").getAttribute("aria-activedescendant")`); eval[string](p, `document.getElementById(`+quote(active)+`).innerText.split("\n")[0]`) != "users" {
		t.Errorf("aria-activedescendant %q is not the chosen option", active)
	}
	p.press("Enter", 0)
	p.wait(`document.querySelector("#query-list li")?.textContent.startsWith("id")`)
	p.write("na")
	p.press("Tab", 0)
	if got, want := p.value("query"), "{\n  users {\n    name\n  }\n}"; got != want {
		t.Fatalf("the query is\n%s\nwant\n%s", got, want)
	}
	p.run("200 OK")
	if body := p.text("#body"); !strings.Contains(body, `"name": "`) {
		t.Errorf("the answer is\n%s", body)
	}
	if numbers := p.text("#status .numbers"); !strings.Contains(numbers, " ms · ") || !strings.HasSuffix(numbers, "B") {
		t.Errorf("time and size: %q", numbers)
	}
	p.wait(`document.querySelectorAll("#body .t-key").length > 3 && document.querySelectorAll("#query-host .t-field").length === 2`)
	p.press("Escape", 0)
	p.shot("typed")
	if got := eval[int](p, `[...document.querySelectorAll("#query-host .line")].findIndex((line) => Math.abs(line.getBoundingClientRect().height - parseFloat(getComputedStyle(document.getElementById("query")).lineHeight)) > 0.01)`); got != -1 {
		t.Errorf("line %d of the coloured copy is not as high as a line of the text area", got+1)
	}
}

func completedArguments(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.getElementById("schema-state").textContent.includes("types")`)
	p.fill("query", "{ posts")
	p.write("(whe")
	p.wait(`document.querySelector("#query-list [aria-selected]")?.textContent.startsWith("where")`)
	p.press("Enter", 0)
	p.wait(`document.querySelector(".completions:not([hidden]) li")`)
	p.shot("arguments")
	p.write("stat")
	p.wait(`document.querySelector("#query-list [aria-selected]")?.textContent.startsWith("status")`)
	p.press("Enter", 0)
	p.write("e")
	p.wait(`document.querySelector("#query-list [aria-selected]")?.textContent.startsWith("eq")`)
	p.press("Enter", 0)
	p.press(" ", ctrl)
	p.wait(`document.querySelector(".completions:not([hidden]) li")?.textContent.includes("PostStatus")`)
	p.press("Escape", 0)
	p.wait(`!document.querySelector(".completions:not([hidden])")`)
	if got := p.value("query"); got != "{ posts(where: {status: {eq: }})" {
		t.Errorf("the query is %q", got)
	}
}

func mistakesMarked(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.getElementById("schema-state").textContent.includes("types")`)
	p.fill("query", "{\n  users(limt: 1) { naem }\n")
	p.wait(`document.querySelectorAll("#problems li").length === 3`)
	problems := p.text("#problems")
	for _, want := range []string{"users has no argument limt. Did you mean limit?", "User has no field naem. Did you mean name?", "Line 1", "This { is not closed"} {
		if !strings.Contains(problems, want) {
			t.Errorf("no %q in\n%s", want, problems)
		}
	}
	if got := eval[string](p, `[...document.querySelectorAll("#query-host .t-error")].map((span) => span.textContent).join(" ")`); got != "{ limt naem" {
		t.Errorf("marked are %q", got)
	}
	p.shot("mistakes")
	p.click("#problems li:nth-child(3) button")
	p.write("name")
	p.wait(`document.querySelectorAll("#problems li").length === 2`)
}

func variablesAndOperations(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.getElementById("schema-state").textContent.includes("types")`)
	p.fill("query", "query One($n: Int!) { users(limit: $n) { id } }\n\nquery Two { posts(limit: 1) { title } }")
	p.wait(`document.querySelectorAll("#operation:not([hidden]) option").length === 2`)
	p.fill("variables", `{"n": "1"`)
	p.wait(`document.querySelector("#tab-variables.wrong")`)
	p.do(chromedp.SetValue(chromedp.CSS("#operation"), "One"))
	p.run("Not sent")
	if card := p.text("#errors"); !strings.Contains(card, "The variables are not JSON") {
		t.Errorf("the reason is %q", card)
	}
	p.fill("variables", `{"n": 2}`)
	p.wait(`!document.querySelector("#tab-variables.wrong")`)
	p.run("200 OK")
	var answer struct {
		Data struct{ Users []struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(p.text("#body")), &answer); err != nil || len(answer.Data.Users) != 2 {
		t.Errorf("One answers %+v, %v", answer, err)
	}
	p.click("#query") // the middle of the editor is below the text: the caret goes to the end, into Two
	p.wait(`document.getElementById("operation").value === "Two"`)
	p.press("Enter", ctrl)
	p.wait(`document.getElementById("body").textContent.includes('"title"')`)
}

func keyboardOnly(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.getElementById("schema-state").textContent.includes("types")`)
	p.press("Tab", 0)
	if got := p.focused(); got != "skip" {
		t.Fatalf("the first stop is %q", got)
	}
	p.shot("skip")
	p.press("Enter", 0)
	if got := p.focused(); got != "query" {
		t.Fatalf("the skip link leads to %q", got)
	}
	p.press("Tab", 0)
	if got := p.focused(); got == "query" {
		t.Fatal("Tab is caught in an editor that nobody typed in")
	}
	p.press("Tab", shift)
	p.write("{\n")
	p.press("Escape", 0)
	if eval[bool](p, `!document.querySelector(".completions").hidden`) {
		p.press("Escape", 0)
	}
	p.press("Tab", 0)
	if got := p.focused(); got == "query" {
		t.Fatal("Escape, then Tab, does not leave the editor")
	}
	p.press("Tab", shift)
	p.press("ArrowRight", 0)
	p.press("ArrowLeft", 0)
	p.press("Tab", 0)
	if got := p.value("query"); p.focused() != "query" || got != "{\n    \n}" {
		t.Errorf("Tab at the start of a line: focus on %q, text %q", p.focused(), got)
	}
	p.write("users { id }")
	p.run("200 OK")

	// Every stop shows where the focus is, and the round ends where it began.
	p.press("Escape", 0)
	first := ""
	stops := map[string]bool{}
	for range 400 {
		p.press("Tab", 0)
		name := p.focused()
		if first == "" {
			first = name
		} else if name == first {
			break
		}
		stops[name] = true
		if !eval[bool](p, `(() => { const a = document.activeElement; if (a === document.body || a.closest(".host")) return true; const s = getComputedStyle(a); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 })()`) {
			t.Errorf("%s does not show the focus", name)
		}
	}
	for _, want := range []string{"share", "curl", "theme", "tab-docs", "run", "prettify", "tab-variables", "variables", "copy-answer", "tab-answer", "panel-answer", "Width of the schema"} {
		if !stops[want] {
			t.Errorf("Tab never stops at %q", want)
		}
	}
	if stops["tab-history"] {
		t.Error("Tab stops at a tab that is not chosen: arrows choose tabs")
	}
	p.do(chromedp.Focus(chromedp.CSS("#tab-docs")))
	p.press("ArrowLeft", 0)
	if got := p.focused(); got != "tab-history" || eval[bool](p, `document.getElementById("panel-history").hidden`) {
		t.Errorf("the arrow on the tabs leads to %q", got)
	}
	before := eval[float64](p, `document.getElementById("side").offsetWidth`)
	p.do(chromedp.Focus(chromedp.CSS(".bar")))
	p.press("ArrowRight", 0)
	if after := eval[float64](p, `document.getElementById("side").offsetWidth`); after <= before {
		t.Errorf("the arrow on the border changes the width from %v to %v", before, after)
	}
	p.press("k", ctrl)
	p.wait(`document.activeElement.type === "search"`)
}

func documentation(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.wait(`document.querySelector(".docs .row")`)
	p.do(chromedp.Focus(chromedp.CSS("#panel-docs input")))
	p.write("reputation")
	p.wait(`document.querySelector(".docs h3").textContent.includes("found")`)
	if found := p.text(".docs"); !strings.Contains(found, "User.reputation") || !strings.Contains(found, "Points given by readers") {
		t.Errorf("the search finds\n%s", found)
	}
	p.shot("docs-search")
	eval[bool](p, `([...document.querySelectorAll(".docs .link")].find((link) => link.textContent === "User").click(), true)`)
	p.wait(`document.querySelector(".docs h2")?.textContent.startsWith("User")`)
	if page := p.text(".docs"); !strings.Contains(page, "A person who writes posts and comments.") || !strings.Contains(page, "USED BY") {
		t.Errorf("the page of User is\n%s", page)
	}
	p.shot("docs-type")
	eval[bool](p, `([...document.querySelectorAll(".docs .link")].find((link) => link.textContent === "posts").click(), true)`)
	p.wait(`document.querySelector(".docs h2")?.textContent.startsWith("posts")`)
	p.click(".docs .back")
	p.wait(`document.querySelector(".docs h2")?.textContent.startsWith("User")`)
	p.click(".docs .back")
	p.wait(`!document.querySelector(".docs h2")`)
	p.click(`.docs [aria-label="Insert user into the query"]`)
	if got := p.value("query"); !strings.HasPrefix(got, "query User($id: ID!) {\n  user(id: $id) {\n    id\n") {
		t.Errorf("the inserted query is\n%s", got)
	}
	if got := p.value("variables"); got != "{\n  \"id\": \"\"\n}" {
		t.Errorf("the variables are %s", got)
	}
	p.click(`.docs [aria-label="Insert users into the query"]`)
	p.wait(`document.querySelectorAll("#operation option").length === 2`)
	p.press("Enter", ctrl)
	p.wait(`document.getElementById("body").textContent.includes('"users"')`)
	p.shot("docs-insert")
	eval[bool](p, `(() => { const q = document.getElementById("query"); const at = q.value.indexOf("users") + 2; q.focus(); q.setSelectionRange(at, at); return true })()`)
	p.press("i", ctrl)
	p.wait(`document.querySelector(".docs h2")?.textContent.startsWith("users")`)
}

func shareLink(t *testing.T, browser context.Context) {
	address := startApp(t, nil)
	p := open(t, browser, address)
	eval[bool](p, `(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }, true)`)
	const query, variables = "query Q($n: Int) {\n  users(limit: $n) { name } # é & #\n}", `{ "n": 1 }`
	p.fill("query", query)
	p.fill("variables", variables)
	p.click("#tab-headers")
	p.fill("headers", "Authorization: Bearer secret-token")
	p.click("#share")
	p.wait(`window.copied`)
	link := eval[string](p, `window.copied`)
	if !strings.HasPrefix(link, address+"#query=") || strings.Contains(link, "secret-token") {
		t.Fatalf("the link is %s", link)
	}
	other := open(t, browser, link)
	if got := other.value("query"); got != query {
		t.Errorf("the link's query is %q", got)
	}
	if got := other.value("variables"); got != variables {
		t.Errorf("the link's variables are %q", got)
	}
	if got := other.text("#status"); !strings.HasPrefix(got, "Run a query") {
		t.Errorf("a link ran by itself: %s", got)
	}
	if hash := eval[string](other, `location.hash`); hash != "" {
		t.Errorf("the address keeps %s, which would undo later changes", hash)
	}
	other.fill("query", "{ users { id } }")
	other.do(chromedp.Reload())
	other.wait(`document.getElementById("query")?.value === "{ users { id } }"`)
}

func history(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.fill("query", "query First { users(limit: 1) { id } }")
	p.run("200 OK")
	p.fill("query", "{ posts(limit: 1) { title } }")
	p.press("Enter", ctrl)
	p.wait(`document.getElementById("body").textContent.includes('"title"')`)
	p.do(chromedp.Reload())
	p.wait(`document.getElementById("tab-history")?.tabIndex === -1`)
	p.click("#tab-history")
	p.wait(`document.querySelectorAll("#panel-history li").length === 2`)
	p.shot("history")
	if first := p.text("#panel-history li"); !strings.HasPrefix(first, "{ posts(limit: 1) { title } }") || !strings.Contains(first, "200") {
		t.Errorf("the newest entry is %q", first)
	}
	p.click("#panel-history li:nth-child(2) .entry")
	p.wait(`document.getElementById("query").value.startsWith("query First")`)
	p.click("#panel-history li .remove")
	p.wait(`document.querySelectorAll("#panel-history li").length === 1`)
	p.click("#panel-history .clear")
	p.wait(`document.getElementById("panel-history").textContent.includes("are listed here")`)
	if kept := eval[string](p, `JSON.stringify(localStorage)`); strings.Contains(kept, "posts(limit") {
		t.Errorf("localStorage still holds %s", kept)
	}
}

func darkAndLight(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	for _, test := range []struct {
		prefers string
		dark    bool
	}{{"dark", true}, {"light", false}} {
		p.prefers(test.prefers)
		if got := eval[float64](p, brightness); (got < 60) != test.dark {
			t.Errorf("the system prefers %s: brightness %v", test.prefers, got)
		}
	}
	p.click("#theme")
	if got := eval[float64](p, brightness); got > 60 {
		t.Errorf("the switch makes it no darker than %v", got)
	}
	p.fill("query", "query Names($n: Int) {\n  users(limit: $n) {\n    id\n    name\n    posts { title status }\n  }\n}")
	p.fill("variables", `{"n": 3}`)
	p.run("200 OK")
	p.shot("dark")
	p.do(chromedp.Reload())
	p.wait(`document.getElementById("query")?.value`)
	if got := eval[float64](p, brightness); got > 60 {
		t.Errorf("the choice is gone after a reload: brightness %v", got)
	}
	p.click("#theme")
	if got := eval[float64](p, brightness); got < 200 {
		t.Errorf("back to light: brightness %v", got)
	}
	p.shot("light")
	const texts = "button, h1, h3, [class^='t-'], .muted, .version, .name, .numbers, b, small"
	if faint := p.faint(texts); faint != "" {
		t.Errorf("light: contrast below 4.5:\n%s", faint)
	}
	p.click("#theme")
	if faint := p.faint(texts); faint != "" {
		t.Errorf("dark: contrast below 4.5:\n%s", faint)
	}
}

func phone(t *testing.T, browser context.Context) {
	p := open(t, browser, startApp(t, nil))
	p.size(390, 780)
	fits := func(where string) {
		t.Helper()
		if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d wide", where, wide)
		}
		if out := eval[string](p, `[...document.querySelectorAll("header button, nav button, .tools button")].filter((b) => b.offsetParent && b.getBoundingClientRect().right > 390).map((b) => b.innerText).join(" ")`); out != "" {
			t.Errorf("%s: out of the window: %s", where, out)
		}
		p.shot("phone-" + where)
	}
	shows := func(pane string) {
		t.Helper()
		p.wait(`["side", "compose", "answer"].filter((id) => document.getElementById(id).offsetParent).join() === ` + quote(pane))
	}
	shows("compose")
	p.fill("query", "{ users(limit: 2) { id name } }")
	fits("query")
	p.click("#run")
	shows("answer")
	p.wait(`document.getElementById("body").textContent.includes('"name"')`)
	fits("answer")
	p.click(`[data-show="side"]`)
	shows("side")
	fits("schema")
	p.click(".docs .add")
	shows("compose")
}

func prettifyCurlUndo(t *testing.T, browser context.Context) {
	address := startApp(t, nil)
	p := open(t, browser, address)
	eval[bool](p, `(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }, true)`)
	p.fill("query", "{users(limit:1){id name}}")
	p.click("#prettify")
	if got, want := p.value("query"), "{\n  users(limit: 1) {\n    id\n    name\n  }\n}\n"; got != want {
		t.Errorf("prettify gives %q", got)
	}
	p.press("z", ctrl)
	p.wait(`document.getElementById("query").value === "{users(limit:1){id name}}"`)
	p.click("#curl")
	p.wait(`window.copied`)
	command := eval[string](p, `window.copied`)
	for _, want := range []string{"curl '" + address + "'", "-H 'Content-Type: application/json'", `--data-raw '{"query":"{users(limit:1){id name}}"}'`} {
		if !strings.Contains(command, want) {
			t.Errorf("no %s in\n%s", want, command)
		}
	}
	p.fill("query", "{users(")
	p.click("#prettify")
	p.wait(`document.getElementById("toast").textContent.includes("mistake")`)
	if got := p.value("query"); got != "{users(" {
		t.Errorf("a query with a mistake became %q", got)
	}
}

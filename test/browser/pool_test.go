package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestPoolPage watches pools; each subtest has its own.
func TestPoolPage(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	tests := map[string]func(*testing.T, context.Context){
		"the numbers are those of the metrics": numbersOfTheMetrics,
		"a database that is away is named":     databaseAway,
		"without scripts it is a table":        withoutScripts,
		"the keyboard tells of each moment":    momentsByKeyboard,
		"it fits a phone":                      poolOnAPhone,
		"it is dark and light":                 poolDarkAndLight,
		"it is paused, and finds back":         pausedAndBack,
		"nothing jumps":                        nothingJumps,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, browser)
		})
	}
}

// watched is an app with a pool of 3 + 2 and the page that watches it.
type watched struct {
	*tab
	app     *fraiseql.App
	link    *pgtest.Link
	address string // of the server
}

// live is true when the page has got an event.
const live = `document.body.dataset.link === "live"`

func watchPool(t *testing.T, browser context.Context, before ...func(*tab)) *watched {
	t.Helper()
	link := pgtest.Proxy(t, pgtest.New(t, apptest.Example(t, "blog")...).URL)
	app := apptest.Start(t, fraiseql.Options{
		DatabaseURL: link.URL, ConnectionPoolSize: 3, ConnectionPoolMaxOverflow: 2, Title: "Blog <API>",
		Queries: []fraiseql.Query{fraiseql.Resolve("pause", func(ctx context.Context, a struct{ Ms int }) (bool, error) {
			_, err := fraiseql.DB(ctx).Exec(ctx, "select pg_sleep($1)", float64(a.Ms)/1000)
			return true, err
		})},
	})
	address := apptest.Listen(t, app)
	return &watched{visit(t, browser, address+"/pool", before...), app, link, address}
}

// load keeps so many clients busy until what is returned is called, which waits for the last answers.
func (w *watched) load(clients int, query string) (end func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	body, _ := json.Marshal(map[string]string{"query": query})
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				resp, err := http.Post(w.address+"/graphql", "application/json", strings.NewReader(string(body)))
				if err != nil {
					w.t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// metric gives a number of /metrics.
func (w *watched) metric(series string) string {
	w.t.Helper()
	resp, err := http.Get(w.address + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindSubmatch(text)
	if found == nil {
		w.t.Fatalf("no %s in\n%s", series, text)
	}
	return string(found[1])
}

// whole saves a picture of all of the page, for people to look at.
func (w *watched) whole(name string, width int64) {
	w.t.Helper()
	w.size(width, 820)
	w.size(width, eval[int64](w.tab, `document.documentElement.scrollHeight`))
	w.shot(name)
	w.size(width, 820)
}

func numbersOfTheMetrics(t *testing.T, browser context.Context) {
	w := watchPool(t, browser)
	w.wait(live)
	if title := eval[string](w.tab, `document.title`); title != "up · pool fraiseql · Blog <API>" {
		t.Errorf("the title is %q", title)
	}
	end := w.load(12, `query Sleep { pause(ms: 150) }`)
	w.wait(`document.querySelector("[data-rows=leases] td")?.textContent === "query Sleep" && document.querySelector("[data-rows=holders] td")?.textContent === "query Sleep" && document.querySelector("[data-rows=slowest] td")?.textContent === "query Sleep"`)
	w.wait(`[...document.querySelectorAll("#connections path.leased, #queue path.waiting, #leases path.rate")].filter((path) => path.getAttribute("d").includes(",")).length === 3`)
	w.wait(`document.querySelector("#advice .bad")?.textContent.includes("All 5 connections were busy at p95")`)
	w.whole("pool-load", 1360)
	end()
	apptest.Settle(t, w.app)
	const in = `{db_client_connection_pool_name="fraiseql"`
	for place, series := range map[string]string{
		`[data-t=waitCount]`:   `db_client_connection_wait_time_seconds_count` + in + `}`,
		`[data-t=useCount]`:    `db_client_connection_use_time_seconds_count` + in + `}`,
		`[data-t=createCount]`: `db_client_connection_create_time_seconds_count` + in + `}`,
		`[data-t=leased]`:      `db_client_connection_count` + in + `,db_client_connection_state="used"}`,
		`[data-t=idle]`:        `db_client_connection_count` + in + `,db_client_connection_state="idle"}`,
		`[data-t=waiting]`:     `db_client_connection_pending_requests` + in + `}`,
		`[data-t=overflow]`:    `fraiseql_pool_overflow` + in + `}`,
		`[data-rows=counters] tr:nth-child(1) td:nth-child(2)`:  `fraiseql_pool_acquires_total` + in + `,how="immediate"}`,
		`[data-rows=counters] tr:nth-child(2) td:nth-child(2)`:  `fraiseql_pool_acquires_total` + in + `,how="waited"}`,
		`[data-rows=counters] tr:nth-child(11) td:nth-child(2)`: `fraiseql_pool_connections_opened_total` + in + `}`,
	} {
		// Overflow closes by itself after some seconds: both are asked again until they agree.
		shown := func() string { return strings.ReplaceAll(w.text(place), ",", "") }
		apptest.Until(t, place+" is "+series, func() bool { return shown() == w.metric(series) })
	}
	for name, series := range map[string]string{"wait": "wait_time", "use": "use_time", "create": "create_time"} {
		rows := eval[[]string](w.tab, `[...document.querySelectorAll("[data-bars=`+name+`] tbody td:last-child")].map((td) => td.textContent.replaceAll(",", ""))`)
		sum := 0
		for i, le := range []string{"0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "+Inf"} {
			n := 0
			if _, err := fmt.Sscan(rows[i], &n); err != nil {
				t.Fatal(err)
			}
			sum += n
			if want := w.metric(`db_client_connection_` + series + `_seconds_bucket` + in + `,le="` + le + `"}`); want != fmt.Sprint(sum) {
				t.Errorf("%s up to %s s: the page has %d, the metrics have %s", name, le, sum, want)
			}
		}
	}
}

func databaseAway(t *testing.T, browser context.Context) {
	w := watchPool(t, browser)
	w.wait(live)
	w.link.Reject(true)
	w.link.Drop()
	end := w.load(1, `{ users(limit: 1) { id } }`)
	w.wait(`document.body.dataset.state === "down" && document.querySelector("#advice .bad")?.textContent.includes("The database cannot be used since")`)
	if title := eval[string](w.tab, `document.title`); !strings.HasPrefix(title, "down · pool") {
		t.Errorf("the title is %q", title)
	}
	if row := w.text("[data-rows=changes] tr"); !strings.Contains(row, "up → down") || !strings.Contains(row, "127.0.0.1") {
		t.Errorf("the last change is %q", row)
	}
	w.whole("pool-down", 1360)
	w.link.Reject(false)
	w.wait(`document.body.dataset.state === "up" && document.querySelector("[data-rows=changes] td:nth-child(2)").textContent === "down → up"`)
	end()
}

func withoutScripts(t *testing.T, browser context.Context) {
	w := watchPool(t, browser, func(p *tab) {
		call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	})
	w.wait(`document.querySelector("[data-rows=minutes] td:nth-child(6)")`)
	if link := eval[string](w.tab, `document.body.dataset.link`); link != "none" {
		t.Errorf("a script ran: %s", link)
	}
	if got := eval[string](w.tab, `["#plots", "#pause"].filter((s) => document.querySelector(s).offsetParent).join()`); got != "" {
		t.Errorf("%s cannot work, and is shown", got)
	}
	for place, want := range map[string]string{"[data-t=levels]": "of 3, at most 5", "[data-t=state]": "up", "[data-rows=budget] td": "max_connections", "[data-rows=leases]": "Nothing is leased.", "#advice li b": ""} {
		if got := w.text(place); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q", place, got, want)
		}
	}
	before := w.text("[data-t=at]")
	w.wait(`document.querySelector("[data-t=at]")?.textContent !== ` + quote(before)) // it loads itself again
	w.whole("pool-plain", 1360)
}

func momentsByKeyboard(t *testing.T, browser context.Context) {
	w := watchPool(t, browser)
	w.wait(live + ` && +document.getElementById("plots").getAttribute("aria-valuemax") >= 2`)
	var stops []string
	for range 4 {
		w.press("Tab", 0)
		stops = append(stops, w.focused())
	}
	if got := strings.Join(stops, " "); !strings.HasPrefix(got, "pause plots ") {
		t.Fatalf("the stops are %q", stops)
	}
	w.do(chromedp.Focus(chromedp.CSS("#plots")))
	last := eval[string](w.tab, `document.getElementById("plots").getAttribute("aria-valuetext")`)
	w.press("ArrowLeft", 0)
	w.press("ArrowLeft", 0)
	w.wait(`document.getElementById("moment").textContent.match(/^\d\d:\d\d:\d\d UTC: \d leased, \d idle/)`)
	if moment := w.text("#moment"); moment == last || moment != eval[string](w.tab, `document.getElementById("plots").getAttribute("aria-valuetext")`) {
		t.Errorf("the moment is %q, after %q", moment, last)
	}
	if n := eval[int](w.tab, `document.querySelectorAll("#plots .mark").length`); n != 3 {
		t.Errorf("%d marks in the charts", n)
	}
	w.shot("pool-moment")
	w.press("Escape", 0)
	w.wait(`document.getElementById("moment").textContent.startsWith("Point at")`)
	names := eval[string](w.tab, `[...document.querySelectorAll("section, svg:not([aria-hidden]), button, [tabindex]")].filter((e) => !(e.getAttribute("aria-label") || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80)).join("\n")`)
	if names != "" {
		t.Errorf("without a name:\n%s", names)
	}
}

func poolOnAPhone(t *testing.T, browser context.Context) {
	w := watchPool(t, browser, func(p *tab) { p.size(360, 780) })
	w.wait(live)
	if wide := eval[int](w.tab, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the page is %d wide", wide)
	}
	out := eval[string](w.tab, `[...document.querySelectorAll("main *, header *")].filter((e) => e.getBoundingClientRect().right > 360.5 && !e.closest(".list, svg")).map((e) => e.outerHTML.slice(0, 80)).join("\n")`)
	if out != "" {
		t.Errorf("out of the window:\n%s", out)
	}
	w.whole("pool-phone", 360)
}

func poolDarkAndLight(t *testing.T, browser context.Context) {
	w := watchPool(t, browser)
	w.wait(live + ` && document.querySelector("#connections path.leased")`)
	for _, scheme := range []string{"dark", "light"} {
		w.prefers(scheme)
		if got := eval[float64](w.tab, brightness); (got < 60) != (scheme == "dark") {
			t.Errorf("the system prefers %s: brightness %v", scheme, got)
		}
		if faint := w.faint("h1, h2, small, dt, dd *, td, th, p, li, li b, .link, .state, .muted, button, .legend *"); faint != "" {
			t.Errorf("%s: contrast below 4.5:\n%s", scheme, faint)
		}
		w.shot("pool-" + scheme)
	}
}

func pausedAndBack(t *testing.T, browser context.Context) {
	w := watchPool(t, browser)
	w.wait(live)
	w.click("#pause")
	w.wait(`document.body.dataset.link === "paused" && document.getElementById("pause").getAttribute("aria-pressed") === "true"`)
	at := w.text("[data-t=at]")
	w.click("#pause")
	w.wait(live + ` && document.querySelector("[data-t=at]").textContent !== ` + quote(at))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.app.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	w.wait(`document.body.dataset.link === "lost"`)
	if text := w.text(".link"); !strings.HasPrefix(text, "not live (") {
		t.Errorf("the page says %q", text)
	}
	w.shot("pool-stopped")
}

// nothingJumps adds up what moved although nobody touched anything, as browsers measure it.
func nothingJumps(t *testing.T, browser context.Context) {
	w := watchPool(t, browser, func(p *tab) {
		call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `window.moved = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.moved += e.value }).observe({ type: "layout-shift", buffered: true });`,
		})
		call(p, page.Enable, page.EnableParams{})
	})
	w.wait(live)
	end := w.load(12, `{ pause(ms: 100) }`)
	w.wait(`document.querySelector("#advice .bad") && document.querySelectorAll("[data-rows=leases] tr").length > 3`)
	end()
	w.wait(`document.querySelector("[data-rows=leases] .muted")`)
	if moved := eval[float64](w.tab, `window.moved`); moved > 0.02 {
		t.Errorf("the layout moved by %v", moved)
	}
}

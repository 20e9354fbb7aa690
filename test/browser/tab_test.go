package browser_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds every wait; a healthy browser needs a small part of it.
const patience = 45 * time.Second

// startBrowser starts a headless Chromium with an empty profile that stops with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		const cure = "no Chromium or Chrome on the PATH: install chromium"
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal(cure)
		}
		t.Skip(cure)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with its sandbox
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("closing the browser: %v", err)
		}
		closeBrowser()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	return ctx
}

// tab is one page of the browser. When its test ends it fails on every line in the console and every request to
// another host.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// open shows the explorer in a new tab and waits until it has asked for the schema.
func open(t *testing.T, browser context.Context, address string) *tab {
	t.Helper()
	p := visit(t, browser, address)
	p.wait(`document.getElementById("schema-state").textContent.match(/types|No schema/) && document.body.dataset.pane`)
	return p
}

// visit shows the address in a new tab. What is called before is done before the page is loaded.
func visit(t *testing.T, browser context.Context, address string, before ...func(*tab)) *tab {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	p := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // without a limit, which would be the tab's own
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, func(event any) { p.watch(at.Host, event) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Error(problem)
		}
	})
	call(p, log.Enable, cdp.Empty{})
	call(p, network.Enable, network.EnableParams{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.size(1360, 820)
	for _, f := range before {
		f(p)
	}
	p.do(chromedp.Navigate(address))
	return p
}

func (p *tab) watch(host string, event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			problem += "console: " + string(arg.Value) + arg.Description + " "
		}
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		// The browser notes each answer with an error status; the tests that provoke one look at the page.
		if e.Entry.Source != log.EntrySourceNetwork || !strings.HasSuffix(e.Entry.URL, "/graphql") && !strings.HasSuffix(e.Entry.URL, "/pool") {
			problem = "browser: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		if to, err := url.Parse(e.Request.URL); err != nil || to.Host != host && to.Scheme != "data" && to.Scheme != "blob" {
			problem = "request to another host: " + e.Request.URL
		}
	}
	if problem != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
}

// limited is the tab's context for one step.
func (p *tab) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// call runs one command of the browser's protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// eval gives the value of an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// wait returns when the expression has become true, and says what the page shows when it does not.
func (p *tab) wait(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](p, "Boolean("+expression+")") {
		if time.Now().After(deadline) {
			p.shot("failed")
			p.t.Fatalf("waited for %s; the page shows:\n%s", expression, eval[string](p, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// prefers sets what the system says about dark and light.
func (p *tab) prefers(scheme string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// brightness is that of the page's background.
const brightness = `getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3`

// faint lists the texts that stand out from what is behind them by less than WCAG 2.2 wants (1.4.3: 4.5).
func (p *tab) faint(selector string) string {
	p.t.Helper()
	return eval[string](p, `(() => {
		const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
		const light = (color) => {
			canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
			const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const behind = (e) => { while (e && /, 0\)$|transparent/.test(getComputedStyle(e).backgroundColor)) e = e.parentElement; return getComputedStyle(e ?? document.body).backgroundColor; };
		const faint = [];
		for (const e of document.querySelectorAll(`+quote(selector)+`)) {
			if (!e.offsetParent || !e.textContent.trim()) continue;
			const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
			const ratio = (a + 0.05) / (b + 0.05);
			if (ratio < 4.5) faint.push(e.tagName + "." + e.className + " " + e.textContent.slice(0, 20) + " " + ratio.toFixed(2));
		}
		return [...new Set(faint)].join("\n");
	})()`)
}

const (
	ctrl  = 2
	shift = 8
)

// press sends one key as a keyboard does: text, if any, comes with the key down, so a page can take the key for itself.
func (p *tab) press(key string, modifiers int64) {
	p.t.Helper()
	codes := map[string]int64{"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Backspace": 8}
	event := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Modifiers: modifiers, WindowsVirtualKeyCode: codes[key]}
	switch {
	case modifiers&ctrl != 0:
		event.Commands = map[string][]string{"a": {"selectAll"}, "z": {"undo"}}[key]
	case key == "Enter":
		event.Text = "\r"
	case len([]rune(key)) == 1:
		event.Text = key
	}
	call(p, input.DispatchKeyEvent, event)
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key, Modifiers: modifiers, WindowsVirtualKeyCode: codes[key]})
}

// write types a text, a key after the other; a line's end is Enter.
func (p *tab) write(text string) {
	p.t.Helper()
	for _, letter := range text {
		if letter == '\n' {
			p.press("Enter", 0)
		} else {
			p.press(string(letter), 0)
		}
	}
}

// fill replaces what an editor holds, as a paste does.
func (p *tab) fill(id, text string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS("#" + id)))
	p.press("a", ctrl)
	if text == "" {
		p.press("Backspace", 0)
		return
	}
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, `document.querySelector(`+quote(selector)+`).innerText`)
}

func (p *tab) value(id string) string {
	p.t.Helper()
	return eval[string](p, `document.getElementById(`+quote(id)+`).value`)
}

// focused names the element that has the focus, by its id or else its text.
func (p *tab) focused() string {
	p.t.Helper()
	return eval[string](p, `document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.innerText || document.activeElement.tagName`)
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// shot saves a picture when the environment names a folder for it, for people to look at.
func (p *tab) shot(name string) {
	p.t.Helper()
	folder := os.Getenv("BROWSER_SHOTS")
	if folder == "" {
		return
	}
	shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot.Data, 0o600); err != nil {
		p.t.Error(err)
	}
}

package console

import (
	"bytes"
	"html/template"
	"net/http"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/page"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Path is where the page stands, and Folder where it looks for its files, relative to that.
const (
	Path   = "/pool"
	Folder = "/pool/"
)

// Files serves what the page loads.
func Files() http.Handler { return page.Folder(files, "assets") }

// ServeHTTP answers with the page as of now.
func (c *Console) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s, held := c.o.Stat(), c.held()
	c.mu.Lock()
	v, r := c.newView(time.Now(), s, held)
	c.mu.Unlock()
	var body bytes.Buffer
	err := c.page.Execute(&body, map[string]any{
		"Title": c.o.Title, "Name": r.Name, "View": v, "Measures": measures, "Lists": lists(v), "Assets": template.URL(page.Relative(Path, Folder)),
	})
	if err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	page.Protect(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body.Bytes()) // a client that left needs no answer
}

// list is a table of the page.
type list struct {
	Name, Title, Help, Empty, Text string
	Columns                        []string
	Rows                           [][]string
}

// lists are the tables of the page, in its order.
func lists(v *view) []list {
	all := []list{
		{Name: "leases", Title: "Leased for longest", Help: "now", Empty: "Nothing is leased.", Columns: []string{"operation", "held"}},
		{Name: "holders", Title: "What held connections", Help: "lately, by a look each second", Empty: "Nothing was seen leased.", Columns: []string{"operation", "of all time", "longest seen"}},
		{Name: "slowest", Title: "Slowest operations", Help: "lately, from the document to the answer", Empty: "None has ended.", Columns: []string{"operation", "longest", "mean", "count", "failed"}},
		{Name: "changes", Title: "State", Help: "its last changes", Empty: "It has not changed yet.", Columns: []string{"when", "change", "why"}},
		{Name: "budget", Title: "Budget", Help: "connections of the server", Empty: "Not known yet.", Text: v.Texts["budget"], Columns: []string{"connections", "number"}},
		{Name: "minutes", Title: "By the minute", Help: "the charts as a table", Empty: "Nothing is measured yet.", Columns: []string{"UTC", "leased, mean", "most", "waiting, most", "leases", "failed"}},
		{Name: "counters", Title: "Counters", Help: "since the start", Columns: []string{"what", "number"}},
	}
	for i := range all {
		all[i].Rows = v.Tables[all[i].Name]
	}
	return all
}

// newView makes what is to be seen of now. c.mu is held.
func (c *Console) newView(now time.Time, s pool.Stat, held []pool.LeaseInfo) (*view, *Report) {
	r := c.report(now, s, held)
	var newest *sample
	if x, ok := c.samples.newest(); ok {
		newest = &x
	}
	return newView(&r, newest), &r
}

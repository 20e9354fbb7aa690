// Package console is what stands at /pool: what the connection pool does, what it did in the last minutes, and what to do
// about it. There are three forms of the same report: JSON for programs, a page for people, and a stream of events that
// keeps the page up to date. The page is complete without a script, too.
//
// A sample is taken each second, whether or not anybody watches: who opens the page at night wants to see what led there. It
// costs some microseconds, and the samples of ten minutes some tens of kilobytes.
package console

import (
	"embed"
	"html/template"
	"sync"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/page"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	interval   = time.Second      // between two samples
	history    = 10 * time.Minute // that the samples reach back
	lately     = 5 * time.Minute  // that the figures of the last minutes reach back
	markEvery  = 10 * time.Second // between two marks, from which those figures count
	mostKept   = 32               // changes of the state
	mostListed = 10               // leases, and operations
)

//go:embed assets page.html
var files embed.FS

// Options of New. The functions are called at each sample and at each request, by many at once.
type Options struct {
	Title  string                     // of the app
	Stat   func() pool.Stat           // required
	Budget func() (pool.Budget, bool) // nil: never known
	Leases func() []pool.LeaseInfo    // nil: never known
	Ended  <-chan struct{}            // closed: nothing is sampled any more, and every stream ends; nil: never
}

// Console keeps the last minutes of one pool.
type Console struct {
	o    Options
	page *template.Template

	operations operations

	mu       sync.Mutex // guards what follows
	samples  ring[sample]
	marks    ring[mark]
	changes  ring[Change]
	holders  holders
	watchers int
	event    []byte        // the last one
	news     chan struct{} // closed and replaced when there is another one
}

// New makes a console. It starts nothing.
func New(o Options) *Console {
	text, err := page.Template(files, "page.html")
	if err != nil {
		panic(err) // it is part of the program
	}
	return &Console{
		o: o, page: text, news: make(chan struct{}),
		samples: newRing[sample](int(history / interval)), marks: newRing[mark](int(lately/markEvery) + 1), changes: newRing[Change](mostKept),
	}
}

// Run takes samples until Options.Ended.
func (c *Console) Run() {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for now := time.Now(); ; {
		c.look(now)
		select {
		case now = <-ticker.C:
		case <-c.o.Ended:
			return
		}
	}
}

// StateChanged is for the pool's Trace.
func (c *Console) StateChanged(i pool.StateInfo) {
	change := Change{At: time.Now().UTC(), From: i.From, To: i.To}
	if i.Err != nil {
		change.Reason = i.Err.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes.add(change)
}

// look takes a sample, and tells those who watch.
func (c *Console) look(now time.Time) {
	s, held := c.o.Stat(), c.held()
	c.mu.Lock()
	defer c.mu.Unlock()
	last, _ := c.samples.newest()
	c.samples.add(newSample(now, &s, last))
	if m, ok := c.marks.newest(); !ok || now.Sub(m.at) >= markEvery {
		c.marks.add(mark{now, s})
	}
	c.holders.look(now, held)
	if c.watchers > 0 {
		c.event = c.newEvent(now, s, held)
		close(c.news)
		c.news = make(chan struct{})
	}
}

func (c *Console) held() []pool.LeaseInfo {
	if c.o.Leases == nil {
		return nil
	}
	return c.o.Leases()
}

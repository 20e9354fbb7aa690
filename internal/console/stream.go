package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	// MaxWatchers is how many streams there may be at once.
	MaxWatchers = 32

	writeLimit = 5 * time.Second // for one event; who does not take it is gone
	retry      = 2 * time.Second // after which a client may ask again when the stream has ended
)

// ErrCrowded says that as many streams are open as may be.
var ErrCrowded = fmt.Errorf("%d pages watch the pool already", MaxWatchers)

// Stream answers with events (server-sent events, as the HTML standard defines them in section 9.2): "history", a list of the
// samples of the last minutes, then each second "view", and "end" when the app stops. A watcher that reads slowly misses
// views and delays nobody; one that takes none for some seconds is left. The error is ErrCrowded, and nothing was written
// then.
func (c *Console) Stream(w http.ResponseWriter, r *http.Request) error {
	first, news, err := c.join()
	if err != nil {
		return err
	}
	defer c.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	if r.Method == http.MethodHead {
		return nil
	}
	out := http.NewResponseController(w)
	send := func(event []byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writeLimit)) // where there are none, a writer that blocks ends with its connection
		if _, err := w.Write(event); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	defer func() { _ = out.SetWriteDeadline(time.Time{}) }() // the connection's next answer has no part in it
	for event := first; send(event); {
		select {
		case <-news:
			event, news = c.latest()
		case <-r.Context().Done():
			return nil
		case <-c.o.Ended:
			send([]byte("event: end\ndata:\n\n"))
			return nil
		}
	}
	return nil
}

// join counts a watcher in, and gives it what it has missed.
func (c *Console) join() (first []byte, news <-chan struct{}, err error) {
	s, held := c.o.Stat(), c.held()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers >= MaxWatchers {
		return nil, nil, ErrCrowded
	}
	c.watchers++
	var b bytes.Buffer
	fmt.Fprintf(&b, "retry: %d\n", retry.Milliseconds())
	writeEvent(&b, "history", c.samples.all())
	b.Write(c.newEvent(time.Now(), s, held))
	return b.Bytes(), c.news, nil
}

func (c *Console) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers--; c.watchers == 0 {
		c.event = nil
	}
}

// latest is the newest event, and what is closed when there is a newer one.
func (c *Console) latest() ([]byte, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.event, c.news
}

// newEvent makes a view's event. c.mu is held.
func (c *Console) newEvent(now time.Time, s pool.Stat, held []pool.LeaseInfo) []byte {
	v, _ := c.newView(now, s, held)
	var b bytes.Buffer
	writeEvent(&b, "view", v)
	return b.Bytes()
}

// writeEvent writes a value as JSON, which has no line's end in it.
func writeEvent(b *bytes.Buffer, name string, v any) {
	fmt.Fprintf(b, "event: %s\ndata: ", name)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		b.WriteString("null\n") // no value of ours is without a form in JSON
	}
	b.WriteString("\n")
}

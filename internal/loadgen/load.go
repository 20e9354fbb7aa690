package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Load says what to send, how fast and how long. URL and one of Duration and Count are required.
type Load struct {
	URL    string      // http or https
	Method string      // default POST
	Header http.Header // sent with every request; default Content-Type: application/json

	// Body gives the body of request n, counted from 0. Nil: no body. It is called by many goroutines at once.
	Body func(n int64) []byte

	// Check judges the body of a successful answer to request n; its error is counted under the kind "check". Nil: any
	// answer with a 2xx status and without GraphQL errors is good. The body is only valid during the call. It is called by
	// many goroutines at once.
	Check func(n int64, body []byte) error

	// Rate above 0 makes the load open: that many requests fall due each second. 0: closed.
	Rate float64

	// Workers is, in a closed load, how many send at the same time (default 1). In an open load it bounds how many requests
	// are under way at once (default 1000): further ones wait, and their waiting counts as latency.
	Workers int

	Duration time.Duration // no request falls due after it; 0: no bound
	Count    int64         // no more requests than this; 0: no bound

	// Timeout bounds one request, and, after Duration, the wait for requests that are late. Default 30 s.
	Timeout time.Duration

	// Transport sends the requests. Default: a Transport of this package, which is closed at the end.
	Transport http.RoundTripper

	// OnProgress, if not nil, is called about four times a second by one goroutine that has ended when Run returns.
	OnProgress func(Progress)
}

// Progress is how far a load has come.
type Progress struct {
	Elapsed time.Duration
	Done    int64 // answers, good or bad
	Failed  int64
}

func (l Load) withDefaults() Load { // l is a copy already
	workers := 1
	if l.Rate > 0 {
		workers = 1000
	}
	l.Workers = cmp.Or(l.Workers, workers)
	l.Method = cmp.Or(l.Method, http.MethodPost)
	l.Timeout = cmp.Or(l.Timeout, 30*time.Second)
	if l.Header == nil {
		l.Header = http.Header{"Content-Type": {"application/json"}}
	}
	return l
}

func (l Load) validate() error {
	var faults []error
	if u, err := url.Parse(l.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		faults = append(faults, fmt.Errorf("URL is %q: give an address such as http://127.0.0.1:8000/graphql", l.URL))
	}
	if l.Duration == 0 && l.Count == 0 {
		faults = append(faults, errors.New("neither Duration nor Count is set: a load without an end is refused; set one of them"))
	}
	if l.Duration < 0 {
		faults = append(faults, fmt.Errorf("the Duration %s is negative: leave it 0 for no bound in time", l.Duration))
	}
	if l.Count < 0 {
		faults = append(faults, fmt.Errorf("the Count %d is negative: leave it 0 for no bound in number", l.Count))
	}
	if l.Rate < 0 || l.Rate > 1e6 || l.Rate != l.Rate {
		faults = append(faults, fmt.Errorf("the Rate %v is not between 0 and 1000000 requests per second: 0 stands for a closed load", l.Rate))
	}
	if l.Workers < 0 || l.Workers > 100_000 {
		faults = append(faults, fmt.Errorf("the number of Workers %d is not between 0 and 100000: 0 stands for the default", l.Workers))
	}
	if l.Timeout < 0 {
		faults = append(faults, fmt.Errorf("the Timeout %s is negative: leave it 0 for 30 s", l.Timeout))
	}
	return errors.Join(faults...)
}

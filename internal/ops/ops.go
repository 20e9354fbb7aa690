// Package ops serves what operators and tools ask an app besides GraphQL: is it alive, is it ready, what does
// its pool do, which version and which schema is it.
package ops

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/pool"
)

// retryAfter is when a load balancer may ask again whether the app is ready.
const retryAfter = time.Second

// Reason is why an app is not ready.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Cure    string `json:"cure"`
}

// Options of New. The functions are called at each request, by many at once.
type Options struct {
	Stat  func() pool.Stat // required
	Ready func() []Reason  // an empty list: ready; nil: always

	// SDL gives the schema, "" as long as there is none. nil: it is not shown, since introspection is off.
	SDL func() string

	// Compress makes the handler that compresses what another one answers; nil: the schema and the page at /pool are sent as
	// they are.
	Compress func(http.Handler) http.Handler

	// Requests are the metrics of what clients ask; nil: /metrics has none.
	Requests *Requests

	// Console keeps what /pool tells of the last minutes; nil: one that is not run, so that it knows this moment only.
	Console *console.Console

	Title, Version, Description string // of the app, for /version
	FraiseQL                    string // the version of this project

	// Guarded keeps /metrics and /pool off the public address.
	Guarded bool
	// Allow tells why a request may not see /metrics and /pool, wherever they are; it may add to the header of the answer.
	// nil: every request may.
	Allow func(answer http.Header, r *http.Request) *fault.Error
	// Discreet keeps the messages of reasons, which name hosts and tables, off the public address.
	Discreet bool
}

// Server answers operators' requests.
type Server struct {
	o       Options
	metrics http.Handler
	page    http.Handler // of the console
	files   http.Handler // that it loads
}

// New makes a server with metrics of its own.
func New(o Options) *Server {
	if o.Console == nil {
		o.Console = console.New(console.Options{Title: o.Title, Stat: o.Stat})
	}
	s := &Server{o: o, page: o.Console, files: console.Files()}
	if o.Compress != nil {
		s.page, s.files = o.Compress(s.page), o.Compress(s.files)
	}
	s.metrics = s.newMetrics()
	return s
}

// Public serves what may stand on the address that clients use.
func (s *Server) Public() http.Handler {
	mux := http.NewServeMux()
	s.MountPublic(mux)
	return mux
}

// MountPublic adds the paths of Public to a mux.
func (s *Server) MountPublic(mux *http.ServeMux) {
	mux.Handle("/ready", reading(s.ready(s.o.Discreet)))
	s.mountCommon(mux)
	if !s.o.Guarded {
		s.mountGuarded(mux)
	}
}

func (s *Server) mountCommon(mux *http.ServeMux) {
	mux.Handle("/health", reading(s.health))
	mux.Handle("/version", reading(s.version))
	schema := reading(s.schema)
	if s.o.Compress != nil {
		schema = s.o.Compress(schema)
	}
	mux.Handle("/schema.graphql", schema)
}

// Admin serves everything. Its address must not be reachable by clients.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ready", reading(s.ready(false)))
	s.mountCommon(mux)
	s.mountGuarded(mux)
	return mux
}

func (s *Server) mountGuarded(mux *http.ServeMux) {
	mux.Handle("/metrics", reading(s.allowed(s.metrics.ServeHTTP)))
	mux.Handle(console.Path, reading(s.allowed(s.pool)))
	mux.Handle(console.Folder, reading(s.allowed(s.files.ServeHTTP)))
}

// allowed lets those pass who may see the numbers.
func (s *Server) allowed(serve http.HandlerFunc) http.HandlerFunc {
	if s.o.Allow == nil {
		return serve
	}
	return func(w http.ResponseWriter, r *http.Request) {
		e := s.o.Allow(w.Header(), r)
		if e == nil {
			serve(w, r)
			return
		}
		known := fault.Lookup(e.Code)
		if e.RetryAfter > 0 || known.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", strconv.FormatInt(int64(max((e.RetryAfter+time.Second-1)/time.Second, 1)), 10))
		}
		refuse(w, known.Status, string(e.Code), e.Message, known.Cure)
	}
}

// reading lets GET and HEAD through. What they answer is of this moment: no cache may keep it.
func reading(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", r.Method+" is not served here", "use GET")
			return
		}
		serve(w, r)
	})
}

// health says that the process lives: it can take a request and answer it. It does not ask the database, or an outage of
// that would restart every instance.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

func (s *Server) ready(discreet bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var reasons []Reason
		if s.o.Ready != nil {
			reasons = s.o.Ready()
		}
		if discreet {
			for i, r := range reasons {
				known := fault.Lookup(fault.Code(r.Code))
				reasons[i] = Reason{r.Code, known.Meaning, "the log has the reason, and so has /ready on the address for operators"}
			}
		}
		s.tellReady(w, reasons)
	}
}

func (s *Server) tellReady(w http.ResponseWriter, reasons []Reason) {
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	answer(w, status, struct {
		Ready   bool     `json:"ready"`
		Reasons []Reason `json:"reasons,omitempty"`
	}{len(reasons) == 0, reasons})
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
		FraiseQL    string `json:"fraiseql"`
	}{s.o.Title, s.o.Version, s.o.Description, s.o.FraiseQL})
}

func (s *Server) schema(w http.ResponseWriter, _ *http.Request) {
	if s.o.SDL == nil {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "the schema is not shown: introspection is off", "ask the operator for the schema")
		return
	}
	sdl := s.o.SDL()
	if sdl == "" {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		refuse(w, http.StatusServiceUnavailable, "NOT_READY", "the schema is not loaded yet", "try again after Retry-After; /ready tells the reason")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(sdl)))
	_, _ = w.Write([]byte(sdl)) // a client that left needs no answer
}

// pool answers people with a page, the page with a stream that keeps it up to date, and programs with the numbers.
func (s *Server) pool(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	switch accept := r.Header.Get("Accept"); {
	case strings.Contains(accept, "text/event-stream"):
		if err := s.o.Console.Stream(w, r); err != nil {
			w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
			refuse(w, http.StatusServiceUnavailable, "TOO_MANY_WATCHERS", err.Error(), "close a page that nobody looks at, or ask for application/json")
		}
	case strings.Contains(accept, "text/html"):
		s.page.ServeHTTP(w, r)
	default:
		answer(w, http.StatusOK, s.o.Console.Report())
	}
}

// refuse answers with a reason.
func refuse(w http.ResponseWriter, status int, code, message, cure string) {
	answer(w, status, Reason{code, message, cure})
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		http.Error(w, "the answer cannot be written as JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that left needs no answer
}

// newMetrics makes the registry and what it collects.
func (s *Server) newMetrics() http.Handler {
	registry := prometheus.NewRegistry()
	registerCollectors(registry, s.o)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

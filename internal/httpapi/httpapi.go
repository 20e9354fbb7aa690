// Package httpapi serves GraphQL over HTTP at one path: it turns an HTTP request into a [gqlop.Request], lets an
// [Executor] answer it, and sees to media types, statuses, credentials, request ids and slow clients.
//
// Source: GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/.
package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/coding"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/guard"
)

// Executor answers requests.
type Executor interface {
	// Execute writes one whole GraphQL answer that has data to out and gives nil; errors inside the answer are inside it.
	// Or it gives an error of package fault and has written nothing: a request error, without data.
	// Or it gives an error that matches fault.ErrAborted after a part was written: the transfer is cut.
	//
	// When out.Write fails, the client is gone or does not read: stop, and give any error. The request and all that it
	// points to is Execute's until it returns, and no longer. fault.RequestID(ctx) is the request's id.
	//
	// An answer that has errors beside data is announced, before the Write that has them, by
	// out.(interface{ MarkPartial() }).MarkPartial(): one profile has a status for it, if it comes before the first Write, and
	// caches are not to keep it. How long the request waited for a database connection is announced before the first Write, by out.(interface{ PoolWaited(time.Duration) }), also when it got none:
	// development shows it in Server-Timing.
	Execute(ctx context.Context, r *gqlop.Request, out io.Writer) error
}

// The profiles: which status answers which outcome.
const (
	// ProfileCompat2025 is what clients and the graphql-http audit expect: 400 for a document that does not
	// parse or validate, 200 for it where the answer is application/json, 200 for partial success.
	ProfileCompat2025 = "compat-2025"
	// ProfileDraft2026 follows the draft of 2026: 400 for what is not JSON or does not parse, 422 for what does
	// not validate, 294 for partial success.
	ProfileDraft2026 = "draft-2026"
)

// CheckProfile refuses a name that is no profile; the empty one stands for ProfileCompat2025.
func CheckProfile(name string) error {
	switch name {
	case "", ProfileCompat2025, ProfileDraft2026:
		return nil
	}
	return fmt.Errorf("the HTTP profile %q is not known: use %s or %s", name, ProfileCompat2025, ProfileDraft2026)
}

const (
	defaultMaxBodyBytes = 1 << 20
	defaultWriteStall   = 5 * time.Second
	defaultBodyTimeout  = 10 * time.Second
)

// Options of New.
type Options struct {
	Executor       Executor // required
	Auth           auth.Authenticator
	AllowAnonymous bool // a request without credentials is let in as anonymous; without Auth all are

	// CSRF finds requests by GET that may be forged: 403. One by POST has a media type that no form can send. nil: finds none.
	CSRF *guard.CSRF
	// Limiter bounds what one client may send: 429. nil: as much as it likes.
	Limiter *guard.Limiter

	// Context makes the context that Execute gets, from a request whose context holds the principal. It is to be
	// derived from r.Context(). Its error, of package fault or else INTERNAL, is the answer. nil: r.Context().
	Context func(r *http.Request) (context.Context, error)

	MaxBodyBytes int64         // of a POST; 0: 1 MiB; negative: no limit
	BodyTimeout  time.Duration // how long a body may take to come; 0: 10 s; negative: no limit
	WriteStall   time.Duration // how long 32 KiB may take to be sent; 0: 5 s; negative: no limit
	Profile      string        // one that CheckProfile knows; empty: ProfileCompat2025
	Production   bool          // neither causes nor Server-Timing are told to clients

	// CacheControl is told to caches with an answer by GET that has data and no errors, when nothing is known of who asks:
	// there is no principal, and not Personal. It must be one that CheckCacheControl accepts. Empty: such answers are as all
	// others by GET that have data and no errors, "private, no-cache". With the directive no-store it holds for all answers.
	CacheControl string
	Personal     bool // answers may depend on more than the request's document, variables and principal

	Coder *coding.Coder // compresses answers of 4 KiB and more; nil: none is compressed

	Explorer http.Handler // answers a browser that opens the path; nil: it gets an error that says what to send

	// Unready tells why no request can be served now: 503. nil, or a nil result: serve.
	Unready func() *fault.Error

	// OnAnswer is told of every answer, not of the explorer's pages. Status 0 stands for a transfer that was cut.
	OnAnswer func(r *http.Request, status int, took time.Duration)

	Logger *slog.Logger // default slog.Default()
}

type handler struct {
	o        Options
	draft    bool
	jsonType []string // header values that every answer shares
	gqlType  []string
	nosniff  []string
	vary     []string
	noStore  []string
	personal []string
	allow    []string
	close    []string
	codings  [3][]string // by Coding
	bodies   sync.Pool   // *[]byte
	answers  sync.Pool   // *[]byte

	coder        *coding.Coder
	cacheControl []string
	neverStore   bool // nothing is tagged
}

// New makes the handler of the GraphQL path: GET and POST, and OPTIONS, which names them.
func New(o Options) http.Handler {
	o.MaxBodyBytes = cmp.Or(o.MaxBodyBytes, defaultMaxBodyBytes)
	o.WriteStall = cmp.Or(o.WriteStall, defaultWriteStall)
	o.BodyTimeout = cmp.Or(o.BodyTimeout, defaultBodyTimeout)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	vary := "Accept, Accept-Encoding"
	if o.Auth != nil {
		vary += ", Authorization, X-API-Key, Cookie"
	}
	return &handler{
		o:        o,
		draft:    o.Profile == ProfileDraft2026,
		jsonType: []string{"application/json; charset=utf-8"},
		gqlType:  []string{"application/graphql-response+json; charset=utf-8"},
		nosniff:  []string{"nosniff"},
		vary:     []string{vary},
		noStore:  []string{"no-store"},
		personal: []string{personal},
		allow:    []string{"GET, POST, OPTIONS"},
		close:    []string{"close"},
		bodies:   sync.Pool{New: func() any { return new([]byte) }},
		answers:  sync.Pool{New: func() any { return new([]byte) }},
		codings:  [3][]string{coding.Gzip: {coding.Gzip.String()}, coding.Zstd: {coding.Zstd.String()}},

		coder:        o.Coder,
		cacheControl: []string{o.CacheControl},
		neverStore:   hasDirective(o.CacheControl, "no-store"),
	}
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && h.o.Explorer != nil && opensPage(r) {
		h.o.Explorer.ServeHTTP(w, r)
		return
	}
	x := &exchange{Context: r.Context(), h: h, r: r, start: time.Now()}
	x.server, _ = x.Context.Value(http.ServerContextKey).(*http.Server)
	x.id[0] = requestID(r)
	x.out.begin(x, w)
	defer x.end()
	x.serve()
}

// opensPage tells a browser's navigation from a query.
func opensPage(r *http.Request) bool {
	for _, accept := range r.Header["Accept"] {
		if strings.Contains(accept, "text/html") {
			q := r.URL.Query()
			return !q.Has("query") && !q.Has("documentId") && !q.Has("extensions")
		}
	}
	return false
}

// exchange is one request and its answer. It is the context that the request's work runs under, so that the request id
// costs no allocation of its own.
type exchange struct {
	context.Context // the HTTP request's
	h               *handler
	r               *http.Request
	server          *http.Server // nil: it is not known
	start           time.Time
	id              [1]string // an array: it is a header's list of values too
	media           media
	out             answer
	body            *[]byte       // pooled; request points into it
	request         gqlop.Request // handed to the Executor
	meter           guard.Meter
	cause           error // what the log is told
	tagged          bool  // a good answer may be kept by caches
	shared          bool  // and is the same for everybody
	reading         bool  // the body has a deadline
}

// Value adds the request and its id to the context.
func (x *exchange) Value(key any) any {
	switch key {
	case fault.RequestIDKey{}:
		return x.id[0]
	case gqlop.RequestKey{}:
		return &x.request
	}
	return x.Context.Value(key)
}

// serve is the path of a request. Whatever can refuse it without reading the body comes first.
func (x *exchange) serve() {
	h, header := x.h, x.out.w.Header()
	header["X-Request-Id"] = x.id[:]
	acceptable := true
	x.media, acceptable = negotiate(x.r.Header["Accept"])
	if h.coder != nil && !guessable(x.r) {
		x.out.coding = coding.Negotiate(x.r.Header["Accept-Encoding"])
	}
	x.limitBody()

	switch x.r.Method {
	case http.MethodPost:
	case http.MethodGet:
		// An answer to GET can be opened in a browser and kept by a cache.
		header["X-Content-Type-Options"] = h.nosniff
		header["Vary"] = append(header["Vary"], h.vary...)
		header["Cache-Control"] = h.noStore
		if h.o.CSRF.Finds(x.r) {
			x.refuse(fault.New(fault.CSRF, "a page of another site could have made a browser send this: send the header Apollo-Require-Preflight: 1 or Content-Type: application/json, or use POST"))
			return
		}
	case http.MethodOptions:
		header["Allow"] = h.allow
		x.out.empty(http.StatusNoContent)
		return
	default:
		header["Allow"] = h.allow
		x.refuse(fault.New(fault.MethodNotAllowed, "%s cannot carry a GraphQL request: use POST, or GET for queries", x.r.Method))
		return
	}
	if h.o.Unready != nil {
		if e := h.o.Unready(); e != nil {
			x.refuse(e)
			return
		}
	}
	if wait := x.meter.Begin(h.o.Limiter, x.r); wait > 0 {
		x.refuse(guard.Limited(wait))
		return
	}
	ctx, known, ok := x.authenticate()
	if !ok {
		return
	}
	if wait := x.meter.Pay(auth.FromContext(ctx).Subject); wait > 0 {
		x.refuse(guard.Limited(wait))
		return
	}
	x.cacheable(known)
	if !acceptable {
		x.refuse(fault.New(fault.NotAcceptable, "none of the media types in Accept can be given: accept application/graphql-response+json or application/json"))
		return
	}
	if !x.read() {
		return
	}
	x.request.Meter = &x.meter
	if h.o.Context != nil {
		var err error
		if ctx, err = h.o.Context(x.r.WithContext(ctx)); err != nil {
			x.refuse(err)
			return
		}
	}
	x.execute(ctx)
}

// guessable tells a request that another site's page may have sent with the user's credentials. Such a page chooses the
// document, whose names the answer repeats, and could find out from the lengths of compressed answers what else is in them.
func guessable(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) == 0 || site[0] != "cross-site" {
		return false
	}
	_, _, basic := r.BasicAuth()
	return basic || r.Header["Cookie"] != nil
}

// authenticate finds the principal and puts it into the context. known tells that there is one.
func (x *exchange) authenticate() (ctx context.Context, known, ok bool) {
	a := x.h.o.Auth
	if a == nil {
		return x, false, true
	}
	p, err := a.Authenticate(x.r)
	if err == nil {
		return auth.NewContext(x, p), true, true
	}
	if x.h.o.AllowAnonymous && isNoCredentials(err) {
		return x, false, true
	}
	if e := unauthenticated(err); e != nil {
		if e.Code == fault.Unauthenticated {
			if !isNoCredentials(err) {
				x.meter.Refused()
			}
			x.out.w.Header()["Www-Authenticate"] = []string{auth.ChallengeFor(a, err)}
		}
		x.refuse(e)
		return nil, false, false
	}
	x.refuse(err)
	return nil, false, false
}

// execute hands the request on and completes the answer.
func (x *exchange) execute(ctx context.Context) {
	err := x.h.o.Executor.Execute(ctx, &x.request, &x.out)
	switch {
	case x.out.err != nil:
		x.abort(x.out.err)
	case err == nil && !x.out.begun():
		x.refuse(fault.New(fault.Internal, "the answer is empty"))
	case err == nil:
		x.out.complete()
	case x.out.begun():
		x.abort(err)
	default:
		x.fail(fault.Of(err), atDocument)
	}
}

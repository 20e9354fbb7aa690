package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// JWKSOptions say where an issuer publishes its keys, and how long they are believed. In every duration zero means the default.
type JWKSOptions struct {
	// URL is the address of the JWK set, such as https://id.example.com/.well-known/jwks.json. It must be https; http is for
	// addresses of this machine only (localhost, 127.0.0.1, ::1).
	URL string

	// MinAge is the shortest time for which keys are used before they are fetched again, whatever Cache-Control says.
	// Default: 1 minute.
	MinAge time.Duration
	// MaxAge is the longest such time: how long a key that the issuer has taken back is still believed. Default: 1 hour. An answer
	// that says no max-age holds for 15 minutes, within these bounds.
	MaxAge time.Duration
	// MaxStale is how much longer keys are used while they cannot be fetched again. Then nothing is accepted until they can
	// ([ErrUnavailable]). Default: 24 hours; negative: not at all.
	MaxStale time.Duration
	// Timeout bounds one fetch. Default: 5 seconds.
	Timeout time.Duration

	// Transport fetches. Default: as http.DefaultTransport does, proxies of the environment included.
	Transport http.RoundTripper
	// Logger is told when keys cannot be fetched, once for each reason, and when they can again. Default: slog.Default().
	Logger *slog.Logger
}

const (
	defaultMinAge   = time.Minute
	defaultMaxAge   = time.Hour
	defaultMaxStale = 24 * time.Hour
	defaultTimeout  = 5 * time.Second
	unsaidAge       = 15 * time.Minute // of an answer without max-age

	rotationPause = 10 * time.Second // at least between two fetches for keys that are not known
	failurePause  = 5 * time.Second  // at least between a fetch that went wrong and the next
)

// JWKS are the keys that an issuer publishes (RFC 7517). They are fetched when first needed, and again when they are due:
// requests are served by the old ones meanwhile. A token of a key that is not known makes them be fetched too, at most every
// 10 seconds, and waits for it. However many requests there are, one fetch runs at a time. The last good keys are used
// while the issuer cannot be reached, up to MaxStale.
//
// Between fetches nothing runs. Close ends one that does.
type JWKS struct {
	o       JWKSOptions
	client  *http.Client
	state   atomic.Pointer[jwksState]
	life    context.Context
	endLife context.CancelFunc

	mu      sync.Mutex // guards what follows, and changes of state
	running *jwksFetch // nil: none
	began   time.Time  // when the last fetch did
	next    time.Time  // no fetch before, after one that went wrong
	failure error      // of the last fetch; nil: it went well
	closed  bool
}

// jwksState is what a fetch has given.
type jwksState struct {
	keys         *keySet
	fresh, stale time.Time // until when they need not, and must not, be used
}

// jwksFetch is one fetch; those who need its result wait for done.
type jwksFetch struct {
	done chan struct{}
	err  error // set before done is closed
}

// NewJWKS checks the options, and fetches nothing: [JWKS.Refresh] does, and the first request that needs the keys.
func NewJWKS(o JWKSOptions) (*JWKS, error) {
	o.MinAge = cmp.Or(o.MinAge, defaultMinAge)
	o.MaxAge = cmp.Or(o.MaxAge, defaultMaxAge)
	o.MaxStale = max(cmp.Or(o.MaxStale, defaultMaxStale), 0)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	var errs []error
	if o.MinAge < 0 || o.MaxAge < o.MinAge {
		errs = append(errs, fmt.Errorf("the JWKS' MinAge is %v and MaxAge %v: neither may be negative, nor MinAge the longer one", o.MinAge, o.MaxAge))
	}
	if o.Timeout < 0 {
		errs = append(errs, fmt.Errorf("the JWKS' Timeout is %v and must not be negative: leave it out for %v", o.Timeout, defaultTimeout))
	}
	at, err := checkJWKSURL(o.URL)
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	k := &JWKS{o: o, client: &http.Client{Transport: o.Transport, CheckRedirect: sameHost(at)}}
	if o.Transport == nil {
		if standard, ok := http.DefaultTransport.(*http.Transport); ok {
			own := standard.Clone()
			own.DisableKeepAlives = true // fetches are rare, and nothing is to run between them
			k.client.Transport = own
		}
	}
	k.life, k.endLife = context.WithCancel(context.Background())
	return k, nil
}

// CheckJWKSURL tells what is wrong with the address of a JWK set; nil: nothing is.
func CheckJWKSURL(address string) error {
	_, err := checkJWKSURL(address)
	return err
}

func checkJWKSURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("the JWKS URL is none: write one such as https://id.example.com/.well-known/jwks.json") // a broken one may hold a password
	case u.User != nil:
		return nil, errors.New("the JWKS URL holds a user name or a password: keys are public, leave them out")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("the JWKS URL %q is http, where anybody on the way could put keys of their own: use https (http is for this machine only)", address)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the JWKS URL %q is neither https nor http", address)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Refresh fetches the keys now, or waits for the fetch that runs, and tells what went wrong. Call it at start to learn early that
// the URL is wrong; an outage is no reason not to start, since keys are fetched again when a request needs them.
func (k *JWKS) Refresh(ctx context.Context) error {
	k.mu.Lock()
	f := k.start(time.Now())
	k.mu.Unlock()
	return k.wait(ctx, f)
}

// Close ends a fetch that runs, and waits for it. Afterwards nothing is verified: close it when the last request is served.
func (k *JWKS) Close(ctx context.Context) error {
	k.mu.Lock()
	k.closed = true
	f := k.running
	k.mu.Unlock()
	k.endLife()
	if f != nil {
		select {
		case <-f.done:
		case <-ctx.Done():
			return fmt.Errorf("closing the JWKS: %w", context.Cause(ctx))
		}
	}
	return nil
}

// current gives the keys to use now. It waits only when there are none.
func (k *JWKS) current(ctx context.Context) (*keySet, error) {
	now := time.Now()
	s := k.state.Load()
	if s != nil && now.Before(s.fresh) {
		return s.keys, nil
	}
	k.mu.Lock()
	f := k.due(now)
	s = k.state.Load() // a fetch may have ended meanwhile
	k.mu.Unlock()
	if s != nil && now.Before(s.stale) {
		return s.keys, nil
	}
	if err := k.wait(ctx, f); err != nil {
		return nil, err
	}
	return k.state.Load().keys, nil
}

// newer gives keys published after those that were seen; nil: there are none, as far as may be found out now.
func (k *JWKS) newer(ctx context.Context, seen *keySet) (*keySet, error) {
	now := time.Now()
	k.mu.Lock()
	if s := k.state.Load(); s != nil && s.keys != seen {
		k.mu.Unlock()
		return s.keys, nil
	}
	f := k.running
	if f == nil && !now.Before(k.began.Add(rotationPause)) {
		f = k.due(now)
	}
	failure := k.failure
	k.mu.Unlock()
	switch {
	case f != nil:
		if err := k.wait(ctx, f); err != nil {
			return nil, err
		}
	case failure != nil: // the token may be good: only the issuer could tell
		return nil, unavailable(failure)
	}
	if s := k.state.Load(); s != nil && s.keys != seen {
		return s.keys, nil
	}
	return nil, nil //nolint:nilnil // no newer keys are an answer
}

// due gives the fetch that runs, or starts one unless the last one went wrong a moment ago. It is called under mu.
func (k *JWKS) due(now time.Time) *jwksFetch {
	if k.running == nil && now.Before(k.next) {
		return nil
	}
	return k.start(now)
}

// start gives the fetch that runs, or starts one. It is called under mu.
func (k *JWKS) start(now time.Time) *jwksFetch {
	if k.running != nil || k.closed {
		return k.running
	}
	f := &jwksFetch{done: make(chan struct{})}
	k.running, k.began = f, now
	go k.run(f)
	return f
}

// run fetches, on nobody's request: the client that caused it may leave while others wait. Close waits for it.
func (k *JWKS) run(f *jwksFetch) {
	ctx, cancel := context.WithTimeoutCause(k.life, k.o.Timeout, fmt.Errorf("no answer within %v", k.o.Timeout))
	defer cancel()
	defer close(f.done)
	keys, age, ignored, err := k.fetch(ctx)
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running, f.err = nil, err
	before := k.failure
	k.failure = err
	if err != nil {
		k.next = now.Add(failurePause)
		if k.life.Err() == nil && (before == nil || before.Error() != err.Error()) {
			k.o.Logger.Warn("the issuer's keys cannot be fetched", "url", k.o.URL, "error", err, "used until", k.usedUntil())
		}
		return
	}
	k.next = time.Time{}
	if before != nil {
		k.o.Logger.Info("the issuer's keys are fetched again", "url", k.o.URL)
	}
	old := k.state.Load()
	if old != nil && old.keys.same(keys) {
		keys = old.keys
	} else if len(ignored) > 0 {
		k.o.Logger.Warn("keys of the issuer are not used", "url", k.o.URL, "why", errors.Join(ignored...))
	}
	age = min(max(age, k.o.MinAge), k.o.MaxAge)
	k.state.Store(&jwksState{keys: keys, fresh: now.Add(age), stale: now.Add(age + k.o.MaxStale)})
}

// usedUntil is when the keys must not be used any more, for the log.
func (k *JWKS) usedUntil() string {
	if s := k.state.Load(); s != nil {
		return s.stale.UTC().Format(time.RFC3339)
	}
	return "there are none"
}

// wait waits for a fetch; nil stands for one that may not be made now.
func (k *JWKS) wait(ctx context.Context, f *jwksFetch) error {
	if f == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.closed {
			return unavailable(errors.New("the JWKS is closed"))
		}
		return unavailable(k.failure)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return unavailable(context.Cause(ctx))
	}
	if f.err != nil {
		return unavailable(f.err)
	}
	return nil
}

func unavailable(err error) error {
	return fmt.Errorf("%w: the keys of the issuer: %w", ErrUnavailable, err)
}

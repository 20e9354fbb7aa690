package guard

import (
	"container/list"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

const (
	// maxBuckets bounds the memory of a limiter, at about 20 MiB. Beyond it those who were silent for longest are forgotten.
	maxBuckets = 1 << 16
	// bucketIdle is how long a silent client is remembered. A bucket is full again long before.
	bucketIdle = 10 * time.Minute
	// failurePrice is what credentials that are not accepted cost, in requests.
	failurePrice = 10
)

// Limiter bounds what one client may send, by a token bucket for each principal, and one for each address: of requests
// without a principal, and of credentials that are not accepted. It starts no goroutine and is safe for concurrent use.
type Limiter struct {
	rate    rate.Limit
	burst   int
	proxies *Proxies
	ignored func(peer string)
	once    sync.Once

	mu      sync.Mutex
	buckets map[bucketKey]*list.Element // of *bucket
	recent  *list.List                  // the one used last in front
}

// bucketKey is an address's network, or the hash of a principal's subject, which may be long.
type bucketKey struct {
	network netip.Prefix
	subject [sha256.Size]byte
}

type bucket struct {
	key  bucketKey
	used time.Time
	*rate.Limiter
}

// NewLimiter makes a limiter: so many tokens a second come into a bucket that holds burst of them, both at least 1. ignored is
// called once, with the peer of a connection that is no trusted proxy and yet says whom it asks for; nil: nobody is told.
func NewLimiter(perSecond, burst int, proxies *Proxies, ignored func(peer string)) *Limiter {
	return &Limiter{
		rate: rate.Limit(perSecond), burst: burst, proxies: proxies, ignored: ignored,
		buckets: map[bucketKey]*list.Element{}, recent: list.New(),
	}
}

// Meter takes what one request costs. The zero value takes nothing.
type Meter struct {
	l       *Limiter
	address *bucket
	payer   *bucket // the principal's, or the address's
}

// Limited is the error for a request that is refused for so long.
func Limited(wait time.Duration) *fault.Error {
	e := fault.New(fault.RateLimited, "too many requests from this address or by this principal: try again after Retry-After, and send less at once")
	e.RetryAfter = wait
	return e
}

// Begin looks at who sends a request, before its credentials are looked at. wait is above zero when the address's bucket is
// empty: the request is to be refused for so long.
func (m *Meter) Begin(l *Limiter, r *http.Request) (wait time.Duration) {
	if l == nil {
		return 0
	}
	now := time.Now()
	client, believed := l.proxies.Client(r)
	if l.ignored != nil && l.proxies.ignored(r, believed) {
		l.once.Do(func() { l.ignored(r.RemoteAddr) })
	}
	m.l, m.address = l, l.bucket(bucketKey{network: network(client)}, now)
	return l.empty(m.address, now)
}

// Refused takes the price of credentials that are not accepted from the address. What is taken may be more than there is:
// then the address waits for longer.
func (m *Meter) Refused() {
	if m.l != nil {
		m.l.take(m.address, failurePrice)
	}
}

// Pay takes one token: of the principal when subject is not empty, else of the address. wait is above zero when there is none.
func (m *Meter) Pay(subject string) (wait time.Duration) {
	if m.l == nil {
		return 0
	}
	now := time.Now()
	m.payer = m.address
	if subject != "" {
		m.payer = m.l.bucket(bucketKey{subject: sha256.Sum256([]byte(subject))}, now)
	}
	if m.payer.AllowN(now, 1) {
		return 0
	}
	return m.l.empty(m.payer, now)
}

// Charge takes n more tokens, for what a request turned out to be. It may take more than there are: the next request of
// the same client waits until they are paid.
func (m *Meter) Charge(n int) {
	if m.payer != nil {
		m.l.take(m.payer, n)
	}
}

func (l *Limiter) take(b *bucket, n int) {
	for now := time.Now(); n > 0; n -= l.burst {
		b.ReserveN(now, min(n, l.burst))
	}
}

// empty is how long a bucket has less than one token; zero: it has one.
func (l *Limiter) empty(b *bucket, now time.Time) time.Duration {
	missing := 1 - b.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return max(time.Duration(missing/float64(l.rate)*float64(time.Second)), 1)
}

// bucket gives the one of a key, full when it is new.
func (l *Limiter) bucket(key bucketKey, now time.Time) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(e)
		b := e.Value.(*bucket)
		b.used = now
		return b
	}
	for range 2 { // one for the new one, and one more, so that a crowd is forgotten after it has left
		last := l.recent.Back()
		if last == nil {
			break
		}
		if b := last.Value.(*bucket); len(l.buckets) >= maxBuckets || now.Sub(b.used) > bucketIdle {
			l.recent.Remove(last)
			delete(l.buckets, b.key)
		}
	}
	b := &bucket{key: key, used: now, Limiter: rate.NewLimiter(l.rate, l.burst)}
	l.buckets[key] = l.recent.PushFront(b)
	return b
}

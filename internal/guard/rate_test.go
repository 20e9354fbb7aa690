package guard_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/guard"
)

func proxies(t *testing.T, header string, trusted ...string) *guard.Proxies {
	t.Helper()
	p, err := guard.NewProxies(trusted, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func from(address string, header ...string) *http.Request {
	r := request(http.MethodPost, header...)
	r.RemoteAddr = address
	return r
}

func TestClient(t *testing.T) {
	t.Parallel()
	const xff, rfc = "X-Forwarded-For", "Forwarded"
	for name, c := range map[string]struct {
		trusted string
		header  string
		request *http.Request
		want    string
	}{
		"the peer":                        {"", xff, from("192.0.2.1:999"), "192.0.2.1"},
		"nobody is believed":              {"", xff, from("192.0.2.1:999", xff, "198.51.100.7"), "192.0.2.1"},
		"a proxy":                         {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "198.51.100.7"), "198.51.100.7"},
		"one address":                     {"10.1.1.1", xff, from("10.1.1.1:999", xff, "198.51.100.7"), "198.51.100.7"},
		"its neighbour":                   {"10.1.1.2", xff, from("10.1.1.1:999", xff, "198.51.100.7"), "10.1.1.1"},
		"what the client wrote first":     {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "203.0.113.9, 198.51.100.7"), "198.51.100.7"},
		"two proxies":                     {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "203.0.113.9, 198.51.100.7, 10.2.2.2"), "198.51.100.7"},
		"in two headers":                  {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "203.0.113.9", xff, "198.51.100.7, 10.2.2.2"), "198.51.100.7"},
		"proxies only":                    {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "10.9.9.9,10.2.2.2"), "10.9.9.9"},
		"without the header":              {"10.0.0.0/8", xff, from("10.1.1.1:999"), "10.1.1.1"},
		"nonsense":                        {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "198.51.100.7, <script>"), "10.1.1.1"},
		"empty":                           {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "198.51.100.7,"), "10.1.1.1"},
		"a port":                          {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "198.51.100.7:4711"), "198.51.100.7"},
		"IPv6":                            {"fd00::/8", xff, from("[fd00::1]:999", xff, "2001:db8::7"), "2001:db8::7"},
		"IPv4 within IPv6":                {"10.0.0.0/8", xff, from("[::ffff:10.1.1.1]:999", xff, "::ffff:198.51.100.7"), "198.51.100.7"},
		"a zone":                          {"fe80::/10", xff, from("[fe80::1%eth0]:999", xff, "2001:db8::7"), "2001:db8::7"},
		"a socket of Unix":                {"", xff, from("@", xff, "203.0.113.9, 198.51.100.7"), "198.51.100.7"},
		"a socket of Unix, nobody named":  {"", xff, from("@"), "invalid IP"},
		"the other header is not read":    {"10.0.0.0/8", xff, from("10.1.1.1:999", rfc, "for=203.0.113.9", xff, "198.51.100.7"), "198.51.100.7"},
		"nor this one":                    {"10.0.0.0/8", rfc, from("10.1.1.1:999", rfc, "for=198.51.100.7", xff, "203.0.113.9"), "198.51.100.7"},
		"RFC 7239":                        {"10.0.0.0/8", rfc, from("10.1.1.1:999", rfc, `for=203.0.113.9, for="[2001:db8::7]:4711";proto=https;by=10.1.1.1, For=10.2.2.2`), "2001:db8::7"},
		"RFC 7239, a hidden one":          {"10.0.0.0/8", rfc, from("10.1.1.1:999", rfc, `for=203.0.113.9, for=_hidden`), "10.1.1.1"},
		"RFC 7239, no for":                {"10.0.0.0/8", rfc, from("10.1.1.1:999", rfc, `for=203.0.113.9, proto=http`), "10.1.1.1"},
		"a header of one address":         {"10.0.0.0/8", "cf-connecting-ip", from("10.1.1.1:999", "CF-Connecting-IP", "198.51.100.7"), "198.51.100.7"},
		"a line break that became spaces": {"10.0.0.0/8", xff, from("10.1.1.1:999", xff, "203.0.113.9\r\n, 198.51.100.7"), "198.51.100.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var trusted []string
			if c.trusted != "" {
				trusted = []string{c.trusted}
			}
			if got, _ := proxies(t, c.header, trusted...).Client(c.request); got.String() != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
	for text, want := range map[string]string{"proxy": "neither an address", "10.0.0.0/99": "neither an address", "0.0.0.0/0": "every address", "::/0": "every address", "fe80::1%eth0": "neither an address", "::ffff:10.0.0.1": "within an IPv6"} {
		if _, err := guard.NewProxies([]string{text}, xff); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, header := range []string{"", "X Y", "X:", "X\r\nY"} {
		if _, err := guard.NewProxies(nil, header); err == nil {
			t.Errorf("the header %q is taken", header)
		}
	}
}

// sends asks n times at once and gives how many may pass.
func sends(l *guard.Limiter, n int, r *http.Request, subject string, roots int) (passed int, wait time.Duration) {
	for range n {
		var m guard.Meter
		if wait = m.Begin(l, r); wait > 0 {
			continue
		}
		if wait = m.Pay(subject); wait > 0 {
			continue
		}
		m.Charge(roots - 1)
		passed++
	}
	return passed, wait
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := guard.NewLimiter(10, 40, proxies(t, "X-Forwarded-For", "10.0.0.1"), nil)
		here := from("192.0.2.1:1")
		check := func(what string, want int, r *http.Request, subject string, roots int) {
			t.Helper()
			if got, _ := sends(l, 100, r, subject, roots); got != want {
				t.Errorf("%s: %d pass, want %d", what, got, want)
			}
		}
		check("a burst", 40, here, "", 1)
		if _, wait := sends(l, 1, here, "", 1); wait != 100*time.Millisecond {
			t.Errorf("wait %v", wait)
		}
		time.Sleep(time.Second)
		check("a second later", 10, here, "", 1)
		check("another address", 40, from("192.0.2.2:1"), "", 1)
		check("another port of the first", 0, from("192.0.2.1:2"), "", 1)
		check("IPv6", 40, from("[2001:db8:0:1::1]:1"), "", 1)
		check("the same machine's other address", 0, from("[2001:db8:0:1:ffff::2]:1"), "", 1)
		check("another network", 40, from("[2001:db8:0:2::1]:1"), "", 1)
		check("an address behind a proxy", 40, from("10.0.0.1:1", "X-Forwarded-For", "192.0.2.9"), "", 1)
		check("another behind it", 40, from("10.0.0.1:1", "X-Forwarded-For", "192.0.2.10"), "", 1)
		check("who only claims to be", 0, from("192.0.2.1:1", "X-Forwarded-For", "192.0.2.11"), "", 1)

		// A principal pays from a bucket of its own, wherever it is. An address without a token is not even listened to.
		check("a principal", 40, from("192.0.2.50:1"), "ada", 1)
		check("elsewhere", 0, from("192.0.2.51:1"), "ada", 1)
		check("another principal of that address", 40, from("192.0.2.50:1"), "bob", 1)
		check("a principal at an address without a token", 0, here, "eve", 1)

		// Root fields count: of five each, eight and the debt of one more.
		check("root fields", 8, from("192.0.2.60:1"), "", 5)
		if _, wait := sends(l, 1, from("192.0.2.61:1"), "", 1000); wait != 0 {
			t.Errorf("the first request is refused: %v", wait)
		}
		if _, wait := sends(l, 1, from("192.0.2.61:1"), "", 1); wait.Round(time.Second) != 96*time.Second {
			t.Errorf("after 1000 root fields: %v", wait)
		}
	})
}

func TestGuessingIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := guard.NewLimiter(10, 40, proxies(t, "X-Forwarded-For"), nil)
		guesses := 0
		for range 60 { // a minute
			for range 100 {
				var m guard.Meter
				if m.Begin(l, from("192.0.2.1:1")) == 0 {
					guesses++
					m.Refused()
				}
			}
			time.Sleep(time.Second)
		}
		if guesses < 60 || guesses > 66 { // one a second, and four at the start
			t.Errorf("%d guesses in a minute", guesses)
		}
		var m guard.Meter
		if m.Begin(l, from("192.0.2.2:1")) > 0 {
			t.Error("another address is refused")
		}
	})
}

// TestGuessesAtOnce holds the limit against many at once: those that came through together are paid for by those behind.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	l := guard.NewLimiter(1, 20, proxies(t, "X-Forwarded-For"), nil)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 100 {
				var m guard.Meter
				if m.Begin(l, from("192.0.2.1:1")) == 0 {
					passed.Add(1)
					m.Refused()
				}
			}
		})
	}
	all.Wait()
	if n := passed.Load(); n < 2 || n > 100 {
		t.Errorf("%d of 5000 guesses pass", n)
	}
}

// TestBucketsAreBounded sends from more addresses than are remembered.
func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := guard.NewLimiter(1, 1, proxies(t, "X-Forwarded-For"), nil)
		first := from("192.0.2.1:1")
		sends(l, 1, first, "", 1)
		a := netip.MustParseAddr("10.0.0.0")
		for range 1<<16 + 1000 {
			a = a.Next()
			if passed, _ := sends(l, 1, from(fmt.Sprintf("%v:1", a)), "", 1); passed != 1 {
				t.Fatalf("%v is refused", a)
			}
		}
		if n := l.Buckets(); n != 1<<16 {
			t.Errorf("%d buckets", n)
		}
		if passed, _ := sends(l, 1, from(fmt.Sprintf("%v:1", a)), "", 1); passed != 0 {
			t.Error("the last one is forgotten")
		}
		time.Sleep(time.Hour)
		for range 100 {
			a = a.Next()
			sends(l, 1, from(fmt.Sprintf("%v:1", a)), "", 1)
		}
		if n := l.Buckets(); n > 1<<16-99 {
			t.Errorf("%d buckets: those of the crowd that left are kept", n)
		}
	})
}

func TestAProxyThatIsNotTrustedIsTold(t *testing.T) {
	t.Parallel()
	var told []string
	l := guard.NewLimiter(10, 40, proxies(t, "X-Forwarded-For", "10.0.0.1"), func(peer string) { told = append(told, peer) })
	for _, r := range []*http.Request{
		from("10.0.0.1:1", "X-Forwarded-For", "192.0.2.1"), from("192.0.2.2:1"),
		from("10.0.0.2:1", "X-Forwarded-For", "192.0.2.1"), from("10.0.0.3:1", "Forwarded", "for=192.0.2.1"),
	} {
		sends(l, 1, r, "", 1)
	}
	if len(told) != 1 || told[0] != "10.0.0.2:1" {
		t.Errorf("told %v", told)
	}
}

func TestNoLimiter(t *testing.T) {
	t.Parallel()
	if passed, wait := sends(nil, 1000, from("192.0.2.1:1"), "", 50); passed != 1000 || wait != 0 {
		t.Errorf("%d, %v", passed, wait)
	}
	var m guard.Meter
	m.Refused()
	m.Charge(5)
}

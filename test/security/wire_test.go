package security_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestHeadersFromOutside: what stands in a header makes no header of an answer, and no line of the log.
func TestHeadersFromOutside(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Production: true, AllowedOrigins: []string{"https://app.example.com"}}, shop)
	const payload = "x%0d%0aSet-Cookie:%20owned=1"
	split := 0
	for _, path := range []string{"/graphql?query=" + payload, "/graphql?documentId=" + payload, "/" + payload, "/_explorer/" + payload, "/graphql?operationName=" + payload + "&query=%7B__typename%7D"} {
		_, header, answer := s.ask(t, http.MethodGet, path, "", "Apollo-Require-Preflight", "1")
		if header.Get("Set-Cookie") != "" || strings.Contains(fmt.Sprint(header), "owned") {
			t.Errorf("%s: %v %s", path, header, answer)
			continue
		}
		split++
	}
	const ask = "POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 24\r\n"
	for name, line := range map[string]string{
		"a bare CR":      "X-Request-Id: a\rSet-Cookie: owned=1",
		"a bare LF":      "X-Request-Id: a\nSet-Cookie: owned=1",
		"NUL":            "X-Request-Id: a\x00b",
		"folded":         "X-Request-Id: a\r\n Set-Cookie: owned=1",
		"an origin":      "Origin: https://app.example.com\r\n\tSet-Cookie: owned=1",
		"no name":        ": owned=1",
		"space in name":  "X Set-Cookie: owned=1",
		"a request id":   "X-Request-Id: <script>owned</script>",
		"a long request": "X-Request-Id: " + strings.Repeat("o", 5000) + "wned",
	} {
		answer, _ := s.raw(t, ask+line+"\r\n\r\n"+`{"query":"{__typename}"}`)
		head, _, _ := strings.Cut(answer, "\r\n\r\n")
		if strings.Contains(head, "Set-Cookie:") || strings.Contains(head, "owned") || !strings.HasPrefix(answer, "HTTP/1.1 ") {
			t.Errorf("%s: %q", name, answer)
			continue
		}
		split++
	}
	for _, line := range strings.Split(s.log.String(), "\n") {
		if strings.HasPrefix(line, "Set-Cookie") {
			t.Errorf("the log has a line of the attacker's: %s", line)
		}
	}
	shown(t, "CR, LF and NUL in paths, parameters and headers", "no header and no line of the log is the attacker's", "%d of 14 came to nothing", split)
}

// TestSmuggling sends requests whose end proxies and servers may see in different places.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, shop)
	for name, header := range map[string]string{
		"both lengths":         "Content-Length: 5\r\nTransfer-Encoding: chunked",
		"two lengths":          "Content-Length: 5\r\nContent-Length: 6",
		"an unknown encoding":  "Transfer-Encoding: xchunked",
		"chunked twice":        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
		"a length with a sign": "Content-Length: +5",
		"space before a colon": "Content-Length : 5",
	} {
		answer, _ := s.raw(t, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"+header+"\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n")
		if strings.Count(answer, "HTTP/1.1 ") != 1 || strings.Contains(answer, `"fraiseql"`) {
			t.Errorf("%s: %q", name, answer)
		}
	}
	shown(t, "request smuggling: lengths and encodings that disagree", "one answer, the rest is not read as a request", "6 of 6")
}

func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, shop)
	for name, header := range map[string]string{
		"one of 1 MiB":  "X: " + strings.Repeat("x", 1<<20),
		"10,000 of ten": strings.TrimSuffix(strings.Repeat("X-Y: zzzz\r\n", 10_000), "\r\n"),
		"a cookie":      "Cookie: a=" + strings.Repeat("x", 200<<10),
		"a token":       "Authorization: Bearer " + strings.Repeat("x", 200<<10),
	} {
		answer, took := s.raw(t, "GET /graphql?query={__typename} HTTP/1.1\r\nHost: x\r\n"+header+"\r\n\r\n")
		if answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 431 ") || took > 20*time.Second { // empty: reset while it was still sending
			t.Errorf("%s: after %v %.200q", name, took, answer)
		}
	}
	answer, _ := s.raw(t, "GET /"+strings.Repeat("x", 200<<10)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if answer != "" && !strings.HasPrefix(answer, "HTTP/1.1 431 ") {
		t.Errorf("a long address: %.200q", answer)
	}
	if status, _, _ := s.ask(t, http.MethodGet, "/graphql?query=%7B__typename%7D", "", "X", strings.Repeat("x", 32<<10)); status != 200 {
		t.Errorf("a header of 32 KiB: %d", status)
	}
	shown(t, "headers of 1 MiB, 10,000 headers, an address of 200 KiB", "431 and the connection ends", "5 of 5; 32 KiB are served")
}

// TestSlowloris holds many connections by sending as slowly as may be, and asks beside them.
func TestSlowloris(t *testing.T) {
	t.Parallel()
	const each = 60
	s := serve(t, fraiseql.Options{ReadHeaderTimeout: 2 * time.Second, BodyTimeout: 2 * time.Second, IdleTimeout: 2 * time.Second, ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 10 * time.Second}, shop)
	starts := map[string]string{
		"header": "POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: ",
		"body":   "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"query\":\"",
		"idle":   "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
	}
	type result struct {
		kind, answer string
		took         time.Duration
	}
	results := make(chan result, each*len(starts))
	for kind, start := range starts {
		for range each {
			go func() {
				pieces := []string{start}
				if kind != "idle" {
					for range 250 {
						pieces = append(pieces, "x")
					}
				}
				answer, took := s.raw(t, pieces...)
				results <- result{kind, answer, took}
			}()
		}
	}
	answered := 0
	for range 20 {
		if status, _, answer := s.post(t, query(t, `{ items { name } }`)); status == 200 && strings.Contains(answer, "Apple") {
			answered++
		}
	}
	if answered != 20 {
		t.Errorf("%d of 20 honest requests were answered beside the attack", answered)
	}
	var longest time.Duration
	for range cap(results) {
		r := <-results
		longest = max(longest, r.took)
		if r.kind == "body" && r.answer != "" && !strings.Contains(r.answer, "REQUEST_TIMEOUT") {
			t.Errorf("body: %q", r.answer)
		}
		if r.kind == "header" && strings.Contains(r.answer, "HTTP/1.1 200") {
			t.Errorf("header: %q", r.answer)
		}
	}
	if longest > 25*time.Second { // sent on, they would take as long
		t.Errorf("a connection was held for %v", longest)
	}
	st := s.app.PoolStat()
	shown(t, fmt.Sprintf("slowloris: %d connections that send a header, a body or nothing, slowly", each*len(starts)), "cut at their timeouts; others are served, no database connection is held",
		"%d of 20 honest requests answered, %d leased, the longest was held %v with timeouts of 2s", answered, st.Leased, longest.Round(time.Second))
}

// TestSlowReaders ask for much and read nothing.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, `CREATE VIEW v_row AS SELECT n AS id, repeat('x', 4000) AS text FROM generate_series(1, 1000) AS n;
COMMENT ON VIEW v_row IS '@fraiseql:type
name: Row
queries: {one: false, list: rows}';`).URL
	s := serve(t, fraiseql.Options{DatabaseURL: url, ConnectionPoolSize: 2, ConnectionPoolMaxOverflow: -1, WriteStall: time.Second, ConnectionPoolTimeout: 20 * time.Second})
	for range 4 {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		body := query(t, `{ rows(limit: 1000) { id text } }`)
		if _, err := fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	status, _, answer := s.post(t, query(t, `{ rows(limit: 1) { id } }`))
	if status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	took := time.Since(began)
	apptest.Until(t, "all connections are given back", func() bool { return s.app.PoolStat().Leased == 0 })
	shown(t, "4 clients that ask for 4 MB each and read nothing, on a pool of 2", "cut after --write-stall; others are served", "the next request took %v with a stall limit of 1s", took.Round(100*time.Millisecond))
}

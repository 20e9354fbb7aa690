package load_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/loadgen"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	question = `{"query":"{ users { id name } }"}`
	firstRow = `{"data":{"users":[{"id":"1","name":"user 1"}`
)

// requestText is a request as it goes over the wire; the connection stays open.
func requestText(body string) string {
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// TestThousandConnectionsOpenAtOnce: all thousand are accepted before the first one asks, and stay open until the last one
// is answered.
func TestThousandConnectionsOpenAtOnce(t *testing.T) {
	t.Parallel()
	const n, ceiling = 1000, 30
	s := serve(t, fraiseql.Options{ConnectionPoolSize: 20, ConnectionPoolMaxOverflow: 10}, users)
	before := s.accepted.Load()
	conns := make([]net.Conn, n)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", s.addr); err != nil {
			t.Fatalf("connection %d: %v (this needs 2,000 files: ulimit -n)", i, err)
		}
	}
	eventually(t, "all are accepted", func() bool { return s.accepted.Load()-before == n })
	stop := s.watch(t)
	start := make(chan struct{})
	errs := make([]error, n)
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() {
			<-start
			_ = c.SetDeadline(time.Now().Add(patience))
			if _, errs[i] = io.WriteString(c, requestText(question)); errs[i] != nil {
				return
			}
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				errs[i] = fmt.Errorf("connection %d: %w", i, err)
				return
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), firstRow) || strings.Contains(string(body), "errors") {
				errs[i] = fmt.Errorf("connection %d: %d %s %w", i, answer.StatusCode, body, err)
			}
		})
	}
	began := time.Now()
	close(start)
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if most := stop(); most > ceiling {
		t.Errorf("%d backends, the ceiling is %d", most, ceiling)
	} else {
		t.Logf("%d answers in %v over at most %d backends", n, took.Round(time.Millisecond), most)
	}
	if got := s.accepted.Load() - before; got != n {
		t.Errorf("%d connections accepted in all: some did not stay open", got)
	}
	stat := s.app.PoolStat()
	if stat.Failures != (pool.FailureCounts{}) {
		t.Errorf("%+v", stat.Failures)
	}
	logWaits(t, stat)
}

// TestRampingUsers is the profile of a hundred users who come at ten a second and ask five times a second each; in the quick
// suite a fifth of them.
func TestRampingUsers(t *testing.T) {
	t.Parallel()
	crowd, lasts := 20, 4*time.Second
	if slow() {
		crowd, lasts = 100, time.Minute
	}
	s := serve(t, fraiseql.Options{}, users)
	stop := s.watch(t)
	var latencies loadgen.Histogram
	var mu sync.Mutex
	var good int64
	end := time.Now().Add(lasts)
	var all sync.WaitGroup
	coming := time.NewTicker(100 * time.Millisecond)
	defer coming.Stop()
	for user := range crowd {
		all.Go(func() {
			report, err := loadgen.Run(context.WithoutCancel(t.Context()), loadgen.Load{
				URL: "http://" + s.addr + "/graphql", Body: func(int64) []byte { return []byte(question) },
				Check: func(_ int64, body []byte) error {
					if !strings.HasPrefix(string(body), firstRow) {
						return fmt.Errorf("got %.200s", body)
					}
					return nil
				},
				Rate: 5, Workers: 4, Duration: time.Until(end), Timeout: patience,
			})
			if err != nil || report.Failed > 0 || report.Good == 0 {
				text, _ := json.Marshal(report)
				t.Errorf("user %d: %v %s", user, err, text)
			}
			mu.Lock()
			defer mu.Unlock()
			good += report.Good
			if report.Latencies != nil {
				latencies.Merge(report.Latencies)
			}
		})
		if user < crowd-1 {
			<-coming.C
		}
	}
	all.Wait()
	stat := s.app.PoolStat()
	if most := stop(); most > stat.MaxSize {
		t.Errorf("%d backends, the ceiling is %d", most, stat.MaxSize)
	} else {
		t.Logf("%d users, %d answers, at most %d backends", crowd, good, most)
	}
	sum := latencies.Summary()
	t.Logf("latency: p50 %v, p99 %v, max %v", sum.P50, sum.P99, sum.Max)
	logWaits(t, stat)
	if stat.Failures != (pool.FailureCounts{}) {
		t.Errorf("%+v", stat.Failures)
	}
	if leases := stat.Acquires.Immediate + stat.Acquires.Waited; stat.WaitTime.Count() != leases || leases < uint64(good) {
		t.Errorf("%d waits in the histogram, %d leases, %d answers", stat.WaitTime.Count(), leases, good)
	}
}

// logWaits prints how long leases were waited for.
func logWaits(t *testing.T, s pool.Stat) {
	t.Helper()
	bounds := pool.BucketBounds()
	var b strings.Builder
	for i, n := range s.WaitTime.Counts {
		if n == 0 {
			continue
		}
		bound := "more"
		if i < len(bounds) {
			bound = "≤ " + bounds[i].String()
		}
		fmt.Fprintf(&b, "\n  %-9s %d", bound, n)
	}
	t.Logf("waits for a connection (%d immediate, %d waited, %d opened):%s", s.Acquires.Immediate, s.Acquires.Waited, s.Opened, b.String())
}

// TestSlowReadersOnEveryConnection: as many clients that do not read as there are connections. Everybody else is served, at
// the latest when the slow ones have had their time, and these do not get what looks like a whole answer.
func TestSlowReadersOnEveryConnection(t *testing.T) {
	t.Parallel()
	const size, others, stall = 4, 40, time.Second
	s := serve(t, fraiseql.Options{
		ConnectionPoolSize: size, ConnectionPoolMaxOverflow: -1, WriteStall: stall, MaxPage: -1, MaxCost: -1,
	}, users, `create view v_number as select n as id, repeat('a long text ', 20) as text from generate_series(1, 200000) n;
comment on view v_number is '@fraiseql:type
name: Number';`)
	var slow []net.Conn
	for range size {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, requestText(`{"query":"{ numbers { id text } }"}`)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	eventually(t, "they hold all connections", func() bool { return s.app.PoolStat().Leased == size })
	start := time.Now()
	errs := make([]error, others)
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: others}}
	defer client.CloseIdleConnections()
	for i := range others {
		all.Go(func() {
			answer, err := client.Post("http://"+s.addr+"/graphql", "application/json", strings.NewReader(question))
			if err != nil {
				errs[i] = err
				return
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), firstRow) {
				errs[i] = fmt.Errorf("%d %s %w", answer.StatusCode, body, err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > stall+15*time.Second {
		t.Errorf("the others were served after %v", took)
	} else {
		t.Logf("the others were served after %v", took.Round(time.Millisecond))
	}
	eventually(t, "no connection is held any more", func() bool { return s.app.PoolStat().Leased == 0 })
	for _, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		body, err := io.ReadAll(c)
		if strings.HasSuffix(string(body), "0\r\n\r\n") {
			t.Errorf("a client that stalled got a whole answer of %d bytes, %v", len(body), err)
		}
	}
}

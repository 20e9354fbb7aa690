package loadgen_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/loadgen"
)

// slow is a server without a network, for use where time is synctest's: it answers one request after another, each in serve,
// and stands still once, from stallAt for stall.
type slow struct {
	turn           chan struct{}
	begun          time.Time
	serve          time.Duration
	stallAt, stall time.Duration
}

func (s *slow) RoundTrip(request *http.Request) (*http.Response, error) {
	select {
	case s.turn <- struct{}{}:
	case <-request.Context().Done():
		return nil, context.Cause(request.Context())
	}
	if at := time.Since(s.begun); at >= s.stallAt && at < s.stallAt+s.stall {
		time.Sleep(s.stallAt + s.stall - at)
	}
	time.Sleep(s.serve)
	<-s.turn
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"data":{}}`))}, nil
}

func newSlow() *slow {
	return &slow{turn: make(chan struct{}, 1), begun: time.Now(), serve: time.Millisecond, stallAt: 500 * time.Millisecond, stall: 300 * time.Millisecond}
}

// The reason for open loads: the same server, the same stall of 300 ms in a second. The closed load asks one question less
// than 700 times, and one answer is slow; the open load asks at 100 per second, and a third of its askers wait.
func TestOpenLoadShowsAStallThatAClosedOneHides(t *testing.T) {
	t.Parallel()
	run := func(rate float64) (report loadgen.Report) {
		synctest.Test(t, func(t *testing.T) {
			var err error
			report, err = loadgen.Run(t.Context(), loadgen.Load{
				URL: "http://stall.test/", Transport: newSlow(), Rate: rate, Duration: time.Second, Workers: max(1, int(rate)),
			})
			if err != nil {
				t.Error(err)
			}
		})
		return report
	}
	closed, open := run(0), run(100)
	if closed.Latency.P99 > 2*time.Millisecond || closed.Latency.Max < 299*time.Millisecond {
		t.Errorf("closed: p99 %v max %v, want about 1 ms and 300 ms: the stall is one answer of many", closed.Latency.P99, closed.Latency.Max)
	}
	if open.Latency.P95 < 200*time.Millisecond || open.Latency.P50 > 2*time.Millisecond {
		t.Errorf("open: p50 %v p95 %v, want about 1 ms and more than 200 ms", open.Latency.P50, open.Latency.P95)
	}
	if open.Good != 100 || open.Failed != 0 {
		t.Errorf("open: %d good and %d failed answers, want 100 and 0", open.Good, open.Failed)
	}
}

// With too few workers the requests wait on this side. Their clocks run from when they were due all the same.
func TestOpenLoadChargesTheWaitForAWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		report, err := loadgen.Run(t.Context(), loadgen.Load{
			URL: "http://stall.test/", Transport: newSlow(), Rate: 100, Duration: time.Second, Workers: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		if report.Latency.P95 < 200*time.Millisecond || report.Lateness.P95 < 200*time.Millisecond || report.Good != 100 {
			t.Errorf("p95 %v, lateness p95 %v, %d good; want both above 200 ms, 100", report.Latency.P95, report.Lateness.P95, report.Good)
		}
	})
}

// A server that can do 1000 a second is asked 10 000 a second: the load ends all the same, and what was never sent counts.
func TestOverloadEndsAndCountsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newSlow()
		server.stall = 0
		began := time.Now()
		report, err := loadgen.Run(t.Context(), loadgen.Load{
			URL: "http://stall.test/", Transport: server, Rate: 10_000, Duration: time.Second, Workers: 10, Timeout: time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2100*time.Millisecond {
			t.Errorf("took %v, want no more than Duration and Timeout", took)
		}
		if report.Good+report.Failed != 10_000 || report.Good > 2100 || len(report.Errors) != 1 || report.Errors[0].Kind != "unsent" {
			t.Errorf("%d good, %d failed, errors %+v; want 10000 together and the kind unsent", report.Good, report.Failed, report.Errors)
		}
	})
}

func TestOpenLoadKeepsTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newSlow()
		server.stall = 0
		var calls []time.Duration
		begun := time.Now()
		report, err := loadgen.Run(t.Context(), loadgen.Load{
			URL: "http://even.test/", Transport: server, Rate: 8, Count: 24,
			Check: func(int64, []byte) error { calls = append(calls, time.Since(begun)); return nil }, // one at a time: 125 ms apart
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range calls {
			if want := time.Duration(i)*125*time.Millisecond + time.Millisecond; at != want {
				t.Errorf("answer %d came at %v, want %v", i, at, want)
			}
		}
		if report.Good != 24 || report.Lateness.Max != 0 {
			t.Errorf("%d good, latest %v; want 24 and none late", report.Good, report.Lateness.Max)
		}
	})
}

func TestErrorsAreCountedByKind(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		switch string(body) {
		case "0":
			fmt.Fprint(w, `{"data":{"ok":true}}`)
		case "1":
			http.Error(w, "too busy", http.StatusServiceUnavailable)
		case "2":
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"errors":[{"message":"no connection came free","extensions":{"code":"POOL_TIMEOUT"}}]}`)
		case "3":
			fmt.Fprint(w, `{"errors":[{"message":"odd"}],"data":null}`)
		case "4":
			fmt.Fprint(w, `{"data":{"ok":false}}`)
		case "5":
			panic(http.ErrAbortHandler)
		case "6":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"data":`) // and no more
		case "7":
			<-hang
		}
	}))
	defer server.Close()
	defer close(hang)
	report, err := loadgen.Run(t.Context(), loadgen.Load{
		URL: server.URL, Count: 16, Workers: 3, Timeout: 2 * time.Second,
		Body: func(n int64) []byte { return []byte{'0' + byte(n%8)} },
		Check: func(n int64, body []byte) error {
			if strings.Contains(string(body), "false") {
				return fmt.Errorf("answer %d says false", n%8)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, e := range report.Errors {
		got[e.Kind+" "+e.Name] += e.Count
		if e.Example == "" {
			t.Errorf("%s %s has no example", e.Kind, e.Name)
		}
	}
	want := map[string]int64{
		"status 503": 2, "graphql POOL_TIMEOUT": 2, "graphql no code": 2, "check wrong answer": 2,
		"transport cut": 4, "transport timeout": 2,
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: counted %d, want %d (all: %v)", name, got[name], n, got)
		}
	}
	if report.Good != 2 || report.Failed != 14 || report.FailedLatency.Count != 14 || report.Latency.Count != 2 {
		t.Errorf("good %d failed %d, want 2 and 14", report.Good, report.Failed)
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := loadgen.Run(t.Context(), loadgen.Load{URL: "http://" + address, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Errors) != 1 || report.Errors[0].Kind != "transport" || report.Errors[0].Name != "refused" || report.Errors[0].Count != 2 {
		t.Errorf("errors %+v, want refused twice", report.Errors)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }))
	defer server.Close()
	report, err := loadgen.Run(t.Context(), loadgen.Load{URL: server.URL, Workers: 4, Count: 400})
	if err != nil {
		t.Fatal(err)
	}
	if report.Good != 400 || report.Connections > 8 || report.Connections < 1 {
		t.Errorf("%d good over %d connections, want 400 over about 4", report.Good, report.Connections)
	}
	if report.Bytes != 800 || report.Throughput <= 0 {
		t.Errorf("%d bytes, throughput %v; want 800 and more than 0", report.Bytes, report.Throughput)
	}
}

func TestCancelledLoadGivesWhatItHas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }))
	defer server.Close()
	var answers atomic.Int64
	report, err := loadgen.Run(ctx, loadgen.Load{URL: server.URL, Duration: time.Hour, Check: func(int64, []byte) error {
		if answers.Add(1) == 20 {
			cancel(stop)
		}
		return nil
	}})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause %v", err, stop)
	}
	if report.Good != 20 || report.Failed != 0 {
		t.Errorf("%d good and %d failed, want 20 and 0: the caller's own end is nobody's failure", report.Good, report.Failed)
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []loadgen.Progress
		_, err := loadgen.Run(t.Context(), loadgen.Load{
			URL: "http://stall.test/", Transport: newSlow(), Rate: 10, Duration: time.Second,
			OnProgress: func(p loadgen.Progress) { seen = append(seen, p) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) < 3 || seen[0].Done != 3 || seen[0].Elapsed != 250*time.Millisecond {
			t.Errorf("progress %+v, want three reports or more, the first at 250 ms with 3 answers", seen)
		}
	})
}

func TestUnreasonableLoadsAreRefusedWithEveryFault(t *testing.T) {
	t.Parallel()
	_, err := loadgen.Run(t.Context(), loadgen.Load{URL: "localhost:80", Rate: -1, Workers: -2, Timeout: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{`"localhost:80"`, "Duration", "Rate -1", "Workers -2", "Timeout"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not name %s: %v", part, err)
		}
	}
	_, err = loadgen.Run(t.Context(), loadgen.Load{URL: "http://x", Duration: -1, Count: -1})
	if err == nil || !strings.Contains(err.Error(), "Duration -1ns") || !strings.Contains(err.Error(), "Count -1") {
		t.Errorf("error %v, want Duration and Count named", err)
	}
}

func TestReportIsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(loadgen.Report{Open: true, Rate: 5, Latency: loadgen.Summary{P99: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"open":true`, `"rate":5`, `"p99Ns":1000000`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

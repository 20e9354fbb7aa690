package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/pool"
)

const ms = time.Millisecond

// loaded is a pool of 20 + 10 after five minutes in which so many connections were busy.
func loaded(busy float64, p95 int, hold, wait time.Duration, waited uint64) console.Report {
	const leases = 60_000
	r := console.Report{
		At:   time.Date(2026, 3, 1, 14, 5, 9, 0, time.UTC),
		Stat: pool.Stat{State: pool.StateUp, MinSize: 10, Size: 20, MaxSize: 30},
		Lately: console.Lately{
			Seconds: 300, LeasesPerSecond: leases / 300, Busy: busy, BusyP95: p95,
			Acquires: pool.AcquireCounts{Immediate: leases - waited, Waited: waited},
		},
	}
	r.Lately.WaitTime.Counts[0], r.Lately.WaitTime.Counts[6] = leases-waited, waited
	r.Lately.WaitTime.Sum = wait * leases
	r.Lately.UseTime.Counts[6], r.Lately.UseTime.Sum = leases, hold*leases
	return r
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	quiet := func() console.Report { return loaded(3, 5, 10*ms, 0, 0) }
	fits := &pool.Budget{Replicas: 1, MaxSize: 30, Free: 97, Fits: true, FitsWhileDeploying: true, Needed: 30}
	for name, c := range map[string]struct {
		report console.Report
		change func(*console.Report)
		want   []string // the level and a part of each, in order
	}{
		"all is well": {quiet(), nil, []string{"ok: in the last 5 minutes 5 of 20 connections were busy at p95, and 0 % of the callers waited longer than 1 ms."}},
		"nobody asks": {console.Report{Stat: pool.Stat{State: pool.StateUp, Size: 20, MaxSize: 30}, Lately: console.Lately{Seconds: 60}}, nil, []string{"ok: nobody has asked for a connection in the last minute."}},
		"just begun":  {console.Report{Stat: pool.Stat{State: pool.StateUp, Size: 20, MaxSize: 30}}, nil, []string{"ok: Nothing is measured yet."}},
		"not started": {console.Report{}, nil, []string{"note: The app is not started"}},
		"connecting":  {console.Report{Stat: pool.Stat{Size: 20, MaxSize: 30}}, nil, []string{"note: The first connection is being made."}},
		"no server":   {console.Report{Stat: pool.Stat{Size: 20, MaxSize: 30, ConnectFailures: 1}}, nil, []string{"bad: No connection could be made yet, after 1 attempt: /ready names the reason."}},
		"down": {quiet(), func(r *console.Report) {
			r.State = pool.StateDown
			r.Changes = []console.Change{{At: r.At.Add(-time.Minute), To: pool.StateDown, Reason: "connection refused"}}
			r.Lately.Failures.Unavailable, r.Lately.Closed.Broken = 9, 9
		}, []string{"bad: The database cannot be used since 14:04:09 UTC: connection refused. Callers are answered POOL_UNAVAILABLE"}},
		"was down": {quiet(), func(r *console.Report) { r.Lately.Failures.Unavailable = 1200 }, []string{"warn: 1,200 callers were refused in the last 5 minutes while the database could not be used"}},
		"closing":  {quiet(), func(r *console.Report) { r.State = pool.StateClosing }, []string{"note: The pool is closing"}},
		"busy": {loaded(17.2, 19, 10*ms, 2*ms, 300), nil, []string{
			"warn: Size 20 was 95 % busy at p95 in the last 5 minutes, and the mean wait is 2 ms. A size of 22 would halve the wait. With 29, fewer than 1 in 100 callers would wait at all.",
		}},
		"busy, and no room": {loaded(17.2, 19, 10*ms, 2*ms, 300), func(r *console.Report) {
			r.Budget = &pool.Budget{Replicas: 3, MaxSize: 30, Free: 97, Fits: true, FitsWhileDeploying: true}
		}, []string{"warn: would wait at all. The server has no room for that: 97 connections are left for this app, and 117 would be needed."}},
		"busy, and room": {loaded(17.2, 19, 10*ms, 2*ms, 300), func(r *console.Report) { r.Budget = fits }, []string{"warn: fewer than 1 in 100 callers would wait at all.$"}},
		"busy behind a pooler": {loaded(17.2, 19, 10*ms, 2*ms, 300), func(r *console.Report) {
			r.Budget = &pool.Budget{Pooler: true, Replicas: 3, Fits: true, FitsWhileDeploying: true}
		}, []string{"warn: fewer than 1 in 100 callers would wait at all.$"}},
		"in the overflow": {loaded(22, 25, 10*ms, 1*ms, 100), nil, []string{"warn: 25 connections were busy at p95 in the last 5 minutes, and the size is 20: the overflow carries the usual load, and connections are opened and closed again and again. With 35, fewer"}},
		"saturated": {loaded(30, 30, 45*ms, 120*ms, 50_000), func(r *console.Report) { r.Lately.WaitingMost = 40 }, []string{
			"bad: All 30 connections were busy at p95 in the last 5 minutes, and up to 40 callers waited: the mean wait is 120 ms, a lease takes 45 ms. Make the slowest operations faster first, for half the time needs half the connections. With at least 45,",
		}},
		"full, and nobody waits": {loaded(29, 30, 45*ms, 0, 0), nil, []string{"warn: 30 connections were busy at p95 in the last 5 minutes, and the size is 20"}},
		"bursts":                 {loaded(3, 5, 10*ms, 1*ms, 1500), nil, []string{"note: 2.5 % of the callers waited longer than 1 ms in the last 5 minutes, though 5 of 20 connections were busy at p95"}},
		"few leases":             {console.Report{Stat: pool.Stat{State: pool.StateUp, Size: 2, MaxSize: 2}, Lately: console.Lately{Seconds: 9, Busy: 2, BusyP95: 2, Acquires: pool.AcquireCounts{Immediate: 5}}}, nil, []string{"ok: in the last 9 seconds 2 of 2 connections"}},
		"timeouts":               {quiet(), func(r *console.Report) { r.Lately.Failures.Timeout = 1 }, []string{"bad: 1 caller got no connection within ConnectionPoolTimeout in the last 5 minutes: clients saw POOL_TIMEOUT."}},
		"refused":                {quiet(), func(r *console.Report) { r.Lately.Failures.Saturated, r.Lately.Failures.QueueFull = 1, 2 }, []string{"bad: 3 callers found no idle connection and were not let into the queue"}},
		"shed":                   {quiet(), func(r *console.Report) { r.Lately.Failures.Shed = 7 }, []string{"warn: 7 callers were turned away"}},
		"impatient":              {quiet(), func(r *console.Report) { r.Lately.Failures.Canceled = 700 }, []string{"warn: 700 callers left the queue"}},
		"some leave":             {quiet(), func(r *console.Report) { r.Lately.Failures.Canceled = 7 }, []string{"ok: Nothing to do"}},
		"a long wait":            {quiet(), func(r *console.Report) { r.Waiting, r.OldestWait = 3, 3200*ms }, []string{"warn: The first of 3 callers in the queue has waited for 3.2 s."}},
		"a long lease":           {quiet(), func(r *console.Report) { r.Leases = console.Held("query Report", 1, 95*time.Second) }, []string{"warn: Query Report has held a connection for 1 min 35 s: "}},
		"leases":                 {quiet(), func(r *console.Report) { r.Leases = console.Held("query Report", 1, 29*time.Second) }, []string{"ok: "}},
		"one holder": {loaded(12, 14, 10*ms, 0, 0), func(r *console.Report) {
			r.Holders = []console.Holder{{Tag: "query Report", Share: 0.62, Seen: 800}, {Tag: "", Share: 0.38, Seen: 400}}
		}, []string{"note: query Report holds 62 % of the connection time"}},
		"one holder of little": {quiet(), func(r *console.Report) { r.Holders = []console.Holder{{Tag: "query Report", Share: 1, Seen: 800}} }, []string{"ok: "}},
		"no operation holds":   {loaded(12, 14, 10*ms, 0, 0), func(r *console.Report) { r.Holders = []console.Holder{{Share: 1, Seen: 800}} }, []string{"ok: "}},
		"nested":               {quiet(), func(r *console.Report) { r.Lately.Nested = 1 }, []string{"warn: 1 request took a second connection"}},
		"leaks":                {quiet(), func(r *console.Report) { r.Lately.Leaks = 2 }, []string{"warn: 2 leases were held for longer than LeakAfter"}},
		"unclean":              {quiet(), func(r *console.Report) { r.Lately.Closed.Unclean = 1 }, []string{"warn: 1 connection came back with rows"}},
		"a standby":            {quiet(), func(r *console.Report) { r.Lately.Closed.ReadOnly = 1 }, []string{"warn: The server refused to write on 1 connection"}},
		"broken":               {quiet(), func(r *console.Report) { r.Lately.Closed.Broken = 4 }, []string{"note: 4 connections were ended by the server"}},
		"churn":                {quiet(), func(r *console.Report) { r.Lately.Closed.Overflow = 60 }, []string{"note: 60 connections were closed in the last 5 minutes because they were overflow"}},
		"slow connects": {quiet(), func(r *console.Report) {
			r.Lately.CreateTime.Counts[9], r.Lately.CreateTime.Sum = 5, 600*ms
		}, []string{"note: Connecting takes 120 ms on average"}},
		"one slow connect": {quiet(), func(r *console.Report) {
			r.Lately.CreateTime.Counts[9], r.Lately.CreateTime.Sum = 4, 480*ms
		}, []string{"ok: Nothing to do"}},
		"no budget":           {quiet(), func(r *console.Report) { r.Budget = &pool.Budget{Text: "it may need 90"} }, []string{"warn: The connection budget does not fit: it may need 90."}},
		"no budget to deploy": {quiet(), func(r *console.Report) { r.Budget = &pool.Budget{Fits: true, Text: "it may need 180"} }, []string{"note: The connection budget does not fit while deploying: it may need 180."}},
		"the urgent first": {loaded(17.2, 19, 10*ms, 2*ms, 300), func(r *console.Report) {
			r.Lately.Closed.Broken, r.Lately.Failures.Timeout = 1, 1
		}, []string{"bad: POOL_TIMEOUT", "warn: Size 20", "note: 1 connection was ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.change != nil {
				c.change(&c.report)
			}
			got := console.Advise(&c.report)
			if len(got) != len(c.want) {
				t.Fatalf("%d pieces of advice, want %d: %q", len(got), len(c.want), got)
			}
			for i, want := range c.want {
				level, part, _ := strings.Cut(want, ": ")
				text := got[i].Text
				if whole, ok := strings.CutSuffix(part, "$"); ok {
					part = whole
					if !strings.HasSuffix(text, part) {
						t.Errorf("%q does not end with %q", text, part)
					}
				}
				if string(got[i].Level) != level || !strings.Contains(text, part) {
					t.Errorf("got %s: %s\nwant %s: %s", got[i].Level, text, level, part)
				}
			}
		})
	}
}

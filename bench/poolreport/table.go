package main

// figure is one promise of the pool.
type figure struct {
	number  int
	what    string
	target  string
	tests   []string // tests of package pool that prove it, when that is how it is proved
	slow    bool     // left out under -quick
	measure func(*stage)
}

// figures is the table of what the pool promises.
func figures() []figure {
	return []figure{
		{
			number: 1, what: "sizes and limits that options resolve to, and refusals", target: "exact",
			tests: []string{"TestResolve", "TestResolveRefuses"}, measure: resolveTable,
		},
		{
			number: 2, what: "20 concurrent requests on size 5, no overflow, each 50 ms in the database",
			target: "0 errors, ≤ 5 backends", measure: smallPool,
		},
		{
			number: 3, what: "1000 concurrent requests on 20 + 10",
			target: "0 errors; never > 30 backends; back to 20 within linger + 1 s", measure: burst,
		},
		{
			number: 4, what: "size 1 held, 10,000 waiters at 50 ms",
			target: "each fails in 50–70 ms by the timeout; ≤ 512 B a waiter beyond its goroutine", measure: manyWaiters,
		},
		{
			number: 5, what: "acquire + release, uncontended and with 1000 goroutines on 20",
			target: "≤ 0.5 × pgxpool, 0 allocations", measure: speed,
		},
		{
			number: 6, what: "order of 1000 waiters; 10⁶ random cancellations", target: "exact order; none stranded",
			tests: []string{"TestOrder", "TestCancellationsStrandNobody"}, measure: fairness,
		},
		{
			number: 7, what: "state machine against a model, 10⁵ sequences, under the race detector",
			target: "ceiling, exclusive leases, conserved counters, no goroutine left",
			tests:  []string{"TestModel"}, measure: stateMachine,
		},
		{number: 8, what: "cold burst of 1000 short queries", target: "≤ 6 connections opened", measure: coldBurst},
		{number: 9, what: "churn at 80 % of size 20 + 10", target: "≤ 2 opens per 1000 requests", measure: churn},
		{number: 10, what: "20 idle backends terminated", target: "0 errors", measure: idleTerminated},
		{
			number: 11, what: "server restarted (fast, immediate) under 200 workers",
			target: "errors ≤ queries in flight; serving again ≤ 1 s after it accepts", measure: restarts,
		},
		{
			number: 12, what: "server down for 10 s",
			target: "≤ 18 connect attempts; callers fail < 10 ms; back ≤ 1.2 s after it is up", measure: serverDown,
		},
		{
			number: 13, what: "network frozen for 20 s (proxy)",
			target: "usable ≤ ConnectTimeout + 0.5 s after healing", measure: frozenNetwork,
		},
		{number: 14, what: "1000 cancelled queries", target: "0 reconnects, 0 stray 57014", measure: cancelledQueries},
		{
			number: 15, what: "dirty sessions: SET, role, temp table, LISTEN, advisory lock, open transaction, rows, COPY",
			target: "next holder clean, always",
			tests:  []string{"TestDirtySession", "TestNotificationsStayBehind"}, measure: dirtySessions,
		},
		{
			number: 16, what: "recycle: 30 connections due in one second, under load",
			target: "≤ 1 replacement in flight; p99 wait ≤ 1.2 ×", measure: recycling,
		},
		{
			number: 17, what: "ShedTarget 100 ms, 3 × overload for 10 s",
			target: "≥ 90 % of capacity served; served p99 wait ≤ 2 × target; none shed at 70 % load", measure: shedding,
		},
		{
			number: 18, what: "PgBouncer in transaction mode, 12 clients on 3 servers, 10,000 queries",
			target: "0 wrong, 0 errors, noticed by itself",
			tests:  []string{"TestPgBouncer"}, measure: pgbouncer,
		},
		{
			number: 19, what: "Close(ctx) with 20 leases, 500 waiters, 2 connecting",
			target: "waiters < 5 ms; returns by ctx; 0 goroutines, 0 backends after 1 s", measure: closing,
		},
		{
			number: 20, what: "two apps, two databases, one process", target: "nothing shared",
			tests: []string{"TestTwoPoolsShareNothing"}, measure: twoPools,
		},
		{
			number: 21, what: "five minutes of random faults", target: "heap growth < 1 MB; counters conserved; race-clean",
			slow: true, measure: chaos,
		},
	}
}

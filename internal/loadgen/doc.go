// Package loadgen sends HTTP requests to a server and measures how long the answers take.
//
// There are two kinds of load, and they answer different questions.
//
// Open loop (Load.Rate is set): requests fall due at a constant rate, as they do when many independent people use a
// service. The clock of each starts when it was due, so a server that stands still for a second is charged for every
// request that fell due in that second. This is the kind to judge latency by.
//
// Closed loop (Load.Rate is zero): each worker sends its next request when the answer to the last one is in. This finds the
// greatest throughput at a given concurrency. Its latencies flatter: a server that stands still stops the questions too.
//
//	report, err := loadgen.Run(ctx, loadgen.Load{
//		URL:      "http://127.0.0.1:8000/graphql",
//		Body:     func(int64) []byte { return []byte(`{"query":"{ users { id } }"}`) },
//		Rate:     500,
//		Duration: 10 * time.Second,
//	})
//
// Memory is fixed: latencies go to a log-linear histogram, and kinds of errors are counted, not kept.
package loadgen

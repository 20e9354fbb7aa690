// Package pool is a connection pool for PostgreSQL on top of pgx: exact in how many connections it may hold, strictly
// first come first served, and honest when it cannot serve.
//
//	p, err := pool.Open(ctx, "postgres://localhost/shop", pool.Options{Size: 20})
//	if err != nil {
//		return err
//	}
//	defer p.Close(ctx)
//
//	err = p.With(ctx, func(ctx context.Context, c pool.Conn) error {
//		return c.QueryRow(ctx, "select count(*) from orders").Scan(&n)
//	})
//
// # Levels
//
// A pool of Size 20 and MaxOverflow 10 opens 10 connections at start and keeps them (warm, half of the size), keeps up
// to 20 between bursts (retained), and never has more than 30 (the ceiling), counting those that are being opened and
// those that are being closed until the server has let go of them. Connections are opened when the queue would
// otherwise be long, not for every caller that finds none idle.
//
// # The life of a connection
//
//	            connect ok                Acquire
//	connecting ────────────► idle ◄──────────────────► leased
//	     │                    ▲ │        clean Release    │
//	     │ failed             │ │ stale, suspect,         │ touched, cancelled,
//	     │                    │ ▼ not quiet               ▼ transaction open
//	     │                  tending: ping, roll back, reset, hook
//	     │                      │ failed, too old, surplus, rows left open (from any state)
//	     ▼                      ▼
//	   gone ◄─────────────── closing: Terminate, then wait for the server's end of file
//
// # The state of a pool
//
//	connecting ──► up ◄──► down        (three failed connects in a row, nothing idle, no lease came back healthy)
//	    └───────────┴────────┴──► closing ──► closed
//
// While down one connection attempt at a time looks for the server, and callers are answered at once with
// [ErrUnavailable].
//
// # What a borrower leaves behind
//
// A lease on which SQL of the caller ran (Exec, Query, SendBatch, CopyFrom, Begin, Raw) is reset after its release and
// before its next holder, off the path of both: the transaction is rolled back, settings, role, cursors, LISTEN,
// advisory locks and temporary tables are gone. Prepared statements stay. [Conn.RawClean] skips this on the promise that
// nothing outlives the call.
package pool

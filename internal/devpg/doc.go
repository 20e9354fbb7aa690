// Package devpg finds or starts a local PostgreSQL for development and tests.
//
// Find looks for the programs (initdb, postgres, pg_ctl) of PostgreSQL 14 or newer; Fetch downloads them when the
// machine has none; Start runs a server of its own from them, on a free port of the loopback interface:
//
//	programs, err := devpg.FindOrFetch(ctx, os.Environ(), devpg.FetchOptions{})
//	if err != nil { … }
//	server, err := devpg.Start(ctx, devpg.Options{Programs: programs, Dir: dir})
//	if err != nil { … }
//	defer server.Stop(context.WithoutCancel(ctx))
//	connect(server.URL("postgres"))
//
// A server never outlives the process that started it: Stop ends it in order, and when the process is killed
// the server gets a signal from the kernel (Linux) or from a small watchdog (elsewhere). What a crash still
// leaves behind is cleared by the next Start in the same folder.
//
// PostgreSQL refuses to run as root. Started by root, it runs as the user postgres, or nobody where there is no
// such user, with its data in a folder that this user owns.
package devpg

// Package pgtest gives tests the real PostgreSQL: a database of its own for each test, a server of its own for those
// that kill it, and a wire between client and server that counts messages and breaks on demand.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestUsers(t *testing.T) {
//		t.Parallel()
//		db := pgtest.New(t, `CREATE TABLE users (id int)`)
//		db.Exec(t, `INSERT INTO users VALUES ($1)`, 1)
//		link := pgtest.Proxy(t, db.URL) // connect to link.URL instead of db.URL
//		…
//	}
//
// The test process starts one server when a test first asks for a database, and Main stops it; without Main it ends
// with the process all the same. Where there is no PostgreSQL 14 or newer, the tests are skipped, or fail when
// FRAISEQL_REQUIRE_PG=1 is set.
//
// The server's goroutine lives from the first New to the end of Main. A leak check over a whole package therefore
// wraps Main (goleak.VerifyTestMain(pgtest.Runner(m))), and one inside a test takes goleak.IgnoreCurrent after New.
package pgtest

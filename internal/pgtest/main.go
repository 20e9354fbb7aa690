package pgtest

import (
	"fmt"
	"os"
)

// tests is what *testing.M and goleak's wrappers of it have.
type tests interface{ Run() int }

// Main runs the tests, stops the server they used, and returns the exit code: that of the tests, or 1 when the server
// did not stop.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m tests) int {
	code := m.Run()
	if err := process.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// Runner makes Main something to run, for checks that must come after the server's stop:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Runner(m)) }
func Runner(m tests) interface{ Run() int } { return runner{m} }

type runner struct{ m tests }

func (r runner) Run() int { return Main(r.m) }

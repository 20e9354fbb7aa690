package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The figures that tests prove. What they measured is in their logs.

func (s *stage) proved(names ...string) {
	for _, name := range names {
		run := s.test(name)
		text := fmt.Sprintf("%s: %s", name, run.action)
		if n := run.passed + run.failed; n > 1 {
			text += fmt.Sprintf(", %d of %d cases", run.passed, n)
		}
		if len(run.logs) > 0 {
			text += ": " + strings.Join(run.logs, "; ")
		}
		s.must(run.action == "pass", "%s (%.1f s)", text, run.elapsed)
	}
}

// counted holds a test to the size that its figure is about, by a number in its log: one that passes on less proves less.
func (s *stage) counted(name, what string, pattern *regexp.Regexp, least int) {
	most := 0
	for _, line := range s.test(name).logs {
		if m := pattern.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits, by the pattern
			most = max(most, n)
		}
	}
	s.must(most >= least, "%d %s", most, what)
}

func (s *stage) provedUnder() {
	s.settings("%s", size(s, "the race detector and FRAISEQL_SLOW=1", "the small sizes of each test, without the race detector"))
}

func resolveTable(s *stage)  { s.proved("TestResolve", "TestResolveRefuses") }
func dirtySessions(s *stage) { s.proved("TestDirtySession", "TestNotificationsStayBehind") }
func twoPools(s *stage)      { s.proved("TestTwoPoolsShareNothing") }

func fairness(s *stage) {
	s.provedUnder()
	s.proved("TestOrder", "TestCancellationsStrandNobody")
	s.counted("TestCancellationsStrandNobody", "cancellations", regexp.MustCompile(`^(\d+) callers cancelled`), size(s, 1_000_000, 10_000))
}

func stateMachine(s *stage) {
	s.provedUnder()
	s.proved("TestModel")
	s.counted("TestModel", "sequences", regexp.MustCompile(`passed (\d+) tests`), size(s, 100_000, 1000))
}

func pgbouncer(s *stage) {
	s.provedUnder()
	s.proved("TestPgBouncer")
	s.counted("TestPgBouncer", "queries in the larger case", regexp.MustCompile(`^(\d+) queries`), size(s, 10_000, 1000))
}

func chaos(s *stage) {
	runs, err := runTests(s.ctx, "./test/chaos", []string{"TestFiveMinutes"}, s.quick)
	run := s.outcome(runs, err, "TestFiveMinutes")
	for _, line := range run.logs {
		s.must(true, "%s", line)
	}
	s.must(run.action == "pass" && run.elapsed >= 300, "TestFiveMinutes: %s (%.0f s)", run.action, run.elapsed)
}

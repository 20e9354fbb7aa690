// Attacks runs the attacks of test/security, and the tests that belong to them, and prints what came of each.
//
//	go run ./test/attacks     # in the root folder of the module; "make security" is the same
//
// An attack is what a test logs as "attack: NAME | EXPECTED | RESULT"; a test that logs none is a row of its own, by its
// name. The exit code is 1 when one has failed, and when one is missing.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"unicode"

	"github.com/fraiseql/fraiseql-go/test/gotest"
)

// runs are the packages and tests, and how many rows the table has of them at the least.
var runs = []struct {
	pkg, tests string
	least      int
}{
	{"./test/security", ".", 15},
	{"./internal/compile", "^(FuzzNoUserTextInSQL|FuzzCursor)$", 2},
	{"./internal/guard", "^Test", 8},
	{"./internal/httpapi", "^(TestForgedRequests|TestLimitedRequests|TestTrickledBody|TestStalledClient|TestSlowClient)$", 5},
	{"./internal/engine", "^TestCostOfHostileDocuments$", 1},
	{"./internal/fault", "^TestRedact$", 1},
	{"./auth", "Refuse|Forge|Timing|Guess|Dev|Secret", 3},
}

// row is a line of the table.
type row struct {
	attack, expected, result string
	failed                   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, out, progress io.Writer) int {
	code := 0
	var all []row
	for _, r := range runs {
		fmt.Fprintf(progress, "%s …\n", r.pkg)
		var c collector
		complaints, err := gotest.Run(ctx, r.pkg, r.tests, c.line, c.ended)
		if err != nil {
			fmt.Fprintf(progress, "%s: %v\n%s", r.pkg, err, complaints)
			code = 1
		}
		if len(c.rows) < r.least {
			fmt.Fprintf(progress, "%s: %d attacks, and there should be %d or more\n", r.pkg, len(c.rows), r.least)
			code = 1
		}
		all = append(all, c.rows...)
	}
	if !table(out, all) {
		code = 1
	}
	return code
}

var attackLine = regexp.MustCompile(`attack: (.+) \| (.+) \| (.+)$`)

// collector makes rows of what the tests of a package log.
type collector struct {
	rows []row
	told map[string]bool // tests that have told of an attack
}

func (c *collector) line(test, text string) {
	found := attackLine.FindStringSubmatch(text)
	if found == nil {
		return
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	c.told[top(test)] = true
	result, failed := strings.CutPrefix(found[3], "FAILED: ")
	c.rows = append(c.rows, row{found[1], found[2], result, failed})
}

func (c *collector) ended(test, how string) {
	if strings.Contains(test, "/") || how == "pass" && c.told[test] {
		return
	}
	c.rows = append(c.rows, row{words(test), "as the test says", map[string]string{"pass": "passed", "fail": "the test failed", "skip": "skipped"}[how], how != "pass"})
}

func top(test string) string {
	name, _, _ := strings.Cut(test, "/")
	return name
}

// words takes the name of a test apart: "TestHashPoisoning" is "hash poisoning".
func words(test string) string {
	letters := []rune(strings.TrimPrefix(test, "Test"))
	var b strings.Builder
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// table prints the rows, and tells whether all is as it was expected.
func table(out io.Writer, rows []row) bool {
	ok := len(rows) > 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tattack\texpected\tresult")
	for _, r := range rows {
		verdict := "ok"
		if r.failed {
			verdict, ok = "FAILED", false
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", verdict, r.attack, r.expected, r.result)
	}
	_ = w.Flush() // of a tabwriter: it fails when out does, and then nobody reads it
	return ok
}

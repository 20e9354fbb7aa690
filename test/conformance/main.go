// Conformance has programs of others judge this one, and prints how far it goes with each: the audit of graphql-http, the
// validation cases of graphql-js, random operations beside graphql-js, Apollo Client, the compiler of Relay, graphql-codegen with
// TypeScript, and GraphQL Inspector.
//
//	go run ./test/conformance                      # in the root folder of the module
//	FRAISEQL_SLOW=1 go run ./test/conformance      # 10,000 random operations, more walks
//
// The figures are what the tests of the packages below log. It needs node, and "npm ci" in test/audit, test/clients and
// test/differential. The exit code is 1 when a figure misses its target or is not there.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"syscall"
	"text/tabwriter"

	"github.com/fraiseql/fraiseql-go/test/gotest"
)

// figure is what a test logs as "figure: NAME: N of M".
type figure struct {
	name  string // as the test logs it
	least int    // M must be that or more: a judge that asks nothing says nothing
}

const cases = "validation cases of graphql-js and gqlparser with the same verdict"

var figures = []figure{
	{"checks of the graphql-http audit passed", 61},
	{"schemas that graphql-js reads alike by introspection and as SDL", 2},
	{cases, 430},
	{"random operations answered as graphql-js answers them", 300},
	{"worlds of the corpus answered as graphql-js answers them", 5},
	{"walks of Apollo Client through all pages", 4},
	{"operations compiled by the compiler of Relay", 2},
	{"documents typed by graphql-codegen that TypeScript compiles", 2},
	{"pairs of schemas whose changes GraphQL Inspector names alike", 300},
}

// runs are the tests that tell them.
var runs = [][2]string{
	{"./test/audit", "^(TestGraphQLOverHTTP|TestGraphQLJSReadsTheSchema)$"},
	{"./internal/gqlop", "^TestImportedCases$"},
	{"./test/differential", "^(TestRandomOperations|TestCorpus|TestSchemaChanges)$"},
	{"./test/clients", "^(TestApolloClient|TestRelayCompiler|TestTypeScript)$"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, out, progress io.Writer) int {
	told, code := map[string][2]int{}, 0
	var notes []string
	for _, r := range runs {
		fmt.Fprintf(progress, "%s …\n", r[0])
		failed, err := test(ctx, r[0], r[1], told, &notes)
		if err != nil {
			fmt.Fprintf(progress, "%s: %v\n%s", r[0], err, failed)
			code = 1
		}
	}
	if !table(out, told, len(notes)) {
		code = 1
	}
	for _, n := range notes {
		fmt.Fprintln(out, "deviation: "+n)
	}
	return code
}

var (
	figureLine = regexp.MustCompile(`figure: (.+): (\d+) of (\d+)$`)
	noteLine   = regexp.MustCompile(`deviation: (.+)$`)
)

// test runs the tests of a package. It gives what the failed ones print.
func test(ctx context.Context, pkg, name string, told map[string][2]int, notes *[]string) (string, error) {
	return gotest.Run(ctx, pkg, name, func(_, line string) {
		if f := figureLine.FindStringSubmatch(line); f != nil {
			n, _ := strconv.Atoi(f[2]) // digits, by the pattern
			of, _ := strconv.Atoi(f[3])
			told[f[1]] = [2]int{n, of}
		}
		if n := noteLine.FindStringSubmatch(line); n != nil {
			*notes = append(*notes, n[1])
		}
	}, nil)
}

// table prints the figures, and tells whether all are on target. Deviations are meant, and named below the table.
func table(out io.Writer, told map[string][2]int, deviations int) bool {
	ok := true
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\ttarget\tmeasured\t")
	for _, f := range figures {
		is, there := told[f.name]
		spare := 0
		if f.name == cases {
			spare = deviations
		}
		target, measured, verdict := fmt.Sprintf("%d of %d", is[1]-spare, is[1]), fmt.Sprintf("%d of %d", is[0], is[1]), "ok"
		switch {
		case !there:
			target, measured, verdict = fmt.Sprintf("all of %d or more", f.least), "nothing", "MISSED"
		case is[1] < f.least:
			target, verdict = fmt.Sprintf("all of %d or more", f.least), "MISSED"
		case is[0] < is[1]-spare:
			verdict = "MISSED"
		}
		ok = ok && verdict == "ok"
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.name, target, measured, verdict)
	}
	_ = w.Flush() // of a tabwriter: it fails when out does, and then nobody reads it
	return ok
}

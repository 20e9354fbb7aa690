package cli_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/cli"
)

var update = flag.Bool("update", false, "write the reference page")

// commands are the command and all that are below it, each before its own.
func commands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, commands(sub)...)
	}
	return all
}

// TestPageIsCurrent keeps docs/reference/command.md equal to the commands.
func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# The command

All that ` + "`fraiseql`" + ` can do. ` + "`fraiseql help COMMAND`" + ` shows the same in a terminal.

| exit code | |
|---|---|
| 0 | all went well |
| 1 | something failed: the database, the network, a file that could not be written |
| 2 | the command line, a file of options or an environment variable is wrong |
| 3 | of a command that judges: the worst that it found is a warning |
| 4 | of a command that judges: the worst that it found is an error, or a breaking change |

What a command prints goes to standard output, and errors and the log to standard error, so that the output can be kept in a file. Colours are for
terminals only, and ` + "`NO_COLOR`" + ` turns them off.

`)
	root := cli.Root()
	for _, c := range commands(root)[1:] {
		fmt.Fprintf(&page, "- [`%s`](#%s): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	for _, c := range commands(root)[1:] {
		writeCommand(&page, c)
	}
	page.WriteString(`
## Flags of serve

Each flag ` + "`--a-b` is also the variable `FRAISEQL_A_B` and the key `a_b`" + ` of a file, by default ` + "`fraiseql.toml`" + ` in the working folder
(` + "`--config`, `FRAISEQL_CONFIG`" + `). A flag goes before the environment, the environment before the file, and the file before the default. A
literal 0 means zero, and never the default. Durations are written as 200ms, 30s, 1h. Lists and tables are written ` + "`a,b`" + `
and ` + "`name=value`" + `, and such a flag may stand several times.

| flag | value | default | |
|---|---|---|---|
`)
	for _, p := range fraiseql.Parameters() {
		fmt.Fprintf(&page, "| `--%s` | %s | %s | %s |\n", p.Name, p.Kind, p.Default, cell(p.Usage))
	}
	const path = "../../docs/reference/command.md"
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(path)
	if err != nil || string(found) != page.String() {
		t.Errorf("%s is not current (%v): go test ./internal/cli -run TestPageIsCurrent -update", path, err)
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func writeCommand(page *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(page, "\n## %s\n\n", c.CommandPath())
	text := c.Short + "."
	if c.Long != "" {
		text = c.Long
	}
	page.WriteString(text + "\n\n<!-- not run: the example of the help text; the tests of the command run its like -->\n```sh\n")
	for line := range strings.Lines(c.Example) {
		page.WriteString(strings.TrimPrefix(line, "  "))
	}
	page.WriteString("\n```\n")
	if c.HasSubCommands() {
		return
	}
	fmt.Fprintf(page, "\nUsage: `%s`\n", c.UseLine())
	rows, shared, left := "", map[string]string{}, []string(nil)
	if c.Flag("max-page") != nil {
		for _, p := range fraiseql.Parameters() {
			shared[p.Name] = p.Usage
			if c.Flag(p.Name) == nil {
				left = append(left, "`--"+p.Name+"`")
			}
		}
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "config" || f.Usage == shared[f.Name] {
			return
		}
		standard := f.DefValue
		if standard == "false" {
			standard = ""
		}
		rows += fmt.Sprintf("| `--%s` | %s | %s | %s |\n", f.Name, f.Value.Type(), standard, cell(f.Usage))
	})
	if rows != "" {
		page.WriteString("\n| flag | value | default | |\n|---|---|---|---|\n" + rows)
	}
	switch {
	case len(left) > 0:
		fmt.Fprintf(page, "\nIt takes the [flags of serve](#flags-of-serve), but not %s.\n", strings.Join(left, ", "))
	case len(shared) > 0:
		page.WriteString("\nIt takes the [flags of serve](#flags-of-serve).\n")
	}
}

// TestHelpBeginsWithAnExample: of each command, and the example names the command.
func TestHelpBeginsWithAnExample(t *testing.T) {
	t.Parallel()
	for _, c := range commands(cli.Root()) {
		if !strings.HasPrefix(c.Example, "  "+c.CommandPath()) && !strings.Contains(c.Example, c.CommandPath()+" ") {
			t.Errorf("%s: the example %q does not show it", c.CommandPath(), c.Example)
		}
		var out strings.Builder
		args := append(strings.Fields(c.CommandPath())[1:], "-h")
		if code := cli.Main(t.Context(), args, nil, &out, &out); code != 0 || !strings.HasPrefix(out.String(), c.Example+"\n\n") || !strings.Contains(out.String(), "\nUsage:\n  "+c.CommandPath()) {
			t.Errorf("%s -h: code %d, %s", c.CommandPath(), code, out.String())
		}
	}
}

// TestWordsAreAccepted: what a shell is told to offer is what the flags take.
func TestWordsAreAccepted(t *testing.T) {
	t.Parallel()
	known := cli.Words()
	for _, p := range fraiseql.Parameters() {
		for _, word := range known[p.Name] {
			o := fraiseql.Options{DatabaseURL: "postgres://localhost/shop"}
			if err := p.Set(&o, word); err != nil {
				t.Errorf("--%s %s: %v", p.Name, word, err)
			}
			if _, err := fraiseql.New(o); err != nil {
				t.Errorf("--%s %s: %v", p.Name, word, err)
			}
		}
	}
}

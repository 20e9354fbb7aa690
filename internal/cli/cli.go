// Package cli is the command fraiseql: one file for each of its commands.
//
// Exit codes: 0 when all went well, 1 when something failed, 2 when the command line, a file of
// options or an environment variable is wrong. A command that judges adds 3 for warnings and 4 for errors.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2

	exitWarnings = 3 // of doctor and check: the worst finding is a warning
	exitErrors   = 4 // the same for an error, and for a breaking change of a schema
)

// exitCode ends a command that has said everything already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError says that the user asked in a wrong way.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// program is what the commands share: the world around the process.
type program struct {
	environ []string
	out     io.Writer // what was asked for
	err     io.Writer // the log, and errors
}

// Main runs the command with the arguments that follow its name, and gives the exit code.
// A command that serves ends in order when ctx ends.
func Main(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	p := &program{environ: environ, out: stdout, err: stderr}
	root := p.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		_, _ = fmt.Fprintln(stderr, "fraiseql: "+line)
	}
	var wrong usageError
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func (p *program) root() *cobra.Command {
	root := family(&cobra.Command{
		Use:   "fraiseql",
		Short: "GraphQL straight from PostgreSQL",
		Long: `FraiseQL serves GraphQL straight from PostgreSQL.

Exit codes: 0 all went well, 1 something failed, 2 the command line, a file of options or an
environment variable is wrong. Commands that judge add 3 for warnings and 4 for errors.`,
		Example: `  fraiseql dev      # try it on an example, or on your own SQL files
  fraiseql serve    # serve your database
  fraiseql doctor   # find what keeps it from being served well`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // completion.go has one with an example
	}, p.init(), p.serve(), p.dev(), p.check(), p.doctor(), p.schema(), p.sql(), p.config(), p.pool(), p.bench(), p.completion(), p.version(), p.help())
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(helpText)
	root.SetUsageFunc(usageText)
	completeFlags(root)
	return root
}

func suggest(names []string, otherwise string) string {
	if len(names) == 0 {
		return otherwise
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// flagError adds the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError{err}
	}
	typed := unknown.GetSpecifiedName()
	// cobra measures distances between names of commands: let it take the flags for such
	flags := &cobra.Command{SuggestionsMinimumDistance: 3}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: "--" + f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return usage("there is no flag --%s: %s", typed, suggest(flags.SuggestionsFor("--"+typed), "see "+cmd.CommandPath()+" -h"))
}

// noArguments refuses what follows a command that takes flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, and %q is one: see %s -h", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// logger writes lines for people, and JSON in production, where programs read the log.
func (p *program) logger(production bool) *slog.Logger {
	if production {
		return slog.New(slog.NewJSONHandler(p.err, nil))
	}
	return slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
			}
			return a
		},
	}))
}

// print writes what was asked for. A reader that has left needs no error.
func (p *program) print(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

// json writes an answer for programs, on one line.
func (p *program) json(answer any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(answer)
}

package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/pool"
)

func (p *program) doctor() *cobra.Command {
	var flags options
	var asJSON, analyze bool
	minRows := 1000
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what keeps a database from being served well",
		Long: `Find what keeps a database from being served well or safely, and say how to mend it:
connections that the server has no room for, row-level security that does not hold, relations,
keys and filters without an index, documents that a view makes each time it is read, objects that
cannot be served, and settings and versions that matter.

It takes the flags, variables and file of serve, and looks at what serve would serve. It only
reads, in one read-only transaction on one connection, and changes nothing.

Exit codes: 0 nothing was found, or notes only; 1 the database could not be asked; 2 the command
line, a file of options or an environment variable is wrong; 3 there is a warning; 4 there is an
error.`,
		Example: `  fraiseql doctor --database-url postgres://app@localhost/shop
  fraiseql doctor --connection-pool-size 30 --replicas-hint 3 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if minRows < 1 {
				return usage("--min-rows: %d is not a number of rows: give 1 or more", minRows)
			}
			o, err := flags.ready(p.environ)
			if err != nil {
				return err
			}
			d := examining(o)
			d.Analyze, d.MinRows = analyze, minRows
			var report *diagnose.Report
			err = connected(cmd.Context(), o, func(one *pool.Pool) (err error) {
				report, err = diagnose.Run(cmd.Context(), one, d)
				return err
			})
			if err != nil {
				return fmt.Errorf("the database cannot be examined: %w", err)
			}
			return p.verdict(report, asJSON)
		},
	}
	flags.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&analyze, "analyze", false, "run the statements that are compared, instead of estimating what they cost")
	f.IntVar(&minRows, "min-rows", minRows, "tables with fewer rows need no index")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// examining is what the options say about an examination.
func examining(o fraiseql.Options) diagnose.Options {
	d := diagnose.Options{
		Pool: pool.Options{
			Size: o.ConnectionPoolSize, MaxOverflow: o.ConnectionPoolMaxOverflow, ReplicasHint: o.ReplicasHint, Production: o.Production,
		},
		Schemas: o.Schemas, Build: building(o),
		MaxPage: o.MaxPage, StatementTimeout: o.StatementTimeout, Limits: limits(o),
	}
	_, d.RoleFromClaims = o.SessionClaims["role"]
	return d
}

// verdict prints a report, and gives the exit code of its worst finding.
func (p *program) verdict(report *diagnose.Report, asJSON bool) error {
	if asJSON {
		if err := p.json(report); err != nil {
			return err
		}
	} else {
		p.diagnosis(report)
	}
	switch report.Worst() {
	case diagnose.Error:
		return exitCode(exitErrors)
	case diagnose.Warning:
		return exitCode(exitWarnings)
	}
	return nil
}

// diagnosis writes a report for people.
func (p *program) diagnosis(r *diagnose.Report) {
	paint := p.painter()
	p.print("PostgreSQL %s, database %s, role %s\n", r.Server.Version, r.Server.Database, r.Server.Role)
	colours := map[diagnose.Severity]string{diagnose.Error: red, diagnose.Warning: yellow, diagnose.Note: blue}
	for _, f := range r.Findings {
		p.print("\n%s %s  [%s]\n", paint(colours[f.Severity], fmt.Sprintf("%-8s", f.Severity)), paint(bold, f.Object), f.Code)
		p.print("  %s\n", indented(f.Message))
		for _, e := range f.Evidence {
			p.print("  - %s\n", indented(e))
		}
		if f.Source != "" {
			p.print("  read from: %s\n", indented(f.Source))
		}
		if f.Cure != "" {
			p.print("  cure: %s\n", indented(f.Cure))
		}
		if len(f.Paste) > 0 {
			p.print("\n%s\n", strings.Join(f.Paste, "\n"))
		}
	}
	things, parts := 0, make([]string, 0, len(r.Checked))
	for _, c := range r.Checked {
		things += c.Things
		parts = append(parts, fmt.Sprintf("%s %d (%s)", c.Check, c.Things, c.What))
	}
	slices.Sort(parts)
	p.print("\nchecked %d things: %s\n", things, strings.Join(parts, ", "))
	if len(r.Findings) == 0 {
		p.print("%s\n", paint(green, "nothing to say: all is well"))
		return
	}
	p.print("found: %s, %s, %s\n", counted(r.Errors, "error"), counted(r.Warnings, "warning"), counted(r.Notes, "note"))
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n    ") }

// The colours of a terminal. Source: ECMA-48, select graphic rendition.
const bold, red, green, yellow, blue = "1", "31", "32", "33", "34"

// painter colours text when a person reads it: on a terminal, unless NO_COLOR says otherwise.
func (p *program) painter() func(colour, text string) string {
	plain := func(_, text string) string { return text }
	file, ok := p.out.(*os.File)
	if !ok {
		return plain
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return plain
	}
	for _, line := range p.environ {
		if name, value, _ := strings.Cut(line, "="); name == "NO_COLOR" && value != "" || line == "TERM=dumb" {
			return plain
		}
	}
	return func(colour, text string) string {
		if colour == "" {
			return text
		}
		return "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
}

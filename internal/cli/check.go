package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go/internal/diagnose"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
)

func (p *program) check() *cobra.Command {
	var flags options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Compare what is declared with the database, for a build",
		Long: `Compare what comments declare with the database, as serve does at its start, and tell everything
that does not fit: the object, why, and how to mend it. Trusted documents that the schema refuses
are told too. It takes the flags, variables and file of serve, and reads the database in one
read-only transaction on one connection. What a program declares in Go is not known to it: there,
App.Start tells what does not fit.

With --json the answer is that of doctor: {server, checked, findings, errors, warnings, notes}.

Exit codes: 0 all that is declared is served; 1 the database could not be asked; 2 the command
line, a file of options or an environment variable is wrong; 3 something is left out; 4 nothing
can be served.`,
		Example: `  fraiseql check --database-url postgres://localhost/shop
  fraiseql check --trusted-documents persisted.json --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := flags.ready(p.environ)
			if err != nil {
				return err
			}
			d := examining(o)
			if o.TrustedDocuments != "" {
				text, err := os.ReadFile(o.TrustedDocuments)
				if err != nil {
					return usage("TrustedDocuments: %w", err)
				}
				if d.Documents, err = gqlop.ReadManifest(text); err != nil {
					return usage("TrustedDocuments: %s: %w", o.TrustedDocuments, err)
				}
			}
			var report *diagnose.Report
			err = connected(cmd.Context(), o, func(one *pool.Pool) (err error) {
				report, err = diagnose.Check(cmd.Context(), one, d)
				return err
			})
			if err != nil {
				return fmt.Errorf("the database cannot be asked: %w", err)
			}
			return p.verdict(report, asJSON)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

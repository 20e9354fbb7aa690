package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
)

func (p *program) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  fraiseql version
  fraiseql version --json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			system := runtime.GOOS + "/" + runtime.GOARCH
			if !asJSON {
				p.print("fraiseql %s %s %s\n", fraiseql.Version(), runtime.Version(), system)
				return nil
			}
			return p.json(struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				System  string `json:"system"`
			}{fraiseql.Version(), runtime.Version(), system})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

package cli

import (
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fraiseql/fraiseql-go/examples"
)

func (p *program) completion() *cobra.Command {
	const known = "bash, zsh, fish or powershell"
	write := func(root *cobra.Command, shell string, out io.Writer) error {
		switch shell {
		case "bash":
			return root.GenBashCompletionV2(out, true)
		case "zsh":
			return root.GenZshCompletion(out)
		case "fish":
			return root.GenFishCompletion(out, true)
		}
		return root.GenPowerShellCompletionWithDesc(out)
	}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the script by which a shell completes commands and flags",
		Long: `Write the script by which a shell completes commands, flags and the words that flags take:
for ` + known + `. The one for bash needs the package bash-completion.`,
		Example: `  eval "$(fraiseql completion bash)"
  fraiseql completion bash >~/.local/share/bash-completion/completions/fraiseql
  fraiseql completion zsh >~/.zsh/completions/_fraiseql
  fraiseql completion fish >~/.config/fish/completions/fraiseql.fish
  fraiseql completion powershell >fraiseql.ps1`,
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish", "powershell"},
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage("%s takes the name of a shell: %s", cmd.CommandPath(), known)
			case !slices.Contains(cmd.ValidArgs, args[0]):
				return usage("nothing is known about the shell %q: choose %s", args[0], known)
			case len(args) > 1:
				return usage("%s takes one shell, and %q is a second one", cmd.CommandPath(), args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return write(cmd.Root(), args[0], p.out) },
	}
}

// words are what a flag takes, where that is one of a few.
func words() map[string][]string {
	return map[string][]string{
		"connection-pool-prepared-statements": {"auto", "force", "off"},
		"http-profile":                        {"compat-2025", "draft-2026"},
		"mutation-isolation":                  {"read committed", "repeatable read", "serializable"},
		"example":                             examples.Names(),
		"template":                            templates(),
	}
}

// filed tells whether a flag takes the name of a file or folder.
func filed(name string) bool {
	switch name {
	case "config", "jwt-public-key-file", "jwt-secret-file", "api-keys-file", "trusted-documents", "schema", "seed", "data", "output", "diff", "html", "module-path":
		return true
	}
	return false
}

// completeFlags has a shell offer words and files to the flags of a command, and of those below it, that take such.
func completeFlags(cmd *cobra.Command) {
	offer := func(flag string, all []string, directive cobra.ShellCompDirective) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(all, directive)) // fails for a flag that is not there
	}
	known := words()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case known[f.Name] != nil:
			offer(f.Name, known[f.Name], cobra.ShellCompDirectiveNoFileComp)
		case filed(f.Name):
			offer(f.Name, nil, cobra.ShellCompDirectiveDefault)
		}
	})
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}

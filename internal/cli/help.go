package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// helpText begins with an example, for that is what most who ask are looking for.
func helpText(cmd *cobra.Command, _ []string) {
	text := cmd.Short
	if cmd.Long != "" {
		text = cmd.Long
	}
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s\n\n%s", strings.TrimRight(cmd.Example, "\n"), text, cmd.UsageString())
}

// usageText is the rest of a command's help: what may follow its name.
func usageText(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n\nCommands:\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	} else {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if flags := strings.TrimRight(cmd.LocalFlags().FlagUsages(), "\n"); flags != "" {
		fmt.Fprintf(&b, "\nFlags:\n%s\n", flags)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND -h tells more about a command.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

// help is "fraiseql help doctor", which is "fraiseql doctor -h".
func (p *program) help() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show the help of a command",
		Example: "  fraiseql help serve\n  fraiseql help pool advise",
		Args: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = noCommand(of, rest[0])
			}
			return err
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			of, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var found []cobra.Completion
			for _, sub := range of.Commands() {
				if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), begun) {
					found = append(found, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return found, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, _, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// family is a command that only has commands below it.
func family(cmd *cobra.Command, members ...*cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.AddCommand(members...)
	return cmd
}

// noCommand tells that a word names no command of a family, and which one is near.
func noCommand(of *cobra.Command, word string) error {
	words, hint := []string{word}, "see fraiseql help"
	if of.HasParent() {
		words, hint = append(strings.Fields(of.CommandPath())[1:], word), "see "+of.CommandPath()+" -h"
	}
	of.SuggestionsMinimumDistance = 2
	return usage("there is no command %q: %s", strings.Join(words, " "), suggest(of.SuggestionsFor(word), hint))
}

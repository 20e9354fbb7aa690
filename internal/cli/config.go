package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/pool"
)

func (p *program) config() *cobra.Command {
	return family(&cobra.Command{
		Use:   "config",
		Short: "Show and check the options that serve would have",
		Example: `  fraiseql config print   # each option, its value, and where that comes from
  fraiseql config check   # what is wrong with them, before a deploy`,
	}, p.configPrint(), p.configCheck())
}

// setting is an option with its value, and where that comes from.
type setting struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`  // text, number, boolean, list or object
	Source string `json:"source"` // default, file, environment or flag
	Where  string `json:"where"`  // path of the file, name of the variable or the flag; empty: the default
	text   string
}

func (p *program) configPrint() *cobra.Command {
	var flags options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "print",
		Short: "Show each option, its value, and where that comes from",
		Long: `Show each option that serve would have with the flags, variables and file given, its value, and
where that comes from: a flag goes before the environment, the environment before the file, and
the file before the default. Passwords, and what may hold one, are written as xxxxx; files
with secrets and keys are named, and not read. Whether the values fit, config check tells.

With --json the answer is a list of {name, value, source, where}; source is default, file,
environment or flag.`,
		Example: `  fraiseql config print
  fraiseql config print --production --json`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, all, err := flags.settings(p.environ)
			if err != nil {
				return err
			}
			if asJSON {
				return p.json(all)
			}
			w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			for _, s := range all {
				from := s.Where
				if from == "" {
					from = s.Source
				}
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, s.text, from)
			}
			return w.Flush()
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// settings loads the options, and gives all of them with their defaults in the order of help texts.
func (o *options) settings(environ []string) (loaded fraiseql.Options, all []setting, err error) {
	if loaded, err = o.load(environ); err != nil {
		return loaded, nil, err
	}
	resolved, _ := loaded.Resolve() // what is wrong with them is for config check
	origins, err := fraiseql.Origins(o.path(environ), environ)
	if err != nil {
		return loaded, nil, usageError{err}
	}
	for _, v := range o.values {
		values := v.Values(resolved)
		for i := range values {
			values[i] = withoutSecret(v.Name, values[i])
		}
		s := setting{Name: v.Name, Source: "default", Value: typedValue(v.Kind, values), text: plainValue(values)}
		origin, found := origins[v.Name]
		switch {
		case len(v.texts) > 0:
			s.Source, s.Where = "flag", "--"+v.Name
		case found && origin.Variable != "":
			s.Source, s.Where = "environment", origin.Variable
		case found:
			s.Source, s.Where = "file", origin.File
		}
		all = append(all, s)
	}
	return loaded, all, nil
}

// typedValue is a value as JSON writes it.
func typedValue(kind string, values []string) any {
	switch kind {
	case "list":
		return append([]string{}, values...) // never null
	case "table":
		object := map[string]string{}
		for _, pair := range values {
			name, value, _ := strings.Cut(pair, "=")
			object[name] = value
		}
		return object
	case "number":
		return json.Number(values[0])
	case "switch":
		return values[0] == "true"
	}
	return values[0]
}

// plainValue is a value for people, on one line.
func plainValue(values []string) string {
	text := strings.Join(values, ",")
	switch quoted := strconv.Quote(text); {
	case text == "":
		return "none"
	case strings.ContainsAny(text, " ") || quoted != `"`+text+`"`:
		return quoted
	}
	return text
}

// checks is what config check tells.
type checks struct {
	OK      bool           `json:"ok"`
	Sources map[string]int `json:"sources"` // how many options come from where
	Files   []string       `json:"files"`   // that were read
	Faults  []string       `json:"faults"`
}

func (p *program) configCheck() *cobra.Command {
	var flags options
	var asJSON, database bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell what is wrong with the options, before a deploy",
		Long: `Load all that serve would load before it asks the database, and tell every fault: the file of
options, the variables and the flags, values that are out of their limits or do not go together,
and the files that they name, with secrets, keys and trusted documents. Nothing is asked for over
the network but with --database, which connects and reads what is served as serve would.

With --json the answer is {ok, sources, files, faults}.

Exit codes: 0 all is well, 1 the database cannot be served, 2 an option is wrong.`,
		Example: `  fraiseql config check
  fraiseql config check --production --config deploy/fraiseql.toml --database`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := checks{Sources: map[string]int{}, Files: []string{}, Faults: []string{}}
			o, err := flags.checked(p.environ, &c)
			if err == nil && database {
				err = connected(cmd.Context(), o, func(one *pool.Pool) error {
					_, err := p.read(cmd.Context(), one, o)
					return err
				})
				if err != nil {
					err = fmt.Errorf("the database cannot be served: %w", err)
				}
			}
			c.OK = err == nil
			if asJSON {
				if err != nil {
					c.Faults = strings.Split(strings.TrimSpace(err.Error()), "\n")
				}
				if err := p.json(c); err != nil {
					return err
				}
				var wrong usageError
				switch {
				case errors.As(err, &wrong):
					return exitCode(exitUsage)
				case err != nil:
					return exitCode(exitFailed)
				}
				return nil
			}
			if err != nil {
				return err
			}
			p.wellChecked(c, database)
			return nil
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&database, "database", false, "connect to the database too, and read what is served")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// checked loads the options and the files that they name.
func (o *options) checked(environ []string, c *checks) (fraiseql.Options, error) {
	loaded, all, err := o.settings(environ)
	if err != nil {
		return loaded, err
	}
	for _, s := range all {
		c.Sources[s.Source]++
	}
	if path := o.path(environ); path != "" {
		c.Files = append(c.Files, path)
	}
	for _, v := range o.values {
		if filed(v.Name) {
			for _, path := range v.Values(loaded) {
				if path != "" {
					c.Files = append(c.Files, path)
				}
			}
		}
	}
	resolved, err := accepted(loaded)
	if err = errors.Join(err, resolved.CheckFiles()); err != nil {
		return resolved, usageError{err}
	}
	return resolved, nil
}

// wellChecked tells that there is no fault, and of what.
func (p *program) wellChecked(c checks, database bool) {
	var sources []string
	for _, from := range [...]string{"flag", "environment", "file", "default"} {
		sources = append(sources, fmt.Sprintf("%s %d", from, c.Sources[from]))
	}
	p.print("options   %s\n", strings.Join(sources, ", "))
	for _, path := range c.Files {
		p.print("file      %s\n", path)
	}
	if database {
		p.print("database  can be served\n")
	} else {
		p.print("database  not asked (--database does)\n")
	}
	p.print("all is well\n")
}

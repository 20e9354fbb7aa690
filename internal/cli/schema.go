package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

// schemaFlags are those of schema beside serve's.
type schemaFlags struct {
	options
	out, diff string
	asJSON    bool
}

func (p *program) schema() *cobra.Command {
	f := &schemaFlags{}
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the schema, or what has changed in it",
		Long: `Print the schema that serve would serve, in GraphQL's schema definition language; what is
annotated and cannot be served is told on standard error. It takes the flags, variables and file
of serve, and reads the database in one read-only transaction on one connection. What a program
declares in Go is not known to it: there, App.Schema gives the schema.

With --diff the schema is compared with an older one in a file, and each change is told with its
name, its path and what it means to clients: breaking, dangerous or safe. Names and criticalities
are those of GraphQL Inspector. With --json the answer is {breaking, dangerous, safe, changes: [{type,
criticality, path, message}]}.

Exit codes: 0 no change is breaking, 1 the database cannot be read or the file not be written, 2 a
flag, an option or the older schema is wrong, 4 a change is breaking.`,
		Example: `  fraiseql schema >schema.graphql
  fraiseql schema --diff schema.graphql`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runSchema(cmd.Context(), f) },
	}
	cmd.Flags().StringVarP(&f.out, "output", "o", "", "file to write the schema to, instead of standard output")
	cmd.Flags().StringVar(&f.diff, "diff", "", "file with an older schema to compare with")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "changes as JSON")
	f.add(cmd)
	cmd.AddCommand(p.schemaHistory())
	return cmd
}

func (p *program) runSchema(ctx context.Context, f *schemaFlags) error {
	switch {
	case f.diff == "" && f.asJSON:
		return usage("--json is for --diff: a schema is printed in the schema definition language")
	case f.diff != "" && f.out != "":
		return usage("--output and --diff are both given: choose one")
	}
	o, err := f.ready(p.environ)
	if err != nil {
		return err
	}
	var before *sdldiff.Schema
	if f.diff != "" {
		text, err := os.ReadFile(f.diff)
		if err != nil {
			return usage("--diff: %w: name a file with an older schema, as fraiseql schema prints it", err)
		}
		if before, err = sdldiff.Read(f.diff, string(text)); err != nil {
			return usage("--diff: %w", err)
		}
	}
	var built *schema.Schema
	err = connected(ctx, o, func(one *pool.Pool) (err error) {
		built, err = p.read(ctx, one, o)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("the schema cannot be read: %w", err)
	case before != nil:
		after, err := sdldiff.Read("the schema now", built.SDL())
		if err != nil {
			return err
		}
		return p.changes(sdldiff.Compare(before, after), f.asJSON)
	case f.out != "":
		if err := replaceFile(f.out, built.SDL()); err != nil {
			return fmt.Errorf("writing the schema: %w", err)
		}
		return nil
	}
	p.print("%s", built.SDL())
	return nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path, text string) error {
	made, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(made.Name()) }() // it is not there any more when all went well
	if _, err = made.WriteString(text); err == nil {
		err = made.Chmod(0o644)
	}
	if end := made.Close(); err == nil {
		err = end
	}
	if err != nil {
		return err
	}
	return os.Rename(made.Name(), path)
}

// differences is what schema --diff tells.
type differences struct {
	Breaking  int              `json:"breaking"`
	Dangerous int              `json:"dangerous"`
	Safe      int              `json:"safe"`
	Changes   []sdldiff.Change `json:"changes"`
}

// changes tells what has changed, the worst first.
func (p *program) changes(found []sdldiff.Change, asJSON bool) error {
	d := differences{Changes: found}
	paint := p.painter()
	for _, c := range found {
		word, colour, count := "safe", green, &d.Safe
		switch c.Criticality {
		case sdldiff.Breaking:
			word, colour, count = "breaking", red, &d.Breaking
		case sdldiff.Dangerous:
			word, colour, count = "dangerous", yellow, &d.Dangerous
		}
		*count++
		if !asJSON {
			p.print("%s %s  [%s]\n", paint(colour, fmt.Sprintf("%-9s", word)), c.Message, c.Type)
		}
	}
	if asJSON {
		if err := p.json(d); err != nil {
			return err
		}
	} else if len(found) == 0 {
		p.print("no change\n")
	} else {
		p.print("found: %d breaking, %d dangerous, %d safe\n", d.Breaking, d.Dangerous, d.Safe)
	}
	if d.Breaking > 0 {
		return exitCode(exitErrors)
	}
	return nil
}

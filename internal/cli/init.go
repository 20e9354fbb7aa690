package cli

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
)

// projects are the files that init writes: those of common, and those of a template.
//
//go:embed templates
var projects embed.FS

const modulePath = "github.com/fraiseql/fraiseql-go"

// initFlags say which project is written.
type initFlags struct{ template, modulePath string }

func templates() []string { return []string{"blog", "minimal"} }

func (p *program) init() *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Write a project that builds, runs and tests",
		Long: `Write a project of your own into a new folder: the SQL of a schema, a program that serves it,
a test of it over HTTP, and the options of the server. Nothing that is there is written over. Then
go mod tidy fetches what the project needs.

The template blog has relations, a mutation and a query that Go answers; minimal has one table.

With --module-path the project has the modules of that checkout, and builds also where go mod tidy
finds no network.

Exit codes: 0 the project is written, 1 it could not be, or go mod tidy failed in it, 2 the command
line is wrong.`,
		Example: `  fraiseql init shop
  fraiseql init shop --template minimal --module-path ../fraiseql-go`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usage("%s takes the name of the project, which is that of its new folder: %s shop", cmd.CommandPath(), cmd.CommandPath())
			case 1:
				return nil
			}
			return usage("%s takes one name, and %q is a second one", cmd.CommandPath(), args[1])
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.runInit(cmd.Context(), args[0], f) },
	}
	cmd.Flags().StringVar(&f.template, "template", "blog", "what to begin with: "+strings.Join(templates(), " or "))
	cmd.Flags().StringVar(&f.modulePath, "module-path", "", "a checkout of FraiseQL to build against, instead of the release of this command")
	return cmd
}

var projectName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func (p *program) runInit(ctx context.Context, dir string, f *initFlags) error {
	project := struct{ Name, Version string }{filepath.Base(dir), fraiseql.Version()}
	if !projectName.MatchString(project.Name) {
		return usage("%q is no name for a project: write letters, digits, - and _, and a letter first, such as shop", project.Name)
	}
	if !slices.Contains(templates(), f.template) {
		return usage("there is no template %q: choose %s", f.template, strings.Join(templates(), " or "))
	}
	var needs map[string][]byte
	if f.modulePath != "" {
		var err error
		if needs, err = checkout(f.modulePath, project.Name); err != nil {
			return err
		}
	} else if project.Version == "devel" {
		return usage("this command was built from its own sources, so there is no release of it to build against: name a checkout by --module-path")
	}
	files, err := projectFiles(f.template, project)
	if err != nil {
		return err
	}
	maps.Copy(files, needs)
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return usage("%s is there already, and nothing is written over: choose another name", dir)
	} else if err != nil {
		return fmt.Errorf("making the project's folder: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("writing the project: %w", err)
		}
		p.print("%s\n", filepath.Join(dir, name))
	}
	p.print("go mod tidy …\n")
	tidy := exec.CommandContext(ctx, "go", "mod", "tidy")
	tidy.Dir, tidy.Env = dir, p.environ
	if out, err := tidy.CombinedOutput(); err != nil && needs != nil {
		p.print("it failed, and the project builds all the same; run it again when this is mended:\n%s\n", bytes.TrimSpace(out))
	} else if err != nil {
		return fmt.Errorf("the project is written, and go mod tidy failed in it: %w: run it again when this is mended\n%s", err, bytes.TrimSpace(out))
	}
	p.print("\ncd %s\ngo test ./...                                  # it starts a PostgreSQL of its own\nfraiseql dev --schema .                        # a database, the API, and a page to ask it\nDATABASE_URL=postgres://localhost/%s go run .\n", dir, project.Name)
	return nil
}

// checkout gives the go.mod and go.sum of a project that is built against a checkout of this one, with what that was tested
// with: nobody need be asked for it.
func checkout(dir, project string) (map[string][]byte, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, usage("--module-path: %w", err)
	}
	mod, err := os.ReadFile(filepath.Join(path, "go.mod"))
	if err != nil {
		return nil, usage("--module-path: %w: name the folder of a checkout of %s", err, modulePath)
	}
	rest, ok := bytes.CutPrefix(mod, []byte("module "+modulePath+"\n"))
	if !ok {
		return nil, usage("--module-path %s: its go.mod is of another module: name the folder of a checkout of %s", dir, modulePath)
	}
	sums, err := os.ReadFile(filepath.Join(path, "go.sum"))
	if err != nil {
		return nil, usage("--module-path: %w: name the folder of a checkout of %s", err, modulePath)
	}
	made := fmt.Appendf(nil, "module example.com/%s\n%s\nrequire %s v0.0.0\n\nreplace %s => %s\n", project, rest, modulePath, modulePath, path)
	return map[string][]byte{"go.mod": made, "go.sum": sums}, nil
}

// projectFiles makes the files of a project by their names.
func projectFiles(of string, project any) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, folder := range []string{"common", of} {
		all, err := template.ParseFS(projects, "templates/"+folder+"/*.tmpl")
		if err != nil {
			return nil, err
		}
		for _, t := range all.Templates() {
			name := strings.TrimSuffix(t.Name(), ".tmpl")
			if name == "gitignore" {
				name = ".gitignore"
			}
			var b bytes.Buffer
			if err := t.Execute(&b, project); err != nil {
				return nil, err
			}
			files[name] = b.Bytes()
		}
	}
	return files, nil
}

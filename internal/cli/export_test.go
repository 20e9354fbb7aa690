package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// Root is the command with all that are below it.
func Root() *cobra.Command { return (&program{}).root() }

// ProjectFiles are the files of a project that is built against a release.
func ProjectFiles(template, name, version string) (map[string][]byte, error) {
	return projectFiles(template, struct{ Name, Version string }{name, version})
}

// WithoutSecret hides what is secret in an option's value.
var WithoutSecret = withoutSecret

// Words are what the flags take that take one of a few words.
var Words = words

// Made makes dev's database from a text of SQL, and ends its server.
func Made(ctx context.Context, o devpg.Options, sql string) error {
	d := &database{options: o, print: func(string, ...any) {}}
	if err := d.open(ctx, []file{{"one.sql", sql}}); err != nil {
		return err
	}
	return errors.Join(ctx.Err(), d.server.Stop(context.WithoutCancel(ctx)))
}

// Coloured tells whether text that is written to a file gets colours.
func Coloured(path string, environ []string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	p := &program{environ: environ, out: f}
	return strings.HasPrefix(p.painter()(red, "x"), "\x1b")
}

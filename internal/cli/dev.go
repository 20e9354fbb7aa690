package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// devFlags say which database dev makes.
type devFlags struct {
	options

	schema, seed, example, data, addr string
	fresh                             bool
}

const stopGrace = 30 * time.Second // for the database server to write its data

func (p *program) dev() *cobra.Command {
	f := &devFlags{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Try it: a database of its own, with an example or your SQL files",
		Long: `Start a PostgreSQL server on a free port of this machine, make a database from an example or
from your own SQL files, and serve it with the explorer. PostgreSQL's programs are looked for on
this machine, and downloaded when there are none.

While it runs, dev looks at the SQL files and at the database. A changed file is run, a change of
the database's tables, views and functions is served, both within a second, and no request
fails for it; what cannot be run or served is told, and all stays as it was.

The data is kept between runs. As long as it is just what the SQL files have put into it, a change
of the files makes the database anew from all of them. When there is more in it, only the changed
files are run, in one transaction; --fresh makes it anew all the same, and what was in it is lost.`,
		Example: `  fraiseql dev
  fraiseql dev --example world
  fraiseql dev --schema ./sql --seed ./seed.sql`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runDev(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.schema, "schema", "", "folder of your SQL files (*.sql), run in the order of their names")
	cmd.Flags().StringVar(&f.seed, "seed", "", "SQL file with rows, run after the others")
	cmd.Flags().StringVar(&f.example, "example", "", "example to load: "+strings.Join(examples.Names(), ", ")+" (default "+defaultExample+")")
	cmd.Flags().BoolVar(&f.fresh, "fresh", false, "make the database anew; what was in it is lost")
	cmd.Flags().StringVar(&f.data, "data", "", "folder for the server's data (default: one for each example and schema, in your cache folder)")
	cmd.Flags().StringVar(&f.addr, "addr", "", "where to listen (default "+devAddr+", or the next free port)")
	f.add(cmd, "addr", "database-url", "production", "fail-fast")
	return cmd
}

const (
	defaultExample = "blog"
	devAddr        = "127.0.0.1:8000"
	devPorts       = 20 // how many ports from 8000 on are tried
)

func (p *program) runDev(ctx context.Context, f *devFlags) (err error) {
	if f.schema != "" && f.example != "" {
		return usage("--schema and --example are both given: choose one")
	}
	o, err := f.load(p.environ)
	if err != nil {
		return err
	}
	if o.Production {
		return usage("production is set, and dev is for development: use fraiseql serve")
	}
	sql, err := f.files()
	if err != nil {
		return err
	}
	log := p.logger(false)
	o.Logger, o.FailFast = log, true
	o.Addr = cmp.Or(f.addr, o.Addr)
	o.DatabaseURL = "postgres:///" + databaseName // until there is one
	if _, err := fraiseql.New(o); err != nil {    // before a server is started for nothing
		return usageError{err}
	}
	programs, err := devpg.FindOrFetch(ctx, p.environ, devpg.FetchOptions{Logger: log})
	var variable *devpg.VariableError
	if errors.As(err, &variable) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	dir := f.data
	if dir == "" {
		if dir, err = devpg.DefaultDir(f.name()); err != nil {
			return err
		}
	} else if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	base := &database{options: devpg.Options{Programs: programs, Dir: dir, Fresh: f.fresh, Logger: log}, print: p.print}
	if err := base.open(ctx, sql); errors.Is(err, devpg.ErrInUse) {
		return fmt.Errorf("%w with --data", err)
	} else if err != nil {
		return err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		err = errors.Join(err, base.server.Stop(grace))
	}()
	o.DatabaseURL = base.server.URL(databaseName)
	if f.schema == "" {
		o.ExplorerExamples = offered(cmp.Or(f.example, defaultExample))
	}
	return p.serveDev(ctx, f, o, base, sql)
}

// serveDev serves until ctx ends, or the database's server does.
func (p *program) serveDev(ctx context.Context, f *devFlags, o fraiseql.Options, base *database, sql []file) error {
	flush, err := p.telemetry(ctx, &o)
	if err != nil {
		return err
	}
	defer flush()
	app, err := fraiseql.New(o)
	if err != nil {
		return usageError{err}
	}
	l, err := listen(ctx, o.Addr, p.print)
	if err != nil {
		return err
	}
	err = until(ctx, base.server.Done(), func(ctx context.Context) error {
		waiting, stop := context.WithCancel(ctx)
		told := make(chan struct{})
		go func() {
			defer close(told)
			p.welcome(waiting, f, app, baseURL(l.Addr()), base)
		}()
		watched := make(chan error, 1)
		go func() { watched <- p.watchDev(waiting, f, app, base, sql) }()
		err := app.Serve(ctx, l)
		stop()
		<-told
		return errors.Join(err, <-watched)
	})
	if err == nil && ctx.Err() == nil {
		return fmt.Errorf("the PostgreSQL server has ended: its log is %s", base.server.LogFile())
	}
	return err
}

// watchDev keeps the app up to date as soon as it serves.
func (p *program) watchDev(ctx context.Context, f *devFlags, app *fraiseql.App, base *database, sql []file) error {
	if !ready(ctx, app) {
		return nil
	}
	w := &watcher{files: f.files, base: base, app: app, print: p.print, applied: sql}
	if err := w.watch(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("looking for changes of the database: %w", err)
	}
	return nil
}

// listen takes the address asked for, or the first free port from 8000 on.
func listen(ctx context.Context, addr string, say func(string, ...any)) (net.Listener, error) {
	if addr != "" {
		return fraiseql.Listen(ctx, addr)
	}
	host, _, err := net.SplitHostPort(devAddr)
	if err != nil {
		return nil, err
	}
	var first error
	for port := 8000; port < 8000+devPorts; port++ {
		l, err := fraiseql.Listen(ctx, fmt.Sprintf("%s:%d", host, port))
		if err == nil {
			if first != nil {
				say("port 8000 is in use: serving on port %d instead\n", port)
			}
			return l, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// name tells the databases of different examples and folders apart.
func (f *devFlags) name() string {
	if f.schema == "" {
		return "example-" + cmp.Or(f.example, defaultExample)
	}
	path, err := filepath.Abs(f.schema)
	if err != nil {
		path = f.schema
	}
	sum := sha256.Sum256([]byte(path))
	return "schema-" + hex.EncodeToString(sum[:6])
}

// file is a file of SQL.
type file struct{ name, sql string }

// files reads all SQL before anything is started.
func (f *devFlags) files() ([]file, error) {
	var all []file
	if f.schema == "" {
		example, err := examples.SQL(cmp.Or(f.example, defaultExample))
		if err != nil {
			return nil, usageError{err}
		}
		for _, e := range example {
			all = append(all, file{cmp.Or(f.example, defaultExample) + "/" + e.Name, e.SQL})
		}
	} else {
		if info, err := os.Stat(f.schema); err != nil {
			return nil, usage("--schema: %w: name the folder of your *.sql files", err)
		} else if !info.IsDir() {
			return nil, usage("--schema %s: this is no folder: name the folder of your *.sql files", f.schema)
		}
		names, err := filepath.Glob(filepath.Join(escapeGlob(f.schema), "*.sql")) // sorted
		if err != nil {
			return nil, usage("--schema %s: %w", f.schema, err)
		}
		if len(names) == 0 {
			return nil, usage("--schema %s: there are no *.sql files in this folder", f.schema)
		}
		for _, name := range names {
			if all, err = readSQL(all, name); err != nil {
				return nil, usage("--schema: %w", err)
			}
		}
	}
	if f.seed != "" {
		var err error
		if all, err = readSQL(all, f.seed); err != nil {
			return nil, usage("--seed: %w", err)
		}
	}
	return all, nil
}

func readSQL(all []file, name string) ([]file, error) {
	text, err := os.ReadFile(name)
	// Editors put a byte order mark before UTF-8 text, which PostgreSQL does not take: psql drops it, too.
	return append(all, file{name, strings.TrimPrefix(string(text), "\ufeff")}), err
}

// escapeGlob lets a folder's name stand for itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go/internal/registry"
	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
	"github.com/fraiseql/fraiseql-go/pool"
)

// historyFlags are those of schema history beside serve's.
type historyFlags struct {
	options
	limit  int
	asJSON bool
}

func (p *program) schemaHistory() *cobra.Command {
	f := &historyFlags{}
	cmd := &cobra.Command{
		Use:   "history [HASH]",
		Short: "Show which schemas were served, and what changed between them",
		Long: `Show the schemas that servers with --schema-registry have served from the database, the newest
first: since when, its hash, the versions of the API and of FraiseQL, and how many changes it
brought, those that broke something beside. With a hash, or its first letters, the schema itself is
printed, to compare with or to bring back. APIs that share a database are told apart by --title.

With --json the answer is a list of {api, hash, version, fraiseql, servedAt, changes, breaking}; the
first schema of all has no changes.

Exit codes: 0 there is a history, 1 the database cannot be read, or nothing is kept in it, 2 a flag or
an option is wrong, or no schema has the hash.`,
		Example: `  fraiseql schema history
  fraiseql schema history 3f2a >schema.graphql`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.runHistory(cmd.Context(), f, strings.Join(args, ""))
		},
	}
	cmd.Flags().IntVar(&f.limit, "limit", 20, "how many at most; 0: all")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "as JSON")
	f.add(cmd)
	return cmd
}

// served is one line of the history.
type served struct {
	registry.Entry
	Changes  int `json:"changes"`
	Breaking int `json:"breaking"`
}

func (p *program) runHistory(ctx context.Context, f *historyFlags, hash string) error {
	if f.limit < 0 {
		return usage("--limit is %d: give 1 or more, or 0 for all", f.limit)
	}
	o, err := f.ready(p.environ)
	if err != nil {
		return err
	}
	limit := f.limit
	if limit > 0 {
		limit++ // the last one is compared with the one before
	}
	if hash != "" {
		limit = 0
	}
	var all []registry.Entry
	err = connected(ctx, o, func(one *pool.Pool) error {
		return one.With(ctx, func(ctx context.Context, c pool.Conn) (err error) {
			all, err = registry.History(ctx, c, o.Title, limit)
			return err
		})
	})
	switch {
	case err != nil:
		return fmt.Errorf("the history cannot be read: %w", registry.Explain(err))
	case len(all) == 0:
		return fmt.Errorf("the database keeps no schema of %q: serve it with --schema-registry, and name it by --title as the server does", o.Title)
	case hash != "":
		return p.printServed(all, hash)
	}
	shown, err := compared(all)
	if err != nil {
		return err
	}
	if f.limit > 0 && len(shown) > f.limit {
		shown = shown[:f.limit]
	}
	if f.asJSON {
		return p.json(shown)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, s := range shown {
		what := fmt.Sprintf("%d changes, %d breaking", s.Changes, s.Breaking)
		if s.Changes == 0 {
			what = "the first"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\tFraiseQL %s\t%s\n", s.Served.UTC().Format(time.RFC3339), s.Hash[:12], s.Version, s.FraiseQL, what)
	}
	return w.Flush()
}

// compared counts what each schema has changed in the one before it; all are the newest first.
func compared(all []registry.Entry) ([]served, error) {
	shown := make([]served, len(all))
	var after *sdldiff.Schema // of the entry before, which is newer
	for i, e := range all {
		now, err := sdldiff.Read("the schema "+e.Hash[:12], e.SDL)
		if err != nil {
			return nil, err
		}
		shown[i].Entry = e
		if after != nil {
			for _, c := range sdldiff.Compare(now, after) {
				shown[i-1].Changes++
				if c.Criticality == sdldiff.Breaking {
					shown[i-1].Breaking++
				}
			}
		}
		after = now
	}
	return shown, nil
}

// printServed prints the schema whose hash begins so.
func (p *program) printServed(all []registry.Entry, hash string) error {
	var found *registry.Entry
	for i, e := range all {
		switch {
		case !strings.HasPrefix(e.Hash, hash):
		case found != nil && found.Hash != e.Hash:
			return usageError{errors.New("several schemas have a hash that begins with " + hash + ": give more of it")}
		default:
			found = &all[i]
		}
	}
	if found == nil {
		return usage("no schema has a hash that begins with %s: fraiseql schema history --limit 0 lists all", hash)
	}
	p.print("%s", found.SDL)
	return nil
}

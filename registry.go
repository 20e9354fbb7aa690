package fraiseql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/registry"
	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
)

// validateRegistry refuses a rule that nobody could check.
func (o Options) validateRegistry(fault func(string, ...any)) {
	if o.RefuseBreakingChanges && !o.SchemaRegistry {
		fault("RefuseBreakingChanges is set without SchemaRegistry, which knows what was served before: set that too, or leave it out")
	}
}

// serveBy lets requests reach what was read, once it is in the registry.
func (a *App) serveBy(ctx context.Context, s *serving) error {
	if err := a.register(ctx, s.schema.SDL()); err != nil {
		return err
	}
	a.serving.Store(s)
	return nil
}

// errBreaking says that the registry's last schema does not allow this one.
var errBreaking = errors.New("the schema breaks what clients were promised")

// register enters a schema into the registry and tells what has changed since the last one. A registry that cannot be kept is
// no reason not to serve, unless breaking changes are to be refused, which then nobody can find.
func (a *App) register(ctx context.Context, sdl string) error {
	if !a.o.SchemaRegistry {
		return nil
	}
	now := registry.Entry{API: a.o.Title, Hash: registry.Hash(sdl), SDL: sdl, Version: a.o.Version, FraiseQL: Version()}
	var before *registry.Entry
	err := a.pool.Load().Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) (err error) {
		if err = registry.Open(ctx, tx); err != nil {
			return err
		}
		if before, err = registry.Last(ctx, tx, a.o.Title); err != nil {
			return err
		}
		if before != nil && before.Hash == now.Hash {
			return nil
		}
		if before != nil && a.o.RefuseBreakingChanges {
			if err := unbroken(*before, sdl); err != nil {
				return err
			}
		}
		return registry.Add(ctx, tx, now)
	})
	switch {
	case errors.Is(err, errBreaking):
		return err
	case err != nil && a.o.RefuseBreakingChanges:
		return fmt.Errorf("RefuseBreakingChanges: the registry of schemas cannot be kept: %w", registry.Explain(err))
	case err != nil:
		a.o.Logger.Warn("the registry of schemas cannot be kept: serving without it", "error", registry.Explain(err))
	case before == nil:
		a.o.Logger.Info("the first schema is in the registry", "hash", now.Hash)
	case before.Hash != now.Hash && a.serving.Load() == nil: // else Reload tells it
		a.tellChanges("the schema has changed since it was served last", before.SDL, sdl)
	}
	return nil
}

// mostNamedChanges bounds a refusal's text.
const mostNamedChanges = 5

// unbroken gives an error that names the breaking changes since a schema, if there are any.
func unbroken(before registry.Entry, sdl string) error {
	changes, err := compare(before.SDL, sdl)
	if err != nil {
		return err
	}
	var named []string
	breaking := 0
	for _, c := range changes {
		if c.Criticality != sdldiff.Breaking {
			continue
		}
		if breaking++; breaking <= mostNamedChanges {
			named = append(named, fmt.Sprintf("%s (%s)", c.Message, c.Type))
		}
	}
	if breaking == 0 {
		return nil
	}
	if more := breaking - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: since %s, served from %s on: %s: bring back what was there, or leave RefuseBreakingChanges out for the one start that is to break it",
		errBreaking, before.Hash[:12], before.Served.UTC().Format("2006-01-02 15:04:05Z"), strings.Join(named, "; "))
}

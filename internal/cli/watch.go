package cli

import (
	"context"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/pool"
)

// lookEvery is between two looks of dev at the SQL files and at the database. A file counts as changed when two looks
// find the same, since editors write in steps.
const lookEvery = 200 * time.Millisecond

// watcher keeps what dev serves up to date with the SQL files and with the database.
type watcher struct {
	files func() ([]file, error)
	base  *database
	app   *fraiseql.App
	print func(string, ...any)

	pool    *pool.Pool // of one connection, which is the watcher's own
	applied []file     // what the database was made from
	seen    string     // hash of the files at the last look
	tried   string     // hash of the files that were applied, or could not be
	state   string     // of the database's catalog, as it is served
	failed  string     // what was said last about files that cannot be read
}

// watch looks until ctx ends.
func (w *watcher) watch(ctx context.Context) error {
	w.seen = hashOf(w.applied)
	w.tried = w.seen
	return w.base.on(ctx, databaseName, func(p *pool.Pool) error {
		w.pool = p
		var err error
		if w.state, err = w.look(ctx); err != nil {
			return err
		}
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			w.takeFiles(ctx)
			w.takeDatabase(ctx)
		}
	})
}

// takeFiles applies the files when they have changed.
func (w *watcher) takeFiles(ctx context.Context) {
	files, err := w.files()
	if err != nil {
		if text := err.Error(); text != w.failed {
			w.failed = text
			w.print("%s: what was read before stays\n", text)
		}
		return
	}
	w.failed = ""
	now := hashOf(files)
	if before := w.seen; now == w.tried || now != before {
		w.seen = now
		return
	}
	w.tried = now
	whole, err := w.base.apply(ctx, w.pool, w.applied, files)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.print("the changed SQL files are not in the database, which stays as it was:\n  %s\n", err)
	case whole:
		w.applied = files
		w.print("the database was made anew from the SQL files: nothing else was in it\n")
	default:
		w.applied = files
		w.print("the changed SQL files were run on the database, and its data is kept\n")
	}
}

// takeDatabase reloads the app when the database's catalog has changed, by the files or by anybody else.
func (w *watcher) takeDatabase(ctx context.Context) {
	now, err := w.look(ctx)
	if err != nil || now == w.state {
		return // a server that has ended is told by serveDev
	}
	w.state = now
	if err := w.app.Reload(ctx); err != nil && ctx.Err() == nil {
		w.print("the database has changed, and cannot be served as it is now:\n  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
}

func (w *watcher) look(ctx context.Context) (state string, err error) {
	err = w.pool.With(ctx, func(ctx context.Context, c pool.Conn) error {
		state, err = catalog.Fingerprint(ctx, c)
		return err
	})
	return state, err
}

//go:build unix

package cli_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// onCreate is a log that calls a function when a folder of data is made.
type onCreate struct {
	slog.Handler
	do func()
}

func (h onCreate) Enabled(context.Context, slog.Level) bool { return true }

func (h onCreate) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "creating") {
		h.do()
	}
	return nil
}

// TestAHalfMadeDatabaseIsMadeAnew: what a run left that did not come to its end goes, also when the run after it is told to stop
// just then.
func TestAHalfMadeDatabaseIsMadeAnew(t *testing.T) {
	t.Parallel()
	pgtest.New(t) // where there is no PostgreSQL, nothing is made
	programs, err := devpg.Find(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	data, err := devpg.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	made := func(ctx context.Context, sql string, created func()) error {
		return cli.Made(ctx, devpg.Options{
			Programs: programs, Dir: filepath.Join(data, "dev"), Logger: slog.New(onCreate{slog.DiscardHandler, created}),
		}, sql)
	}
	created := 0
	count := func() { created++ }
	if err := made(t.Context(), "create role fraiseql_half_made; selec", count); err == nil || !strings.Contains(err.Error(), "one.sql:1: syntax error") {
		t.Fatalf("got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := made(ctx, "create role fraiseql_half_made", stop); !errors.Is(err, context.Canceled) {
		t.Fatalf("told to stop: %v", err)
	}
	for range 2 {
		if err := made(t.Context(), "create role fraiseql_half_made", count); err != nil {
			t.Fatal(err)
		}
	}
	if created != 2 {
		t.Errorf("made %d times", created)
	}
}

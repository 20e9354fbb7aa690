// Package registry keeps every schema that was served, in a table of the database that it is made from.
package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migration makes the registry, and does nothing where it is there already. It needs the right to create a schema in the
// database; an administrator may run it instead, and then grant USAGE on the schema and SELECT and INSERT on the table.
const Migration = `CREATE SCHEMA IF NOT EXISTS fraiseql;
CREATE TABLE IF NOT EXISTS fraiseql.schema_history (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	api text NOT NULL,
	hash text NOT NULL,
	sdl text NOT NULL,
	version text NOT NULL,
	fraiseql text NOT NULL,
	served_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fraiseql.schema_history IS 'Every GraphQL schema that was served from this database.';`

// Entry is a schema, from when it was first served until the next one was.
type Entry struct {
	API      string    `json:"api"`      // its title, which tells the APIs of one database apart
	Hash     string    `json:"hash"`     // SHA-256 of the SDL, in hex
	Version  string    `json:"version"`  // of the API
	FraiseQL string    `json:"fraiseql"` // version of the program
	Served   time.Time `json:"servedAt"` // since when
	SDL      string    `json:"-"`
}

// Hash is how an SDL is known.
func Hash(sdl string) string {
	sum := sha256.Sum256([]byte(sdl))
	return hex.EncodeToString(sum[:])
}

// Querier runs a query; a connection of the pool and a transaction both do.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// table tells whether the registry is there.
func table(ctx context.Context, c Querier) (bool, error) {
	rows, err := c.Query(ctx, "SELECT to_regclass('fraiseql.schema_history') IS NOT NULL")
	if err != nil {
		return false, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
}

// Open makes the registry unless it is there, and lets one transaction at a time go on. It does nothing that needs a right
// when there is nothing to make.
func Open(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('fraiseql.schema_history', 0))"); err != nil {
		return err
	}
	there, err := table(ctx, tx)
	if err != nil || there {
		return err
	}
	_, err = tx.Exec(ctx, Migration)
	return err
}

// Last is the schema that an API served last; nil when there was none.
func Last(ctx context.Context, c Querier, api string) (*Entry, error) {
	all, err := History(ctx, c, api, 1)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// Add enters a schema that is served from now on.
func Add(ctx context.Context, tx pgx.Tx, e Entry) error {
	_, err := tx.Exec(ctx, "INSERT INTO fraiseql.schema_history (api, hash, sdl, version, fraiseql) VALUES ($1, $2, $3, $4, $5)",
		e.API, e.Hash, e.SDL, e.Version, e.FraiseQL)
	return err
}

// History gives what an API served, the newest first, at most as many as limit says; 0: all.
func History(ctx context.Context, c Querier, api string, limit int) ([]Entry, error) {
	there, err := table(ctx, c)
	if err != nil || !there {
		return nil, err
	}
	rows, err := c.Query(ctx, `SELECT api, hash, version, fraiseql, served_at, sdl FROM fraiseql.schema_history WHERE api = $1
		ORDER BY id DESC LIMIT nullif($2::int, 0)`, api, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Entry, err error) {
		return e, row.Scan(&e.API, &e.Hash, &e.Version, &e.FraiseQL, &e.Served, &e.SDL)
	})
}

// Explain says what to do about an error: mostly a right is missing.
func Explain(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "42501": // insufficient_privilege
		return fmt.Errorf("%w: let the role create schemas in the database (GRANT CREATE ON DATABASE), or make the schema fraiseql and the table schema_history as an administrator and grant the role USAGE on the schema, and SELECT and INSERT on the table", err)
	case "25006": // read_only_sql_transaction
		return fmt.Errorf("%w: the server is a standby or the role is read-only, and what it serves is entered where it can be written", err)
	}
	return err
}
